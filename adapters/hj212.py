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
from copy import deepcopy
from typing import Any

from sensing.errors import DecodeError, Reason
from sensing.model import Context, Decoded, JsonState, Micros, Reading, Rejection, Reply, WireFact
from sensing.times import SECOND

from ._wire import bytes_in, hj212_frame, hj212_parts
from ._wire.hj212_encode import Link
from ._wire.hj212_encode import encode as _encode
from ._wire.hj212_examples import EXAMPLES
from ._wire.hj212_frame import Telegram
from ._wire.hj212_message import answer, understand
from ._wire.hj212_stream import cut, whole
from ._wire.sl651_stream import Buffer

__all__ = ["EXAMPLES", "NAME", "STATEFUL", "Link", "decode", "encode", "expire"]

NAME = "hj212"
STATEFUL = True
TAIL_S = 60
"""How long half a frame waits for the rest."""
MOST_PIECES = 256
"""Payloads that one frame may come in."""


def decode(payload: bytes, context: Context, state: JsonState | None = None) -> Decoded:
    """Read one payload. Raises DecodeError when it is one piece of junk or one frame that cannot be read."""
    if state is None:
        found = whole(payload)
        if found:
            telegram = hj212_frame.read(*found)
            if not telegram.total:
                return _single(telegram, context)
    return _Stream(context, state).take(payload)


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


class _Stream:
    """One payload read in the light of what its stream holds."""

    def __init__(self, context: Context, state: JsonState | None) -> None:
        self.context, self.before = context, state
        self.state = _copy(state or {})
        self.readings, self.replies, self.errors = list[Reading](), list[Reply](), list[Rejection]()
        self.facts, self.controls = list[WireFact](), list[str]()
        self.settled, self.refused, self.held = set[int](), set[int](), set[int]()

    def take(self, payload: bytes) -> Decoded:
        if not payload:
            raise DecodeError(Reason.BAD_START, "empty payload")
        _lapse(self.state, self.context.received, self.errors)
        tail = self.state.pop("tail", None)
        held = bytes.fromhex(tail["hex"]) if tail else b""
        data, via = bytes_in.unwrap(payload, _starts, tail["via"] if tail else None)
        buffer = Buffer(held, [(place, size) for place, size in tail["places"]] if tail else [], data, self.context.place)
        found = cut(buffer.data, self.context.settings)
        self.held = {place for place, _ in buffer.rest(found.tail)}
        for junk in found.junk:
            self._refuse(buffer, junk.start, junk.end, junk.reason, junk.detail)
        for frame in found.frames:
            places = [piece[0] for piece in buffer.pieces(frame.start, frame.end)]
            try:
                self._frame(hj212_frame.read(frame.segment, frame.crc), places)
            except DecodeError as error:
                self._refuse(buffer, frame.start, frame.end, error.reason, error.detail)
        self._hold(buffer, found.tail, via)
        if tail:
            self.settled |= {place for place, _ in buffer.spans[:-1]}
        return self._answer()

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

    def _refuse(self, buffer: Buffer, start: int, end: int, reason: Reason, detail: str) -> None:
        """A rejection for each frame that a bad range touches; earlier ones that still wait are judged when that ends."""
        for place, offset, length, current in buffer.pieces(start, end):
            if current or place not in self.held:
                self.errors.append(Rejection(reason, detail, offset, length, None if current else place))
                self.refused |= set() if current else {place}

    def _hold(self, buffer: Buffer, start: int, via: str) -> None:
        rest = buffer.data[start:]
        if not rest:
            return
        places = buffer.rest(start)
        if len(places) > MOST_PIECES:
            self.held.clear()
            self._refuse(buffer, start, len(buffer.data), Reason.TOO_LARGE, f"half a frame in more than {MOST_PIECES} payloads")
            return
        self.state["tail"] = {"hex": rest.hex(), "places": places, "last": self.context.received, "via": via}

    def _answer(self) -> Decoded:
        state, deadline = _kept(self.state)
        if (
            self.before is None
            and state is None
            and len(self.errors) == 1
            and not (self.readings or self.controls or self.replies or self.facts)
        ):
            only = self.errors[0]
            if only.place is None:
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


def _starts(data: bytes) -> bool:
    return data.lstrip(b"\r\n \t\0")[:2] == b"##"


def _copy(state: JsonState) -> JsonState:
    """A state that may be changed; `tail` is only ever replaced."""
    return {key: value if key == "tail" else deepcopy(value) for key, value in state.items()}


def _places(state: JsonState) -> set[int]:
    """The frames whose bytes are waited for."""
    tail = state.get("tail")
    return hj212_parts.waiting(state) | ({place for place, _ in tail["places"]} if tail else set())


def _lapse(state: JsonState, now: Micros, errors: list[Rejection]) -> None:
    """Give up what has waited too long; `state` is changed."""
    errors += hj212_parts.lapse(state, now)
    tail = state.get("tail")
    if tail and now >= tail["last"] + TAIL_S * SECOND:
        del state["tail"]
        have = len(tail["hex"]) // 2
        errors += [
            Rejection(Reason.BAD_LENGTH, f"{have} bytes of half a frame, and no more within {TAIL_S} s", 0, length, place)
            for place, length in tail["places"]
        ]


def _kept(state: JsonState) -> tuple[JsonState | None, Micros | None]:
    """The state without what is empty, and when `expire` is due."""
    kept = {key: value for key, value in state.items() if value}
    times = list(hj212_parts.deadlines(kept))
    if "tail" in kept:
        times.append(kept["tail"]["last"] + TAIL_S * SECOND)
    return kept or None, min(times, default=None)


def expire(state: JsonState, now: Micros) -> Decoded:
    """Give up half frames and missing parts that have waited too long at `now`."""
    left, errors = _copy(state), list[Rejection]()
    _lapse(left, now, errors)
    kept, deadline = _kept(left)
    return Decoded(errors=errors, state=kept, deadline=deadline)


def encode(readings: Sequence[Reading], link: Link = Link()) -> list[bytes]:  # noqa: B008 a Link is a tuple
    """Frames that say these readings: one a device, send time, command and DataTime, in parts when longer than the link takes.

    Raises ValueError for a reading that no command or item can say.
    """
    return _encode(readings, link)
