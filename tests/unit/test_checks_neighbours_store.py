"""Comparing from frames: what neighbours do to the rows of one that drifts, to events, whatever the order; restarts."""

import random
from math import sin

import pytest

from sensing.times import HOUR, MINUTE
from tests.house import House, reading

CHECKS = {"water_level": {"spike": 5}}
PLACE = {"lon": 117.65, "lat": 24.5}
STEP = 30 * MINUTE
WATCH = {"water_level": {"watch": 3.0}}


@pytest.fixture
def make(tmp_path):
    made = []

    def house(name="house", devices=("g1", "g2", "g3"), thresholds=WATCH):
        found = House(tmp_path / name)
        made.append(found)
        for device in devices:
            found.device(device, **PLACE, settings={"checks": CHECKS, "thresholds": thresholds})
        return found

    yield house
    for each in made:
        each.close()


def level(hour, drift=0.0, since=8):
    """Metres after so many hours: a tide that all see, and what one adds to it."""
    return round(1.5 + 0.3 * sin(hour / 2) + max(0.0, hour - since) * drift, 3)


def story(house, hours=20, drift=None):
    """(native, value, time): g1 to g3 for so many hours, `drift` metres an hour added for some."""
    begin = house.now // HOUR * HOUR
    said = []
    for place in range(hours * HOUR // STEP):
        time = begin + place * STEP
        hour = (time - begin) / HOUR
        said += [(name, level(hour, (drift or {}).get(name, 0.0)), time) for name in ("g1", "g2", "g3")]
    return begin, said


def hear(house, said, at_once=False):
    """Frames in this order, received when they were said, or all at the time of the last."""
    latest = max(time for _, _, time in said)
    for name, value, time in said:
        house.send(name, reading(name, value, time), received=latest if at_once else time, work=False)
    house.step()


def shown(house):
    """(device, hours since the first, quality, who says so) of rows that are not good."""
    rows = house.work.store.connection.execute("""SELECT s.thing, (h.time - (SELECT min(time) FROM hot)) / 3600000000, h.quality, v.who
      FROM hot h JOIN series s ON s.id = h.series LEFT JOIN verdicts v ON v.series = h.series AND v.time = h.time
      WHERE h.served AND h.quality <> 1 ORDER BY 1, 2""")  # fmt: skip
    return list(rows)


def hours(house, thing="g1"):
    return sorted({hour for of, hour, *_ in shown(house) if of == thing})


def test_one_that_drifts_away_from_its_neighbours_is_doubted(make):
    """Once it is further off than 0.2 m and what the neighbours move in an hour, all its hours are; its neighbours never are."""
    house = make()
    _, said = story(house, 18, {"g1": 0.15})
    hear(house, said)
    assert {(thing, quality, who) for thing, _, quality, who in shown(house)} == {("g1", 3, "drift")}
    assert hours(house) == list(range(10, 17))


def test_the_order_of_arrival_changes_no_flag(make):
    """Shuffled, a part of it twice, in small batches with restarts: the same flags as in order."""
    first, second = make("first"), make("second")
    _, said = story(first, 18, {"g1": 0.15, "g3": -0.05})
    hear(first, said)
    chance = random.Random(3)
    mixed = [*said, *chance.sample(said, 20)]
    chance.shuffle(mixed)
    for at in range(0, len(mixed), 50):
        hear(second, mixed[at : at + 50], at_once=True)
        second.work = second.make_work()
    hear(second, said[-1:])
    assert hours(second)
    assert shown(second) == shown(first)


def test_an_event_of_a_drifting_gauge_is_withdrawn_once_it_is_known(make):
    """The level crossed 3.0 by drift alone; when the hour is judged the samples go, and so does the event."""
    house = make()
    begin, said = story(house, 18, {"g1": 0.3})
    query = "SELECT start FROM events WHERE kind = 'water_level_high' AND state <> 'withdrawn'"
    crossed = next(place for place, (_, value, _) in enumerate(said) if value >= 3.0)
    hear(house, said[: crossed + 1])
    assert house.work.store.connection.execute(query).get == said[crossed][2]
    hear(house, said[crossed + 1 :])
    assert house.work.store.connection.execute(query).get == begin + 17 * HOUR


def test_a_value_that_comes_late_has_its_hour_judged_again(make):
    """Neighbours whose gateway was away come after hours: what was unknown is doubted then."""
    house = make()
    _, said = story(house, 18, {"g1": 0.15})
    hear(house, [one for one in said if one[0] == "g1"])
    assert not shown(house)
    hear(house, [one for one in said if one[0] != "g1"], at_once=True)
    assert hours(house) == list(range(10, 17))


def test_gauges_of_another_water_are_no_neighbours(make):
    """A street beside a river has other levels: the flood is the river's own, and nobody's drift."""
    house = make(devices=("g2", "g3"))
    house.device("g1", **PLACE, settings={"checks": CHECKS, "thresholds": {"water_level": {"watch": 0.1}}})
    _, said = story(house, 18, {"g1": 0.15})
    hear(house, said)
    assert not shown(house)
