"""Readings to HJ 212 frames: what simulators speak, and what proves the decoder.

One message is one device's readings with one send time, command and DataTime; a factor's items stand together, its flag behind them.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from sensing.model import Reading

from .hj212_codes import MINUTES, PLACE
from .hj212_frame import sealed
from .hj212_sm4 import shut
from .hj212_times import digits, duration

_COMMANDS = {"PT1H": "2061", "P1D": "2031"}
_KINDS = {"w": "32", "L": "23", "i": "91"}
CONVERTED = "-Zs"


class Link(NamedTuple):
    """How a device speaks.

    st: kind of system, "" for what the factors are of. version: 0 is 2005, 1 is 2017, 2 is 2025. packet: characters of data in one
    frame. minutes: of the period of CN=2051. key: SM4, 16 bytes, b"" for none.
    """

    st: str = ""
    password: str = "123456"  # noqa: S105 what devices ship with
    version: int = 1
    ack: bool = True
    packet: int = 950
    minutes: int = MINUTES
    key: bytes = b""


def encode(readings: Sequence[Reading], link: Link) -> list[bytes]:
    """Frames that say these readings. Raises ValueError for a statistic that no command has, or a name that is no item's."""
    frames = list[bytes]()
    said = [reading for reading in readings if reading.code != PLACE]
    for (native, sent, cn, time), same in groupby(said, lambda r: (r.native, r.sent, command(r, link), r.wire_time)):
        message = list(same)
        head = (f"QN={digits(sent, milliseconds=True)};" if sent else "") + f"ST={link.st or kind(message)};CN={cn}"
        frames += _frames(f"{head};PW={link.password};MN={native}", groups(message), "" if time is None else digits(time), link)
    return frames


def command(reading: Reading, link: Link) -> str:
    """The command (CN) that says a reading. Raises ValueError when none does."""
    if reading.code.endswith("-Info"):
        return "3020"
    _, _, period = reading.statistic.partition("/")
    if not period:
        return "2011"
    if period == duration(link.minutes):
        return "2051"
    if period not in _COMMANDS:
        raise ValueError(f"{reading.statistic} of {reading.code} fits no command of HJ 212")
    return _COMMANDS[period]


def kind(readings: Sequence[Reading]) -> str:
    """The kind of system (ST) that reports these factors."""
    if any(CONVERTED in reading.code for reading in readings):
        return "31"
    return _KINDS.get(readings[0].code[:1], "22")


def groups(readings: Sequence[Reading]) -> list[str]:
    """Items of each factor, joined by commas, its data flag behind them."""
    found = list[str]()
    for factor, same in groupby(readings, lambda reading: reading.code.partition("-")[0]):
        items = list(same)
        if any(mark in item.code for item in items for mark in ";,=&"):
            raise ValueError(f"{factor!r} is no factor's code")
        flag = next((item.flag for item in items if item.flag), None)
        texts = [f"{item.code}={said(item.value)}" for item in items]
        found.append(",".join([*texts, f"{factor}-Flag={flag}"] if flag else texts))
    return found


def said(value: float | str | None) -> str:
    """A value as the wire writes it; nothing for a missing one."""
    if value is None or isinstance(value, str):
        return value or ""
    return format(Decimal(repr(value)).normalize(), "f")


def _frames(head: str, items: list[str], time: str, link: Link) -> list[bytes]:
    """A message in one frame, or in parts that stand by themselves."""
    stamp = [f"DataTime={time}"] if time else []
    bodies, room = [stamp[:]], link.packet - 30
    for item in items:
        if len(bodies[-1]) > len(stamp) and sum(map(len, bodies[-1])) + len(bodies[-1]) + len(item) > room:
            bodies.append(stamp[:])
        bodies[-1].append(item)
    total, flag = len(bodies), link.version << 2 | link.ack | (2 if len(bodies) > 1 else 0)
    numbered = [f"PNUM={total};PNO={number};" if total > 1 else "" for number in range(1, total + 1)]
    segments = [
        f"{head};Flag={flag};{number}CP=&&{';'.join(body)}{';' * (total > 1)}&&"
        for number, body in zip(numbered, bodies, strict=True)
    ]  # fmt: skip
    return [_sealed(segment, link.key) for segment in segments]


def _sealed(segment: str, key: bytes) -> bytes:
    """A frame; under SM4 its checksum stays that of the text in clear."""
    clear = segment.encode("gb18030")
    frame = sealed(clear)
    return frame[:6] + shut(clear, key) + frame[6 + len(clear) :] if key else frame
