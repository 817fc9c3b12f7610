"""Tokens, and what their bearers may do, and where.

A token is 128 random bits, shown once and kept as HMAC-SHA-256 under its own salt. A slow hash would add nothing to 128 bits, and
would let 5,000 devices that reconnect at once stop the service.
An API token reads `<id>.<secret>`: the id finds its row, the secret is compared in constant time.

An identity may be bound to areas (`漳州`, `north/quay`): then it sees and touches only devices that stand in them. No area is the whole house.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Collection, Iterable, Sequence
from enum import IntEnum
from typing import Protocol

from msgspec import Struct

from .errors import UsageError, ValidationError

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: nothing to mistake on a label, nothing that a shell, a URL or a CSV file treats specially."""
_LENGTH = 26
_SALT_BYTES = 16
_LONGEST = 256
_MOST_AREAS = 64
_BREAK = re.compile(r"[\s/·]+")


class ForbiddenError(UsageError):
    """Who asks is known, and may not do this, or not there."""


class Role(IntEnum):
    """What a person or program may do; each may do what those below it may."""

    VIEWER = 1
    OPERATOR = 2
    ENGINEER = 3
    ADMIN = 4

    @property
    def word(self) -> str:
        return self.name.lower()

    @classmethod
    def read(cls, word: str) -> Role:
        """The role of that name; raises ValidationError."""
        for role in cls:
            if role.word == word:
                return role
        raise ValidationError(f'role "{word}" does not exist', "write viewer, operator, engineer or admin")


class Identity(Struct, frozen=True):
    """Who a request comes from. `name` is what the audit log shows; `key` tells apart those of one name.

    areas: where it may act; () is everywhere. session: the id of a person's session, "" for a token. must_change: a person who
    has yet to replace a password that somebody else made, and may do nothing else.
    """

    name: str
    role: Role
    areas: tuple[str, ...] = ()
    key: str = ""
    session: str = ""
    must_change: bool = False


class StoredToken(Struct, frozen=True):
    """What the registry keeps of an API token that is neither revoked nor expired."""

    id: str
    name: str
    role: Role
    salt: bytes
    hash: bytes
    areas: tuple[str, ...] = ()


class TokenBook(Protocol):
    """Where `authenticate_token` looks."""

    def live_token(self, token_id: str) -> StoredToken | None:
        """The row of that id, unless it is revoked or expired."""


def new_token() -> str:
    """A secret of 26 characters that carry at least 128 random bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def seal(secret: str) -> tuple[bytes, bytes]:
    """(salt, hash) of a secret: all that is ever stored of it."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return salt, digest(salt, secret.encode())


def digest(salt: bytes, secret: bytes) -> bytes:
    """HMAC-SHA-256 under the salt, 32 bytes."""
    return hmac.digest(salt, secret, "sha256")


def opens(secret: bytes, salt: bytes, stored: bytes) -> bool:
    """Whether the secret is the sealed one, in a time that does not depend on where they differ."""
    return len(secret) <= _LONGEST and hmac.compare_digest(digest(salt, secret), stored)


def authenticate_token(book: TokenBook, text: str) -> Identity | None:
    """The bearer of an API token, or None for anything else; never says which part was wrong."""
    token_id, _, secret = text.partition(".")
    if len(text) > _LONGEST:
        return None
    stored = book.live_token(token_id)
    if stored is None or not opens(secret.encode("utf-8", "replace"), stored.salt, stored.hash):
        return None
    return Identity(stored.name, stored.role, stored.areas, f"token {stored.id}")


def permits(identity: Identity | None, needed: Role | None) -> bool:
    """Whether a route that names `needed` is open to `identity`. A route without a rule is open to nobody."""
    return identity is not None and needed is not None and identity.role >= needed


def covers(areas: Sequence[str], area: str) -> bool:
    """Whether a place named `area` is within one of `areas`; () covers all, and nothing covers a device without an area.

    An area covers what begins with it: `漳州` covers `漳州市龙海区`, `north` covers `north/quay` and `north-2`. A Latin word is taken
    whole: `north` does not cover `northeast`, `zone1` not `zone12`.
    """
    return not areas or any(area.startswith(each) and not _goes_on(each, area) for each in areas)


def called(areas: Collection[str], area: str) -> bool:
    """Whether people mean a place in `area` by one of the words `areas`: what it covers, or one of its words (`芗城 Xiangcheng`, `漳州/芗城`).

    A filter, never a right: rights are `covers`.
    """
    return area in areas or any(covers((each,), area) or each in _BREAK.split(area) for each in areas if each)


def _goes_on(prefix: str, area: str) -> bool:
    """Whether a prefix ends within a Latin word or a number of the area."""
    return _in_word(prefix[-1:]) and _in_word(area[len(prefix) : len(prefix) + 1])


def _in_word(sign: str) -> bool:
    return sign.isascii() and sign.isalnum()


def read_areas(words: Iterable[str]) -> tuple[str, ...]:
    """Areas that somebody is bound to, each once, in order. Raises ValidationError."""
    found = tuple(dict.fromkeys(word.strip() for word in words))
    for word in found:
        if not word or len(word) > 200 or not word.isprintable():
            raise ValidationError(f"area {word[:60]!r} is not an area", "write it as devices have it (`sensing device list`)")
    if len(found) > _MOST_AREAS:
        raise ValidationError(f"{len(found)} areas", f"at most {_MOST_AREAS}; a shorter one covers those that begin with it")
    return found


def check_area(areas: Sequence[str], area: str, what: str) -> None:
    """Raise ForbiddenError unless `area` is within `areas`; `what` is what stands there."""
    if not covers(areas, area):
        stands = f'in "{area}"' if area else "in no area"
        raise ForbiddenError(f"{what} is {stands}, you may act in {', '.join(areas)}", "ask an administrator for the area")
