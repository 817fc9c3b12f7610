"""device replace, find, code: what a thing is called by, and what stands for it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from . import fields
from .root import EPILOG, data_folder

app = typer.Typer()
Id = Annotated[str, typer.Argument(metavar="ID", help="The device's id")]
_FOUND = ("id", "name", "type", "state", "label", "urn", "matched")
_CODES = ("scheme", "code", "from", "to")


@app.command(epilog=EPILOG)
def replace(
    device: Id,
    native: fields.Native = None,
    serial: Annotated[str | None, typer.Option(help="The serial number of the new hardware")] = None,
    at: Annotated[
        str | None, typer.Option(help="When the old hardware was taken off (an instant, or 2h ago as 2h); now when left out")
    ] = None,
) -> None:
    """更换硬件。Other hardware stands at this site now: the thing and its series go on, old and new codes are kept with their dates.

    To correct a native id that was wrong from the start use `device edit --native`.

    Example: `sensing device replace gauge-17 --native 0012345699 --serial SN-2044 --at 2026-09-14T10:00:00Z`
    """
    from sensing import times

    from .client import connect, given, segment
    from .output import talk
    from .words import say

    moment = None if at is None else times.rfc3339(times.since(at, times.now()))
    with connect(data_folder()) as client:
        answer = client.post(f"/api/devices/{segment(device)}/replace", given({"native": native, "serial": serial, "at": moment}))
    talk(say("replaced", id=device))
    _show_codes(answer)


@app.command(epilog=EPILOG)
def find(
    code: Annotated[str, typer.Argument(metavar="CODE", help="An id, label, URN, native id, serial number, station code")],
    at: Annotated[str | None, typer.Option(help="As of this time (an instant or a duration)")] = None,
) -> None:
    """按编码查找。Find the thing that a code stands for: whatever is printed on it or stands in a list.

    Example: `sensing device find 62031500`
    """
    from sensing import times

    from .client import connect, segment
    from .output import show_rows

    moment = None if at is None else times.rfc3339(times.since(at, times.now()))
    with connect(data_folder()) as client:
        answer = client.get(f"/id/{segment(code)}", at=moment)
    found: list[dict[str, Any]] = answer.get("things", [answer])
    show_rows(
        ({**each, "matched": " ".join(f"{how['scheme']}:{how['code']}" for how in each["matched"])} for each in found), _FOUND
    )


@app.command(epilog=EPILOG)
def code(
    device: Id,
    scheme: Annotated[
        str, typer.Argument(metavar="station|asset", help="What kind of code: of a station register, of the owner's books")
    ],
    text: Annotated[str, typer.Argument(metavar="CODE", help="The code")],
    end: Annotated[bool, typer.Option("--end", help="It is this device's no longer")] = False,
) -> None:
    """附加编码。Let a device be found by a further code, such as its national station code; --end takes it away, dated.

    Example: `sensing device code gauge-17 station 62031500`
    """
    from .client import connect, segment

    verb = "codes/end" if end else "codes"
    with connect(data_folder()) as client:
        _show_codes(client.post(f"/api/devices/{segment(device)}/{verb}", {"scheme": scheme, "code": text}))


def _show_codes(answer: dict[str, Any]) -> None:
    from .output import show_rows

    show_rows(answer["codes"], _CODES)
