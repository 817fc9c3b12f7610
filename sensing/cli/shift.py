"""shift: the hand-over note, for those who come."""

from __future__ import annotations

from typing import Annotated

import typer

from .root import EPILOG, data_folder

app = typer.Typer()


@app.command(epilog=EPILOG)
def shift(
    since: Annotated[str, typer.Option(help="Since when: a duration ago or an instant")] = "8h",
    hour: Annotated[str | None, typer.Option(help="Instead, the note that was kept of the hour of this instant")] = None,
) -> None:
    """交接班记录。Print the hand-over note as Markdown: open events (those that nobody has acknowledged first), new silences, quarantine, dead letters,
    revised values, ledger and disk. One is kept of each hour.

    Example: `sensing shift --since 8h > note.md`
    """
    from sensing import times
    from sensing.shift import markdown

    from .client import connect
    from .output import layout, local, show_one, write
    from .root import everywhere
    from .words import language

    now = times.now()
    asked = {"hour": times.rfc3339(times.since(hour, now))} if hour else {"since": times.rfc3339(times.since(since, now))}
    with connect(data_folder(reads=True)) as client:
        note = client.get("/api/shift", **asked)
    if everywhere().output == "auto" or layout() == "table":
        write(markdown(note, language(), local))
    else:
        show_one(note)
