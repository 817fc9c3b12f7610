"""explain: how a value came to be, from the raw bytes to the result and its flags."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from .root import EPILOG, data_folder

app = typer.Typer()


@app.command(epilog=EPILOG)
def explain(
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="The device's id")],
    prop: Annotated[str, typer.Argument(metavar="PROPERTY", help="The property, such as water_level")],
    time: Annotated[str, typer.Argument(metavar="TIME", help="The observation's time: RFC 3339, or local time of the city")],
    statistic: Annotated[str | None, typer.Option(help="Which statistic, such as sum/PT5M")] = None,
    channel: Annotated[str | None, typer.Option(help="Which channel, such as F5")] = None,
    run: Annotated[str | None, typer.Option(help="Which run: live, or a run's id")] = None,
) -> None:
    """解释数值。Show every step from the bytes on the wire to the stored result: frame, reading, unit, datum, flags, revisions.

    Example: `sensing explain gauge-17 water_level 2026-09-15T03:05:00+08:00`
    """
    from sensing import times

    from .client import connect
    from .output import layout, show_one

    at = times.rfc3339(times.parse_instant(time))
    with connect(data_folder(reads=True)) as client:
        answer = client.get("/api/explain", device=device, property=prop, time=at, statistic=statistic, channel=channel, run=run)
    if layout() != "table":
        show_one(answer)
        return
    _show("", answer)


def _bytes(frame: dict[str, Any], pad: str) -> None:
    """The frame byte by byte."""
    from .annotated import spans_of, view
    from .output import write

    lines = view(bytes.fromhex(frame["hex"]), spans_of(frame["spans"])).splitlines()
    write("".join(f"{pad}{line}\n" for line in lines))


def _show(name: str, value: Any, depth: int = 0) -> None:
    """A tree of names and values, bytes as a dump."""
    from .hexdump import dump
    from .output import cell, write
    from .words import both

    pad = "  " * depth
    if isinstance(value, dict) and set(value) == {"zh", "en"}:
        write(f"{pad}{name:<14} {both(value)}\n")
    elif isinstance(value, dict) and value:
        title = both(value) if "step" in value else name
        if title:
            write(f"{pad}{title}\n")
        shown = {"step", "zh", "en", "spans"} | ({"hex", "text"} if value.get("spans") else set())
        if value.get("spans"):
            _bytes(value, pad)
        for key, inner in value.items():
            if key not in shown:
                _show(key, inner, depth + 1 if title else depth)
    elif isinstance(value, list) and value and isinstance(value[0], (dict, list)):
        for inner in value:
            _show(name, inner, depth)
    elif name == "hex" and isinstance(value, str) and value:
        lines = dump(bytes.fromhex(value)).splitlines()
        write(f"{pad}bytes\n" + "".join(f"{pad}{line}\n" for line in lines))
    else:
        write(f"{pad}{name:<14} {cell(name, value)}\n")
