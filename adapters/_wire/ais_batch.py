"""Many AIS position reports at once, for simulators: numpy packs what `ais_fields` describes, a message a row.

Imported by those who need it only: reading AIS does without numpy.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .ais_armour import armour_table
from .ais_fields import BITS, FIELDS

Ints = NDArray[np.int64]


def pack_rows(kind: int, numbers: Mapping[str, Ints]) -> list[bytes]:
    """The armour of messages of a type (1, 2, 3, 18: whole characters) from the numbers on the wire by field; absent fields are 0.

    numbers: columns of one length; lon and lat in 1/600000 degree, speed and course in tenths, turn coded. Raises ValueError for
    a number that does not fit its field.
    """
    count = len(numbers["mmsi"])
    bits = np.zeros((count, BITS[kind]), dtype=np.uint8)
    for field in FIELDS[kind]:
        if field.name == "msg_type":
            column = np.full(count, kind, dtype=np.int64)
        elif field.name in numbers:
            column = np.asarray(numbers[field.name], dtype=np.int64)
        else:
            continue
        low, high = (-field.sign, field.sign - 1) if field.sign else (0, field.mask)
        if count and (column.min() < low or column.max() > high):
            raise ValueError(f"{field.name} {column.min()}..{column.max()} does not fit {field.width} bits")
        shifts = np.arange(field.width - 1, -1, -1)
        bits[:, field.start : field.start + field.width] = column[:, None] >> shifts & 1
    sixes = bits.reshape(count, BITS[kind] // 6, 6) @ np.array([32, 16, 8, 4, 2, 1], dtype=np.uint8)
    letters = np.frombuffer(armour_table(), dtype=np.uint8)[sixes]
    size = BITS[kind] // 6
    text = letters.tobytes()
    return [text[at : at + size] for at in range(0, len(text), size)]


def turn_codes(rates: NDArray[np.float64]) -> Ints:
    """Rates of turn, degrees a minute, as they are coded: 4.733 times the root, at most 126 (M.1371-5 table 48)."""
    return np.clip(np.round(4.733 * np.sqrt(np.abs(rates))), 0, 126).astype(np.int64) * np.sign(rates).astype(np.int64)


@lru_cache(maxsize=4096)
def turn_code(rate: float) -> int:
    """One rate of turn as it is coded."""
    return int(turn_codes(np.array([rate]))[0])
