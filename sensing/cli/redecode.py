"""redecode: frames that are kept, read again with today's decoders and configuration; what they say then is served, nothing is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from .root import EPILOG, data_folder

if TYPE_CHECKING:
    from .client import Client

app = typer.Typer()
COLUMNS = (
    "change",
    "device",
    "property",
    "statistic",
    "channel",
    "time",
    "old",
    "old_quality",
    "new",
    "new_quality",
    "unit",
    "frame",
)
_KINDS = ("same", "changed", "new", "gone")


@app.command(epilog=EPILOG)
def redecode(
    device: Annotated[str | None, typer.Option(metavar="ID", help="Only this device")] = None,
    adapter: Annotated[str | None, typer.Option(metavar="A", help="Only frames of this adapter")] = None,
    since: Annotated[str | None, typer.Option(help="Frames received since: 7d, or an instant; else all that are kept")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show old and new side by side, do nothing")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask")] = False,
) -> None:
    """重新解码。Read stored frames again after a profile, a configuration or a decoder was corrected. Writes revisions, overwrites nothing.

    `--dry-run` shows each value that would change, the old one beside the new one. Without it the counts are shown first, then it asks.

    Example: `sensing redecode --device gulei-01 --since 7d --dry-run`
    """
    from .bar import bar
    from .client import connect
    from .commands import result, show
    from .output import show_rows, sure, talk
    from .words import say

    wanted = {"device": device, "adapter": adapter, "since": since}
    with connect(data_folder()) as client:
        rows, counts = _compared(client, wanted)
        if dry_run:
            show_rows(rows, COLUMNS, empty="nothing_changes")
        talk(say("compared", **counts))
        if dry_run:
            return
        sure(say("redecode_sure", count=counts["changed"] + counts["new"]), yes=yes)
        with bar(say("redecoding"), None):
            given = {name: value for name, value in wanted.items() if value}
            done = result(client, client.post("/api/commands", {"op": "redecode", "args": given}))
        show(done)


def _compared(client: Client, wanted: dict[str, Any]) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Every row that would change, and how many frames and rows there are of each kind."""
    from .bar import bar
    from .words import say

    rows: list[dict[str, Any]] = []
    counts = dict.fromkeys(("frames", *_KINDS), 0)
    cursor: str | None = None
    with bar(say("comparing"), 1.0) as step:
        while True:
            answer = client.get("/api/redecode", **wanted, cursor=cursor)
            rows += answer["items"]
            counts["frames"] += answer["frames"]
            for kind in _KINDS:
                counts[kind] += answer["counts"][kind]
            progress = answer["progress"]
            step((progress["at"] - progress["from"]) / max(1, progress["to"] - progress["from"]))
            cursor = answer["next"]
            if cursor is None:
                return rows, counts
