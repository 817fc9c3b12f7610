"""export: all that a query finds, into a Parquet, CSV or NDJSON file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from . import asking, selection
from .root import EPILOG, data_folder

app = typer.Typer()


@app.command(epilog=EPILOG)
def export(
    to_file: Annotated[
        Path, typer.Option("--to-file", metavar="FILE", help="X.parquet, X.csv or X.ndjson; replaced when it is there")
    ],
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
    bom: Annotated[bool, typer.Option("--bom", help="Begin a CSV with a byte order mark, so that Excel reads Chinese")] = False,
) -> None:
    """导出数据。Write all observations that match to a file: what `sensing query` prints, by time, a piece at a time.

    The file is there when it is whole; Ctrl-C leaves nothing. In CSV a text that a spreadsheet would take for a formula gets a quote before it.

    Example: `sensing export --property water_level --from 30d --to-file levels.parquet`
    """
    from sensing.errors import UsageError
    from sensing.query.files import kind_of

    from .output import show_one

    kind = kind_of(to_file)
    if bom and kind != "csv":
        raise UsageError(f"--bom is of CSV, {to_file.name} is not", "name the file X.csv")
    asked = {
        "query": query, "prop": prop, "statistic": statistic, "channel": channel, "type": type_, "area": area, "domain": domain,
        "bbox": bbox, "begin": begin, "end": end, "every": every, "agg": agg, "quality": quality, "where": where, "run": run,
        "as_of": as_of, "revisions": revisions, "fill": fill,
    }  # fmt: skip
    data = data_folder(reads=True)
    rows = _written(data, asked, to_file, kind, bom=bom) if asking.here(data) else _fetched(data, asked, to_file, kind, bom=bom)
    show_one({"file": str(to_file), "rows": rows, "bytes": to_file.stat().st_size})


def _written(data: Path, asked: dict[str, Any], path: Path, kind: str, *, bom: bool) -> int:
    from sensing.python import open_data
    from sensing.query import files

    from .bar import bar
    from .words import say

    with open_data(data) as opened, bar(say("exporting"), 1.0) as show:
        found = asking.local(opened, asked)
        with files.whole(path) as out:
            return files.write(out, kind, found.batches(tell=show), found.schema(), bom=bom)


def _fetched(data: Path, asked: dict[str, Any], path: Path, kind: str, *, bom: bool) -> int | None:
    """The service sends it. How many rows there are is known of CSV and NDJSON, a line each, and of Parquet by its end."""
    from sensing.query import files

    from .bar import bar
    from .client import connect
    from .words import say

    with connect(data) as client, bar(say("exporting"), None), files.whole(path) as out:
        if bom:
            out.write(files.BOM)
        for piece in client.download("/api/observations", **asking.parameters(client, asked), format=kind):
            out.write(piece)
    return files.rows_of(path, kind)
