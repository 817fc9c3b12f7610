"""Readings to SL 651-2014 uplink frames: what simulators speak, and what proves the decoder.

One frame is one station's readings with one send time, function and test mark, in groups of one observation time.
Runs of the five-minute codes F4..FC become blocks; more than fits a frame goes in packets (SYN).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from sensing.model import Micros, Reading
from sensing.times import SECOND

from .sl651_codes import BLOCK_DIGITS, BLOCK_SCALE, BY_ID, BY_NAME, RANK, TEST
from .sl651_frame import ETB, ETX, Telegram, write
from .sl651_times import digits

FUNCTIONS = {rank: function for function, rank in RANK.items()} | {0: 0x37}
_SIZES = {"05": (4, 2), "33": (2, 0), "45": (8, 0)}


class Link(NamedTuple):
    """How a station speaks: encoding, addresses, and how many bytes of body go in one frame."""

    text: bool = False
    centre: int = 1
    password: str = "0000"  # noqa: S105 what gauges ship with
    station_class: str = "H"
    serial: int = 1
    packet: int = 4_000


def encode(readings: Sequence[Reading], link: Link) -> list[bytes]:
    """Frames that say these readings; the serial counts up from the link's. Raises ValueError for a value that no element holds."""
    frames, serial = list[bytes](), link.serial
    for (native, sent, rank, test), same in groupby(readings, lambda r: (r.native, r.sent, r.rank, r.test)):
        function = TEST if test else FUNCTIONS[rank]
        body = _body(list(same), native, sent, serial, link)
        frames += uplink(native, function, body, link)
        serial = serial % 65_535 + 1
    return frames


def uplink(native: str, function: int, body: bytes, link: Link) -> list[bytes]:
    """A body in one frame, or in packets when it is longer than the link takes."""
    pieces = [body[i : i + link.packet] for i in range(0, len(body), link.packet)]
    total = len(pieces) if len(pieces) > 1 else 0
    return [
        write(Telegram(
            link.text, False, f"{link.centre:02X}", native, link.password, function, piece,
            ETX if not total or seq == total else ETB, "", total, seq if total else 0,
        ))
        for seq, piece in enumerate(pieces, 1)
    ]  # fmt: skip


def opening(serial: int, sent: Micros) -> str:
    """Serial and send time, which open every upward body: 16 digits."""
    return f"{serial:04X}{digits(sent // SECOND)}"


def _body(readings: list[Reading], native: str, sent: Micros, serial: int, link: Link) -> bytes:
    groups = [(stated, list(same)) for stated, same in groupby(_runs(readings), lambda run: run[0].wire_time)]
    if link.text:
        words = [opening(serial, sent) + f"ST {native} {link.station_class}"]
        for stated, runs in groups:
            words += [] if stated is None else [f"TT {digits(stated // SECOND)[:10]}"]
            words += [_said(run) for run in runs]
        return (" ".join(words) + " ").encode("gb18030")
    found = opening(serial, sent) + f"F1F1{native}{ord(link.station_class):02X}"
    for stated, runs in groups:
        found += "" if stated is None else f"F0F0{digits(stated // SECOND)[:10]}"
        found += "".join(_element(run) for run in runs)
    return bytes.fromhex(found)


def _runs(readings: list[Reading]) -> Iterator[list[Reading]]:
    """Twelve readings of one block code together, every other alone."""
    at = 0
    while at < len(readings):
        code = BY_NAME.get(readings[at].code.upper()) or BY_ID.get(readings[at].code)
        size = 12 if code and int(code.id, 16) in BLOCK_DIGITS else 1
        yield readings[at : at + size]
        at += size


def _block(run: list[Reading], guide: int) -> str:
    size = BLOCK_DIGITS[guide]
    if len(run) != 12:
        raise ValueError(f"block {guide:02X}H needs 12 values, not {len(run)}")
    values = [16**size - 1 if r.value is None else round(float(r.value) * BLOCK_SCALE[size]) for r in run]
    if not all(0 <= value < 16**size for value in values):
        raise ValueError(f"a value of block {guide:02X}H is outside its {size // 2} bytes")
    return "".join(f"{value:0{size}X}" for value in values)


def _element(run: list[Reading]) -> str:
    """Guide, definition byte and data of a reading, or of a block."""
    reading = run[0]
    guide = int(reading.code[:2], 16)
    if guide in BLOCK_DIGITS:
        return f"{reading.code}{'60' if guide == 0xF4 else 'C0'}{_block(run, guide)}"
    if isinstance(reading.value, str):
        return reading.code * 2 + reading.value.encode("gb18030").hex()
    if reading.code == "45":
        return "4520" + ("F" * 8 if reading.value is None else f"{int(reading.value):08X}")
    size, decimals = _size(reading.code, reading.value)
    definition = f"{size // 2 << 3 | decimals:02X}"
    if reading.value is None:
        return f"{reading.code}{definition}{'F' * size}"
    number = round(abs(reading.value) * 10**decimals)
    if number >= 10**size:
        raise ValueError(f"{reading.value} does not fit the {size} digits of {reading.code}")
    if reading.value < 0:  # FF and the digits, one byte more (6.6.3.3)
        definition = f"{size // 2 + 1 << 3 | decimals:02X}"
        return f"{reading.code}{definition}FF{number:0{size}d}"
    return f"{reading.code}{definition}{number:0{size}d}"


def _size(wire: str, value: float | None) -> tuple[int, int]:
    """Digits (even) and decimals: the table's, or as many as a code outside it needs."""
    code = BY_ID.get(wire)
    if code and code.digits:
        return code.digits + code.digits % 2, code.decimals
    if wire in _SIZES:
        return _SIZES[wire]
    decimals = next((n for n in range(8) if value is None or round(value, n) == value), 7)
    return 12, decimals


def _said(run: list[Reading]) -> str:
    """Name and value of a reading, or of a block, as words."""
    reading = run[0]
    code = BY_NAME.get(reading.code.upper())
    if code and int(code.id, 16) in BLOCK_DIGITS:
        return f"{reading.code} {_block(run, int(code.id, 16))}"
    if reading.value is None:
        return f"{reading.code} M"
    if isinstance(reading.value, str):
        return f"{reading.code} {reading.value}"
    if code and code.id == "45":
        return f"{reading.code} {int(reading.value):08X}"
    return f"{reading.code} {reading.value:.{_size(code.id if code else '', reading.value)[1]}f}"
