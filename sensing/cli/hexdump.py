"""Bytes as people look at them: offset, sixteen in hex, the same as ASCII; a `>` before lines that hold the bad part."""

from __future__ import annotations


def dump(payload: bytes, offset: int = 0, length: int | None = None) -> str:
    """The dump; length None marks nothing, 0 marks from `offset` to the end."""
    start, end = (0, 0) if length is None else (offset, offset + length if length else len(payload))
    lines = []
    for at in range(0, len(payload), 16):
        part = payload[at : at + 16]
        mark = ">" if at < end and at + len(part) > start else " "
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        lines.append(f"{mark} {at:06x}  {part.hex(' '):<47}  {text}\n")
    return "".join(lines)
