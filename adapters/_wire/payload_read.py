"""Device payloads through a codec's table: what each field says, as readings. No field is guessed: an entry that is in no table
ends the reading, what was read is kept, and the place is told.

    tlv     [key, data] ...        key: channel and type, a type with a channel before it (Cayenne), or a type
    fixed   field, field ...       may end sooner than the table
    flags   02, device id, flags, then a group of words for each flag (Decentlab)
    groups  seven bytes each, CRC-16/KERMIT at the end (SenseCAP)
"""

from __future__ import annotations

from fastcrc import crc16

from sensing.errors import Reason
from sensing.model import Micros
from sensing.times import DAY, HOUR, MINUTE, SECOND

from .payload_codecs import Codec
from .payload_said import Said

_VERSION = 2
"""Decentlab's protocol version."""
_GROUP = 7
_MOST = 4096
"""Readings of one payload: LoRaWAN carries 242 bytes at most, tests and tunnels more."""


def read(said: Said, data: bytes, codec: Codec) -> Said:
    """Everything that the codec's table finds in these bytes."""
    _READERS[codec.kind](said, data, codec)
    said.finish()
    return said


def _tlv(said: Said, data: bytes, codec: Codec) -> None:
    at, end, entries = 0, len(data), codec.entries
    both, wide = codec.key == "both", 1 if codec.key == "type" else 2
    while at < end:
        if at + wide > end:
            said.refuse(Reason.BAD_LENGTH, f"a lonely byte {data[at]:02X} at the end", at, 1)
            return
        if both:
            key = data[at] << 8 | data[at + 1]
        else:
            key = data[at + wide - 1]
            said.channel = str(data[at]) if wide == 2 else ""
        found = entries.get(key)
        if found is None:
            if both and not any(data[at:]):
                return  # padding
            what = f"channel {data[at]:02X} type {data[at + 1]:02X}" if wide == 2 else f"type {key:02X}"
            said.refuse(Reason.UNKNOWN_FUNCTION, f"{what} is not in the table of {codec.name}", at)
            return
        taken = said.entry(found, data, at + wide, codec)
        if taken < 0:
            said.refuse(
                Reason.BAD_LENGTH, f"{data[at : at + wide].hex().upper()} has {end - at - wide} bytes of data, too few", at
            )
            return
        at += wide + taken
        if len(said.readings) > _MOST:
            said.refuse(Reason.TOO_LARGE, f"more than {_MOST} readings in one payload", at)
            return


def _fixed(said: Said, data: bytes, codec: Codec) -> None:
    if len(data) < codec.least:
        said.refuse(Reason.BAD_LENGTH, f"{len(data)} bytes; {codec.name} has {codec.least} at least", 0)
        return
    at = 0
    for one in codec.sequence:
        if at >= len(data):
            return
        taken = said.entry(one, data, at, codec)
        if taken < 0:
            said.refuse(Reason.BAD_LENGTH, f"{one.fields[0].code} is cut short", at)
            return
        at += taken


def _flags(said: Said, data: bytes, codec: Codec) -> None:
    if len(data) < 5 or data[0] != _VERSION:
        reason = Reason.BAD_LENGTH if data[:1] == bytes((_VERSION,)) or not data else Reason.UNSUPPORTED_VERSION
        said.refuse(reason, f"{len(data)} bytes, version {data[0] if data else '-'}; needs 5 and version {_VERSION}", 0, 1)
        return
    flags, at = data[3] << 8 | data[4], 5
    said.put("device_id", None, data[1] << 8 | data[2])
    for number, one in enumerate(codec.sequence):
        if not flags >> number & 1:
            continue
        taken = said.entry(one, data, at, codec)
        if taken < 0:
            said.refuse(Reason.BAD_LENGTH, f"group {number} ({one.fields[0].code} ...) is cut short", at)
            return
        at += taken
    _sums(said)
    if flags >> len(codec.sequence) or at < len(data):
        said.refuse(Reason.UNKNOWN_FUNCTION, f"flags {flags:04X}, {len(data) - at} bytes beyond the table of {codec.name}", at)


def _groups(said: Said, data: bytes, codec: Codec) -> None:
    if len(data) < _GROUP + 2 or (len(data) - 2) % _GROUP:
        said.refuse(Reason.BAD_LENGTH, f"{len(data)} bytes are not groups of {_GROUP} and a checksum of 2", 0)
        return
    if crc16.kermit(data[:-2]) != int.from_bytes(data[-2:], "little"):
        said.refuse(Reason.BAD_CHECKSUM, "CRC-16/KERMIT", len(data) - 2, 2)
        return
    for at in range(0, len(data) - 2, _GROUP):
        said.channel = str(data[at])
        key = data[at + 1] | data[at + 2] << 8
        found = codec.entries.get(key)
        if found is not None:
            said.entry(found, data, at + 3, codec)
        elif key >= 0x1000:
            said.put(str(key), None, int.from_bytes(data[at + 3 : at + 7], "little", signed=True) / 1000)


def _sums(said: Said) -> None:
    """A sum without a period is of the interval that the same payload states."""
    stated = next((reading.value for reading in said.readings if reading.code == "precipitation_interval"), None)
    interval = int(stated or 0)
    if not interval:
        return
    for reading in said.readings:
        if reading.statistic == "sum" and reading.time is not None:
            reading.begin = reading.time - interval * SECOND
            reading.statistic = f"sum/{period(interval * SECOND)}"


def period(span: Micros) -> str:
    """An ISO 8601 length of whole days, hours, minutes or seconds: PT10M."""
    for unit, letter in ((DAY, "D"), (HOUR, "H"), (MINUTE, "M")):
        if span % unit == 0:
            return f"P{span // unit}D" if letter == "D" else f"PT{span // unit}{letter}"
    return f"PT{span // SECOND}S"


_READERS = {"tlv": _tlv, "fixed": _fixed, "flags": _flags, "groups": _groups}
