"""How far a viewer has been told: places in the store, in its events, in the registry, and in time. Its text is the feed's cursor.

Each part grows by itself and outlives the process, but for `turn`: what only time changes (a thing falls silent) is told from it, and
again after a restart, for then nobody knows when it was told.
"""

from __future__ import annotations

import re

from msgspec import Struct

from sensing import times
from sensing.errors import UsageError
from sensing.store import cursor, seq

_TEXT = re.compile(r"([0-9a-v]{13}-\d{7})\.(\d{1,18})\.(\d{1,18})\.(\d{1,18})")


class Position(Struct, frozen=True):
    """seq: of the last row. mark: of the last change of an event. version: of the registry. turn: when, microseconds."""

    seq: int = 0
    mark: int = 0
    version: int = 0
    turn: int = 0

    def __str__(self) -> str:
        return f"{cursor(self.seq)}.{self.mark}.{self.version}.{self.turn}"


def read(text: str) -> Position:
    """The position of a cursor's text. Raises UsageError."""
    found = _TEXT.fullmatch(text)
    if found is None:
        raise UsageError(
            f'cursor "{text[:80]}" is not a cursor of the feed', "give one as it came, or take the snapshot: GET /api/map"
        )
    row, mark, version, turn = found.groups()
    return Position(seq(row), int(mark), int(version), min(int(turn), times.now()))
