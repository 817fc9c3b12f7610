"""Passwords of people: scrypt, slow and hungry on purpose (RFC 7914; OWASP's figures), for people choose words that can be guessed.

Devices and programs have 128 random bits instead, which need no slow hash (access.py). What is stored reads `scrypt$LOG_N$R$P$SALT$HASH`,
so that stronger figures may come later and old hashes still open.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from threading import BoundedSemaphore

from sensing.errors import ValidationError

COST = (15, 8, 3)
"""log2 N, r, p: 32 MiB and some 0.2 s of one core for each look at a password."""
SHORTEST, LONGEST = 10, 256
_MOST_AT_ONCE = BoundedSemaphore(2)
"""Looks at once: whoever guesses may not take all cores and memory."""
_MAX_MEMORY = 256 << 20
_nobody: list[str] = []


def seal_password(text: str) -> str:
    """What is stored of a password."""
    salt = secrets.token_bytes(16)
    return "$".join(("scrypt", *map(str, COST), salt.hex(), _scrypt(text, salt, *COST).hex()))


def password_opens(text: str, stored: str | None) -> bool:
    """Whether it is the password. None is a person who is not there, and takes just as long."""
    if stored is None and not _nobody:
        _nobody.append(seal_password(secrets.token_hex()))
    _, log_n, r, p, salt, sealed = (stored or _nobody[0]).split("$")
    found = _scrypt(text[:LONGEST], bytes.fromhex(salt), int(log_n), int(r), int(p))
    return hmac.compare_digest(found, bytes.fromhex(sealed)) and stored is not None


def check_password(text: str, user: str) -> None:
    """Raise ValidationError for a password that is too easy: short, one sign over and over, or the person's own name."""
    if not SHORTEST <= len(text) <= LONGEST:
        raise ValidationError(f"the password has {len(text)} characters", f"take {SHORTEST} to {LONGEST}: some words do well")
    if len(set(text)) < 5 or user.casefold() in text.casefold():
        raise ValidationError("the password is too easy", "take some words that say nothing of who you are")


def _scrypt(text: str, salt: bytes, log_n: int, r: int, p: int) -> bytes:
    with _MOST_AT_ONCE:
        return hashlib.scrypt(text.encode("utf-8", "replace"), salt=salt, n=1 << log_n, r=r, p=p, maxmem=_MAX_MEMORY, dklen=32)
