"""What SenML names and units mean here: device, code, property."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from sensing import properties, units
from sensing.errors import DecodeError, Reason

from . import value_rows

NAME_SHAPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9:./_-]{0,254}")
_BY_UNIT = {"%RH": "relative_humidity", "%EL": "battery_level", "lon": "position", "lat": "position"}
UNITS = {"C": "A.s", "F": "A.s/V", "B": "B"}
"""Units that SenML and people write alike and mean differently: here C is a coulomb, F a farad."""


@lru_cache(maxsize=8192)
def split(name: str, principal: str) -> tuple[str, str]:
    """(device, code) of a resolved name."""
    if not NAME_SHAPE.fullmatch(name):
        raise DecodeError(Reason.BAD_GRAMMAR, f'name "{name[:60]}" is not a letter or digit and then A-Z a-z 0-9 - : . / _')
    cut = max(name.rfind(":"), name.rfind("/"))
    return (principal, name) if cut <= 0 else (name[:cut], name[cut + 1 :])


@lru_cache(maxsize=8192)
def meaning(rest: str, unit: str | None) -> tuple[str, str | None]:
    """(code, property) of a number; property None when the unit is unknown or measures something else."""
    code = rest or unit or ""
    name = code if rest and properties.get(rest) else (_BY_UNIT.get(code) if not rest else None) or properties.slug("senml", code)
    if not code or name == "position":
        return code, name if code and not rest else None
    wire = UNITS.get(unit, unit) if unit else None
    kept = properties.get(name) or properties.dynamic(name, wire)
    if kept is None:
        return code, None
    try:
        units.converter(wire or kept.unit, kept.unit)
    except units.UnitError:
        return code, None
    return code, name


@lru_cache(maxsize=8192)
def sum_meaning(rest: str, unit: str | None) -> tuple[str | None, str]:
    """(property, unit) of a sum: its unit is that of the value times seconds (RFC 8428 4.3)."""
    over = f"{UNITS.get(unit, unit)}.s" if unit else "s"
    name = properties.slug("senml", f"{rest or unit or ''}_sum")
    try:
        over = f"{units.code(UNITS.get(unit, unit))}.s" if unit else "s"
        return (name if properties.dynamic(name, over) else None), over
    except units.UnitError:
        return None, over


def check_values(rows: Any) -> None:
    """Whether a type's words for its codes can be read. Raises ValidationError naming the field."""
    value_rows.check(rows, "senml", ("code", "property", "unit", "statistic", "channel"), ("code",))
