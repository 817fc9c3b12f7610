"""The ledger: where every frame and every reading went (P3). Pure arithmetic; the store keeps the counts.

    frames:   received = decoded + silent + pending + dead_lettered + quarantined
    readings: readings = stored + duplicate + revised + unmapped

`received` is counted where frames leave the log (`Tally.intake`), outcomes where each frame ends, readings where they are
resolved, and their outcomes by what the store says it did: a frame or reading lost in between unbalances the sums.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

FRAME_OUTCOMES = ("decoded", "silent", "pending", "dead_lettered", "quarantined")
READING_OUTCOMES = ("stored", "duplicate", "revised", "unmapped")
COLUMNS = ("received", *FRAME_OUTCOMES, "readings", *READING_OUTCOMES)
_INDEX = {name: index for index, name in enumerate(COLUMNS)}
HOUSE = frozenset({"clock", "command"})
"""Adapters of the service itself: their frames are counted and checked, but left out of what people are shown."""


class Account(Struct, frozen=True):
    """Whose counts: an hour of reception (hours since the epoch), and where the frame came from."""

    hour: int
    adapter: str
    principal: str
    device: str
    run: str


class Tally:
    """Counts of one batch."""

    def __init__(self) -> None:
        self.accounts: dict[Account, list[int]] = {}
        self.intake: dict[Account, int] = {}

    def add(self, account: Account, column: str, by: int = 1) -> None:
        """Add to one column of an account."""
        counts = self.accounts.get(account)
        if counts is None:
            counts = self.accounts[account] = [0] * len(COLUMNS)
        counts[_INDEX[column]] += by

    def ended(self, account: Account, outcome: str) -> None:
        """A frame ended: it is received and has one outcome."""
        self.add(account, "received")
        self.add(account, outcome)

    def moved(self, account: Account, old: str, new: str) -> None:
        """A frame that had one outcome has another now (redriven, accepted, its other parts came)."""
        self.add(account, old, -1)
        self.add(account, new)


def outcome(*, resolved: int, waiting: bool, unknown: int, errors: int) -> str:
    """How a frame counts (DECISIONS "Reading"): the first of these that is true of it."""
    if resolved:
        return "decoded"
    if waiting:
        return "pending"
    if unknown:
        return "quarantined"
    return "dead_lettered" if errors else "silent"


def balanced(row: Mapping[str, Any]) -> bool:
    """Whether both equations hold for a row of counts."""
    frames = sum(row[name] for name in FRAME_OUTCOMES)
    readings = sum(row[name] for name in READING_OUTCOMES)
    return bool(row["received"] == frames and row["readings"] == readings)


def total(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Sums of every column."""
    sums = dict.fromkeys(COLUMNS, 0)
    for row in rows:
        for name in COLUMNS:
            sums[name] += row[name]
    return sums
