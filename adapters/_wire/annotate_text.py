"""Text protocols byte by byte, for people: JSON by its members, others by their separators.

`annotate_json` gives a span for each member with its key, and for what opens and closes objects and arrays.
`annotate_fields` gives a span for each piece between separators, the separator with the piece before it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from sensing import properties
from sensing.errors import DecodeError
from sensing.model import Reading, Span

from .spans import Meaning, Tape, marked
from .text_values import result

Path = tuple[str, ...]
"""Keys and indexes from the top, indexes as text."""

OBJECT: Meaning = ("对象", "object")
ARRAY: Meaning = ("数组", "array")
CLOSED: Meaning = ("结束", "end")
MEMBER: Meaning = ("未使用", "not used")
MARK: Meaning = ("字节序标记", "byte order mark")
FIELD: Meaning = ("字段", "field")
MOST_DEEP = 64
"""Levels that are followed; what is deeper is one span."""

_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[{}\[\]:,]|[^\s{}\[\]:,"]++|\s++', re.DOTALL)


class Said(NamedTuple):
    """What a member became."""

    meaning: Meaning
    value: str = ""


def became(reading: Reading) -> Said:
    """What is told of a member that became a reading."""
    kept = properties.get(reading.property or "")
    return Said((kept.name_zh, kept.name_en) if kept else ("数值", "value"), result(reading))


class Cut(NamedTuple):
    """Where a span begins, what of, and whether it is a member, an opening or a closing."""

    start: int
    path: Path
    kind: str
    text: bytes


def annotate_json(payload: bytes, said: Mapping[Path, Said], errors: Iterable[DecodeError] = ()) -> list[Span]:
    """A JSON text in spans; what `said` says of a member stands beside it. errors: offsets, or paths, of what is bad."""
    tape = Tape()
    if payload.startswith(b"\xef\xbb\xbf"):
        tape.take(3, "", MARK)
    found = [*cuts(payload, tape.at)]
    for cut, end in zip(found, [*(each.start for each in found[1:]), len(payload)], strict=False):
        name = ".".join(cut.path)
        told = said.get(cut.path)
        if cut.kind == "member":
            meaning, value = told or Said(MEMBER)
            tape.upto(end, name, meaning, value or _shown(cut.text))
        elif told and cut.kind == "open":
            tape.upto(end, name, *told)
        else:
            tape.upto(end, name, CLOSED if cut.kind == "close" else OBJECT if cut.text == b"{" else ARRAY)
    tape.upto(len(payload), "", MEMBER)
    spans = tape.spans
    for error in errors:
        spans = marked(spans, len(payload), error)
    return spans


def _shown(text: bytes) -> str:
    return text.decode("utf-8", "replace")[:80]


def cuts(payload: bytes, start: int = 0) -> Iterator[Cut]:
    """A cut where a member, an opening or a run of closings begins; blanks and commas stay with what is before them."""
    path: list[str] = []
    kinds: list[bool] = []
    key: tuple[int, str] | None = None
    first, closing = start, False
    for token in _TOKEN.finditer(payload, start):
        text, at = token[0], token.start()
        if text.isspace() or text == b":":
            continue
        if text == b",":
            if kinds and not kinds[-1]:
                path[-1] = str(int(path[-1]) + 1)
            continue
        if text in (b"}", b"]"):
            if not closing:
                yield Cut(at, tuple(path[:-1]), "close", text)
            closing = True
            if kinds:
                kinds.pop()
                path.pop()
            continue
        closing = False
        begin = min(first, at) if key is None else key[0]
        if kinds and kinds[-1] and key is None and text[:1] == b'"':
            key = at, _key(text)
            path[-1] = key[1]
            continue
        if len(path) > MOST_DEEP:
            return
        if text in (b"{", b"["):
            yield Cut(begin, tuple(path), "open", text)
            kinds.append(text == b"{")
            path.append("" if text == b"{" else "0")
        else:
            yield Cut(begin, tuple(path), "member", text)
        key, first = None, len(payload)
    if key is not None:
        yield Cut(key[0], tuple(path), "member", payload[key[0] :])


def _key(text: bytes) -> str:
    try:
        return str(msgspec.json.decode(text, type=str))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _shown(text)


def record_paths(tree: Any, prefix: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Each record of an object or an array of them, with its path."""
    if isinstance(tree, list):
        yield from (((*prefix, str(number)), record) for number, record in enumerate(tree))
    else:
        yield prefix, tree


def annotate_fields(
    payload: bytes, separators: bytes, names: Callable[[int, str], tuple[str, Meaning, str]] | Iterable[tuple[str, Meaning]],
    errors: Iterable[DecodeError] = (),
) -> list[Span]:  # fmt: skip
    """A payload cut behind each separator byte.

    names: (name, meaning) of each field in order, or a function of (number, text) to (name, meaning, value).
    """
    listed = () if callable(names) else tuple(names)
    tape = Tape()
    stops = [found.end() for found in re.finditer(rb"[" + re.escape(separators) + rb"]+", payload)]
    for number, stop in enumerate([*stops, len(payload)]):
        text = payload[tape.at : stop].rstrip(separators).decode("utf-8", "replace")
        if callable(names):
            tape.upto(stop, *names(number, text))
        else:
            name, meaning = listed[number] if number < len(listed) else (str(number), FIELD)
            tape.upto(stop, name, meaning, text[:80])
    spans = tape.spans
    for error in errors:
        spans = marked(spans, len(payload), error)
    return spans
