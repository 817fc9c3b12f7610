"""Labels to stick on devices: a QR code that any phone opens, the code in letters below it, the name. segno and reportlab, loaded when needed.

The QR holds `<base>/id/<label>`: the label is the thing's for ever (`sensing.registry.labels`), so a printed one outlives renaming,
replacement and new hardware. Sheets are A4 with 3 x 8 labels of 70 x 37 mm (Avery 3474, Herma 4464).
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from .errors import ValidationError

COLUMNS, ROWS = 3, 8
WIDTH_MM, HEIGHT_MM = 70.0, 37.125
_CODE_MM, _PAD_MM = 28.0, 3.0
_FONT = "STSong-Light"
_LONGEST = 300
"""Characters of a URL: a QR of it is still read at 28 mm by a cheap phone."""


class Label(Struct, frozen=True):
    """What stands on one. code: 8 characters. text: what the QR says."""

    code: str
    name: str
    place: str
    text: str


def url(base: str, code: str) -> str:
    """What a QR says. base: where the service is reached, `https://city.example`. Raises ValidationError."""
    bare = base.rstrip("/")
    if not bare.startswith(("http://", "https://")) or len(bare) > _LONGEST - 20 or any(sign.isspace() for sign in bare):
        raise ValidationError(f'"{base[:80]}" is not an address', "set http.public_url to one such as https://city.example")
    return f"{bare}/id/{code}"


def spelled(code: str) -> str:
    """A code as people read it aloud: two groups of four capitals."""
    return f"{code[:4]} {code[4:]}".upper()


def terminal(label: Label) -> str:
    """A QR of half blocks, dark on light, and its words."""
    out = io.StringIO()
    _qr(label).terminal(out, compact=True)
    return out.getvalue()


def svg(label: Label) -> bytes:
    """One code as SVG, without words."""
    out = io.BytesIO()
    _qr(label).save(out, kind="svg", scale=8)
    return out.getvalue()


def png(label: Label) -> bytes:
    """One code as PNG, without words."""
    out = io.BytesIO()
    _qr(label).save(out, kind="png", scale=12)
    return out.getvalue()


def sheet(labels: Sequence[Label], skip: int = 0) -> bytes:
    """A PDF of label sheets. skip: labels of the first sheet that are used already."""
    from reportlab.lib.units import mm
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    pdfmetrics.registerFont(UnicodeCIDFont(_FONT))
    paper = Canvas(out, pagesize=(210 * mm, 297 * mm), invariant=True)
    paper.setTitle("Device labels")
    for number, label in enumerate(labels, skip):
        if number > skip and number % (COLUMNS * ROWS) == 0:
            paper.showPage()
        row, column = divmod(number % (COLUMNS * ROWS), COLUMNS)
        _draw(paper, label, column * WIDTH_MM * mm, (297 - (row + 1) * HEIGHT_MM) * mm, mm)
    paper.save()
    return out.getvalue()


def _qr(label: Label) -> Any:
    import segno

    return segno.make(label.text, error="m", micro=False)


def _draw(paper: Any, label: Label, x: float, y: float, mm: float) -> None:
    matrix = [list(row) for row in _qr(label).matrix_iter(border=2)]
    size = _CODE_MM * mm / len(matrix)
    left, top = x + _PAD_MM * mm, y + (HEIGHT_MM + _CODE_MM) / 2 * mm
    for line, row in enumerate(matrix):
        start = 0
        while start < len(row):  # dark cells side by side are one bar: no hair lines between them
            end = start
            while end < len(row) and row[end]:
                end += 1
            if end > start:
                paper.rect(left + start * size, top - (line + 1) * size, (end - start) * size, size, stroke=0, fill=1)
            start = max(end, start + 1)
    edge = left + (_CODE_MM + 2) * mm
    room = x + WIDTH_MM * mm - edge - _PAD_MM * mm
    paper.setFont("Courier-Bold", 12)
    paper.drawString(edge, top - 9 * mm, spelled(label.code))
    for line, text in enumerate(_wrapped(label.name, room) + _wrapped(label.place, room)[:1]):
        paper.setFont(_FONT, 8)
        paper.drawString(edge, top - (14 + 4 * line) * mm, text)


def _wrapped(text: str, room: float) -> list[str]:
    """At most three lines that fit."""
    from reportlab.pdfbase.pdfmetrics import stringWidth

    lines = [""]
    for sign in "".join(each for each in text if each.isprintable()):
        if stringWidth(lines[-1] + sign, _FONT, 8) > room:
            lines.append("")
        lines[-1] += sign
    return [line for line in lines[:3] if line]
