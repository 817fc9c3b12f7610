"""The quarantine inbox: how much of it one principal may fill, and which of it is ready to be read.

A frame beyond the bound is a dead letter, `unknown_device`: counted and kept like every other, so nothing is lost, but it does not make
the list longer that people look through. `accept` reads both.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import apsw
from msgspec import Struct

from .errors import Reason
from .model import Rejection
from .resolve import Resolved

_AT_ONCE = 2_000
_OPEN = "SELECT principal, count(*) FROM held WHERE state='open' GROUP BY principal"


class Inbox:
    """Counts what waits for each principal. Make a new one after a transaction that failed."""

    def __init__(self, db: apsw.Connection, limit: int) -> None:
        self._db, self._limit = db, limit
        self._open: dict[str, int] | None = None

    def recount(self) -> None:
        """Something was accepted or dropped."""
        self._open = None

    def admit(self, principal: str, found: Resolved) -> None:
        """Let unknown ids of one frame wait, or refuse them when there is no room."""
        if self._open is None:
            self._open = {str(name): int(str(number)) for name, number in self._db.execute(_OPEN)}
        number = self._open.get(principal, 0)
        if number + len(found.unknown) > self._limit:
            found.refused += [Rejection(Reason.UNKNOWN_DEVICE, native) for native in found.unknown]
            found.unknown = []
        self._open[principal] = number + len(found.unknown)

    def forget(self, before: int) -> None:
        """Forget what waited of frames before a place: the log keeps them no longer, so nobody can accept them. The ledger keeps its counts."""
        query = f"DELETE FROM held WHERE place IN (SELECT place FROM held WHERE place < ? ORDER BY place LIMIT {_AT_ONCE})"
        self._db.execute(query, (before,))
        if self._db.changes():
            self._open = None


class Chosen(Struct, frozen=True):
    """What an accept, a drop or a preview is about. native: an id on the wire, or a GLOB pattern; "" is any. principal "" is any."""

    adapter: str = ""
    native: str = ""
    principal: str = ""

    @classmethod
    def read(cls, args: dict[str, Any]) -> Chosen:
        return cls(*(str(args.get(name) or "") for name in ("adapter", "native", "principal")))

    def covers(self, adapter: str, native: str, principal: str) -> bool:
        """Whether a frame that waits is meant."""
        mine = fnmatchcase(native, self.native) if is_pattern(self.native) else self.native in ("", native)
        return mine and self.adapter in ("", adapter) and self.principal in ("", principal)

    @property
    def named(self) -> str:
        """The one id that is meant; "" where there may be several."""
        return "" if is_pattern(self.native) else self.native


def is_pattern(native: str) -> bool:
    """Whether it means several ids."""
    return any(each in native for each in "*?[")


Waits = tuple[int, int, str, str, str]
"""(place, part, adapter, native, principal)."""


def waiting(db: apsw.Connection, chosen: Chosen, state: str = "open") -> list[Waits]:
    """Quarantined frames, the oldest first."""
    return _read(db, "SELECT place, part, adapter, native, principal FROM held WHERE state=?", "native", chosen, state)


def beyond(db: apsw.Connection, chosen: Chosen) -> list[Waits]:
    """The same of what the inbox had no room for."""
    query = "SELECT place, part, adapter, detail, principal FROM dead WHERE state='open' AND reason=?"
    return _read(db, query, "detail", chosen, Reason.UNKNOWN_DEVICE)


def _read(db: apsw.Connection, query: str, column: str, chosen: Chosen, word: str) -> list[Waits]:
    more, values = (
        (f" AND adapter=? AND {column}=?", (chosen.adapter, chosen.named)) if chosen.adapter and chosen.named else ("", ())
    )
    rows: list[Any] = db.execute(f"{query}{more} ORDER BY place, part", (word, *values)).fetchall()
    return [tuple(row) for row in rows if chosen.covers(*row[2:])]
