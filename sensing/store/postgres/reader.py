"""Reading the shared store: the same questions, the same SQL, the same answers as of a file (`StoreReader`).

Observations, events, facts and the ledger are those of all nodes. Dead letters, quarantine, commands, replies and clocks are those of the
node's own log; of a row that came through another node's log, `frame` is None: its bytes lie there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import apsw

from sensing.errors import NotFoundError
from sensing.store.annotations import Annotations
from sensing.store.event_reader import WantedEvents
from sensing.store.events import Event
from sensing.store.reader import StoreReader, Wanted
from sensing.store.revisions import Revision
from sensing.store.tables import COLUMNS, Tables

from . import schema
from .session import Session

_STREAMED = 200_000
_PLACE = (1 << schema.PLACE_BITS) - 1


class PostgresReader(StoreReader):
    """`StoreReader` over a database, for the node of one log. Raises NotFoundError before that log was first worked, StoreBusyError."""

    def __init__(self, url: str, password: str, log: int, folder: Path) -> None:
        session = Session(url, password, (schema.own(log), schema.SHARED, "public"))
        Tables.__init__(self, cast(apsw.Connection, session), folder / "store.db")
        self._session = session
        self._log = log
        try:
            self._number = _number(session, log)
        except NotFoundError:
            session.close()
            raise

    def place(self) -> int:
        """The last frame committed of this node's log."""
        return int(self._session.execute("SELECT place FROM logs WHERE log=?", (self._log,)).get)

    def taken(self) -> int:
        """Frames counted as they left this node's log: equals `place` unless one was lost on the way."""
        return int(self._session.execute("SELECT ifnull(sum(received), 0) FROM intake WHERE log=?", (self._number,)).get)

    def batches(self, wanted: Wanted, columns: Sequence[str] = COLUMNS) -> Iterator[Any]:
        """See `Tables.batches`; the server holds what is not fetched yet."""
        if wanted.as_of is not None:
            yield from super().batches(wanted, columns)
            return
        from sensing.store.lake import told
        from sensing.store.lake.columns import from_hot, hot_names

        numbers = told.numbers(columns)
        which, values = wanted.of_series()
        where, bounds = wanted.of_rows()
        query = f"SELECT {hot_names(numbers)} FROM hot h JOIN series s ON s.id = h.series WHERE true {which} {where}"
        with self._session:
            notes, words = Annotations.read(self._db), self._all_words()
            for rows in self._session.stream(query, (*values, *bounds), _STREAMED):
                yield told.public(from_hot(rows, numbers), columns, words, notes)

    def facts(self, device: str) -> list[dict[str, Any]]:
        """See `StoreReader.facts`."""
        return [fact | {"frame": self._own(fact["frame"])} for fact in super().facts(device)]

    def events(self, wanted: WantedEvents, limit: int, after: tuple[int, str] | None = None) -> list[Event]:
        """See `StoreReader.events`."""
        return [self._placed(event) for event in super().events(wanted, limit, after)]

    def events_since(self, seq: int, limit: int, runs: Sequence[str] | None = None) -> list[Event]:
        """See `StoreReader.events_since`."""
        return [self._placed(event) for event in super().events_since(seq, limit, runs)]

    def event(self, identity: str) -> Event | None:
        """See `StoreReader.event`."""
        found = super().event(identity)
        return None if found is None else self._placed(found)

    def revisions(self, thing: str, begin: int, end: int) -> list[Revision]:
        """See `Revisions.revisions`; `frame` is 0 for what came through another node."""
        found = super().revisions(thing, begin, end)
        for one in found:
            one.frame = self._own(one.frame) or 0
        return found

    def _placed(self, event: Event) -> Event:
        event.place = self._own(event.place) or 0
        return event

    def _told(self, row: tuple[Any, ...], notes: Annotations) -> dict[str, Any]:
        answer = super()._told(row, notes)
        return answer | {"frame": self._own(answer["frame"])}

    def _own(self, place: int) -> int | None:
        """A place of this node's log; None for one of another."""
        return place & _PLACE if place >> schema.PLACE_BITS == self._number else None


def _number(session: Session, log: int) -> int:
    """A log's number among all. Raises NotFoundError while work has not made its tables, or those of this version."""
    known = session.execute("SELECT to_regclass('sensing.logs') IS NOT NULL").get
    found = session.execute("SELECT number FROM logs WHERE log=?", (log,)).get if known else None
    if found is None:
        raise NotFoundError(
            "the database does not know this log", "has the service run in this data folder? `sensing up` starts it"
        )
    version = int(session.execute("SELECT version FROM about").get)
    if version >= schema.VERSION:
        version = int(session.execute("SELECT version FROM logs WHERE log=?", (log,)).get)
    if version < schema.VERSION:
        raise NotFoundError(
            f"the database is of an earlier version (schema {version}, ours {schema.VERSION})",
            "`sensing up` brings it up to date",
        )
    return int(found)
