"""Which observations a reader asks for, in words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from msgspec import Struct


class Wanted(Struct, frozen=True):
    """Which observations. Empty means any; `runs` lists run ids, "" being live; None any run.

    devices, properties: ids. begin, end: microseconds, begin <= time < end. served: only the revision readers are given.
    as_of: microseconds; as known then: what was committed later, to the second, is not seen.
    """

    devices: Sequence[str] = ()
    properties: Sequence[str] = ()
    statistics: Sequence[str] = ()
    channels: Sequence[str] = ()
    runs: Sequence[str] | None = ("",)
    begin: int | None = None
    end: int | None = None
    served: bool = True
    as_of: int | None = None

    def of_series(self) -> tuple[str, list[Any]]:
        """Conditions on `series s`, each beginning with AND, and their values."""
        parts, values = [], list[Any]()
        for column, words in (
            ("s.thing", self.devices), ("s.property", self.properties), ("s.statistic", self.statistics),
            ("s.channel", self.channels), ("s.run", self.runs or ()),
        ):  # fmt: skip
            if words:
                parts.append(f"AND {column} IN (SELECT value FROM json_each(?))")
                values.append(json.dumps(list(words)))
        return " ".join(parts), values

    def of_rows(self) -> tuple[str, list[Any]]:
        """Conditions on `hot h`, each beginning with AND, and their values."""
        parts, values = [], list[Any]()
        for condition, bound in (("AND h.time >= ?", self.begin), ("AND h.time < ?", self.end)):
            if bound is not None:
                parts.append(condition)
                values.append(bound)
        if self.served:
            parts.append("AND h.served")
        return " ".join(parts), values
