"""Checks over a series: what a value shows beside those before and after it. Pure; the store keeps what comes of it.

    limits    thresholds as data: config/quality.toml, a type's and a device's `checks`
    chosen    which thresholds hold for a datastream
    judge     all checks over a stretch of one series: a code for each value
    spikes, flips, flats, climate    one check each
    clocks                           which late rows come of a clock that was put back
    courses                          positions of ships: jumps (off the water: sensing.maritime.afloat)

A stretch is two columns: times (µs, rising) and values (canonical). Only served values whose first flag is good are in it.
"""

from __future__ import annotations

from sensing.model import Quality, QualityReason

Verdict = tuple[int, QualityReason]

LATER = frozenset((
    QualityReason.CLIMATOLOGY, QualityReason.RATE, QualityReason.SPIKE, QualityReason.FLAT_LINE, QualityReason.UNIT_FLIP,
    QualityReason.DRIFT, QualityReason.NEIGHBOUR, QualityReason.CONSISTENCY, QualityReason.JUMP,
))  # fmt: skip
"""Reasons that only a later verdict has: no first flag says them."""
CLOCK_BEHIND: Verdict = (int(Quality.FAIL), QualityReason.CLOCK)
"""A clock that is behind shows only beside other rows. First flags say clock with quality suspect, so the two are told apart."""
