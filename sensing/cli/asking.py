"""What `query` and `export` ask: their common options, and the two ways to an answer.

Files of this machine are read as they lie, whether the service runs or not: no lock, nothing that it would have to do. With SENSING_URL
or SENSING_TOKEN set, or where there is no store to open, the API is asked.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import selection

if TYPE_CHECKING:
    from sensing.python import Answer, Data

Many = list[str] | None
Statistic = Annotated[Many, typer.Option(help="Only this statistic, such as sum/PT5M; may be repeated")]
Channel = Annotated[Many, typer.Option(help="Only this channel, such as F5; may be repeated")]
Domain = Annotated[str | None, typer.Option(help="people, city, environment, industry or safety")]
Box = Annotated[
    str | None, typer.Option(metavar="W,S,E,N", help="Only what lies in this box, degrees; movers by their own place")
]
Where = Annotated[str | None, typer.Option(metavar='"value>2.5"', help="Only rows that this is true of")]
Begin = Annotated[str | None, typer.Option("--from", help="Since when (a duration ago or an instant)")]
End = Annotated[str | None, typer.Option("--to", help="Until when, exclusive")]
Every = Annotated[
    str | None, typer.Option(metavar="5m", help="One line for so long: 5m, 1h; 1d from local midnight, 7d from Monday")
]
Agg = Annotated[
    str | None,
    typer.Option(metavar="mean,max", help="mean min max sum first last count p50 p95; mean when only --every is given"),
]
Quality = Annotated[
    str | None,
    typer.Option(metavar="good|1,2", help="Only these flags: good unknown suspect fail missing any; means take 1,2 unless told"),
]
AsOf = Annotated[str | None, typer.Option("--as-of", help="As it was known then (a duration ago or an instant)")]
Revisions = Annotated[bool, typer.Option("--revisions", help="Every revision, not only the one that is served")]
Fill = Annotated[bool, typer.Option("--fill", help="Show stretches of time without a row as well")]
_PLAIN = ("type", "area", "domain", "where", "run", "every", "agg", "fill")


def made(asked: Mapping[str, Any]) -> bool:
    """Whether lines are asked for rather than rows."""
    return bool(asked["every"] or asked["agg"])


def here(data: Path) -> bool:
    """Whether to read the files of this machine."""
    return (
        not os.environ.get("SENSING_URL")
        and not os.environ.get("SENSING_TOKEN")
        and any(os.access(data / name, os.R_OK) for name in ("store.db", "log.db"))
    )


def local(store: Data, asked: Mapping[str, Any]) -> Answer:
    """The answer out of files. asked: by the options' names. Raises UsageError, NotFoundError when no device matches."""
    from sensing.errors import NotFoundError

    given = {name: asked[name] for name in _PLAIN if asked[name]}
    found = store.query(
        asked["query"], property=asked["prop"], statistic=asked["statistic"], channel=asked["channel"], since=asked["begin"],
        until=asked["end"], quality=asked["quality"], as_of=asked["as_of"], served=not asked["revisions"], bbox=_box(asked["bbox"]),
        columns=selection.COLUMNS, **given,
    )  # fmt: skip
    words = [word.strip() for word in asked["query"].split(",") if word.strip()]
    if found.nobody and words and not any(sign in asked["query"] for sign in "*?[") and not store.registered(words):
        raise NotFoundError(f'no device matches "{asked["query"]}"', "`sensing device list` shows what there is")
    return found


def parameters(client: Any, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The same for the API."""
    from sensing import times

    now = times.now()

    def instant(name: str) -> str | None:
        return times.rfc3339(times.since(asked[name], now)) if asked[name] else None

    found = {name: asked[name] for name in _PLAIN if name != "fill"}
    return found | {
        "device": selection.devices(client, asked["query"]), "property": asked["prop"], "statistic": asked["statistic"],
        "channel": asked["channel"], "bbox": asked["bbox"], "quality": asked["quality"], "from_": instant("begin"), "to": instant("end"),
        "as_of": instant("as_of"), "served": "0" if asked["revisions"] else None, "fill": "1" if asked["fill"] else None,
    }  # fmt: skip


def pages(found: Answer, number: int | None) -> Iterator[list[dict[str, Any]]]:
    """Rows of an answer, some thousands at a time."""
    from itertools import islice

    from sensing.query import told

    for piece in found.batches(few=number or 0):
        rows = told.rows(piece if number is None else piece.slice(0, number))
        while page := list(islice(rows, 5_000)):
            yield page


def _box(text: str | None) -> tuple[float, float, float, float] | None:
    from sensing.query.keep import box

    return box(text.split(",")) if text else None
