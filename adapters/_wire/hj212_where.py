r"""The pieces of an HJ 212 frame where they stand, whole or damaged, and which of them a refusal means.

Rules of this file
- `##`, length, header items, `CP=&&`, items of the data, `&&` and checksum are pieces; a separator stands with the item before it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from sensing.errors import Reason

from .hj212_codes import is_name
from .hj212_frame import OPEN, SHUT

START, LENGTH, HEAD, OPENED, ITEM, CLOSED, CRC, REST = "start", "length", "head", "open", "item", "shut", "crc", "rest"
LARGEST = 20_000
"""Bytes of a piece that are looked into."""

_NEXT = re.compile(rb"##[0-9]{4}")
_BEGIN = re.compile(rb"##[0-9]{4}")
_END = re.compile(rb"&&([0-9A-Fa-f]{4})[\r\n \t\0]*\Z")
_HEADER = re.compile(rb"[^;]*;?")
_ITEM = re.compile(rb"(?:[^;,/]|/(?!/)|//(?:[^/]|/(?!/))*//|//)*[;,]?")
_FIELDS = {"QN", "ST", "CN", "PW", "MN", "FLAG", "PNUM", "PNO"}


class Token(NamedTuple):
    """One piece from `start` to `end`, with its separator. name: of an item, as written; text: what it is set to."""

    start: int
    end: int
    kind: str
    name: str = ""
    text: str = ""
    equals: bool = True


def tokens(frame: bytes) -> list[Token]:
    """The pieces of a frame in order; none when it does not begin like one."""
    if not _BEGIN.match(frame) or len(frame) > LARGEST:
        return []
    found = [Token(0, 2, START), Token(2, 6, LENGTH, "", frame[2:6].decode("ascii"))]
    end = _END.search(frame)
    stop = end.start() if end else len(frame)
    opened = frame.find(OPEN, 6)
    if opened >= 0 and stop < opened + len(OPEN):
        stop, end = len(frame), None
    begin = opened if opened >= 0 else stop
    found += _items(frame, 6, begin, _HEADER, HEAD)
    if opened >= 0:
        found.append(Token(opened, opened + len(OPEN), OPENED, "CP"))
        found += _items(frame, opened + len(OPEN), stop, _ITEM, ITEM)
    if end:
        found.append(Token(stop, stop + len(SHUT), CLOSED))
        found.append(Token(end.start(1), end.end(1), CRC, "", end[1].decode("ascii").upper()))
    if found[-1].end < len(frame):
        found.append(Token(found[-1].end, len(frame), REST))
    return found


def _items(frame: bytes, at: int, stop: int, form: re.Pattern[bytes], kind: str) -> list[Token]:
    found = list[Token]()
    while at < stop:
        item = form.match(frame, at, stop)
        end = max(at + 1, item.end() if item else stop)
        name, equals, text = _text(frame[at:end].rstrip(b";,")).partition("=")
        found.append(Token(at, end, kind, name.strip(), text, bool(equals)))
        at = end
    return found


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("gb18030", "replace")


def where(piece: bytes, reason: str, detail: str) -> tuple[int, int]:
    """(start, end) of the bytes that a refusal of a piece means; all of it when it is no frame at all."""
    behind = _NEXT.search(piece, 1)
    if behind:
        piece = piece[: behind.start()]
    whole = 0, len(piece.rstrip(b"\r\n \t\0")) or len(piece)
    if reason == Reason.BAD_LENGTH:
        return (2, min(6, whole[1])) if piece.startswith(b"##") and whole[1] > 2 else whole
    found = tokens(piece)
    meant = _meant(found, reason, detail)
    if meant is not None:
        return meant
    if found and detail.startswith("no CP"):
        return 6, max(7, whole[1] - 4)
    if found and reason == Reason.BAD_CHECKSUM:
        return max(6, whole[1] - 6), whole[1]
    if found and reason == Reason.NOT_UTF8:
        return _odd_text(piece)
    return whole


def _meant(found: list[Token], reason: str, detail: str) -> tuple[int, int] | None:
    head = {token.name.upper(): token for token in found if token.kind == HEAD}
    data = [token for token in found if token.kind == ITEM]
    token: Token | None = None
    if reason == Reason.BAD_CHECKSUM:
        token = next((token for token in found if token.kind == CRC), None)
    elif reason == Reason.UNKNOWN_FUNCTION:
        token = head.get("CN")
    elif reason == Reason.UNSUPPORTED_VERSION:
        token = head.get("FLAG")
    elif reason == Reason.BAD_TIME:
        token = next((token for token in data if token.name in ("DataTime", "AlarmTime")), None)
    elif reason == Reason.BAD_GRAMMAR:
        token = _odd(head, found, data, detail)
    elif reason == Reason.MISSING_KEY and data:
        return data[0].start, data[-1].end
    return (token.start, token.end) if token else None


def _odd(head: dict[str, Token], found: list[Token], data: list[Token], detail: str) -> Token | None:
    """The item of bad grammar: the field that the refusal names, else the first that is no NAME=value."""
    if detail.endswith("in the header is no NAME=value"):
        return next((token for token in found if token.kind == HEAD and token.name and not token.equals), None)
    if detail.endswith("is no NAME=value"):
        return next((token for token in data if token.name and not (token.equals and is_name(token.name))), None)
    if detail.endswith("without DataTime"):
        return head.get("CN")
    words = detail.upper().split()
    named = next((word.partition("=")[0] for word in words if word.partition("=")[0] in _FIELDS), "")
    return head.get(named)


def _odd_text(piece: bytes) -> tuple[int, int]:
    try:
        piece.decode("gb18030")
    except UnicodeDecodeError as error:
        return error.start, max(error.end, error.start + 1)
    return 0, len(piece)
