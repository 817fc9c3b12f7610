"""People: who may sign in, as what, and where. Their passwords are theirs: whoever adds a person hands over a one-time one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from sensing.access import Role, new_token, read_areas
from sensing.audit import Actor
from sensing.errors import ConflictError, NotFoundError, ValidationError
from sensing.model import Micros
from sensing.times import DAY
from sensing.topics import is_id

from .database import Change, Database
from .passwords import check_password, password_opens, seal_password
from .schema import links, sessions, users

SETUP_LASTS = 7 * DAY
"""How long a one-time password opens."""


@dataclass(frozen=True)
class User:
    """A person as listed. must_change: has yet to replace the one-time password."""

    id: str
    name: str
    role: Role
    areas: tuple[str, ...]
    must_change: bool
    created: Micros
    removed: Micros | None


@dataclass(frozen=True)
class Setup:
    """A person with a one-time password, on the one occasion that it is known; "" when the person's own was given."""

    user: User
    password: str = field(repr=False)
    ends: Micros | None


class People:
    """The registry's nouns for people."""

    database: Database

    def add_user(
        self, user_id: str, role: Role, *, areas: Sequence[str] = (), name: str = "", password: str | None = None, actor: Actor
    ) -> Setup:
        """A new person. password None makes a one-time one. Raises ValidationError, ConflictError."""
        if not is_id(user_id):
            raise ValidationError(f"id {user_id!r} is not an id", "use 1 to 64 of a-z, 0-9 and -")
        if len(name) > 200 or not name.isprintable():
            raise ValidationError(f"name {name[:60]!r} is not a name", "write at most 200 printable characters")
        bound, secret = read_areas(areas), _secret(user_id, password)
        sealed = seal_password(secret)
        with self.database.write(actor) as change:
            found = change.connection.execute(select(users.c.removed).where(users.c.id == user_id)).first()
            if found is not None:
                state = "removed: `sensing user restore` takes them back" if found.removed else "choose another id"
                raise ConflictError(f"user {user_id} exists already", state)
            setup_ends = _setup_ends(change, password)
            values = {
                "id": user_id, "name": name, "role": role.word, "areas": list(bound), "hash": sealed,
                "must_change": password is None, "setup_ends": setup_ends, "created": change.at,
            }  # fmt: skip
            change.connection.execute(insert(users), values)
            change.record("user_added", user_id, role=role.word, areas=list(bound))
            return Setup(_told(_user(change.connection, user_id)), "" if password else secret, setup_ends)

    def list_users(self, *, removed: bool = False) -> list[User]:
        """Everybody, by id; those who were removed only when asked for."""
        query = select(users).order_by(users.c.id)
        if not removed:
            query = query.where(users.c.removed.is_(None))
        with self.database.read() as connection:
            return [_told(row) for row in connection.execute(query)]

    def set_role(self, user_id: str, role: Role, *, areas: Sequence[str] = (), actor: Actor) -> User:
        """Another role, and areas, for a person, whose sessions end. Raises NotFoundError, ValidationError."""
        bound = read_areas(areas)
        with self.database.write(actor) as change:
            _present(change.connection, user_id)
            _move(change, user_id, role=role.word, areas=list(bound))
            change.record("user_role_set", user_id, role=role.word, areas=list(bound))
            return _told(_user(change.connection, user_id))

    def set_password(self, user_id: str, password: str | None = None, *, actor: Actor) -> Setup:
        """Another password for a person, whose sessions end; None makes a one-time one. Raises NotFoundError, ValidationError."""
        secret = _secret(user_id, password)
        sealed = seal_password(secret)
        with self.database.write(actor) as change:
            _present(change.connection, user_id)
            setup_ends = _setup_ends(change, password)
            _move(change, user_id, hash=sealed, must_change=password is None, setup_ends=setup_ends)
            change.record("user_password_set", user_id, one_time=password is None)
            return Setup(_told(_user(change.connection, user_id)), "" if password else secret, setup_ends)

    def change_password(self, user_id: str, old: str, new: str, *, actor: Actor) -> None:
        """A person's own doing: all sessions end. Raises ValidationError when the old one is wrong or the new one too easy."""
        check_password(new, user_id)
        if not password_opens(old, self._hash(user_id)):
            raise ValidationError("the old password is not right", "ask an administrator for a one-time one if it is lost")
        if old == new:
            raise ValidationError("the new password is the old one", "take another")
        sealed = seal_password(new)
        with self.database.write(actor) as change:
            _present(change.connection, user_id)
            _move(change, user_id, hash=sealed, must_change=False, setup_ends=None)
            change.record("user_password_changed", user_id)

    def remove_user(self, user_id: str, *, actor: Actor) -> User:
        """Let a person in no more, restorably; their sessions end. Raises NotFoundError."""
        with self.database.write(actor) as change:
            if _user(change.connection, user_id).removed is None:
                _move(change, user_id, removed=change.at)
                change.record("user_removed", user_id)
            return _told(_user(change.connection, user_id))

    def restore_user(self, user_id: str, *, actor: Actor) -> User:
        """Take a person back, with the role and password they had. Raises NotFoundError."""
        with self.database.write(actor) as change:
            if _user(change.connection, user_id).removed is not None:
                _move(change, user_id, removed=None)
                change.record("user_restored", user_id)
            return _told(_user(change.connection, user_id))

    def right_password(self, user_id: str, password: str) -> bool:
        """Whether this person may come in with it. Takes as long for somebody who is not there."""
        return password_opens(password, self._hash(user_id))

    def knows_user(self, user_id: str) -> bool:
        """Whether there is, or was, such a person: what a failed sign-in is written down under."""
        with self.database.read() as connection:
            return connection.execute(select(users.c.id).where(users.c.id == user_id)).first() is not None

    def _hash(self, user_id: str) -> str | None:
        """What is stored of the password; None for somebody who may not come in, or whose one-time password is over."""
        query = select(users.c.hash, users.c.setup_ends).where(users.c.id == user_id, users.c.removed.is_(None))
        with self.database.read() as connection:
            row = connection.execute(query).first()
        over = row is None or (row.setup_ends is not None and row.setup_ends <= self.database.clock())
        return None if row is None or over else str(row.hash)


def _secret(user_id: str, password: str | None) -> str:
    if password is None:
        return new_token()
    check_password(password, user_id)
    return password


def _setup_ends(change: Change, password: str | None) -> Micros | None:
    return change.at + SETUP_LASTS if password is None else None


def _move(change: Change, user_id: str, **values: Any) -> None:
    """Change a person, and end what they have open: what a session may do was settled when it began."""
    change.connection.execute(update(users).where(users.c.id == user_id).values(**values))
    change.connection.execute(
        update(sessions).where(sessions.c.user == user_id, sessions.c.ends > change.at).values(ends=change.at)
    )
    change.connection.execute(delete(links).where(links.c.user == user_id))


def _user(connection: Connection, user_id: str) -> Row[Any]:
    found = connection.execute(select(users).where(users.c.id == user_id)).first()
    if found is None:
        raise NotFoundError(f'user "{user_id[:64]}" does not exist', "`sensing user list` shows them")
    return found


def _present(connection: Connection, user_id: str) -> None:
    if _user(connection, user_id).removed is not None:
        raise ConflictError(f"user {user_id} is removed", "restore them first (`sensing user restore`)")


def _told(row: Row[Any]) -> User:
    return User(row.id, row.name, Role.read(row.role), tuple(row.areas), row.must_change, row.created, row.removed)
