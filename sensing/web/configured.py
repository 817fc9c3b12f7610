"""For `explain`: which configuration a value was observed with, since when, by whom; and how it was shifted when its frame was gone."""

from __future__ import annotations

from typing import Any

from sensing import times
from sensing.anew import above, added
from sensing.errors import NotFoundError
from sensing.model import Config, Micros, Thing
from sensing.registry.history import Dated
from sensing.store.reader import StoreReader
from sensing.store.revisions import Revision

from .desk import Desk


def told_config(one: Dated) -> dict[str, Any]:
    """A dated configuration as it is told."""
    config = one.config
    return {
        "generation": config.generation, "valid_from": moment(config.valid_from), "valid_to": moment(one.valid_to),
        "in_force": one.in_force, "at": moment(one.at), "by": one.by, "zero": config.zero, "offset": config.offset,
        "mount_height": config.mount_height, "datum": config.datum, "unit": dict(config.units), "period_rule": config.period_rule,
    }  # fmt: skip


def moment(time: Micros | None) -> str | None:
    return times.rfc3339(time) if time else None


def revisions(store: StoreReader, thing: Thing, row: dict[str, Any]) -> list[Revision]:
    """Every revision of an observation, the first configuration's first."""
    at = times.parse_instant(row["time"])
    key = (row["property"], row["statistic"], row["channel"], row["run"], at)
    return sorted((one for one in store.revisions(thing.id, at, at + 1) if one.key == key), key=lambda one: one.order)


def in_force(desk: Desk, thing: Thing, found: list[Revision]) -> dict[str, Any] | None:
    """The configuration of the served revision as the history tells it; None for what has none."""
    served = next((one for one in found if one.served), None)
    try:
        history = desk.registry.history(thing.id) if served is not None else []
    except NotFoundError:  # it enrolled itself
        return None
    return next((told_config(one) for one in history if served and one.config.generation == served.configuration), None)


def shifted(thing: Thing, found: list[Revision]) -> dict[str, Any] | None:
    """How the served revision comes from the one before it, where both are of one frame; None when it was not shifted."""
    served = next((one for one in found if one.served), None)
    if served is None:
        return None
    before = [one for one in found if one.frame == served.frame and one.configuration != served.configuration]
    if not before or before[-1].result is None or served.result is None:
        return None
    old = before[-1]
    then, now = (_config(thing, one.configuration) for one in (old, served))
    if then is None or now is None:
        return None
    return {
        "from": old.result, "revision": f"{old.revision:08x}", "configuration": old.configuration,
        "taken_off": _adds(thing, old, then), "put_on": _adds(thing, served, now), "to": served.result,
        "rule": "the frame is gone: stored value - what the old configuration added + what the new one adds",
    }  # fmt: skip


def _adds(thing: Thing, one: Revision, config: Config) -> float:
    return added(one.name, one.channel, thing, config) or (above(config) or 0.0)


def _config(thing: Thing, generation: int) -> Config | None:
    return next((one for one in thing.configs if one.generation == generation), None)
