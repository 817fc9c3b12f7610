"""query: stored observations, as they were stored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from . import selection
from .root import EPILOG, data_folder

app = typer.Typer()
_SHOWN = ("time", "device", "property", "statistic", "channel", "result", "unit", "quality", "reason", "origin")


@app.command(epilog=EPILOG)
def query(
    query: selection.Query = "",
    prop: selection.Property = None,
    statistic: Annotated[list[str] | None, typer.Option(help="Only this statistic, such as sum/PT5M; may be repeated")] = None,
    channel: Annotated[list[str] | None, typer.Option(help="Only this channel, such as F5; may be repeated")] = None,
    begin: Annotated[str | None, typer.Option("--from", help="Since when (a duration ago or an instant)")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Until when, exclusive")] = None,
    run: selection.Run = None,
    number: Annotated[int | None, typer.Option("-n", min=1, help="At most so many")] = None,
) -> None:
    """查询数据。Print stored observations by time, to the last page: the revision that is served of each, in its canonical unit.

    Example: `sensing query gauge-17 --property water_level --from 24h -o csv > levels.csv`
    """
    from sensing import times

    from .client import connect

    now = times.now()
    with connect(data_folder()) as client:
        pages = client.pages(
            "/api/observations", device=selection.devices(client, query), property=prop, statistic=statistic, channel=channel, run=run,
            from_=times.rfc3339(times.since(begin, now)) if begin else None, to=times.rfc3339(times.since(end, now)) if end else None,
            limit=min(number or 1000, 1000),
        )  # fmt: skip
        _print(_bounded(pages, number))


def _bounded(pages: Iterator[list[dict[str, Any]]], number: int | None) -> Iterator[list[dict[str, Any]]]:
    left = number
    for page in pages:
        rows = [selection.ordered(row) for row in (page if left is None else page[:left])]
        yield rows
        left = None if left is None else left - len(rows)
        if left == 0:
            return


def _print(pages: Iterator[list[dict[str, Any]]]) -> None:
    """A page at a time: memory does not grow with the answer."""
    from .output import Sheet, json_text, layout, show_rows, write

    form = layout()
    if form == "table":
        show_rows([row for page in pages for row in page], _SHOWN)
    elif form == "csv":
        sheet = Sheet(selection.COLUMNS)
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
