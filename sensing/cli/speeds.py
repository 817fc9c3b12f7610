"""How fast a run goes, as people write it."""

from __future__ import annotations

from sensing.errors import UsageError


def checked(text: str) -> str:
    """A speed above 0, or `max`, as players read it. Raises UsageError."""
    if text == "max":
        return text
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise UsageError(f'speed "{text}" is not a number above 0', "write 1, 60, 600 or max")
    return f"{number:g}"
