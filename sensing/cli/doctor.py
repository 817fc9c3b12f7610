"""doctor: whether this machine and this data folder are fit for the service; each check with what to do about it."""

from __future__ import annotations

from typing import Annotated

import typer

from .root import EPILOG, data_folder

app = typer.Typer()


@app.command(epilog=EPILOG)
def doctor(
    repair: Annotated[bool, typer.Option("--repair", help="Mend first what can be mended safely, and say what was done")] = False,
) -> None:
    """体检。Check this machine and the data folder: versions, modes, space, clock, ports, files, lake, archive, certificates, brokers, ledger.

    Ends with 7 when a check fails. What cannot be known is marked so and does not fail. --repair sets modes, removes what killed commands
    left behind and, while nothing runs here, orphans of the lake and the archive, and writes the WAL back.

    Example: `sensing doctor --repair`
    """
    from sensing.errors import Exit

    from . import repairs
    from .checks import examine
    from .output import check, layout, printable, show_rows, talk, write
    from .words import phrase, say

    if repair:
        for done in repairs.repair(data_folder()):
            talk(f"{check(done['ok'])}  {say('repaired')}: {printable(done['detail'])}")
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
