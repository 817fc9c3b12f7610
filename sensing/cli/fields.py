"""Options that describe a device, and the form that they fill in (`sensing/registry/forms.py` checks it)."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from sensing.errors import UsageError

Name = Annotated[str | None, typer.Option(help="What people call it")]
At = Annotated[str | None, typer.Option(metavar="LAT,LON", help="Where it stands, degrees, latitude first")]
Crs = Annotated[str | None, typer.Option(help="How --at is stated: wgs84, gcj02 or bd09")]
Area = Annotated[str | None, typer.Option(help="The area it belongs to")]
Datum = Annotated[str | None, typer.Option(help="The datum of its levels")]
Zero = Annotated[float | None, typer.Option(metavar="M", help="Station zero above the datum, m")]
Offset = Annotated[float | None, typer.Option(metavar="M", help="Added to its levels, m")]
Mount = Annotated[float | None, typer.Option("--mount-height", metavar="M", help="Sensor above the zero, m (distance sensors)")]
Dated = Annotated[str | None, typer.Option(metavar="M", help="Another value, m; +0.35 adds to what there is, +-0.35 takes away")]
Unit = Annotated[list[str] | None, typer.Option(metavar="PROP=UNIT", help="Unit on the wire of a property; may be repeated")]
Period = Annotated[str | None, typer.Option("--period-rule", help="Where its periods are anchored: begin or end")]
Setting = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A setting of its adapter, JSON or text; may be repeated")
]
Note = Annotated[str | None, typer.Option(help="A note")]
Serial = Annotated[str | None, typer.Option(help="The serial number of its hardware")]
Native = Annotated[str | None, typer.Option(help="Its id on the wire; the id itself when left out")]
Principal = Annotated[str | None, typer.Option(help="Who carries it")]


def form(**given: Any) -> dict[str, Any]:
    """The fields that were given, as the API wants them. Raises UsageError for pairs that are none."""
    fields = {name: value for name, value in given.items() if value not in (None, [], ())}
    if "at" in fields:
        fields["lat"], fields["lon"] = position(fields.pop("at"))
    if "unit" in fields:
        fields["unit"] = dict(pair(text, "--unit", "PROP=UNIT") for text in fields["unit"])
    if "settings" in fields:
        fields["settings"] = {
            key: _value(text) for key, text in (pair(each, "--set", "KEY=VALUE") for each in fields["settings"])
        }
    return fields


def dated(name: str, text: str | None) -> float | str | None:
    """A value, or `+NUMBER` that is added to the one there is. Raises UsageError."""
    if text is None:
        return None
    try:
        number = float(text.removeprefix("+"))
    except ValueError:
        raise UsageError(f'{name} "{text}" is not a number', "write 3.25, or +0.35 to add to what there is") from None
    return text if text.startswith("+") else number


def position(text: str) -> tuple[float, float]:
    """`LAT,LON` as numbers; also with a full-width comma or a blank."""
    parts = text.replace("，", ",").replace(",", " ").split()
    try:
        lat, lon = (float(part) for part in parts)
    except ValueError:
        raise UsageError(f'--at "{text}" is not LAT,LON', "write degrees, latitude first: --at 24.51,117.65") from None
    return lat, lon


def pair(text: str, option: str, shape: str) -> tuple[str, str]:
    """`KEY=VALUE` in two; raises UsageError naming the option."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip() or not value.strip():
        raise UsageError(f'{option} "{text}" is not {shape}', f"write {option} {shape}")
    return key.strip(), value.strip()


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
