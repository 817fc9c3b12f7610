"""Events of our own: episodes in which a datastream stands above its thresholds. Pure, in event time; the store keeps them.

    value        lowest level ─────────────────┬─────────────  at or above: an episode begins (with `for`: once it has lasted)
                 clear = lowest - hysteresis ──┼─────────────  below: it ends; and whatever went before, the machine is calm

Only served values of quality GOOD are samples; suspect, failed, missing and test values neither begin nor end anything.
Between two samples below `clear` there is at most one episode, and it depends on nothing outside them. So a late or changed value bears
on the samples between the last such one before it and the first after it, and on no others: that span is evaluated again.
This is about what we find ourselves; events that others tell us come through the adapter `events`.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from msgspec import Struct, field

from .model import Micros
from .rules import SEVERITIES, Rule

OPEN, CLOSED, WITHDRAWN = "open", "closed", "withdrawn"
STATES = (OPEN, CLOSED, WITHDRAWN)


class Step(Struct, array_like=True, gc=False):
    """A severity (index in SEVERITIES) that was reached, when, and with which value."""

    severity: int
    time: Micros
    value: float


class Episode(Struct, array_like=True):
    """One stay above the lowest level. start: when that was reached. end: the first sample below `clear`; None while it lasts.

    steps: severities as they were reached, each higher than the one before. peak: the worst value, and the first time it was there.
    forecast: of a crossing, what was foretold at the peak (derive.forecast).
    """

    start: Micros
    peak: float
    peak_time: Micros
    steps: list[Step] = field(default_factory=list)
    end: Micros | None = None
    forecast: dict[str, Any] | None = None

    @property
    def severity(self) -> int:
        """The highest that was reached."""
        return self.steps[-1].severity

    @property
    def raised(self) -> Micros:
        """When it became an event: later than `start` where a level must last."""
        return self.steps[0].time

    def overlaps(self, begin: Micros, end: Micros | None) -> bool:
        """Whether it shares an instant with begin..end."""
        return (end is None or self.start <= end) and (self.end is None or begin <= self.end)


class Speaker(Struct, frozen=True):
    """Who is missed when nothing comes: a thing in a run. limit: how long it may be silent, µs of event time."""

    thing: str
    run: str
    origin: str
    adapter: str
    native: str
    principal: str
    domain: str
    limit: Micros


class Watched(Struct, frozen=True):
    """What an observation is watched by: rules of its datastream, and whether its thing is missed when it falls silent.

    domain: of its thing, for the events that may come of it.
    """

    rules: tuple[Rule, ...]
    domain: str
    speaker: Speaker | None = None


class Machine(Struct):
    """What is remembered between samples of one datastream. since: per level, when the samples that are there now began to be.

    rising: a stay that may become an episode, when levels must last. It is JSON, for the store keeps one where older samples go.
    """

    since: list[Micros | None] = field(default_factory=list)
    rising: Episode | None = None
    episode: Episode | None = None

    @property
    def calm(self) -> bool:
        """Whether a sample below `clear` changes nothing."""
        return self.rising is None and self.episode is None

    def step(self, rule: Rule, time: Micros, result: float) -> Episode | None:
        """Take the next sample; returns the episode that began, changed or ended with it."""
        value = result * rule.sign
        if value < rule.clear:
            ended, self.episode, self.rising, self.since = self.episode, None, None, []
            if ended is not None:
                ended.end = time
            return ended
        if self.episode is None and value < rule.levels[0][0]:
            self.rising, self.since = None, []
            return None
        since = self._lasting(rule, time, value)
        current = self.episode or self.rising
        if current is None:
            current = self.rising = Episode(time, result, time)
        changed = False
        if value > current.peak * rule.sign:
            current.peak, current.peak_time, changed = result, time, True
        reached = -1
        for (_, severity), began in zip(rule.levels, since, strict=True):
            if began is not None and time - began >= rule.hold:
                reached = severity
        if reached >= 0 and (not current.steps or reached > current.severity):
            current.steps.append(Step(reached, time, result))
            self.episode, self.rising, changed = current, None, True
        return current if changed and self.episode is not None else None

    def _lasting(self, rule: Rule, time: Micros, value: float) -> list[Micros | None]:
        since = self.since if len(self.since) == len(rule.levels) else [None] * len(rule.levels)
        self.since = [(began if began is not None else time) if value >= level else None
                      for (level, _), began in zip(rule.levels, since, strict=True)]  # fmt: skip
        return self.since


def event_id(kind: str, thing: str, statistic: str, channel: str, run: str, start: Micros) -> str:
    """12 hex digits that name an event: the same data give the same id, and another start is another event."""
    words = "\x1f".join((kind, thing, f"{statistic}|{channel}", run, str(start)))
    return blake2b(words.encode(), digest_size=6).hexdigest()


def severity_word(severity: int) -> str:
    return SEVERITIES[severity]
