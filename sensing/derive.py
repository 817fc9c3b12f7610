"""What rules watch beside the values themselves: sums, means, rates of rise, the time until a level is reached. Pure, in event time.

Each is a function of the samples of a window that ends with one of them, and of nothing else, so the order of arrival cannot change it:

    sum        of the values in (t - over, t]                          a rain gauge's amounts, each told at its end
    mean       of the same, when they span three quarters of the window
    rise       (last - first) / hours between them, in [t - over, t]   when they span half of it
    crossing   hours until the next level is reached, at the rate of the line that fits the window best; FAR when it does not rise.
               The next level lies above all of the window: one that was reached in it is not foretold again.
               Where the window comes nearer to it than `room`, a crossing is never so soon that an event begins
    grades     the number of the highest grade whose sum is reached, and a thousandth of that sum; below them all, the part of the first

A crossing's uncertainty is that of the line's slope and scatter, twice the standard error each way (ordinary least squares).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from math import sqrt
from typing import Any

from .events import Episode, Machine
from .model import Micros
from .rules import CROSSING, GRADES, MEAN, RISE, SEVERITIES, SUM, Rule, span_word
from .times import HOUR

FAR = 9_999.0
"""Hours to a crossing that is none."""
_DIGITS = 6
_ROUNDED = 1e-5
"""More than rounding to `_DIGITS` can move a value."""
_MOST_SUM = 999.9
EXACT = 1e-3
"""How much a bound of a sum may be off by rounding."""
_ROUGH = 3
"""A crossing that is so many times further than what ends an event, by first and last value alone, is not looked at more closely."""
_FEWEST, _SURE, _RISES = 3, 2.0, 3.0
"""Samples that a line takes; standard errors of its uncertainty; how many its slope must be above none: less is what waves make."""
Times = Sequence[Micros]
Values = Sequence[float]


def value(rule: Rule, times: Times, values: Values, at: int) -> float | None:
    """What a rule watches at the sample `at`; None where the window holds too little. times ascend; those before the window do not matter."""
    take = rule.take
    if take == SUM:
        return _sum(times, values, at, rule.over)
    if take == GRADES:
        return _grade(rule, times, values, at)
    if take == RISE:
        return _rise(times, values, at, rule.over)
    if take == CROSSING:
        return _hours(rule, times, values, at)
    if take == MEAN:
        first = bisect_right(times, times[at] - rule.over, 0, at + 1)
        if (times[at] - times[first]) * 4 >= rule.over * 3:
            return round(sum(values[first : at + 1]) / (at + 1 - first), _DIGITS)
        return None
    return values[at]


def quiet(rule: Rule, low: float, high: float) -> bool:
    """Whether whatever lies in windows between two values leaves the rule calm: then none of it need be looked at. Of sums `bound` says so."""
    take = rule.take
    if take in ("", MEAN):
        return (high if rule.sign > 0 else -low) < rule.clear - (_ROUNDED if take else 0.0)
    if take == RISE:
        return (high - low) * 2 * HOUR < (rule.clear - _ROUNDED) * rule.over
    if take == CROSSING:
        worst = high if rule.toward > 0 else -low
        gap = rule.targets[0][0] - worst
        return high == low or (gap > 0 and gap * rule.over > -_ROUGH * (rule.clear - _ROUNDED) * (high - low) * 2 * HOUR)
    return False


def bound(rule: Rule, before: float, result: float) -> float:
    """What a sum can be at most, one sample after it was `before`: as long as that is calm, none need be made. Infinity where nothing says."""
    return before + result if result >= 0.0 and rule.take in (SUM, GRADES) and rule.sign > 0 else float("inf")


def still(rule: Rule, values: Values) -> bool:
    """Whether whatever windows over some of these values make leaves the rule calm, and so does what any of them alone makes."""
    if rule.take not in (SUM, GRADES):
        return quiet(rule, min(values), max(values))
    return rule.sign > 0 and min(values) >= 0.0 and sum(values) < calm_below(rule) - EXACT


def calm_below(rule: Rule) -> float:
    """A bound below which the rule is calm."""
    if rule.take == GRADES:
        return min(rule.clear * rule.grades[0][1], *(at for _, at, _ in rule.grades))
    return rule.clear


def widest(rule: Rule, times: Times, values: Values, at: int) -> float:
    """The exact sum that `bound` may go on from; infinity where one of its parts is below zero, for it grows when that part leaves."""
    if rule.take not in (SUM, GRADES):
        return float("inf")
    part = values[bisect_right(times, times[at] - rule.over, 0, at + 1) : at + 1]
    return float("inf") if min(part) < 0 else sum(part)


def _sum(times: Times, values: Values, at: int, over: Micros) -> float:
    return round(sum(values[bisect_right(times, times[at] - over, 0, at + 1) : at + 1]), _DIGITS)


def _grade(rule: Rule, times: Times, values: Values, at: int) -> float:
    """Higher grades mostly have shorter windows, so the sum of one goes on from that of the one above it."""
    total, found, first, reach = 0.0, 0.0, at + 1, 0
    for number in range(len(rule.grades), 0, -1):
        over, least, _ = rule.grades[number - 1]
        if over != reach:
            if over < reach:
                total, first = 0.0, at + 1
            last, first, reach = first, bisect_right(times, times[at] - over, 0, first), over
            total += sum(values[first:last])
            found = round(total, _DIGITS)
        if found >= least:
            return round(number + min(found, _MOST_SUM) / 1000, _DIGITS)
    return round(min(found / rule.grades[0][1], 0.999), _DIGITS)


def _rise(times: Times, values: Values, at: int, over: Micros) -> float | None:
    first = bisect_left(times, times[at] - over, 0, at)
    span = times[at] - times[first]
    return round((values[at] - values[first]) * HOUR / span, _DIGITS) if span * 2 >= over else None


def _hours(rule: Rule, times: Times, values: Values, at: int) -> float | None:
    """Hours to the next crossing; the cheap questions first, for nearly always it does not rise."""
    first = bisect_left(times, times[at] - rule.over, 0, at)
    if (times[at] - times[first]) * 2 < rule.over or at - first + 1 < _FEWEST:
        return None
    rise = (values[at] - values[first]) * rule.toward
    if rise <= 0:
        return FAR
    window = values[first : at + 1]
    found = _next(rule, window)
    if found is None:
        return FAR
    gap = found[0] - values[at] * rule.toward
    rough = gap * (times[at] - times[first]) / (rise * HOUR)
    if rough > -_ROUGH * rule.clear:
        return min(FAR, round(rough, _DIGITS))
    slope, error, _ = _line(times, values, first, at)
    if not slope * rule.toward > _RISES * error:  # it may be noise
        return FAR
    hours = round(gap / (slope * rule.toward), _DIGITS)
    # So near, any shaking would be foretold again and again: it may go on, and does not begin.
    if found[0] - _worst(rule, window) < rule.room:
        hours = max(hours, -0.5 * (rule.levels[0][0] + rule.clear))
    return min(FAR, hours)


def _worst(rule: Rule, window: Values) -> float:
    return max(window) if rule.toward > 0 else -min(window)


def _next(rule: Rule, window: Values) -> tuple[float, int] | None:
    """The lowest level (times its sign) that nothing in the window has reached."""
    worst = _worst(rule, window)
    for target in rule.targets:
        if target[0] > worst:
            return target
    return None


def _line(times: Times, values: Values, first: int, at: int) -> tuple[float, float, float]:
    """(slope per hour, its standard error, standard error of a value) of the line through the samples."""
    end, last, n = times[at], values[at], at + 1 - first
    sx = sy = sxx = sxy = syy = 0.0
    for place in range(first, at + 1):
        x, y = (times[place] - end) / HOUR, values[place] - last
        sx, sy, sxx, sxy, syy = sx + x, sy + y, sxx + x * x, sxy + x * y, syy + y * y
    spread, common = sxx - sx * sx / n, sxy - sx * sy / n
    slope = common / spread
    scatter = sqrt(max(0.0, syy - sy * sy / n - slope * common) / max(1, n - 2))
    return slope, scatter / sqrt(spread), scatter


def forecast(rule: Rule, times: Times, values: Values, at: int) -> dict[str, Any] | None:
    """When the next level is reached: {level, value, at, earliest, latest (None: perhaps never)}, µs; None when nothing is foretold."""
    hours = _hours(rule, times, values, at)
    first = bisect_left(times, times[at] - rule.over, 0, at)
    found = _next(rule, values[first : at + 1])
    if hours is None or hours > -_ROUGH * rule.clear or found is None:
        return None
    slope, error, scatter = _line(times, values, first, at)
    rate, gap = slope * rule.toward, found[0] - values[at] * rule.toward
    fast, slow = rate + _SURE * error, rate - _SURE * error
    soonest, latest = max(0.0, gap - _SURE * scatter) / fast, (gap + _SURE * scatter) / slow if slow > 0 else None
    now = times[at]
    return {
        "level": SEVERITIES[found[1]], "value": found[0] * rule.toward, "at": now + int(hours * HOUR),
        "earliest": now + int(soonest * HOUR), "latest": None if latest is None or latest >= FAR else now + int(latest * HOUR),
    }  # fmt: skip


def step(machine: Machine, rule: Rule, times: Times, values: Values, at: int) -> Episode | None:
    """Take what a rule watches at the sample `at`; returns the episode that began, changed or ended with it."""
    found = value(rule, times, values, at)
    if found is None or (found * rule.sign < rule.clear and machine.calm):
        return None
    episode = machine.step(rule, times[at], found)
    if episode is not None and rule.take == CROSSING and episode.peak_time == times[at]:
        episode.forecast = forecast(rule, times, values, at)
    return episode


def shown(rule: Rule, found: float) -> float:
    """A value of a rule as people are told it: of grades the sum that is in it."""
    if rule.take != GRADES:
        return found
    number = int(found)
    return round((found - number) * 1000, 3) if number else round(found * rule.grades[0][1], 3)


def about(rule: Rule, episode: Episode) -> dict[str, Any]:
    """What an event says beside severity and value: the name of its level (of grades the colour), the window."""
    told: dict[str, Any] = {}
    number = int(episode.peak) - 1 if rule.take == GRADES else episode.severity
    if rule.take != CROSSING and 0 <= number < len(rule.names) and rule.names[number]:
        told["colour" if rule.take == GRADES else "level"] = rule.names[number]
    if rule.take:
        told["over"] = span_word(rule.grades[number][0] if rule.take == GRADES and number >= 0 else rule.over)
    if episode.forecast is not None:
        told["forecast"] = episode.forecast
    return told
