"""The registry whole: its nouns over one database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import select

from sensing import audit
from sensing.audit import Actor
from sensing.model import Micros
from sensing.times import now

from .blanks import Blanks
from .certificates import Certificates
from .database import Database
from .engines import Where
from .history import History
from .identifiers import Identifiers
from .imports import Imports
from .links import Links
from .people import People
from .principals import Principals
from .schema import changes
from .sessions import Sessions
from .tokens import Tokens
from .undoing import Undoing


class Registry(History, Imports, Undoing, Identifiers, Principals, Certificates, Tokens, People, Sessions, Links, Blanks):
    """Things, principals, credentials, runs, tokens and people, each change with its audit line in the same transaction.

    where: `registry.db`, made when absent, or the address of a PostgreSQL database. types: thing types by id. clock: microseconds since 1970.
    Safe for several threads. Every method may raise UnreachableError.
    """

    def __init__(self, where: Where, types: Mapping[str, Any], clock: Callable[[], Micros] = now) -> None:
        self.types = types
        self.database = Database(where, clock, writes=True)

    def version(self) -> int:
        """A number that grows with every change."""
        with self.database.read() as connection:
            return int(connection.execute(select(changes.c.version)).scalar_one())

    def record(self, what: str, subject: str, *, actor: Actor, details: Mapping[str, Any] | None = None) -> None:
        """Write an audit line about something done elsewhere (a redrive, an export, a look at vessel tracks). No secrets in it."""
        with self.database.write(actor) as change:
            change.record(what, subject, **(details or {}))

    def audit_lines(self, *, limit: int = 100, subject: str | None = None) -> list[audit.Line]:
        """The newest audit lines, newest first."""
        with self.database.read() as connection:
            return audit.latest(connection, limit, subject)

    def first_bad_audit_line(self) -> int | None:
        """The number of the first audit line that was tampered with; None when the log is whole."""
        with self.database.read() as connection:
            return audit.first_bad(connection, self.database.keys)

    def each_audit_line(self) -> Iterator[audit.Line]:
        """Every audit line, oldest first; no snapshot is held while the caller takes its time."""
        found: list[audit.Line] = []
        while True:
            with self.database.read() as connection:
                found = audit.page(connection, found[-1].seq if found else 0)
            if not found:
                return
            yield from found

    def seal_audit(self, path: Path) -> None:
        """Use the keys in this file for the audit chain; make one, from the next line on, when it is not there."""
        self.database.keys = audit.read_keys(path)
        if self.database.keys:
            return
        with self.database.write(Actor("system")) as change:
            keys = audit.read_keys(path)
            if not keys:  # another process may have been first, and let go of the lock
                keys = audit.begin_key(change.connection, path)
                change.reseal(keys)
                change.record("audit_keyed", "audit", first=keys[0][0])
        self.database.keys = keys

    def close(self) -> None:
        self.database.close()
