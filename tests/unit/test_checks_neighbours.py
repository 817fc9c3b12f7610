"""Comparing with neighbours by itself: what is usual, who departs, who of two it is; who is near whom."""

import numpy as np
import pytest

from sensing.checks import neighbours
from sensing.checks.beside import Beside, Rule, beside, rules
from sensing.checks.nearby import Member, lists
from sensing.checks.neighbours import APART, DRIFT, SOUND, SPAN

HOURS = np.arange(SPAN, dtype=float)
TIDE = 2 * np.sin(HOURS / 2)
RAMP = np.maximum(HOURS - 20, 0) * 0.1
NOTHING = np.full((1, 1, SPAN), np.nan)


def judge(own, *near, far=(), far_of_near=(), slow=None, alone=False):
    """The code of the last hour of one series."""

    def further(which):
        assert which.tolist() == [0]
        return tuple(np.array(some)[None] if len(some) else NOTHING for some in (far, far_of_near))

    found = neighbours.judge(own[None], np.array(near)[None], further, 0.2, slow=slow, alone=alone)
    return int(found.codes[0])


def test_what_is_usual_is_where_most_differences_lie():
    """A day of drift after twelve sound hours leaves it where it was, and numbers that are missing count for nothing."""
    apart = np.append(np.full(12, 0.5), 0.5 + 0.1 * np.arange(24))
    apart[3] = np.nan
    assert neighbours.usual(apart, 0.2) == pytest.approx(0.55, abs=0.1)
    assert np.isnan(neighbours.usual(np.full(4, np.nan), 0.2))


def test_an_end_of_the_scale_is_not_usual():
    """One that stood at its end for longer than it was sound is not held against itself when it is sound again."""
    apart = np.append(np.full(20, -47.0), np.zeros(16))
    assert neighbours.usual(apart, 9.0) == pytest.approx(0.0)


def test_one_that_creeps_away_drifts_and_its_neighbours_do_not():
    """Of three gauges of one tide the one that departs is told from the two; they see that only one of their neighbours has."""
    own = TIDE + RAMP
    assert judge(own, TIDE + 3.0, TIDE - 1.0) == DRIFT
    assert judge(TIDE, own, TIDE - 1.0) == SOUND
    assert judge(TIDE, TIDE + 3.0, TIDE - 1.0) == SOUND


def test_a_step_away_is_no_drift_and_of_what_may_be_local_nothing_at_all():
    """At once is another reason than slowly; a leak beside one monitor is no fault of it."""
    step = TIDE + np.where(HOURS > 33, 4.0, 0.0)
    assert judge(step, TIDE, TIDE + 1) == APART
    assert judge(step, TIDE, TIDE + 1, slow=0.2) == SOUND
    assert judge(TIDE + RAMP, TIDE, TIDE + 1, slow=0.2) == DRIFT


def test_what_neighbours_do_not_agree_on_is_nobodys_drift():
    """At the rim of an eye each station departs from each other by something else."""
    assert judge(np.zeros(SPAN), RAMP, -RAMP, RAMP * 2, -RAMP * 3) == SOUND


def test_of_two_that_part_the_one_is_doubted_who_also_leaves_those_further_away():
    """A pair alone cannot tell; with others further away the one that moved is blamed, and the other never."""
    assert judge(RAMP, np.zeros(SPAN)) == SOUND
    far = [np.zeros(SPAN) + 1, np.zeros(SPAN) - 2]
    assert judge(RAMP, np.zeros(SPAN), far=far, far_of_near=far) == DRIFT
    assert judge(np.zeros(SPAN), RAMP, far=far, far_of_near=far) == SOUND


def test_a_flood_that_all_neighbours_have_is_good():
    """Three metres in six hours at each gauge of a site."""
    flood = np.maximum(HOURS - 29, 0) * 0.5
    assert judge(flood, flood * 1.02 + 1, flood * 0.97) == SOUND


def member(series, lon, lat, level=None):
    return Member(series, f"g{series}", "", Beside(lon, lat, level))


def test_neighbours_are_near_alike_and_other_devices():
    """Within `km`, with levels that are nearly the same, one series a device; further ones within `far` are the others."""
    here = [
        member(1, 117.0, 24.0, 3.0), member(2, 117.001, 24.0, 3.1), member(3, 117.001, 24.0, 0.1), member(4, 117.0, 24.1, 3.0),
        Member(5, "g2", "F5", Beside(117.002, 24.0, 3.1)), member(6, 117.0, 25.0, 3.0), member(7, 117.0, 24.0),
    ]  # fmt: skip
    found = lists(reversed(here), Rule(km=0.6, far=40, room=0.2, most=4, alike=0.2))
    assert [one.series for one in found.members] == [1, 2, 5, 3, 4, 6, 7]
    assert found.near[0].tolist() == [1, -1, -1, -1]
    assert found.far[0].tolist()[:2] == [4, -1]
    assert found.near[6].tolist() == [-1] * 4


def test_what_is_compared_follows_from_property_place_and_levels():
    """No place or no rule: nothing. The lowest registered level counts, however the thresholds are written."""
    assert beside("water_level", "instant", None, 24.0, {}) is None
    assert beside("wind_direction", "instant", 117.0, 24.0, {}) is None
    assert beside("water_level", "sum/PT1H", 117.0, 24.0, {}) is None
    told = {"water_level": {"watch": 2.8, "danger": 4.0}}
    assert beside("water_level", "instant", 117.0, 24.0, told) == Beside(117.0, 24.0, 2.8)
    assert beside("water_level", "instant", 117.0, 24.0, {"water_level": {"level": {"danger": 4}}}) == Beside(117.0, 24.0, 4.0)
    assert beside("air_pressure", "mean/PT10M", 117.0, 24.0, told) == Beside(117.0, 24.0)
    assert all(rule.instead in rules() or rule.only or rule.room > 0 for rule in rules().values())
