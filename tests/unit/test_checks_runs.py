"""Kernels of the checks where something is missing: silences, values out of range, one odd value, a trail that begins in the middle."""

import numpy as np

from sensing.checks import judge, limits
from sensing.checks.limits import Limits
from sensing.paths import config_dir
from sensing.things import load_types
from sensing.times import HOUR, MINUTE

AT = 1_500_000_000_000_000
STUCK = Limits(stuck=2 * HOUR, step=0.25)
UNITS = Limits(factors=(0.001, 100.0, 1000.0), least=0.3)


def found(values, fields, minutes=5, **more):
    """Names of the codes, "" for none; a value of None is a silence."""
    kept = [(place, value) for place, value in enumerate(values) if value is not None]
    times = np.array([AT + place * minutes * MINUTE for place, _ in kept])
    codes = judge.judge(times, np.array([value for _, value in kept], float), fields, **more)
    return [judge.NAMES[code] for code in codes]


def moving(count, begin=1.0):
    return [begin + 0.01 * place for place in range(count)]


def test_a_silence_ends_no_stuck_run():
    """An hour and a half of one number, four hours of silence, the same number for an hour and a half: it was stuck, but for its first half hour."""
    told = found(moving(24) + [2.0] * 19 + [None] * 48 + [2.0] * 19 + [2.05], STUCK)
    assert told == [""] * 30 + ["flat_line"] * 32 + [""]
    assert not any(found(moving(24) + [2.0] * 13 + [None] * 48 + [2.0] * 6 + [2.05], STUCK))


def test_one_other_value_ends_no_stuck_run():
    """Whatever it was, the sensor went on to say what it had said; a level that goes to and fro at rest has no such runs."""
    told = found(moving(24) + [2.0] * 26 + [2.02] + [2.0] * 26, STUCK)
    assert told.count("flat_line") == 26 + 26 - 6 + 1
    assert not any(found([2.0, 2.0, 2.01] * 60, STUCK))


def test_what_turns_in_its_last_digit_does_not_move():
    """A barometer of whole hectopascals goes to and fro between two of them, and then says one for hours: a calm night."""
    assert not any(found([1002.0, 1003.0] * 12 + [1002.0] * 120, Limits(stuck=8 * HOUR)))
    assert "flat_line" in found([1002.0, 1003.0, 1004.0, 1003.0] * 9 + [1002.0] * 120, Limits(stuck=8 * HOUR))


def test_a_long_stuck_run_goes_on_where_its_beginning_is_no_longer_at_hand():
    """Nothing tells that it had been moving but what its first value was judged; another number ends it."""
    held = [2.0] * 100 + moving(30, 2.01)
    assert not any(found(held, STUCK))
    assert found(held, STUCK, first=judge.FLAT_LINE) == ["flat_line"] * 100 + [""] * 30


def test_a_value_whose_other_neighbour_is_hours_away_is_not_believed_alone():
    """56 mm before a silence, and none after it; a step that stands after the silence was one."""
    fields = Limits(spike=32.0)
    gap = [None] * 60
    assert found([0.2, 0.2, 56.9, *gap, 0.1, 0.1], fields) == ["", "", "spike", "", ""]
    assert found([0.2, 0.2, 56.9, *gap, 57.0, 57.0], fields) == [""] * 5
    assert found([0.2, 0.2, *gap, 56.9, 0.1, 0.1], fields) == ["", "", "spike", "", ""]
    day = [None] * 150
    assert found([0.2, 0.2, 56.9, *day, 57.0, 57.0], fields)[2] == "spike"
    assert found([0.2, 0.2, *day, 56.9, 0.1, 0.1], fields) == [""] * 5


def test_the_way_back_from_another_unit_tells_of_it():
    """Of an hour in thousandths most was out of range; what is left was wrong, and what comes after it is not."""
    told = found([3.2, 3.3] + [None] * 20 + [2000.0 - place for place in range(3)] + [1.9, 1.8] * 70, UNITS)
    assert told == [""] * 2 + ["unit_flip"] * 3 + [""] * 140


def test_another_unit_ends_where_values_are_home_again():
    """The level fell to zero in centimetres before it came back in metres: what is near to how it began is not doubted for hours."""
    told = found([0.2, 0.2, 20.0, 15.0, 8.0, -1.0] + [0.9] * 100, UNITS)
    assert told == [""] * 2 + ["unit_flip"] * 4 + [""] * 100


def test_a_step_of_the_world_is_no_way_back():
    """A drift that ends, and then another unit: each is what it is."""
    told = found([5.0, 4.0, 2.0] + [95.0] * 6 + [0.95] * 6, Limits(factors=(0.01,), least=5.0))
    assert told == [""] * 9 + ["unit_flip"] * 6


def test_a_stack_goes_with_its_furnace_and_an_analyser_that_hangs_does_not():
    """Eight per cent from minute to minute, and twice as much in one, pass; the same to the last digit for an hour does not."""
    fields = limits.limits("so2", "instant", limits.read(load_types(config_dir() / "things")["stack-monitor"].checks))
    assert fields.apart
    chance = np.random.default_rng(2)
    smoke = np.round(25_000 * (1 + 0.08 * chance.normal(size=300)))
    smoke[200:] *= 2
    assert not any(found(smoke.tolist(), fields, 1))
    assert found([*smoke[:180].tolist(), *([24_899.0] * 90)], fields, 1)[180 + 30 :] == ["flat_line"] * 60


def test_air_is_never_so_dry():
    """Less than a few per cent of humidity is a sensor at its end, not the weather of this coast."""
    assert found([81.0, 80.0, 2.0], limits.limits("relative_humidity", "instant"))[2] == "climatology"
