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
State of a stream: `tail` (half a frame), `groups` and `done` (messages in packets).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from fastcrc import crc16

from sensing.errors import DecodeError, Reason
from sensing.model import Context, Decoded, JsonState, Micros, Reading, Rejection, Reply, WireFact
from sensing.times import SECOND

from ._wire import bytes_in, sl651_frame, sl651_parts
from ._wire.sl651_annotate import annotate
from ._wire.sl651_encode import Link
from ._wire.sl651_encode import encode as _encode
from ._wire.sl651_examples import EXAMPLES
from ._wire.sl651_message import Message, answer, understand
from ._wire.sl651_stream import Buffer, cut

__all__ = ["EXAMPLES", "NAME", "STATEFUL", "Link", "annotate", "decode", "encode", "expire"]

NAME = "sl651"
STATEFUL = True
TAIL_S = 60
"""How long half a frame waits for the rest. It is never more than one frame: 4124 bytes."""
MOST_PIECES = 256
"""Payloads that one frame may come in."""


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
        return _Stream(context, state).take(payload)
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


class _Stream:
    """One payload read in the light of what its stream holds."""

    def __init__(self, context: Context, state: JsonState | None) -> None:
        self.context, self.before = context, state
        self.state = _copy(state or {})
        self.readings, self.replies, self.errors = list[Reading](), list[Reply](), list[Rejection]()
        self.facts, self.controls = list[WireFact](), list[str]()
        self.settled, self.refused = set[int](), set[int]()
        self.quiet, self.held = False, set[int]()

    def take(self, payload: bytes) -> Decoded:
        if not payload:
            raise DecodeError(Reason.BAD_START, "empty payload")
        _lapse(self.state, self.context.received, self.replies, self.errors)
        tail = self.state.pop("tail", None)
        self.quiet = bool(tail and tail["quiet"])
        held = bytes.fromhex(tail["hex"]) if tail else b""
        data, via = bytes_in.unwrap(payload, sl651_frame.starts, tail["via"] if tail and not self.quiet else None)
        buffer = Buffer(held, [(place, size) for place, size in tail["places"]] if tail else [], data, self.context.place)
        found = cut(buffer.data)
        self.held = {place for place, _ in buffer.rest(found.tail)}
        for start, end, reason, detail in found.junk:
            self._refuse(buffer, start, end, reason, detail)
        for start, end in found.frames:
            try:
                self._frame(sl651_frame.read(buffer.data[start:end]), [piece[0] for piece in buffer.pieces(start, end)])
            except DecodeError as error:
                self._refuse(buffer, start, end, error.reason, error.detail)
        self._hold(buffer, found.tail, via, quiet=bool(found.frames) and buffer.data[found.tail :] == b"~")
        if tail and not self.quiet:
            self.settled |= {place for place, _ in buffer.spans[:-1]}
        return self._answer()

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

    def _refuse(self, buffer: Buffer, start: int, end: int, reason: Reason, detail: str) -> None:
        """A rejection for each frame that a bad range touches; earlier ones that still wait are judged when that ends."""
        for place, offset, length, current in buffer.pieces(start, end):
            if current or not (self.quiet or place in self.held):
                self.errors.append(Rejection(reason, detail, offset, length, None if current else place))
                self.refused |= set() if current else {place}

    def _hold(self, buffer: Buffer, start: int, via: str, *, quiet: bool) -> None:
        rest = buffer.data[start:]
        if not rest:
            return
        places = buffer.rest(start)
        if len(places) > MOST_PIECES:
            self.held.clear()
            self._refuse(buffer, start, len(buffer.data), Reason.TOO_LARGE, f"half a frame in more than {MOST_PIECES} payloads")
            return
        self.state["tail"] = {"hex": rest.hex(), "places": places, "last": self.context.received, "via": via, "quiet": quiet}

    def _answer(self) -> Decoded:
        state, deadline = _kept(self.state)
        if (
            self.before is None
            and state is None
            and len(self.errors) == 1
            and not (self.readings or self.controls or self.replies)
        ):
            only = self.errors[0]
            if only.place is None and not self.facts:
                raise DecodeError(Reason(only.reason), only.detail, only.offset, only.length)
        held = _places(self.state)
        settled = sorted(self.settled - held - self.refused - {self.context.place})
        return Decoded(
            self.readings,
            self.replies,
            self.errors,
            self.facts,
            self.controls,
            self.context.place in held,
            settled,
            state,
            deadline,
        )


def _copy(state: JsonState) -> JsonState:
    """A state that may be changed; `tail` is only ever replaced."""
    return {key: value if key == "tail" else deepcopy(value) for key, value in state.items()}


def _places(state: JsonState) -> set[int]:
    """The frames whose bytes are waited for."""
    tail = state.get("tail")
    places = {place for place, _ in tail["places"]} if tail and not tail["quiet"] else set[int]()
    return places.union(*(group["places"] for group in state.get("groups", {}).values()))


def _lapse(state: JsonState, now: Micros, replies: list[Reply], errors: list[Rejection]) -> None:
    """Give up what has waited too long; `state` is changed."""
    asked, late = sl651_parts.lapse(state, now)
    replies += asked
    errors += late
    tail = state.get("tail")
    if tail and not tail["quiet"] and now >= tail["last"] + TAIL_S * SECOND:
        del state["tail"]
        have = len(tail["hex"]) // 2
        errors += [
            Rejection(Reason.BAD_LENGTH, f"{have} bytes of half a frame, and no more within {TAIL_S} s", 0, length, place)
            for place, length in tail["places"]
        ]


def _kept(state: JsonState) -> tuple[JsonState | None, Micros | None]:
    """The state without what is empty, and when `expire` is due."""
    kept = {key: value for key, value in state.items() if value}
    times = list(sl651_parts.deadlines(kept))
    if "tail" in kept and not kept["tail"]["quiet"]:
        times.append(kept["tail"]["last"] + TAIL_S * SECOND)
    return kept or None, min(times, default=None)


def expire(state: JsonState, now: Micros) -> Decoded:
    """Give up half frames and missing packets that have waited too long at `now`; ask for packets before that."""
    left = _copy(state)
    replies, errors = list[Reply](), list[Rejection]()
    _lapse(left, now, replies, errors)
    kept, deadline = _kept(left)
    return Decoded(replies=replies, errors=errors, state=kept, deadline=deadline)


def encode(readings: Sequence[Reading], link: Link = Link()) -> list[bytes]:  # noqa: B008 a Link is a tuple
    """Uplink frames that say these readings: one a station, send time and function, in packets when longer than the link takes.

    Raises ValueError for a value that its element cannot hold.
    """
    return _encode(readings, link)
