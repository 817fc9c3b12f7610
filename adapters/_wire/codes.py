"""A code table (`config/codes/<adapter>.tsv`): what each of a protocol's codes is, in our words.

Columns that every table has: `ucum` (the wire's unit; blank when it is none), `property`, `statistic`, `channel`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from sensing.paths import config_dir
from sensing.times import DAY, HOUR, MINUTE

T = TypeVar("T")
_PERIOD = re.compile(r"(?:sum|mean|min|max)/P(?:(\d+)D|T(\d+)H|T(\d+)M)")


def load(table: str, key: str, make: Callable[[Mapping[str, str]], T]) -> dict[str, T]:
    """Rows of a table by one of its columns, in the order of the file."""
    path = config_dir() / "codes" / f"{table}.tsv"
    with path.open(encoding="utf-8", newline="") as lines:
        return {row[key]: make(row) for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)}


def period(statistic: str) -> int:
    """How long a statistic's period is, microseconds: `sum/PT5M`, `mean/PT1H`, `sum/P1D`; 0 when it has no fixed length."""
    found = _PERIOD.fullmatch(statistic)
    if not found:
        return 0
    days, hours, minutes = (int(part or 0) for part in found.groups())
    return days * DAY + hours * HOUR + minutes * MINUTE
