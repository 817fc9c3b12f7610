"""The little language of `where`: `value>2.5`, `quality>=3 and property=water_level or device=gauge-1`. Pure, and never Python.

    expression = terms joined by `or`; terms = comparisons joined by `and`
    comparison = FIELD (> | >= | < | <= | = | == | !=) CONSTANT

A number is compared with numbers, a word with = and != only. A row without the field satisfies no comparison.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from sensing.errors import UsageError

Row = Mapping[str, Any]
Test = Callable[[Row], bool]

NUMBERS = {"value": "result", "result": "result", "quality": "quality", "lon": "lon", "lat": "lat"}
WORDS = ("device", "property", "statistic", "channel", "unit", "reason", "origin", "run", "revision")
_ORDER: dict[str, Callable[[Any, Any], Any]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le, "=": operator.eq, "==": operator.eq,
    "!=": operator.ne,
}  # fmt: skip
_COMPARISON = re.compile(r"\s*([a-z_]{1,20})\s*(>=|<=|==|!=|>|<|=)\s*(\"[^\"]{0,128}\"|'[^']{0,128}'|[^\s\"'<>=!]{1,128})\s*")
_JOIN = re.compile(r"(?:(and)|(or))(?![a-z0-9_])", re.IGNORECASE)
_LONGEST = 500


class Comparison(Struct, frozen=True):
    """One: the column of a row, the sign, and a number or a word."""

    column: str
    sign: str
    constant: float | str

    @property
    def compare(self) -> Callable[[Any, Any], Any]:
        """The sign as a function of two values, or of an array and a value."""
        return _ORDER[self.sign]

    def __call__(self, row: Row) -> bool:
        value = row.get(self.column)
        return value is not None and bool(self.compare(value, self.constant))


Terms = tuple[tuple[Comparison, ...], ...]
"""Comparisons of which all hold, of which any holds."""


def terms(text: str) -> Terms:
    """An expression read. Raises UsageError with the place where it stops making sense."""
    if len(text) > _LONGEST:
        raise UsageError(f"where is {len(text)} characters long", f"at most {_LONGEST} are read")
    either: list[list[Comparison]] = [[]]
    at = 0
    while True:
        found = _COMPARISON.match(text, at)
        if found is None:
            raise _wrong(text, at)
        either[-1].append(_comparison(text, *found.groups()))
        at = found.end()
        if at == len(text):
            return tuple(tuple(every) for every in either)
        join = _JOIN.match(text, at)
        if join is None:
            raise _wrong(text, at)
        if join[2]:
            either.append([])
        at = join.end()


def parse(text: str) -> Test:
    """The test that an expression stands for. Raises UsageError as `terms`."""
    found = terms(text)
    return lambda row: holds(found, row)


def holds(found: Terms, row: Row) -> bool:
    """Whether a row satisfies an expression."""
    return any(all(test(row) for test in every) for every in found)


def _comparison(text: str, name: str, sign: str, constant: str) -> Comparison:
    if name in NUMBERS:
        try:
            return Comparison(NUMBERS[name], sign, float(constant))
        except ValueError:
            raise UsageError(f'where "{text}": {name} is compared with "{constant}"', "give a number") from None
    if name not in WORDS:
        raise UsageError(f'where "{text}": no field "{name}"', f"fields are {', '.join((*NUMBERS, *WORDS))}")
    if sign not in ("=", "==", "!="):
        raise UsageError(f'where "{text}": {name} is a word', "compare it with = or !=")
    return Comparison(name, sign, constant[1:-1] if constant[0] in "\"'" else constant)


def _wrong(text: str, at: int) -> UsageError:
    return UsageError(f'where "{text}": "{text[at : at + 20]}" is not understood', "write value>2.5, joined by and / or")
