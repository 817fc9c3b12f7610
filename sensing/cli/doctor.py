"""doctor: whether this machine and this data folder are fit for the service; each check with what to do about it."""

from __future__ import annotations

import typer

from .root import EPILOG, data_folder

app = typer.Typer()


@app.command(epilog=EPILOG)
def doctor() -> None:
    """体检。Check this machine and the data folder: versions, modes, space, clock, ports, files, certificates, brokers, ledger.

    Ends with 7 when a check fails. What cannot be known is marked so and does not fail.

    Example: `sensing doctor -o json`
    """
    from sensing.errors import Exit

    from .checks import examine
    from .output import check, layout, printable, show_rows, write
    from .words import phrase, say

    rows = []
    for found in examine(data_folder()):
        rows.append(found)
        if layout() == "table":
            write(f"{check(found['ok'])}  {phrase('doctor', found['check'])}: {printable(found['detail'])}\n")
            if found["ok"] is not True and found["remedy"]:
                write(f"    → {printable(found['remedy'])}\n")
    if layout() != "table":
        show_rows(rows, ("check", "ok", "detail", "remedy"))
    elif all(row["ok"] is not False for row in rows):
        write(say("healthy") + "\n")
    if any(row["ok"] is False for row in rows):
        raise typer.Exit(int(Exit.CHECK_FAILED))
