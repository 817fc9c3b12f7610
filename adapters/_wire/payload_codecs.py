"""Payload codecs: the tables of `config/codecs/*.toml`, compiled when a device first needs one.

A codec is named `<file>/<model>` (milesight/em500-udl); the model alone, or one of its aliases, does as well.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from struct import Struct as Packer
from typing import Any, NamedTuple

from sensing.errors import ValidationError
from sensing.paths import config_dir

from .payload_fields import Field, field, layout

KINDS = ("tlv", "fixed", "flags", "groups")


class Entry(NamedTuple):
    """Fields that stand together. packer: their bytes up to the first switch. rest: fields that a switch may bring in, by key."""

    fields: Sequence[Field]
    packer: Packer
    visible: Sequence[Field]
    """Those of `fields` that take bytes: what `packer` gives, in order."""
    list: str
    flat: bool
    """Whether no field switches."""
    plain: bool
    """Whether every field is a number and nothing else."""


class Codec(NamedTuple):
    """One model. entries: by key of the wire. members: every field of the file, for switches."""

    name: str
    kind: str
    key: str
    endian: str
    entries: Mapping[int, Entry]
    sequence: Sequence[Entry]
    ports: frozenset[int]
    least: int
    members: Mapping[str, Field]


@lru_cache(maxsize=512)
def find(name: str) -> Codec:
    """The codec of this name. Raises ValidationError with those that are near."""
    path = _names().get(name.lower())
    if path is None:
        raise ValidationError(f'codec "{name}" does not exist', f"there are {', '.join(sorted(models()))}")
    vendor, model = path
    return _compiled(vendor, model)


def exists(name: str) -> bool:
    """Whether there is a codec of this name."""
    return name.lower() in _names()


@lru_cache(maxsize=1)
def models() -> tuple[str, ...]:
    """The full name of every codec, in order."""
    return tuple(f"{vendor}/{model}" for vendor in _files() for model in _table(vendor)["models"] if model != "attributes")


def entry(names: Sequence[str], members: Mapping[str, Field], endian: str, group: str = "") -> Entry:
    """Fields by their keys, as one entry. Raises KeyError for one that is not there."""
    fields = tuple(members[name] for name in names)
    return Entry(
        fields,
        layout(fields, endian),
        tuple(one for one in fields if one.type not in {"skip", "const", "none"}),
        group,
        all(one.switch is None for one in fields),
        all(one.plain for one in fields) and not group,
    )


@lru_cache(maxsize=1)
def _files() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in (config_dir() / "codecs").glob("*.toml")))


@lru_cache(maxsize=64)
def _table(vendor: str) -> dict[str, Any]:
    path = config_dir() / "codecs" / f"{vendor}.toml"
    tree = tomllib.loads(path.read_text("utf-8"))
    if tree.get("kind") not in KINDS or tree.get("endian") not in {"big", "little"}:
        raise ValidationError(f"{path}: kind or endian is wrong", f"kind is one of {', '.join(KINDS)}, endian big or little")
    return tree


@lru_cache(maxsize=1)
def _names() -> dict[str, tuple[str, str]]:
    names: dict[str, tuple[str, str]] = {}
    for vendor in _files():
        for model, row in _table(vendor)["models"].items():
            for alias in (model, *row.get("aliases", ())):
                names.setdefault(alias, (vendor, model))
                names[f"{vendor}/{alias}"] = (vendor, model)
    return names


@lru_cache(maxsize=64)
def _members(vendor: str) -> dict[str, Field]:
    where = str(Path("config/codecs") / f"{vendor}.toml")
    return {key: field(key, row, where) for key, row in _table(vendor)["fields"].items()}


@lru_cache(maxsize=512)
def _compiled(vendor: str, model: str) -> Codec:
    table, members = _table(vendor), _members(vendor)
    row = table["models"][model]
    endian = table["endian"]
    try:
        entries = {int(key, 16): _entry(one, members, endian) for key, one in _entries(table["models"], model).items()}
        groups = row.get("groups") or [[name] for name in row.get("fields", ())]
        sequence = tuple(entry(names, members, endian) for names in groups)
    except KeyError as error:
        raise ValidationError(f"config/codecs/{vendor}.toml: {model}: no field {error}", "write it under [fields]") from None
    return Codec(
        f"{vendor}/{model}", table["kind"], table.get("key", "both"), endian, entries, sequence,
        frozenset(row.get("ports", ())), row.get("least", 0), members,
    )  # fmt: skip


def _entries(rows: Mapping[str, Any], model: str) -> dict[str, Any]:
    """The entries of a model over those of what it extends, and those over every model's."""
    row = rows[model]
    parent = row.get("extends", "attributes" if model != "attributes" and "attributes" in rows else None)
    return {**(_entries(rows, parent) if parent else {}), **row.get("entries", {})}


def _entry(row: Any, members: Mapping[str, Field], endian: str) -> Entry:
    return entry(row["fields"], members, endian, row["list"]) if isinstance(row, dict) else entry(row, members, endian)
