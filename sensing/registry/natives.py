"""The one spelling of a native id, so that two people cannot register one gauge twice.

A native id is what the wire calls the device. Where a protocol allows several spellings of it, the adapter's word is in the table.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sensing.errors import ValidationError

LONGEST = 128


def normal(adapter: str, native: str) -> str:
    """The native id as the adapter will report it. Raises ValidationError."""
    if not 1 <= len(native) <= LONGEST or not native.isprintable() or native != native.strip():
        raise ValidationError(
            f"native {native!r} is not an id", f"write 1 to {LONGEST} printable characters without blanks at the ends"
        )
    return _SPELLINGS.get(adapter, _as_it_is)(native)


def _as_it_is(native: str) -> str:
    return native


def _sl651(native: str) -> str:
    """SL 651-2014 6.2.3.2: five bytes; `00` + 8 digits for a hydrology station, else 6 digits of a county + a number 1-60000."""
    text = native.upper()
    if re.fullmatch(r"[0-9A-F]{10}", text):
        return text
    if re.fullmatch(r"[0-9]{8}", text):
        return "00" + text
    county = re.fullmatch(r"([0-9]{6})([0-9]{5,6})", text)
    if county and 1 <= int(county[2]) <= 60_000:
        return f"{county[1]}{int(county[2]):04X}"
    raise ValidationError(
        f'native "{native}" is not an SL 651 station address',
        "give the station's 8 digits, or the 10 hex characters of its frames, as native (--native)",
    )


def _lorawan(native: str) -> str:
    """A device EUI in lower case, with or without `-`, `:` or blanks between its bytes; a device id of The Things Stack as it is."""
    digits = re.sub(r"[-: ]", "", native)
    if re.fullmatch(r"[0-9A-Fa-f]{16}", digits):
        return digits.lower()
    if re.fullmatch(r"[a-z0-9](-?[a-z0-9]){1,35}", native):
        return native
    raise ValidationError(f'native "{native}" is not a device EUI', "give the 16 hex digits on the device's label (--native)")


_SPELLINGS: dict[str, Callable[[str], str]] = {"lorawan": _lorawan, "sl651": _sl651}
