"""Devices as files: the columns that people fill in, so that what goes out can come back in (CONTRACT "Files")."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import select

from sensing.errors import ValidationError
from sensing.times import rfc3339

from .forms import DeviceForm, FormError, Problem
from .records import Device
from .rows import HIDDEN
from .schema import HAS_SERIAL, configs, things
from .things import IN_SERVICE, DeviceFilter, Things

COLUMNS = (
    "id", "type", "adapter", "native", "name", "lat", "lon", "crs", "area", "datum", "zero", "unit", "principal", "settings", "note",
)  # fmt: skip
CHINESE = (
    "编号",
    "类型",
    "协议",
    "站码",
    "名称",
    "纬度",
    "经度",
    "坐标系",
    "区域",
    "基面",
    "零点",
    "单位",
    "网关",
    "设置",
    "备注",
)
RARE = ("offset", "mount_height", "period_rule", "serial")
"""Further columns, which a file has when one of its devices needs them."""
EVERY_COLUMN = (*COLUMNS, *RARE)
_NUMBERS = frozenset({"lat", "lon", "zero", "offset", "mount_height"})
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_FIELD = dict(zip(CHINESE, COLUMNS, strict=True))


class Exports(Things):
    """The registry's devices as text."""

    def export_devices(self, layout: str = "csv", chosen: DeviceFilter = IN_SERVICE) -> Iterator[str]:
        """Pieces of a CSV file, or of NDJSON with everything that `device show` knows. Never a secret of a credential.

        Raises ValidationError for another layout.
        """
        if layout == "csv":
            return _csv(self.each_device(chosen), self._rare_columns())
        if layout == "json":
            return (json.dumps(described(device), ensure_ascii=False) + "\n" for device in self.each_device(chosen))
        raise ValidationError(f'layout "{layout}" does not exist', "write csv or json")

    def _rare_columns(self) -> tuple[str, ...]:
        mine = configs.c
        conditions = (mine.offset != 0, mine.mount_height.is_not(None), mine.period_rule != "")
        with self.database.read() as connection:
            used = [connection.execute(select(mine.thing).where(each).limit(1)).first() for each in conditions]
            used.append(connection.execute(select(things.c.id).where(HAS_SERIAL).limit(1)).first())
        return tuple(name for name, found in zip(RARE, used, strict=True) if found)


def shown(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings without the secrets among them (payload keys: names that end in `_key`)."""
    return {name: HIDDEN if name.endswith("_key") else value for name, value in settings.items()}


def described(device: Device) -> dict[str, Any]:
    """A device as `device show -o json` prints it: times in RFC 3339, configurations under `configs`."""
    config = device.config
    return {
        "id": device.id,
        "type": device.type,
        "adapter": device.adapter,
        "native": device.native,
        "principal": device.principal,
        "name": device.name,
        "lat": device.lat,
        "lon": device.lon,
        "crs": device.crs,
        "raw_lat": device.raw_lat,
        "raw_lon": device.raw_lon,
        "area": device.area,
        "domain": device.domain,
        "datum": config.datum,
        "zero": config.zero,
        "offset": config.offset,
        "mount_height": config.mount_height,
        "unit": dict(config.units),
        "period_rule": config.period_rule,
        "settings": shown(device.settings),
        "state": device.state,
        "created": rfc3339(device.created),
        "retired": None if device.retired is None else rfc3339(device.retired),
        "note": device.note,
        "serial": device.serial,
        "label": device.label,
        "urn": device.urn,
        "codes": told_codes(device),
        "configs": [
            {
                "valid_from": rfc3339(each.valid_from),
                "generation": each.generation,
                "zero": each.zero,
                "offset": each.offset,
                "mount_height": each.mount_height,
                "datum": each.datum,
                "unit": dict(each.units),
                "period_rule": each.period_rule,
            }
            for each in device.configs
        ],
    }


def told_codes(device: Device) -> list[dict[str, Any]]:
    """Its codes, then and now, the oldest first; `from` null: ever since, `to` null: still."""
    return [
        {
            "scheme": each.scheme, "code": each.code, "from": rfc3339(each.valid_from) if each.valid_from else None,
            "to": None if each.valid_to is None else rfc3339(each.valid_to),
        }
        for each in device.codes
    ]  # fmt: skip


def cells_of(device: Device) -> dict[str, str]:
    """A device in every column of a device CSV: the position as it was stated, a principal of its own as nothing."""
    return {
        "id": device.id,
        "type": device.type,
        "adapter": device.adapter,
        "native": device.native,
        "name": device.name,
        "lat": _number(device.raw_lat),
        "lon": _number(device.raw_lon),
        "crs": device.crs,
        "area": device.area,
        "datum": device.config.datum,
        "zero": _number(device.config.zero),
        "unit": " ".join(f"{prop}={unit}" for prop, unit in device.config.units.items()),
        "principal": "" if device.principal == device.id else device.principal,
        "settings": json.dumps(shown(device.settings), ensure_ascii=False, sort_keys=True) if device.settings else "",
        "note": device.note,
        "offset": _number(device.config.offset),
        "mount_height": _number(device.config.mount_height),
        "period_rule": device.config.period_rule,
        "serial": device.serial,
    }


def form_of(cells: Mapping[str, str]) -> DeviceForm:
    """The form that a CSV row fills in; columns by their English or Chinese names, empty cells left out. Raises FormError."""
    fields: dict[str, Any] = {_FIELD.get(name, name): bare(text) for name, text in cells.items() if text and not text.isspace()}
    if "settings" in fields:
        try:
            fields["settings"] = json.loads(fields["settings"])
        except ValueError:
            raise FormError(
                [Problem("settings", fields["settings"], "is not JSON", 'write an object such as {"key": 1}')]
            ) from None
    return DeviceForm.read(fields)


def guarded(name: str, text: str) -> str:
    """A text cell that a spreadsheet would take for a formula gets a quote before it, which `bare` takes away again."""
    return f"'{text}" if name not in _NUMBERS and text.startswith((*_FORMULA, "'")) else text


def bare(text: str) -> str:
    """A cell as it was before `guarded`."""
    return text[1:] if text.startswith("'") and text[1:].startswith((*_FORMULA, "'")) else text


def _csv(devices: Iterator[Device], rare: tuple[str, ...]) -> Iterator[str]:
    sheet = io.StringIO()
    writer = csv.DictWriter(sheet, (*COLUMNS, *rare), extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for device in devices:
        writer.writerow({name: guarded(name, text) for name, text in cells_of(device).items()})
        yield sheet.getvalue()
        sheet.seek(0)
        sheet.truncate()
    if sheet.tell():
        yield sheet.getvalue()


def _number(value: float | None) -> str:
    return "" if value is None else repr(value)
