"""Events from frames: what late, revised and failed values do to them, what people said, restarts, rules that change."""

from types import SimpleNamespace

import pytest

from sensing import thresholds
from sensing.events import Watched
from sensing.registry import DeviceChanges
from sensing.store import Batch, Row, SeriesKey
from sensing.store.event_reader import WantedEvents, listed
from sensing.store.recast import ASK
from sensing.store.sqlite import SqliteStore
from sensing.times import DAY, MINUTE
from tests.house import TESTER, House, reading

RIVER = {"watch": 2.8, "warning": 3.2, "danger": 4.0, "hysteresis": 0.1}


@pytest.fixture
def house(tmp_path):
    found = House(tmp_path)
    found.device("g1", settings={"thresholds": {"water_level": RIVER}})
    found.device("bare")
    yield found
    found.close()


def say(house, *values, device="g1", first=0, run="", **more):
    """Values of a device, a minute apart, one frame each. None is a missing value."""
    for minute, value in enumerate(values, first):
        house.send(device, reading(device, value, house.now + minute * MINUTE, **more), run=run, work=False)
    house.step()


def found(house, **wanted):
    return listed(house.work.store.connection, WantedEvents(**({"runs": None, "states": ()} | wanted)), 100)


def briefly(house, **wanted):
    """(state, start, end, severities, peak), minutes since the first value."""

    def minute(time):
        return None if time is None else (time - house.now) // MINUTE

    return [(e.state, minute(e.start), minute(e.end), [s.severity for s in e.steps], e.peak) for e in found(house, **wanted)]


def test_an_event_is_stored_with_all_that_is_known_of_it(house):
    """Where it is from, what it is of, when it was seen, and by which frame."""
    say(house, 1.0, 3.0, 3.3, 2.0)
    (event,) = found(house)
    assert briefly(house) == [("closed", 1, 3, [0, 1], 3.3)]
    assert (event.kind, event.device, event.domain, event.unit, event.origin) == (
        "water_level_high",
        "g1",
        "environment",
        "m",
        "live",
    )
    frame = house.log.get(event.place)
    assert (event.first_seen, event.heard) == (frame.received, frame.received)
    assert str(house.now + MINUTE) in frame.payload.decode()


def test_what_nobody_watches_raises_nothing(house):
    """A device without thresholds has no samples either: it costs nothing."""
    say(house, 9.0, device="bare")
    assert found(house) == []
    assert house.work.store.connection.execute("SELECT count(*) FROM samples").get == 0


@pytest.mark.parametrize("bad", [None, 99.0, -99.0])
def test_missing_and_failed_values_are_passed_over(house, bad):
    """They neither begin an event nor end one (99 is beyond the type's limits)."""
    say(house, bad, 3.0, bad, 3.1, bad)
    assert briefly(house) == [("open", 1, None, [0], 3.1)]


def test_late_values_that_move_the_start_replace_the_event(house):
    """The old one is withdrawn and names the new one, which keeps when people first knew."""
    say(house, 1.0, 1.1, 3.0, 3.5)
    (old,) = found(house)
    say(house, 2.9, first=1, s=house.now)
    new, gone = found(house, states=("open",)) + found(house, states=("withdrawn",))
    assert (new.start, gone.id, gone.superseded_by) == (house.now + MINUTE, old.id, new.id)
    assert (new.first_seen, new.place) == (old.first_seen, old.place)
    say(house, 1.1, first=1, s=house.now + 1)
    (back,) = found(house, states=("open",))
    assert (back.id, back.superseded_by) == (old.id, "")
    assert found(house, states=("withdrawn",))[0].superseded_by == old.id


def test_late_values_end_open_and_withdraw(house):
    """One that falls into an event ends it there; one where nothing was opens one; a revision takes the only cause away."""
    say(house, 1.0, 1.0, 3.0, 3.1, 1.0)
    house.send("g1", reading("g1", 1.5, house.now + 2 * MINUTE + 1))
    assert [(e.start - house.now, e.end - house.now) for e in found(house)] == [
        (3 * MINUTE, 4 * MINUTE), (2 * MINUTE, 2 * MINUTE + 1)]  # fmt: skip
    house.send("g1", reading("g1", 5.0, house.now + 1))
    assert len(found(house)) == 3
    house.send("g1", reading("g1", 1.0, house.now + 1, s=house.now))
    assert [e.state for e in found(house)] == ["closed", "closed", "withdrawn"]
    assert found(house)[-1].superseded_by == ""


def test_a_peak_of_the_same_minute_is_warned_of(house):
    """Of two values of one time the one that is served counts, in one frame as in two (SL 651 33H beside 32H)."""
    say(house, 1.0)
    at = house.now + MINUTE
    house.send("g1", reading("g1", 2.0, at), reading("g1", 4.2, at, s=house.now))
    assert briefly(house) == [("open", 1, None, [2], 4.2)]
    house.send("g1", reading("g1", 2.0, at))
    assert [event.state for event in found(house)] == ["open"]


def test_acknowledgement_goes_with_the_event(house):
    """What somebody said of an event is kept when it is amended, and moves to the one that replaces it."""
    say(house, 1.0, 1.0, 3.0)
    (old,) = found(house)
    house.desk.publish({"id": "c1", "op": "ack_event", "by": "wang", "at": 5, "args": {"event": old.id, "note": "pump"}})
    house.work = house.make_work()
    say(house, 3.1, first=3)
    assert found(house)[0].marks["acknowledged"] == {"by": "wang", "at": 5, "note": "pump", "severity": 0}
    say(house, 2.9, first=1, s=house.now)
    (new,) = found(house, states=("open",))
    assert new.id != old.id
    assert new.marks["acknowledged"]["by"] == "wang"
    house.desk.publish({"id": "c2", "op": "close_event", "by": "li", "at": 6, "args": {"event": old.id, "note": "dry"}})
    assert found(house, states=("closed",))[0].marks["closed"]["by"] == "li", "of one that was replaced it goes to what stands"


def test_closed_by_hand_is_open_again_when_it_gets_worse(house):
    """Somebody closed what they saw: the same severity stays closed, a higher one is news."""
    say(house, 3.0)
    (event,) = found(house)
    house.desk.publish({"id": "c1", "op": "close_event", "by": "li", "at": 6, "args": {"event": event.id, "note": "dry"}})
    say(house, 3.1, first=1)
    assert found(house)[0].state == "closed"
    say(house, 3.3, first=2)
    assert found(house)[0].state == "open"


def test_a_command_sent_twice_is_one(house):
    """And what cannot be is told as the error that it is, and written down once."""
    say(house, 3.0)
    (event,) = found(house)
    order = {"id": "c1", "op": "ack_event", "by": "wang", "at": 5, "args": {"event": event.id}}
    for one in (order, order, order | {"id": "c2"}, order | {"id": "c3", "args": {"event": "0" * 12}}):
        house.desk.publish(one)
    with house.desk.stores.take() as store:
        assert store.command("c1") == {"acknowledged": event.id}
        assert store.command("c2")["code"] == 6
        assert store.command("c3")["code"] == 4
    assert found(house)[0].version == 2


def test_runs_never_mix(house):
    """A drill under the same name has its own events, with its origin and run."""
    say(house, 3.0, run="drill")
    say(house, 1.0)
    assert [(e.run, e.origin) for e in found(house)] == [("drill", "simulated")]
    say(house, 3.0, first=1)
    assert sorted((e.run, e.origin) for e in found(house)) == [("", "live"), ("drill", "simulated")]


def edit(house, told):
    house.registry.edit_device("g1", DeviceChanges.read({"settings": told}), actor=TESTER)


def test_changed_thresholds_hold_for_what_comes(house):
    """What happened under the old ones stands, late values from then too; an open event goes on under the new ones."""
    say(house, 1.0, 3.0, 1.0, 3.0)
    edit(house, {"thresholds": {"water_level": {"watch": 3.5, "warning": 5.0}}})
    say(house, 3.6, 3.4, 3.4, first=4)
    assert briefly(house) == [("closed", 3, 5, [0], 3.6), ("closed", 1, 2, [0], 3.0)]
    say(house, 4.0, first=0, s=house.now)
    assert len(found(house)) == 2
    house.work.store.forget()
    say(house, 5.0, 1.0, first=7)
    assert briefly(house)[0] == ("closed", 7, 8, [1], 5.0)


def test_thresholds_taken_away_end_what_is_open(house):
    """At the newest value under them; samples go, the event stays."""
    say(house, 1.0, 3.0, 3.1)
    edit(house, {})
    say(house, 3.2, first=3)
    assert briefly(house) == [("closed", 1, 2, [0], 3.1)]
    assert house.work.store.connection.execute("SELECT count(*) FROM samples").get == 0
    edit(house, {"thresholds": {"water_level": {"watch": 2, "warning": 1, "below": True}}})
    say(house, 1.5, first=4)
    edit(house, {"thresholds": {"water_level": RIVER}})
    say(house, 2.9, first=5)
    assert [(e.kind, e.state) for e in found(house)] == [
        ("water_level_high", "open"), ("water_level_low", "closed"), ("water_level_high", "closed")]  # fmt: skip


def test_thresholds_that_cannot_be_read_watch_nothing(house):
    """An older registry may hold what would be refused today: values are stored all the same."""
    with house.registry.database.write(TESTER) as change:
        change.connection.exec_driver_sql("""UPDATE things SET settings='{"thresholds": 7}' WHERE id='g1'""")
    house.work = house.make_work()
    say(house, 9.0)
    assert found(house) == []
    assert house.work.store.connection.execute("SELECT count(*) FROM hot").get == 1


class Series:
    """One watched datastream straight on a store: long spans without frames."""

    def __init__(self, path, **rule):
        self.path, self.place = path, 0
        self.watched = Watched(thresholds.read({"water_level": rule or RIVER})["water_level"], "city")
        self.store = SqliteStore(path)
        self.store.connection.pragma("synchronous", "off")

    def say(self, *samples):
        self.place += 1
        number = self.store.series(SeriesKey("g1", "water_level", "instant", "", ""), "live", "m")
        self.store.commit(Batch(place=self.place, rows=[
            Row(number, time, None, value, 1, 0, int(value * 100), 0, 0, 0, time, 1, None, None, True, None, False, self.watched)
            for time, value in samples]))  # fmt: skip

    def events(self):
        return [(e.state, e.start // DAY, None if e.end is None else e.end // DAY, e.severity, e.peak)
                for e in listed(self.store.connection, WantedEvents(states=()), 100)]  # fmt: skip

    def samples(self):
        return [time // DAY for (time,) in self.store.connection.execute("SELECT time FROM samples ORDER BY time")]

    def reopen(self):
        self.store.close()
        self.store = SqliteStore(self.path)


def test_old_samples_go_and_the_machine_stays(tmp_path):
    """An event that lasts longer than samples are kept is one event, across restarts, and late values still find their place."""
    series = Series(tmp_path / "store.db")
    series.say((0, 1.0), (DAY, 3.0))
    for day in range(2, 45):
        series.say((day * DAY, 2.75))
        if day % 9 == 0:
            series.reopen()
    assert series.samples() == list(range(15, 45)), "what is 30 days older than the newest is gone"
    assert series.events() == [("open", 1, None, 0, 3.0)]
    series.say((40 * DAY + 1, 3.5), (5 * DAY + 1, 9.0))
    series.say((45 * DAY, 1.0))
    assert series.events() == [("closed", 1, 45, 1, 3.5)], "what is late by more than 30 days changes nothing"
    series.reopen()
    series.say((44 * DAY + 1, 4.1))
    assert series.events() == [("closed", 1, 45, 2, 4.1)]
    series.store.close()


def test_an_event_lasts_until_its_samples_say_so(tmp_path):
    """A level that must last is remembered over the edge of what is kept as well."""
    series = Series(tmp_path / "store.db", **RIVER, **{"for": 7 * 86_400})
    series.say((0, 1.0), *(((31 * DAY) - 5 * DAY + day * DAY, 2.9) for day in range(5)))
    series.say((56 * DAY, 2.9), (57 * DAY, 2.9), (61 * DAY, 2.9))
    assert series.events()[0][1] == 26
    series.store.close()


def test_what_is_sealed_is_asked_too(tmp_path):
    """A late revision that puts a sealed row in its place, or gives it back, moves the sample as one in the hot table does."""
    series = Series(tmp_path / "store.db")
    series.say((0, 1.0), (DAY, 3.0), (2 * DAY, 1.0))
    recast, db = series.store._hot.watch._recast, series.store.connection

    def look():
        return recast.resample(1, {DAY: ASK}, -1, {(1, DAY): lying})

    lying = {1: SimpleNamespace(result=3.0, quality=1, served=False), 2: SimpleNamespace(result=3.5, quality=1, served=True)}
    db.execute("DELETE FROM hot WHERE time=?", (DAY,))
    assert look() == {DAY: 3.0}, "what it was"
    assert look() == {}
    assert db.execute("SELECT result FROM samples WHERE time=?", (DAY,)).get == 3.5
    lying[2].quality = 4
    assert look() == {DAY: 3.5}
    assert series.samples() == [0, 2]
    series.store.close()
