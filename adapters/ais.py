r"""AIS as receivers pass it on: AIVDM and AIVDO sentences (IEC 61162-1; messages of ITU-R M.1371-5).

    \c:1609841515*53\!AIVDM,2,1,3,B,55P5TL01VIaAL@7WKO@mBplU@<PDhh0000...,0*3E
    |  time           | |     | | | | |                                   | checksum
    |  of a tag block | |     | | | | six-bit armour of the message        fill bits
    optional          | |     | | | channel
                      | |     | | sequence number, for messages in parts
                      | |     parts, part
                      | talker AI BS AB AN SA ..., VDM of others, VDO of the own vessel

A payload holds one sentence, many, or half a one; messages in parts are joined (`ais_parts`). The device is the MMSI as a plain
number. What is refused: bad_start, bad_length, bad_checksum, bad_grammar, bad_number, bad_time, unknown_function, missing_fragment.
Sentences of other kinds ($GPRMC, $AIALR) are named as controls and not read: they are `nmea0183`'s.

State of a stream: `tail` (half a sentence), `groups` and `done` (messages in parts), `due` (when any of these ends).
"""

from __future__ import annotations

from collections.abc import Mapping

from sensing.errors import DecodeError, Reason
from sensing.model import Context, Decoded, JsonState, Micros, Span

from ._wire import ais_parts, wrapping
from ._wire.ais_encode import EXAMPLES, encode
from ._wire.ais_message import understand
from ._wire.ais_ships import thing_type
from ._wire.nmea_sentence import HEX, parse, xor
from ._wire.nmea_stream import Stream, lapse_tail, starts, tail_deadline
from ._wire.nmea_where import point

__all__ = ["ENROLS", "EXAMPLES", "NAME", "STATEFUL", "annotate", "decode", "encode", "expire", "thing_id", "thing_type"]

NAME = "ais"
STATEFUL = True
ENROLS = True
"""The type of those that enrol themselves under their receiver: vessels cannot be registered before they are heard."""

PAYLOAD = 5
"""The field with the message."""
_KINDS = (b"VDM", b"VDO")
_FILLS: Mapping[bytes, int] = {b"": 0, **{str(number).encode(): number for number in range(6)}}
_DIGITS: Mapping[bytes, int] = {str(number).encode(): number for number in range(1, 10)}


def thing_id(native: str) -> str:
    """The registry's id of a vessel."""
    return f"mmsi-{native}"


def decode(payload: bytes, context: Context, state: JsonState | None = None) -> Decoded:
    """Read one payload. Raises DecodeError when it is one sentence that cannot be read."""
    if payload[:1] == b"!" and (state is None or ("tail" not in state and context.received < state["due"])):
        fields = _quick(payload.rstrip(b"\r\n"))
        if fields is not None and fields[1] == b"1":
            try:
                said = understand(*_single(fields), None, context)
            except DecodeError as error:
                error.path = error.path or (PAYLOAD,)
                raise point(error, payload) from None
            controls = () if said.readings or said.facts else (said.name,)
            due = None if state is None else state["due"]
            return Decoded(said.readings, (), (), said.facts, controls, False, (), state, due)
    return wrapping.pointing(payload, state, starts, _Sentences(context, state).take)


def annotate(payload: bytes, context: Context) -> list[Span]:
    """What each byte of a payload says."""
    from ._wire.ais_annotate import annotate as told  # decoding does without it

    return told(payload, context, decode)


def _quick(line: bytes) -> list[bytes] | None:
    """The fields of a plain VDM or VDO sentence whose checksum holds; None for whatever needs a closer look."""
    given = HEX.get(line[-2:])
    body = line[1:-3]
    if given is None or line[-3] != 0x2A or len(body) > 200 or xor(body) != given or not body.isascii():
        return None
    fields = body.split(b",")
    return fields if len(fields) >= 7 and fields[0][2:] in _KINDS else None


def _single(fields: list[bytes]) -> tuple[bytes, int]:
    """Payload and fill bits of a message in one sentence. Raises DecodeError."""
    if fields[2] != b"1":
        raise DecodeError(Reason.BAD_GRAMMAR, f'part "{_text(fields[2])}" of 1', path=(2,))
    fill = _FILLS.get(fields[6])
    if fill is None:
        raise DecodeError(Reason.BAD_NUMBER, f'fill bits "{_text(fields[6])}"; there are 0 to 5', path=(6,))
    return fields[5], fill


class _Sentences(Stream):
    """One payload of sentences, in the light of what its stream holds."""

    def take(self, payload: bytes) -> Decoded:
        self.state.pop("due", None)
        now = self.context.received
        self.book(lapse_tail(self.state, now) + ais_parts.lapse(self.state, now))
        self.lines(payload, self._line)
        self.held |= ais_parts.waiting(self.state)
        return self._due(self.answer(ais_parts.deadline(self.state)))

    def _due(self, decoded: Decoded) -> Decoded:
        if decoded.state is not None:
            decoded.state["due"] = decoded.deadline
        return decoded

    def _line(self, line: bytes) -> None:
        fields, stamp = _quick(line) if line[:1] == b"!" else None, None
        if fields is None:
            sentence = parse(line)
            fields, stamp = sentence.body.split(b","), sentence.time
            if fields[0][2:].upper() not in _KINDS:
                self.controls.append(_text(fields[0]) or "empty")
                return
            if len(fields) < 7:
                raise DecodeError(Reason.BAD_GRAMMAR, f"{len(fields)} fields; VDM has 7")
        if fields[1] == b"1":
            self._message(*_single(fields), stamp)
        else:
            self._part(_part(fields, stamp))

    def _message(self, payload: bytes, fill: int, stamp: Micros | None) -> None:
        try:
            said = understand(payload, fill, stamp, self.context)
        except DecodeError as error:
            error.path = (PAYLOAD,)
            raise
        self.readings += said.readings
        self.facts += said.facts
        if not (said.readings or said.facts):
            self.controls.append(said.name)

    def _part(self, part: ais_parts.Part) -> None:
        joined = ais_parts.add(part, self.context.received, self.context.place, self.state)
        self.book(joined.errors)
        self.settled.update(joined.settled)
        if joined.echo:
            self.controls.append("duplicate-part")
        if joined.whole:
            try:
                self._message(joined.whole[0].encode("latin-1"), *joined.whole[1:])
            except DecodeError as error:
                error.offset = error.length = 0
                self._refuse_earlier(error.reason, error.detail, joined.settled)
                raise


def _part(fields: list[bytes], stamp: Micros | None) -> ais_parts.Part:
    """A sentence as part of a message. Raises DecodeError."""
    total, number = _DIGITS.get(fields[1]), _DIGITS.get(fields[2])
    if total is None or number is None:
        raise DecodeError(
            Reason.BAD_NUMBER, f'part "{_text(fields[2])}" of "{_text(fields[1])}"; there are 1 to 9', path=(2 if total else 1,)
        )
    if number > total or not fields[5] or len(fields[3]) > 2 or len(fields[4]) > 2:
        raise DecodeError(
            Reason.BAD_GRAMMAR, f"part {number} of {total}, {len(fields[5])} characters", path=(2 if number > total else PAYLOAD,)
        )
    fill = _FILLS.get(fields[6])
    if fill is None:
        raise DecodeError(Reason.BAD_NUMBER, f'fill bits "{_text(fields[6])}"; there are 0 to 5', path=(6,))
    key = f"{_text(fields[4])}|{_text(fields[3])}|{total}"
    return ais_parts.Part(key, total, number, fields[5].decode("latin-1"), fill, stamp)


def expire(state: JsonState, now: Micros) -> Decoded:
    """Give up half sentences and missing parts that have waited too long at `now`."""
    left = {key: value for key, value in state.items() if key != "due"}
    errors = lapse_tail(left, now) + ais_parts.lapse(left, now)
    kept = {key: value for key, value in left.items() if value}
    due = min((time for time in (ais_parts.deadline(kept), tail_deadline(kept)) if time is not None), default=None)
    return Decoded(errors=errors, state={**kept, "due": due} if kept else None, deadline=due)


def _text(data: bytes) -> str:
    return data.decode("latin-1")[:40]
