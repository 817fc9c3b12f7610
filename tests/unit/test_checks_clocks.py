"""Clocks that were put back: what their rows share, and what late data look like beside them."""

import numpy as np
import pytest

from sensing.checks import clocks
from sensing.times import HOUR, MINUTE, SECOND
from tests.house import House, reading
from tests.unit.test_checks_store import CHECKS, say, shown

AT = 1_500_000_000_000_000


def behind(first, count, lag, prompt, again=(), step=5 * MINUTE, heard_step=5 * MINUTE):
    """Rows from AT + first on; times told promptly; which told again."""
    times = AT + first + np.arange(count) * step
    heard = AT + first + lag + np.arange(count) * heard_step
    flags = np.isin(np.arange(count), again)
    return clocks.behind(times, heard, flags, AT + np.array(sorted(prompt), np.int64)).tolist()


def steps(begin, end):
    return range(begin * HOUR, end * HOUR, 5 * MINUTE)


def test_what_lags_as_those_that_told_again_is_of_the_same_clock():
    """Five hours late: the first hours fall among what was told, the later ones where the device was silent by then."""
    assert behind(0, 72, 5 * HOUR, steps(0, 5), range(10)) == [True] * 72
    assert behind(0, 72, 5 * HOUR, steps(-9, -5), range(2)) == [True] * 2 + [False] * 70


def test_a_clock_put_back_to_before_all_that_was_told():
    """Nothing stands there, but newer things had been told, and the present stays empty while these come."""
    assert all(behind(-6 * HOUR, 24, 8 * HOUR, steps(0, 2)))
    assert not any(behind(-6 * HOUR, 24, 8 * HOUR, steps(0, 4)))


def test_late_data_are_believed():
    """A way that delays all by hours tells of what follows on; what was kept comes faster than it was measured; a few prove nothing."""
    assert not any(behind(2 * HOUR, 60, 3 * HOUR, steps(0, 2)))
    assert not any(behind(2 * HOUR, 60, 6 * HOUR, steps(0, 2), heard_step=SECOND))
    assert not any(behind(-6 * HOUR, 4, 8 * HOUR, steps(0, 2)))


@pytest.fixture
def house(tmp_path):
    found = House(tmp_path)
    found.device("g1", settings={"checks": CHECKS})
    yield found
    found.close()


def put_back(house, places, by):
    """Values with a clock that is `by` behind."""
    for place in places:
        time = house.now + place * 5 * MINUTE
        house.send("g1", reading("g1", 2.0 + place / 1000, time - by), received=time)


def flags_of(house, low):
    """(quality, reason) of values from `low` on."""
    return {flag[1:] for flag in shown(house) if flag[0] >= low}


def test_rows_before_the_first_value_are_doubted_when_they_can_be_nothing_else(house):
    """Two hours prompt, then an hour and a half dated eight hours earlier; what is prompt again is good, and so after a restart."""
    say(house, *(1.0 + 0.01 * place for place in range(24)))
    put_back(house, range(24, 42), 8 * HOUR)
    assert flags_of(house, 2.0) == {(4, "clock")}
    house.work = house.make_work()
    say(house, *(1.0 + 0.01 * place for place in range(6)), first=42)
    assert flags_of(house, 2.0) == {(4, "clock")}
    assert {flag[1:] for flag in shown(house) if flag[0] < 2.0} == {(1, "")}


def test_rows_past_the_last_prompt_value_share_the_doubt(house):
    """Two hours behind for three hours: the first two fall among what was told, the third where nothing was, and is newer than all."""
    say(house, *(1.0 + 0.001 * place for place in range(40)))
    put_back(house, range(40, 76), 2 * HOUR)
    assert flags_of(house, 2.0) == {(4, "clock")}


def test_what_was_told_of_a_time_is_no_spike_beside_what_is_no_value(house):
    """A clock that is behind tells 99 m of a time that was told: that is out of range, whichever of the two is served."""
    say(house, *(1.0 + 0.001 * place for place in range(24)))
    for place in range(24, 36):
        time = house.now + place * 5 * MINUTE
        house.send("g1", reading("g1", 99.0, time - 2 * HOUR), received=time)
    rows = house.work.store.connection.execute("SELECT result, quality, reason, served FROM hot")
    said = [(result, quality, reason, served) for result, quality, reason, served in rows]
    assert any(result < 2 and not served for result, _, _, served in said)
    assert {(quality, reason) for result, quality, reason, _ in said if result < 2} == {(1, 0)}
