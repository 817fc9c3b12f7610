"""API tokens: what programs, and people at a command line, show to web."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from sqlalchemy import delete, insert, or_, select, update

from sensing.access import Role, StoredToken, new_token, read_areas, seal
from sensing.audit import Actor
from sensing.errors import ConflictError, NotFoundError, ValidationError
from sensing.model import Micros
from sensing.times import SECOND

from .database import Change, Database
from .records import ApiToken, TokenEntry
from .schema import tokens

ADMIN = "admin"
"""The id of the data folder's own token."""
_SYSTEM = Actor("system")


class Tokens:
    """The registry's nouns for who may use the API."""

    database: Database

    def create_token(
        self, name: str, role: Role, *, areas: Sequence[str] = (), expires: Micros | None = None, actor: Actor
    ) -> ApiToken:
        """A new token, shown once; areas: where it may act, () is everywhere. Raises ValidationError."""
        bound = read_areas(areas)
        if not 1 <= len(name) <= 64 or not name.isprintable():
            raise ValidationError(f"name {name!r} is not a name", "write 1 to 64 printable characters")
        with self.database.write(actor) as change:
            if expires is not None and expires <= change.at:
                raise ValidationError("the token would be expired already", "give a later time, or none")
            token = _new(change, name, role, bound, expires)
            change.record("token_created", token.id, name=name, role=role.word, areas=list(bound))
            return token

    def rotate_token(self, token_id: str, *, overlap_s: float = 0, actor: Actor) -> ApiToken:
        """A new token of the same name, role, areas and end; the old one ends after the overlap, at once when it is 0.

        Raises NotFoundError; ConflictError for one that is over, and for the data folder's own.
        """
        if token_id == ADMIN:
            raise ConflictError("this is the data folder's own token", "delete admin.token and restart: a new one is made")
        with self.database.write(actor) as change:
            old = change.connection.execute(select(tokens).where(tokens.c.id == token_id)).first()
            if old is None:
                raise _absent(token_id)
            if old.revoked is not None or (old.expires is not None and old.expires <= change.at):
                raise ConflictError(f"token {token_id} is over", "make a new one (`sensing token create`)")
            fresh = _new(change, old.name, Role.read(old.role), tuple(old.areas), old.expires)
            if overlap_s > 0:
                until = change.at + int(overlap_s * SECOND)
                ends = {"expires": until if old.expires is None else min(until, old.expires)}
            else:
                ends = {"revoked": change.at}
            change.connection.execute(update(tokens).where(tokens.c.id == token_id).values(**ends))
            change.record("token_rotated", token_id, successor=fresh.id, overlap_s=overlap_s)
            return fresh

    def list_tokens(self, *, revoked: bool = False) -> list[TokenEntry]:
        """Every token without its secret, by creation; revoked ones only when asked for."""
        mine = tokens.c
        columns = (mine.id, mine.name, mine.role, mine.areas, mine.created, mine.expires, mine.revoked)
        query = select(*columns).order_by(mine.created, mine.id)
        if not revoked:
            query = query.where(mine.revoked.is_(None))
        with self.database.read() as connection:
            rows = connection.execute(query).all()
        return [TokenEntry(row[0], row[1], Role.read(row[2]), tuple(row[3]), *row[4:]) for row in rows]

    def revoke_token(self, token_id: str, *, actor: Actor) -> None:
        """End a token at once. Raises NotFoundError."""
        with self.database.write(actor) as change:
            if change.connection.execute(select(tokens.c.id).where(tokens.c.id == token_id)).first() is None:
                raise _absent(token_id)
            change.connection.execute(
                update(tokens).where(tokens.c.id == token_id, tokens.c.revoked.is_(None)).values(revoked=change.at)
            )
            change.record("token_revoked", token_id)

    def live_token(self, token_id: str) -> StoredToken | None:
        """What `access.authenticate_token` compares with."""
        mine = tokens.c
        live = (mine.id == token_id, mine.revoked.is_(None), or_(mine.expires.is_(None), mine.expires > self.database.clock()))
        with self.database.read() as connection:
            columns = (mine.id, mine.name, mine.role, mine.salt, mine.hash, mine.areas)
            row = connection.execute(select(*columns).where(*live)).first()
        return None if row is None else StoredToken(row.id, row.name, Role.read(row.role), row.salt, row.hash, tuple(row.areas))

    def adopt_admin_token(self, text: str) -> None:
        """Make the secret of the data folder's file the one admin token."""
        with self.database.write(_SYSTEM) as change:
            change.connection.execute(delete(tokens).where(tokens.c.id == ADMIN))
            _insert(change, ApiToken(ADMIN, ADMIN, Role.ADMIN, text.partition(".")[2]))
            change.record("admin_token_made", ADMIN)


def _absent(token_id: str) -> NotFoundError:
    return NotFoundError(f'token "{token_id}" does not exist', "`sensing token list` shows them")


def _new(change: Change, name: str, role: Role, areas: tuple[str, ...], expires: Micros | None) -> ApiToken:
    """A token inserted, and the text that its bearer shows."""
    token = ApiToken("t-" + new_token()[:12], name, role, new_token(), expires, areas)
    _insert(change, token)
    return replace(token, text=f"{token.id}.{token.text}")


def _insert(change: Change, token: ApiToken) -> None:
    salt, sealed = seal(token.text)
    change.connection.execute(
        insert(tokens),
        {
            "id": token.id,
            "name": token.name,
            "role": token.role.word,
            "areas": list(token.areas),
            "salt": salt,
            "hash": sealed,
            "created": change.at,
            "expires": token.expires,
        },
    )


def read_admin_token(path: Path) -> str | None:
    """The text in the file, or None when there is none."""
    try:
        return path.read_text("ascii").strip() or None
    except (FileNotFoundError, UnicodeDecodeError):
        return None


def write_admin_token(path: Path) -> str:
    """A new admin token in a file of mode 0600, whole or not at all; when another process was first, its token."""
    text = f"{ADMIN}.{new_token()}"
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        os.fchmod(handle, 0o600)
        os.write(handle, (text + "\n").encode())
        os.fsync(handle)
        with suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        os.close(handle)
        temporary.unlink()
    return read_admin_token(path) or text
