"""quarantine: frames of devices that nobody registered, kept until somebody accepts or drops them."""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer

from . import fields
from .root import EPILOG, data_folder

app = typer.Typer(help="隔离区：未登记设备的报文。Quarantine: frames of devices that nobody registered.", no_args_is_help=True)
Native = Annotated[str, typer.Argument(metavar="NATIVE", help="The id on the wire")]
Adapter = Annotated[str | None, typer.Option(help="The adapter, when several know this id")]
_LISTED = ("adapter", "native", "principal", "run", "frames", "first", "last")


@app.command("list", epilog=EPILOG)
def list_() -> None:
    """列出隔离。List ids on the wire that belong to no device, with how many frames wait.

    Example: `sensing quarantine list`
    """
    from .client import connect
    from .output import show_rows

    with connect(data_folder()) as client:
        show_rows(client.items("/api/quarantine"), _LISTED, empty="no_quarantine")


@app.command(epilog=EPILOG)
def show(native: Native, adapter: Adapter = None) -> None:
    """查看隔离。Show what waits for an id, and its newest frame's bytes.

    Example: `sensing quarantine show 0012345678`
    """
    from .client import connect
    from .hexdump import dump
    from .output import block, layout, show_one, write

    with connect(data_folder()) as client:
        entry = _one(client, native, adapter)
        frame = client.get(f"/api/frames/{entry['last']}")
    text = str(frame.get("hex") or "")
    if layout() == "table" and text:
        block(entry)
        write("\n" + dump(bytes.fromhex(text)))
    else:
        show_one(entry | {"frame": frame})


@app.command(epilog=EPILOG)
def accept(
    native: Native,
    type_: Annotated[
        str | None, typer.Option("--type", help="What kind of device it is; needed unless it is registered by now")
    ] = None,
    device: Annotated[str | None, typer.Option("--id", help="Its id here; made from the id on the wire when left out")] = None,
    adapter: Adapter = None,
    name: fields.Name = None,
    at: fields.At = None,
    crs: fields.Crs = None,
    area: fields.Area = None,
    zero: fields.Zero = None,
) -> None:
    """接收隔离。Register the device, carried by who sent its frames, and read those frames now as if it had been known before.

    Example: `sensing quarantine accept 0012345678 --type generic --id gauge-18`
    """
    from .client import connect
    from .commands import result, show

    given = fields.form(type=type_, id=device or _id_of(native), name=name, at=at, crs=crs, area=area, zero=zero)
    with connect(data_folder()) as client:
        entry = _one(client, native, adapter)
        body = {"adapter": entry["adapter"], "native": entry["native"], "principal": entry["principal"]} | given
        answer = client.post("/api/quarantine/accept", body)
        show({"device": answer["device"]["id"], **result(client, answer)})


@app.command(epilog=EPILOG)
def drop(
    native: Native,
    adapter: Adapter = None,
    why: Annotated[str, typer.Option(help="Why; the audit log keeps it")] = "by hand",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask")] = False,
) -> None:
    """放弃隔离。Close what waits for an id. The frames stay in the log as long as all others.

    Example: `sensing quarantine drop 0012345678 --yes`
    """
    from .client import connect
    from .commands import obey
    from .output import sure
    from .words import say

    with connect(data_folder()) as client:
        entry = _one(client, native, adapter)
        sure(say("drop_sure", what=f"{entry['adapter']} {native}, {entry['frames']}"), yes=yes)
        obey(
            client,
            "release",
            {"adapter": entry["adapter"], "native": entry["native"], "principal": entry["principal"], "why": why},
        )


def _id_of(native: str) -> str:
    """An id here from an id on the wire."""
    return re.sub(r"[^a-z0-9-]+", "-", native.lower()).strip("-")[:64]


def _one(client: Any, native: str, adapter: str | None) -> dict[str, Any]:
    """The entry of an id on the wire. Raises NotFoundError, UsageError when several adapters know it."""
    from sensing.errors import NotFoundError, UsageError

    listed = client.items("/api/quarantine")
    found = [entry for entry in listed if entry["native"] == native and adapter in {None, entry["adapter"]}]
    if not found:
        raise NotFoundError(f"nothing waits for {native}", "`sensing quarantine list` shows what does")
    adapters = {entry["adapter"] for entry in found}
    if len(adapters) > 1:
        raise UsageError(f"{native} is known to {', '.join(sorted(adapters))}", "say which with --adapter")
    chosen: dict[str, Any] = found[0]
    return chosen
