"""HJ 212 commands, fields and factors: what each is, and what `a34004-Rtd` or `B01-Cou` becomes.

    a34004-Avg in CN=2061 is pm2_5, mean/PT1H
    |      |
    |      field: which statistic, a flag, or something beside the values
    factor: config/codes/hj212.tsv, by its code of 2017, its code of 2005 (B01), or its pattern (e10103 is e101xx)

Units follow the table; its columns ucum_22 and ucum_31 are for kinds of system (ST) that write another one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from sensing.model import Micros
from sensing.times import MINUTE

from . import codes
from .hj212_times import duration

NUMBER, ASIDE, INFO, FLAG, SAMPLED, PARAMETER = range(6)
"""What a field is: a value; something else about the factor; text; the data flag; when the sample was taken; not a factor's."""

PERIODS = {"2031": 1440, "2041": 1440, "2051": 0, "2061": 60}
"""Minutes of the period of a command's statistics; 0 is as the device is set."""
MINUTES = 10
"""Minutes of the period of CN=2051 where no setting says otherwise."""
REPORTS = frozenset(("2011", "2021", "2031", "2041", "2051", "2061", "2071", "2072", "3020"))
"""Commands whose data are factors."""
BOOT = "2081"
ANSWERS = dict.fromkeys((*REPORTS, BOOT), "9014") | {"2072": "9013", "1013": "9013", "9015": "9013"}
"""What a command that wants an answer gets: 9014 for data, 9013 for a notice. Requests are ours to send, not to answer."""
CONTROLS = {
    "1000": "set-timeouts", "1001": "set-alarm-time", "1011": "clock", "1012": "set-clock", "1013": "clock-request", "1014": "set-key",
    "1015": "clock-check", "1021": "alarm-limits", "1022": "set-alarm-limits", "1031": "centre-address", "1032": "set-centre-address",
    "1041": "report-time", "1042": "set-report-time", "1061": "real-time-interval", "1062": "set-real-time-interval",
    "1063": "minute-interval", "1064": "set-minute-interval", "1072": "set-password", "2011": "real-time-data",
    "2012": "stop-real-time-data", "2021": "status", "2022": "stop-status", "2031": "day-data", "2041": "day-running-time",
    "2051": "minute-data", "2061": "hour-data", "2071": "alarm-records", "2072": "alarm", "2081": "boot", "3011": "calibrate",
    "3012": "sample-now", "3013": "clean", "3014": "compare-sample", "3015": "keep-sample", "3016": "set-sample-period",
    "3017": "sample-period", "3018": "sample-duration", "3019": "device-number", "3020": "device-information", "3021": "set-parameters",
    "3022": "parameters", "9011": "request-ack", "9012": "result", "9013": "notice-ack", "9014": "data-ack", "9015": "heartbeat",
}  # fmt: skip
"""Every command that is read; what a frame with nothing to read is called."""

OWN = "own"
FIELDS: Mapping[str, tuple[int, str, bool]] = {
    "rtd": (NUMBER, OWN, False), "avg": (NUMBER, "mean", False), "min": (NUMBER, "min", False), "max": (NUMBER, "max", False),
    "cou": (NUMBER, "sum", False), "ala": (NUMBER, OWN, False), "data": (NUMBER, OWN, False),
    "daydata": (NUMBER, "mean/day", False), "nightdata": (NUMBER, "mean/night", False),
    "zsrtd": (NUMBER, OWN, True), "zsavg": (NUMBER, "mean", True), "zsmin": (NUMBER, "min", True), "zsmax": (NUMBER, "max", True),
    "zscou": (NUMBER, "sum", True),
    "flag": (FLAG, "", False), "sampletime": (SAMPLED, "", False), "info": (INFO, OWN, False),
}  # fmt: skip
"""Field in lower case: what it is, which statistic (OWN: the factor's), and whether it is converted (Zs, to standard conditions)."""
LONGITUDE, LATITUDE, PLACE = "l01001-Rtd", "l01002-Rtd", "l01001+l01002"


class Code(NamedTuple):
    """One factor. units: on the wire by kind of system ("" for any other); total: of its sums."""

    id: str
    property: str
    units: Mapping[str, str]
    total: str | None
    statistic: str
    channel: str
    words: bool


class Rule(NamedTuple):
    """How an item NAME=value is read. begin, end: microseconds from DataTime; begin None for an instant. words: never a number."""

    kind: int
    name: str
    factor: str
    property: str | None
    unit: str | None
    statistic: str
    channel: str
    begin: Micros | None
    end: Micros
    words: bool = False


class Dialect(NamedTuple):
    """What of a frame and its device's settings decides how items are read. units: (factor or name, unit) as the device is set."""

    st: str
    cn: str
    minutes: int = MINUTES
    ends: bool = False
    units: tuple[tuple[str, str], ...] = ()


def _code(row: Mapping[str, str]) -> Code:
    units = {"22": row["ucum_22"], "31": row["ucum_31"]}
    named = {st: unit for st, unit in units.items() if unit} | {"": row["ucum"]}
    words = row["format"].startswith(("C", "YYYY"))
    name = row["property"] or f"hj212_{row['code'].lower()}"
    return Code(row["code"], name, named, row["total_ucum"] or None, row["statistic"], row["channel"], words)


BY_ID = codes.load("hj212", "code", _code)
_OLD = codes.load("hj212", "code_2005", lambda row: row["code"])
_FOLDED = {name.lower(): name for name in BY_ID}
_PATTERN = re.compile(r"([eg][0-9]{3})[0-9]{2}")
_FURNACE = re.compile(r"(i33[0-9]{2})[0-9]")
_NAME = re.compile(r"[^\W_][\w.]{0,63}(?:-[\w.]{1,32})?")
_MOST_NAMES = 1_024
"""Names remembered for a dialect; a device has some dozens."""


@lru_cache(8192)
def code_of(wire: str) -> Code | None:
    """The factor of a wire code, whatever its case; None when it is in no table."""
    if len(wire) > 16:
        return None
    name = wire if wire in BY_ID else _FOLDED.get(wire.lower()) or _OLD.get(wire.upper())
    if name is not None:
        return BY_ID[name] if name else None
    family = _PATTERN.fullmatch(wire.lower())
    found = BY_ID.get(f"{family[1]}xx") if family else None
    if found is None:
        furnace = _FURNACE.fullmatch(wire.lower())
        found = BY_ID.get(f"{furnace[1]}x") if furnace else None
    return found._replace(channel=wire) if found else None


def is_name(written: str) -> bool:
    """Whether an item may be called so."""
    return _NAME.fullmatch("".join(written.split())) is not None


class Rules(dict[str, Rule]):
    """Rules of a dialect by the name of an item, filled as names come."""

    def __init__(self, dialect: Dialect) -> None:
        super().__init__()
        self.dialect, self.units = dialect, dict(dialect.units)
        self.shapes: dict[tuple[str, ...], tuple[Any, ...]] = {}
        self.minutes = PERIODS.get(dialect.cn, -1) or dialect.minutes

    def __missing__(self, written: str) -> Rule:
        name = "".join(written.split())
        if not _NAME.fullmatch(name):
            raise KeyError(written)
        rule = self._rule(name)
        if rule.property is not None or rule.kind == FLAG:
            if len(self) >= _MOST_NAMES:
                self.clear()
            self[written] = rule
        return rule

    def _rule(self, name: str) -> Rule:
        factor, dash, field = name.partition("-")
        code = code_of(factor)
        if not dash and code is None:
            return Rule(PARAMETER, name, factor, None, None, "instant", "", None, 0)
        kind, statistic, converted = FIELDS.get(field.lower() if dash else "rtd", (ASIDE, "instant", False))
        if kind in (FLAG, SAMPLED):
            return Rule(kind, name, factor, None, None, "instant", "", None, 0)
        if code is None:
            return Rule(kind if kind == INFO else ASIDE, name, factor, None, None, *self._when(statistic, "instant"))
        if kind == ASIDE:
            return Rule(kind, name, factor, None, None, "instant", code.channel, None, 0)
        statistic, channel, begin, end = self._when(statistic, code.statistic)
        converted_code = BY_ID.get(f"{code.id}-Zs")
        prop = code.property
        if converted:
            prop = converted_code.property if converted_code else f"{prop}_converted"
        unit = self._unit(name, factor, code, statistic)
        return Rule(kind, name, factor, prop, unit, statistic, channel or code.channel, begin, end, code.words)

    def _when(self, statistic: str, own: str) -> tuple[str, str, Micros | None, Micros]:
        """Statistic with its period, channel, and begin and end from DataTime."""
        found = own if statistic == OWN else statistic
        if found == "instant" or self.minutes < 0:
            return found, "", None, 0
        length = self.minutes * MINUTE
        begin, end = (-length, 0) if self.dialect.ends else (0, length)
        return found if "/" in found else f"{found}/{duration(self.minutes)}", "", begin, end

    def _unit(self, name: str, factor: str, code: Code, statistic: str) -> str | None:
        summed = statistic.startswith("sum")
        chosen = self.units.get(name) or (None if summed else self.units.get(factor) or self.units.get(code.id))
        if chosen or (summed and code.total):
            return chosen or code.total
        return (code.units.get(self.dialect.st) or code.units[""]) or None


@lru_cache(32)
def rules_of(dialect: Dialect) -> Rules:
    """The rules of a dialect."""
    return Rules(dialect)
