"""What a row of a file would change in a device, in the file's own words."""

from __future__ import annotations

import json
from collections.abc import Mapping

from .export import cells_of, shown
from .forms import DeviceForm
from .natives import normal
from .records import Device

_TOGETHER = ("lat", "lon", "crs")


def differences(before: Device, form: DeviceForm, cells: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Column to (as it is, as the row has it), for the cells that say something. Positions are compared as they were stated."""
    old, new = cells_of(before), _written(before, form)
    return {
        name: (old[name], new[name]) for name, text in cells.items() if name in new and text.strip() and old[name] != new[name]
    }


def _written(before: Device, form: DeviceForm) -> dict[str, str]:
    return {
        "type": form.type,
        "adapter": form.adapter or before.adapter,
        "native": normal(before.adapter, form.native) if form.native else before.native,
        "name": form.name,
        "lat": _number(form.lat),
        "lon": _number(form.lon),
        "crs": form.crs,
        "area": form.area,
        "datum": form.datum,
        "zero": _number(form.zero),
        "offset": _number(form.offset),
        "mount_height": _number(form.mount_height),
        "unit": " ".join(f"{prop}={unit}" for prop, unit in form.unit.items()),
        "period_rule": form.period_rule,
        "principal": "" if form.principal == before.id else form.principal or "",
        "settings": json.dumps(shown(form.settings), ensure_ascii=False, sort_keys=True) if form.settings else "",
        "note": form.note,
        "serial": form.serial,
    }


def _number(value: float | None) -> str:
    return "" if value is None else repr(value)
