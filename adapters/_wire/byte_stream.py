"""A byte stream of frames that comes in payloads: one, many or half a frame each. What SL 651 and HJ 212 share.

    payload 1 [frame][fra   payload 2 me][junk][frame][fr   payload 3 ame]
                     |                                |
                     tail: held until more comes      tail

Rules of this file
- How bytes fall into frames is the adapter's: it cuts what `Stream.join` gives, and reads the frames.
- A frame in pieces is settled, refused or given up for every payload that a piece of it came in.
- Half a frame waits `TAIL_S` by the door's stamp, and in no more than `MOST_PIECES` payloads.
State is JSON: `tail` (hex; places: of the payloads it came in, with their bytes; last: when; via: what it was wrapped in; quiet: whether
it may go without a word).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any, Generic, NamedTuple, TypeVar

from sensing.errors import DecodeError, Reason
from sensing.model import Context, Decoded, JsonState, Micros, Reading, Rejection, Reply, WireFact
from sensing.times import SECOND

from . import bytes_in

TAIL_S = 60
"""How long half a frame waits for the rest."""
MOST_PIECES = 256
"""Payloads that one frame may come in."""

F = TypeVar("F")


class Junk(NamedTuple):
    """Bytes from `start` to `end` that are no frame."""

    start: int
    end: int
    reason: Reason
    detail: str


class Cut(NamedTuple, Generic[F]):
    """What bytes fall into: intact frames, junk, and where half a frame begins (`tail`: their length if none)."""

    frames: list[F]
    junk: list[Junk]
    tail: int


class Buffer:
    """What is there of a stream: bytes held from earlier payloads and those of this one, each with its frame's place."""

    def __init__(self, held: bytes, places: list[tuple[int, int]], payload: bytes, place: int) -> None:
        self.data = held + payload
        self.spans = [*places, (place, len(payload))]
        """(place, bytes) in the order they came."""

    def pieces(self, start: int, end: int) -> list[tuple[int, int, int, bool]]:
        """A range by frame: place, offset in that frame's bytes, length, and whether it is this payload's frame."""
        found, at = list[tuple[int, int, int, bool]](), 0
        for index, (place, size) in enumerate(self.spans):
            low, high = max(start, at), min(end, at + size)
            if low < high:
                found.append((place, low - at, high - low, index == len(self.spans) - 1))
            at += size
        return found

    def rest(self, start: int) -> list[tuple[int, int]]:
        """(place, bytes) of what is kept from `start` on."""
        return [(place, length) for place, _, length, _ in self.pieces(start, len(self.data))]


class Stream:
    """One payload read in the light of what its stream holds: `join`, cut, `refuse_junk`, read the frames, `hold`, `answer`."""

    def __init__(self, context: Context, state: JsonState | None) -> None:
        self.context, self.before = context, state
        self.state = copied(state or {})
        self.readings, self.replies, self.errors = list[Reading](), list[Reply](), list[Rejection]()
        self.facts, self.controls = list[WireFact](), list[str]()
        self.settled, self.refused, self.held = set[int](), set[int](), set[int]()

    def join(self, payload: bytes, starts: Callable[[bytes], bool]) -> bytes:
        """The bytes held and those of this payload, unwrapped. starts: whether bytes begin a frame. Raises DecodeError bad_start."""
        if not payload:
            raise DecodeError(Reason.BAD_START, "empty payload")
        self.errors += lapse_tail(self.state, self.context.received)
        tail = self.state.pop("tail", None)
        self.quiet = bool(tail and tail.get("quiet"))
        held = bytes.fromhex(tail["hex"]) if tail else b""
        places = [(place, size) for place, size in tail["places"]] if tail else []
        data, self.via = bytes_in.unwrap(payload, starts, tail["via"] if tail and not self.quiet else None)
        self.buffer = Buffer(held, places, data, self.context.place)
        if not self.quiet:
            self.settled |= {place for place, _ in places}
        return self.buffer.data

    def places(self, start: int, end: int) -> list[int]:
        """The frames that a range came in."""
        return [place for place, _, _, _ in self.buffer.pieces(start, end)]

    def refuse_junk(self, found: Cut[Any]) -> None:
        """A rejection for each piece of junk of what `join` gave."""
        self.held = {place for place, _ in self.buffer.rest(found.tail)}
        for junk in found.junk:
            self.refuse(*junk)

    def refuse(self, start: int, end: int, reason: Reason, detail: str) -> None:
        """A rejection for each frame that a bad range touches; earlier ones that still wait are judged when that ends."""
        for place, offset, length, current in self.buffer.pieces(start, end):
            if current or not (self.quiet or place in self.held):
                self.errors.append(Rejection(reason, detail, offset, length, None if current else place))
                self.refused |= set() if current else {place}

    def hold(self, start: int, **marks: bool) -> None:
        """Keep half a frame, when there is one. marks: what else its tail says, as `quiet`."""
        rest = self.buffer.data[start:]
        if not rest:
            return
        places = self.buffer.rest(start)
        if len(places) > MOST_PIECES:
            self.held.clear()
            detail = f"half a frame in more than {MOST_PIECES} payloads"
            self.refuse(start, len(self.buffer.data), Reason.TOO_LARGE, detail)
            return
        self.state["tail"] = {"hex": rest.hex(), "places": places, "last": self.context.received, "via": self.via} | marks

    def answer(self, waiting: set[int], deadlines: Iterable[Micros]) -> Decoded:
        """Everything as one answer; raises DecodeError when that is one refusal. Both are of what waits beside the tail: frames, times."""
        state, deadline = kept(self.state, deadlines)
        said = self.readings or self.controls or self.replies or self.facts
        if self.before is None and state is None and not said and len(self.errors) == 1:
            only = self.errors[0]
            if only.place is None:
                raise DecodeError(Reason(only.reason), only.detail, only.offset, only.length)
        held = waiting | tail_places(self.state)
        settled = sorted(self.settled - held - self.refused - {self.context.place})
        return Decoded(
            self.readings, self.replies, self.errors, self.facts, self.controls, self.context.place in held, settled,
            state, deadline,
        )  # fmt: skip


def copied(state: JsonState) -> JsonState:
    """A state that may be changed; `tail` is only ever replaced."""
    return {key: value if key == "tail" else deepcopy(value) for key, value in state.items()}


def kept(state: JsonState, deadlines: Iterable[Micros]) -> tuple[JsonState | None, Micros | None]:
    """The state without what is empty, and when `expire` is due. deadlines: of what waits beside the tail."""
    times, tail = list(deadlines), _waits(state)
    if tail:
        times.append(tail["last"] + TAIL_S * SECOND)
    return {key: value for key, value in state.items() if value} or None, min(times, default=None)


def tail_places(state: JsonState) -> set[int]:
    """The frames that half a frame came in."""
    tail = _waits(state)
    return {place for place, _ in tail["places"]} if tail else set()


def lapse_tail(state: JsonState, now: Micros) -> list[Rejection]:
    """Give up half a frame that has waited too long; `state` is changed."""
    tail = _waits(state)
    if not tail or now < tail["last"] + TAIL_S * SECOND:
        return []
    del state["tail"]
    detail = f"{len(tail['hex']) // 2} bytes of half a frame, and no more within {TAIL_S} s"
    return [Rejection(Reason.BAD_LENGTH, detail, 0, length, place) for place, length in tail["places"]]


def _waits(state: JsonState) -> Any:
    """The tail, unless it may go without a word."""
    tail = state.get("tail")
    return tail if tail and not tail.get("quiet") else None
