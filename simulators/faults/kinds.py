"""The closed list of what may be planted (DECISIONS "Shapes and closed lists"), and what each of them touches.

A row of the truth carries its faults as bits: bit `BIT[kind]`. The order is the number stored: append only.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Kind(StrEnum):
    """A fault, by verb or noun. What each means and how large it is at least: docs/storms.md."""

    DUPLICATE = "duplicate"
    REORDER = "reorder"
    BURST = "burst"
    LATE = "late"
    CLOCK_STEP = "clock_step"
    CLOCK_SKEW = "clock_skew"
    CLOCK_UNSET = "clock_unset"
    STUCK = "stuck"
    DRIFT = "drift"
    SPIKE = "spike"
    UNIT_FLIP = "unit_flip"
    SENTINEL = "sentinel"
    BAD_CRC = "bad_crc"
    TRUNCATED = "truncated"
    BATTERY = "battery"
    GATEWAY_OUTAGE = "gateway_outage"
    FLAP = "flap"
    RETRANSMIT = "retransmit"


VALUE = (Kind.DRIFT, Kind.STUCK, Kind.SPIKE, Kind.UNIT_FLIP, Kind.SENTINEL)
"""Change a value; in the order in which they come upon it, from the sensor to the logger's memory."""
CLOCK = (Kind.CLOCK_STEP, Kind.CLOCK_SKEW, Kind.CLOCK_UNSET)
FRAME = (Kind.BAD_CRC, Kind.TRUNCATED)
"""Damage bytes: what was said is a dead letter."""
GATEWAY = (Kind.BURST, Kind.GATEWAY_OUTAGE, Kind.FLAP)
"""Befall a gateway; all others befall a device."""
FLAGGED = (*VALUE, *CLOCK)
"""What a quality flag can and should tell: these are scored for precision and recall."""
SERVICES = ("broker-kill", "door-kill", "work-kill", "disk-full")
"""Befall the service itself. The plan names them; who runs the storm carries them out and tells the truth of it."""
BIT = {kind: number for number, kind in enumerate(Kind)}


def mask(kinds: Iterable[Kind]) -> int:
    """The bits of some kinds."""
    total = 0
    for kind in kinds:
        total |= 1 << BIT[kind]
    return total


def named(bits: int) -> list[Kind]:
    """The kinds of some bits."""
    return [kind for kind, number in BIT.items() if bits >> number & 1]
