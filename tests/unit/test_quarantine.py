"""The quarantine inbox: what knocks is listed with what it may be, taken in once and in order, and the ledger balances throughout."""

from contextlib import closing

import pytest

from sensing.access import Role
from sensing.framelog.sqlite import SqliteLog
from sensing.model import Frame
from sensing.settings import Settings
from sensing.store.reader import StoreReader, Wanted
from sensing.times import MINUTE, SECOND
from sensing.work import Work
from tests.forward import BASE, Bench, source, sums
from tests.house import House, reading

FRAMES = 1_000
NATIVES = 40


@pytest.fixture
def house(tmp_path):
    found = House(tmp_path)
    found.device("dtu-1")
    found.at = found.now // SECOND * SECOND - 30 * MINUTE
    yield found
    found.close()


async def ask(house, method, path, status=200, **more):
    return await house.ask(method, path, status, more.pop("role", Role.ENGINEER), **more)


async def inbox(house, **parameters):
    return (await ask(house, "GET", "/api/quarantine", params=parameters))["items"]


async def accept(house, status=200, **body):
    return await ask(house, "POST", "/api/quarantine/accept", status, json={"adapter": "toy", "type": "gauge", **body})


def knock(house, native, *values, principal="dtu-1", step=5 * MINUTE, late=0, **more):
    """A frame a value, each received `late` after its time."""
    for number, value in enumerate(values):
        at = house.at + number * step
        house.send(principal, reading(native, value, at, **more), received=at + late)


def results(house, device):
    with closing(StoreReader(house.data / "store.db")) as store:
        return [row["result"] for row in store.observations(Wanted(devices=[device]), 2_000)]


def ledger(house, *names, **by):
    with closing(StoreReader(house.data / "store.db")) as store:
        found = store.ledger(**by)
    assert found["balanced"], found
    return (
        {row["device"]: tuple(row[name] for name in names) for row in found["rows"]}
        if by
        else tuple(found[name] for name in names)
    )


async def test_the_list_says_what_each_may_be(house):
    """Type by property and limits, centimetres taken for metres, a clock eight hours off, the cadence, values; the frame of the newest."""
    knock(house, "new-1", 310.0, 320.0, 330.0, late=-8 * 60 * MINUTE)
    (row,) = await inbox(house, guess="1")
    guess = row["guess"]
    assert (row["native"], row["principal"], row["frames"]) == ("new-1", "dtu-1", 3)
    assert guess["types"][0]["type"] == "gauge"
    assert guess["unit"] == {"water_level": "cm"}
    assert (guess["zone"], guess["clock_s"], guess["cadence_s"]) == ("+8 h", 28_800.0, 300.0)
    assert [value["value"] for value in guess["values"]] == [310.0, 320.0, 330.0]
    (row,) = await inbox(house, match="new-*", lines="2")
    assert [line["value"] for line in row["lines"]] == [320.0, 330.0]
    assert row["frame"]["text"].startswith('[{"n": "new-1"')
    assert await inbox(house, match="old-*") == []


async def test_all_that_a_pattern_means(house):
    """Shown first, then registered in one transaction under who sent them, and read in order; what does not fit waits on."""
    for number in range(3):
        knock(house, f"0012-{number}", 1.0, 2.0)
    knock(house, "77", 5.0)
    shown = await accept(house, native="0012*", id_pattern="river-{native}", dry_run=True)
    assert [(row["native"], row["id"], row["frames"], row["known"]) for row in shown["items"]] == [
        (f"0012-{n}", f"river-0012-{n}", 2, False) for n in range(3)]  # fmt: skip
    assert len(await inbox(house)) == 4  # a preview does nothing
    done = await accept(house, native="0012*", id_pattern="river-{native}")
    assert (done["result"], done["registered"]) == ({"accepted": {"decoded": 6}}, 3)
    assert results(house, "river-0012-2") == [1.0, 2.0]
    assert [row["native"] for row in await inbox(house)] == ["77"]
    again = await accept(house, native="0012*", id_pattern="river-{native}")
    assert (again["result"], again["registered"]) == ({"accepted": {}}, 0)
    assert ledger(house, "decoded", "quarantined", "stored", "duplicate") == (6, 1, 6, 0)


async def test_one_bad_id_and_nothing_is_taken_in(house):
    """A pattern whose ids cannot all be registered registers none, and says which and why; ids that would be one device are a conflict."""
    knock(house, "a1", 1.0)
    knock(house, "a2", 1.0)
    house.device("a2", native="other")
    await accept(house, 409, native="a*")
    await accept(house, 409, native="a*", id_pattern="one")
    assert "crs" in (await accept(house, 422, native="a*", id_pattern="x-{native}", lat=1.0, lon=2.0, crs="gcj02"))["error"]
    assert len(await inbox(house)) == 2
    await accept(house, 422, native="a*", id_pattern="X {native}")


async def test_counts_move_to_the_device_in_the_hour_of_reception(house):
    """A dated transfer: what was quarantined under the gateway is decoded under the device, and all sums are as before."""
    knock(house, "new-1", 1.0, 2.0)
    assert ledger(house, "received", "quarantined", by="device") == {"dtu-1": (2, 2)}
    await accept(house, native="new-1", id="gauge-1")
    assert ledger(house, "received", "decoded", "stored", by="device") == {"gauge-1": (2, 2, 2), "dtu-1": (0, 0, 0)}


async def test_registering_reads_what_had_knocked(house):
    """Registered under the principal that sent it, a device has its earlier frames at once; under another one it is told who sent them."""
    knock(house, "new-1", 1.0, 2.0)
    form = {"id": "gauge-1", "type": "gauge", "native": "new-1", "principal": "dtu-1"}
    answer = await ask(house, "POST", "/api/devices", 201, json=form)
    assert (answer["quarantine"]["frames"], answer["quarantine"]["command"]["result"]) == (2, {"accepted": {"decoded": 2}})
    assert results(house, "gauge-1") == [1.0, 2.0]
    knock(house, "new-2", 3.0)
    told = (await ask(house, "POST", "/api/devices", 201, json={"id": "new-2", "type": "gauge"}))["quarantine"]
    assert (told["frames"], told["others"]["frames"], told["others"]["principals"]) == (0, 1, ["dtu-1"])
    assert [row["native"] for row in await inbox(house)] == ["new-2"]
    assert "quarantine" not in await ask(house, "POST", "/api/devices", 201, json={"id": "gauge-3", "type": "gauge"})


async def test_an_import_reads_what_had_knocked(house):
    """Devices of a file whose frames wait are read by one command, whose id the answer names."""
    knock(house, "new-1", 1.0)
    knock(house, "new-2", 2.0)
    knock(house, "new-3", 3.0)
    sheet = "id,type,native,principal\ng1,gauge,new-1,dtu-1\ng2,gauge,new-2,dtu-1\n"
    async with house.client() as client:
        answer = await client.post("/api/devices/import", content=sheet.encode())
    assert '"quarantine":{"frames":2,"command":"x-' in answer.text, answer.text
    assert (results(house, "g1"), results(house, "g2")) == ([1.0], [2.0])
    assert [row["native"] for row in await inbox(house)] == ["new-3"]


async def test_what_was_dropped_can_wait_again(house):
    """Dropped by a pattern, listed as dropped, opened again, accepted; it counts as quarantined all the while."""
    knock(house, "new-1", 1.0)
    knock(house, "new-2", 2.0)
    order = {"op": "release", "args": {"native": "new-*", "why": "passers-by"}}
    assert (await ask(house, "POST", "/api/commands", json=order))["result"] == {"released": 2}
    assert await inbox(house) == []
    assert ledger(house, "quarantined") == (2,)
    assert [row["native"] for row in await inbox(house, state="dropped", match="new-1")] == ["new-1"]
    back = {"op": "retake", "args": {"native": "new-1"}}
    assert (await ask(house, "POST", "/api/commands", json=back))["result"] == {"retaken": 1}
    await accept(house, native="new-1", id="gauge-1")
    assert results(house, "gauge-1") == [1.0]
    assert ledger(house, "quarantined", "decoded") == (1, 1)


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    yield made
    made.close()


def test_the_inbox_has_an_end(bench):
    """Beyond the limit of its principal a frame is a dead letter, `unknown_device`; accepting the id reads both, in order."""
    bench.settings = Settings(work={"quarantine_limit": 3})
    bench.work = bench.worker()
    bench.say(*[{"d": "new", "t": BASE + n, "v": float(n)} for n in range(5)])
    bench.say({"d": "more", "t": BASE, "v": 9.0}, principal="q")
    reader = bench.run()
    assert sums(reader, "quarantined", "dead_lettered") == (4, 2)
    assert [(letter["place"], letter["reason"], letter["detail"]) for letter in reader.dead()] == [
        (4, "unknown_device", "new"), (5, "unknown_device", "new")]  # fmt: skip
    assert [(row["native"], row["frames"]) for row in reader.quarantine(beyond=True)] == [("more", 1), ("new", 3), ("new", 2)]
    bench.directory.add("new")
    bench.command("accept", "c1", adapter="fake", native="new")
    reader = bench.run()
    assert reader.command("c1") == {"accepted": {"decoded": 5}}
    assert [row["result"] for row in reader.observations(Wanted(), 10)] == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert (sums(reader, "quarantined", "dead_lettered", "decoded"), reader.dead()) == ((1, 0, 5), [])
    bench.say(*[{"d": "next", "t": BASE + n, "v": 1.0} for n in range(3)])
    assert sums(bench.run(), "quarantined") == (4,)  # there is room again


def test_what_the_log_has_forgotten_waits_no_longer(bench):
    """Past retention nobody can accept a frame: it leaves the inbox, its count stays where it is."""
    bench.say(*[{"d": "new", "t": BASE + n, "v": 1.0} for n in range(3)])
    bench.run()
    bench.log.prune(BASE + 2_500_000, 10)
    bench.work.tidy()
    reader = bench.run()
    assert [(row["native"], row["frames"], row["first"]) for row in reader.quarantine()] == [("new", 1, 3)]
    assert sums(reader, "quarantined") == (3,)


def test_what_somebody_else_owns_is_left_where_it_is(bench):
    """`accept` of all that is registered takes no frame whose sender does not carry the device."""
    bench.say({"d": "x1", "t": BASE, "v": 1.0}, {"d": "new", "t": BASE, "v": 2.0})
    bench.directory.things.pop("x1")
    bench.run()
    bench.directory.add("x1", "other")
    bench.directory.add("new")
    bench.command("accept", "c1", adapter="", native="")
    reader = bench.run()
    assert reader.command("c1") == {"accepted": {"decoded": 1}}
    assert [row["native"] for row in reader.quarantine()] == ["x1"]


def fill(bench, frames, natives):
    """Frames of many unknown ids, in turns."""
    said = (b'{"d": "n%d", "t": %d, "v": %d}' % (n % natives, BASE + n * 1_000_000, n) for n in range(frames))
    bench.log.append([Frame(source(), BASE + n * 1_000_000, payload) for n, payload in enumerate(said)])


def test_a_thousand_frames_are_taken_in_over_a_kill(bench, monkeypatch):
    """Work dies after the first part of an accept: begun again it does the rest. All stored, in order, once; again: nothing new."""
    fill(bench, FRAMES, NATIVES)
    assert sums(bench.run(), "quarantined") == (FRAMES,)
    for number in range(NATIVES):
        bench.directory.add(f"n{number}")
    bench.command("accept", "c1", adapter="fake", native="n*")
    commit, parts = Work.commit, []

    def dies(work, batch):
        parts.append(batch)
        if len(parts) == 2:
            raise KeyboardInterrupt
        commit(work, batch)

    monkeypatch.setattr("sensing.work.Work.commit", dies)
    with pytest.raises(KeyboardInterrupt):
        bench.run()
    monkeypatch.undo()
    bench.work.store.close()
    bench.log.close()
    with closing(StoreReader(bench.data / "store.db")) as reader:
        half = sums_of(reader)
        assert half["decoded"] + half["quarantined"] == FRAMES
        assert 0 < half["decoded"] < FRAMES
        assert reader.underway("c1") == {"done": 500, "total": FRAMES, "counts": {"decoded": 500}}
    bench.log = SqliteLog(bench.data / "log.db")
    bench.work = bench.worker()
    reader = bench.run()
    assert reader.command("c1") == {"accepted": {"decoded": FRAMES}}
    assert reader.underway("c1") is None
    rows = reader.observations(Wanted(), FRAMES + 1)
    assert [row["result"] for row in sorted(rows, key=lambda row: row["cursor"])] == [float(n) for n in range(FRAMES)]
    bench.command("accept", "c2", adapter="fake", native="n*")
    reader = bench.run()
    assert reader.command("c2") == {"accepted": {}}
    assert sums(reader, "quarantined", "decoded", "stored", "duplicate", "revised") == (0, FRAMES, FRAMES, 0, 0)


def sums_of(reader):
    found = reader.ledger()
    assert found["balanced"], found
    return found
