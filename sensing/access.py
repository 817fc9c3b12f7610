"""Tokens, and what their bearers may do.

A token is 128 random bits, shown once and kept as HMAC-SHA-256 under its own salt. A slow hash would add nothing to 128 bits, and
would let 5,000 devices that reconnect at once stop the service.
An API token reads `<id>.<secret>`: the id finds its row, the secret is compared in constant time.
"""

from __future__ import annotations

import hmac
import secrets
from enum import IntEnum
from typing import Protocol

from msgspec import Struct

from .errors import ValidationError

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: nothing to mistake on a label, nothing that a shell, a URL or a CSV file treats specially."""
_LENGTH = 26
_SALT_BYTES = 16
_LONGEST = 256


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
    """Who a request comes from. `name` is what the audit log shows."""

    name: str
    role: Role


class StoredToken(Struct, frozen=True):
    """What the registry keeps of an API token that is neither revoked nor expired."""

    id: str
    name: str
    role: Role
    salt: bytes
    hash: bytes


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
    return Identity(stored.name, stored.role)


def permits(identity: Identity | None, needed: Role | None) -> bool:
    """Whether a route that names `needed` is open to `identity`. A route without a rule is open to nobody."""
    return identity is not None and needed is not None and identity.role >= needed
