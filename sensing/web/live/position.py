"""How far a viewer has been told: places in the store, in its events, in the registry, and in time. Its text is the feed's cursor.

Each part grows by itself and outlives the process, but for `turn`: what only time changes (a thing falls silent) is told from it, and
again after a restart, for then nobody knows when it was told.
"""

from __future__ import annotations

import re
import zlib

from msgspec import Struct

from sensing import times
from sensing.errors import UsageError
from sensing.store import cursor, seq

_TEXT = re.compile(r"([0-9a-v]{13}-\d{7})\.(\d{1,18})\.(\d{1,18})\.(\d{1,18})(?:\.(\d{1,18})(?:\.(\d{1,10}))?)?")


class Position(Struct, frozen=True):
    """seq: of the last row. mark: of the last change of an event. version: of the registry. turn: when, microseconds. board: of the
    change of events up to which incidents were told (joined.py).
    """

    seq: int = 0
    mark: int = 0
    version: int = 0
    turn: int = 0
    board: int = 0

    def __str__(self) -> str:
        return f"{cursor(self.seq)}.{self.mark}.{self.version}.{self.turn}.{self.board}"

    def of(self, runs: tuple[str, ...]) -> str:
        """Its text for who is told of these runs: which they are stands behind it, so that nobody goes on in another run of the demo."""
        return f"{self}.{_runs_number(runs)}" if len(runs) > 1 else str(self)


NOWHERE = Position(seq=-1)
"""Of who was told of another run than the one that is shown now."""


def _runs_number(runs: tuple[str, ...]) -> int:
    return zlib.crc32("\n".join(runs).encode())


def read(text: str, runs: tuple[str, ...]) -> Position:
    """The position of a cursor's text; NOWHERE when it is of other runs, or of an earlier release. Raises UsageError."""
    found = _TEXT.fullmatch(text)
    if found is None:
        raise UsageError(
            f'cursor "{text[:80]}" is not a cursor of the feed', "give one as it came, or take the snapshot: GET /api/map"
        )
    row, mark, version, turn, board, number = found.groups()
    if board is None or int(number or 0) != (_runs_number(runs) if len(runs) > 1 else 0):
        return NOWHERE
    return Position(seq(row), int(mark), int(version), min(int(turn), times.now()), int(board))
