"""Layouts of settings, compiled once: devices share their type's until they override a part of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sensing.errors import DecodeError, Reason, ValidationError

from .json_mapping import Layout, compiled


def any_mapped(mappings: Sequence[Mapping[str, Any]]) -> bool:
    """Whether some settings say how a payload is read; without any the generic form does."""
    for mapping in mappings:  # noqa: SIM110  # a third of what any() with a generator costs, for every payload
        if "values" in mapping:
            return True
    return False


_LAYOUTS: dict[tuple[int, ...], tuple[tuple[Any, ...], Layout]] = {}
_PARTS = ("values", "device", "each", "match", "time", "position")


def layout_of(settings: Mapping[str, Any]) -> Layout:
    """The layout of settings, remembered by the identity of its parts: devices share their type's until they override one."""
    parts = tuple(map(settings.get, _PARTS))
    key = tuple(map(id, parts))
    known = _LAYOUTS.get(key)
    if known is not None:
        return known[1]
    if len(_LAYOUTS) > 4096:
        _LAYOUTS.clear()
    try:
        layout = compiled(settings) if "values" in settings else _NO_VALUES
    except ValidationError as error:
        raise DecodeError(Reason.BAD_GRAMMAR, f"the type's mapping is wrong: {error}") from None
    _LAYOUTS[key] = (parts, layout)
    return layout


_NO_VALUES = compiled({})
