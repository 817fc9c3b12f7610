"""Configuration history: what is dated is changed for the past, and what was observed with it is observed anew, as revisions."""

from contextlib import closing

import pytest

from sensing.access import Role
from sensing.framelog.sqlite import SqliteLog
from sensing.store.reader import StoreReader, Wanted
from sensing.times import DAY, HOUR, MINUTE, SECOND, rfc3339
from sensing.work import Work
from tests.house import House, reading
from tests.lake import sealed

RELATIVE = {"level": "relative"}
GAUGE = "gauge-1"


@pytest.fixture
def house(tmp_path):
    found = House(tmp_path)
    found.device(GAUGE, zero=3.5, settings=RELATIVE)
    found.at = found.now // DAY * DAY - 3 * DAY
    yield found
    found.close()


async def ask(house, method, path, status=200, **more):
    return await house.ask(method, path, status, more.pop("role", Role.ENGINEER), **more)


async def edit(house, status=200, device=GAUGE, **body):
    return await ask(house, "PATCH", f"/api/devices/{device}", status, json=body)


async def preview(house, device=GAUGE, **body):
    return await ask(house, "POST", f"/api/devices/{device}/preview", json=body)


async def explained(house, at, prop="water_level"):
    answer = await ask(house, "GET", "/api/explain", params={"device": GAUGE, "property": prop, "time": rfc3339(at)})
    return {step["step"]: step for step in answer["steps"]}


def level(house, *values, start=0, received=None):
    """A frame a value, an hour apart."""
    for number, value in enumerate(values, start):
        at = house.at + number * HOUR
        house.send(GAUGE, reading(GAUGE, value, at, s=at), received=received or at + SECOND)


def rows(house, device=GAUGE, **wanted):
    with closing(StoreReader(house.data / "store.db")) as store:
        return store.observations(Wanted(devices=[device], **wanted), 1_000)


def served(house, **wanted):
    return [row["result"] for row in rows(house, **wanted)]


def ledger(house, *names):
    with closing(StoreReader(house.data / "store.db")) as store:
        found = store.ledger()
    assert found["balanced"], found
    return tuple(found[name] for name in names)


def archive(house):
    """Seal all rows into the lake, as the lake role would."""
    house.work.store.forget()
    sealed(house.work.store, house.data / "store.db")


def long_ago(house):
    """All commits so far were made three days ago."""
    db = house.work.store.connection
    last = db.execute("SELECT commit_no FROM progress").get
    db.execute("DELETE FROM commits")
    db.executemany("INSERT INTO commits VALUES(?,?)", [(number, house.at) for number in range(1, last + 1)])
    house.work.store.forget()


def forget_frames(house):
    """The log's retention is over."""
    while house.log.prune(1 << 62, 1_000):
        pass


@pytest.mark.parametrize("where", ["hot", "lake"])
@pytest.mark.parametrize("frames", ["kept", "gone"])
async def test_a_zero_is_corrected_for_the_past(house, where, frames):
    """+0.35 m since a day: those values are served corrected, old and new are kept, yesterday's answer is what it was; hot or sealed, by
    the frame or, when that is gone, by the row."""
    level(house, 1.0, 1.25, 1.5)
    if where == "lake":
        archive(house)
    if frames == "gone":
        forget_frames(house)
    before = rows(house)
    long_ago(house)
    asked = {"zero": "+0.35", "valid_from": rfc3339(house.at + HOUR)}
    tried = await preview(house, **asked)
    assert [(row["old"], row["new"]) for row in tried["items"]] == [(4.75, 5.1), (5.0, 5.35)]
    how = "from_frame" if frames == "kept" else "from_row"
    assert {**tried["counts"], how: 2} == tried["counts"]
    assert (tried["first"], tried["last"]) == (rfc3339(house.at + HOUR), rfc3339(house.at + 2 * HOUR))
    assert served(house) == [4.5, 4.75, 5.0]  # trying writes nothing
    done = (await edit(house, **asked))["reobserve"]["result"]["reobserved"]
    assert (done["changed"], done["same"], done["kept"], done[how]) == (2, 0, 0, 2)
    assert served(house) == [4.5, 5.1, 5.35]
    assert sorted(served(house, served=False)) == [4.5, 4.75, 5.0, 5.1, 5.35]
    assert rows(house, as_of=house.at + MINUTE) == before
    assert ledger(house, "stored", "revised", "duplicate") == (3, 2, 0)
    again = (await edit(house, **{**asked, "zero": 3.85}))["reobserve"]["result"]["reobserved"]
    assert (again["changed"], again["same"], again["frames"]) == (0, 0, 0)


async def test_the_last_change_is_taken_back_and_that_again(house):
    """--undo restores the old values as a change of its own; the contents are those that were there, so no row is added."""
    level(house, 1.0, 1.5)
    await edit(house, zero="+0.35", valid_from=rfc3339(house.at))
    assert served(house) == [4.85, 5.35]
    await edit(house, undo=True)
    assert served(house) == [4.5, 5.0]
    await edit(house, undo=True)
    assert served(house) == [4.85, 5.35]
    assert len(rows(house, served=False)) == 4
    listed = (await ask(house, "GET", f"/api/devices/{GAUGE}/history"))["items"]
    assert [(row["generation"], row["zero"], row["in_force"]) for row in listed] == [
        (0, 3.5, True), (1, 3.85, False), (2, 3.5, False), (3, 3.85, True)]  # fmt: skip
    assert [row["by"] for row in listed] == ["tester", "engineer", "engineer", "engineer"]
    assert [row["reobserved"] and row["reobserved"]["changed"] for row in listed] == [None, 2, 2, 2]


async def test_nothing_was_dated_so_nothing_is_taken_back(house):
    """Undo of a device that has only the configuration it was registered with is a conflict."""
    await edit(house, 409, undo=True)
    await edit(house, 422, undo=True, zero=1.0)
    await edit(house, 422, zero="+x", valid_from=rfc3339(house.at))
    await edit(house, 422, zero=1.0, valid_from=rfc3339(house.at), valid_to=rfc3339(house.at))


async def test_a_span_that_ends(house):
    """From one instant to another, over a configuration that begins between: each stretch is changed, then all is as it was."""
    level(house, *[1.0] * 6)
    await edit(house, zero=4.0, valid_from=rfc3339(house.at + 3 * HOUR))
    assert served(house) == [4.5, 4.5, 4.5, 5.0, 5.0, 5.0]
    await edit(house, zero="+0.1", valid_from=rfc3339(house.at + HOUR), valid_to=rfc3339(house.at + 5 * HOUR))
    assert served(house) == [4.5, 4.6, 4.6, 5.1, 5.1, 5.0]
    level(house, 1.0, start=6)  # later frames hold to it
    assert served(house)[-1] == 5.0
    await edit(house, undo=True)
    assert served(house) == [4.5, 4.5, 4.5, 5.0, 5.0, 5.0, 5.0]


async def test_explain_names_the_configuration(house):
    """Which was in force, since when, by whom; both revisions with their configuration; and how a row without its frame was shifted."""
    level(house, 1.0)
    await edit(house, zero=3.85, valid_from=rfc3339(house.at))
    told = await explained(house, house.at)
    force = told["configuration"]
    assert (force["generation"], force["zero"], force["by"], force["valid_from"]) == (1, 3.85, "engineer", rfc3339(house.at))
    assert [(each["result"], each["configuration"], each["served"]) for each in told["revisions"]["revisions"]] == [
        (4.5, 0, False), (4.85, 1, True)]  # fmt: skip
    forget_frames(house)
    await edit(house, offset=0.02, valid_from=rfc3339(house.at))
    shift = (await explained(house, house.at))["shifted"]
    assert (shift["from"], shift["taken_off"], shift["put_on"], shift["to"]) == (4.85, 3.85, 3.87, 4.87)


@pytest.mark.parametrize("frames", ["kept", "gone"])
async def test_a_distance_gives_its_level_anew(house, frames):
    """Mount height corrected, then taken away: the level follows, then is missing; the distance stays what was measured."""
    house.device("radar-1", mount_height=5.0)
    at = house.at
    house.send("radar-1", reading("radar-1", 2.0, at, p="distance_to_surface"))
    if frames == "gone":
        forget_frames(house)

    def levels():
        return [(row["property"], row["result"], row["quality"]) for row in rows(house, "radar-1")]

    assert levels() == [("distance_to_surface", 2.0, 1), ("water_level", 3.0, 1)]
    await edit(house, device="radar-1", mount_height=5.5, valid_from=rfc3339(at))
    assert sorted(levels()) == [("distance_to_surface", 2.0, 1), ("water_level", 3.5, 1)]
    await edit(house, device="radar-1", mount_height=None, valid_from=rfc3339(at))
    assert sorted(levels()) == [("distance_to_surface", 2.0, 1), ("water_level", None, 9)]
    await edit(house, device="radar-1", mount_height=6.0, valid_from=rfc3339(at))
    assert sorted(levels()) == [("distance_to_surface", 2.0, 1), ("water_level", 4.0, 1)]
    assert ledger(house, "dead_lettered", "quarantined") == (0, 0)


async def test_a_height_that_comes_later_makes_levels(house):
    """A distance sensor without a height gave no level; given one for the past, it does."""
    house.device("radar-1")
    house.send("radar-1", reading("radar-1", 2.0, house.at, p="distance_to_surface"))
    done = await edit(house, device="radar-1", mount_height=5.0, valid_from=rfc3339(house.at))
    assert [row["result"] for row in rows(house, "radar-1") if row["property"] == "water_level"] == [3.0]
    assert done["reobserve"]["result"]["reobserved"]["changed"] == 1


async def test_a_unit_is_corrected_as_long_as_there_are_frames(house):
    """Centimetres taken for metres: what has its frame is mended; what has none is kept as it is, and counted so."""
    level(house, 150.0, 160.0)
    while house.log.prune(house.at + MINUTE, 1):
        pass
    done = (await edit(house, unit={"water_level": "cm"}, valid_from=rfc3339(house.at)))["reobserve"]["result"]["reobserved"]
    assert (done["changed"], done["kept"]) == (1, 1)
    assert served(house) == [153.5, 5.1]


async def test_a_message_in_two_frames_is_read_whole(house):
    """The row names the last frame; the one before it is found."""
    at = house.at
    whole = b'[{"n": "gauge-1", "v": 1.0, "t": %d}]' % at
    house.send(GAUGE, b"+" + whole[:10], received=at)
    house.send(GAUGE, whole[10:], received=at + SECOND)
    assert served(house) == [4.5]
    await edit(house, zero=4.0, valid_from=rfc3339(at))
    assert served(house) == [5.0]


async def test_revisions_keep_their_order(house):
    """Of two contents of one time the later sent is served before and after, whatever place its frame has."""
    at = house.at
    for value, sent in ((1.0, 30), (2.0, 20)):
        house.send(GAUGE, reading(GAUGE, value, at, s=sent))
    assert served(house) == [4.5]
    await edit(house, zero=4.5, valid_from=rfc3339(at))
    assert served(house) == [5.5]
    assert sorted(served(house, served=False)) == [4.5, 5.5, 6.5]


async def test_events_follow(house):
    """The preview names the event that would be; the change raises it."""
    settings = {**RELATIVE, "thresholds": {"water_level": {"warning": 5.0}}}
    house.device("gauge-2", zero=3.5, settings=settings)
    for number, value in enumerate((1.0, 1.3, 1.0)):
        house.send("gauge-2", reading("gauge-2", value, house.at + number * HOUR))
    body = {"zero": "+0.35", "valid_from": rfc3339(house.at)}
    (event,) = (await preview(house, "gauge-2", **body))["events"]
    assert (event["change"], event["kind"], event["severity"], event["peak"]) == ("new", "water_level_high", "warning", 5.15)
    await edit(house, device="gauge-2", **body)
    (raised,) = (await ask(house, "GET", "/api/events"))["items"]
    assert (raised["id"], raised["start"]) == (event["id"], rfc3339(house.at + HOUR))


async def test_killed_in_the_middle_it_goes_on_where_it_was(house, monkeypatch):
    """Work dies after the first day's commit; begun again the command does the rest, and its counts are those of the whole."""
    for day in range(3):
        for number in range(4):
            at = house.at - day * DAY + number * HOUR
            house.send(GAUGE, reading(GAUGE, 1.0 + day, at, s=at), received=at + SECOND)
    commit, begun = Work.commit, []

    def dies(work, batch):
        if batch.underway:
            begun.append(batch)
            if len(begun) == 2:
                raise KeyboardInterrupt
        commit(work, batch)

    monkeypatch.setattr("sensing.work.Work.commit", dies)
    with pytest.raises(KeyboardInterrupt):
        await edit(house, zero=4.0, valid_from=rfc3339(house.at - 5 * DAY))
    monkeypatch.undo()
    house.log = SqliteLog(house.data / "log.db")
    with closing(StoreReader(house.data / "store.db")) as store:
        assert ledger(house, "revised") == (4,)
        assert store.place() < house.log.head()
    house.work = house.make_work()
    house.step()
    assert sorted(set(served(house))) == [5.0, 6.0, 7.0]
    assert ledger(house, "stored", "revised", "duplicate") == (12, 12, 0)
    with closing(StoreReader(house.data / "store.db")) as store:
        (done,) = store.commands("reobserve", GAUGE)
    assert done["reobserved"]["changed"] == 12


async def test_now_is_no_past(house):
    """A change without a date bears on nothing that is stored, and gives no command."""
    level(house, 1.0)
    answer = await edit(house, zero=4.0)
    assert "reobserve" not in answer
    assert (await edit(house, datum="1985", valid_from=rfc3339(house.at))).get("reobserve") is None  # a word beside the values
    assert served(house) == [4.5]
