"""A vendor's JSON: where device, time, place and values stand, in which units. The mapping of `adapters/plainjson`, guessed. Pure.

record: the payload, or each object of its largest array of objects. device: a key that is called so, whose value is a text or a whole number.
time: a key that is called so, or a value that can only be a time. values: numbers (also in quotes) under keys that a property's words
are in, and lists of {name, value, unit}; a list of whole numbers below 65536 is Modbus registers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from .json_values import is_number, leaves, named, named_rows, register_rows, row_of, time_format
from .words import rank, table

ZONE = "+08:00"


class Mapped(Struct):
    """A mapping's settings, and notes by the field that they are about: why, how sure, what else it could be."""

    settings: dict[str, Any] = {}
    notes: dict[str, str] = field(default_factory=dict)
    unsure: int = 0


def mapped(trees: Sequence[Any]) -> Mapped:
    """The mapping that fits the first payload, checked against the others. Its `values` is empty when nothing is a value."""
    found = Mapped({})
    tree = trees[0]
    each = _records(tree)
    record = tree if each is None else _at(tree, each)[0]
    if each:
        found.settings["each"] = each
        found.notes["each"] = "one record a member of this array; pointers start in each"
    _device(found, tree, record)
    _time(found, tree, record)
    _place(found, tree, record)
    _match(found, trees)
    _values(found, record)
    return found


def _records(tree: Any) -> str | None:
    """Pointer of the array of records; None when the payload is the record."""
    if isinstance(tree, list):
        return "" if tree and isinstance(tree[0], Mapping) else None
    lists = [
        (path, value) for path, _, value in leaves(tree) if isinstance(value, list) and value and isinstance(value[0], Mapping)
    ]
    lists = [
        (path, value) for path, value in lists if not named(value) and any(is_number(each) for _, _, each in leaves(value[0]))
    ]
    return max(lists, key=lambda one: len(one[1]))[0] if lists else None


def _at(tree: Any, pointer: str) -> Any:
    for token in pointer.split("/")[1:]:
        tree = tree[token.replace("~1", "/").replace("~0", "~")]
    return tree


def _both(tree: Any, record: Any) -> list[tuple[str, str, Any]]:
    """Leaves of the record, then of what stands above it."""
    own = list(leaves(record))
    return own if tree is record else [*own, *leaves(tree)]


def _device(found: Mapped, tree: Any, record: Any) -> None:
    ranked = [
        (place, path, value) for path, key, value in _both(tree, record)
        if (place := rank(key, table()["keys"]["device"])) is not None
        and ((isinstance(value, str) and 1 <= len(value) <= 64) or (isinstance(value, int) and not isinstance(value, bool)))
    ]  # fmt: skip
    if not ranked:
        found.notes["device"] = "no key names the device: the principal is taken, so each device needs its own credential"
        found.unsure += 1
        return
    _, path, value = min(ranked)
    found.settings["device"] = path
    others = [other for _, other, _ in sorted(ranked)[1:3]]
    found.notes["device"] = f"native id, here {value!r}" + (f"; or {', '.join(others)}" if others else "")


def _time(found: Mapped, tree: Any, record: Any) -> None:
    seen = _both(tree, record)
    called = [(place, path, form) for path, key, value in seen
             if (place := rank(key, table()["keys"]["time"])) is not None and (form := time_format(value))]  # fmt: skip
    alike = [(99, path, form) for path, _, value in seen if isinstance(value, str) and (form := time_format(value))]
    if not (called or alike):
        found.notes["time"] = "no time in it: the time of reception is taken"
        found.unsure += 1
        return
    _, path, (word, naive) = min(called or alike, key=_soonest)
    found.settings["time"] = {"at": path, "format": word} | ({"zone": ZONE} if naive else {})
    if naive:
        found.notes["time"] = f'it carries no zone: {ZONE} is assumed; write zone = "Z" when the device keeps UTC'
        found.unsure += 1


def _soonest(one: tuple[int, str, Any]) -> tuple[int, int]:
    """The likeliest word first, then the shortest way."""
    return one[0], len(one[1])


def _place(found: Mapped, tree: Any, record: Any) -> None:
    pair: dict[str, tuple[str, float]] = {}
    for path, key, value in _both(tree, record):
        for name in ("lon", "lat"):
            if name not in pair and rank(key, table()["keys"][name]) is not None and is_number(value):
                pair[name] = path, float(value)
    if len(pair) < 2:
        return
    if abs(pair["lat"][1]) > 90 >= abs(pair["lon"][1]):
        pair["lon"], pair["lat"] = pair["lat"], pair["lon"]
        found.notes["position"] = "latitude beyond 90: its keys are taken to be swapped"
        found.unsure += 1
    found.settings["position"] = {name: pair[name][0] for name in ("lon", "lat")}


def _match(found: Mapped, trees: Sequence[Any]) -> None:
    """A short word that says which message this is, the same in every sample."""
    first = trees[0]
    for path, key, value in leaves(first):
        if rank(key, table()["keys"]["kind"]) == 0 and isinstance(value, str) and 0 < len(value) <= 32 and not is_number(value):
            if len(trees) > 1 and all({at: told for at, _, told in leaves(tree)}.get(path) == value for tree in trees):
                found.settings["match"] = {path: value}
            else:
                found.notes["match"] = f'other messages of this device? then: match = {{ "{path}" = "{value}" }}'


def _values(found: Mapped, record: Any) -> None:
    taken = {found.settings.get("device"), found.settings.get("time", {}).get("at"), *found.settings.get("position", {}).values()}
    rows: list[dict[str, Any]] = []
    for path, key, value in leaves(record):
        if path in taken or isinstance(value, bool):
            continue
        if isinstance(value, list):
            rows += [_noted(found, row, note) for row, note in (named_rows(path, value) or register_rows(path, value, record))]
        elif is_number(value) and time_format(value) is None:
            row, note = row_of(path, key, float(value), None)
            if row["property"].startswith("plainjson_") and rank(key, table()["keys"]["skip"]) is not None:
                continue
            rows.append(_noted(found, row | ({"text": True} if isinstance(value, str) else {}), note))
    seen: dict[str, int] = {}
    for row in rows:
        seen[row["property"]] = seen.get(row["property"], 0) + 1
        if seen[row["property"]] > 1:
            row["channel"] = str(seen[row["property"]])
    found.settings["values"] = rows


def _noted(found: Mapped, row: dict[str, Any], note: str) -> dict[str, Any]:
    if note:
        found.notes[f"values {row['at']}{row.get('when', '')}{row.get('registers', {}).get('index', '')}"] = note
        found.unsure += 1
    return row
