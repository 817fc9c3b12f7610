"""What stands inside a wrapping (hex, base64, JSON), told by where it stands outside: for spans and for refusals of text protocols."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from sensing.errors import DecodeError, Reason
from sensing.model import Context, Decoded, JsonState, Rejection, Span

from . import bytes_in
from .spans import Meaning, Tape, marked, range_of

Starts = Callable[[bytes], bool]
Decode = Callable[[bytes, Context], Decoded]
_OUTSIDE = (Reason.NOT_JSON, Reason.NO_KEY)
"""Refusals of a wrapping itself."""
MOST_MARKED = 64
"""Refused parts of one payload that are marked."""
WRAPPING: Meaning = ("外层封装", "wrapping")
BETWEEN: Meaning = ("帧间字节", "between frames")
JUNK: Meaning = ("非报文字节", "no frame")
HALF: Meaning = ("半帧，等待后续字节", "half a frame: waits for more")


def pointing(payload: bytes, state: JsonState | None, starts: Starts, take: Callable[[bytes], Decoded]) -> Decoded:
    """What `take` reads; its refusals point at bytes of the payload, not of what is wrapped in it. Raises DecodeError."""
    try:
        decoded = take(payload)
    except DecodeError as error:
        if error.reason not in _OUTSIDE and state is None:
            placed_outside([error], payload, starts)
        raise
    if decoded.errors and state is None:
        placed_outside([error for error in decoded.errors[:MOST_MARKED] if error.place is None], payload, starts)
    return decoded


def placed_outside(errors: Iterable[DecodeError | Rejection], payload: bytes, starts: Starts) -> None:
    """Errors with places in what is wrapped point at the payload instead."""
    data, via, places = bytes_in.located(payload, starts)
    for error in errors if via != bytes_in.RAW and data else ():
        start, end = range_of(len(data), error.offset, error.length)
        error.offset, error.length = places[start], max(1, places[end] - places[start])


def spans_outside(spans: Sequence[Span], places: Sequence[int], size: int, via: str) -> list[Span]:
    """The spans of what was wrapped, where their bytes stand in the wrapping."""
    told = Tape()
    told.upto(places[0], via, WRAPPING, f"bytes inside a wrapping: {via}")
    for span in spans:
        end = places[span.offset + span.length]
        if end > told.at:
            told.spans.append(Span(told.at, end - told.at, span.name, span.meaning, span.value, span.bad))
            told.at = end
    told.upto(size, via, WRAPPING)
    return told.spans


def annotated(
    payload: bytes, context: Context, starts: Starts, tell: Callable[[bytes], list[Span]], decode: Decode
) -> list[Span]:
    """Every byte of a payload: what `tell` says of the bytes inside, with what `decode` refuses of them marked."""
    if not payload:
        return []
    data, via, places = bytes_in.located(payload, starts)
    spans = tell(data)
    if via != bytes_in.RAW:
        spans = spans_outside(spans, places, len(payload), via)
    for error in refused(payload, context, decode):
        spans = marked(spans, len(payload), error)
    return spans


def refused(payload: bytes, context: Context, decode: Decode) -> list[DecodeError]:
    """What is wrong with a payload, by its decoder; of refused parts those with a place, else the first."""
    try:
        errors = [error for error in decode(payload, context).errors if error.place is None]
    except DecodeError as error:
        return [error]
    placed = [error for error in errors if error.length] or errors[:1]
    return [DecodeError(Reason(error.reason), error.detail, error.offset, error.length) for error in placed[:MOST_MARKED]]
