"""HJ 212-2005, -2017 and -2025, pollution monitoring in China (污染物在线监控系统数据传输标准): air, water, stacks, noise, dust.

    ##0314QN=20260821143000123;ST=22;CN=2011;PW=123456;MN=350600A89;Flag=5;CP=&&DataTime=20260821143000;a34004-Rtd=37.2,a34004-Flag=N&&5440
    | |   |                    |     |       |         |            |           |                       |                |             |
    | |   |                    |     |       |         |            |           time of the data        value            data flag     checksum
    | |   when it was sent     |     |       password  native id    4 x version (0 2005, 1 2017, 2 2025) + 2 in parts + 1 answer wanted
    | bytes of QN..&&          |     2011 real time, 2051 minutes, 2061 hour, 2031 day, 2081 boot, 3020 information, 9xxx answers
    start                      21 surface water, 22 air, 23 noise, 31 stack, 32 waste water, 39 dust, 91 the system itself

Frames come one, many or half a payload, raw or wrapped (`bytes_in`), and messages in parts (`hj212_parts`). Data of 2025 may be under SM4
(`hj212_sm4`). Times are Beijing time; that of a period is its START. What is refused: bad_start, bad_length, bad_checksum (junk and damage),
missing_key (SM4 without a key), not_utf8, bad_grammar, bad_time, unknown_function, unsupported_version (intact, but says nothing we
can trust), missing_fragment, too_large.

Settings of a device: `tolerate` (of "length_off_by_one", "modbus_crc"), `period_rule` start|end (start), `minutes` of CN=2051 (10), `units`
(factor to unit), `sm4_key` (32 hex digits), `parts_timeout_s` (60).
State of a stream: `tail` (half a frame), `groups` and `done` (messages in parts).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sensing.errors import DecodeError, Reason
from sensing.model import Context, Decoded, JsonState, Micros, Reading, Rejection, Reply, Span

from ._wire import hj212_frame, hj212_parts, wrapping
from ._wire.byte_stream import Stream, copied, kept, lapse_tail
from ._wire.hj212_encode import Link
from ._wire.hj212_encode import encode as _encode
from ._wire.hj212_examples import EXAMPLES
from ._wire.hj212_frame import Telegram
from ._wire.hj212_message import answer, understand
from ._wire.hj212_stream import cut, whole
from ._wire.hj212_where import LARGEST, where

__all__ = ["EXAMPLES", "NAME", "STATEFUL", "Link", "annotate", "decode", "encode", "expire"]

NAME = "hj212"
STATEFUL = True


def decode(payload: bytes, context: Context, state: JsonState | None = None) -> Decoded:
    """Read one payload. Raises DecodeError when it is one piece of junk or one frame that cannot be read."""
    if state is None:
        try:
            found = whole(payload)
            if found:
                telegram = hj212_frame.read(*found)
                if not telegram.total:
                    return _single(telegram, context)
        except DecodeError:
            pass  # read again, to say where
    return wrapping.pointing(payload, state, _starts, _Frames(context, state).take)


def annotate(payload: bytes, context: Context) -> list[Span]:
    """What each byte of a payload says."""
    from ._wire.hj212_annotate import annotate as told  # decoding does without it

    return told(payload, context, _starts, decode)


def _single(telegram: Telegram, context: Context) -> Decoded:
    """One intact frame and nothing else: what nearly every payload is."""
    message = understand(telegram, context.settings(telegram.mn))
    reply = answer(telegram)
    return Decoded(
        readings=message.readings,
        replies=(Reply(reply),) if reply else (),
        facts=message.facts,
        controls=(message.control,) if message.control else (),
    )


class _Frames(Stream):
    """One payload of frames."""

    def take(self, payload: bytes) -> Decoded:
        self.errors += hj212_parts.lapse(self.state, self.context.received)
        found = cut(self.join(payload, _starts), self.context.settings)
        self.refuse_junk(found)
        for frame in found.frames:
            try:
                self._frame(hj212_frame.read(frame.segment, frame.crc), self.places(frame.start, frame.end))
            except DecodeError as error:
                self.refuse(frame.start, frame.end, error.reason, error.detail)
        self.hold(found.tail)
        return self.answer(hj212_parts.waiting(self.state), hj212_parts.deadlines(self.state))

    def refuse(self, start: int, end: int, reason: Reason, detail: str) -> None:
        """As any stream does; what is this payload's points at the bytes that are wrong."""
        before = len(self.errors)
        super().refuse(start, end, reason, detail)
        if before < wrapping.MOST_MARKED and end - start <= 4 * LARGEST:
            low, high = where(self.buffer.data[start:end], reason, detail)
            base = len(self.buffer.data) - self.buffer.spans[-1][1]
            for error in self.errors[before:] if start + low >= base else ():
                if error.place is None:
                    error.offset, error.length = start + low - base, high - low

    def _frame(self, telegram: Telegram, places: list[int]) -> None:
        settings = self.context.settings(telegram.mn)
        if not telegram.total:
            self._said(telegram, settings)
            self._owe(telegram)
            return
        joined = hj212_parts.add(telegram, self.context, settings, self.state, places)
        self.errors += joined.errors
        self._owe(telegram)
        for each, among in joined.telegrams:
            earlier = {place for place in among if place != self.context.place}
            try:
                self._said(each, settings)
            except DecodeError as error:
                self.errors += [Rejection(error.reason, error.detail, place=place) for place in sorted(earlier)]
                self.refused |= earlier
                if earlier != set(among):
                    self.errors.append(Rejection(error.reason, error.detail))
            else:
                self.settled |= earlier
        if not (joined.waiting or joined.telegrams or joined.errors):
            self.controls.append("duplicate-part")

    def _said(self, telegram: Telegram, settings: Mapping[str, Any]) -> None:
        message = understand(telegram, settings)
        self.readings += message.readings
        self.facts += message.facts
        self.controls += [message.control] if message.control else []

    def _owe(self, telegram: Telegram) -> None:
        reply = answer(telegram)
        self.replies += [Reply(reply)] if reply else []


def _starts(data: bytes) -> bool:
    return data.lstrip(b"\r\n \t\0")[:2] == b"##"


def expire(state: JsonState, now: Micros) -> Decoded:
    """Give up half frames and missing parts that have waited too long at `now`."""
    left = copied(state)
    errors = hj212_parts.lapse(left, now) + lapse_tail(left, now)
    rest, deadline = kept(left, hj212_parts.deadlines(left))
    return Decoded(errors=errors, state=rest, deadline=deadline)


def encode(readings: Sequence[Reading], link: Link = Link()) -> list[bytes]:  # noqa: B008 a Link is a tuple
    """Frames that say these readings: one a device, send time, command and DataTime, in parts when longer than the link takes.

    Raises ValueError for a reading that no command or item can say.
    """
    return _encode(readings, link)
