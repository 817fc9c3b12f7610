"""Which observations a request is about: what the store can tell apart by itself, and the rest row by row."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from fnmatch import translate
from functools import partial
from typing import Any

from msgspec import Struct

from sensing.access import called
from sensing.query.keep import inside
from sensing.store.reader import Wanted

from . import where
from .ask import Ask
from .catalogue import UNKNOWN, Catalogue, Known
from .desk import Desk
from .scope import areas_of, sees

_GLOB = re.compile(r"[*?\[]")
Row = dict[str, Any]
Look = Callable[[Row, Known], bool]


class Selection(Struct):
    """wanted: for the store. looks: what each row must pass besides, with what the registry knows of its device."""

    wanted: Wanted
    looks: Sequence[Look]
    catalogue: Catalogue

    def keep(self, rows: Sequence[Row]) -> Sequence[Row]:
        """The rows that pass."""
        if not self.looks:
            return rows
        known: Mapping[str, Known] = self.catalogue.look(row["device"] for row in rows)
        return [row for row in rows if self._passes(row, known.get(row["device"], UNKNOWN))]

    def _passes(self, row: Row, known: Known) -> bool:
        return all(look(row, known) for look in self.looks)


def select(desk: Desk, ask: Ask, *, served: bool = True) -> Selection:
    """What the parameters of a request select.

    device: ids, globs (`gauge-*`), or part of an id or name, between commas. property: ids or globs. type, area, domain: words between
    commas. bbox: W,S,E,N. run. where: see `where`. Raises UsageError.
    """
    looks: list[Look] = []
    devices, device_look = _devices(desk, ask.words("device"))
    properties, property_look = _properties(ask.words("property"))
    looks += [look for look in (device_look, property_look) if look]
    for name in ("type", "area", "domain"):
        if words := frozenset(ask.domains() if name == "domain" else ask.words(name)):
            looks.append(_of_registry(name, words))
    if (box := ask.box()) is not None:
        looks.append(partial(inside, box))
    if areas_of(ask):
        looks.append(lambda _row, known: sees(ask, known))
    if text := ask.text("where"):
        test = where.parse(text)
        looks.append(lambda row, _known: test(row))
    wanted = Wanted(
        devices=devices,
        properties=properties,
        statistics=ask.words("statistic"),
        channels=ask.words("channel"),
        runs=desk.runs(ask.text("run")),
        served=served,
    )
    return Selection(wanted, looks, desk.catalogue)


def _devices(desk: Desk, words: Sequence[str]) -> tuple[Sequence[str], Look | None]:
    """A word that is a registered id means that device only; any other is a glob, or a part of an id or name."""
    if not words:
        return (), None
    known = desk.catalogue.look(words)
    if all(known[word] is not UNKNOWN for word in words):
        return words, None
    exact = frozenset(word for word in words if known[word] is not UNKNOWN)
    globs = [re.compile(translate(word)) for word in words if _GLOB.search(word)]
    parts = [word.casefold() for word in words if word not in exact and not _GLOB.search(word)]

    def look(row: Row, known: Known) -> bool:
        device = row["device"]
        if device in exact or any(glob.match(device) for glob in globs):
            return True
        return any(part in device or part in known.name.casefold() for part in parts)

    return (), look


def _properties(words: Sequence[str]) -> tuple[Sequence[str], Look | None]:
    if not any(_GLOB.search(word) for word in words):
        return words, None
    globs = [re.compile(translate(word)) for word in words]
    return (), lambda row, _known: any(glob.match(row["property"]) for glob in globs)


def _of_registry(name: str, words: frozenset[str]) -> Look:
    if name == "area":
        return lambda _row, known: called(words, known.area)
    return lambda _row, known: getattr(known, name) in words
