"""device edit, device history: what is known of a device changed, for now or for the past, and who changed what when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import fields
from .root import EPILOG, data_folder

if TYPE_CHECKING:
    from .client import Client

app = typer.Typer()
Id = Annotated[str, typer.Argument(metavar="ID", help="The device's id")]
COLUMNS = ("property", "statistic", "channel", "time", "old", "old_quality", "new", "new_quality", "unit", "how", "frame")
_EVENTS = ("change", "kind", "start", "end", "severity", "peak")
_LISTED = ("generation", "valid_from", "valid_to", "in_force", "at", "by", "zero", "offset", "mount_height", "datum", "unit", "period_rule",
           "reobserved")  # fmt: skip
_COUNTS = ("changed", "same", "kept", "from_frame", "from_row", "frames")


@app.command(epilog=EPILOG)
def edit(
    device: Id,
    type_: Annotated[str | None, typer.Option("--type", help="Another kind of device")] = None,
    native: fields.Native = None,
    name: fields.Name = None,
    at: fields.At = None,
    crs: fields.Crs = None,
    area: fields.Area = None,
    datum: fields.Datum = None,
    zero: fields.Dated = None,
    offset: fields.Dated = None,
    mount_height: fields.Dated = None,
    unit: fields.Unit = None,
    period_rule: fields.Period = None,
    principal: fields.Principal = None,
    setting: fields.Setting = None,
    note: fields.Note = None,
    valid_from: Annotated[
        str | None, typer.Option(help="Since when zero, datum, unit, offset, mount height and period hold; now when left out")
    ] = None,
    valid_to: Annotated[str | None, typer.Option(help="Until when; until the next dated configuration when left out")] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take the last dated change back")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show old and new side by side, do nothing")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask")] = False,
) -> None:
    """修改设备。Change what is known of a device; what is not named stays. Zero, datum, unit, heights and periods are dated.

    Dated into the past, the observations from then on are made anew, as revisions: nothing is overwritten, `explain` tells both.
    `--dry-run` shows each value that would change, the old one beside the new one, and the events that would differ. Otherwise the counts
    are shown first, then it asks. `--undo` takes the last dated change back, and again takes that back.

    Example: `sensing device edit gauge-17 --zero +0.35 --valid-from 2026-09-01T00:00:00+08:00 --dry-run`
    """
    from sensing.errors import UsageError

    from .client import connect, segment
    from .commands import result, show
    from .output import show_one, talk
    from .words import say

    changes = fields.form(
        type=type_, native=native, name=name, at=at, crs=crs, area=area, datum=datum,
        zero=fields.dated("--zero", zero), offset=fields.dated("--offset", offset),
        mount_height=fields.dated("--mount-height", mount_height), unit=unit, period_rule=period_rule, principal=principal, settings=setting, note=note,
    )  # fmt: skip
    if not changes and not undo:
        raise UsageError(f"nothing to change in {device}", "name at least one field, such as --zero 3.25")
    changes |= _dates(valid_from, valid_to) | ({"undo": True} if undo else {})
    with connect(data_folder()) as client:
        if dry_run or undo or valid_from is not None:
            counts = _tried(client, device, changes, show=dry_run)
            if dry_run:
                return
            _ask(counts, yes=yes)
        answer = client.patch(f"/api/devices/{segment(device)}", changes)
        talk(say("edited", id=device))
        given = answer.pop("reobserve", None)
        if given is not None:
            show(result(client, given)["reobserved"])
    show_one(answer)


@app.command(epilog=EPILOG)
def history(device: Id) -> None:
    """配置历史。List the dated configurations of a device: who made which when, from when to when it holds, what was observed anew.

    Example: `sensing device history gauge-17`
    """
    from .client import connect, segment
    from .output import show_rows

    with connect(data_folder()) as client:
        show_rows(client.get(f"/api/devices/{segment(device)}/history")["items"], _LISTED)


def _dates(valid_from: str | None, valid_to: str | None) -> dict[str, str]:
    from sensing import times

    given = {"valid_from": valid_from, "valid_to": valid_to}
    return {name: times.rfc3339(times.since(text, times.now())) for name, text in given.items() if text is not None}


def _tried(client: Client, device: str, changes: Mapping[str, Any], *, show: bool) -> dict[str, int]:
    """Try the change, page by page; with `show` each value that would change. Returns the counts."""
    from .bar import bar
    from .client import segment
    from .output import layout, show_rows, table, talk
    from .words import say

    rows: list[dict[str, Any]] = []
    events: list[dict[str, Any]] = []
    counts = dict.fromkeys(_COUNTS, 0)
    ends: list[str] = []
    cursor = ""
    with bar(say("comparing"), None):
        while True:
            query = f"?limit={100_000 if show else 0}" + (f"&cursor={cursor}" if cursor else "")
            answer = client.post(f"/api/devices/{segment(device)}/preview{query}", changes)
            rows += answer["items"]
            events += answer["events"]
            ends += [moment for moment in (answer["first"], answer["last"]) if moment]
            for kind in _COUNTS:
                counts[kind] += answer["counts"][kind]
            cursor = answer["next"]
            if cursor is None:
                break
    if show:
        show_rows(rows, COLUMNS, empty="nothing_changes")
        if events and layout() == "table":
            table(events, _EVENTS)
    talk(say("reobserve_would", first=min(ends, default="-"), last=max(ends, default="-"), events=len(events), **counts))
    for event in events if show and layout() != "table" else ():
        talk(say("event_would", **{name: event[name] for name in ("change", "kind", "start", "severity")}))
    return counts


def _ask(counts: Mapping[str, int], *, yes: bool) -> None:
    from .output import sure
    from .words import say

    if counts["changed"]:
        sure(say("reobserve_sure", count=counts["changed"]), yes=yes)
