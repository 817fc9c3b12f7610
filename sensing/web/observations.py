"""Observations as they are: the newest of each datastream, and pages of them by time."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace
from starlette.responses import Response, StreamingResponse

from sensing import times
from sensing.errors import UsageError
from sensing.query.asked import qualities
from sensing.store import seq
from sensing.store.reader import StoreReader

from . import tabled
from .answers import NDJSON, attachment, csv_pages, marked, ndjson, page, public
from .ask import Ask
from .desk import Desk
from .selection import Selection, select

PAGE = 1_000
MOST = 10_000
Key = tuple[int, int]
_Series = tuple[str, str, str, str, str]
Write = Callable[[Iterator[Sequence[dict[str, Any]]]], Iterator[bytes]]


def latest(desk: Desk, ask: Ask) -> dict[str, Any]:
    """The newest good row of each datastream; tests, and times that a clock cannot have, never count. All of them unless `limit` makes pages."""
    selection = select(desk, ask)
    limit, after = ask.number("limit", 0, 1, MOST), _series_after(ask.text("cursor"))
    with desk.stores.take() as store:
        rows = store.latest(selection.wanted)
    found = selection.keep(rows)
    if not limit and not after:
        return page(found)
    rest = sorted((row for row in found if _series(row) > after), key=_series)
    shown = rest[: limit or PAGE]
    return page(shown, _series_cursor(shown[-1]) if len(rest) > len(shown) else None)


def _series(row: dict[str, Any]) -> _Series:
    return row["device"], row["property"], row["statistic"], row["channel"], row["run"]


def _series_cursor(row: dict[str, Any]) -> str:
    """A datastream as the text that a page of newest rows ends with: it stays its place whatever is stored meanwhile."""
    return base64.urlsafe_b64encode(msgspec.json.encode(_series(row))).decode()


def _series_after(text: str) -> _Series | tuple[()]:
    """The datastream of such a text; () comes before all. Raises UsageError."""
    if not text:
        return ()
    try:
        found: _Series = msgspec.json.decode(base64.b64decode(text, altchars=b"-_", validate=True), type=_Series)
        return found
    except ValueError:
        raise UsageError(f'cursor "{text[:40]}" is none of this list', "give `next` of the page before") from None


def observations(desk: Desk, ask: Ask) -> dict[str, Any] | Response:
    """Rows by time, or lines for stretches of time (`every`, `agg`). JSON is one page; the other formats stream all unless `limit` ends them.

    Any row's own cursor leads on from that row; that of lines comes with the page.
    """
    if tabled.asked(ask):
        return tabled.answer(desk, ask)
    chosen = select(desk, ask, served=ask.flag("served", default=True))
    chosen.wanted = replace(chosen.wanted, begin=ask.instant("from"), end=ask.instant("to"), as_of=ask.instant("as_of"))
    if flags := qualities(ask.words("quality")):
        chosen.looks = [*chosen.looks, lambda row, _known: row["quality"] in flags]
    layout = ask.choice("format", "json", "ndjson", "csv", "parquet")  # parquet has been answered above
    with desk.stores.take() as store:
        after = _after(store, ask.text("cursor"))
    if layout != "json":
        limit = ask.number("limit", 1 << 60, 1, 1 << 60)
        write: Write = csv_pages if layout == "csv" else _ndjson_pages
        kind = "text/csv; charset=utf-8" if layout == "csv" else NDJSON
        pieces = write(_pages(desk, chosen, after, limit))
        if layout == "csv":
            return StreamingResponse(marked(pieces) if ask.flag("bom") else pieces, 200, attachment("observations.csv"), kind)
        return StreamingResponse(pieces, media_type=kind)
    limit = ask.number("limit", PAGE, 1, MOST)
    items: list[dict[str, Any]] = []
    for rows in _pages(desk, chosen, after, limit + 1):
        items += rows
    following = items[limit - 1]["cursor"] if len(items) > limit else None
    return page(items[:limit], following)


def _pages(desk: Desk, chosen: Selection, after: Key | None, limit: int) -> Iterator[Sequence[dict[str, Any]]]:
    """Pages until `limit` rows were given or there are no more; each reads in a snapshot of its own."""
    while limit > 0:
        size = min(MOST, limit) if not chosen.looks else MOST
        with desk.stores.take() as store:
            rows = store.observations(chosen.wanted, size, after)
        if rows:
            after = rows[-1]["time_us"], rows[-1]["seq"]
        kept = [public(row) for row in chosen.keep(rows)][:limit]
        limit -= len(kept)
        if kept:
            yield kept
        if len(rows) < size:
            return


def _ndjson_pages(pages: Iterator[Sequence[dict[str, Any]]]) -> Iterator[bytes]:
    return (ndjson(rows) for rows in pages)


def _after(store: StoreReader, cursor: str) -> Key | None:
    """Where the row of a cursor stands among rows by time. Raises UsageError."""
    if not cursor:
        return None
    number = read_cursor(cursor)
    found = store.follow(number - 1, 1)
    if not found or found[0]["seq"] != number:
        raise UsageError(f'cursor "{cursor}" is no row that is kept', "start again without cursor, from the time you had reached")
    return times.parse_instant(found[0]["time"]), number


def read_cursor(text: str) -> int:
    """The seq of a cursor's text. Raises UsageError."""
    try:
        return seq(text)
    except ValueError:
        raise UsageError(f'cursor "{text[:60]}" is not a cursor', "give one as it came, or leave it out") from None
