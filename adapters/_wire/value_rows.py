"""`[[settings.values]]` of a type: what it says of codes that no table can know, one table a code."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sensing import properties, units
from sensing.errors import ValidationError

_LONGEST = 64


def check(rows: Any, protocol: str, keys: Sequence[str], needed: Sequence[str]) -> None:
    """Whether these rows can be read. keys: what a row may say; needed: what it must; a property left out is the code itself.

    Raises ValidationError naming the field.
    """
    if not isinstance(rows, list):
        raise ValidationError("settings.values is not a list of tables", "write one [[settings.values]] a code")
    for number, row in enumerate(rows):
        where = f"settings.values[{number}]"
        if not isinstance(row, dict) or not set(row) <= set(keys) or not set(needed) <= set(row):
            raise ValidationError(f"{where} takes {', '.join(keys)}", f"docs/adapters/{protocol}.md shows it")
        name = str(row.get("property", row["code"]))
        kept = properties.get(name)
        if kept is None and not (len(name) <= _LONGEST and re.fullmatch(rf"{protocol}_[a-z0-9_]+", name)):
            raise ValidationError(
                f'{where}.property "{name}" is not known', f"see config/properties.toml, or write {protocol}_{name}"
            )
        if kept is not None and "unit" in row:
            units.converter(str(row["unit"]), kept.unit)
