"""Which rows: what the store can tell by itself becomes ids, the rest is asked of each row, or of whole tables at once.

Movers are where their row says, others where the registry does; a place that nobody knows is nowhere.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from fnmatch import translate
from typing import Any

from msgspec import Struct

from sensing.access import called
from sensing.errors import UsageError

from .known import UNKNOWN, Known, Look
from .where import Terms, holds

Box = tuple[float, float, float, float]
"""West, south, east, north in degrees; west may be east of east, across the date line."""
_GLOB = re.compile(r"[*?\[]")
_OWN = {"device": "thing"}
"""Columns whose name in a reader's tables is another."""


def box(words: Sequence[str], name: str = "bbox") -> Box:
    """W,S,E,N of four words. Raises UsageError."""
    shown = ",".join(words)[:80]
    try:
        west, south, east, north = (float(word) for word in words)
    except ValueError:
        raise UsageError(f'{name} "{shown}" is not four numbers', "write W,S,E,N in degrees") from None
    if not all(map(math.isfinite, (west, south, east, north))) or south > north:
        raise UsageError(f'{name} "{shown}" is empty', "write W,S,E,N with S below N")
    return west, south, east, north


class Keep(Struct, frozen=True):
    """What a row must pass. qualities: flags, empty for any. look: where devices stand, for `box`."""

    qualities: frozenset[int] = frozenset()
    box: Box | None = None
    terms: Terms = ()
    look: Look | None = None

    def __bool__(self) -> bool:
        return bool(self.qualities or self.box or self.terms)

    def columns(self) -> set[str]:
        """What `mask` reads of a table."""
        found = {_OWN.get(one.column, one.column) for every in self.terms for one in every}
        return found | ({"thing", "lon", "lat"} if self.box else set()) | ({"quality"} if self.qualities else set())

    def passes(self, row: Mapping[str, Any]) -> bool:
        """Whether a row, in the contract's words, is one of them."""
        if self.qualities and row["quality"] not in self.qualities:
            return False
        if self.terms and not holds(self.terms, row):
            return False
        return self.box is None or inside(self.box, row, self._place(row["device"]))

    def mask(self, table: Any) -> Any:
        """Which rows of a reader's table are among them: an array of bool; None when all are."""
        import numpy as np

        found = None
        for part in (self._quality, self._inside, self._terms):
            mask = part(table)
            if mask is not None:
                found = mask if found is None else found & mask
        return None if found is None or np.all(found) else found

    def _place(self, device: str) -> Known:
        return self.look([device]).get(device, UNKNOWN) if self.look else UNKNOWN

    def _quality(self, table: Any) -> Any:
        import numpy as np

        return np.isin(table["quality"].to_numpy(), sorted(self.qualities)) if self.qualities else None

    def _inside(self, table: Any) -> Any:
        import numpy as np

        if self.box is None:
            return None
        west, south, east, north = self.box
        devices, places = _words(table["thing"])
        known = self.look(devices) if self.look else {}
        own = [table[name].to_numpy() for name in ("lon", "lat")]
        stands = [np.array([getattr(known.get(one, UNKNOWN), name) for one in devices], dtype=float) for name in ("lon", "lat")]
        lon, lat = (np.where(np.isnan(here), there[places], here) for here, there in zip(own, stands, strict=True))
        across = (west <= lon) & (lon <= east) if west <= east else (lon >= west) | (lon <= east)
        return across & (south <= lat) & (lat <= north)  # what is not known is NaN, and inside of nothing

    def _terms(self, table: Any) -> Any:
        import numpy as np

        if not self.terms:
            return None
        return np.any([np.all([_compared(table, one) for one in every], axis=0) for every in self.terms], axis=0)


def inside(box: Box, row: Mapping[str, Any], known: Known) -> bool:
    """Whether a row, in the contract's words, is of somewhere in a box."""
    west, south, east, north = box
    lon, lat = row.get("lon", known.lon), row.get("lat", known.lat)
    if lon is None or lat is None or not south <= lat <= north:
        return False
    if west <= east:
        return bool(west <= lon <= east)
    return bool(lon >= west or lon <= east)


def _compared(table: Any, one: Any) -> Any:
    import numpy as np

    column = table[_OWN.get(one.column, one.column)]
    if one.column == "revision":
        numbers = column.to_numpy()
        told = int(one.constant, 16) if re.fullmatch("[0-9a-f]{8}", one.constant) else -1
        return one.compare(numbers, told)
    if isinstance(one.constant, float):
        values = column.to_numpy()
        return one.compare(values, one.constant) & ~np.isnan(values.astype(float))
    words, places = _words(column)
    return np.array([one.compare(word, one.constant) for word in words], dtype=bool)[places]


def _words(column: Any) -> tuple[list[str], Any]:
    """The different words of a dictionary column, and of each row which."""
    coded = column.combine_chunks() if hasattr(column, "combine_chunks") else column
    return coded.dictionary.to_pylist(), coded.indices.to_numpy(zero_copy_only=False)


def matching(words: Sequence[str], known: Callable[[], Sequence[str]]) -> Sequence[str]:
    """Words with their patterns (`air_*`) replaced by what they match."""
    if not any(_GLOB.search(word) for word in words):
        return words
    globs = [re.compile(translate(word)) for word in words]
    return [one for one in known() if any(glob.match(one) for glob in globs)]


class Devices(Struct, frozen=True):
    """Which devices. words: ids, globs (`gauge-*`), or parts of an id, native id, name or area; sees: what else they must be."""

    words: Sequence[str] = ()
    types: Collection[str] = ()
    areas: Collection[str] = ()
    domains: Collection[str] = ()
    sees: Callable[[Known], bool] | None = None

    def __bool__(self) -> bool:
        return bool(self.words or self._of_registry())

    def _of_registry(self) -> bool:
        return bool(self.types or self.areas or self.domains or self.sees)

    def find(self, stored: Callable[[], Sequence[str]], has: Callable[[str], bool], look: Look) -> Sequence[str] | None:
        """Their ids; None when any will do.

        stored: every device of which there are rows. has: whether there are rows of one. The registry is not asked when nobody needs it.
        """
        if not self:
            return None
        if not self._of_registry() and all(not _GLOB.search(word) and has(word) for word in self.words):
            return list(self.words)
        ids = stored()
        if not self._of_registry() and all(_GLOB.search(word) for word in self.words):
            return self._named(ids, {})
        known = look([*ids, *self.words])
        return [one for one in self._named(ids, known) if self._is(known.get(one, UNKNOWN))]

    def _is(self, known: Known) -> bool:
        return (
            (not self.types or known.type in self.types) and (not self.areas or called(self.areas, known.area))
            and (not self.domains or known.domain in self.domains) and (self.sees is None or self.sees(known))
        )  # fmt: skip

    def _named(self, ids: Iterable[str], known: Mapping[str, Known]) -> list[str]:
        if not self.words:
            return list(ids)
        ids = list(ids)
        exact = {word for word in self.words if known.get(word, UNKNOWN) is not UNKNOWN} | set(ids).intersection(self.words)
        globs = [re.compile(translate(word)) for word in self.words if _GLOB.search(word)]
        parts = [word.casefold() for word in self.words if word not in exact and not _GLOB.search(word)]
        return [
            one for one in ids
            if one in exact or any(glob.match(one) for glob in globs) or any(part in _text(one, known) for part in parts)
        ]  # fmt: skip


def _text(device: str, known: Mapping[str, Known]) -> str:
    about = known.get(device, UNKNOWN)
    return f"{device}\n{about.name}\n{about.native}\n{about.area}".casefold()
