"""What leaves the house for a time-series database: fed from the store's commits, each target with a cursor of its own.

    lines      the words of the line protocol (pure)          verdict   what an answer means (pure)
    trail      how far to go back after a reconnection (pure)  line      the connection to one target
    book       export.db: cursors, dead letters, revisions     domains   the domain of each datastream, fixed at first sight
    feed       one target's loop                               role      the process
    progress   what status shows                               readback  what `query --store influx` reads

Rules: docs/export.md and docs/decisions/0011.
"""

from __future__ import annotations

from msgspec import Struct

from sensing.model import Origin


class Series(Struct, frozen=True):
    """The words of a datastream."""

    thing: str
    property: str
    statistic: str
    channel: str
    run: str
    origin: str


Point = tuple[int, int, int, float | None, int, float | None, float | None, int, int]
"""seq, series, time (microseconds), result, quality, lon, lat, served, received (microseconds)."""


def asked(runs: list[str], origin: str, run: str) -> bool:
    """Whether a target wants a run: live data always, all else by the name of the run, or of its origin."""
    return origin == Origin.LIVE or run in runs or origin in runs
