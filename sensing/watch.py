"""Which observations are watched: the thresholds in a thing's settings, read once per thing as the registry has it."""

from __future__ import annotations

from collections.abc import Mapping

from . import logs, thresholds
from .errors import ValidationError
from .events import Watched
from .model import Thing
from .thresholds import Rule

_log = logs.get("watch")
_MOST = 20_000
_NOTHING: Mapping[str, Watched] = {}


class Watch:
    """Rules of the things met lately. A thing that the registry has changed is another object, so what it says is read anew."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Thing, Mapping[str, Watched]]] = {}

    def over(self, thing: Thing, name: str, statistic: str, channel: str) -> Watched | None:
        """What watches a datastream of a thing; None for nothing."""
        known = self._known.get(thing.id)
        if known is None or known[0] is not thing:
            if len(self._known) >= _MOST:
                self._known.clear()
            known = self._known[thing.id] = thing, _read(thing)
        found = known[1].get(name)
        return found if found is not None and found.rule.covers(statistic, channel) else None


def _read(thing: Thing) -> Mapping[str, Watched]:
    """Rules by property. What registration would refuse (an older registry, a type's file) watches nothing, and is told once."""
    try:
        rules: dict[str, Rule] = thresholds.read(thing.settings.get("thresholds"))
    except ValidationError as error:
        _log.warning("thresholds_unreadable", device=thing.id, error=str(error))
        return _NOTHING
    return {name: Watched(rule, str(thing.domain)) for name, rule in rules.items()}
