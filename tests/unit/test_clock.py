"""A run's own time, and its chance."""

import statistics

import pytest

from sensing.times import DAY, MINUTE, SECOND
from simulators.clock import MAX_SPEED, Clock, dice, jitter

START = 1_790_000_017_000_000  # 2026-09-21T14:13:37Z


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
