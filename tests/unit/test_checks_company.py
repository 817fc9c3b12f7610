"""Tides, rain, upstream and converted values as companions of a series, against naive reckonings of the same; a typhoon's flood is nobody's fault."""

import math
from datetime import UTC, datetime, timedelta
from statistics import median

import numpy as np
import pytest

from sensing.checks import converted, quiet, tides, upstream
from sensing.checks.beside import IN_STACK, Beside, Rule, beside
from sensing.checks.nearby import Member, lists
from sensing.checks.surroundings import surroundings
from sensing.checks.waters import RIVER, SEA, STREET, coasts, reaches, water
from sensing.store import company
from sensing.times import HOUR, MINUTE
from sensing.wordbook import pair
from simulators.story import land, tide

NAN = float("nan")
H = quiet.LOOK
HOURS = np.arange(H)
DRY, CALM = np.zeros((1, H)), np.ones((1, H), bool)


def level(own, rain=DRY, calm=CALM):
    """Whether the last hour of one level is doubted as one that changed without rain."""
    return bool(quiet.alone(np.array(own, float)[None], np.array(rain, float).reshape(1, H), calm, 0.2, 10.0)[0][0])


def test_the_tide_is_the_sum_of_its_constituents():
    """Against the same constituents reckoned with datetimes and cosines one by one, and against the tide that drills play."""
    bay = next(coast for coast in coasts() if coast.id == "shima")
    begin = datetime(2016, 9, 13, 18, tzinfo=UTC)
    times = [begin + timedelta(minutes=37 * n) for n in range(40)]
    rows = [("M2", 1.926, 136, (2, -2, 2, 0), 0), ("S2", 0.555, 185, (2, 0, 0, 0), 0), ("N2", 0.358, 116, (2, -3, 2, 1), 0),
            ("K1", 0.34, 290, (1, 0, 1, 0), 90), ("O1", 0.28, 245, (1, -2, 1, 0), -90)]  # fmt: skip

    def naive(at):
        then = at - timedelta(minutes=bay.delay_min)
        days = (then - datetime(2000, 1, 1, 12, tzinfo=UTC)).total_seconds() / 86_400
        angle = 15.0 * (then.hour + then.minute / 60 + then.second / 3600) + 180.0
        told = (angle, 218.3165 + 13.17639648 * days, 280.4665 + 0.98564736 * days, 83.3532 + 0.11140353 * days)
        return bay.factor * sum(
            size * math.cos(math.radians(sum(a * b for a, b in zip(by, told, strict=True)) + add - phase))
            for _, size, phase, by, add in rows
        )

    micros = np.array([int(at.timestamp()) * 1_000_000 for at in times])
    found = tides.tide(bay, micros)
    assert found == pytest.approx([naive(at) for at in times], abs=1e-6)
    theirs = land.load().coasts["shima"]
    assert found + theirs.mean == pytest.approx(tide.level(theirs, micros), abs=1e-6)


def naive_sea(own, near, wind, room):
    """Departures hour by hour from lists of residuals, and whether the last is doubted; what is usual is the median, so drift comes late here."""

    def usual(differences):
        there = sorted(each for each in differences if not math.isnan(each))
        best = max((sum(low <= other <= low + room for other in there), -abs(low) // room, low) for low in there)
        return best[2] + (max(each for each in there if each <= best[2] + room) - best[2]) / 2

    pairs = [[a - b for a, b in zip(own, other, strict=True)] for other in near]
    pairs = [[each - usual(pair) for each in pair] for pair in pairs]
    by = [median(pair[at] for pair in pairs) for at in range(len(own))]
    spread = [median(abs(pair[at] - by[at]) for pair in pairs) for at in range(len(own))]
    allowed = [room + 0.001 * max(wind[max(0, at - 3) : at + 1]) ** 2 for at in range(len(own))]
    clear = [abs(b) > a and abs(b) > 3 * s for b, a, s in zip(by, allowed, spread, strict=True)]
    for at in range(len(own) - 1, len(own) - 14, -1):
        if by[at] * by[-1] <= 0 or abs(by[at]) <= room:
            return False
        if clear[at] and abs(by[-1]) >= 0.6 * abs(by[at]):
            return True
    return False


@pytest.mark.parametrize("seed", range(4))
def test_the_sea_is_judged_as_a_naive_reckoning_does(seed):
    """Random drifts, surges and winds: the same verdict as plain lists give, wherever that is not a matter of centimetres."""
    chance = np.random.default_rng(seed)
    ramp = chance.choice([0.0, 0.12, -0.12]) * np.maximum(HOURS - chance.integers(20, 40), 0)
    storm = np.exp(-(((HOURS - 42) / 3) ** 2)) * chance.choice([0.0, 1.0])
    wind = 4 + 26 * storm
    near = [0.01 * chance.normal(size=H) + 0.2 * storm + offset for offset in (0.5, -1.0, 0.1)]
    own = 0.01 * chance.normal(size=H) + 0.7 * storm + ramp
    for end in range(30, H + 1, 2):
        pad = [NAN] * (H - end)
        found, _ = tides.judge(np.array([[*pad, *own[:end]]]), np.array([[[*pad, *each[:end]] for each in near]]),
                               np.array([[*pad, *wind[:end]]]), 0.2)  # fmt: skip
        expected = naive_sea(own[:end].tolist(), [each[:end].tolist() for each in near], wind[:end].tolist(), 0.2)
        assert bool(found[0]) == expected or min(abs(abs(ramp[end - 1]) - 0.2), abs(ramp[end - 1])) < 0.15


def test_a_surge_under_a_storm_is_no_drift_and_a_drift_in_fair_weather_is():
    """Eighty centimetres more than elsewhere while it blows 30 m/s; half a metre while it does not."""
    storm = np.exp(-(((HOURS - 44) / 3) ** 2))
    near = np.array([[0.2 * storm, 0.1 * storm, 0.15 * storm]])
    assert not tides.judge((1.0 * storm)[None], near, (30 * storm)[None], 0.2)[0][0]
    drift = 0.1 * np.maximum(HOURS - 42, 0)
    assert tides.judge(drift[None], near * 0, np.full((1, H), 5.0), 0.2)[0][0]
    assert not tides.judge(drift[None], near * 0, np.full((1, H), NAN), 0.2)[0][0]


def test_a_level_that_changes_by_and_by_without_rain_is_doubted():
    """Up or down, after dry hours at its base; not at once, not in rain, not while other waters move, not at the end of a flood."""
    ramp = 0.1 * np.maximum(HOURS - 40, 0)
    assert level(2 + ramp)
    assert level(2 - ramp)
    assert not level(2 + 0.1 * np.maximum(HOURS - 46, 0))
    assert not level(2 + np.where(HOURS > 44, 0.7, 0.0))
    assert not level(2 + ramp, rain=np.where(HOURS > 38, 2.0, 0.0))
    assert not level(2 + ramp, calm=np.zeros((1, H), bool))
    assert not level(2 + ramp, rain=np.full(H, NAN))
    assert not level(4 * np.exp(-HOURS / 20.0))


def test_who_departed_stays_doubted_in_the_flood_until_it_is_back():
    """The flood of a gauge that had crept up is not believed for half a day; once it was back at its base it is."""
    rain = np.where(HOURS >= 40, 4.0, 0.0)
    drift = np.clip(0.1 * (HOURS - 28), 0, None)
    flood = np.maximum(HOURS - 43, 0) * 0.4
    assert level(2 + drift + flood, rain)
    assert not level(2 + np.where(HOURS < 43, drift, 0.0) + flood, rain)
    assert not level(2 + flood, rain)


def test_a_gauge_that_stands_still_in_a_flood_is_blocked():
    """A hundred millimetres fell, the other rivers rose, this one did not move; where they did not either nothing is said."""
    rain = np.where(HOURS >= 24, 5.0, 0.0)[None]
    others = quiet.moving(np.array([2 + 0.2 * np.maximum(HOURS - 34, 0) + n for n in range(4)]), 0.15)[None]
    own = np.full((1, H), 2.0)
    assert quiet.blocked(own, rain, others, 0.2, 80.0)[0][0]
    assert not quiet.blocked(own + 0.1 * np.maximum(HOURS - 40, 0), rain, others, 0.2, 80.0)[0][0]
    assert not quiet.blocked(own, rain, others * 0, 0.2, 80.0)[0][0]
    assert not quiet.blocked(own, rain / 2, others, 0.2, 80.0)[0][0]


def naive_least(rises, own_full, above_full):
    """m that half of what passed upstream must raise a river by: a gauge after the other, in floats."""
    flow = sum(
        full_q * ((0.2 + rise / full_m) ** (5 / 3) - 0.2 ** (5 / 3))
        for rise, (full_m, full_q) in zip(rises, above_full, strict=True)
    )
    return own_full[0] * ((0.2 ** (5 / 3) + 0.5 * flow / own_full[1]) ** 0.6 - 0.2)


def test_a_flood_that_passed_upstream_must_come_by():
    """Two branches rose by three metres, three hours' way up; a gauge that rose less than half of that flow makes is doubted, by the naive amount."""
    rise = np.minimum(np.maximum(HOURS - 30, 0) * 0.6, 3.0)
    above = np.array([[1.5 + rise, 4.0 + rise]])
    full, above_full = np.array([[6.5, 2100.0]]), np.array([[[5.8, 1350.0], [4.8, 800.0]]])
    day = np.where(HOURS > 27, 40.0, 0.0)[None]
    least = naive_least([3.0, 3.0], full[0], above_full[0])
    for risen, doubted in ((0.3, True), (least - 0.2 - 0.11 * least, True), (least - 0.15, False), (least + 1, False)):
        own = 2 + np.where(HOURS > 40, risen, 0.0)[None]
        found, missing = upstream.judge(own, above, np.array([[3.0, 3.0]]), full, above_full, day, 0.2)
        assert bool(found[0]) is doubted
        assert missing[0] == pytest.approx(risen - least)
    assert not upstream.judge(2 + 0 * rise[None], above, np.array([[3.0, 3.0]]), full, above_full, day / 4, 0.2)[0][0]


def test_a_measured_value_that_its_converted_one_was_not_made_of_is_doubted():
    """Load and oxygen change all the time and the ratio never; one per cent more is seen, whatever the reference is."""
    chance = np.random.default_rng(3)
    oxygen, measured = 8 + chance.normal(0, 1, 60), 20_000 * chance.uniform(0.3, 1, 60)
    told = measured / 1000 * 15 / (21 - oxygen)
    left = converted.residuals(measured, told, oxygen)
    assert left == pytest.approx(np.full(60, math.log(1000 / 15)))
    sound = np.full((1, 36), left.mean())
    off = sound.copy()
    off[0, -3:] += math.log(1.01)
    assert converted.judge(np.concatenate([sound, off]), 0.005)[0].tolist() == [False, True]
    assert np.isnan(converted.residuals(np.array([5.0, 0.0]), np.array([1.0, 1.0]), np.array([20.9, 5.0]))).all()


def test_which_water_a_gauge_is_of_and_whose_company_it_keeps():
    """A sea by its station, a street by its depth, a river by its reach with those upstream of it; stacks have no neighbours."""
    coast, down, up = coasts()[0], reaches()["huaan"], reaches()["zhangping"]
    assert water(Beside(coast.lon, coast.lat, coast.watch)).kind == SEA
    assert water(Beside(coast.lon, coast.lat, 0.15)).kind == STREET
    assert water(Beside(down.lon, down.lat, 5.0)) == (RIVER, None, down)
    assert water(Beside(117.0, 26.0)) is None
    members = [Member(n, f"g{n}", "", Beside(one.lon, one.lat, 4.0)) for n, one in enumerate((down, up, reaches()["punan"]))]
    found = surroundings(members, [Member(9, "r", "", Beside(down.lon, down.lat + 0.1))], [])
    assert found.above[0].tolist() == [1, -1, -1, -1]
    assert found.travel_h[0][0] == down.travel_h
    assert found.rain[:, 0].tolist()[0] == 0
    assert found.waters[0][:2].tolist() == [1, 2]
    assert beside("so2", "instant", 117.0, 24.0, {}, checked=False) == Beside(117.0, 24.0, IN_STACK)
    stacks = [Member(n, f"s{n}", "", Beside(117.0, 24.0, IN_STACK)) for n in range(2)]
    assert (lists(stacks, Rule(km=40, room=3)).near == -1).all()


def test_each_check_says_in_both_languages_what_it_means():
    """What `explain` shows beside a verdict is a sentence, not the check's name."""
    for name in company.NAMES:
        words = pair("verdict", name)
        assert words["en"] != name.replace("_", " ")
        assert any("\u3400" <= letter <= "\u9fff" for letter in words["zh"])


def test_no_flood_of_a_typhoon_is_doubted():
    """Meranti at all reaches and coasts: levels, rain and wind as the story tells them; not one hour is doubted."""
    from simulators.story import open_story
    from simulators.story.sites import Place

    story = open_story("meranti-2016", 11)
    times = np.arange(story.begin, story.begin + 46 * HOUR, 15 * MINUTE)
    names = list(reaches())
    here = [Place(reaches()[name].lat, reaches()[name].lon, water=f"reach:{name}") for name in names]
    shores = [Place(one.lat, one.lon, water=f"coast:{one.id}") for one in coasts()]

    def hourly(quantity, places):
        return story.sample(quantity, places, times).reshape(len(places), -1, 4).mean(2)

    stage, rain, wind = hourly("stage", here), hourly("rain_rate", here), hourly("wind_speed", shores).max(0)
    tide_ = np.array([tides.tide(one, times).reshape(-1, 4).mean(1) for one in coasts()])
    left = hourly("sea_level", shores) - tide_
    members = [
        Member(n, name, "", Beside(place.lon, place.lat, 4.0)) for n, (name, place) in enumerate(zip(names, here, strict=True))
    ]
    near = surroundings(members, members, [])
    doubted = 0
    for end in range(8, stage.shape[1] + 1, 2):

        def window(values, end=end):
            found = np.full((len(values), H), NAN)
            found[:, -end:] = values[:, max(0, end - H) : end]
            return found

        own, falls = window(stage), window(rain)
        around = np.array(
            [np.nanmean(falls[row[row >= 0]], axis=0) if end >= H else falls[row[row >= 0]].mean(0) for row in near.rain]
        )
        others = quiet.moving(own, 0.15)[near.waters]
        others[near.waters < 0] = NAN
        doubted += (
            quiet.alone(own, around, quiet.still(others), 0.2, 10.0)[0].sum()
            + quiet.blocked(own, around, others, 0.2, 80.0)[0].sum()
        )
        above = own[near.above]
        above[near.above < 0] = NAN
        doubted += upstream.judge(own, above, near.travel_h, near.full, near.full_above, quiet.day_sums(around), 0.2)[0].sum()
        sea = window(left)
        beside_ = np.array([np.delete(sea, row, axis=0) for row in range(len(sea))])
        doubted += tides.judge(sea, beside_, np.broadcast_to(window(wind[None]), sea.shape), 0.2)[0].sum()
    assert doubted == 0
    assert (stage.max(1) - stage[:, 0] > 2).sum() > 10
