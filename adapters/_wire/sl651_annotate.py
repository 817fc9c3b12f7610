"""SL 651-2014 frames byte by byte, for people: every header field, every element with what it became, the checksum.

Only the first thing that is wrong is marked, in the decoder's order: start, length, checksum, grammar, number, time.
"""

from __future__ import annotations

from collections.abc import Sequence

from fastcrc import crc16

from sensing.errors import DecodeError, Reason
from sensing.model import Context, Span

from . import bytes_in, sl651_frame, sl651_message
from . import sl651_words as words
from .sl651_annotate_body import Body
from .sl651_frame import ENDS, LARGEST, STX, SYN
from .sl651_stream import Junk, cut
from .spans import UNREADABLE, Tape, total

HEAD, FUNCTION, BODY = "head", "function", "body"
"""What the decoder refuses of an intact frame."""


@total
def annotate(payload: bytes, context: Context) -> list[Span]:
    """Every byte of a payload; of a tunnelled one (hex, base64, JSON) the bytes inside, where they stand outside."""
    data, via, places = bytes_in.located(payload, sl651_frame.starts)
    tape = Tape()
    found = cut(data)
    pieces: list[tuple[int, int, Junk | None]] = [(junk.start, junk.end, junk) for junk in found.junk]
    pieces += [(start, end, None) for start, end in found.frames]
    for start, end, junk in sorted(pieces, key=lambda piece: piece[0]):
        tape.upto(start, "", words.BETWEEN)
        _Frame(tape, data[start:end], start, context).annotate(junk)
    tape.upto(found.tail, "", words.BETWEEN)
    tape.upto(len(data), "", words.HALF if len(data) - found.tail > 1 or not found.frames else words.BETWEEN)
    return tape.spans if via == bytes_in.RAW else _outside(tape.spans, places, len(payload), via)


def _outside(spans: Sequence[Span], places: Sequence[int], size: int, via: str) -> list[Span]:
    """The spans of what was wrapped, where their bytes stand in the wrapping."""
    told = Tape()
    said = f"bytes inside a wrapping: {via}"
    told.upto(places[0], via, words.WRAPPING, said)
    for number, span in enumerate(spans):
        end = places[span.offset + span.length]
        value = f"{span.value} ({said})".lstrip() if number == 0 and not told.at and not span.bad else span.value
        told.spans.append(Span(told.at, end - told.at, span.name, span.meaning, value, span.bad))
        told.at = end
    told.upto(size, via, words.WRAPPING)
    return told.spans


class _Frame:
    """One frame, whole or damaged. `base` is where it begins in the data."""

    def __init__(self, tape: Tape, frame: bytes, base: int, context: Context) -> None:
        self.tape, self.frame, self.base, self.context = tape, frame, base, context
        self.text = frame[:1] == b"\x01"

    def annotate(self, junk: Junk | None) -> None:
        frame, tape = self.frame, self.tape
        error = DecodeError(junk.reason, junk.detail) if junk else None
        if error and (error.reason == Reason.BAD_START or len(frame) < (28 if self.text else 16) or len(frame) > LARGEST):
            tape.wrong(len(frame), "", words.JUNK, error)
            return
        trouble = "" if junk else _trouble(frame)
        ends = len(frame) - (4 if self.text else 2)
        end = frame[ends - 1]
        self._header(error, trouble)
        self._body(self.base + ends - 1, trouble, whole=end in ENDS)
        if trouble == HEAD and end not in ENDS:
            tape.wrong(1, "end", words.END, DecodeError(Reason.BAD_GRAMMAR, f"{end:02X}H is no end character"))
        else:
            tape.upto(self.base + ends, "end", words.END, words.end(end))
        self._checksum(ends, error)

    def _header(self, error: DecodeError | None, trouble: str) -> None:
        tape, text, frame = self.tape, self.text, self.frame
        size = 2 if text else 1
        tape.take(1 if text else 2, "start", words.START, "ASCII" if text else "HEX")
        digits = frame[1:23].decode("latin-1") if text else frame[2:13].hex().upper()
        if trouble == HEAD and text and sl651_frame.hex_number(frame[1:20]) is None:
            tape.wrong(19, "header", UNREADABLE, DecodeError(Reason.BAD_GRAMMAR, "not hex digits"))
            tape.take(3, "length", words.LENGTH, digits[19:])
        else:
            self._addresses(digits, size)
            self._function(digits[16:18], size, trouble)
            self._length(digits[18:], size, error, trouble)
        start = frame[23 if text else 13]
        if trouble == HEAD and start not in (STX, SYN):
            tape.wrong(1, "begin", words.BEGIN, DecodeError(Reason.BAD_GRAMMAR, f"{start:02X}H where STX or SYN belongs"))
        else:
            tape.take(1, "begin", words.BEGIN, {STX: "STX", SYN: "SYN, one packet of several"}.get(start, f"{start:02X}H"))

    def _addresses(self, digits: str, size: int) -> None:
        fields = [("centre", words.CENTRE, 1), ("station", words.STATION, 5)]
        at = 0
        for name, meaning, count in reversed(fields) if digits[18:19] == "8" else fields:
            self.tape.take(count * size, name, meaning, digits[at : at + 2 * count])
            at += 2 * count
        self.tape.take(2 * size, "password", words.PASSWORD)

    def _function(self, digits: str, size: int, trouble: str) -> None:
        said = words.function(int(digits, 16)) if sl651_frame.hex_number(digits.encode("latin-1")) is not None else digits
        if trouble == FUNCTION:
            error = DecodeError(Reason.UNKNOWN_FUNCTION, f"function {digits}H")
            self.tape.wrong(size, "function", words.FUNCTION, error)
        else:
            self.tape.take(size, "function", words.FUNCTION, said)

    def _length(self, digits: str, size: int, error: DecodeError | None, trouble: str) -> None:
        tape = self.tape
        if error and error.reason == Reason.BAD_LENGTH:
            tape.wrong(2 * size, "length", words.LENGTH, error)
        elif trouble == HEAD and digits[:1] not in ("0", "8"):
            wrong = DecodeError(Reason.BAD_GRAMMAR, f"direction {digits[:1]}H is neither 0 (up) nor 8 (down)")
            tape.wrong(2 * size, "length", words.LENGTH, wrong)
        else:
            count = sl651_frame.hex_number(digits[1:].encode("latin-1"))
            tape.take(2 * size, "length", words.LENGTH, f"{'down' if digits[:1] == '8' else 'up'}, {count} bytes")

    def _body(self, end: int, trouble: str, *, whole: bool) -> None:
        frame, tape = self.frame, self.tape
        seq = packets = 0
        if frame[23 if self.text else 13] == SYN:
            size = min(6 if self.text else 3, end - tape.at)
            stated = frame[24:30] if self.text else frame[14:17].hex().encode()
            packet = sl651_frame.hex_number(stated) or 0
            packets, seq = packet >> 12, packet & 0xFFF
            if trouble == HEAD and whole and not 1 <= seq <= packets:
                tape.wrong(size, "packet", words.PACKET, DecodeError(Reason.BAD_GRAMMAR, f"packet {seq} of {packets}"))
            else:
                tape.take(size, "packet", words.PACKET, f"{seq} of {packets}")
        if seq > 1:
            tape.upto(end, "", words.PIECE)
        else:
            body = frame[tape.at - self.base : end - self.base]
            Body(tape, frame, body, end, open_ended=packets > 1, trusted=trouble == BODY).annotate(self.context)

    def _checksum(self, ends: int, error: DecodeError | None) -> None:
        stands = self.frame[ends:]
        right = b"%04X" % crc16.modbus(self.frame[:ends])
        stated = stands.decode("latin-1").upper() if self.text else stands.hex().upper()
        if stated == right.decode():
            self.tape.upto(self.base + len(self.frame), "crc", words.CRC, f"{stated} ✔")
        elif error and error.reason == Reason.BAD_CHECKSUM:
            wrong = DecodeError(Reason.BAD_CHECKSUM, f"{stated}; right would be {right.decode()}")
            self.tape.wrong(len(stands), "crc", words.CRC, wrong)
        else:
            self.tape.upto(self.base + len(self.frame), "crc", words.CRC, f"{stated} ✖ {right.decode()}")


def _trouble(frame: bytes) -> str:
    """Which part of an intact frame the decoder refuses."""
    try:
        telegram = sl651_frame.read(frame)
    except DecodeError:
        return HEAD
    try:
        if telegram.total < 2:
            sl651_message.understand(telegram, {})
    except DecodeError as error:
        return FUNCTION if error.reason == Reason.UNKNOWN_FUNCTION else BODY
    return ""
