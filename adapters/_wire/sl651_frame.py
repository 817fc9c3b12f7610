"""SL 651-2014 frames (clause 6.2): where one begins and ends, whether it is intact, and its header; and the same written.

    HEX    7E7E  addresses(6) password(2) function(1) direction+length(2)  02|16 [total/seq(3)]  body  end(1)  CRC(2)
    ASCII  01    addresses(12) password(4) function(2) direction+length(4) 02|16 [total(3) seq(3)] body end(1) CRC(4)

addresses: centre(1) station(5) upwards, station(5) centre(1) downwards. direction: high nibble, 0 up, 8 down.
length: bytes between 02|16 and the end, total/seq included. CRC-16/MODBUS over all before it, high byte first.
There is no escaping: 7E7E may stand in a body, so only length and CRC together say where a frame ends.
"""

from __future__ import annotations

import re

from fastcrc import crc16
from msgspec import Struct

from sensing.errors import DecodeError, Reason

STX, SYN = 0x02, 0x16
ETX, ETB = 0x03, 0x17
EOT, ENQ, ACK, NAK, ESC = 0x04, 0x05, 0x06, 0x15, 0x1B
ENDS = frozenset((ETX, ETB, EOT, ENQ, ACK, NAK, ESC))
LARGEST = 29 + 0xFFF

_HEAD = rb"~~.{9}[\x00-\x0f\x80-\x8f].[\x02\x16]|\x01[0-9A-Fa-f]{18}[08][0-9A-Fa-f]{3}[\x02\x16]"
_PLAUSIBLE = re.compile(_HEAD, re.DOTALL)
_TEMPLATES = (b"~~" + bytes(11) + b"\x02", b"\x01" + b"0" * 22 + b"\x02")


class Telegram(Struct, gc=False):
    """One frame taken apart. Addresses and password are upper-case hex text; crc is what stands on the wire."""

    text: bool
    down: bool
    centre: str
    station: str
    password: str
    function: int
    body: bytes
    end: int
    crc: str
    total: int = 0
    seq: int = 0
    """Packet of a message of several (SYN), from 1; 0 for a message in one frame."""


def claimed(data: bytes, at: int) -> int | None:
    """How many bytes the frame that begins at `at` says it has; None when no whole header stands there."""
    if data[at : at + 2] == b"~~":
        return 17 + ((data[at + 11] & 0x0F) << 8) + data[at + 12] if at + 14 <= len(data) else None
    if data[at : at + 1] == b"\x01" and at + 24 <= len(data):
        length = hex_number(data[at + 20 : at + 23])
        return None if length is None else 29 + length
    return None


def intact(data: bytes, at: int, size: int) -> bool:
    """Whether `size` bytes from `at` are all there and their checksum holds."""
    if at + size > len(data):
        return False
    if data[at] == 0x01:
        return crc16.modbus(data[at : at + size - 4]) == hex_number(data[at + size - 4 : at + size])
    return crc16.modbus(data[at : at + size - 2]) == (data[at + size - 2] << 8) | data[at + size - 1]


def next_whole(data: bytes, start: int) -> int | None:
    """Where the next intact frame begins, from `start` on; found by its checksum, byte for byte."""
    found = _PLAUSIBLE.search(data, start)
    while found:
        at = found.start()
        if intact(data, at, claimed(data, at) or len(data) + 1):
            return at
        found = _PLAUSIBLE.search(data, at + 1)
    return None


def next_open(data: bytes, start: int, bound: bool) -> int:
    """Where a frame begins whose end is not there yet, from `start` on; the length of `data` when none does.

    bound: whether one is due at `start`; a single byte is taken for a beginning only there.
    """
    found = _PLAUSIBLE.search(data, start)
    while found:
        at = found.start()
        if at + (claimed(data, at) or 0) > len(data):
            return at
        found = _PLAUSIBLE.search(data, at + 1)
    for at in range(max(start, len(data) - 23), len(data)):
        rest = data[at:]
        if (len(rest) > 1 or (bound and at == start)) and any(
            _PLAUSIBLE.match(rest + template[len(rest) :]) for template in _TEMPLATES
        ):
            return at
    return len(data)


def starts(data: bytes) -> bool:
    """Whether these bytes may be the beginning of a frame."""
    return data[:2] in (b"~~", b"~") or (data[:1] == b"\x01" and data[1:3].isalnum())


def read(frame: bytes) -> Telegram:
    """An intact frame taken apart. Raises DecodeError bad_grammar."""
    return _read_text(frame) if frame[0] == 0x01 else _read_hex(frame)


def _read_hex(frame: bytes) -> Telegram:
    head = frame[2:11].hex().upper()
    direction, start, body = frame[11] >> 4, frame[13], frame[14:-3]
    centre, station = (head[10:12], head[:10]) if direction == 8 else (head[:2], head[2:12])
    found = Telegram(False, direction == 8, centre, station, head[12:16], frame[10], body, frame[-3], frame[-2:].hex())
    _check(direction, start, found.end)
    if start == SYN:
        packet = int.from_bytes(body[:3], "big") if len(body) >= 3 else 0
        return _packet(found, packet >> 12, packet & 0xFFF, 3)
    return found


def _read_text(frame: bytes) -> Telegram:
    if hex_number(frame[1:20]) is None:
        raise DecodeError(Reason.BAD_GRAMMAR, f"header {frame[1:20]!r} is not hex digits")
    head = frame[1:20].decode("ascii").upper()
    direction, start, body = int(head[18], 16), frame[23], frame[24:-5]
    centre, station = (head[10:12], head[:10]) if direction == 8 else (head[:2], head[2:12])
    crc = frame[-4:].decode("ascii").lower()
    found = Telegram(True, direction == 8, centre, station, head[12:16], int(head[16:18], 16), body, frame[-5], crc)
    _check(direction, start, found.end)
    if start == SYN:
        packet = hex_number(body[:6]) or 0
        return _packet(found, packet >> 12, packet & 0xFFF, 6)
    return found


def hex_number(digits: bytes) -> int | None:
    """Hex digits and nothing else as a number: `int` alone takes blanks, signs and underscores."""
    try:
        return int(digits, 16) if digits.isalnum() else None
    except ValueError:
        return None


def _check(direction: int, start: int, end: int) -> None:
    if direction not in (0, 8):
        raise DecodeError(Reason.BAD_GRAMMAR, f"direction {direction:X}H is neither 0 (up) nor 8 (down)")
    if start not in (STX, SYN):
        raise DecodeError(Reason.BAD_GRAMMAR, f"{start:02X}H stands where STX or SYN belongs")
    if end not in ENDS:
        raise DecodeError(Reason.BAD_GRAMMAR, f"{end:02X}H is no end character")


def _packet(telegram: Telegram, total: int, seq: int, skip: int) -> Telegram:
    if not 1 <= seq <= total:
        raise DecodeError(Reason.BAD_GRAMMAR, f"packet {seq} of {total}")
    telegram.total, telegram.seq, telegram.body = total, seq, telegram.body[skip:]
    return telegram


def write(telegram: Telegram) -> bytes:
    """The frame of a telegram; its `crc` is computed, not read. Raises ValueError when the body is too long for one frame."""
    packets = b""
    if telegram.total:
        packet = (telegram.total << 12) | telegram.seq
        packets = b"%06X" % packet if telegram.text else packet.to_bytes(3, "big")
    length = len(packets) + len(telegram.body)
    if length > 0xFFF:
        raise ValueError(f"body of {length} bytes: a frame holds 4095, send it in packets")
    addresses = telegram.station + telegram.centre if telegram.down else telegram.centre + telegram.station
    head = f"{addresses}{telegram.password}{telegram.function:02X}{8 if telegram.down else 0}{length:03X}"
    lead = b"\x01" + head.encode() if telegram.text else b"~~" + bytes.fromhex(head)
    frame = b"%b%c%b%b%c" % (lead, SYN if telegram.total else STX, packets, telegram.body, telegram.end)
    return frame + b"%04X" % crc16.modbus(frame) if telegram.text else sealed(frame)


def sealed(frame: bytes) -> bytes:
    """A HEX frame up to its end character, with its checksum."""
    return frame + crc16.modbus(frame).to_bytes(2, "big")
