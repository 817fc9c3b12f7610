"""A whole SL 651-2014 message (one frame, or its packets joined) to what it says, and the downlink frame that it is owed.

Modes (clause 6.4): M1 no answer, M2 a confirm to each frame, M3 one to all packets, M4 an answer to our query, confirmed alike.
A confirm repeats function and serial, carries our clock, and ends with EOT (done) or ESC (`hold_link`: stay on line);
ACK when the station says that more frames follow (ETB). 2FH is never answered, nor is a frame that cannot be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from sensing.errors import DecodeError, Reason
from sensing.model import Micros, Reading, WireFact
from sensing.times import SECOND

from . import sl651_ascii
from .sl651_codes import CONTROLS, KEEP_ALIVE, PUMP, RANK, REPORTS, SERIES, TEST, VERSION
from .sl651_elements import Report
from .sl651_frame import ACK, ENQ, EOT, ESC, ETB, ETX, NAK, Telegram, sealed, write
from .sl651_times import AUTO, END, FIRST, digits, instant

_DOWN = {ENQ: "query", ACK: "go-on", NAK: "resend", EOT: "confirm", ESC: "confirm", ETX: "command", ETB: "command"}
USER_DEFINED = range(0xE0, 0x100)


class Message(Struct, gc=False):
    """What one message says. serial: 4 hex digits, as its confirm repeats them."""

    serial: str
    readings: list[Reading]
    facts: list[WireFact]
    control: str | None = None


def understand(telegram: Telegram, settings: Mapping[str, Any]) -> Message:
    """The message of a telegram that is whole. Raises DecodeError bad_grammar, bad_number, bad_time, unknown_function."""
    function, body = telegram.function, telegram.body
    if function not in CONTROLS and function not in USER_DEFINED:
        raise DecodeError(Reason.UNKNOWN_FUNCTION, f"function {function:02X}H")
    if telegram.down:
        return Message("", [], [], _DOWN[telegram.end])
    serial, sent, text = _opening(telegram.text, body)
    report = Report(telegram.station, sent, RANK.get(function, 0), function == TEST, function in SERIES, anchor(settings))
    if function == KEEP_ALIVE:
        pass
    elif function in REPORTS:
        if telegram.text:
            sl651_ascii.read(report, body[16:])
        else:
            report.read(text, 16)
    elif function == VERSION:
        _version(report, telegram)
    elif (function in USER_DEFINED and "f0f0" in text[30:38]) or function == PUMP:
        _try(report, text)
    return Message(serial, report.readings, report.facts, None if report.readings else _control(function, report))


def _opening(text: bool, body: bytes) -> tuple[str, Micros, str]:
    """Serial and send time that open every upward body; the body's hex digits when it is binary."""
    if text:
        serial, sent = body[:4].decode("latin-1"), body[4:16].decode("latin-1")
        if len(body) < 16 or not serial.isalnum() or not serial.isascii():
            raise DecodeError(Reason.BAD_GRAMMAR, f"body begins {body[:16]!r}: 4 hex and 12 decimal digits belong there")
        if not (sent.isdecimal() and sent.isascii()):
            raise DecodeError(Reason.BAD_TIME, f"{sent!r} is no date and time (yymmddHHMMSS)")
        return serial.upper(), instant(sent), ""
    if len(body) < 8:
        raise DecodeError(Reason.BAD_GRAMMAR, f"body has {len(body)} bytes: serial and send time alone need 8")
    found = body.hex()
    return found[:4].upper(), instant(found[4:16]), found


def anchor(settings: Mapping[str, Any]) -> str:
    """Where a block's time stands, as the device is set."""
    wanted = settings.get("block_anchor", AUTO)
    return wanted if wanted in (FIRST, END) else AUTO


def _control(function: int, report: Report) -> str:
    if report.pictures:
        return "picture"
    return CONTROLS.get(function) or f"user-{function:02x}"


def _version(report: Report, telegram: Telegram) -> None:
    """45H: station, a length byte, and the firmware's name."""
    body = telegram.body[16:] if telegram.text else telegram.body[8:]
    if not telegram.text:
        body = body[7:] if body[:2] == b"\xf1\xf1" else body
        body = body[1:]
    words = body.decode("gb18030", "replace").strip("\0 ")
    if words:
        report.facts.append(WireFact(report.native, "firmware", words, report.sent))


def _try(report: Report, text: str) -> None:
    """These are read when they begin like a report and come out even; else nobody can say what they hold."""
    try:
        if text[16:20] == "f1f1":
            report.read(text, 16)
    except DecodeError:
        report.readings.clear()
        report.facts.clear()


def answer(telegram: Telegram, serial: str, received: Micros, settings: Mapping[str, Any]) -> bytes | None:
    """The confirm of a message that was read; None when none is owed."""
    if telegram.down or telegram.function == KEEP_ALIVE or settings.get("confirm") is False:
        return None
    end = ESC if settings.get("hold_link") else EOT
    if telegram.end == ETB and not telegram.total:
        end = ACK
    return downlink(telegram, serial, received, end, telegram.total)


def downlink(telegram: Telegram, serial: str, received: Micros, end: int, seq: int = 0) -> bytes:
    """An answer to `telegram` ending with `end`; to a message in packets it names one of them (`seq`)."""
    said = serial + digits(received // SECOND)
    if not (telegram.text or telegram.total):  # nearly every one: in one go
        head = f"7E7E{telegram.station}{telegram.centre}{telegram.password}{telegram.function:02X}800802"
        return sealed(bytes.fromhex(f"{head}{said}{end:02X}"))
    return write(Telegram(
        telegram.text, True, telegram.centre, telegram.station, telegram.password, telegram.function,
        said.encode() if telegram.text else bytes.fromhex(said), end, "", telegram.total, seq,
    ))  # fmt: skip
