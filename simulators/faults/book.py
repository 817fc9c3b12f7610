"""What config/storms/faults.toml says, read once: how each kind is planted, how large it is at least, and what should come of it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sensing.model import Micros
from sensing.paths import config_dir
from sensing.times import parse_duration, parse_instant

from .kinds import SERVICES, Kind


@dataclass(frozen=True)
class Manner:
    """How a kind is planted, and which flags count as noticing it. Times in microseconds; `size` in the kind's own unit."""

    share: float
    every: Micros
    lasts: tuple[Micros, Micros]
    chance: float = 1.0
    size: tuple[float, float] = (0.0, 0.0)
    settle: Micros = 0
    accept: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()
    reasons: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Sizes:
    """A property's, in its canonical unit. spike: at least. drift: an hour. counts: the least departure from the truth that is scored."""

    spike: float | None = None
    drift: float | None = None
    counts: float = 0.0
    factors: tuple[float, ...] = ()
    stuck: bool = False
    statistics: frozenset[str] = frozenset()

    def touches(self, statistic: str) -> bool:
        """Whether values of a statistic may be changed."""
        return statistic in self.statistics if self.statistics else statistic.startswith(("instant", "mean"))


@dataclass(frozen=True)
class Wire:
    """A protocol's. clock: its frames carry the device's own. unset: what a clock that was never set says, µs UTC."""

    checksum: bool = False
    clock: bool = False
    unset: tuple[Micros, ...] = ()


@dataclass(frozen=True)
class Book:
    """All of it. services: how many within `all`, and when named alone."""

    manners: Mapping[Kind, Manner]
    sizes: Mapping[str, Sizes]
    wires: Mapping[str, Wire]
    services: Mapping[str, tuple[int, int]]


@lru_cache(maxsize=1)
def book() -> Book:
    """The shipped one."""
    tree = tomllib.loads((config_dir() / "storms" / "faults.toml").read_text("utf-8"))
    return Book(
        {Kind(name): _manner(row) for name, row in tree["kind"].items()},
        {name: _sizes(row) for name, row in tree["property"].items()},
        {name: _wire(row) for name, row in tree["adapter"].items()},
        {name: (tree["service"][name]["all"], tree["service"][name]["count"]) for name in SERVICES},
    )


def _manner(row: Mapping[str, Any]) -> Manner:
    low, high = (parse_duration(text) for text in row["lasts"])
    least, most = row.get("size", (0.0, 0.0))
    return Manner(
        float(row["share"]), parse_duration(row["every"]), (low, high), float(row.get("chance", 1.0)), (float(least), float(most)),
        parse_duration(row.get("settle", "0s")), frozenset(row.get("accept", ())), frozenset(row.get("own", ())),
        frozenset(row.get("reasons", ())),
    )  # fmt: skip


def _sizes(row: Mapping[str, Any]) -> Sizes:
    return Sizes(
        row.get("spike"), row.get("drift"), float(row.get("counts", 0.0)), tuple(row.get("factors", ())), bool(row.get("stuck")),
        frozenset(row.get("statistics", ())),
    )  # fmt: skip


def _wire(row: Mapping[str, Any]) -> Wire:
    return Wire(bool(row.get("checksum")), bool(row.get("clock")), tuple(parse_instant(day) for day in row.get("unset", ())))
