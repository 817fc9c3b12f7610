"""annotate: a later verdict over a range, applied when data are read; what was stored stays."""

from __future__ import annotations

from typing import Annotated

import typer

from .root import EPILOG, data_folder

app = typer.Typer()


@app.command(epilog=EPILOG)
def annotate(
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="The device's id")],
    prop: Annotated[str, typer.Option("--property", "-p", help="The property, such as water_level")],
    begin: Annotated[str, typer.Option("--from", help="Since when (a duration ago or an instant)")],
    end: Annotated[str | None, typer.Option("--to", help="Until when; now when left out")] = None,
    quality: Annotated[int, typer.Option(help="1 good, 2 not evaluated, 3 suspect, 4 fail, 9 missing")] = 4,
    reason: Annotated[str, typer.Option(help="Why (docs/operate.md lists the reasons)")] = "manual",
    note: Annotated[str, typer.Option(help="What was seen")] = "",
) -> None:
    """加注。Say afterwards what a range of a device's data is worth, such as a fouled sensor between two visits.

    Example: `sensing annotate gauge-17 --property water_level --from 2026-09-15T14:00 --to 2026-09-15T18:00 --quality 4`
    """
    from sensing import times
    from sensing.errors import UsageError
    from sensing.model import Quality, QualityReason

    from .client import connect
    from .commands import obey

    now = times.now()
    span = times.since(begin, now), times.since(end, now) if end else now
    if span[0] >= span[1]:
        raise UsageError(f"--from {begin} is not before --to {end or 'now'}", "the range is [from, to)")
    if quality not in set(Quality) or reason not in set(QualityReason) - {QualityReason.NONE}:
        raise UsageError(f"--quality {quality} --reason {reason} is no verdict", "docs/operate.md lists qualities and reasons")
    args = {
        "device": device, "property": prop, "from": times.rfc3339(span[0]), "to": times.rfc3339(span[1]), "quality": quality,
        "reason": reason, "note": note,
    }  # fmt: skip
    with connect(data_folder()) as client:
        obey(client, "annotate", args)
