"""One-time links: a person at a browser is let in once, without a password. The link carries `<id>.<secret>`; the secret is kept as tokens are, sealed.

Who makes one hands over a key to that person's rights, so it is an administrator's to make, opens once, for minutes, and both are in the audit.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import delete, insert, select

from sensing.access import Role, new_token, opens, seal
from sensing.audit import Actor
from sensing.errors import ConflictError, NotFoundError, ValidationError
from sensing.model import Micros
from sensing.times import DAY, MINUTE, SECOND

from .database import Database
from .passwords import seal_password
from .schema import links, users
from .sessions import OpenSession, begin

LASTS, LONGEST = 15 * MINUTE, DAY
_MOST = 256


@dataclass(frozen=True)
class SignInLink:
    """A link on the one occasion that its text is known. ends: when it opens nothing any more."""

    text: str = field(repr=False)
    user: str
    ends: Micros


class Links:
    """The registry's nouns for one-time links."""

    database: Database

    def make_link(self, user_id: str, *, lasts: Micros = LASTS, actor: Actor) -> SignInLink:
        """A link that signs this person in, once. Raises NotFoundError, ValidationError; ConflictError while a one-time password waits."""
        if not SECOND <= lasts <= LONGEST:
            raise ValidationError(f"{lasts / SECOND:g} s is no time for a link", "give 1s to 24h, such as 15m")
        with self.database.write(actor) as change:
            row = change.connection.execute(select(users).where(users.c.id == user_id)).first()
            if row is None or row.removed is not None:
                raise NotFoundError(f'user "{user_id[:64]}" does not exist', "`sensing user list` shows them")
            if row.must_change:
                what = f"{user_id} has yet to replace a one-time password"
                raise ConflictError(what, "`sensing user password` makes another, which is their way in")
            change.connection.execute(delete(links).where(links.c.ends <= change.at))
            link_id, secret = "l-" + new_token()[:16], new_token()
            salt, sealed = seal(secret)
            values = {"id": link_id, "user": user_id, "salt": salt, "hash": sealed, "ends": change.at + lasts}
            change.connection.execute(insert(links), values)
            change.record("link_made", user_id, link=link_id)
            return SignInLink(f"{link_id}.{secret}", user_id, change.at + lasts)

    def open_link(self, text: str, *, address: str) -> OpenSession | None:
        """The session that a link opens; None for one that is used, over or wrong: which it was is not told."""
        link_id, _, secret = text.partition(".")
        if len(text) > _MOST or not self._opens(link_id, secret):
            return None
        with self.database.write(Actor("nobody", address)) as change:
            row = change.connection.execute(
                select(links.c.user)
                .join_from(links, users)
                .where(links.c.id == link_id, links.c.ends > change.at, users.c.removed.is_(None))
            ).first()
            if row is None:  # somebody else was first
                return None
            change.connection.execute(delete(links).where(links.c.id == link_id))
            change.record("link_used", row.user, link=link_id)
            return begin(change, row.user, change.at)

    def ensure_guest(self, user_id: str, role: Role, *, actor: Actor) -> None:
        """A person whom nobody's password lets in, only links: made unless there is one of that name."""
        with self.database.read() as connection:
            if connection.execute(select(users.c.id).where(users.c.id == user_id)).first() is not None:
                return
        sealed = seal_password(new_token() + new_token())
        with self.database.write(actor) as change:
            values = {
                "id": user_id, "name": "", "role": role.word, "areas": [], "hash": sealed, "must_change": False, "setup_ends": None,
                "created": change.at,
            }  # fmt: skip
            change.connection.execute(insert(users), values)
            change.record("user_added", user_id, role=role.word, areas=[])

    def _opens(self, link_id: str, secret: str) -> bool:
        with self.database.read() as connection:
            row = connection.execute(select(links.c.salt, links.c.hash).where(links.c.id == link_id)).first()
        return row is not None and opens(secret.encode("utf-8", "replace"), row.salt, row.hash)
