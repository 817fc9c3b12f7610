"""ledger: where every frame and every reading went."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from .root import EPILOG, data_folder

app = typer.Typer()
_FRAMES = ("received", "decoded", "silent", "pending", "dead_lettered", "quarantined")
_READINGS = ("readings", "stored", "duplicate", "revised", "unmapped")


@app.command(epilog=EPILOG)
def ledger(
    by: Annotated[str | None, typer.Option(help="Rows for each device, hour or adapter")] = None,
    since: Annotated[str | None, typer.Option(help="Only since (a duration or an instant; whole hours)")] = None,
) -> None:
    """收支账。Show the two sums that must balance: frames received, and readings found in them. Health means that they do.

    Ends with 7 when they do not.

    Example: `sensing ledger --by device --since 24h`
    """
    from sensing import times
    from sensing.errors import Exit

    from .client import connect
    from .output import layout, show_one

    at = times.rfc3339(times.since(since, times.now())) if since else None
    with connect(data_folder(reads=True)) as client:
        answer = client.get("/api/ledger", by=by, since=at)
    if layout() in {"json", "ndjson"}:
        show_one(answer)
    else:
        _show(answer, by)
    if not answer["balanced"]:
        raise typer.Exit(int(Exit.CHECK_FAILED))


def _show(answer: dict[str, Any], by: str | None) -> None:
    from .output import cell, layout, show_one, show_rows, write

    columns = (*_FRAMES, *_READINGS, "refused", "balanced")
    if by:
        show_rows(answer.get("rows", ()), (by, *columns))
    elif layout() == "csv":
        show_one(answer, columns)
    if layout() == "table":
        write(f"received {answer['received']} = " + " + ".join(f"{name} {answer[name]}" for name in _FRAMES[1:]) + "\n")
        write(f"readings {answer['readings']} = " + " + ".join(f"{name} {answer[name]}" for name in _READINGS[1:]) + "\n")
        write(f"refused {answer['refused']}\nbalanced {cell('balanced', bool(answer['balanced']))}\n")
