"""Where in the bytes of a JSON text something stands: asked only when it is refused or shown, for parsers keep no places."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from sensing.errors import DecodeError, Reason
from sensing.model import Rejection

from .annotate_text import cuts

_raw_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_raw_array = msgspec.json.Decoder(list[msgspec.Raw]).decode
_any = msgspec.json.Decoder().decode
_BLANK = b" \t\r\n"
_BEFORE = re.compile(rb'[\s,]*(?:"(?:[^"\\]|\\.)*"\s*:\s*)?', re.DOTALL)
"""What stands before a member: a comma, and its key in an object."""
Members = dict[str, msgspec.Raw] | list[msgspec.Raw]
Seen = dict[int, Members]
_MOST_PARTS = 64
"""Refused parts beyond which a payload is junk: where its first ones stand helps nobody, and costs."""
_MOST_PLACED = 4
"""Refused parts of one payload that are looked for."""


class Refused:
    """Rejections of parts of one payload, light: a hostile one has thousands. The first few are looked for in the bytes."""

    def __init__(self) -> None:
        self.parts: list[Rejection] = []
        self.record: tuple[str | int, ...] = ()
        """The path to the record that is being read."""
        self._paths: list[tuple[str | int, ...]] = []

    def add(self, error: DecodeError) -> None:
        """The record, or a member of it, that could not be read."""
        self.say(error.reason, error.detail, (*self.record, *error.path))

    def say(self, reason: Reason, detail: str, path: tuple[str | int, ...]) -> None:
        """What could not be read, and the path to it from the top."""
        if len(self._paths) < _MOST_PLACED:
            self._paths.append(path)
        self.parts.append(Rejection(reason, detail))

    def placed(self, payload: bytes) -> list[Rejection]:
        """The rejections, the first few with offset and length."""
        if len(self.parts) > _MOST_PARTS:
            return self.parts
        seen: Seen = {}
        for part, path in zip(self.parts, self._paths, strict=False):
            part.offset, part.length = where(payload, path, seen)
        return self.parts


def where(payload: bytes, path: Sequence[str | int], seen: Seen | None = None) -> tuple[int, int]:
    """(offset, length) of the member that a path of keys and indexes leads to, or of the last one on its way that is there.

    A path into what is no JSON, or into a key that stands twice, leads as far as it can be followed.
    seen: members by where their parent begins, for several paths through one payload.
    """
    seen = {} if seen is None else seen
    start, view = _inner(payload)
    for step in path:
        if start not in seen:
            seen[start] = _members(view)
        found = _member(view, seen[start], step)
        if found is None:
            break
        start, view = start + found[0], found[1]
    return start, len(view)


def _inner(payload: bytes) -> tuple[int, bytes]:
    """The value in a payload without what stands around it."""
    body = payload[3:] if payload[:3] == b"\xef\xbb\xbf" else payload
    left = body.lstrip(_BLANK)
    return len(payload) - len(left), left.rstrip(_BLANK)


def _members(view: bytes) -> Members:
    """The members of an object or array, unread; none of anything else."""
    try:
        return _raw_object(view) if view[:1] == b"{" else _raw_array(view)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []


def _member(view: bytes, members: Members, step: str | int) -> tuple[int, bytes] | None:
    """(offset, bytes) of one member of an object or array."""
    at = 1
    for key, raw in members.items() if isinstance(members, dict) else enumerate(members):
        found = _BEFORE.match(view, at)
        value = bytes(raw)
        if found is None or not view.startswith(value, found.end()):
            return None
        if str(key) == str(step):
            return found.end(), value
        at = found.end() + len(value)
    return None


def deeper(payload: bytes, levels: int) -> int:
    """The offset of the first object or array that is nested deeper than so many levels; 0 when none is."""
    return next((cut.start for cut in cuts(payload) if cut.kind == "open" and len(cut.path) >= levels), 0)


def repeated(payload: bytes) -> tuple[int, int]:
    """(offset, length) of the first key that stands a second time in its object."""
    seen: set[tuple[str, ...]] = set()
    for cut in cuts(payload):
        if cut.kind != "close" and cut.path in seen:
            found = _BEFORE.match(payload, cut.start)
            return cut.start, (found.end() if found else cut.start + 1) - cut.start
        seen |= {cut.path} if cut.kind != "close" else set()
    return 0, 0


def odd_number(payload: bytes) -> tuple[int, int]:
    """(offset, length) of the first number that no double holds."""
    for cut in cuts(payload):
        if cut.kind == "member" and cut.text[:1] in b"-0123456789":
            try:
                _any(cut.text)
            except msgspec.DecodeError:
                return payload.index(cut.text, cut.start), len(cut.text)
    return 0, 0
