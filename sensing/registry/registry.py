"""The registry whole: its nouns over one database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select

from sensing import audit
from sensing.audit import Actor
from sensing.model import Micros
from sensing.times import now

from .database import Database
from .export import Exports
from .principals import Principals
from .schema import changes
from .tokens import Tokens


class Registry(Exports, Principals, Tokens):
    """Things, principals, credentials, runs and tokens, each change with its audit line in the same transaction.

    where: `registry.db`, made when absent, or an engine of another back end. types: thing types by id. clock: microseconds since 1970.
    Safe for several threads. Every method may raise UnreachableError.
    """

    def __init__(self, where: Path | Engine, types: Mapping[str, Any], clock: Callable[[], Micros] = now) -> None:
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
            return audit.first_bad(connection)

    def close(self) -> None:
        self.database.close()
