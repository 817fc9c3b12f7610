"""SenML's CBOR form (RFC 8428 6): maps with integer labels, brought to the names of the JSON form, and back."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import cbor2

from sensing.errors import DecodeError, Reason

from .annotate_cbor import annotate_cbor

LABELS = {
    -1: "bver", -2: "bn", -3: "bt", -4: "bu", -5: "bv", -6: "bs", 0: "n", 1: "u", 2: "v", 3: "vs", 4: "vb", 5: "s", 6: "t", 7: "ut",
    8: "vd",
}  # fmt: skip
"""RFC 8428 table 4."""

_BY_NAME = {name: label for label, name in LABELS.items()}
_SELF_DESCRIBED = b"\xd9\xd9\xf7"
_DEEPEST = 16
_USELESS = (0, 1, 5, 25, 28, 29, 30, 35, 36, 37, 100, 256, 258, 260, 261, 1004, 43000)
"""Tags that no value of SenML has (RFC 8428 6): 35 compiles a pattern, 5 raises to a power."""


def is_cbor(payload: bytes) -> bool:
    """Whether a payload begins with a CBOR array (or a map, or the tag that says "this is CBOR"); JSON begins otherwise."""
    return bool(payload) and (0x80 <= payload[0] <= 0xBF or payload[:3] == _SELF_DESCRIBED)


def read(payload: bytes) -> Any:
    """The pack with the names of the JSON form. Raises DecodeError bad_grammar, too_deep, not_utf8."""
    body = payload.removeprefix(_SELF_DESCRIBED)
    before = len(payload) - len(body)
    stream = io.BytesIO(body)
    try:
        pack = cbor2.CBORDecoder(
            stream, max_depth=_DEEPEST, allow_duplicate_keys=False, strict_hashable_types=False, semantic_decoders=_TAGS
        ).decode()
    except Exception as error:  # noqa: BLE001  # tags reach dates, fractions and regular expressions: each fails in its own way
        raise _refusal(error, before + stream.tell()) from None
    if stream.tell() < len(body):
        raise DecodeError(Reason.BAD_GRAMMAR, f"{len(body) - stream.tell()} bytes after the pack", before + stream.tell())
    return [_named(record) for record in pack] if isinstance(pack, list) else pack


class _TooLargeError(OverflowError):
    """An integer of more than 64 bits: many such keys can be made to have one hash."""


def _useless(_value: Any, _immutable: bool) -> Any:
    raise cbor2.CBORDecodeError("a tag that SenML has no use for")


def _integer(value: Any, sign: int) -> int:
    if type(value) is not bytes or len(value) > 8:
        raise _TooLargeError("an integer of more than 64 bits")
    found = int.from_bytes(value, "big")
    return found if sign > 0 else -1 - found


_TAGS = dict.fromkeys(_USELESS, _useless) | {
    2: lambda value, _immutable: _integer(value, 1),
    3: lambda value, _immutable: _integer(value, -1),
}


def where(payload: bytes, path: Sequence[str | int]) -> tuple[int, int]:
    """(offset, length) of what a path of indexes and names leads to, or of the last item on its way that is there."""
    spans = annotate_cbor(payload, {}, LABELS)
    for size in range(len(path), 0, -1):
        name = ".".join(map(str, path[:size]))
        ours = [span for span in spans if span.name == name or span.name.startswith(f"{name}.")]
        if ours:
            return ours[0].offset, ours[-1].offset + ours[-1].length - ours[0].offset
    return 0, 0


def write(records: list[dict[str, Any]]) -> bytes:
    """A pack of records with JSON names as CBOR."""
    return cbor2.dumps([{_BY_NAME[key]: value for key, value in record.items()} for record in records])


def _named(record: Any) -> Any:
    if not isinstance(record, dict):
        return record
    found: dict[Any, Any] = {}
    for label, value in record.items():
        name = LABELS.get(label, label) if type(label) is int else label
        if type(label) is str and label in _BY_NAME:
            raise DecodeError(Reason.BAD_GRAMMAR, f'"{label}" has a label in CBOR: {_BY_NAME[label]}')
        found[name] = _plain(value)
    return found


def _plain(value: Any) -> Any:
    """Decimal fractions (tag 4) as floats, bytes as the text that JSON writes for them."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, bytes):
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
    return value


def _refusal(error: Exception, offset: int) -> DecodeError:
    text = str(error)[:120]
    if isinstance(error, UnicodeDecodeError) or isinstance(error.__cause__, UnicodeDecodeError):
        return DecodeError(Reason.NOT_UTF8, text, offset)
    if isinstance(error.__cause__, _TooLargeError):
        return DecodeError(Reason.BAD_NUMBER, str(error.__cause__), offset)
    if "depth" in text:
        return DecodeError(Reason.TOO_DEEP, text, offset)
    return DecodeError(Reason.BAD_GRAMMAR, f"CBOR: {text or type(error).__name__}", offset)
