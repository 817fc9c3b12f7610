"""Bounds on a score: `--assert FILE` makes a storm a test.

loss = 0                           a plain text file: one bound a line, # comments
quality.spike.recall >= 0.9
quality.*.precision >= 0.9         every kind that has a figure; one that has none fails only when it is named

.toml, .json                       the same as tables: loss = 0, or [quality.spike] recall = ">= 0.9"
or assert = ["loss = 0", ...]
"""

from __future__ import annotations

import json
import operator
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from sensing.errors import UsageError

_BOUND = re.compile(r"\s*([\w.*-]+)\s*(==|=|!=|<=|>=|<|>)\s*(\S+)\s*")
_AMOUNT = re.compile(r"\s*(==|=|!=|<=|>=|<|>)?\s*(\S+)\s*")
_SAYS = {
    "=": operator.eq, "==": operator.eq, "!=": operator.ne, "<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt,
}  # fmt: skip
_WORDS = {"true": True, "false": False, "null": None}


class Bound(NamedTuple):
    """path: dotted, `*` for every key. amount: a number, true, false, null or a word."""

    path: str
    sign: str
    amount: Any

    def __str__(self) -> str:
        return f"{self.path} {self.sign} {_told(self.amount)}"


def read_bounds(path: Path) -> list[Bound]:
    """The bounds of a file. Raises UsageError that names the file, the line and the remedy."""
    try:
        text = path.read_text("utf-8")
        if path.suffix == ".toml":
            return list(_table(tomllib.loads(text), ""))
        if path.suffix == ".json":
            tree = json.loads(text)
            return list(_table({"assert": tree} if isinstance(tree, list) else tree, ""))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, json.JSONDecodeError, UsageError) as error:
        raise UsageError(f"{path}: {error}", "bounds are like loss = 0 or quality.spike.recall >= 0.9") from None
    lines = (line.partition("#")[0] for line in text.splitlines())
    return [parse_bound(line, f"{path}:{number}: ") for number, line in enumerate(lines, 1) if line.strip()]


def parse_bound(text: str, where: str = "") -> Bound:
    """One bound. Raises UsageError."""
    found = _BOUND.fullmatch(text)
    if not found:
        raise UsageError(f'{where}"{text.strip()}" is no bound', "write loss = 0 or quality.spike.recall >= 0.9")
    return Bound(found[1], found[2], _amount(found[3]))


def failures(result: Mapping[str, Any], bounds: list[Bound]) -> list[str]:
    """What does not hold, in words that name the bound and the figure; [] when all do."""
    told = []
    for bound in bounds:
        parts = bound.path.split(".")
        found = [(".".join(path), value) for path, value in _at(result, parts, ())]
        if "*" in parts:
            found = [(path, value) for path, value in found if value is not None]
        if not found:
            told.append(f"{bound}: there is no such figure")
        told += [f"{bound}: {path} is {_told(value)}" for path, value in found if not _holds(bound, value)]
    return told


def _holds(bound: Bound, value: Any) -> bool:
    if bound.sign in ("=", "==", "!="):
        return bool(_SAYS[bound.sign](value, bound.amount))
    numbers = all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in (value, bound.amount))
    return numbers and bool(_SAYS[bound.sign](value, bound.amount))


def _at(tree: Any, parts: list[str], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not parts:
        yield path, tree
    elif isinstance(tree, Mapping):
        for name in tree if parts[0] == "*" else [parts[0]]:
            if name in tree:
                yield from _at(tree[name], parts[1:], (*path, name))


def _table(tree: Mapping[str, Any], path: str) -> Iterator[Bound]:
    for name, value in tree.items():
        if name == "assert" and isinstance(value, list):
            yield from (parse_bound(str(line)) for line in value)
        elif isinstance(value, Mapping):
            yield from _table(value, f"{path}{name}.")
        elif isinstance(value, str) and (found := _AMOUNT.fullmatch(value)):
            yield Bound(path + name, found[1] or "=", _amount(found[2]))
        elif isinstance(value, (int, float, bool)) or value is None:
            yield Bound(path + name, "=", value)
        else:
            raise UsageError(f'"{path}{name}" is no bound', 'write loss = 0 or recall = ">= 0.9"')


def _amount(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    try:
        return float(text) if any(mark in text for mark in ".eE") else int(text)
    except ValueError:
        return text.strip('"')


def _told(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if not isinstance(value, str) else value
