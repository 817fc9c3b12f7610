"""What silence and the run's clock tell: devices that are missed, gateways that are down, clocks astray, books that do not balance, tasks."""

import json

import pytest

from sensing.ledger import Account
from sensing.store import Batch
from sensing.store.escalation import due
from sensing.store.event_reader import WantedEvents, listed, told
from sensing.store.sqlite import SqliteStore
from sensing.things import ThingType
from sensing.times import MINUTE
from tests.house import TESTER, TYPES, House, reading

LIMIT = 15
"""Minutes: three cadences of five."""


@pytest.fixture
def house(tmp_path):
    kind = ThingType(id="gauge", name_zh="水位计", name_en="gauge", adapter="toy", properties=("water_level",), cadence_s=300)
    found = House(tmp_path, types=TYPES | {"gauge": kind})
    for name in ("g1", "g2"):
        found.device(name, principal=None if name == "g1" else "g1")
    yield found
    found.close()


def clock(house, minute, run="drill", principal="player"):
    house.send(principal, json.dumps({"time": house.now + minute * MINUTE}).encode(), run=run, adapter="clock")


def say(house, minute, device="g1", run="drill", value=1.0):
    house.send("g1", reading(device, value, house.now + minute * MINUTE), run=run)


def briefly(house, kind, **wanted):
    found = listed(house.work.store.connection, WantedEvents(**({"runs": None, "kinds": (kind,)} | wanted)), 100)
    minutes = [(e.device, *(None if t is None else (t - house.now) // MINUTE for t in (e.start, e.end))) for e in found]
    return sorted(minutes, key=lambda row: (row[0], row[1]))


def test_a_device_is_missed_when_the_clock_has_passed_its_limit(house):
    """Not before; it ends with the next observation, and late ones that fill the gap take it back or split it."""
    clock(house, 0)
    say(house, 0)
    clock(house, LIMIT)
    assert briefly(house, "device_silent") == []
    clock(house, LIMIT + 1)
    assert briefly(house, "device_silent") == [("g1", 0, None)]
    house.work.store.forget()
    clock(house, 60)
    say(house, 60)
    assert briefly(house, "device_silent") == [("g1", 0, 60)]
    say(house, 20)
    assert briefly(house, "device_silent") == [("g1", 0, 20), ("g1", 20, 60)]
    for minute in (10, 30, 40, 50):
        say(house, minute)
    assert briefly(house, "device_silent") == []
    assert {e.state for e in listed(house.work.store.connection, WantedEvents(runs=None, states=()), 100)} == {"withdrawn"}


def test_the_live_clock_is_the_doors(house):
    """A frame of anybody tells what time it is; runs do not mix."""
    say(house, 0, run="")
    house.send("door", b"{}", adapter="clock", received=house.now + 14 * MINUTE)
    clock(house, 500)
    assert briefly(house, "device_silent") == []
    house.send("door", b"{}", adapter="clock", received=house.now + 16 * MINUTE)
    assert briefly(house, "device_silent") == [("g1", 0, None)]


def test_a_gateway_is_one_event_and_its_devices_are_members(house):
    """When all that it carries is silent; the silences name it, until late data take it back."""
    clock(house, 0)
    say(house, 0)
    say(house, 2, "g2")
    clock(house, 16)
    assert briefly(house, "gateway_down") == []
    clock(house, 18)
    assert briefly(house, "gateway_down") == [("g1", 2, None)]
    (down,) = listed(house.work.store.connection, WantedEvents(runs=None, kinds=("gateway_down",)), 9)
    silent = listed(house.work.store.connection, WantedEvents(runs=None, kinds=("device_silent",)), 9)
    assert [event.group for event in silent] == [down.id, down.id]
    for minute in range(5, 61, 5):
        say(house, minute)
    assert briefly(house, "gateway_down") == []
    assert [e.group for e in listed(house.work.store.connection, WantedEvents(runs=None, kinds=("device_silent",)), 9)] == [""]


def test_a_last_will_tells_sooner(house):
    """`offline` counts once it has lasted two minutes; `online` ends it; a short one is nothing."""
    clock(house, 0)
    say(house, 0)
    for minute, word in ((1, b"offline"), (2, b"online"), (4, b"offline")):
        clock(house, minute, principal="g1")
        house.send("g1", word, run="drill", kind="status")
    clock(house, 5)
    assert briefly(house, "gateway_down") == []
    house.work.store.forget()
    clock(house, 7)
    assert briefly(house, "gateway_down") == [("g1", 4, None)]
    clock(house, 9, principal="g1")
    house.send("g1", b"online", run="drill", kind="status")
    assert briefly(house, "gateway_down") == [("g1", 4, 9)]


def test_a_wrong_clock_is_told_from_reception_to_reception(house):
    """What is stamped a day ahead begins it, the first right stamp ends it, and the same value once more begins nothing."""
    for minute, stamp in ((0, 0), (5, 1440 * 3), (10, 1440 * 3 + 5), (15, 15), (16, 1440 * 3)):
        clock(house, minute)
        say(house, stamp)
    assert briefly(house, "device_clock") == [("g1", 5, 15)]
    assert briefly(house, "device_silent") == [], "a wrong stamp is no sign of life in event time, and none of silence"


def test_a_retired_device_is_not_missed(house):
    """The registry has it no more."""
    clock(house, 0)
    say(house, 0, "g2")
    house.registry.retire_device("g2", actor=TESTER)
    clock(house, 60)
    assert briefly(house, "device_silent") == []


def test_books_that_do_not_balance_are_an_event(tmp_path):
    """An account that lost a frame is told with its hour, and withdrawn when it is found."""
    store = SqliteStore(tmp_path / "store.db")
    account, batch = Account(500_000, "toy", "p", "", ""), Batch(place=1)
    batch.tally.add(account, "received", 2)
    batch.tally.add(account, "silent")
    store.commit(batch)
    (event,) = listed(store.connection, WantedEvents(), 9)
    assert (event.kind, event.device, event.peak, event.severity) == ("ledger_unbalanced", "p", 1.0, 1)
    store.forget()
    batch = Batch(place=2)
    batch.tally.add(account, "silent")
    store.commit(batch)
    assert listed(store.connection, WantedEvents(), 9) == []
    store.close()


def test_what_nobody_looks_after_is_escalated_on_the_runs_clock(house):
    """Unacknowledged danger after a quarter of an hour, again after another; a task when it is overdue; once each."""
    house.device("deep", settings={"thresholds": {"water_level": {"watch": 2, "danger": 4}}, "silent": False})
    clock(house, 0)
    house.send("deep", reading("deep", 4.5, house.now), run="drill")
    (event,) = listed(house.work.store.connection, WantedEvents(runs=None), 9)
    for minute in (14, 16, 17, 40, 300):
        clock(house, minute)
    (event,) = listed(house.work.store.connection, WantedEvents(runs=None), 9)
    assert event.marks["escalated"] == {
        "by": "clock",
        "at": house.now + 30 * MINUTE,
        "note": "unacknowledged",
        "severity": 2,
        "level": 2,
    }
    args = {"event": event.id, "to": "wang", "due": house.now + 400 * MINUTE, "note": "pump"}
    house.desk.publish({"id": "c1", "op": "assign_event", "by": "li", "at": 5, "args": args})
    house.work = house.make_work()
    house.send("deep", reading("deep", 4.6, house.now + MINUTE), run="drill")
    (event,) = listed(house.work.store.connection, WantedEvents(runs=None), 9)
    assert told(event)["assigned"]["to"] == "wang"
    assert event.peak == 4.6
    assert due(event, 1 << 60) is None, "there is nobody above"
    event.marks.pop("escalated")
    event.marks["acknowledged"] = {"severity": 2}
    assert due(event, house.now + 401 * MINUTE)["note"] == "overdue"


def test_changes_are_followed_in_order(house):
    """Each write has a place of its own; going on from the last one misses nothing and repeats nothing."""
    clock(house, 0)
    say(house, 0)
    clock(house, 30)
    with house.desk.stores.take() as store:
        first = store.events_since(0, 10)
        assert [event.kind for event in first] == ["device_silent"]
        seen = first[-1].changed
    clock(house, 60)
    say(house, 60)
    with house.desk.stores.take() as store:
        assert [(event.id, event.version) for event in store.events_since(seen, 10)] == [(first[0].id, 2)]
        assert store.events_since(store.events_since(seen, 10)[-1].changed, 10) == []
