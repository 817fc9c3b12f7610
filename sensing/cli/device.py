"""device: register, list, show, test, edit, rotate, retire, restore, export."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from . import fields
from .root import EPILOG, data_folder

app = typer.Typer(help="设备：登记、查看、检验、修改。Devices: register, look at, prove, change.", no_args_is_help=True)
Id = Annotated[str, typer.Argument(metavar="ID", help="The device's id")]
_LISTED = ("id", "type", "adapter", "native", "principal", "name", "area", "state")


@app.command(epilog=EPILOG)
def register(
    device: Annotated[str, typer.Argument(metavar="ID", help="Its id here: a-z, 0-9 and -")],
    type_: Annotated[str, typer.Option("--type", help="What kind of device it is (config/things)")],
    adapter: Annotated[str | None, typer.Option(help="The protocol it speaks; the type's when left out")] = None,
    native: fields.Native = None,
    name: fields.Name = None,
    at: fields.At = None,
    crs: fields.Crs = None,
    area: fields.Area = None,
    datum: fields.Datum = None,
    zero: fields.Zero = None,
    offset: fields.Offset = None,
    mount_height: fields.Mount = None,
    unit: fields.Unit = None,
    period_rule: fields.Period = None,
    principal: Annotated[
        str | None, typer.Option(help="The gateway that carries it; without one it gets its own credential")
    ] = None,
    setting: fields.Setting = None,
    note: fields.Note = None,
    serial: fields.Serial = None,
    wait: Annotated[str | None, typer.Option(metavar="120s", help="Wait for its first message, and say how far it came")] = None,
) -> None:
    """登记设备。Register a device. Prints how it must connect; the password is shown once and never again.

    With --wait it then watches for the first message: connected, arrived, decoded, plausible, stored. Ends with 8 when it did
    not come in time, and with 6 when the id or the native id is taken.

    Example: `sensing device register gauge-17 --type generic --adapter sl651 --native 0012345678 --at 24.51,117.65 --wait 120s`
    """
    from sensing import times

    from .client import connect
    from .credential import show_device

    patience = None if wait is None else times.parse_duration(wait) / times.SECOND
    form = fields.form(
        id=device, type=type_, adapter=adapter, native=native, name=name, at=at, crs=crs, area=area, datum=datum, zero=zero,
        offset=offset, mount_height=mount_height, unit=unit, period_rule=period_rule, principal=principal, settings=setting, note=note, serial=serial,
    )  # fmt: skip
    since = times.rfc3339(times.now())
    with connect(data_folder()) as client:
        if patience is not None:
            _must_run(client)
        done = client.post("/api/devices", form)
        show_device(done)
        if patience is not None:  # the service's own clock says since when: ours may be another machine's
            _watch(client, device, (done.get("device") or {}).get("created") or since, patience)


@app.command("list", epilog=EPILOG)
def list_(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="Part of an id, native id, name or area")] = "",
    type_: Annotated[str | None, typer.Option("--type", "-t", help="Only this type")] = None,
    area: Annotated[str | None, typer.Option("--area", "-a", help="Only this area")] = None,
    state: Annotated[str | None, typer.Option(help="active, retired or all; active when left out")] = None,
) -> None:
    """列出设备。List devices.

    Example: `sensing device list zhangpu -o csv`
    """
    from .client import connect
    from .output import show_rows

    with connect(data_folder()) as client:
        show_rows(client.items("/api/devices", query=query, type=type_, area=area, state=state), _LISTED)


@app.command(epilog=EPILOG)
def show(device: Id) -> None:
    """查看设备。Show a device with everything that is known of it, its dated configurations included.

    Example: `sensing device show gauge-17`
    """
    from .client import connect, segment
    from .output import show_one

    with connect(data_folder()) as client:
        show_one(client.get(f"/api/devices/{segment(device)}"))


@app.command("test", epilog=EPILOG)
def prove(
    device: Id,
    since: Annotated[str | None, typer.Option(help="Look at what came since (a duration or an instant)")] = None,
    wait: Annotated[str | None, typer.Option(metavar="60s", help="Wait until every step is true")] = None,
    dip: Annotated[float | None, typer.Option(metavar="3.42", help="What a hand measured, to compare the level with")] = None,
) -> None:
    """检验设备。Prove that a device works: connected, arrived, decoded, plausible, stored; each with why not and what to do.

    Ends with 7 when a step fails or nothing is known of it yet, with 8 when --wait ran out.

    Example: `sensing device test gauge-17 --wait 60s`
    """
    from sensing import times
    from sensing.errors import Exit

    from . import checklist
    from .client import connect

    at = times.rfc3339(times.since(since, times.now())) if since else ""
    with connect(data_folder()) as client:
        if wait is not None:
            _watch(client, device, at, times.parse_duration(wait) / times.SECOND, dip=dip, show=True)
            return
        rows = checklist.ask(client, device, at, dip)
    _show_steps(rows)
    if not checklist.passed(rows):
        raise typer.Exit(int(Exit.CHECK_FAILED))


@app.command(epilog=EPILOG)
def rotate(
    device: Id,
    overlap: Annotated[
        str | None, typer.Option(metavar="10m", help="How long the old password still works; not at all when left out")
    ] = None,
) -> None:
    """更换密码。Give a device's own principal a new password, shown once; the old one ends at once or after --overlap.

    Example: `sensing device rotate gauge-17 --overlap 10m`
    """
    from .client import connect, given, segment
    from .credential import show_device

    with connect(data_folder()) as client:
        show_device(client.post(f"/api/devices/{segment(device)}/rotate", given({"overlap": overlap})), "rotated")


@app.command(epilog=EPILOG)
def retire(
    device: Id,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask")] = False,
) -> None:
    """停用设备。Take a device out of service; its data stay, and `device restore` takes it back.

    Example: `sensing device retire gauge-17 --yes`
    """
    from .output import sure
    from .words import say

    sure(say("retire_sure", id=device), yes=yes)
    _move(device, "retire", "retired")


@app.command(epilog=EPILOG)
def restore(device: Id) -> None:
    """恢复设备。Take a retired device back, with the password it had.

    Example: `sensing device restore gauge-17`
    """
    _move(device, "restore", "restored")


@app.command(epilog=EPILOG)
def export() -> None:
    """导出设备。Write every device to stdout: CSV that can be imported again, or JSON with everything that is known. Never a secret.

    Example: `sensing device export -o csv > devices.csv`
    """
    from .client import connect
    from .output import layout, write

    form = layout()
    with connect(data_folder()) as client:
        text = client.text("/api/export/devices", format="csv" if form in {"csv", "table"} else "json")
    write(_array(text) if form == "json" else text)


def _array(text: str) -> str:
    """NDJSON as one JSON array; an array as it is."""
    import json

    from .output import json_text

    if text.lstrip().startswith("["):
        return text
    return json_text([json.loads(line) for line in text.splitlines() if line], indent=2) + "\n"


def _move(device: str, verb: str, said: str) -> None:
    from .client import connect, segment
    from .output import show_one, talk
    from .words import say

    with connect(data_folder()) as client:
        answer = client.post(f"/api/devices/{segment(device)}/{verb}")
    talk(say(said, id=device))
    show_one(answer, [name for name in _LISTED if name in answer])


def _must_run(client: Any) -> None:
    from sensing.errors import UnreachableError

    if client.offline:
        raise UnreachableError("nothing runs here, so no message can arrive", "start it with `sensing up`, or leave --wait out")


def _watch(client: Any, device: str, since: str, patience_s: float, *, dip: float | None = None, show: bool = False) -> None:
    from . import checklist
    from .output import talk
    from .words import say

    _must_run(client)
    talk(say("waiting", id=device, seconds=f"{patience_s:g}"))
    rows = checklist.wait(client, device, since, patience_s, talk, dip)
    if show:
        _show_steps(rows)


def _show_steps(rows: list[dict[str, Any]]) -> None:
    from . import checklist
    from .output import layout, show_rows, write

    if layout() == "table":
        write("".join(checklist.line(row) + "\n" for row in rows))
    else:
        show_rows(rows, ("step", "ok", "reason", "remedy", "warnings"))
