"""query: stored observations, as they were stored, or one line for each stretch of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any

import typer

from . import asking, selection
from .root import EPILOG, data_folder

app = typer.Typer()
_SHOWN = ("time", "device", "property", "statistic", "channel", "result", "unit", "quality", "reason", "origin")
Pages = Iterator[list[dict[str, Any]]]


@app.command(epilog=EPILOG)
def query(
    query: selection.Query = "",
    prop: selection.Property = None,
    statistic: asking.Statistic = None,
    channel: asking.Channel = None,
    type_: selection.Type = None,
    area: selection.Area = None,
    domain: asking.Domain = None,
    bbox: asking.Box = None,
    begin: asking.Begin = None,
    end: asking.End = None,
    every: asking.Every = None,
    agg: asking.Agg = None,
    quality: asking.Quality = None,
    where: asking.Where = None,
    run: selection.Run = None,
    as_of: asking.AsOf = None,
    revisions: asking.Revisions = False,
    fill: asking.Fill = False,
    number: Annotated[int | None, typer.Option("-n", min=1, help="At most so many")] = None,
    store: Annotated[
        str, typer.Option(help="own, or influx: what an InfluxDB 2 that we export to holds, read back with Flux")
    ] = "own",
    target: Annotated[str, typer.Option(help="Which export target, when there are several")] = "",
) -> None:
    """查询数据。Print stored observations by time, to the last page: the revision that is served of each, in its canonical unit.

    With --every or --agg one line for each datastream and stretch of time: statistics are never mixed, directions are averaged as
    directions, amounts of overlapping periods are added once; `count` rows were used, `left_out` were not (by default those that are not
    good or not evaluated). `sensing export` writes all of it into a file.

    Example: `sensing query gauge-17 --property water_level --from 7d --every 5m --agg mean,max -o csv > levels.csv`
    """
    asked = {
        "query": query, "prop": prop, "statistic": statistic, "channel": channel, "type": type_, "area": area, "domain": domain,
        "bbox": bbox, "begin": begin, "end": end, "every": every, "agg": agg, "quality": quality, "where": where, "run": run,
        "as_of": as_of, "revisions": revisions, "fill": fill,
    }  # fmt: skip
    if store != "own":
        _print(_bounded(_exported(store, target, asked, number), number, selection.ordered), selection.COLUMNS, _SHOWN)
        return
    names = _names(asked)
    shown = [name for name in names if name not in {"origin", "run", "lon", "lat"}] if asking.made(asked) else _SHOWN
    noted = _Noted(asking.made(asked), quality)
    data = data_folder(reads=True)
    if asking.here(data):
        from sensing.python import open_data

        with open_data(data) as opened:
            _print(noted.all(_bounded(asking.pages(asking.local(opened, asked), number), number)), names, shown)
    else:
        from .client import connect

        order = None if asking.made(asked) else selection.ordered
        with connect(data) as client:
            pages = client.pages("/api/observations", **asking.parameters(client, asked), limit=min(number or 1000, 1000))
            _print(noted.all(_bounded(pages, number, order)), names, shown)
    noted.tell()
    if not noted.rows:
        _nothing(prop or ())


def _nothing(props: Sequence[str]) -> None:
    """An empty answer may be a slip of the pen: it is said on stderr, with a property that nobody knows by name."""
    from sensing import properties

    from .output import talk
    from .words import say

    talk(say("no_rows"))
    for name in (each.strip() for word in props for each in word.split(",")):
        if name and not any(sign in name for sign in "*?[") and properties.get(name) is None:
            talk(say("no_such_property", property=name))


def _names(asked: dict[str, Any]) -> Sequence[str]:
    """Columns of the answer."""
    if not asking.made(asked):
        return selection.COLUMNS
    from sensing.query.asked import aggs, columns

    return columns(aggs((asked["agg"] or "mean").replace(",", " ").split()))


def _exported(store: str, target: str, asked: dict[str, Any], number: int | None) -> Pages:
    from sensing import times
    from sensing.errors import UsageError

    from .exported import pages

    plain = {"query", "prop", "statistic", "channel", "run", "begin", "end"}
    if more := [name for name, value in asked.items() if value and name not in plain]:
        raise UsageError(f"--store {store} does not take --{more[0].replace('_', '-')}", "ask this service's own store")
    now = times.now()
    span = (
        times.since(asked["begin"], now) if asked["begin"] else None,
        times.since(asked["end"], now) if asked["end"] else None,
    )
    return pages(store, target, asked["query"], asked["prop"], asked["statistic"], asked["channel"], asked["run"], span, number)


def _bounded(pages: Pages, number: int | None, order: Callable[[dict[str, Any]], dict[str, Any]] | None = None) -> Pages:
    left = number
    for page in pages:
        rows = page if left is None else page[:left]
        yield rows if order is None else [order(row) for row in rows]
        left = None if left is None else left - len(rows)
        if left == 0:
            return


class _Noted:
    """Which rows count in lines, and how many did not: said on stderr, for a mean that leaves out is not the mean of all."""

    def __init__(self, wanted: bool, quality: str | None) -> None:
        self._wanted, self._quality = wanted, quality
        self.rows = self._used = self._left_out = self._sums = 0

    def all(self, pages: Pages) -> Pages:
        """The same pages, counted."""
        for page in pages:
            self.rows += len(page)
            if self._wanted:
                self._used += sum(row["count"] for row in page)
                self._left_out += sum(row["left_out"] for row in page)
                self._sums += sum(row.get("sum", 0) is not None for row in page)
            yield page

    def tell(self) -> None:
        """Say it."""
        if self._wanted:
            from .output import talk
            from .words import say

            if self._used and not self._sums:
                talk(say("no_sums"))
            talk(say("rows_counted", quality=self._quality or "1,2", used=f"{self._used:,}", left_out=f"{self._left_out:,}"))


def _print(pages: Pages, names: Sequence[str], shown: Sequence[str]) -> None:
    """A page at a time: memory does not grow with the answer."""
    from .output import Sheet, json_text, layout, show_rows, write

    form = layout()
    if form == "table":
        show_rows([row for page in pages for row in page], shown)
    elif form == "csv":
        sheet = Sheet(names)
        sheet.header()
        for page in pages:
            sheet.rows(page)
    elif form == "ndjson":
        for page in pages:
            write("".join(json_text(row) + "\n" for row in page))
    else:
        separator = "[\n"
        for page in pages:
            if page:
                write(separator + ",\n".join(json_text(row) for row in page))
                separator = ",\n"
        write("[]\n" if separator == "[\n" else "\n]\n")
