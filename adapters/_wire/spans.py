"""Spans of an annotated payload: laid down one after the other, so that they cover every byte and never overlap."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from sensing.errors import DecodeError, Reason
from sensing.model import Context, Span

Meaning = tuple[str, str]
Annotate = Callable[[bytes, Context], list[Span]]

MOST = 4_096
"""Spans of one payload; what follows is one more."""
REST: Meaning = ("未读部分", "not read")
UNREADABLE: Meaning = ("无法读取", "cannot be read")
CRASHED: Meaning = ("注解出错", "our annotator failed")


class Tape:
    """Spans from a place on. `wrong` marks at most one: a decoder, too, stops at the first."""

    def __init__(self, at: int = 0) -> None:
        self.at = at
        self.spans: list[Span] = []
        self.marked = False

    def take(self, length: int, name: str, meaning: Meaning, value: str = "") -> None:
        """The next bytes; none when there are none."""
        if length > 0:
            self.spans.append(Span(self.at, length, name, meaning, value))
            self.at += length

    def upto(self, end: int, name: str, meaning: Meaning, value: str = "") -> None:
        """Every byte up to a place."""
        self.take(end - self.at, name, meaning, value)

    def wrong(self, length: int, name: str, meaning: Meaning, error: DecodeError) -> None:
        """The next bytes are what is bad, unless some before them were."""
        if length > 0:
            self.spans.append(Span(self.at, length, name, meaning, told(error.reason, error.detail), not self.marked))
            self.at += length
            self.marked = True


def told(reason: str, detail: str) -> str:
    """How a bad span says what is wrong."""
    return f"{reason}: {detail}" if detail else str(reason)


def range_of(size: int, offset: int, length: int) -> tuple[int, int]:
    """(start, end) of an error's bytes in a payload: length 0 is "to the end", an end that is missing is the last byte."""
    start = max(0, min(offset, size - 1))
    end = min(size, offset + length) if length else size
    return start, max(end, min(size, start + 1))


def marked(spans: Sequence[Span], size: int, error: DecodeError) -> list[Span]:
    """The same spans with the error's bytes bad, cut at its ends."""
    start, end = range_of(size, error.offset, error.length)
    found = list[Span]()
    bad = [span for span in spans if span.offset < end and span.offset + span.length > start]
    for span in spans:
        if span.offset >= end or span.offset + span.length <= start:
            found.append(span)
            continue
        head, tail = start - span.offset, span.offset + span.length - end
        if head > 0:
            found.append(Span(span.offset, head, span.name, span.meaning, span.value))
        if span is bad[0]:
            name, meaning = (span.name, span.meaning) if len(bad) == 1 else ("", UNREADABLE)
            found.append(Span(start, end - start, name, meaning, told(error.reason, error.detail), bad=True))
        if tail > 0:
            found.append(Span(end, tail, "", REST))
    return found


def total(read: Annotate) -> Annotate:
    """An annotator that answers whatever happens: a failure of ours is a span that says so."""

    def annotate(payload: bytes, context: Context) -> list[Span]:
        try:
            spans = read(payload, context)
        except DecodeError as error:
            return marked([Span(0, len(payload), "", UNREADABLE)], len(payload), error) if payload else []
        except Exception as error:  # noqa: BLE001 it is for people: half a picture is better than none
            return (
                [Span(0, len(payload), "", CRASHED, told(Reason.PARSER_CRASH, type(error).__name__), bad=True)] if payload else []
            )
        return list(_bounded(spans, len(payload)))

    return annotate


def _bounded(spans: Sequence[Span], size: int) -> Iterable[Span]:
    if len(spans) <= MOST:
        return spans
    kept = list(spans[:MOST])
    bad = next((span for span in spans[MOST:] if span.bad), None)
    at = kept[-1].offset + kept[-1].length
    if bad is None:
        return [*kept, Span(at, size - at, "…", REST)]
    after = bad.offset + bad.length
    rest = [Span(at, bad.offset - at, "…", REST), bad, Span(after, size - after, "…", REST)]
    return [*kept, *(span for span in rest if span.length)]
