"""Who connects, and with what: principals and their credentials. A password opens one credential; (origin, run) hang on that (P6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, func, insert, or_, select, update

from sensing.audit import Actor
from sensing.errors import ConflictError, NotFoundError, ValidationError
from sensing.model import Micros, Origin
from sensing.times import SECOND
from sensing.topics import is_id

from .credentials import add_credential, only_pair, open_run, revoke
from .database import Change, Database
from .records import Credential, CredentialEntry, Kind, Principal, Run
from .schema import ACTIVE, certificates, credentials, principals, runs, things
from .scope import check_principal

INTERNAL = "web"
"""The principal by which the service gives itself commands (DECISIONS "Files and processes")."""
_SYSTEM = Actor("system")
_PAGE = 1_000


class Principals:
    """The registry's nouns for who connects."""

    database: Database

    def register_principal(
        self, principal_id: str, kind: str, name: str = "", *, origin: str = Origin.LIVE, run: str = "", actor: Actor
    ) -> Credential:
        """Make a principal and its first credential. Raises ValidationError, ConflictError."""
        if kind not in set(Kind) - {Kind.INTERNAL}:
            raise ValidationError(f'kind "{kind}" does not exist', "write gateway, receiver, server, sensor, join or reader")
        with self.database.write(actor) as change:
            add_principal(change, principal_id, kind, name)
            return add_credential(change, principal_id, origin, run)

    def issue_credential(
        self, principal_id: str, *, origin: str = Origin.LIVE, run: str = "", expires: Micros | None = None, actor: Actor
    ) -> Credential:
        """One more credential beside those it has, for another origin or run. Raises NotFoundError, ValidationError, ConflictError."""
        with self.database.write(actor) as change:
            active_principal(change.connection, principal_id)
            check_principal(change.connection, actor, principal_id)
            return add_credential(change, principal_id, origin, run, expires)

    def rotate_principal(
        self, principal_id: str, *, overlap_s: float = 0, origin: str | None = None, run: str = "", actor: Actor
    ) -> Credential:
        """A new credential of the same origin and run; the earlier ones end after the overlap, at once when it is 0.

        origin None means the only one that it has. Raises NotFoundError, UsageError when it has several.
        """
        with self.database.write(actor) as change:
            active_principal(change.connection, principal_id)
            check_principal(change.connection, actor, principal_id)
            pair = (Origin(origin), run) if origin else only_pair(change.connection, principal_id, change.at)
            until = change.at + int(overlap_s * SECOND)
            same = and_(credentials.c.principal == principal_id, credentials.c.origin == pair[0], credentials.c.run == pair[1])
            if overlap_s > 0:
                late = or_(credentials.c.expires.is_(None), credentials.c.expires > until)
                ends = update(credentials).where(same, late, credentials.c.revoked.is_(None)).values(expires=until)
                change.connection.execute(ends.values(changed=change.credentials_moved()))
            else:
                revoke(change, same)
            fresh = add_credential(change, principal_id, *pair)
            change.record("principal_rotated", principal_id, credential=fresh.id, overlap_s=overlap_s)
            return fresh

    def revoke_principal(self, principal_id: str, credential_id: str | None = None, *, actor: Actor) -> int:
        """End one credential, or all that are live, at once; returns how many. Raises NotFoundError."""
        with self.database.write(actor) as change:
            _principal(change.connection, principal_id)
            check_principal(change.connection, actor, principal_id)
            which = credentials.c.principal == principal_id
            if credential_id is not None:
                which = and_(which, credentials.c.id == credential_id)
                if change.connection.execute(select(credentials.c.id).where(which)).first() is None:
                    raise NotFoundError(
                        f'{principal_id} has no credential "{credential_id}"', "`sensing principal list` shows them"
                    )
            ended = revoke(change, which)
            if ended:
                change.record("credential_revoked", principal_id, credentials=ended)
            return len(ended)

    def retire_principal(self, principal_id: str, *, actor: Actor) -> None:
        """Refuse it from now on, restorably. Raises NotFoundError; ConflictError while it carries devices."""
        with self.database.write(actor) as change:
            active_principal(change.connection, principal_id)
            check_principal(change.connection, actor, principal_id)
            carried = change.connection.execute(
                select(things.c.id).where(things.c.principal == principal_id, things.c.state == ACTIVE).limit(1)
            ).scalar()
            if carried is not None:
                raise ConflictError(
                    f"{principal_id} still carries {carried}", "retire its devices or move them to another principal first"
                )
            set_retired(change, principal_id, change.at)
            change.record("principal_retired", principal_id)

    def restore_principal(self, principal_id: str, *, actor: Actor) -> None:
        """Let a retired principal in again, by the credentials it had. Raises NotFoundError."""
        with self.database.write(actor) as change:
            check_principal(change.connection, actor, principal_id)
            if _principal(change.connection, principal_id).retired is not None:
                set_retired(change, principal_id, None)
                change.record("principal_restored", principal_id)

    def list_principals(
        self, *, kind: str | None = None, retired: bool = False, after: str = "", limit: int = _PAGE
    ) -> list[Principal]:
        """A page of the principals but the internal ones, by id; retired ones only when asked for."""
        query = select(principals).where(principals.c.kind != Kind.INTERNAL, principals.c.id > after)
        query = query.order_by(principals.c.id).limit(limit)
        if kind is not None:
            query = query.where(principals.c.kind == kind)
        if not retired:
            query = query.where(principals.c.retired.is_(None))
        with self.database.read() as connection:
            return _described(connection, connection.execute(query).all())

    def show_principal(self, principal_id: str) -> Principal:
        """One principal. Raises NotFoundError."""
        with self.database.read() as connection:
            return _described(connection, [_principal(connection, principal_id)])[0]

    def internal_credential(self) -> Credential:
        """A new credential of the service itself, made at each boot; the earlier ones end."""
        with self.database.write(_SYSTEM) as change:
            if change.connection.execute(select(principals.c.id).where(principals.c.id == INTERNAL)).first() is None:
                add_principal(change, INTERNAL, Kind.INTERNAL, "the service itself")
            revoke(change, credentials.c.principal == INTERNAL)
            return add_credential(change, INTERNAL, Origin.LIVE, "")

    def start_run(self, run_id: str, *, origin: str, name: str = "", actor: Actor) -> Run:
        """Name a run before credentials are issued for it. Raises ValidationError, ConflictError."""
        with self.database.write(actor) as change:
            if not is_id(run_id):
                raise ValidationError(f"run {run_id!r} is not an id", "use 1 to 64 of a-z, 0-9 and -")
            if change.connection.execute(select(runs.c.id).where(runs.c.id == run_id)).first():
                raise ConflictError(f"run {run_id} exists", "give this one another id")
            open_run(change, origin, run_id, name)
            return Run(run_id, origin, name, change.at, None)

    def end_run(self, run_id: str, *, actor: Actor) -> int:
        """Close a run and revoke the credentials issued for it; returns how many. Raises NotFoundError."""
        with self.database.write(actor) as change:
            if not change.connection.execute(select(runs.c.id).where(runs.c.id == run_id)).first():
                raise NotFoundError(f'run "{run_id}" does not exist', "`sensing storm list` shows them")
            change.connection.execute(update(runs).where(runs.c.id == run_id, runs.c.ended.is_(None)).values(ended=change.at))
            ended = revoke(change, credentials.c.run == run_id)
            change.record("run_ended", run_id, credentials=len(ended))
            return len(ended)

    def list_runs(self) -> list[Run]:
        """Every run, newest first."""
        with self.database.read() as connection:
            return [Run(*row) for row in connection.execute(select(runs).order_by(runs.c.started.desc(), runs.c.id))]


def add_principal(change: Change, principal_id: str, kind: str, name: str) -> None:
    """A new principal without a credential, in the caller's transaction. Raises ValidationError, ConflictError."""
    if not is_id(principal_id):
        raise ValidationError(f"id {principal_id!r} is not an id", "use 1 to 64 of a-z, 0-9 and -")
    if not name.isprintable():
        raise ValidationError(f"name {name!r} has control characters", "retype it on one line")
    found = change.connection.execute(
        select(principals.c.kind, principals.c.retired).where(principals.c.id == principal_id)
    ).first()
    if found is not None:
        state = "retired: restore it" if found.retired is not None else "use it (--principal)"
        raise ConflictError(f"principal {principal_id} exists already, a {found.kind}", f"{state}, or choose another id")
    change.connection.execute(
        insert(principals),
        {"id": principal_id, "kind": kind, "name": name, "created": change.at, "changed": change.credentials_moved()},
    )
    change.record("principal_registered", principal_id, kind=kind, name=name)


def active_principal(connection: Connection, principal_id: str) -> Row[Any]:
    """The row of a principal that is let in. Raises NotFoundError, ConflictError when it is retired."""
    found = _principal(connection, principal_id)
    if found.retired is not None:
        raise ConflictError(f"principal {principal_id} is retired", "restore it first")
    return found


def set_retired(change: Change, principal_id: str, at: Micros | None) -> None:
    """Retire or restore a principal. Its credentials stay as they are, so that restoring needs no visit to the device."""
    values = update(principals).where(principals.c.id == principal_id).values(retired=at, changed=change.credentials_moved())
    change.connection.execute(values)


def _principal(connection: Connection, principal_id: str) -> Row[Any]:
    found = connection.execute(select(principals).where(principals.c.id == principal_id)).first()
    if found is None:
        raise NotFoundError(f'principal "{principal_id}" does not exist', "`sensing principal list` shows them")
    return found


def _described(connection: Connection, rows: Sequence[Row[Any]]) -> list[Principal]:
    wanted = [row.id for row in rows]
    mine = credentials.c
    count = select(things.c.principal, func.count()).where(things.c.state == ACTIVE, things.c.principal.in_(wanted))
    carried = {owner: int(devices) for owner, devices in connection.execute(count.group_by(things.c.principal))}
    held: dict[str, list[CredentialEntry]] = {}
    fingerprint = func.coalesce(certificates.c.fingerprint, "")
    query = select(mine.principal, mine.id, mine.origin, mine.run, mine.created, mine.expires, mine.revoked, fingerprint)
    query = query.select_from(credentials.outerjoin(certificates))
    for owner, *entry in connection.execute(query.where(mine.principal.in_(wanted)).order_by(mine.created, mine.id)):
        held.setdefault(owner, []).append(CredentialEntry(*entry))
    return [
        Principal(row.id, row.kind, row.name, row.created, row.retired, carried.get(row.id, 0), tuple(held.get(row.id, ())))
        for row in rows
    ]
