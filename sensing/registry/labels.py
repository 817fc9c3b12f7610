"""What is printed on a thing: an 8-character label, and the URN that holds it. Pure.

A label is the thing's number at its site (`uid`: given once, never again), scattered so that neighbours do not look alike, in Crockford's base 32:
7 characters, and one that catches every single wrong character and every swap of two neighbours.

    urn:sensing:<site>:<label>      urn:sensing:7k3m9qwx:4tj0hz2c

It is a name, not a secret: whoever has seen one URN can compute others.
"""

from __future__ import annotations

import re
import secrets
from hashlib import sha256

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 8
MOST = 1 << 34
"""Things that a site may ever have."""
_HALF = 17
_MASK = (1 << _HALF) - 1
_ROUNDS = 4
_VALUES = {sign: value for value, sign in enumerate(ALPHABET)} | {"o": 0, "i": 1, "l": 1}
_URN = re.compile(r"urn:sensing:([0-9a-z]{8}):([0-9a-z-]{8,9})", re.IGNORECASE)
_DOUBLED = tuple((value << 1) ^ (0b100101 if value & 16 else 0) for value in range(32))
"""Times x in GF(32) under x^5 + x^2 + 1."""


def new_site() -> str:
    """A code of 40 random bits: no two sites have the same, so no two URNs of the world are the same."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def label(site: str, uid: int) -> str:
    """The label of a thing. Raises ValueError when the number is not one of 1 to MOST - 1."""
    if not 0 < uid < MOST:
        raise ValueError(f"uid {uid} is out of range")
    scattered = _scatter(uid, _keys(site))
    digits = [(scattered >> shift) & 31 for shift in range(30, -1, -5)]
    return "".join(ALPHABET[value] for value in [*digits, _check(digits)])


def number(site: str, text: str) -> int | None:
    """The thing's number at this site; None when the text is no label. Capitals, `-` and the look-alikes o, i, l are taken as meant."""
    bare = text.replace("-", "").lower()
    digits = [_VALUES.get(sign, -1) for sign in bare]
    if len(bare) != LENGTH or -1 in digits or digits.pop() != _check(digits):
        return None
    scattered = 0
    for value in digits:
        scattered = scattered << 5 | value
    if scattered >= MOST:
        return None
    return _gather(scattered, _keys(site)) or None


def urn(site: str, uid: int) -> str:
    """The name of a thing for ever, whatever it is called, wherever it stands and whichever hardware stands for it."""
    return f"urn:sensing:{site}:{label(site, uid)}"


def of_urn(text: str) -> tuple[str, str] | None:
    """(site, label) of a URN of ours; None for any other text."""
    found = _URN.fullmatch(text)
    return (found[1].lower(), found[2]) if found else None


def is_label(text: str) -> bool:
    """Whether a text is 8 characters with the right check."""
    return number("", text) is not None


def _check(digits: list[int]) -> int:
    """A weighted sum in GF(32): weights x^7 .. x^1 differ and none is 0, so one error or one swap always shows."""
    found = 0
    for value in digits:
        found = _DOUBLED[found ^ value]
    return found


def _keys(site: str) -> tuple[int, ...]:
    seed = sha256(f"label {site}".encode()).digest()
    return tuple(int.from_bytes(seed[each * 4 : each * 4 + 4], "big") for each in range(_ROUNDS))


def _scatter(value: int, keys: tuple[int, ...]) -> int:
    left, right = value >> _HALF, value & _MASK
    for key in keys:
        left, right = right, left ^ _mixed(right, key)
    return left << _HALF | right


def _gather(value: int, keys: tuple[int, ...]) -> int:
    left, right = value >> _HALF, value & _MASK
    for key in reversed(keys):
        left, right = right ^ _mixed(left, key), left
    return left << _HALF | right


def _mixed(value: int, key: int) -> int:
    mixed = ((value ^ key) * 0x9E3779B1) & 0xFFFFFFFF
    mixed = ((mixed ^ mixed >> 15) * 0x85EBCA6B) & 0xFFFFFFFF
    return (mixed ^ mixed >> 13) & _MASK
