"""Dated configurations: what an edit of the past adds, what takes it back, and which span of time it bears on. Pure.

A configuration is never changed: an edit adds one with a new generation for each stretch that it changes, and one that puts back
what was at its end. Of two that begin at the same instant the later generation holds; so the one in force at a time is always the
last, by (valid_from, generation), that has begun.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from sensing.errors import ValidationError
from sensing.model import Config, Micros
from sensing.times import rfc3339

from .forms import DeviceChanges

FIELDS = {
    "zero": "zero",
    "offset": "offset",
    "mount_height": "mount_height",
    "datum": "datum",
    "unit": "units",
    "period_rule": "period_rule",
}
"""Form field to the field of Config that it dates."""
_CLEARABLE = {"zero", "mount_height"}
BEARING = ("zero", "offset", "mount_height", "units", "period_rule")
"""What bears on values. The datum is a word beside them."""


class Edit(Struct, frozen=True):
    """What an edit says. moved: fields and their values. by: fields and what is added to them. since <= time < until; None: until the next
    configuration that is dated later.
    """

    moved: Mapping[str, Any]
    by: Mapping[str, float]
    since: Micros
    until: Micros | None = None

    @classmethod
    def read(
        cls, changes: DeviceChanges, since: Micros, until: Micros | None = None, by: Mapping[str, float] | None = None
    ) -> Edit:
        """What a form says of the dated fields. Raises ValidationError for a span that is empty."""
        if until is not None and until <= since:
            raise ValidationError(f"valid_to {rfc3339(until)} is not after valid_from {rfc3339(since)}", "swap them")
        wanted = {config: getattr(changes, name) for name, config in FIELDS.items() if name in changes.model_fields_set}
        moved = {name: value for name, value in wanted.items() if value is not None or name in _CLEARABLE}
        return cls(moved, dict(by or {}), since, until)


class Span(Struct, frozen=True):
    """begin <= time < end; end None is for good."""

    begin: Micros
    end: Micros | None = None


def in_order(configs: Sequence[Config]) -> tuple[Config, ...]:
    """By valid_from, then generation."""
    return tuple(sorted(configs, key=lambda one: (one.valid_from, one.generation)))


def at(configs: Sequence[Config], time: Micros) -> Config:
    """The configuration in force; before the first one, the first one."""
    return next((one for one in reversed(configs) if one.valid_from <= time), configs[0])


def following(configs: Sequence[Config], time: Micros) -> Micros | None:
    """When the next one begins; None when none does."""
    return next((one.valid_from for one in configs if one.valid_from > time), None)


def edited(configs: Sequence[Config], edit: Edit) -> list[Config]:
    """What an edit adds to configurations that are in order; [] when it changes nothing."""
    until = following(configs, edit.since) if edit.until is None else edit.until
    later = {one.valid_from for one in configs if edit.since < one.valid_from and (until is None or one.valid_from < until)}
    added: list[Config] = []
    for begin in sorted({edit.since, *later}):
        before = at(configs, begin)
        after = replace(before, **edit.moved, **{name: _sum(getattr(before, name), by) for name, by in edit.by.items()})
        if after != before:
            added.append(replace(after, valid_from=begin))
    if added and until is not None and all(one.valid_from != until for one in configs):
        added.append(replace(at(configs, until), valid_from=until))
    return _numbered(configs, added)


def undone(configs: Sequence[Config], first: int, last: int) -> list[Config]:
    """What takes the generations first..last back: from each instant on at which one of them begins, what was there before them."""
    before = [one for one in configs if one.generation < first]
    begins = {one.valid_from for one in configs if first <= one.generation <= last}
    return _numbered(configs, [replace(at(before, begin), valid_from=begin) for begin in sorted(begins)])


def bearing(before: Sequence[Config], after: Sequence[Config]) -> Span | None:
    """The span in which anything that bears on values is another than before; None when nothing is."""
    bounds = sorted({one.valid_from for one in (*before, *after)})
    changed = [place for place, begin in enumerate(bounds) if _values(at(before, begin)) != _values(at(after, begin))]
    if not changed:
        return None
    last = changed[-1] + 1
    return Span(bounds[changed[0]], bounds[last] if last < len(bounds) else None)


def _values(config: Config) -> tuple[Any, ...]:
    return tuple(dict(config.units) if name == "units" else getattr(config, name) for name in BEARING)


def _sum(value: float | None, by: float) -> float:
    """Rounded to the micrometre, so that 1.1 + 2.2 is 3.3."""
    return round((value or 0.0) + by, 6)


def _numbered(configs: Sequence[Config], added: Sequence[Config]) -> list[Config]:
    first = max(one.generation for one in configs) + 1
    return [replace(one, generation=generation) for generation, one in enumerate(added, first)]
