"""query --store influx: what an export target holds, asked of the target itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from sensing.errors import UsageError

from .root import data_folder

_PAGE = 1_000
_GLOB = set("*?[")
Words = Sequence[str] | None


def pages(
    store: str, target: str, query: str, prop: Words, statistic: Words, channel: Words, run: str | None,
    span: tuple[int | None, int | None], limit: int | None,
) -> Iterator[list[dict[str, Any]]]:  # fmt: skip
    """Pages of rows by time. Raises UsageError, NotFoundError, UnreachableError."""
    from sensing.export.readback import Asked, rows, target_of
    from sensing.settings import load

    if store != "influx":
        raise UsageError(f'--store {store}: "own" and "influx" are known', "leave it out for this service's own store")
    devices = [word.strip() for word in query.split(",") if word.strip()]
    if found := [word for word in (*devices, *(prop or ())) if _GLOB & set(word)]:
        raise UsageError(f'"{found[0]}": a target is asked for ids, not for patterns', "name the devices, with commas between")
    asked = Asked(
        properties=prop or (), devices=devices, statistics=statistic or (), channels=channel or (), begin=span[0], end=span[1],
        runs=None if run == "all" else ["" if run in {None, "", "live"} else str(run)], limit=limit,
    )  # fmt: skip
    held = rows(target_of(load(data_folder()).settings, target), asked)
    while page := list(islice(held, _PAGE)):
        yield page
