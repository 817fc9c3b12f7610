"""Observed properties: what is measured, in which unit it is kept, and how it is called (CONTRACT "Observed properties").

Three kinds: those of `config/properties.toml`; one for every code of `config/codes/*.tsv` that has no name there
(`<adapter>_<code>`); and dynamic ones that a wire brings with it (`senml_<code>`, `plainjson_<key>`), kept in the
preferred unit of whatever dimension they come in.
"""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from zlib import crc32

from msgspec import Struct

from .errors import ValidationError
from .paths import config_dir
from .units import UnitError, code, preferred

ID = re.compile(r"[a-z0-9_]{1,64}")
_OTHER = re.compile(r"[^a-z0-9]+")


class Property(Struct, frozen=True):
    """unit: UCUM. range: (low, high) physically possible, in `unit`. sentinels: wire values that mean "no reading".

    circular: a direction, 0 and 360 meet. level: a water level that datum arithmetic applies to. cf: CF standard name or "".
    """

    id: str
    unit: str
    name_zh: str
    name_en: str
    circular: bool = False
    level: bool = False
    cf: str = ""
    range: tuple[float, float] | None = None
    sentinels: frozenset[float] = frozenset()


def get(name: str) -> Property | None:
    """The property of a table; None for a dynamic or unknown one."""
    return _tables().get(name)


def all_properties() -> Mapping[str, Property]:
    """Every property of the tables, by id."""
    return _tables()


def unit_of(name: str) -> str:
    """The unit of a property of a table; "1" for a dynamic one, whose unit goes with its observations."""
    found = _tables().get(name)
    return found.unit if found else "1"


@lru_cache(maxsize=8192)
def dynamic(name: str, unit: str | None) -> Property | None:
    """A property that only the wire knows, kept in the preferred unit of the wire's; None when that unit is not known.

    name: an id as `slug` makes it. unit: as the wire writes it; None is a plain number.
    """
    try:
        kept = preferred(unit) if unit else "1"
    except UnitError:
        return None
    return Property(name, kept, name, name, sentinels=_common())


@lru_cache(maxsize=8192)
def slug(prefix: str, wire_name: str) -> str:
    """`<prefix>_<wire name>` as a property id: lower case, other characters `_`, at most 64 characters.

    Names that differ only in what an id cannot hold (水位, 流速) are told apart by a checksum at the end.
    """
    plain = _OTHER.sub("_", wire_name.lower()).strip("_")
    if plain and wire_name.isascii() and len(prefix) + len(plain) < 64:
        return f"{prefix}_{plain}"
    return f"{f'{prefix}_{plain}'[:55].rstrip('_')}_{crc32(wire_name.encode('utf-8', 'replace')):08x}"


@lru_cache(maxsize=1)
def _tables() -> dict[str, Property]:
    folder = config_dir()
    table = _named(folder / "properties.toml")
    for path in sorted((folder / "codes").glob("*.tsv")):
        _add_codes(path, table)
    return table


@lru_cache(maxsize=1)
def _common() -> frozenset[float]:
    return frozenset(float(value) for value in _read(config_dir() / "properties.toml").get("common_sentinels", ()))


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text("utf-8"))


def _named(path: Path) -> dict[str, Property]:
    table: dict[str, Property] = {}
    for name, row in _read(path)["property"].items():
        if not ID.fullmatch(name):
            raise ValidationError(f'{path}: property "{name}" is not an id', "use 1-64 of a-z 0-9 _")
        own = row.get("sentinels")
        span = row.get("range")
        table[name] = Property(
            name,
            _checked(row["unit"], path, name),
            row["zh"],
            row["en"],
            circular=row.get("circular", False),
            level=row.get("level", False),
            cf=row.get("cf", ""),
            range=(float(span[0]), float(span[1])) if span else None,
            sentinels=frozenset() if own == [] else _common().union(float(value) for value in own or ()),
        )
    return table


def _add_codes(path: Path, table: dict[str, Property]) -> None:
    """Rows of a code table: first column the wire's code, then by name `property`, `ucum`, `name_zh`."""
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader((line for line in lines if not line.startswith("#")), delimiter="\t"):
            wire_code = next(iter(row.values())) or ""
            name = (row.get("property") or "").strip() or slug(path.stem, wire_code)
            if name in table or name == "-" or not wire_code:
                continue
            unit = (row.get("ucum") or "").strip() or "1"
            title = (row.get("name_zh") or name).strip()
            english = (row.get("name_en") or row.get("ascii") or title).strip()
            table[name] = Property(name, _checked(unit, path, name), title, english, sentinels=_common())


def _checked(unit: str, path: Path, name: str) -> str:
    try:
        return code(unit)
    except UnitError as error:
        raise ValidationError(f"{path}: {name}: {error.what}", error.hint) from None
