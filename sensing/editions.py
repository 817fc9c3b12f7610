"""Which reading of a thing's frames is in force: an edition is the place of the command that had them read again (docs/decisions/0005)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from .store import CONFIGURATION_BITS, Batch


class Editions:
    """Things and their editions, as the store has them."""

    def __init__(self, connection: Any) -> None:
        self._mending = 0
        self.recall(connection)

    def recall(self, connection: Any) -> None:
        """Begin anew from the store."""
        self._known: dict[str, int] = dict(connection.execute("SELECT thing, edition FROM editions"))

    @contextlib.contextmanager
    def mending(self, place: int) -> Iterator[None]:
        """While it lasts, what is read of a thing outranks all that was read of it before, for good: a new edition by `place`."""
        self._mending = place
        try:
            yield
        finally:
            self._mending = 0

    def rank(self, thing: str, batch: Batch) -> int:
        """The edition's part of a row's generation; a thing that is being mended gets its new one with the batch."""
        if self._mending > self._known.get(thing, 0):
            self._known[thing] = batch.editions[thing] = self._mending
        return self._known.get(thing, 0) << CONFIGURATION_BITS
