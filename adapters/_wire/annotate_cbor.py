"""CBOR byte by byte, for people: each head with its major type, each label with its name, each value (RFC 8949, 3).

An item is an initial byte (3 bits major type, 5 bits additional information), 0 to 8 bytes of argument, and its content.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from contextlib import suppress

from sensing.errors import DecodeError, Reason
from sensing.model import Span

from .annotate_text import Path, Said
from .spans import REST, Meaning, Tape

MAJOR: tuple[Meaning, ...] = (
    ("非负整数", "unsigned integer"), ("负整数", "negative integer"), ("字节串", "byte string"), ("文本", "text"), ("数组", "array"),
    ("映射", "map"), ("标签", "tag"), ("简单值或浮点", "simple or float"),
)  # fmt: skip
_SIMPLE = {20: "false", 21: "true", 22: "null", 23: "undefined"}
_FLOATS = {25: ">e", 26: ">f", 27: ">d"}
_DEEPEST = 64
_INDEFINITE = -1


class _Walk:
    """A walk over the items of a payload. labels: integer keys of maps by their name."""

    def __init__(self, payload: bytes, said: Mapping[Path, Said], labels: Mapping[int, str]) -> None:
        self.payload, self.said, self.labels, self.tape = payload, said, labels, Tape()

    def item(self, path: Path, depth: int = 0) -> str:
        """One item with all it holds; what a key would call it. Raises DecodeError where it cannot go on."""
        at = self.tape.at
        if depth > _DEEPEST:
            raise DecodeError(Reason.TOO_DEEP, f"deeper than {_DEEPEST}", at)
        major, info, argument, head = self._head(at)
        if major in (2, 3):
            return self._string(path, major, argument, head)
        if major == 7 or major < 2:
            return self._plain(path, major, info, argument, head)
        name = ".".join(path)
        shown = "indefinite" if argument == _INDEFINITE else str(argument)
        self.tape.take(head, name, MAJOR[major], f"{shown} {'pairs' if major == 5 else 'items' if major == 4 else ''}".strip())
        if major == 6:
            return self.item(path, depth + 1)
        number = 0
        while argument == _INDEFINITE or number < argument:
            if argument == _INDEFINITE and self.payload[self.tape.at : self.tape.at + 1] == b"\xff":
                self.tape.take(1, "", ("结束", "break"))
                break
            inner = str(number)
            if major == 5:
                inner = self._label(path, depth)
            self.item((*path, inner), depth + 1)
            number += 1
        return name

    def _label(self, path: Path, depth: int) -> str:
        """The key of a pair: its name where the labels know it."""
        before = len(self.tape.spans)
        key = self.item((*path, "?"), depth + 1)
        label = self.labels.get(int(key), key) if key.lstrip("-").isdigit() and len(key) < 19 else key
        if len(self.tape.spans) == before + 1:
            last = self.tape.spans[-1]
            self.tape.spans[-1] = Span(last.offset, last.length, label, ("键", "label"), key)
        return label

    def _head(self, at: int) -> tuple[int, int, int, int]:
        """(major type, additional information, argument, bytes of the head)."""
        if at >= len(self.payload):
            raise DecodeError(Reason.BAD_GRAMMAR, "ends in the middle of an item", at)
        major, info = self.payload[at] >> 5, self.payload[at] & 31
        if info < 24:
            return major, info, info, 1
        if info == 31 and major in (2, 3, 4, 5):
            return major, info, _INDEFINITE, 1
        size = 1 << (info - 24)
        if info > 27 or at + 1 + size > len(self.payload):
            raise DecodeError(
                Reason.BAD_GRAMMAR, "ends in the middle of an item" if info < 28 else f"head {info} is reserved", at
            )
        return major, info, int.from_bytes(self.payload[at + 1 : at + 1 + size], "big"), 1 + size

    def _string(self, path: Path, major: int, argument: int, head: int) -> str:
        at = self.tape.at
        if argument == _INDEFINITE:
            self.tape.take(1, ".".join(path), MAJOR[major], "indefinite")
            while self.payload[self.tape.at : self.tape.at + 1] != b"\xff":
                found = self._head(self.tape.at)
                if found[0] != major or found[2] == _INDEFINITE:
                    raise DecodeError(Reason.BAD_GRAMMAR, "no piece of this string", self.tape.at)
                self._string(path, major, found[2], found[3])
            self.tape.take(1, "", ("结束", "break"))
            return ""
        if at + head + argument > len(self.payload):
            raise DecodeError(Reason.BAD_GRAMMAR, f"a string of {argument} bytes is longer than the payload", at)
        raw = self.payload[at + head : at + head + argument]
        text = raw.decode("utf-8", "replace") if major == 3 else raw.hex()
        self._value(path, head + argument, MAJOR[major], text[:80])
        return text

    def _plain(self, path: Path, major: int, info: int, argument: int, head: int) -> str:
        if major == 7 and info in _FLOATS:
            at = self.tape.at + 1
            shown = f"{struct.unpack(_FLOATS[info], self.payload[at : at + head - 1])[0]:.10g}"
        elif major == 7:
            shown = _SIMPLE.get(argument, f"simple {argument}")
        else:
            shown = str(argument if major == 0 else -1 - argument)
        self._value(path, head, MAJOR[major], shown)
        return shown

    def _value(self, path: Path, size: int, meaning: Meaning, shown: str) -> None:
        told = self.said.get(path)
        self.tape.take(size, ".".join(path), told.meaning if told else meaning, (told.value if told else "") or shown)


def annotate_cbor(payload: bytes, said: Mapping[Path, Said], labels: Mapping[int, str]) -> list[Span]:
    """A payload of CBOR in spans; what does not parse is one span at the end."""
    walk = _Walk(payload, said, labels)
    with suppress(DecodeError):
        walk.item(())
    walk.tape.upto(len(payload), "", REST)
    return walk.tape.spans
