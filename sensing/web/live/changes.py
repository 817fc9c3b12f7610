"""Which events have changed since a mark: the one place that knows how the store tells it."""

from __future__ import annotations

from sensing.store.events import Event
from sensing.store.reader import StoreReader

MOST = 2_000
"""Changes that are told one by one; whoever is further behind begins anew."""


def head(store: StoreReader) -> int:
    """The mark of the last change."""
    return int(store.connection.execute("SELECT ifnull(max(changed), 0) FROM events").get)


def changes(store: StoreReader, mark: int) -> list[Event]:
    """Events as they are now that have changed since, at most MOST + 1, in the order of the changes; `changed` is the mark of each."""
    return store.events_since(mark, MOST + 1)
