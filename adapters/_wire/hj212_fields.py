"""The data of an HJ 212 message, between `CP=&&` and `&&`, to readings.

    DataTime=20260821143000 ; a34004-Rtd=37.2 , a34004-Flag=N ; a01007-Rtd=31.4 , a01007-Flag=T ; Flag=N ;
    |                         |                 |
    time of all values        factor and field  data flag of the factor's values, wherever it stands

Rules of this file
- Order is free, blanks and a last `;` are nothing, `//text//` may hold separators. An item that is no NAME=value is bad_grammar:
  a checksum of 8 bits lets one damaged frame in 256 through.
- A value that is no number is missing: null, never 0; the others stay good.
- A bare `Flag=N` belongs to no factor and says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isfinite

from sensing.errors import DecodeError, Reason
from sensing.model import Micros, Reading, WireFact

from .hj212_codes import ASIDE, FLAG, INFO, LATITUDE, LONGITUDE, NUMBER, PARAMETER, PERIODS, PLACE, SAMPLED, Rule, Rules
from .hj212_times import instant, moment

_STATED = re.compile(r"(?:^|[;,])\s*(?:DataTime|AlarmTime)\s*=([^;,]*)")
_DECIMAL = re.compile(r"\s*([+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?)\s*")
_POLLUTANT = re.compile(r"(?:^|[;,])\s*PolId\s*=\s*(\w{1,16})")
_SPELLING = str.maketrans(";,", "\0\1")
_SPELT = str.maketrans("\0\1", ";,")
_BIG = 1e15


def stated(cp: str) -> str:
    """DataTime as written (AlarmTime in an alarm); "" when there is none."""
    found = _STATED.search(cp)
    return found[1].strip() if found else ""


def number(text: str) -> float | None:
    """A decimal number; None for anything else, infinity included."""
    found = _DECIMAL.fullmatch(text)
    value = float(found[1]) if found else None
    return value if value is not None and isfinite(value) else None


def read(cp: str, rules: Rules, native: str, sent: Micros) -> tuple[list[Reading], list[WireFact]]:
    """Readings and facts in the order of the wire. Raises DecodeError bad_grammar, bad_time."""
    text = stated(cp)
    time = instant(text) if text else None
    if time is None and rules.dialect.cn in PERIODS and "-" in cp:
        raise DecodeError(Reason.BAD_GRAMMAR, f"CN={rules.dialect.cn} without DataTime")
    report = _Report(rules, native, sent, time)
    report.take(_items(cp), plain=cp.isascii() and "_" not in cp)
    if "PolId" in cp:
        report.about(cp)
    return report.readings, report.facts


def _items(cp: str) -> list[str]:
    """Everything between separators, of groups and within them."""
    if "//" in cp:
        pieces = cp.split("//")
        if len(pieces) % 2:
            pieces[1::2] = [piece.translate(_SPELLING) for piece in pieces[1::2]]
            cp = "//".join(pieces)
    return cp.replace(",", ";").split(";")


class _Report:
    """One message being read."""

    def __init__(self, rules: Rules, native: str, sent: Micros, time: Micros | None) -> None:
        self.rules, self.native, self.sent, self.stated = rules, native, sent, time
        self.time = time if time is not None else sent or None
        self.readings, self.facts = list[Reading](), list[WireFact]()
        self.factors, self.sampled = list[str](), dict[str, Micros]()

    def take(self, items: list[str], *, plain: bool) -> None:
        """Read every item. plain: no letter in them that float() takes and a decimal number does not have."""
        rules, native, sent, stated, time = self.rules, self.native, self.sent, self.stated, self.time
        append, factors, flags = self.readings.append, self.factors, dict[str, str]()
        for item in items:
            name, equals, text = item.partition("=")
            try:
                kind, name, factor, prop, unit, statistic, channel, begin, end, _ = rule = rules[name]
            except KeyError:
                if item.strip():
                    raise DecodeError(Reason.BAD_GRAMMAR, f'"{item[:40]}" is no NAME=value') from None
                continue
            if kind == NUMBER:
                value = None
                if plain and text[-1:].isdigit():
                    try:
                        value = float(text)
                    except ValueError:
                        value = None
                    else:
                        if not -_BIG < value < _BIG:
                            value = number(text)
                else:
                    value = number(text)
                factors.append(factor)
                append(
                    Reading(native, name, prop, value, unit, statistic, channel, time, None, stated, None, None, None, sent)
                    if begin is None or time is None
                    else Reading(native, name, prop, value, unit, statistic, channel, time + end, time + begin, stated,
                                 None, None, None, sent)
                )  # fmt: skip
            elif kind == FLAG:
                flags[factor] = text.strip()
            elif kind != PARAMETER:
                self._beside(rule, text.translate(_SPELT))
            if not equals:
                raise DecodeError(Reason.BAD_GRAMMAR, f'"{item[:40]}" is no NAME=value')
        if flags:
            for reading, factor in zip(self.readings, factors, strict=True):
                reading.flag = flags.get(factor) or None
        if self.sampled:
            self._date()
        if native and "l01001" in flags or LONGITUDE in [reading.code for reading in self.readings[:16]]:
            self._place()
