"""Observations as tables: lines for stretches of time, and Parquet. The same machinery as `sensing query` and `sensing export`.

A line's cursor is `<begin of its bucket, microseconds>.<how many lines of that bucket were given>`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from msgspec.structs import replace
from starlette.responses import Response, StreamingResponse

from sensing.errors import UsageError
from sensing.query import answer as answers
from sensing.query import asked as asking
from sensing.query.asked import Request
from sensing.query.keep import Devices, Keep
from sensing.query.where import terms
from sensing.store.reader import StoreReader, Wanted

from .answers import NDJSON, attachment, marked, page
from .ask import Ask
from .catalogue import Known
from .desk import Desk
from .scope import areas_of, sees

PAGE, MOST = 1_000, 10_000
_KINDS = {"parquet": "application/vnd.apache.parquet", "csv": "text/csv; charset=utf-8", "ndjson": NDJSON}


def asked(ask: Ask) -> bool:
    """Whether a request is for a table rather than rows."""
    return bool(ask.text("every") or ask.text("agg") or ask.text("format") == "parquet")


def answer(desk: Desk, ask: Ask) -> dict[str, Any] | Response:
    """JSON is one page of lines; the other formats stream all of them, or rows as Parquet, unless `limit` ends them."""
    kind = ask.choice("format", "json", *_KINDS)
    request = _read(desk, ask)
    start, skip = _after(ask.text("cursor"), request)
    with desk.stores.take() as store:
        narrowed = _narrowed(desk, ask, store, request)
    checked = answers.checked(request, narrowed, lambda: asking.zone(desk.settings.timezone))
    if kind == "json":
        limit = ask.number("limit", PAGE, 1, MOST)
        with desk.stores.take() as store:
            return _page(store, checked, start, skip, limit)
    limit = ask.number("limit", 1 << 60, 1, 1 << 60)
    pieces = _streamed(desk, request, checked, kind, limit)
    if kind == "ndjson":
        return StreamingResponse(pieces, media_type=_KINDS[kind])
    told = marked(pieces) if kind == "csv" and ask.flag("bom") else pieces
    return StreamingResponse(told, 200, attachment(f"observations.{kind}"), _KINDS[kind])


def _read(desk: Desk, ask: Ask) -> Request:
    """The request in the words of the query. Raises UsageError."""
    made = asking.aggs(ask.words("agg")) or (("mean",) if ask.text("every") else ())
    flags = asking.qualities(ask.words("quality"))
    wanted = Wanted(
        properties=ask.words("property"), statistics=ask.words("statistic"), channels=ask.words("channel"),
        runs=desk.runs(ask.text("run")), begin=ask.instant("from"), end=ask.instant("to"),
        served=ask.flag("served", default=True), as_of=ask.instant("as_of"),
    )  # fmt: skip
    where = ask.text("where")
    keep = Keep(frozenset() if made else flags, ask.box(), terms(where) if where else (), desk.catalogue.look)
    fill = ask.flag("fill")
    return Request(wanted, keep, asking.every(ask.text("every")), made, flags or asking.TRUSTED, asking.EIGHT, fill)


def _narrowed(desk: Desk, ask: Ask, store: StoreReader, request: Request) -> Request | None:
    """With ids for the devices, and for the properties that are patterns; None when nothing can match."""
    scope: Callable[[Known], bool] | None = (lambda known: sees(ask, known)) if areas_of(ask) else None
    types, areas = (frozenset(ask.words(name)) for name in ("type", "area"))
    devices = Devices(ask.words("device"), types, areas, frozenset(ask.domains()), scope)
    return answers.narrowed(request, devices, store, desk.catalogue.look)


def _page(store: StoreReader, request: Request | None, start: int | None, skip: int, limit: int) -> dict[str, Any]:
    """A page of lines, and which flags counted in them."""
    from sensing.query import told

    items: list[dict[str, Any]] = []
    begins: list[int] = []
    if request is not None:
        request = request if start is None else replace(request, wanted=replace(request.wanted, begin=start))
        for piece in answers.pieces(store, request, answers.ROW):
            left = limit + 1 + skip - len(items)
            items += told.rows(piece.slice(0, left))
            begins += piece["begin"].cast("int64").slice(0, left).to_pylist()
            if len(items) > limit + skip:
                break
    following = None
    if len(items) > limit + skip:
        last = 0 if request is None or request.every is None else begins[limit + skip - 1]
        begins = begins if last else [last] * len(begins)
        following = f"{last}.{begins[: limit + skip].count(last)}"
    flags = sorted(request.trusted) if request else sorted(asking.TRUSTED)
    return page(items[skip : limit + skip], following, quality=flags)


def _after(cursor: str, request: Request) -> tuple[int | None, int]:
    """Where a page begins, and how many lines of its first bucket were given. Raises UsageError."""
    if not cursor:
        return None, 0
    begin, _, count = cursor.partition(".")
    if not begin.lstrip("-").isdecimal() or not count.isdecimal() or len(cursor) > 40:
        raise UsageError(f'cursor "{cursor[:60]}" is not one of lines', "give one as it came, or leave it out")
    if request.every is None:
        return None, int(count)
    least = request.wanted.begin
    return max(int(begin), int(begin) if least is None else least), int(count)


def _streamed(desk: Desk, asked_for: Request, request: Request | None, kind: str, limit: int) -> Iterator[bytes]:
    from sensing.query import files

    with desk.stores.take() as store:
        pieces = answers.pieces(store, request, answers.ROW) if request is not None else iter(())
        yield from files.streamed(kind, _bounded(pieces, limit), answers.schema(asked_for.aggs, answers.ROW))


def _bounded(pieces: Iterator[Any], limit: int) -> Iterator[Any]:
    for piece in pieces:
        yield piece.slice(0, limit)
        limit -= piece.num_rows
        if limit <= 0:
            return
