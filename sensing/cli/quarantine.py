"""quarantine: frames of devices that nobody registered, kept until somebody accepts or drops them."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import Annotated, Any

import typer

from . import fields
from .root import EPILOG, data_folder

app = typer.Typer(help="隔离区：未登记设备的报文。Quarantine: frames of devices that nobody registered.", no_args_is_help=True)
Native = Annotated[str, typer.Argument(metavar="NATIVE", help="The id on the wire")]
Several = Annotated[str, typer.Argument(metavar="NATIVE|PATTERN", help="The id on the wire, or a pattern such as '0012*'")]
Adapter = Annotated[str | None, typer.Option(help="The adapter, when several know this id")]
_LISTED = ("adapter", "native", "principal", "run", "frames", "first_received", "last_received", "type", "unit", "clock", "cadence",
           "position", "values")  # fmt: skip
_PREVIEW = ("adapter", "native", "id", "type", "principals", "frames", "known", "problem")
_LINES = ("time", "code", "property", "statistic", "channel", "value", "unit")


@app.command("list", epilog=EPILOG)
def list_(
    pattern: Annotated[str, typer.Argument(metavar="PATTERN", help="Only these ids on the wire, such as '0012*'")] = "",
    adapter: Annotated[str | None, typer.Option(help="Only this adapter")] = None,
    dropped: Annotated[bool, typer.Option("--dropped", help="What was dropped instead of what waits")] = False,
    guess: Annotated[bool, typer.Option("--guess/--no-guess", help="Say what each may be")] = True,
) -> None:
    """列出隔离。List ids on the wire that belong to no device: how many frames wait, and what each may be.

    The guess is read out of a few of its frames: type, unit (when values only make sense in another one), clock (hours off), cadence,
    position, values. It decides nothing.

    Example: `sensing quarantine list '0012*'`
    """
    from .client import connect
    from .output import show_rows

    asked = {"match": pattern, "adapter": adapter, "state": "dropped" if dropped else None, "guess": "1" if guess else None}
    with connect(data_folder()) as client:
        rows = [row | _in_short(row.get("guess")) for row in client.items("/api/quarantine", **asked)]
    show_rows(rows, _LISTED, empty="no_quarantine")


def _in_short(guess: dict[str, Any] | None) -> dict[str, Any]:
    """A guess in one line's columns."""
    if guess is None:
        return {}
    return {
        "type": " ".join(f"{each['type']} {each['score']:g}" for each in guess["types"][:2]),
        "unit": " ".join(f"{name}={unit}" for name, unit in guess["unit"].items()),
        "clock": guess["zone"],
        "cadence": "" if guess["cadence_s"] is None else f"{guess['cadence_s']:g} s",
        "position": "" if guess["position"] is None else "{1:.5f},{0:.5f}".format(*guess["position"]),
        "values": " ".join(f"{each['property'] or each['code']}={each['value']}" for each in guess["values"][:3]),
    }


@app.command(epilog=EPILOG)
def show(
    native: Native,
    adapter: Adapter = None,
    lines: Annotated[int, typer.Option("-n", metavar="N", help="How many readings to show")] = 12,
) -> None:
    """查看隔离。Show what waits for an id: what it may be, what its newest frames say, and the newest one's bytes.

    Example: `sensing quarantine show 0012345678`
    """
    from .client import connect
    from .hexdump import dump
    from .output import block, layout, show_one, table, write

    with connect(data_folder()) as client:
        entry = _one(client, native, adapter, guess="1", lines=str(max(1, min(50, lines))))
    if layout() != "table":
        show_one(entry)
        return
    said, frame, guess = entry.pop("lines"), entry.pop("frame") or {}, entry.pop("guess")
    block(entry | _in_short(guess))
    if said:
        table(said, _LINES)
    if frame.get("hex"):
        write("\n" + dump(bytes.fromhex(frame["hex"])))


@app.command(epilog=EPILOG)
def accept(
    native: Several,
    type_: Annotated[
        str | None, typer.Option("--type", help="What kind of device it is; needed unless it is registered by now")
    ] = None,
    device: Annotated[str | None, typer.Option("--id", help="Its id here; made from the id on the wire when left out")] = None,
    id_pattern: Annotated[
        str | None,
        typer.Option(metavar="'gauge-{native}'", help="Ids here of several; made from the ids on the wire when left out"),
    ] = None,
    adapter: Adapter = None,
    principal: fields.Principal = None,
    name: fields.Name = None,
    at: fields.At = None,
    crs: fields.Crs = None,
    area: fields.Area = None,
    zero: fields.Zero = None,
    unit: fields.Unit = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be registered, do nothing")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask")] = False,
) -> None:
    """接收隔离。Register the device, carried by who sent its frames, and read those frames now as if it had been known before.

    With a pattern it is all ids that fit, shown before it asks. The oldest frames are read first, each is stored once, and what was accepted
    before is accepted again without effect.

    Example: `sensing quarantine accept '0012*' --type generic --id-pattern 'gauge-{native}' --dry-run`
    """
    from .client import connect
    from .commands import result, show
    from .output import layout, show_rows, sure, talk
    from .words import say

    given = fields.form(type=type_, name=name, at=at, crs=crs, area=area, zero=zero, unit=unit, principal=principal)
    several = any(each in native for each in "*?[")
    with connect(data_folder()) as client:
        if several:
            body = {"match": native, "adapter": adapter, "id_pattern": id_pattern} | given
        else:
            entry = _one(client, native, adapter, known=True)
            sender = {"principal": entry["principal"]} if entry.get("principal") else {}
            body = {"adapter": entry["adapter"], "native": native, "id": device or _id_of(native)} | sender | given
        if several or dry_run:
            rows = client.post("/api/quarantine/accept", body | {"dry_run": True})["items"]
            if dry_run or layout() == "table":
                show_rows(rows, _PREVIEW, empty="no_quarantine")
            if dry_run:
                return
            if rows:
                sure(say("accept_sure", devices=len(rows), frames=sum(row["frames"] for row in rows)), yes=yes)
        answer = client.post("/api/quarantine/accept", body)
        done = result(client, answer)
        if several:
            talk(say("accepted_several", devices=answer["registered"]))
            show(done)
        else:
            show({"device": answer["device"]["id"], **done})


@app.command(epilog=EPILOG)
def drop(
    native: Several,
    adapter: Adapter = None,
    why: Annotated[str, typer.Option(help="Why; the audit log keeps it")] = "by hand",
    undo: Annotated[bool, typer.Option("--undo", help="Take it back: what was dropped waits again")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask")] = False,
) -> None:
    """放弃隔离。Close what waits for an id or a pattern. The frames stay in the log as long as all others, and --undo opens them again.

    Example: `sensing quarantine drop 0012345678 --yes`
    """
    from sensing.errors import NotFoundError

    from .client import connect
    from .commands import obey
    from .output import sure
    from .words import say

    with connect(data_folder()) as client:
        state = "dropped" if undo else None
        if any(each in native for each in "*?["):
            asked = client.items("/api/quarantine", match=native, adapter=adapter, state=state)
            listed = [entry for entry in asked if fnmatchcase(entry["native"], native)]
            args = {"adapter": adapter or "", "native": native}
        else:
            listed = [_one(client, native, adapter, state=state)]
            args = {name: listed[0][name] for name in ("adapter", "native", "principal") if listed[0][name]}
        if not listed:
            raise NotFoundError(f"no id in quarantine fits {native}", _HINT)
        if undo:
            obey(client, "retake", args)
            return
        what = f"{native}, {len({entry['native'] for entry in listed})}, {sum(entry['frames'] for entry in listed)}"
        sure(say("drop_sure", what=what), yes=yes)
        obey(client, "release", args | {"why": why})


_HINT = "`sensing quarantine list` shows what does"


def _id_of(native: str) -> str:
    """An id here from an id on the wire."""
    return re.sub(r"[^a-z0-9-]+", "-", native.lower()).strip("-")[:64]


def _one(client: Any, native: str, adapter: str | None, *, known: bool = False, **more: str | None) -> dict[str, Any]:
    """The entry of an id on the wire. known: a device that has it will do. Raises NotFoundError, UsageError when several adapters know it."""
    from sensing.errors import NotFoundError, UsageError

    listed = client.items("/api/quarantine", match=native, adapter=adapter, **more)
    found = [entry for entry in listed if entry["native"] == native and adapter in {None, entry["adapter"]}]
    if not found and known:
        devices = client.items("/api/devices", query=native, adapter=adapter)
        found = [{"adapter": each["adapter"], "native": native} for each in devices if each["native"] == native]
    if not found:
        raise NotFoundError(f"nothing waits for {native}", _HINT)
    adapters = {entry["adapter"] for entry in found}
    if len(adapters) > 1:
        raise UsageError(f"{native} is known to {', '.join(sorted(adapters))}", "say which with --adapter")
    chosen: dict[str, Any] = found[0]
    if len({entry.get("principal") for entry in found}) > 1:
        chosen["principal"] = None
    return chosen
