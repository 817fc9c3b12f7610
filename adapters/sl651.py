"""SL 651-2014, the hydrological telemetry protocol of China (水文监测数据通信规约): gauges of rain, level, flow, soil, quality.

    7E7E 01 0012345678 1234 32 002B 02 0001 260821143000 F1F1 0012345678 48 F0F0 2608211430 3923 00002345 ... 03 CRC
    |    |  |          |    |  |    |  |    |            |    |          |  |    |          |  | |            |  |
    |    |  station    |    |  |    |  |    send time    |    station    |  |    time       |  | data, BCD    |  CRC-16/MODBUS
    |    centre        |    |  |    |  serial            first group     |  second group    |  definition byte end
    start              |    |  |    STX, or SYN and packet               class              guide: 39 is water level
                password    |  direction and length
                     function: 31 series, 32 timed, 33 extra, 34 hourly, 35 by hand, 2F keep-alive, 30 test, 40- parameters

Frames are HEX (so) or ASCII (the same as characters), told apart by their first byte; they come one, many or half a payload,
raw or wrapped (`bytes_in`). Times are Beijing time. What is refused: bad_start, bad_length, bad_checksum (junk and damage),
bad_grammar, bad_number, bad_time, unknown_function (an intact frame that says nothing we can trust), missing_fragment, too_large.

Settings of a device: `block_anchor` first|end|auto (auto), `confirm` (true), `hold_link` (false), `m3_timeout_s` (60).
State of a stream: `tail` (half a frame: at most 4124 bytes), `groups` and `done` (messages in packets).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from fastcrc import crc16

from sensing.errors import DecodeError
from sensing.model import Context, Decoded, JsonState, Micros, Reading, Reply

from ._wire import sl651_frame, sl651_parts
from ._wire.byte_stream import Stream, copied, kept, lapse_tail
from ._wire.sl651_annotate import annotate
from ._wire.sl651_encode import Link
from ._wire.sl651_encode import encode as _encode
from ._wire.sl651_examples import EXAMPLES
from ._wire.sl651_message import Message, answer, understand
from ._wire.sl651_stream import cut

__all__ = ["EXAMPLES", "NAME", "STATEFUL", "Link", "annotate", "decode", "encode", "expire"]

NAME = "sl651"
STATEFUL = True

_ST = re.compile(rb"ST ([0-9A-Fa-f]{10}) ")


def decode(payload: bytes, context: Context, state: JsonState | None = None) -> Decoded:
    """Read one payload. Raises DecodeError when it is one piece of junk or one frame that cannot be read."""
    try:
        if (
            state is None
            and payload[:2] == b"~~"
            and len(payload) > 24
            and payload[13] == sl651_frame.STX
            and 17 + ((payload[11] & 0x0F) << 8) + payload[12] == len(payload)
            and crc16.modbus(payload[:-2]) == payload[-2] << 8 | payload[-1]
        ):
            return _single(payload, context)
        return _Frames(context, state).take(payload)
    except DecodeError as error:
        raise _pointed(error, payload, context) from None


def _pointed(error: DecodeError, payload: bytes, context: Context) -> DecodeError:
    """The same refusal, pointing at the bytes that are wrong."""
    for span in annotate(payload, context) if len(payload) <= 4 * sl651_frame.LARGEST else ():
        if span.bad:
            error.offset, error.length = span.offset, span.length
            return error
    error.offset = error.length = 0
    return error


def _single(frame: bytes, context: Context) -> Decoded:
    """One intact frame and nothing else: what nearly every payload is."""
    telegram = sl651_frame.read(frame)
    settings = context.settings(_native(telegram))
    message = understand(telegram, settings)
    reply = answer(telegram, message.serial, context.received, settings)
    return Decoded(
        readings=message.readings,
        replies=(Reply(reply),) if reply else (),
        facts=message.facts,
        controls=(message.control,) if message.control else (),
    )


def _native(telegram: sl651_frame.Telegram) -> str:
    """Whose settings hold: the station that the body names first, else the header's."""
    body = telegram.body
    if telegram.text:
        found = _ST.search(body, 0, 40)
        return found[1].decode().upper() if found else telegram.station
    return body[10:15].hex().upper() if body[8:10] == b"\xf1\xf1" and not telegram.down else telegram.station


class _Frames(Stream):
    """One payload of frames."""

    def take(self, payload: bytes) -> Decoded:
        asked, late = sl651_parts.lapse(self.state, self.context.received)
        self.replies += asked
        self.errors += late
        data = self.join(payload, sl651_frame.starts)
        found = cut(data)
        self.refuse_junk(found)
        for start, end in found.frames:
            try:
                self._frame(sl651_frame.read(data[start:end]), self.places(start, end))
            except DecodeError as error:
                self.refuse(start, end, error.reason, error.detail)
        self.hold(found.tail, quiet=bool(found.frames) and data[found.tail :] == b"~")
        return self.answer(sl651_parts.waiting(self.state), sl651_parts.deadlines(self.state))

    def _frame(self, telegram: sl651_frame.Telegram, places: list[int]) -> None:
        settings = self.context.settings(_native(telegram))
        if telegram.total > 1 and not telegram.down:
            joined = sl651_parts.add(telegram, self.context, settings, self.state, places)
            self.settled.update(joined.settled)
            self.replies += joined.replies
            self.errors += joined.errors
            if joined.telegram is None:
                self.controls += [] if joined.waiting or joined.errors else ["duplicate-packet"]
                return
            telegram = joined.telegram
            settings = self.context.settings(_native(telegram))
        self._said(telegram, understand(telegram, settings), settings)

    def _said(self, telegram: sl651_frame.Telegram, message: Message, settings: Any) -> None:
        self.readings += message.readings
        self.facts += message.facts
        self.controls += [message.control] if message.control else []
        reply = answer(telegram, message.serial, self.context.received, settings)
        self.replies += [Reply(reply)] if reply else []


def expire(state: JsonState, now: Micros) -> Decoded:
    """Give up half frames and missing packets that have waited too long at `now`; ask for packets before that."""
    left = copied(state)
    replies, errors = sl651_parts.lapse(left, now)
    errors += lapse_tail(left, now)
    rest, deadline = kept(left, sl651_parts.deadlines(left))
    return Decoded(replies=replies, errors=errors, state=rest, deadline=deadline)


def encode(readings: Sequence[Reading], link: Link = Link()) -> list[bytes]:  # noqa: B008 a Link is a tuple
    """Uplink frames that say these readings: one a station, send time and function, in packets when longer than the link takes.

    Raises ValueError for a value that its element cannot hold.
    """
    return _encode(readings, link)
