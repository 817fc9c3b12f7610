"""Values that stand still are an event, a function of what is doubted: `device_frozen`."""

import random

import pytest

from sensing.store.event_reader import WantedEvents, listed
from sensing.times import MINUTE
from tests.house import House, reading

CHECKS = {"water_level": {"stuck": "2h", "ever": "6h"}, "water_temperature": {"stuck": "2h"}}


@pytest.fixture
def house(tmp_path):
    found = House(tmp_path)
    found.device("g1", settings={"checks": CHECKS})
    yield found
    found.close()


def frames(values, first=0):
    """Minutes and values, one each ten minutes."""
    return [(place * 10, value) for place, value in enumerate(values, first)]


def say(house, told, late=0):
    for minute, value in told:
        time = house.now + minute * MINUTE
        house.send("g1", reading("g1", value, time), received=time + late * MINUTE)


def found(house, states=("open", "closed")):
    events = listed(house.work.store.connection, WantedEvents(kinds=("device_frozen",), states=states), 100)
    return sorted((e.property, *(None if t is None else (t - house.now) // MINUTE for t in (e.start, e.end))) for e in events)


LIVELY = [1.0 + 0.01 * place for place in range(8)]
STUCK = [1.5] * 14


def test_a_stuck_sensor_is_an_event_until_it_moves(house):
    """It begins half an hour into the equal values, for what a sensor says first is true; it lasts while they come, also over a restart, and ends with the last."""
    say(house, frames(LIVELY + STUCK[:12]))
    assert found(house) == []
    say(house, frames(STUCK[:3], 20))
    assert found(house) == [("water_level", 110, None)]
    house.work = house.make_work()
    say(house, frames([1.5, 1.5], 23))
    assert found(house) == [("water_level", 110, None)]
    house.work = house.make_work()
    say(house, frames([1.6], 25))
    assert found(house) == [("water_level", 110, 240)]


def test_a_late_value_that_moved_takes_it_back(house):
    """What was missing shows that it had not stood still for two hours at once."""
    say(house, [one for one in frames([*LIVELY, *STUCK, 1.7, 1.8]) if one[0] != 150])
    assert found(house) == [("water_level", 110, 210)]
    say(house, [(150, 1.9)], late=120)
    assert found(house) == []
    assert found(house, states=()) == [("water_level", 110, 210)]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_any_order_ends_in_the_same(house, seed):
    """Late, repeated, in pieces and with restarts: the same two stays."""
    chance = random.Random(seed)
    told = frames([*LIVELY, *STUCK, *(1.7 + 0.1 * (place % 3) for place in range(19)), *([2.0] * 14), 2.1])
    shuffled = sorted(told + chance.sample(told, 6), key=lambda one: one[0] + chance.uniform(0, 200 * seed))
    for at in range(0, len(shuffled), 9):
        if chance.random() < 0.3:
            house.work = house.make_work()
        say(house, shuffled[at : at + 9], late=400)
    assert found(house) == [("water_level", 110, 210), ("water_level", 440, 540)]
