"""What a ship does wrong: too fast in a fairway, dragging its anchor, silent while it sails. `config/maritime.toml` says from when.

Speeding and dragging are found from position to position, and are over once a ship is outside all waters of a harbour. Silence is found
between two positions: a ship that was under way and then not heard, though a receiver that must have heard it was at work.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from msgspec import Struct

from sensing.events import Episode, Step
from sensing.model import Micros
from sensing.paths import config_dir
from sensing.times import MINUTE, SECOND

from .calls import AT_ANCHOR, Fix
from .harbours import Point
from .waters import SEA, Zone, metres

SPEEDING, DRAGGING, DARK = "speeding_fairway", "anchor_dragging", "dark_vessel"
UNSHELTERED, GOODS, GAS = "unsheltered", "dangerous_goods", "gas_downwind"
SEVERITY = {SPEEDING: 0, DRAGGING: 1, DARK: 1, UNSHELTERED: 1, GOODS: 0, GAS: 2}
"""Index in SEVERITIES."""
IN_THE_PATH = 1
"""Of dangerous goods at a berth to which a storm comes."""


_HEARD = 15 * MINUTE


class Span(Struct):
    """Something that may become an episode, or has. since, at: when and where it began; last: when it last held; sure: it has lasted."""

    since: Micros
    at: Point
    episode: Episode
    last: Micros
    sure: bool = False


class Manner(Struct):
    """What is remembered of one ship's conduct."""

    fast: Span | None = None
    adrift: Span | None = None

    def step(self, fix: Fix, zone: Zone) -> list[tuple[str, Episode]]:
        """Take the next position; returns (kind, episode) of those that began, changed or ended with it."""
        told = rules()
        over = fix.speed is not None and zone.limit_kn > 0 and fix.speed > zone.limit_kn + told["speeding"]["over_kn"]
        drifts = fix.status == AT_ANCHOR and zone is not SEA and fix.speed is not None and fix.speed >= told["dragging"]["knots"]
        found = []
        self.fast, one = _follow(self.fast, SPEEDING, fix, holds=over, lasting=told["speeding"]["for_s"], least_m=0.0)
        self.adrift, other = _follow(
            self.adrift, DRAGGING, fix, holds=drifts, lasting=told["dragging"]["for_s"], least_m=told["dragging"]["metres"]
        )
        found += [(SPEEDING, one)] if one is not None else []
        found += [(DRAGGING, other)] if other is not None else []
        return found


def _follow(
    span: Span | None, kind: str, fix: Fix, *, holds: bool, lasting: float, least_m: float
) -> tuple[Span | None, Episode | None]:
    """(what is remembered, the episode that changed)."""
    if span is not None and fix.time - span.last > _HEARD:  # nobody knows what it did meanwhile
        ended, span.episode.end = span, span.last
        again, _ = _follow(None, kind, fix, holds=holds, lasting=lasting, least_m=least_m)
        return again, ended.episode if ended.sure else None
    if not holds:
        if span is None or not span.sure:
            return None, None
        span.episode.end = fix.time
        return None, span.episode
    speed, here = float(fix.speed or 0.0), (fix.lon, fix.lat)
    if span is None:
        return Span(fix.time, here, Episode(fix.time, speed, fix.time), last=fix.time), None
    changed, span.last = False, fix.time
    if speed > span.episode.peak:
        span.episode.peak, span.episode.peak_time, changed = speed, fix.time, True
    if not span.sure and fix.time - span.since >= lasting * SECOND and metres(span.at, here) >= least_m:
        span.sure = changed = True
        span.episode.steps.append(Step(SEVERITY[kind], fix.time, speed))
    return span, span.episode if changed and span.sure else None


class Station(Struct, frozen=True):
    """A receiver that hears every ship within `km`. thing: its base station, by which it is known to be at work."""

    thing: str
    point: Point
    km: float


def silent_s() -> int:
    """Seconds after which a ship that sailed and is not heard is dark."""
    return int(rules()["dark"]["for_s"])


def sailed(fix: Fix) -> bool:
    """Whether it was under way when it was last heard."""
    return fix.speed is not None and fix.speed >= rules()["dark"]["knots"]


@lru_cache(maxsize=1)
def stations() -> tuple[Station, ...]:
    """The receivers of `config/maritime.toml`."""
    return tuple(
        Station(f"mmsi-{row['mmsi']}", (row["point"][0], row["point"][1]), row["km"]) for row in rules().get("heard", ())
    )


def hearing(point: Point) -> tuple[Station, ...]:
    """Those that must hear a ship at a place."""
    return tuple(one for one in stations() if metres(one.point, point) <= one.km * 1000)


def silence(last: Fix, again: Micros | None) -> Episode:
    """The episode of a ship that was last heard at `last` and then not until `again`."""
    raised = last.time + silent_s() * SECOND
    speed = float(last.speed or 0.0)
    return Episode(last.time, speed, last.time, [Step(SEVERITY[DARK], raised, speed)], again)


@lru_cache(maxsize=1)
def rules() -> Mapping[str, Any]:
    """`config/maritime.toml`."""
    return tomllib.loads((config_dir() / "maritime.toml").read_text("utf-8"))
