"""How far each target is, for status and /metrics: from export.db and the store, by reading."""

from __future__ import annotations

from typing import Any

from sensing import times
from sensing.store.reader import StoreReader

from .book import BookReader


def progress(book: BookReader, store: StoreReader, now: int) -> list[dict[str, Any]]:
    """One entry a target: name, kind, url, bucket, state, reason, lag_s, points, dead, revised, needs_rewrite, ... `removed` ones are left out.

    lag_s: how long the oldest row that the target has not taken has been here; 0 when it has all.
    """
    found = []
    for each in book.targets():
        if each["state"] == "removed":
            continue
        waiting = store.points(each.pop("seq"), 1)
        lag_s = max(0.0, (now - waiting[0][8]) / times.SECOND) if waiting else 0.0
        confirmed = each["confirmed"]
        found.append(each | {
            "lag_s": round(lag_s, 1), "confirmed": times.rfc3339(confirmed) if confirmed else None, "since": times.rfc3339(each["since"]) if each["since"] else None,
        })  # fmt: skip
    return found
