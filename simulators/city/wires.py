"""From what is measured to what is written: each value is one whole number of the wire's steps, and wire and store both come of it.

    physical value --rint(x * steps)--> whole number --/ divisor--> what the wire says, in the wire's unit
                                                     --/ steps----> what the store must hold, in the canonical unit

All units on our wires differ from the canonical ones by powers of ten, so both divisions are exact decimals, rounded once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from sensing.model import Micros

from .chance import Floats


class Wire(NamedTuple):
    """How a value goes on the wire. code: the wire's word. property: canonical. unit: the wire's.

    steps: of the wire in one canonical unit. divisor: steps to the wire's own number (1: whole numbers); times: multiplies instead.
    low, high: canonical; what lies outside is said as the limit, as instruments do. period: of a sum or mean, µs; 0 for an instant.
    told: whether the store keeps it.
    """

    code: str
    property: str | None
    unit: str | None
    steps: float = 1
    divisor: float = 1
    times: int = 1
    low: float = -1e12
    high: float = 1e12
    statistic: str = "instant"
    channel: str = ""
    period: Micros = 0
    told: bool = True


@dataclass(slots=True)
class Column:
    """One value of every device at every time, by row (device) and place in the row (time)."""

    wire: Wire
    values: list[list[Any]]
    results: list[list[float]]


def column(wire: Wire, measured: Floats) -> Column:
    """A column of physical values in canonical units, shape (devices, times)."""
    whole = np.rint(np.clip(measured, wire.low, wire.high) * wire.steps).astype(np.int64)
    return Column(wire, _written(wire, whole), (whole / wire.steps).tolist())


def same(wire: Wire, value: Any, rows: int, width: int) -> Column:
    """A column in which everybody says the same: a port, a battery that lasts."""
    return Column(wire, [[value] * width] * rows, [[float(value)] * width] * rows)


def _written(wire: Wire, whole: np.ndarray[Any, Any]) -> list[list[Any]]:
    if wire.divisor != 1:
        found: list[list[Any]] = (whole / wire.divisor).tolist()
        return found
    return (whole * wire.times).tolist()  # type: ignore[no-any-return]
