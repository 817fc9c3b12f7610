"""A frame as people look at it: offset, bytes, what they are, what they say; what is wrong is marked, in red on a terminal.

0046  39 23                    瞬时河道水位 Water level       4 bytes, 3 decimals
0048  00 00 23 45              数据 data                     2.345 m → water_level
✖ 0063  4c be                    校验码 checksum               bad_checksum: 4CBE; right would be E0BF
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sensing.model import Span

_BYTES = 8
_CHARACTERS = 24
_WIDTHS = (11, 26, 36)
"""Of offset, bytes and meaning, in columns."""
MARK = "✖"
_TEXTUAL = 0.85
"""Share of printable characters from which a frame is shown as text, not as hex."""


def spans_of(told: Sequence[Mapping[str, Any]]) -> list[Span]:
    """Spans as the API gives them."""
    return [
        Span(
            int(each["offset"]), int(each["length"]), str(each["name"]), (str(each["meaning"]["zh"]), str(each["meaning"]["en"])),
            str(each["value"]), bool(each["bad"]),
        )
        for each in told
    ]  # fmt: skip


def view(payload: bytes, spans: Sequence[Span]) -> str:
    """One line for each span."""
    from .output import padded, paint, printable
    from .words import both, phrase

    textual = is_text(payload)
    heads = [phrase("column", name) for name in ("offset", "bytes", "meaning", "value")]
    lines = ["  " + "  ".join(padded(head, width) for head, width in zip(heads, (*_WIDTHS, 0), strict=True)).rstrip() + "\n"]
    for span in spans:
        raw = payload[span.offset : span.offset + span.length]
        shown = _text(raw) if textual else _hex(raw)
        said = both({"zh": span.meaning[0], "en": span.meaning[1]})
        name = f"{said} · {span.name}" if textual and span.name else said
        mark = MARK if span.bad else " "
        cells = (f"{span.offset:04x}", shown, printable(name), printable(span.value))
        line = f"{mark} " + "  ".join(padded(text, width) for text, width in zip(cells, (*_WIDTHS, 0), strict=True))
        lines.append(paint(line.rstrip(), "red") + "\n" if span.bad else line.rstrip() + "\n")
    return "".join(lines)


def is_text(payload: bytes) -> bool:
    """Whether a frame is read as text by people."""
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        return False
    return sum(sign.isprintable() or sign.isspace() for sign in text) >= _TEXTUAL * len(text)


def _hex(raw: bytes) -> str:
    return raw[:_BYTES].hex(" ") + ("" if len(raw) <= _BYTES else " …")


def _text(raw: bytes) -> str:
    """Text with its control characters as pictures."""
    text = "".join(chr(0x2400 + ord(sign)) if sign < " " else sign for sign in raw.decode("utf-8", "replace"))
    return text if len(text) <= _CHARACTERS else text[: _CHARACTERS - 1] + "…"
