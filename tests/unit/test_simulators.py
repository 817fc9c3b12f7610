"""The simulated water is physical: clock and chance, tide, rain, river."""

import itertools
import statistics

import pytest

from sensing.times import DAY, HOUR, MINUTE, SECOND
from simulators import gauges, river, shower, tide
from simulators.clock import MAX_SPEED, Clock, dice, hours, jitter
from simulators.shower import Pulse, Spot

START = 1_790_000_017_000_000  # 2026-09-21T14:13:37Z


# Clock and chance


def test_the_clock_waits_by_its_speed():
    """A minute of virtual time is a second at 60x, nothing at the highest speed, and lateness is not made up for twice."""
    assert Clock(START, 60).wait_s(START + MINUTE, 0.25) == pytest.approx(0.75)
    assert Clock(START, MAX_SPEED).wait_s(START + DAY, 0) == 0
    assert Clock(START).wait_s(START + SECOND, 5) == 0
    with pytest.raises(ValueError, match="speed -1"):
        Clock(START, -1)


def test_chance_belongs_to_its_words():
    """The same words give the same chance, others another, and a draw stays between -1 and 1."""
    assert dice(7, "a", 1).random() == dice(7, "a", 1).random() != dice(8, "a", 1).random()
    draws = [jitter(7, "a", n) for n in range(2_000)]
    assert -1 <= min(draws) < -0.99
    assert 0.99 < max(draws) <= 1
    assert abs(statistics.mean(draws)) < 0.05


# Tide


def ranges(levels):
    turns = [b for a, b, c in zip(levels, levels[1:], levels[2:], strict=False) if (b - a) * (c - b) <= 0]
    return [abs(a - b) for a, b in itertools.pairwise(turns)]


def test_the_tide_has_the_mean_and_range_of_xiamen():
    """Over 29 days: mean level 3.7 m, mean range 3.99 m, two tides a lunar day, inside the recorded extremes 0.06 and 7.77 m."""
    levels = [tide.level(START + step * 6 * MINUTE) for step in range(29 * 240)]
    found = ranges(levels)
    assert statistics.mean(levels) == pytest.approx(3.70, abs=0.02)
    assert statistics.mean(found) == pytest.approx(3.99, abs=0.05)
    assert len(found) / 29 == pytest.approx(4 / 1.03505, rel=0.01)
    assert min(levels) > 0.06
    assert max(levels) < 7.77


def test_springs_follow_new_and_full_moon():
    """In the mean of a year, ranges are largest one to three days after new and full moon (new moon 2026-09-11 03:27 UTC)."""
    new_moon, half_month = 1_789_097_220 * SECOND, int(14.765294 * DAY)
    by_day = [
        statistics.mean(
            max(ranges([tide.level(new_moon + moon * half_month + day * DAY + s * 15 * MINUTE) for s in range(-50, 51)]))
            for moon in range(25)
        )
        for day in range(-7, 8)
    ]
    assert 1 <= by_day.index(max(by_day)) - 7 <= 3
    assert max(by_day) > 1.4 * min(by_day)


def test_the_tide_arrives_later_and_smaller_where_it_says():
    """A place has the bay's tide, scaled about its own mean and delayed."""
    place = tide.Place(factor=0.5, delay_min=60, mean=2.0)
    assert tide.level(START + HOUR, place) - 2.0 == pytest.approx((tide.level(START) - tide.MEAN_LEVEL_M) / 2)


# Rain and river


def test_a_shower_crosses_the_gauges_in_space():
    """Along its way the rain comes later by distance over speed; aside of it there is less."""
    cell = shower.Cell(at=100.0, x=0, y=0, east=40.0, north=0.0, sigma=8.0, peak=30.0)
    here, ahead, aside = (shower.pulse(cell, Spot(x, y)) for x, y in ((0, 0), (20, 0), (0, 16)))
    assert here.middle == 100.0
    assert ahead.middle == pytest.approx(100.5)
    assert here.rate(here.middle) == pytest.approx(30.0)
    assert aside.depth == pytest.approx(here.depth * 0.1353, rel=1e-3)


def test_rain_over_an_area_is_the_mean_of_its_points():
    """The closed form of a catchment's rain is what a sum over its points gives."""
    cell = shower.Cell(at=100.0, x=0, y=0, east=30.0, north=20.0, sigma=8.0, peak=30.0)
    area = Spot(5.0, -3.0, 6.0)
    weights = [statistics.NormalDist(0, 6.0).pdf(step) for step in range(-24, 25, 2)]
    total = sum(
        w * v * shower.pulse(cell, Spot(5.0 + dx, -3.0 + dy)).depth
        for w, dx in zip(weights, range(-24, 25, 2), strict=True)
        for v, dy in zip(weights, range(-24, 25, 2), strict=True)
    )
    assert shower.pulse(cell, area).depth == pytest.approx(total * 4, rel=0.01)


@pytest.mark.parametrize("area", [60.0, 950.0, 8490.0])
def test_what_rains_runs_off(area):
    """Rain times the runoff share equals the runoff, within 1 %, once the reservoirs have drained."""
    place = river.catchment(24.5, 117.65, area, 300.0, 0.8)
    begin, step = hours(START), 1 / 12
    end = begin + 24 * 10
    rain = shower.depth(7, place.spot, begin, end) * river.RUNOFF_SHARE
    grid = [begin + n * step for n in range(int((end - begin) / step))]
    flow = sum(river.runoff(7, place, time) for time in grid) * step
    stored = place.k * (river.runoff(7, place, end) - river.runoff(7, place, begin))
    on_the_way = river.RUNOFF_SHARE * (
        shower.depth(7, place.spot, end - place.lag, end) - shower.depth(7, place.spot, begin - place.lag, begin)
    )
    assert rain > 1.0
    assert flow + stored + on_the_way == pytest.approx(rain, rel=0.01)


def test_a_reservoir_keeps_nothing():
    """All of one pulse comes out of the reservoir, and none before it went in."""
    rain = Pulse(depth=20.0, middle=10.0, width=0.25)
    out = [river.outflow(rain, 2.0, n / 60) for n in range(60 * 40)]
    assert sum(out) / 60 == pytest.approx(20.0, rel=1e-3)
    assert out[7 * 60] == 0


def test_the_stage_rises_after_the_rain():
    """The river's crest follows the heaviest rain by more than the lag, and later on a larger catchment."""
    waits = []
    for area in (100.0, 1000.0):
        place = river.catchment(24.5, 117.65, area, 300.0, 0.8)
        times = [hours(START) + n / 30 for n in range(30 * 48)]
        crest = max(times, key=lambda time, place=place: river.stage(7, place, time))
        before = [time for time in times if crest - 12 < time < crest]
        heaviest = max(before, key=lambda time, place=place: shower.rate(7, place.spot, time))
        assert river.stage(7, place, crest) > place.base_stage + 0.1
        waits.append(crest - heaviest)
        assert waits[-1] > place.lag
    assert waits[0] < waits[1]


def test_the_bucket_counts_every_tip_once():
    """Five-minute sums add up to the day's rain since 08:00, which starts anew after 08:00 sharp."""
    spot = shower.spot(24.5, 117.65)
    morning = START // DAY * DAY
    day = max(range(20), key=lambda n: gauges.rainfall(7, spot, morning + n * DAY, morning + (n + 1) * DAY))
    begin, end = morning + day * DAY, morning + (day + 1) * DAY
    parts = [gauges.rainfall(7, spot, at, at + 5 * MINUTE) for at in range(begin, end, 5 * MINUTE)]
    assert sum(parts) == pytest.approx(gauges.rainfall_since_08(7, spot, end))
    assert sum(parts) > 5
    assert min(parts) >= 0
    assert gauges.rainfall_since_08(7, spot, end + MINUTE) == gauges.rainfall(7, spot, end, end + MINUTE)
    assert sum(parts) == pytest.approx(shower.depth(7, spot, hours(begin), hours(end)), abs=gauges.TIP_MM)
