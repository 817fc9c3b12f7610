"""Thing types as the registry needs them. They come from config files and are handed in; the registry keeps their ids only."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Protocol

from sensing.errors import ValidationError
from sensing.model import Domain
from sensing.topics import ADAPTER

GENERIC = "generic"
"""Every adapter has this type built in (CONTRACT "Lines that programs read")."""


class ThingType(Protocol):
    """settings: what its devices' are laid over; limits: property id to (low, high) in canonical units."""

    @property
    def id(self) -> str: ...
    @property
    def adapter(self) -> str: ...
    @property
    def domain(self) -> str: ...
    @property
    def settings(self) -> Mapping[str, Any]: ...
    @property
    def limits(self) -> Mapping[str, tuple[float, float]]: ...


def placed(types: Mapping[str, Any], type_id: str, adapter: str | None) -> tuple[str, str]:
    """(adapter, domain) of a device of this type. Raises ValidationError when the type is unknown or speaks another adapter."""
    found = types.get(type_id)
    if found is None and type_id != GENERIC:
        near = get_close_matches(type_id, types, 1)
        raise ValidationError(
            f'type "{type_id}" does not exist', f"did you mean {near[0]}?" if near else "see config/things for the types"
        )
    own = found.adapter if found is not None else ""
    if own and adapter and own != adapter:
        raise ValidationError(f'adapter "{adapter}" does not fit type {type_id}', f"it speaks {own}; leave --adapter out")
    word = own or adapter
    if not word:
        raise ValidationError(f"type {type_id} fits any adapter", "say which one the device speaks (--adapter)")
    if not ADAPTER.fullmatch(word):
        raise ValidationError(f"adapter {word!r} is not an adapter's name", "use its word in topics, such as sl651")
    return word, str(found.domain) if found is not None else Domain.ENVIRONMENT


def settings_of(types: Mapping[str, Any], type_id: str) -> Mapping[str, Any]:
    """The type's settings; {} for one that the config no longer has."""
    found = types.get(type_id)
    return found.settings if found is not None else {}


def limits_of(types: Mapping[str, Any], type_id: str) -> Mapping[str, tuple[float, float]]:
    """The type's limits; {} for one that the config no longer has."""
    found = types.get(type_id)
    return found.limits if found is not None else {}


def cadence_of(types: Mapping[str, Any], type_id: str) -> float | None:
    """How often devices of the type report, in seconds; None when it does not say."""
    found: float | None = getattr(types.get(type_id), "cadence_s", None)
    return found


def checks_of(types: Mapping[str, Any], type_id: str) -> Mapping[str, Any]:
    """What the type says of checks; {} for one that says nothing."""
    found: Mapping[str, Any] = getattr(types.get(type_id), "checks", {})
    return found


def units_of(types: Mapping[str, Any], type_id: str) -> Mapping[str, str]:
    """Property id to the unit on the wire, for all devices of the type that do not say otherwise."""
    found: Mapping[str, str] = getattr(types.get(type_id), "units", {})
    return found
