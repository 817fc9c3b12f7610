"""Fields of MQTT, one after another (MQTT 5 section 1.5), and the error that says why bytes are not MQTT."""

from __future__ import annotations

import struct

from sensing.errors import SensingError

from .packets import Code

_U16 = struct.Struct(">H").unpack_from
_U32 = struct.Struct(">I").unpack_from


class WireError(SensingError):
    """Bytes that are no MQTT. `code` is what MQTT 5 answers with."""

    def __init__(self, code: Code, what: str) -> None:
        super().__init__(what, "mend the client; see the MQTT specification")
        self.code = code


class Reader:
    """Takes fields from `data[at:stop]`. Every method raises WireError when the field is not wholly there."""

    def __init__(self, data: bytes, at: int, stop: int) -> None:
        self.data = data
        self.at = at
        self.stop = stop

    def skip(self, length: int) -> int:
        """Move past `length` bytes and say where they begin."""
        begin = self.at
        if begin + length > self.stop:
            raise WireError(Code.MALFORMED, f"packet ends {begin + length - self.stop} bytes short of a field")
        self.at = begin + length
        return begin

    def u8(self) -> int:
        return self.data[self.skip(1)]

    def u16(self) -> int:
        return int(_U16(self.data, self.skip(2))[0])

    def u32(self) -> int:
        return int(_U32(self.data, self.skip(4))[0])

    def varint(self) -> int:
        """Variable byte integer (section 1.5.5), in as few bytes as can be."""
        value = 0
        for shift in (0, 7, 14, 21):
            byte = self.u8()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                if shift and not byte:
                    break
                return value
        raise WireError(Code.MALFORMED, "variable byte integer is over-long")

    def binary(self) -> bytes:
        length = self.u16()
        begin = self.skip(length)
        return self.data[begin : begin + length]

    def text(self) -> str:
        return text(self.binary())

    def pid(self) -> int:
        """A packet identifier: never 0."""
        found = self.u16()
        if not found:
            raise WireError(Code.PROTOCOL_ERROR, "packet identifier is 0")
        return found

    def done(self) -> bool:
        return self.at >= self.stop


def text(raw: bytes) -> str:
    """UTF-8 without surrogates and without U+0000 (section 1.5.4). Raises WireError."""
    try:
        found = raw.decode()
    except UnicodeDecodeError:
        raise WireError(Code.MALFORMED, f"text is not UTF-8: {raw[:32]!r}") from None
    if "\0" in found:
        raise WireError(Code.MALFORMED, f"text has U+0000: {raw[:32]!r}")
    return found


def topic_name(raw: bytes) -> str:
    """A topic that is published to: no wildcard (section 3.3.2.1). Raises WireError."""
    found = text(raw)
    if "+" in found or "#" in found:
        raise WireError(Code.BAD_TOPIC, f'topic "{found[:64]}" has a wildcard')
    return found


def topic_filter(raw: bytes) -> str:
    """A topic filter: wildcards are whole levels, `#` the last (section 4.7.1). Raises WireError."""
    found = text(raw)
    levels = found.split("/")
    for index, level in enumerate(levels):
        hash_inside = "#" in level and (level != "#" or index != len(levels) - 1)
        if not found or hash_inside or ("+" in level and level != "+"):
            raise WireError(Code.BAD_FILTER if found else Code.PROTOCOL_ERROR, f'"{found[:64]}" is no topic filter')
    return found
