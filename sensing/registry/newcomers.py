"""New devices by the hundred: checked as one is, looked up and inserted together."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update

from sensing.access import check_area
from sensing.errors import ConflictError, NotFoundError, SensingError, ValidationError
from sensing.model import Origin

from .bulk import insert_rows
from .credentials import new_credential, revoke
from .database import Change
from .forms import DeviceForm
from .natives import normal
from .records import Credential, Kind
from .rows import new_uids, place
from .schema import ACTIVE, IS_ACTIVE, UNDONE, configs, credentials, identifiers, principals, things
from .scope import check_principal
from .types import placed

_HOLDERS = select(things.c.native, things.c.id).where(
    things.c.adapter == bindparam("adapter"), things.c.native.in_(bindparam("natives", expanding=True)), IS_ACTIVE
)
_CARRIERS = select(principals.c.id, principals.c.kind, principals.c.retired).where(
    principals.c.id.in_(bindparam("ids", expanding=True))
)


class Newcomers:
    """A chunk of forms whose ids nobody holds; undone: those that an import held which was taken back. `add` says what is wrong with one; `write` inserts those that were added."""

    def __init__(self, change: Change, types: Mapping[str, Any], forms: Sequence[DeviceForm], undone: Sequence[str] = ()) -> None:
        self._change = change
        self._types = types
        connection = change.connection
        self._said: dict[int, tuple[str, str, str]] = {}
        self._placed: dict[tuple[str, str | None], tuple[str, str]] = {}
        self._holders: dict[tuple[str, str], str] = {}
        spoken: dict[str, list[str]] = {}
        for form in forms:
            with suppress(SensingError):  # `add` says it
                adapter, _, native = self._said[id(form)] = self._spoken(form)
                spoken.setdefault(adapter, []).append(native)
        for adapter, natives in spoken.items():  # each by itself, for that is how the index goes
            self._holders |= {
                (adapter, row.native): f"device {row.id}"
                for row in connection.execute(_HOLDERS, {"adapter": adapter, "natives": natives})
            }
        named = {form.principal or form.id for form in forms}
        self._principals = {row.id: row for row in connection.execute(_CARRIERS, {"ids": list(named)})}
        self._undone = frozenset(undone)
        self._things: list[tuple[Any, ...]] = []
        self._serials: list[str] = []
        self._configs: list[tuple[Any, ...]] = []
        self._born: list[dict[str, Any]] = []
        self._revived: list[str] = []
        self._credentials: list[dict[str, Any]] = []

    def add(self, number: int, form: DeviceForm) -> Credential | None:
        """Take a device in with the rest; its credential when no principal is named. Raises ValidationError, ConflictError, NotFoundError."""
        adapter, domain, native = self._said.get(id(form)) or self._spoken(form)
        holder = self._holders.get((adapter, native))
        if holder is not None:
            raise ConflictError(f"native {native} of {adapter} belongs to {holder}", "correct the native id, or retire the other")
        check_area(self._change.actor.areas, form.area, f"device {form.id}")
        self._carried(form)
        self._holders[adapter, native] = f"row {number}"
        change = self._change
        at = place(form.lat, form.lon, form.crs)
        self._things.append((
            form.id, form.type, adapter, native, form.principal or form.id, form.name, at["lon"], at["lat"], at["crs"], at["raw_lon"],
            at["raw_lat"], form.area, domain, json.dumps(form.settings) if form.settings else "{}", ACTIVE, change.at, None, form.note,
            change.version,
        ))  # fmt: skip
        self._serials.append(form.serial)
        self._configs.append((
            form.id, 0, 0, form.zero, form.offset, form.mount_height, form.datum, json.dumps(form.unit) if form.unit else "{}",
            form.period_rule,
        ))  # fmt: skip
        return None if form.principal is not None else self._own(form)

    def write(self) -> None:
        """Insert everything that was added."""
        connection = self._change.connection
        if self._undone:
            make_room(self._change, [each[0] for each in self._things if each[0] in self._undone])
        if self._revived:
            connection.execute(
                update(principals)
                .where(principals.c.id.in_(self._revived))
                .values(retired=None, changed=self._change.credentials_moved())
            )
        for table, rows in ((principals, self._born), (credentials, self._credentials)):
            if rows:
                connection.execute(insert(table), rows)
        uids = new_uids(connection, len(self._things)) if self._things else ()
        insert_rows(
            connection, things, [(*row, uid, serial) for row, uid, serial in zip(self._things, uids, self._serials, strict=True)]
        )
        insert_rows(connection, configs, self._configs)

    def _spoken(self, form: DeviceForm) -> tuple[str, str, str]:
        """(adapter, domain, native id) of a device. Raises ValidationError."""
        key = (form.type, form.adapter)
        found = self._placed.get(key)
        if found is None:
            found = self._placed[key] = placed(self._types, form.type, form.adapter)
        return *found, normal(found[0], form.native or form.id)

    def _carried(self, form: DeviceForm) -> None:
        """Raise unless its principal may carry it, or it may have one of its own."""
        found = self._principals.get(form.principal or form.id)
        if form.principal is None:
            if found is not None and not (found.retired is not None and found.kind == Kind.SENSOR):
                raise ConflictError(
                    f"principal {form.id} exists already, a {found.kind}",
                    "name who carries the device (principal), or choose another id",
                )
        elif found is None:
            raise NotFoundError(
                f'principal "{form.principal}" does not exist',
                "register it first (`sensing principal register`), or leave the cell empty",
            )
        elif found.retired is not None:
            raise ConflictError(f"principal {form.principal} is retired", "restore it first (`sensing principal restore`)")
        elif found.kind in (Kind.INTERNAL, Kind.READER):
            what = "the service itself" if found.kind == Kind.INTERNAL else "a reader, which sends nothing"
            raise ValidationError(f"principal {form.principal} is {what}", "name a gateway, receiver, server or sensor")
        else:
            check_principal(self._change.connection, self._change.actor, form.principal)

    def _own(self, form: DeviceForm) -> Credential:
        change = self._change
        if form.id in self._principals:
            self._revived.append(form.id)
        else:
            self._born.append(
                {
                    "id": form.id,
                    "kind": Kind.SENSOR,
                    "name": form.name,
                    "created": change.at,
                    "changed": change.credentials_moved(),
                }
            )
        credential, stored = new_credential(change, form.id, Origin.LIVE, "")
        self._credentials.append(stored)
        return credential


def revived(change: Change, principal_id: str) -> bool:
    """Let a sensor's own principal in again, when an undo has shut it out; whether there was one."""
    own = (principals.c.id == principal_id, principals.c.kind == Kind.SENSOR, principals.c.retired.is_not(None))
    found = change.connection.execute(select(principals.c.id).where(*own)).first() is not None
    if found:
        change.connection.execute(update(principals).where(*own).values(retired=None, changed=change.credentials_moved()))
    return found


def make_room(change: Change, device_ids: Iterable[str]) -> None:
    """Make room for ids whose devices an undo has taken back."""
    gone = select(things.c.id).where(things.c.id.in_(list(device_ids)), things.c.state == UNDONE)
    ids = list(change.connection.execute(gone).scalars())
    if ids:
        change.connection.execute(delete(configs).where(configs.c.thing.in_(ids)))
        change.connection.execute(delete(identifiers).where(identifiers.c.thing.in_(ids)))
        change.connection.execute(delete(things).where(things.c.id.in_(ids)))


def take_back(change: Change, device_ids: Sequence[str]) -> None:
    """Undo the making of devices. The rows stay until their ids are used again, so that readers see them go; own principals are let in no more."""
    if not device_ids:
        return
    connection = change.connection
    own = select(things.c.id).where(things.c.id.in_(device_ids), things.c.principal == things.c.id)
    carriers = list(connection.execute(own).scalars())
    values = {"state": UNDONE, "retired": change.at, "changed": change.version}
    connection.execute(update(things).where(things.c.id.in_(device_ids)).values(**values))
    if carriers:
        revoke(change, credentials.c.principal.in_(carriers))
        connection.execute(
            update(principals).where(principals.c.id.in_(carriers)).values(retired=change.at, changed=change.credentials_moved())
        )
