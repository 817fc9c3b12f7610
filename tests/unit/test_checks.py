"""Kernels of the checks by themselves, beside ioos_qc where both mean the same; thresholds as they are read."""

import numpy as np
import pytest
from ioos_qc import qartod

from sensing.checks import flats, flips, judge, limits, spikes
from sensing.checks.limits import Limits
from sensing.errors import ValidationError
from sensing.times import HOUR, MINUTE

AT = 1_500_000_000_000_000


def columns(values, step=5):
    return AT + np.arange(len(values)) * step * MINUTE, np.array(values, float)


def codes(values, **fields):
    return judge.judge(*columns(values), Limits(**fields)).tolist()


def test_spikes_are_those_of_ioos_qc_where_both_look_at_both_neighbours():
    """On random series each of our spikes is one of its differential method too; what it finds more are steps beside a slope, never isolated values."""
    chance = np.random.default_rng(3)
    values = np.cumsum(chance.normal(0, 0.05, 2000))
    planted = chance.choice(np.arange(2, 1998, 5), 40, replace=False)
    values[planted] += chance.choice([-1, 1], 40) * 3
    times, values = columns(values)
    ours = np.nonzero(spikes.spikes(times, values, Limits(spike=1.0)))[0]
    theirs = np.nonzero(qartod.spike_test(values, suspect_threshold=1.0, fail_threshold=2.0, method="differential") > 1)[0]
    assert set(ours) == set(planted)
    assert set(ours) <= set(theirs)


def test_flat_lines_are_those_of_ioos_qc_and_the_run_before():
    """Where ioos_qc says fail after two hours so do we, and of those before them but for half an hour: it was stuck then, and no longer true."""
    chance = np.random.default_rng(4)
    values = np.round(chance.normal(5, 1, 400), 3)
    values[100:140], values[250:270] = 5.0, 6.0
    times, values = columns(values)
    ours = set(np.nonzero(flats.flats(times, values, Limits(stuck=2 * HOUR)))[0])
    theirs = qartod.flat_line_test(
        values, times.astype("datetime64[us]"), suspect_threshold=3600, fail_threshold=7200, tolerance=1e-9
    )
    assert set(np.nonzero(theirs == 4)[0]) <= ours
    assert ours == set(range(106, 140))


def test_a_rate_is_of_the_time_between_and_not_of_one_neighbour():
    """ioos_qc doubts the value after every fast step; we pass a step that the next value stands by, and more in a longer time."""
    times, values = columns([1, 1, 5, 5, 5])
    assert (qartod.rate_of_change_test(values, times.astype("datetime64[us]"), threshold=0.001) > 1).any()
    assert codes([1, 1, 5, 5, 5], spike=1.0) == [0, 0, 0, 0, 0]
    far = np.array([AT, AT + 60 * MINUTE])
    assert spikes.spikes(far, np.array([1.0, 3.5]), Limits(spike=1.0, rate=2.0)).tolist() == [0, 0]
    assert spikes.spikes(far, np.array([1.0, 4.5]), Limits(spike=1.0, rate=2.0)).tolist() == [0, spikes.DOUBTED]


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([1, 1, 9], [0, 0, judge.DOUBTED]),
        ([1, 1, 9, 1], [0, 0, judge.SPIKE, 0]),
        ([1, 1, 9, 9], [0, 0, 0, 0]),
        ([1, 1, 9, 4], [0, 0, judge.RATE, judge.DOUBTED]),
        ([1, -9, 1], [0, judge.SPIKE, 0]),
        ([1, 1, 9, 9.2, 1.1], [0, 0, judge.SPIKE, judge.SPIKE, 0]),
        ([1, 1, 9, 9, 9, 1], [0, 0, 0, 0, 0, judge.DOUBTED]),
    ],
)
def test_a_spike_departs_from_both_neighbours(values, found):
    """The newest is doubted, the one before it settled."""
    assert codes(values, spike=2.0) == found


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([1.0, 1.1, 110, 120, 130, 1.2, 1.2], [0, 0, 1, 1, 1, 0, 0]),
        ([1.0, 1.1, 110, 120, 130], [0, 0, 1, 1, 1]),
        ([1.0, 1.1, 110, 1.2], [0, 0, 0, 0]),
        ([5, 5.1, 18.4, 18.2, 18.0, 5.0, 5.1], [0, 0, 1, 1, 1, 0, 0]),
        ([1.4, 2.9, 9.0, 15.0, 19.0], [0, 0, 0, 0, 0]),
    ],
)
def test_another_unit_jumps_there_and_back(values, found):
    """One value alone is a spike's business; the eye of a typhoon is no change to km/h."""
    times, column = columns(values)
    assert (flips.flips(times, column, Limits(factors=(100.0, 3.6), least=1.0)) != 0).astype(int).tolist() == found


def test_a_run_that_ends_with_a_step_was_stuck_at_least_lately():
    """A gauge that had stood for a day and then is a metre higher: its last three hours are doubted, not the dry day before."""
    found = codes([1.0] * 288 + [2.0, 2.01], step=0.5)
    assert found[-40:] == [0] + [judge.FLAT_LINE] * 37 + [0, 0]
    assert not any(found[:250])


def test_the_season_knows_some_values():
    """Outside of the month's span a value is doubted; AT is in July, at half past ten in the morning."""
    months = tuple([(-30.0, 10.0)] * 6 + [(15.0, 45.0)] + [(-30.0, 10.0)] * 5)
    hours = tuple([(0.0, 1.0)] * 10 + [(0.0, 900.0)] + [(0.0, 1.0)] * 13)
    assert codes([20.0, 5.0], months=months) == [0, judge.CLIMATOLOGY]
    assert codes([800.0, 950.0], hours=hours) == [0, judge.CLIMATOLOGY]


def test_a_device_says_less_and_more_than_its_type_and_the_shipped_thresholds():
    """Field by field; false takes one away, or all of a property."""
    shipped = limits.limits("water_level", "instant")
    own = limits.limits("water_level", "instant", limits.read({"water_level": {"spike": 2, "stuck": False}}))
    assert (own.spike, own.stuck, own.factors) == (2.0, None, shipped.factors)
    assert limits.limits("water_level", "instant", limits.read({"water_level": False})) is None
    assert limits.limits("rainfall", "instant") is None
    assert limits.limits("rainfall", "sum/PT5M").spike == 32


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ({"water_levl": {"spike": 1}}, "water_levl.*is not a property"),
        ({"water_level": {"spik": 1}}, 'no field "spik"'),
        ({"water_level": {"spike": -1}}, "spike -1: not a number from 0 up"),
        ({"water_level": {"stuck": "soon"}}, '"soon": not a duration'),
        ({"water_level": {"months": [[0, 1]]}}, "write 12 of"),
        ({"water_level": {"factors": [1]}}, "neither 0 nor 1"),
        ({"water_level": 3}, "not an object"),
        ([], "not an object"),
    ],
)
def test_wrong_thresholds_are_refused(told, text):
    """What, where, and what to do."""
    with pytest.raises(ValidationError, match=text):
        limits.read(told)


def test_values_of_two_configurations_are_not_compared():
    """Another zero is a step of nobody's water: what stood before it was not stuck, what comes after it is no other unit."""
    values = [1.0] * 24 + [150.0, 150.1, 150.2]
    fields = {"spike": 2.0, "step": 0.25, "factors": (100.0,), "least": 0.3}
    times, column = columns(values)
    assert set(judge.judge(times, column, Limits(**fields)).tolist()) == {0, judge.UNIT_FLIP}
    configs = np.array([0] * 24 + [1] * 3)
    assert not judge.judge(times, column, Limits(**fields), configs).any()
    gap = columns([1.0] * 24 + [1.6, 1.6, 1.6])
    assert judge.FLAT_LINE in judge.judge(*gap, Limits(**fields)).tolist()
    assert not judge.judge(*gap, Limits(**fields), configs).any()
