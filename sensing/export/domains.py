"""The domain tag of a datastream: what its device's type said when the first point left, and the same for ever after.

A type may be moved to another domain later; a tag that moved with it would start a second series and send old points twice.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from sensing.registry import Where
from sensing.registry.database import Database
from sensing.registry.schema import things
from sensing.store.reader import StoreReader
from sensing.things import ThingType

from .book import Book


class Domains:
    """For one thread. Raises NotFoundError while there is no registry, UnreachableError when it does not answer."""

    def __init__(self, registry: Where, types: Mapping[str, ThingType], store: StoreReader, book: Book) -> None:
        self._database = Database(registry)
        self._types = types
        self._store = store
        self._book = book

    def of(self, series: int, thing: str) -> str:
        """The domain; "" for a device that nobody registered and that did not enrol itself."""
        known = self._book.domain(series)
        if known is None:
            known = self._registered(thing) or self._enrolled(thing)
            self._book.fix_domain(series, known)
        return known

    def _registered(self, thing: str) -> str:
        with self._database.read() as connection:
            return str(connection.execute(select(things.c.domain).where(things.c.id == thing)).scalar() or "")

    def _enrolled(self, thing: str) -> str:
        found = self._store.enrolled(thing)
        kind = self._types.get(found[0]) if found else None
        return str(kind.domain) if kind else ""

    def close(self) -> None:
        """Release the registry."""
        self._database.close()
