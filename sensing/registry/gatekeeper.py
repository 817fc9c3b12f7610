"""The registry as the door reads it (`sensing.model.Gatekeeper`): who may connect, and who may no longer.

`authenticate` always asks the database, so a revoked credential is refused at once. Whether those who are connected may stay is
answered from a set of the credentials that ended since this gatekeeper was made, brought up to date when the change number moves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import bindparam, or_, select

from sensing.access import digest, opens
from sensing.model import Grant, Micros
from sensing.times import now
from sensing.topics import is_id

from .database import Database, Poller
from .engines import Where
from .records import Kind
from .schema import certificates, credentials, principals

_ended = or_(credentials.c.revoked.is_not(None), principals.c.retired.is_not(None))
_columns = (
    credentials.c.id,
    credentials.c.salt,
    credentials.c.hash,
    credentials.c.origin,
    credentials.c.run,
    credentials.c.expires,
    principals.c.kind,
)
_joined = credentials.join(principals, principals.c.id == credentials.c.principal)
_LIVE = (
    select(*_columns)
    .select_from(_joined)
    .where(
        credentials.c.principal == bindparam("principal"),
        or_(credentials.c.expires.is_(None), credentials.c.expires > bindparam("now")),
        credentials.c.revoked.is_(None),
        principals.c.retired.is_(None),
    )
)
_CERTIFIED = _LIVE.join(certificates, certificates.c.credential == credentials.c.id).where(
    certificates.c.fingerprint == bindparam("fingerprint")
)
_MOVED = (
    select(credentials.c.id, _ended.label("ended"), credentials.c.expires)
    .select_from(_joined)
    .where(or_(credentials.c.changed > bindparam("since"), principals.c.changed > bindparam("since")))
)


class RegistryGatekeeper:
    """For one thread. Raises NotFoundError when the registry is not there yet, UnreachableError when it does not answer."""

    def __init__(self, where: Where, clock: Callable[[], Micros] = now) -> None:
        self._clock = clock
        self._database = Database(where)
        self._poller = Poller(self._database)
        self._ended: set[str] = set()
        self._expires: dict[str, Micros] = {}
        self._seen = self._poller.credentials()

    def version(self) -> int:
        """The number of the last change that bears on who may connect."""
        now = self._poller.credentials()
        if now != self._seen:
            self._refresh(self._seen)
            self._seen = now
        return now

    def authenticate(self, username: str, password: bytes) -> Grant | None:
        """The grant of the one credential that the password opens. Unknown names cost a hash too, so time tells nothing."""
        rows = self._poller.rows(_LIVE, {"principal": username, "now": self._clock()}) if is_id(username) else []
        granted = None
        for row in rows:
            if opens(password, row.salt, row.hash):
                granted = Grant(username, row.id, row.origin, row.run, row.expires, row.kind == Kind.READER)
        if not rows:
            digest(b"", password[:64])
        return granted

    def recognise(self, username: str, fingerprint: str) -> Grant | None:
        """The grant of a client certificate, by its SHA-256, if it is a live credential of this principal."""
        if not is_id(username):
            return None
        values = {"principal": username, "now": self._clock(), "fingerprint": fingerprint}
        for row in self._poller.rows(_CERTIFIED, values):
            return Grant(username, row.id, row.origin, row.run, row.expires, row.kind == Kind.READER)
        return None

    def still_valid(self, grant: Grant) -> bool:
        """Whether the credential is neither revoked nor expired, nor its principal retired, as of now."""
        return not self.ended((grant,))

    def ended(self, grants: Iterable[Grant]) -> list[Grant]:
        """Those of the grants that are no longer valid: one look at the database for any number of them."""
        self.version()
        at = self._clock()
        return [grant for grant in grants if grant.credential in self._ended or self._over(grant, at)]

    def close(self) -> None:
        self._poller.close()
        self._database.close()

    def _over(self, grant: Grant, at: Micros) -> bool:
        expires = self._expires.get(grant.credential, grant.expires)
        return expires is not None and expires <= at

    def _refresh(self, since: int) -> None:
        moved: list[Any] = self._poller.rows(_MOVED, {"since": since})
        for credential_id, ended, expires in moved:
            if ended:
                self._ended.add(credential_id)
            else:
                self._ended.discard(credential_id)
            if expires is not None:
                self._expires[credential_id] = expires
