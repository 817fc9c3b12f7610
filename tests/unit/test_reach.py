"""A run that is played fast: who is silent is judged by what its own gateway has told, not by the newest clock of all."""

import json

import pytest

from sensing.store.event_reader import WantedEvents, listed
from sensing.things import ThingType
from sensing.times import MINUTE, SECOND
from tests.house import TYPES, House, reading


@pytest.fixture
def house(tmp_path):
    kind = ThingType(id="gauge", name_zh="水位计", name_en="gauge", adapter="toy", properties=("water_level",), cadence_s=300)
    found = House(tmp_path, types=TYPES | {"gauge": kind})
    for name in ("fast", "slow"):
        found.device(name)
    yield found
    found.close()


def tell(house, gateway, minute, after_s=0.0):
    """What time it is for a gateway. after_s: the door's stamp, from the beginning."""
    body = json.dumps({"time": house.now + minute * MINUTE}).encode()
    house.send(gateway, body, run="drill", adapter="clock", received=house.now + int(after_s * SECOND))


def say(house, gateway, minute, after_s=0.0):
    tell(house, gateway, minute, after_s)
    told = reading(gateway, 1.0, house.now + minute * MINUTE)
    house.send(gateway, told, run="drill", received=house.now + int(after_s * SECOND))


def silent(house, states=("open", "closed"), kind="device_silent"):
    found = listed(house.work.store.connection, WantedEvents(runs=None, kinds=(kind,), states=states), 100)
    return [(e.device, (e.start - house.now) // MINUTE, None if e.end is None else (e.end - house.now) // MINUTE) for e in found]


def test_who_is_only_behind_is_not_missed(house):
    """One gateway's frames are an hour of the storm behind the other's: nothing was ever called silent."""
    say(house, "slow", 0)
    for minute in range(0, 61, 5):
        say(house, "fast", minute, minute / 60)
    for minute in range(5, 61, 5):
        say(house, "slow", minute, 1 + minute / 60)
    house.work.store.forget()
    assert silent(house, states=()) == []


def test_its_own_gateway_tells_that_a_device_is_silent(house):
    """The gateway goes on, its device does not."""
    say(house, "slow", 0)
    tell(house, "slow", 16, 0.2)
    assert silent(house) == [("slow", 0, None)]
    say(house, "slow", 20, 0.3)
    assert silent(house) == [("slow", 0, 20)]


def test_a_gateway_that_says_nothing_is_judged_by_the_others(house):
    """After 20 s of the door's stamps, by what all have told who do; also when work has begun anew meanwhile."""
    say(house, "slow", 0)
    tell(house, "fast", 60, 19)
    assert silent(house) == []
    tell(house, "fast", 61, 21)
    assert silent(house) == [("slow", 0, None)]
    house.work.store.forget()
    tell(house, "fast", 62, 22)
    assert silent(house) == [("slow", 0, None)]


def test_a_last_will_is_believed_at_once(house):
    """Who is away tells nothing any more."""
    say(house, "slow", 0)
    house.send("slow", b"offline", run="drill", kind="status", received=house.now + SECOND)
    tell(house, "fast", 16, 2)
    assert silent(house) == [("slow", 0, None)]
    assert silent(house, kind="gateway_down") == [("slow", 0, None)]
