"""The data of an HJ 212 message, between `CP=&&` and `&&`, to readings.

    DataTime=20260821143000 ; a34004-Rtd=37.2 , a34004-Flag=N ; a01007-Rtd=31.4 , a01007-Flag=T ; Flag=N ;
    |                         |                 |
    time of all values        factor and field  data flag of the factor's values, wherever it stands

Rules of this file
- Order is free, blanks and a last `;` are nothing, `//text//` may hold separators. An item that is no NAME=value is bad_grammar:
  a checksum of 8 bits lets one damaged frame in 256 through.
- A value that is no number is missing: null, never 0; the others stay good.
- A bare `Flag=N` within a factor's group is that factor's; in a group of its own it belongs to none and says nothing.
"""

from __future__ import annotations

import re
from math import isfinite

from sensing.errors import DecodeError, Reason
from sensing.model import Micros, Reading, WireFact

from . import hj212_shapes
from .hj212_codes import FLAG, INFO, LATITUDE, LONGITUDE, NUMBER, PARAMETER, PERIODS, PLACE, SAMPLED, Rule, Rules
from .hj212_times import instant, moment

_STATED = re.compile(r"(?:^|[;,])\s*(?:DataTime|AlarmTime)\s*=([^;,]*)")
_DECIMAL = re.compile(r"\s*([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)\s*")
_FACTOR = re.compile(r"(?:^|,)\s*(\w{1,16})-\w")
_POLLUTANT = re.compile(r"(?:^|[;,])\s*PolId\s*=\s*(\w{1,16})")
_SPELLING = str.maketrans(";,", "\0\1")
_SPELT = str.maketrans("\0\1", ";,")


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
    if ",Flag=" in cp:
        cp = ";".join(map(_owned, cp.split(";")))
    swift = hj212_shapes.readings(cp, rules, native, sent)
    if swift is not None:
        return swift, []
    text = stated(cp)
    time = instant(text) if text else None
    if time is None and rules.dialect.cn in PERIODS and "-" in cp:
        raise DecodeError(Reason.BAD_GRAMMAR, f"CN={rules.dialect.cn} without DataTime")
    report = _Report(rules, native, sent, time)
    report.take(_items(cp))
    if time is not None:
        hj212_shapes.learn(cp, rules)
    if "PolId" in cp:
        report.about(cp)
    if "l01001" in cp:
        report.place()
    return report.readings, report.facts


def _owned(group: str) -> str:
    """A group whose bare flag is its only factor's, written out."""
    factors = set(_FACTOR.findall(group))
    return group.replace(",Flag=", f",{factors.pop()}-Flag=") if len(factors) == 1 else group


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

    def take(self, items: list[str]) -> None:
        """Read every item."""
        flags = dict[str, str]()
        for item in items:
            if not item or item.isspace():
                continue
            name, equals, text = item.partition("=")
            try:
                rule = self.rules[name]
            except KeyError:
                equals = ""
            if not equals:
                raise DecodeError(Reason.BAD_GRAMMAR, f'"{item[:40]}" is no NAME=value')
            if rule.kind == NUMBER:
                self._put(rule, rule.property, rule.unit, number(text))
            elif rule.kind == FLAG:
                flags[rule.factor] = text.strip()
            elif rule.kind != PARAMETER:
                self._beside(rule, text.translate(_SPELT))
        for reading, factor in zip(self.readings, self.factors, strict=True):
            reading.flag = flags.get(factor) or None
        for factor, at in self.sampled.items():
            self._date(factor, at)

    def _put(self, rule: Rule, prop: str | None, unit: str | None, value: float | str | None) -> None:
        time, begin = self.time, None
        if time is not None:
            begin = None if rule.begin is None else time + rule.begin
            time += rule.end
        self.factors.append(rule.factor)
        self.readings.append(Reading(
            self.native, rule.name, prop, value, unit, rule.statistic, rule.channel, time, begin, self.stated, sent=self.sent
        ))  # fmt: skip

    def _beside(self, rule: Rule, text: str) -> None:
        """What stands beside the values: text, alarm limits, counts, further flags; and when a sample was taken."""
        value: float | str | None = None if rule.kind == SAMPLED else number(text)
        prop, unit, words = None, None, text.strip().strip("/").strip()
        if rule.kind == INFO and not rule.words and rule.property is not None and number(words) is not None:
            prop, unit, value = rule.property, rule.unit, number(words)
        elif rule.kind == INFO and words:
            self.facts.append(WireFact(self.native, rule.factor.lower(), words, self.time))
        if rule.kind == SAMPLED and (at := moment(text)) is not None:
            self.sampled[rule.factor] = at
        self._put(rule, prop, unit, text.strip() if value is None else value)

    def _date(self, factor: str, at: Micros) -> None:
        """An instant value is of when its sample was taken; statistics keep their period."""
        for reading, owner in zip(self.readings, self.factors, strict=True):
            if owner == factor and reading.begin is None and reading.property is not None:
                reading.time = at

    def place(self) -> None:
        """Longitude and latitude are a position as well."""
        found = {reading.code: reading for reading in self.readings if reading.code in (LONGITUDE, LATITUDE)}
        if len(found) < 2:
            return
        lon, lat = found[LONGITUDE], found[LATITUDE]
        if isinstance(lon.value, float) and isinstance(lat.value, float) and abs(lon.value) <= 180 and abs(lat.value) <= 90:
            position = (lon.value, lat.value)
            self.readings.append(
                Reading(self.native, PLACE, "position", None, None, time=lon.time, wire_time=self.stated, flag=lon.flag,
                        position=position, sent=self.sent)
            )  # fmt: skip

    def about(self, cp: str) -> None:
        """PolId says which instrument the information is about: one device has several."""
        found = _POLLUTANT.search(cp)
        for reading in self.readings:
            reading.channel = reading.channel or (found[1] if found else "")
