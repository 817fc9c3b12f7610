"""Value and clock faults: what a device claims when its sensor, its memory or its clock is wrong.

Readings change before they are encoded; the truth stays, and beside it stands what is said instead. A fault is a function of
(episode, time of the observation), so two reports about one minute say the same wrong thing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple

from msgspec.structs import replace as with_fields

from sensing import properties, units
from sensing.model import Micros, Reading
from sensing.times import HOUR, MINUTE

from ..clock import jitter
from ..said import Saying, Truth
from .book import Sizes, book
from .episodes import Episode
from .kinds import BIT, Kind

_DERIVED = {"distance_to_surface": "water_level"}
"""What the store makes of a reading beside itself, falling as it rises."""
_SPIKE_LATEST = 2 * HOUR
"""A spike waits so long for a value to befall."""


class Change(NamedTuple):
    """What is said instead of one true value. place: in `Saying.truth`. kinds: bits."""

    place: int
    said: float | None
    said_time: Micros
    kinds: int


class Pair(NamedTuple):
    """A reading and the true values that come of it: (index in truth, +1 or -1)."""

    reading: int
    truths: tuple[tuple[int, int], ...]


@dataclass
class Course:
    """What an episode has settled on once it began. tries: which of its candidates (factors, sentinels) the wire could hold."""

    property: str | None = None
    at: Micros | None = None
    tries: int = 0
    barred: bool = False
    planted: bool = False
    held: dict[tuple[str, str, str], float] = field(default_factory=dict)


class Sensors:
    """The value faults of one device. Remembers what its episodes settled on: a few numbers an episode."""

    def __init__(self, episodes: list[Episode], units_of: Mapping[str, str]) -> None:
        self._episodes = [(episode, Course()) for episode in episodes]
        self._units = units_of
        self._decimals: dict[str, int] = {}

    def change(self, saying: Saying) -> tuple[Saying, dict[int, Change], list[tuple[Episode, Course]]]:
        """What is said at this moment: readings, changes by index of truth, and the episodes at work."""
        readings = list(saying.readings)
        changes: dict[int, Change] = {}
        at_work = []
        for episode, course in self._episodes:
            if course.barred or not _near(episode, saying.time):
                continue
            touched = False
            for pair in self._victims(episode, course, saying):
                touched |= self._befall(episode, course, pair, saying, readings, changes)
            if touched:
                at_work.append((episode, course))
        return (saying.with_readings(readings) if changes else saying), changes, at_work

    def _victims(self, episode: Episode, course: Course, saying: Saying) -> Iterator[Pair]:
        if course.property is None:
            able = sorted({reading.property or "" for reading in saying.readings if _able(episode.kind, reading)})
            if not able or saying.time < episode.begin:
                return
            course.property = episode.chance("property").choice(able)
        for pair in pairs(saying, course.property):
            time = saying.truth[pair.truths[0][0]].time
            if episode.kind is Kind.SPIKE:
                if course.at is None and episode.begin <= time < episode.begin + _SPIKE_LATEST:
                    course.at = time
                if time == course.at:
                    yield pair
            elif episode.begin <= time < episode.end:
                yield pair

    def _befall(
        self, episode: Episode, course: Course, pair: Pair, saying: Saying, readings: list[Reading], changes: dict[int, Change]
    ) -> bool:
        reading, original = readings[pair.reading], saying.readings[pair.reading]
        sizes = book().sizes[course.property or ""]
        if not sizes.touches(reading.statistic):
            return False
        convert = converter(self._units.get(reading.property or "") or reading.unit, reading.property or "")
        old = float(reading.value)  # type: ignore[arg-type]  # `pairs` gives numbers
        self._decimals[original.code] = max(self._decimals.get(original.code, 0), _decimals(original.value))
        new = self._wrong(episode, course, reading, old, saying.truth[pair.truths[0][0]], sizes, convert)
        if new is None:
            return False
        if saying.device.adapter == "lorawan":  # its bytes have no room for more decimals than the sensor has
            new = round(new, self._decimals[original.code])
        readings[pair.reading] = with_fields(reading, value=new)
        by = convert(new) - convert(float(original.value))  # type: ignore[arg-type]
        for index, sign in pair.truths:
            truth = saying.truth[index]
            assert truth.result is not None
            before = changes[index].kinds if index in changes else 0
            changes[index] = Change(index, round(truth.result + sign * by, 6), truth.time, before | 1 << BIT[episode.kind])
        return True

    def _wrong(
        self, episode: Episode, course: Course, reading: Reading, old: float, truth: Truth, sizes: Sizes, convert: Any
    ) -> float | None:
        """The wire value that is said instead of `old`; None when this kind has nothing to say here."""
        digits = self._decimals[reading.code]
        slope = convert(1.0) - convert(0.0)
        if episode.kind is Kind.STUCK:
            return course.held.setdefault((reading.code, reading.statistic, reading.channel), old)
        if episode.kind is Kind.DRIFT:
            sign = 1 if episode.chance("sign").random() < 0.5 else -1
            by = sign * (sizes.drift or 0.0) * episode.size * (truth.time - episode.begin) / HOUR
            low, _ = _span(truth.property)
            return float(round(max(old + by / slope, (low - convert(0.0)) / slope), digits))
        if episode.kind is Kind.SPIKE:
            by = (sizes.spike or 0.0) * episode.size * (1 if episode.chance("sign").random() < 0.5 else -1)
            low, high = _span(truth.property)
            now = convert(old)
            return float(round(old + (by if low <= now + by <= high else abs(by)) / slope, digits))
        if episode.kind is Kind.UNIT_FLIP:
            factors = _shuffled(episode, sizes.factors)
            factor = factors[course.tries % len(factors)]
            return round(old * factor, digits + 3 if factor < 1 else digits)
        codes = [code for code in _shuffled(episode, tuple(sorted(_sentinels(truth.property)))) if round(code, digits) == code]
        course.barred = not codes  # what the wire would round is no sentinel any more
        return codes[course.tries % len(codes)] if codes else None


def retreat(episode: Episode, course: Course) -> None:
    """The wire cannot hold what the episode wants to say: try its next candidate, or leave the device alone."""
    course.tries += 1
    sizes = book().sizes[course.property or ""]
    candidates = {Kind.UNIT_FLIP: len(sizes.factors), Kind.SENTINEL: len(_sentinels(course.property or ""))}
    course.barred = course.tries >= candidates.get(episode.kind, 0)


def shift(episode: Episode, time: Micros, unset: tuple[Micros, ...]) -> Micros:
    """How far a device's clock is off at a time, whole minutes; positive is ahead."""
    if episode.kind is Kind.CLOCK_STEP:
        ahead = jitter(episode.seed, "step", episode.victim, episode.begin) < 0.5
        return round(episode.size) * MINUTE * (1 if ahead else -4)
    if episode.kind is Kind.CLOCK_SKEW:
        return int(episode.size * (time - episode.begin) / HOUR) * MINUTE
    base = unset[episode.chance("unset").randrange(len(unset))]
    return (base - episode.begin) // MINUTE * MINUTE


def shifted(saying: Saying, by: Micros) -> Saying:
    """The same message as a device says it whose clock is off."""
    return replace(saying, time=saying.time + by, readings=[
        with_fields(reading, time=_plus(reading.time, by), begin=_plus(reading.begin, by), wire_time=_plus(reading.wire_time, by),
                    sent=reading.sent + by if reading.sent else 0)
        for reading in saying.readings])  # fmt: skip


def late_clock(saying: Saying, changes: dict[int, Change], by: Micros, kind: Kind) -> None:
    """Every true value of a message is said at another time."""
    for index, truth in enumerate(saying.truth):
        before = changes.get(index) or Change(index, truth.result, truth.time, 0)
        changes[index] = Change(index, before.said, before.said_time + by, before.kinds | 1 << BIT[kind])


def pairs(saying: Saying, name: str) -> list[Pair]:
    """Readings of a property with the true values that come of them, in order; [] where they do not fit one another."""
    said = [number for number, reading in enumerate(saying.readings) if reading.property == name and _is_number(reading)]
    own = _truths(saying, name)
    derived = _truths(saying, _DERIVED[name]) if name in _DERIVED else []
    if len(own) != len(said) or (derived and len(derived) != len(said)):
        return []
    if derived:
        return [Pair(r, ((t, 1), (d, -1))) for r, t, d in zip(said, own, derived, strict=True)]
    return [Pair(r, ((t, 1),)) for r, t in zip(said, own, strict=True)]


def _truths(saying: Saying, name: str) -> list[int]:
    return [
        index
        for index, truth in enumerate(saying.truth)
        if truth.property == name and truth.result is not None and truth.thing in ("", saying.device.id)
    ]


def _near(episode: Episode, time: Micros) -> bool:
    """Whether a message sent at `time` may hold values of an episode: blocks tell of an hour before."""
    return episode.begin <= time < episode.end + _SPIKE_LATEST


def _able(kind: Kind, reading: Reading) -> bool:
    sizes = book().sizes.get(reading.property or "")
    if sizes is None or not _is_number(reading) or not sizes.touches(reading.statistic):
        return False
    if kind is Kind.SPIKE:
        return sizes.spike is not None
    if kind is Kind.DRIFT:
        return sizes.drift is not None
    if kind is Kind.STUCK:
        return sizes.stuck
    return bool(sizes.factors) if kind is Kind.UNIT_FLIP else bool(_sentinels(reading.property or ""))


def _is_number(reading: Reading) -> bool:
    return isinstance(reading.value, (int, float)) and reading.result is None


def _sentinels(name: str) -> frozenset[float]:
    found = properties.get(name)
    return found.sentinels if found else frozenset()


def _span(name: str) -> tuple[float, float]:
    found = properties.get(name)
    return found.range if found and found.range else (float("-inf"), float("inf"))


@lru_cache(maxsize=512)
def converter(unit: str | None, name: str) -> Any:
    found = properties.get(name)
    convert = units.converter(unit, found.unit) if unit and found else None
    return convert or float


def _shuffled(episode: Episode, candidates: tuple[float, ...]) -> list[float]:
    mixed = list(candidates)
    episode.chance("candidates").shuffle(mixed)
    return mixed


def _decimals(value: object) -> int:
    text = repr(value)
    return 0 if isinstance(value, int) or "e" in text or text.endswith(".0") else len(text.partition(".")[2])


def _plus(time: Micros | None, by: Micros) -> Micros | None:
    return None if time is None else time + by
