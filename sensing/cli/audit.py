"""audit: who did what, in a chain that shows tampering."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .root import EPILOG, data_folder

app = typer.Typer(help="审计。The audit log: show it, verify its chain, keep a copy.", no_args_is_help=True)
_LISTED = ("seq", "at", "who", "what", "subject", "details", "address")


@app.command(epilog=EPILOG)
def show(
    number: Annotated[int, typer.Option("-n", min=1, max=10_000, help="How many lines, the newest")] = 100,
    subject: Annotated[str | None, typer.Option(help="Only what was done to this device, principal or token")] = None,
) -> None:
    """查看审计。Show who did what, newest first.

    Example: `sensing audit show -n 20 --subject gauge-17`
    """
    from .client import connect
    from .output import show_rows

    with connect(data_folder()) as client:
        show_rows(client.get("/api/audit", limit=number, subject=subject)["items"], _LISTED)


@app.command(epilog=EPILOG)
def verify() -> None:
    """核验审计。Check the chain: whether a line was changed, removed or added from outside. Ends with 7 when one was.

    Example: `sensing audit verify`
    """
    from sensing.errors import Exit

    from .client import connect
    from .output import check, layout, show_one, write
    from .words import say

    with connect(data_folder()) as client:
        answer = client.get("/api/audit/verify")
    whole, bad = bool(answer["whole"]), answer["first_bad"]
    if layout() == "table":
        write(f"{check(whole)}  {say('chain')}" + ("" if whole else f": {say('first_bad', seq=bad)}") + "\n")
    else:
        show_one(answer)
    if not whole:
        raise typer.Exit(int(Exit.CHECK_FAILED))


@app.command(epilog=EPILOG)
def export(
    file: Annotated[Path | None, typer.Option("--to-file", help="Write here, mode 0600; standard output when left out")] = None,
) -> None:
    """导出审计。Write every line with its hashes, oldest first, one JSON object a line. Keep it where this machine cannot change it.

    Example: `sensing audit export --to-file audit-2026-11.ndjson`
    """
    import os

    from .client import connect
    from .output import talk, write
    from .words import say

    with connect(data_folder()) as client:
        text = client.text("/api/audit/export")
    if file is None:
        write(text)
        return
    with os.fdopen(os.open(file, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w", encoding="utf-8") as out:
        out.write(text)
    talk(say("audit_written", count=text.count("\n"), file=file))
