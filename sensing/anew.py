"""What a stored revision becomes under another configuration when its frame is gone: by arithmetic, from the row itself. Pure.

zero, offset and mount height only ever add to a level (observe.py), so what the old ones added is taken off and what the new ones add
is put on. A level that was measured as a distance is made from the distance again. Units and period rules cannot be undone that
way: of those the stored row stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from . import properties
from .model import Config, Micros, Quality, QualityReason, Thing
from .observe import MICROMETRES, MIRRORED, Observed, is_relative, revision, span

DISTANCE, LEVEL = "distance_to_surface", "water_level"
LEAST_RANK = -1
"""Of "nothing says this any more": whatever is said of that time under the same configuration outranks it."""


class Was(Struct, frozen=True):
    """A stored revision, as far as it bears on what it becomes. reason: why its quality is not GOOD."""

    property: str
    statistic: str
    channel: str
    time: Micros
    begin: Micros | None
    result: float | None
    quality: int
    reason: QualityReason
    sent: Micros
    rank: int
    lon: float | None
    lat: float | None
    configuration: int


def added(name: str, channel: str, thing: Thing, config: Config) -> float:
    """What a configuration adds to a value that is stated as a level itself; 0 for what is none."""
    kept = properties.get(name)
    if kept is None or not kept.level:
        return 0.0
    zero = config.zero if config.zero is not None and is_relative(channel, thing) else 0.0
    return zero + config.offset


def above(config: Config) -> float | None:
    """What a distance is taken from to be a level; None when nothing is known of it."""
    if config.zero is None and config.mount_height is None:
        return None
    return (config.zero or 0.0) + (config.mount_height or 0.0) + config.offset


def shifted(was: Was, thing: Thing, distance: float | None) -> Observed | None:
    """The revision under the configuration of its time today; None when that cannot be told from the row alone.

    distance: the same instant's distance to the surface, of the same frame, when the level was made from one.
    """
    before = next((one for one in thing.configs if one.generation == was.configuration), None)
    after = thing.config_at(was.time)
    if before is None or before.units.get(was.property) != after.units.get(was.property):
        return None
    if before.period_rule != after.period_rule and was.begin is not None:
        return None
    if was.property == LEVEL and distance is not None:
        top = above(after)
        return silence(was, after) if top is None else made(was, thing, after, round(top - distance, MICROMETRES))
    if was.result is None:
        return made(was, thing, after, None)
    old, new = (added(was.property, was.channel, thing, one) for one in (before, after))
    return made(was, thing, after, was.result if old == new else round(was.result - old + new, MICROMETRES))


def level_of(was: Was, thing: Thing) -> Observed | None:
    """The level that a stored distance gives under the configuration of its time; None when that knows no height."""
    top = above(thing.config_at(was.time))
    if top is None or was.property != DISTANCE:
        return None
    result = None if was.result is None else round(top - was.result, MICROMETRES)
    one = made(was, thing, thing.config_at(was.time), result, LEVEL)
    one.statistic = mirrored(was.statistic)
    return one


def mirrored(statistic: str) -> str:
    """The statistic of a level that is made from distances: the least distance is the highest water."""
    kind, slash, period = statistic.partition("/")
    return MIRRORED.get(kind, kind) + slash + period


def distances(revisions: Iterable[Was]) -> Mapping[tuple[str, str, Micros], float]:
    """(statistic of the level, channel, time) to the distance, of the revisions of one frame."""
    return {
        (mirrored(one.statistic), one.channel, one.time): one.result
        for one in revisions
        if one.property == DISTANCE and one.result is not None
    }


def made(was: Was, thing: Thing, config: Config, result: float | None, name: str = "") -> Observed:
    """An observation of this result under a configuration, flagged as the row was; only `range` is judged anew."""
    kept = properties.get(name or was.property)
    quality, reason = _flag(was, result, span(kept, was.statistic, thing) if kept else None)
    return Observed(
        name or was.property, was.statistic, was.channel, kept.unit if kept else "", was.begin, was.time, result, quality, reason,
        revision(result, was.begin, was.lon, was.lat), config.generation, was.sent, was.rank, was.lon, was.lat,
    )  # fmt: skip


def silence(was: Was, config: Config) -> Observed:
    """What stands where nothing says anything any more: a missing value that all else outranks."""
    return Observed(
        was.property, was.statistic, was.channel, "", was.begin, was.time, None, int(Quality.MISSING), QualityReason.MISSING,
        revision(None, was.begin), config.generation, 0, LEAST_RANK, None, None,
    )  # fmt: skip


def _flag(was: Was, result: float | None, bounds: Sequence[float] | None) -> tuple[int, QualityReason]:
    judged = was.rank == LEAST_RANK or was.reason in (QualityReason.NONE, QualityReason.RANGE)
    if result is None or not judged:
        return was.quality, was.reason
    if bounds is not None and not bounds[0] <= result <= bounds[1]:
        return int(Quality.FAIL), QualityReason.RANGE
    return int(Quality.GOOD), QualityReason.NONE
