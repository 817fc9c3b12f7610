"""Readings that SL 651-2014 can say, for tests and documents: what `decode(encode(x))` must give back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sensing.model import Micros, Reading
from sensing.times import MINUTE, SECOND

from .sl651_codes import BY_ID, BY_NAME, Code, code_of
from .sl651_elements import RESULTS
from .sl651_times import begin

_TIME: Micros = 1_787_293_800 * SECOND  # 2026-08-21 14:30 in Beijing
_SENT = _TIME + 5 * SECOND


def reading(
    wire: str, value: float | str | None, *, native: str = "0012345678", time: Micros = _TIME, sent: Micros = _SENT, rank: int = 3
) -> Reading:
    """One reading as this protocol says it: `wire` is a guide (`39`, `FF09`) or an ASCII name (`Z`, `PN05`)."""
    code: Code = BY_ID.get(wire) or BY_NAME.get(wire.upper()) or code_of(wire)
    text = isinstance(value, str)
    result = RESULTS[code.property](value) if code.property in RESULTS and isinstance(value, (int, float)) else None
    return Reading(
        native, wire, None if text else code.property, value, None if text else code.unit, code.statistic, code.channel,
        time, begin(time, code.period), time, None, result, None, sent, rank,
    )  # fmt: skip


def block(wire: str, values: Sequence[float | None], *, sent: Micros = _SENT) -> list[Reading]:
    """Twelve five-minute values of a block, the first one 55 minutes before `sent`'s hour is over."""
    first = sent // (5 * MINUTE) * (5 * MINUTE) - 55 * MINUTE
    return [reading(wire, value, time=first + i * 5 * MINUTE, sent=sent, rank=2) for i, value in enumerate(values)]


_STEPS: list[float | None] = [0.0, 0.5, None, 25.4, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5]

EXAMPLES: Mapping[str, Sequence[Reading]] = {
    "a river gauge": [reading("39", 2.345), reading("20", 12.5), reading("26", 319.6), reading("38", 12.17)],
    "negative, missing, odd": [
        reading("39", -0.345),
        reading("02", -5.3),
        reading("03", None),
        reading("33", 16.0),
        reading("05", 1.3),
    ],
    "status and vendor codes": [reading("45", 1153), reading("FF09", 20.0), reading("76", -1.72), reading("C9", None)],
    "two stations, extra report": [
        reading("39", 4.512, rank=5),
        reading("22", 4.5, native="00303A9006", rank=5),
    ],
    "hour of rain and level": [*block("F4", _STEPS), *block("F5", [None, *(value / 100 for value in range(100, 111))])],
    "text by hand": [reading("F2", "Q 1.234", rank=4)],
}
