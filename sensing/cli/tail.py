"""tail: observations as they are stored. History crosses into live by cursor: no gap, no duplicate."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import selection
from .root import EPILOG, data_folder

if TYPE_CHECKING:
    from .sse import Feed

app = typer.Typer()
_RECENT = "10m"


@app.command(epilog=EPILOG)
def tail(
    query: selection.Query = "",
    type_: selection.Type = None,
    area: selection.Area = None,
    prop: selection.Property = None,
    severity: Annotated[
        str | None, typer.Option(help="Only what an event of this severity or higher stands over: watch, warning, danger")
    ] = None,
    domain: Annotated[str | None, typer.Option(help="people, city, environment, industry or safety")] = None,
    bbox: Annotated[str | None, typer.Option(metavar="W,S,E,N", help="Only devices in this box, degrees")] = None,
    where: Annotated[str | None, typer.Option(metavar='"value>2.5"', help="Only results that this is true of")] = None,
    run: selection.Run = None,
    since: Annotated[str | None, typer.Option(help="Begin with what came since (a duration or an instant)")] = None,
    follow: Annotated[bool, typer.Option("--follow/--no-follow", help="Go on with what comes; or end at the newest")] = True,
    number: Annotated[int | None, typer.Option("-n", min=1, help="End after so many")] = None,
    lasting: Annotated[str | None, typer.Option("--for", metavar="30s", help="End after this time")] = None,
) -> None:
    """看实时数据。Show observations as they are stored, one a line: a table on a terminal, NDJSON in a pipe.

    It outlives restarts of the service, and says on stderr what it had to skip. --no-follow without --since begins 10 minutes ago.

    Example: `sensing tail gauge-17 --property water_level --since 1h -n 100 -o ndjson`
    """
    from sensing import times
    from sensing.errors import UsageError

    from .client import connect
    from .output import layout, talk
    from .sse import Feed
    from .words import say

    form = layout(stream=True)
    if form == "json" and follow and number is None and lasting is None:
        raise UsageError("-o json has no end while following", "use -o ndjson, or bound it with -n, --for or --no-follow")
    seconds = None if lasting is None else times.parse_duration(lasting) / times.SECOND
    data = data_folder(reads=True)
    with connect(data) as client, contextlib.ExitStack() as stack:
        once = not follow or client.offline
        begin = since or (_RECENT if once else None)
        if client.offline and follow:
            talk(say("tail_offline", since=begin))
        params = {
            "device": selection.devices(client, query), "type": type_, "area": area, "property": prop, "severity": severity, "domain": domain,
            "bbox": bbox, "where": where, "run": run, "since": times.rfc3339(times.since(begin, times.now())) if begin else None,
            "once": "1" if once else None,
        }  # fmt: skip
        again = (lambda: contextlib.nullcontext(client)) if client.offline else (lambda: connect(data, network=True))
        feed = Feed(again, params, once=once)
        stack.callback(feed.close)
        _print(_rows(feed, number, seconds), form)


def _rows(feed: Feed, number: int | None, seconds: float | None) -> Iterator[list[dict[str, Any]]]:
    """Rows as they come, until there are enough of them or the time is over."""
    from .output import talk
    from .words import say

    deadline = None if seconds is None else time.monotonic() + seconds
    left = number
    while left is None or left > 0:
        patience = None if deadline is None else deadline - time.monotonic()
        if patience is not None and patience <= 0:
            return
        event = feed.next(patience)
        if event is None or event.kind == "end":
            return
        if event.kind == "rows":
            rows = event.body if left is None else event.body[:left]
            left = None if left is None else left - len(rows)
            yield [selection.ordered(row) for row in rows]
        else:
            talk(say(event.kind, count=event.body))


def _print(batches: Iterator[list[dict[str, Any]]], form: str) -> None:
    from .output import Sheet, json_text, write

    if form == "json":
        write(json_text([row for rows in batches for row in rows], indent=2) + "\n")
        return
    if form == "csv":
        sheet = Sheet(selection.COLUMNS)
        sheet.header()
        for rows in batches:
            sheet.rows(rows)
        return
    line: Callable[[dict[str, Any]], str] = json_text if form == "ndjson" else person_line
    for rows in batches:
        write("".join(f"{line(row)}\n" for row in rows))


def person_line(row: dict[str, Any]) -> str:
    """A row as people read it: local time, device, property, value and unit, quality as mark and word, the origin when not live."""
    from .output import cell, local, padded, paint, printable, quality
    from .words import phrase

    colours = {3: "yellow", 4: "red", 9: "magenta"}
    result = row.get("result")
    value = f"{row['lon']:.5f} {row['lat']:.5f}" if result is None and row.get("lon") is not None else cell("result", result)
    what = printable("/".join(part for part in (row["property"], row.get("channel")) if part))
    if row.get("statistic", "instant") != "instant":
        what += f" {printable(row['statistic'])}"
    flag = quality(row["quality"]) + (f" {phrase('reason', row['reason'])}" if row.get("reason") else "")
    flag = paint(flag, colours[row["quality"]]) if row["quality"] in colours else flag
    mark = "" if row.get("origin", "live") == "live" else "  " + phrase("origin", row["origin"])
    unit = printable(row.get("unit") or "")
    columns = (
        local(row["time"]),
        padded(printable(row["device"]), 18),
        padded(what, 26),
        f"{value:>12}",
        padded("" if unit == "1" else unit, 6),
    )
    return "  ".join((*columns, flag + mark))
