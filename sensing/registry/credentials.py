"""Credentials, and the runs that they are issued for, within a transaction that the caller opened."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, insert, or_, select, update

from sensing.access import new_token, seal
from sensing.errors import ConflictError, UsageError, ValidationError
from sensing.model import Micros, Origin
from sensing.topics import is_id

from .database import Change
from .records import Credential
from .schema import credentials, runs

_MOST_LIVE = 64
"""Live credentials of one principal: each costs the door a hash at every connect."""


def add_credential(change: Change, principal_id: str, origin: str, run: str, expires: Micros | None = None) -> Credential:
    """A new credential in the caller's transaction. Raises ValidationError, ConflictError."""
    open_run(change, origin, run)
    live = select(func.count()).where(credentials.c.principal == principal_id, is_live(change.at))
    if change.connection.execute(live).scalar_one() >= _MOST_LIVE:
        raise ConflictError(f"{principal_id} has {_MOST_LIVE} live credentials", "revoke those that nobody uses")
    fresh, stored = new_credential(change, principal_id, origin, run, expires)
    change.connection.execute(insert(credentials), stored)
    change.record("credential_issued", principal_id, credential=fresh.id, origin=origin, run=run)
    return fresh


def new_credential(
    change: Change, principal_id: str, origin: str, run: str, expires: Micros | None = None
) -> tuple[Credential, dict[str, Any]]:
    """A credential and the row that is kept of it, for the caller to insert."""
    secret, credential_id = new_token(), "c-" + new_token()[:12]
    salt, sealed = seal(secret)
    stored = {
        "id": credential_id, "principal": principal_id, "salt": salt, "hash": sealed, "origin": origin, "run": run,
        "created": change.at, "expires": expires, "changed": change.credentials_moved(),
    }  # fmt: skip
    return Credential(credential_id, principal_id, secret, origin, run, expires), stored


def is_live(at: Micros) -> ColumnElement[bool]:
    """The condition under which a credential opens, its principal apart."""
    return and_(credentials.c.revoked.is_(None), or_(credentials.c.expires.is_(None), credentials.c.expires > at))


def open_run(change: Change, origin: str, run: str, name: str = "") -> None:
    """Check that origin and run fit together, and note a run that is new."""
    if origin not in set(Origin):
        raise ValidationError(f'origin "{origin}" does not exist', "write live, simulated or replayed")
    if (origin == Origin.LIVE) != (run == ""):
        raise ValidationError(f'origin {origin} with run "{run}"', "live data have no run; simulated and replayed data need one")
    if not run:
        return
    if not is_id(run):
        raise ValidationError(f"run {run!r} is not an id", "use 1 to 64 of a-z, 0-9 and -")
    found = change.connection.execute(select(runs.c.origin).where(runs.c.id == run)).scalar()
    if found is None:
        change.connection.execute(insert(runs), {"id": run, "origin": origin, "name": name, "started": change.at})
        change.record("run_started", run, origin=origin, name=name)
    elif found != origin:
        raise ConflictError(f"run {run} is {found}, not {origin}", "give this one another id")


def only_pair(connection: Connection, principal_id: str, at: Micros) -> tuple[str, str]:
    """The (origin, run) of its live credentials; of the newest one when none is live."""
    query = select(credentials.c.origin, credentials.c.run).where(credentials.c.principal == principal_id)
    live = {(row.origin, row.run) for row in connection.execute(query.where(is_live(at)))}
    if len(live) > 1:
        known = ", ".join(sorted(f"{origin} {run}".strip() for origin, run in live))
        raise UsageError(
            f"{principal_id} has credentials of several origins: {known}", "say which one to rotate (--origin, --run)"
        )
    if live:
        return live.pop()
    newest = connection.execute(query.order_by(credentials.c.created.desc(), credentials.c.changed.desc())).first()
    return (newest.origin, newest.run) if newest else (Origin.LIVE, "")


def revoke(change: Change, which: ColumnElement[bool]) -> list[str]:
    """End at once those of the chosen credentials that are live; returns their ids."""
    live = select(credentials.c.id).where(which, is_live(change.at))
    ended = list(change.connection.execute(live).scalars())
    if ended:
        version = change.credentials_moved()
        change.connection.execute(update(credentials).where(which, is_live(change.at)).values(revoked=change.at, changed=version))
    return ended
