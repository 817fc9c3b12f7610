"""stdout is data, stderr is talk. Tables are for people (local time, marks, words); JSON, NDJSON and CSV for programs (UTC)."""

from __future__ import annotations

import csv
import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from unicodedata import east_asian_width

import typer

from .root import everywhere
from .words import phrase, say, zone

QUALITY_MARK = {1: "●", 2: "○", 3: "▲", 4: "✖", 9: "◇"}
"""Severity is a mark and a word, never a colour alone."""
SEVERITY_MARK = {"watch": "△", "warning": "▲", "danger": "■"}
_COLOUR = {1: "green", 2: "cyan", 3: "yellow", 4: "red", 9: "magenta"}
_CHECK = {True: ("✔", "passed", "green"), False: ("✖", "failed", "red"), None: ("…", "unknown", "yellow")}
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_WIDE = 400

Row = Mapping[str, Any]


def layout(*, stream: bool = False) -> str:
    """The form of the answer: what -o says; auto is a table on a terminal, NDJSON for a piped stream, JSON for a piped answer."""
    asked = everywhere().output
    if asked != "auto":
        return asked
    if sys.stdout.isatty():
        return "table"
    return "ndjson" if stream else "json"


def show_rows(rows: Iterable[Row], columns: Sequence[str], empty: str = "nothing_found") -> None:
    """A list, in the form asked for. columns: what a table shows, and the first columns of CSV."""
    form, listed = layout(), list(rows)
    if form == "json":
        write(json_text(listed, indent=2) + "\n")
    elif form == "ndjson":
        write("".join(json_text(row) + "\n" for row in listed))
    elif form == "csv":
        sheet = Sheet([*columns, *(name for name in _names(listed) if name not in columns)])
        sheet.header()
        sheet.rows(listed)
    elif listed:
        table(listed, columns)
    else:
        talk(say(empty))


def show_one(answer: Row, columns: Sequence[str] = ()) -> None:
    """One thing: a block of names and values for people, one object for programs."""
    form = layout()
    if form == "json":
        write(json_text(answer, indent=2) + "\n")
    elif form == "ndjson":
        write(json_text(answer) + "\n")
    elif form == "csv":
        sheet = Sheet(list(columns or answer))
        sheet.header()
        sheet.rows([answer])
    else:
        block(answer, columns)


def block(answer: Row, columns: Sequence[str] = ()) -> None:
    """Names and values below each other."""
    shown = {name: answer.get(name) for name in columns or answer}
    width = max((len(name) for name in shown), default=0)
    write("".join(f"{name:<{width}}  {cell(name, value)}\n" for name, value in shown.items()))


def table(rows: Iterable[Row], columns: Sequence[str]) -> None:
    """A table as wide as the terminal; never cut in a pipe."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    terminal = sys.stdout.isatty()
    drawn = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for name in columns:
        drawn.add_column(phrase("column", name), overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(cell(name, row.get(name)), style=_style(name, row.get(name))) for name in columns))
    Console(file=sys.stdout, width=None if terminal else _WIDE, highlight=False).print(drawn)


def cell(name: str, value: Any) -> str:
    """A value as people read it: local time, quality as mark and word, nothing that a terminal would obey."""
    if value is None or value == "":
        return "–"
    if name.endswith("quality") and value in QUALITY_MARK:
        return quality(value)
    if name == "severity" and value in SEVERITY_MARK:
        return f"{SEVERITY_MARK[value]} {phrase('severity', value)}"
    if name == "origin" and value != "live":
        return phrase("origin", value)
    if isinstance(value, bool):
        return f"{_CHECK[value][0]} {phrase('check', 'yes' if value else 'no')}"
    if isinstance(value, str):
        return local(value) if _INSTANT.fullmatch(value) else printable(value)
    if isinstance(value, float):
        return f"{value:.10g}"
    return printable(json_text(value)) if isinstance(value, (dict, list)) else str(value)


def local(instant: str) -> str:
    """RFC 3339 UTC as the city's time."""
    return datetime.fromisoformat(instant).astimezone(zone()).strftime("%Y-%m-%d %H:%M:%S")


def quality(value: int) -> str:
    """A quality flag as mark and word."""
    return f"{QUALITY_MARK.get(value, '?')} {phrase('quality', str(value))}"


def check(value: bool | None) -> str:
    """The answer of a check as mark and word."""
    mark, word, _ = _CHECK[value]
    return f"{mark} {phrase('check', word)}"


def printable(text: str) -> str:
    """Text from outside without what a terminal would obey."""
    return text if text.isprintable() else "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)


def padded(text: str, width: int) -> str:
    """Text filled up to a width in columns of a terminal, where a Chinese sign takes two."""
    return text + " " * (width - sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text))


def json_text(value: Any, indent: int | None = None) -> str:
    """JSON as people can read it too."""
    return json.dumps(value, ensure_ascii=False, indent=indent, default=str)


class Sheet:
    """CSV on stdout."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = list(columns)
        self._writer = csv.DictWriter(sys.stdout, self.columns, extrasaction="ignore", lineterminator="\n")

    def header(self) -> None:
        """The first line."""
        self._writer.writeheader()

    def rows(self, rows: Iterable[Row]) -> None:
        """More lines; what is not text or number is JSON, what is not known is empty."""
        self._writer.writerows({name: _flat(row.get(name)) for name in self.columns} for row in rows)
        sys.stdout.flush()


def write(text: str) -> None:
    """Data, at once."""
    sys.stdout.write(text)
    sys.stdout.flush()


def talk(text: str) -> None:
    """A line for people, on stderr."""
    print(text, file=sys.stderr, flush=True)


def complain(what: str, hint: str = "") -> None:
    """What was wrong and what to do about it."""
    talk(paint(f"✖ {phrase('cli', 'error')}: {printable(what)}", "red", sys.stderr))
    if hint:
        talk(f"  {phrase('cli', 'hint')}: {printable(hint)}")


def paint(text: str, colour: str, to: Any = None) -> str:
    """Colour for a terminal that wants it (NO_COLOR, FORCE_COLOR)."""
    terminal = bool(os.environ.get("FORCE_COLOR")) or (to or sys.stdout).isatty()
    return typer.style(text, fg=colour) if terminal and not os.environ.get("NO_COLOR") else text


def sure(question: str, *, yes: bool) -> None:
    """Ask before something that hurts; a script that cannot answer is taken at its word."""
    if not yes and sys.stdin.isatty() and not typer.confirm(question, err=True):
        raise typer.Exit(0)


def _style(name: str, value: Any) -> str:
    if name.endswith("quality") and value in _COLOUR:
        return _COLOUR[value]
    return _CHECK[value][2] if isinstance(value, bool) else ""


def _names(rows: Iterable[Row]) -> list[str]:
    names: dict[str, None] = {}
    for row in rows:
        names.update(dict.fromkeys(row))
    return list(names)


def _flat(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json_text(value) if isinstance(value, (dict, list)) else value
