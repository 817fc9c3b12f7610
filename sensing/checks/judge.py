"""All checks over a stretch of one series. Each one passes over what the ones before it doubt: a spike ends no run, and is no other unit.

The code of a value depends on values at most `REACH` away from it, on either side; so a change at one time is judged anew from a stretch that
is twice as long, and the same values have the same codes however they came.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sensing.model import Quality, QualityReason
from sensing.times import HOUR, SECOND, rfc3339

from . import Verdict, climate, flats, flips, spikes
from .limits import Limits

REACH = 10 * HOUR
GOOD, CLIMATOLOGY, DOUBTED, SPIKE, RATE, UNIT_FLIP, FLAT_LINE = range(7)
VERDICTS: tuple[Verdict | None, ...] = (
    None,
    (int(Quality.SUSPECT), QualityReason.CLIMATOLOGY),
    (int(Quality.SUSPECT), QualityReason.SPIKE),
    (int(Quality.FAIL), QualityReason.SPIKE),
    (int(Quality.FAIL), QualityReason.RATE),
    (int(Quality.SUSPECT), QualityReason.UNIT_FLIP),
    (int(Quality.SUSPECT), QualityReason.FLAT_LINE),
)
NAMES = ("", "climatology", "spike", "spike", "rate", "unit_flip", "flat_line")
"""The check that gives each code: `who` in the table of verdicts."""
CODES = {(verdict[0], verdict[1]): code for code, verdict in enumerate(VERDICTS) if verdict is not None}
_OF_SPIKE = np.array([GOOD, DOUBTED, SPIKE, RATE], np.int8)


def judge(times: Any, values: Any, limits: Limits, configs: Any = None, first: int = GOOD) -> Any:
    """A code for each value. times: µs, rising; values: finite numbers. configs: of its device; values of two are not compared.

    first: the code that the first value had: of a run of days not all is at hand, and it goes on.
    """
    cuts = np.nonzero(np.diff(configs))[0] + 1 if configs is not None else ()
    if not len(cuts):
        return _judge(times, values, limits, carried=first == FLAT_LINE)
    pieces = zip(np.split(times, cuts), np.split(values, cuts), strict=True)
    return np.concatenate([
        _judge(piece, of, limits, carried=first == FLAT_LINE and not place) for place, (piece, of) in enumerate(pieces)
    ])  # fmt: skip


def _judge(times: Any, values: Any, limits: Limits, *, carried: bool) -> Any:
    codes = np.zeros(len(times), np.int8)
    if limits.months or limits.hours:
        codes[climate.strange(times, values, limits)] = CLIMATOLOGY
    if limits.spike is not None:
        rest = np.nonzero(codes == GOOD)[0]
        codes[rest] = _OF_SPIKE[spikes.spikes(times[rest], values[rest], limits)]
    if limits.factors:
        rest = np.nonzero(codes == GOOD)[0]
        codes[rest[flips.flips(times[rest], values[rest], limits) != 0]] = UNIT_FLIP
    if limits.stuck is not None or limits.ever is not None or limits.step is not None:
        rest = np.nonzero(codes <= CLIMATOLOGY)[0]  # what the season does not know ends a run as well
        carried = carried and len(rest) > 0 and rest[0] == 0
        flat = rest[flats.flats(times[rest], values[rest], limits, carried=carried) != 0]
        codes[flat[codes[flat] == GOOD]] = FLAT_LINE
    return codes


def tell(times: Any, values: Any, codes: Any, place: int, limits: Limits) -> dict[str, Any]:
    """Why a value has its code: the threshold, and the values that were compared."""
    code = int(codes[place])
    if code in (DOUBTED, SPIKE, RATE):
        near = [n for n in (place - 1, place + 1) if 0 <= n < len(times)]
        return {
            "spike": limits.spike,
            "rate": limits.rate,
            "value": float(values[place]),
            "neighbours": [_point(times, values, n) for n in near],
        }
    if code == CLIMATOLOGY:
        return {"value": float(values[place]), "low": climate.inner(limits)[0], "high": climate.inner(limits)[1]}
    first = last = place
    while first and codes[first - 1] == code:
        first -= 1
    while last + 1 < len(codes) and codes[last + 1] == code:
        last += 1
    told = {"value": float(values[place]), "from": rfc3339(int(times[first])), "to": rfc3339(int(times[last]))}
    if code == UNIT_FLIP:
        return told | {"factors": list(limits.factors), "before": _point(times, values, first - 1) if first else None}
    after = _point(times, values, last + 1) if last + 1 < len(times) else None
    spans = {"stuck": limits.stuck, "ever": limits.ever}
    return (
        told
        | {f"{name}_s": span // SECOND for name, span in spans.items() if span is not None}
        | {"step": limits.step, "after": after}
    )


def _point(times: Any, values: Any, place: int) -> list[Any]:
    return [rfc3339(int(times[place])), float(values[place])]
