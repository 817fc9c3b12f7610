"""Readings that HJ 212 can say, for tests and documents: what `decode(encode(x))` must give back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sensing.model import Micros, Reading
from sensing.times import SECOND

from .hj212_codes import LATITUDE, LONGITUDE, PLACE, Dialect, Rule, rules_of

_TIME: Micros = 1_787_293_800 * SECOND  # 2026-08-21 14:30 in Beijing
_SENT = _TIME + 608 * SECOND + 123_000
_HOUR: Micros = 1_787_292_000 * SECOND  # 14:00


def reading(
    name: str, value: float | str | None, dialect: Dialect, flag: str | None = "N", *,
    native: str = "350600A8900016F000169DC0", time: Micros = _TIME, sent: Micros = _SENT,
) -> Reading:  # fmt: skip
    """One reading as an item `name` of a dialect says it. time: DataTime."""
    rule: Rule = rules_of(dialect)[name]
    begin = None if rule.begin is None else time + rule.begin
    return Reading(
        native, name, rule.property, value, rule.unit, rule.statistic, rule.channel, time + rule.end, begin, time, flag, sent=sent
    )


def _place(lon: float, lat: float) -> list[Reading]:
    """A mobile station's position, as two values and as a place."""
    found = [reading(name, value, NOW) for name, value in ((LONGITUDE, lon), (LATITUDE, lat))]
    place = Reading(
        found[0].native, PLACE, "position", None, None, time=_TIME, wire_time=_TIME, flag="N", position=(lon, lat), sent=_SENT
    )
    return [*found, place]


NOW, MINUTES_10 = Dialect("22", "2011"), Dialect("22", "2051")
STACK_HOUR, WATER_DAY, NOISE = Dialect("31", "2061"), Dialect("32", "2031"), Dialect("23", "2051")

EXAMPLES: Mapping[str, Sequence[Reading]] = {
    "air, real time": [
        reading("a34004-Rtd", 37.2, NOW),
        reading("a05024-Rtd", 88.0, NOW),
        reading("a21005-Rtd", 0.36, NOW),
        reading("a01001-Rtd", -2.5, NOW),
        reading("a01007-Rtd", 31.4, NOW, "T"),
        reading("O3-Rtd", None, NOW, "B"),
    ],
    "air, ten minutes": [reading(f"a34002-{field}", value, MINUTES_10) for field, value in (("Min", 9.0), ("Avg", 12.5), ("Max", 61.0))],
    "stack, an hour": [
        *(reading(f"a21026-{field}", value, STACK_HOUR, time=_HOUR) for field, value in (
            ("Cou", 1.234), ("Min", 3.1), ("Avg", 4.2), ("Max", 6.0), ("ZsMin", 3.4), ("ZsAvg", 4.6), ("ZsMax", 6.6),
        )),
        *(reading(f"a24088-{field}", value, STACK_HOUR, "D", time=_HOUR) for field, value in (("Avg", 0.9), ("Max", 1.4))),
    ],
    "waste water, a day": [
        reading("w00000-Cou", 12345.6, WATER_DAY, None, time=_HOUR),
        reading("w01018-Avg", 36.91, WATER_DAY, time=_HOUR),
        reading("011-Cou", 0.5, WATER_DAY, time=_HOUR),
        reading("e10103-Avg", 3.25, WATER_DAY, time=_HOUR),
        reading("zz9-Avg", 7.0, WATER_DAY, None, time=_HOUR),
    ],
    "noise": [reading("Leq-Data", 55.1, NOISE), reading("L10-Data", 58.3, NOISE), reading("LA-Max", 70.2, NOISE, None)],
    "a mobile station": _place(119.90287, 32.48505),
}  # fmt: skip
