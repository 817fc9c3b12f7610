"""The worklist of port state control: ships in port, the one to be looked at first on top, and why in plain words. Pure.

Points and words are data (`config/maritime.toml`, [worklist]). Flags come from the MMSI's country digits, so they are what the ship's radio says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta, timezone
from typing import Any

from msgspec import Struct

from sensing.model import Micros
from sensing.times import DAY, to_datetime

from .conduct import rules

_LOCAL = timezone(timedelta(hours=8))
"""A year is a year of the port's own calendar: fixed UTC+8."""


class Caller(Struct):
    """A ship that calls. kind: AIS ship type (0 unknown); declares: the category that it says (X, Y, Z, OS, none); cargo: what was declared for it.

    calls: when its calls of all years began; inspected: when it was last looked at.
    """

    thing: str
    name: str
    flag: str
    kind: int
    declares: str
    since: Micros
    calls: Sequence[Micros]
    inspected: Micros | None = None
    cargo: Sequence[Mapping[str, Any]] = ()


class Reason(Struct, frozen=True):
    """Why: a word for programs, what it adds, and the words for people."""

    code: str
    points: int
    zh: str
    en: str


class Entry(Struct):
    """One line of the list."""

    thing: str
    score: int
    reasons: list[Reason]


def worklist(callers: Iterable[Caller], now: Micros, *, foreign_only: bool = True) -> list[Entry]:
    """Ships in port, the highest score first; home flags are left out unless they are asked for."""
    home = rules()["worklist"]["home"]
    found = [
        Entry(one.thing, sum(reason.points for reason in reasons), reasons)
        for one in callers
        if not (foreign_only and one.flag in home)
        for reasons in [judge(one, now)]
    ]
    return sorted(found, key=lambda entry: (-entry.score, entry.thing))


def judge(one: Caller, now: Micros) -> list[Reason]:
    """The reasons that hold of a ship, the weightiest first."""
    told = rules()["worklist"]
    found: list[Reason] = []

    def say(code: str, **values: object) -> None:
        row = told["reasons"][code]
        found.append(Reason(code, row["points"], row["zh"].format(**values), row["en"].format(**values)))

    if one.flag and one.flag not in told["home"]:
        say("foreign", flag=one.flag)
    dangerous = [cargo for cargo in one.cargo if cargo.get("un")]
    for cargo in dangerous:
        tonnes = cargo.get("tonnes")
        say("dangerous", un=cargo["un"], goods=cargo.get("goods") or "?", tonnes="?" if tonnes is None else f"{tonnes:g}",
            port=cargo.get("last_port") or "?")  # fmt: skip
    if not dangerous and one.declares not in ("", "none"):
        say("declares", category=one.declares)
    if 80 <= one.kind <= 89:
        say("tanker")
    elif 60 <= one.kind <= 69:
        say("passenger")
    year = _year(one.since)
    if not any(begin < one.since and _year(begin) == year for begin in one.calls):
        say("first")
    if one.inspected is None:
        say("never")
    elif (days := (now - one.inspected) // DAY) < told["inspected_lately_d"]:
        say("lately", days=max(0, days))
    elif days > told["inspected_long_ago_d"]:
        say("long_ago", days=days)
    return sorted(found, key=lambda reason: -abs(reason.points))


def serves(kind: int) -> bool:
    """Whether a ship type is that of a craft of the port itself, whose stays at berths are no calls: pilots, tugs, patrols ..."""
    return kind in rules()["service"]["types"]


def aboard(time: Micros, first: Micros, departed: Micros | None) -> bool:
    """Whether a cargo that was to arrive at `time` is that of a call: a ship may come some days early or late."""
    return first - 10 * DAY <= time and (departed is None or time <= departed + DAY)


def _year(time: Micros) -> int:
    return to_datetime(time).astimezone(_LOCAL).year
