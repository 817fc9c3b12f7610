"""Which thresholds hold for a datastream: what its device says over what its type says over config/quality.toml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from sensing import logs
from sensing.errors import ValidationError
from sensing.model import Thing

from . import limits
from .beside import beside
from .limits import Limits

_log = logs.get("checks")
_MOST = 20_000
_CLOCK_ONLY = Limits()
POSITION = "position"


class Chosen:
    """Limits of the things met lately. A thing that the registry has changed is another object, so what it says is read anew."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Thing, tuple[Mapping[str, Mapping[str, Any]], ...]]] = {}
        self._alike: dict[Limits, Limits] = {}

    def limits(self, thing: Thing, name: str, statistic: str) -> Limits | None:
        """What a datastream of a thing is held against: at least its clock is. Of vessels, which many hear, only their positions."""
        if thing.shared and name != POSITION:
            return None
        known = self._known.get(thing.id)
        if known is None or known[0] is not thing:
            if len(self._known) >= _MOST:
                self._known.clear()
            known = self._known[thing.id] = thing, _read(thing)
        found = limits.limits(name, statistic, *known[1]) or _CLOCK_ONLY
        if thing.shared:
            return None if found.knots is None else self._alike.setdefault(found, found)
        checked = found is not _CLOCK_ONLY and not found.apart
        if compared := beside(name, statistic, thing.lon, thing.lat, thing.settings.get("thresholds"), checked=checked):
            found = replace(found, beside=compared)
        return self._alike.setdefault(found, found)


def _read(thing: Thing) -> tuple[Mapping[str, Mapping[str, Any]], ...]:
    """Settings of type and device. What registration would refuse (an older registry, a type's file) says nothing, and is told once."""
    try:
        return limits.read(thing.checks), limits.read(thing.settings.get("checks"))
    except ValidationError as error:
        _log.warning("checks_unreadable", device=thing.id, error=str(error))
        return ()
