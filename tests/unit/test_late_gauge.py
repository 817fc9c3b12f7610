"""A gauge whose values come two hours late: what they mean is found again, for the values and for all that is derived of them."""

import pytest

from sensing.store.event_reader import WantedEvents, listed
from sensing.times import HOUR, MINUTE
from tests.house import House, reading

LEVELS = {
    "level": {"watch": 2.8, "danger": 4.0, "hysteresis": 0.1},
    "rise": {"take": "rise", "over": "30m", "watch": 1.5, "hysteresis": 0.5},
}
FLOOD = [1.0, 1.0, 1.2, 2.0, 2.9, 4.2, 4.4, 3.0, 2.0, 1.0]


@pytest.fixture
def house(tmp_path):
    found = House(tmp_path)
    found.device("g1", settings={"thresholds": {"water_level": LEVELS}, "silent": "30m"})
    yield found
    found.close()


def say(house, values, first=0, late=0):
    """Values ten minutes apart, in one batch each."""
    for place, value in enumerate(values, first):
        time = house.now + place * 10 * MINUTE
        house.send("g1", reading("g1", value, time, s=time + late if late else 0), received=time + late)


def stands(house, kind, states=("open", "closed")):
    found = listed(house.work.store.connection, WantedEvents(kinds=(kind,), states=states), 100)
    return sorted(
        (*(None if t is None else (t - house.now) // MINUTE // 10 for t in (e.start, e.end)), e.severity, e.peak) for e in found
    )


def test_two_hours_late_is_as_if_in_time(house, tmp_path):
    """The flood came while the line was down: a silence, then the same events as of a gauge that had told it in time."""
    say(house, FLOOD[:2])
    say(house, [1.0, 1.0], first=10)
    assert stands(house, "water_level_high") == stands(house, "water_level_rise") == []
    assert [row[:2] for row in stands(house, "device_silent")] == [(1, 10)]
    say(house, FLOOD[2:], first=2, late=2 * HOUR)
    assert (1, 10) not in [row[:2] for row in stands(house, "device_silent")]
    (tmp_path / "other").mkdir()
    other = House(tmp_path / "other")
    other.now = house.now
    other.device("g1", settings={"thresholds": {"water_level": LEVELS}, "silent": "30m"})
    say(other, [*FLOOD, 1.0, 1.0])
    for kind in ("water_level_high", "water_level_rise"):
        assert stands(house, kind) == stands(other, kind) != []
    assert stands(other, "water_level_high") == [(4, 8, 2, 4.4)]
    other.close()


def test_a_correction_later_opens_amends_and_withdraws(house):
    """The same instants once more: a peak that was worse raises the severity, one that was none takes the event back."""
    say(house, [1.0, 1.0, 2.9, 1.0, 1.0])
    assert stands(house, "water_level_high") == [(2, 3, 0, 2.9)]
    say(house, [4.1], first=2, late=HOUR)
    assert stands(house, "water_level_high") == [(2, 3, 2, 4.1)]
    say(house, [1.1], first=2, late=HOUR + 1)
    assert stands(house, "water_level_high") == []
    assert stands(house, "water_level_high", states=("withdrawn",)) == [(2, 3, 2, 4.1)]
    say(house, [3.0], first=3, late=HOUR)
    assert stands(house, "water_level_high") == [(3, 4, 0, 3.0)]
