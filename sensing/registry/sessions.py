"""Sessions: a person at a browser. The cookie reads `<id>.<secret>`; the secret is kept as tokens are, sealed.

A session ends 12 hours after it was last used, 7 days after it began, when it is closed, and with every change of the person's role,
areas, password or presence. Renewing it gives another secret and lets the old one go on for a minute, for what is under way.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, insert, select, update

from sensing.access import Identity, Role, new_token, opens, seal
from sensing.audit import Actor
from sensing.errors import NotFoundError
from sensing.model import Micros
from sensing.times import DAY, HOUR, MINUTE

from .database import Change, Database
from .schema import sessions, users

IDLE, LONGEST, OVERLAP = 12 * HOUR, 7 * DAY, MINUTE
KEPT = 30 * DAY
"""How long it is remembered from where a person signed in."""
_NOTE_EVERY = 5 * MINUTE
"""How often use is written down: each time would cost a commit a request."""
_MOST = 256


@dataclass(frozen=True)
class OpenSession:
    """A session on the one occasion that its cookie is known. ends: at the latest."""

    id: str
    text: str = field(repr=False)
    user: str
    ends: Micros


@dataclass(frozen=True)
class ListedSession:
    """A live session as its owner sees it: where from, since when, and last used (to five minutes)."""

    id: str
    began: Micros
    seen: Micros
    address: str


class Sessions:
    """The registry's nouns for sessions."""

    database: Database

    def open_session(self, user_id: str, *, actor: Actor) -> OpenSession:
        """A session of a person whose password was right. Raises NotFoundError when they were removed meanwhile."""
        with self.database.write(actor) as change:
            there = select(users.c.id).where(users.c.id == user_id, users.c.removed.is_(None))
            if change.connection.execute(there).first() is None:
                raise NotFoundError(f'user "{user_id}" does not exist', "`sensing user list` shows them")
            change.connection.execute(delete(sessions).where(sessions.c.began <= change.at - KEPT))
            change.record("signed_in", user_id)
            return begin(change, user_id, change.at)

    def live_session(self, text: str) -> Identity | None:
        """Who a cookie stands for; None for anything that is no live session. Notes its use now and then."""
        session_id, _, secret = text.partition(".")
        if len(text) > _MOST:
            return None
        now = self.database.clock()
        row = self._row(session_id, now)
        if row is None or not opens(secret.encode("utf-8", "replace"), row.salt, row.hash):
            return None
        if now - row.seen > _NOTE_EVERY:
            self._note(session_id)
        return Identity(row.user, Role.read(row.role), tuple(row.areas), f"user {row.user}", session_id, row.must_change)

    def session_ends(self, session_id: str) -> Micros | None:
        """When a session ends if nobody uses it; None when it has ended."""
        row = self._row(session_id, self.database.clock())
        return None if row is None else min(int(row.ends), int(row.seen) + IDLE)

    def signed_in_from(self, user_id: str, address: str) -> bool:
        """Whether a person has, or had within the last days, a session from this address."""
        query = select(sessions.c.id).where(sessions.c.user == user_id, sessions.c.address == address).limit(1)
        with self.database.read() as connection:
            return connection.execute(query).first() is not None

    def renew_session(self, session_id: str, *, actor: Actor) -> OpenSession:
        """The same session under another secret; the old one opens for a minute more. Raises NotFoundError."""
        row = self._row(session_id, self.database.clock())
        if row is None:
            raise NotFoundError("the session is over", "sign in again")
        with self.database.write(actor) as change:
            ends = min(int(row.ends), change.at + OVERLAP)
            change.connection.execute(update(sessions).where(sessions.c.id == session_id).values(ends=ends))
            change.record("session_renewed", row.user)
            return begin(change, row.user, row.began)

    def list_sessions(self, user_id: str) -> list[ListedSession]:
        """A person's live sessions, the newest first; one that was renewed a moment ago may show twice."""
        now, mine = self.database.clock(), sessions.c
        live = (mine.user == user_id, mine.ends > now, mine.seen > now - IDLE)
        query = select(mine.id, mine.began, mine.seen, mine.address).where(*live).order_by(mine.began.desc(), mine.id)
        with self.database.read() as connection:
            return [ListedSession(*row) for row in connection.execute(query)]

    def close_session(self, session_id: str, *, actor: Actor) -> None:
        """Sign out."""
        with self.database.write(actor) as change:
            user = change.connection.execute(select(sessions.c.user).where(sessions.c.id == session_id)).scalar()
            if user is not None:
                change.connection.execute(update(sessions).where(sessions.c.id == session_id).values(ends=change.at))
                change.record("signed_out", user)

    def _row(self, session_id: str, now: Micros) -> Any:
        mine = sessions.c
        query = select(
            mine.user, mine.salt, mine.hash, mine.began, mine.seen, mine.ends, users.c.role, users.c.areas, users.c.must_change
        ).join_from(sessions, users)
        live = (mine.id == session_id, mine.ends > now, mine.seen > now - IDLE, users.c.removed.is_(None))
        with self.database.read() as connection:
            found: Any = connection.execute(query.where(*live)).first()
        return found

    def _note(self, session_id: str) -> None:
        with self.database.write(Actor("system")) as change:
            change.connection.execute(update(sessions).where(sessions.c.id == session_id).values(seen=change.at))


def csrf(text: str) -> str:
    """What a page sends beside a cookie when it changes something: only who can read the answers of this site knows it."""
    return hmac.digest(text.encode("utf-8", "replace"), b"sensing csrf", "sha256").hex()


def begin(change: Change, user_id: str, began: Micros) -> OpenSession:
    """A session of a person within a change; began: when they signed in."""
    session_id, secret = "s-" + new_token()[:16], new_token()
    salt, sealed = seal(secret)
    values = {
        "id": session_id, "user": user_id, "salt": salt, "hash": sealed, "began": began, "seen": change.at, "ends": began + LONGEST,
        "address": change.actor.address,
    }  # fmt: skip
    change.connection.execute(insert(sessions), values)
    return OpenSession(session_id, f"{session_id}.{secret}", user_id, began + LONGEST)
