"""A payload of NMEA 0183 sentences to lines, and what they said to an answer.

    [rest of a sentence] sentence CR LF sentence CR LF ... [half a sentence]

Rules of this file
- A line ends at CR or LF, or where the next sentence starts; a bad line never stops the ones after it.
- A sentence cut by the end of a payload waits `WAIT_S` for its rest; what begins like a sentence ends the wait.
- Of very many bad lines in one payload the first are named, the others counted.
State is JSON: `tail` (half a sentence).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sensing.errors import DecodeError, Reason
from sensing.model import Context, Decoded, JsonState, Micros, Reading, Rejection, WireFact
from sensing.times import SECOND

from . import bytes_in
from .nmea_sentence import LONGEST, finished
from .nmea_where import point

WAIT_S = 10
"""How long half a sentence or message waits for its rest, by the door's stamp."""
MOST_ERRORS = 64
MOST_LINES = 4096
"""Lines read of one payload: 64 KiB hold 3,100 of the shortest sentences that say anything."""
MOST_PIECES = 32
"""Payloads that one sentence may come in."""

_LINE = re.compile(rb"[^\r\n\0]+")
_STUCK = re.compile(rb"(?<=[^\\])(?=[!$][A-Z]{2})|(?<=\*[0-9A-Fa-f]{2})(?=\\[a-z]:)")


class Piece(NamedTuple):
    """A line: its text, where it begins in this payload, and earlier frames that hold its beginning."""

    text: bytes
    offset: int
    places: tuple[int, ...] = ()


class Stream:
    """One payload read in the light of what its stream holds; adapters hand in what each line says."""

    def __init__(self, context: Context, state: JsonState | None) -> None:
        self.context, self.before = context, state
        self.state: JsonState = dict(state or {})
        self.readings, self.facts = list[Reading](), list[WireFact]()
        self.errors, self.controls = list[Rejection](), list[str]()
        self.held, self.settled, self.refused = set[int](), set[int](), set[int]()
        self.unnamed = 0

    def lines(self, payload: bytes, read: Callable[[bytes], None]) -> None:
        """Hand each line to `read`, and book what it raises."""
        for number, piece in enumerate(self._cut(payload)):
            if number >= MOST_LINES:
                self.errors.append(Rejection(Reason.TOO_LARGE, f"more than {MOST_LINES} lines", piece.offset))
                break
            try:
                read(piece.text)
            except DecodeError as error:
                self.refuse(point(error, piece.text), piece)
            else:
                self.settled.update(piece.places)

    def refuse(self, error: DecodeError, piece: Piece) -> None:
        """A rejection for this frame, and for each earlier one that holds a part of the line."""
        if len(self.errors) >= MOST_ERRORS:
            self.unnamed += 1
            return
        length = error.length or len(piece.text) - error.offset
        self.errors.append(Rejection(error.reason, error.detail, piece.offset + error.offset, max(0, length)))
        self._refuse_earlier(error.reason, error.detail, piece.places)

    def book(self, errors: Sequence[Rejection]) -> None:
        """Rejections of what was waited for: each earlier frame's, and the first of this one's."""
        for error in errors:
            if error.place is not None:
                self.refused.add(error.place)
                self.errors.append(error)
            elif len(self.errors) < MOST_ERRORS:
                self.errors.append(error)
            else:
                self.unnamed += 1

    def _refuse_earlier(self, reason: Reason, detail: str, places: Any) -> None:
        for place in places:
            if place != self.context.place and place not in self.refused:
                self.errors.append(Rejection(reason, detail, place=place))
                self.refused.add(place)

    def _cut(self, payload: bytes) -> list[Piece]:
        tail = self.state.pop("tail", None)
        if not payload:
            raise DecodeError(Reason.BAD_START, "empty payload")
        text, via = bytes_in.unwrap(payload, starts, tail["via"] if tail else None)
        held, places = b"", ()
        if tail:
            if text[:1] in (b"!", b"$", b"\\") or len(tail["places"]) >= MOST_PIECES:
                self._refuse_earlier(Reason.BAD_LENGTH, "half a sentence, and then another one", tail["places"])
            else:
                held, places = tail["text"].encode("latin-1"), tuple(tail["places"])
        pieces = pieces_of(held + text, len(held), places)
        if not pieces and not self.errors:
            raise DecodeError(Reason.BAD_START, "nothing but blanks")
        last = pieces[-1] if pieces else None
        if last and goes_on(last.text, text):
            pieces.pop()
            self.state["tail"] = {
                "text": last.text.decode("latin-1"),
                "places": [*last.places, self.context.place],
                "last": self.context.received,
                "via": via,
            }
            self.held.update(self.state["tail"]["places"])
        return pieces

    def answer(self, deadline: Micros | None = None) -> Decoded:
        """Everything as one answer. deadline: of what the adapter itself waits for."""
        if self.unnamed:
            self.errors.append(Rejection(Reason.BAD_GRAMMAR, f"{self.unnamed} more lines were refused"))
        state = {key: value for key, value in self.state.items() if value} or None
        if not (self.before or state or self.readings or self.facts or self.controls) and len(self.errors) == 1:
            only = self.errors[0]
            raise DecodeError(Reason(only.reason), only.detail, only.offset, only.length)
        due = [time for time in (deadline, tail_deadline(state)) if time is not None]
        settled = self.settled - self.held - self.refused - {self.context.place}
        return Decoded(
            self.readings, (), self.errors, self.facts, self.controls, self.context.place in self.held, sorted(settled),
            state, min(due, default=None),
        )  # fmt: skip


def tail_deadline(state: JsonState | None) -> Micros | None:
    """When half a sentence is given up."""
    tail = (state or {}).get("tail")
    return tail["last"] + WAIT_S * SECOND if tail else None


def lapse_tail(state: JsonState, now: Micros) -> list[Rejection]:
    """Give up half a sentence that has waited too long; `state` is changed."""
    due = tail_deadline(state)
    if due is None or now < due:
        return []
    places = state.pop("tail")["places"]
    return [Rejection(Reason.BAD_LENGTH, f"half a sentence, and no more within {WAIT_S} s", place=place) for place in places]


def starts(data: bytes) -> bool:
    """Whether bytes begin like a sentence."""
    return data.lstrip()[:1] in (b"!", b"$", b"\\")


def goes_on(line: bytes, text: bytes) -> bool:
    """Whether the last line is half a sentence whose rest may come."""
    return text[-1:] not in (b"\n", b"\r") and line[:1] in (b"!", b"$", b"\\") and len(line) < LONGEST and not finished(line)


def pieces_of(data: bytes, shift: int = 0, places: tuple[int, ...] = ()) -> list[Piece]:
    """The lines in bytes of which `shift` are held from earlier payloads, `places`."""
    found = list[Piece]()
    for line in _LINE.finditer(data):
        at = line.start() - shift
        for part in _STUCK.split(line[0]) if line[0].count(b"!") + line[0].count(b"$") > 1 else (line[0],):
            text = part.strip(b" \t")
            if text:
                found.append(Piece(text, max(0, at + part.find(text)), places if at < 0 else ()))
            at += len(part)
        if len(found) > MOST_LINES:
            break
    return found
