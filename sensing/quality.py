"""First quality flags: what one observation shows on its own. Checks that need neighbours in time or space come later.

The first that is true decides: test, missing, sentinel, range, device, clock; else good (QARTOD 1). Cheap on purpose: this
runs for every observation.
"""

from __future__ import annotations

from collections.abc import Container

from .model import Micros, Quality, QualityReason
from .times import DAY, SECOND

Verdict = tuple[int, QualityReason]
Span = tuple[float, float]

AHEAD: Micros = 600 * SECOND
"""Device time this far after reception is a clock that was never set, or runs wild."""
BEHIND: Micros = 400 * DAY
"""Buffered data come late legally; older than this is a clock at its birthday (2000-01-01, 1970)."""

GOOD: Verdict = (int(Quality.GOOD), QualityReason.NONE)
TEST: Verdict = (int(Quality.NOT_EVALUATED), QualityReason.TEST)
MISSING: Verdict = (int(Quality.MISSING), QualityReason.MISSING)
SENTINEL: Verdict = (int(Quality.FAIL), QualityReason.SENTINEL)
RANGE: Verdict = (int(Quality.FAIL), QualityReason.RANGE)
CLOCK: Verdict = (int(Quality.SUSPECT), QualityReason.CLOCK)
DEVICE_FAIL: Verdict = (int(Quality.FAIL), QualityReason.DEVICE)
DEVICE_SUSPECT: Verdict = (int(Quality.SUSPECT), QualityReason.DEVICE)

_DEVICE: dict[str, Verdict] = {
    # HJ 212-2017 6.6.4: N ok, S entered by hand, F stopped, M maintenance, D fault, C calibration, B link broken, T over range
    "N": GOOD, "S": GOOD, "": GOOD,
    "F": DEVICE_FAIL, "M": DEVICE_FAIL, "D": DEVICE_FAIL, "C": DEVICE_FAIL, "B": DEVICE_FAIL,
    "T": DEVICE_SUSPECT,
}  # fmt: skip


def device_verdict(flag: str) -> Verdict:
    """What the device's own flag means; one that is not in the table is suspect."""
    return _DEVICE.get(flag, DEVICE_SUSPECT)


def first_flag(
    result: float | None,
    value: float | str | None,
    time: Micros,
    received: Micros,
    span: Span | None = None,
    sentinels: Container[object] = (),
    flag: str | None = None,
    *,
    test: bool = False,
    ahead: Micros = AHEAD,
    behind: Micros = BEHIND,
) -> Verdict:
    """The flag of one observation.

    result: canonical, finite; None is missing. value: as on the wire, which sentinels are compared with. span: (low, high) of
    result. received: the run's clock at first reception. ahead, behind: how far time may be from it.
    """
    if test:
        return TEST
    if result is None:
        return MISSING
    if value in sentinels:
        return SENTINEL
    if span is not None and not span[0] <= result <= span[1]:
        return RANGE
    if flag is not None:
        verdict = _DEVICE.get(flag, DEVICE_SUSPECT)
        if verdict is not GOOD:
            return verdict
    if time > received + ahead or time < received - behind:
        return CLOCK
    return GOOD
