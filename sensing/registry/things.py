"""Devices: registering, editing, retiring, finding. What bears on values is dated; what it was before stays readable."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, func, insert, or_, select, update

from sensing.access import check_area
from sensing.audit import Actor
from sensing.errors import ConflictError, NotFoundError, SensingError, ValidationError
from sensing.model import Config, Micros, Origin

from . import dated
from .blanks import take
from .credentials import add_credential
from .database import Change, Database
from .forms import DeviceChanges, DeviceForm
from .history import edited_config
from .identifiers import restore_codes, retire_codes
from .natives import normal
from .newcomers import make_room, revived
from .principals import active_principal, add_principal, set_retired
from .records import Credential, Device, Kind, Registered
from .rows import HIDDEN, add_config, devices_of, new_uids, place, thing_row
from .schema import ACTIVE, IS_ACTIVE, RETIRED, UNDONE, things
from .scope import called, check_device, check_principal, within
from .types import placed

_PAGE = 1_000
_PLAIN = ("name", "area", "note", "settings", "serial")


class DeviceFilter(msgspec.Struct, frozen=True):
    """query: part of an id, native id, name or area. state: `active`, `retired`, or None for both."""

    query: str = ""
    type: str | None = None
    area: str | None = None
    adapter: str | None = None
    principal: str | None = None
    state: str | None = ACTIVE
    areas: tuple[str, ...] = ()
    """Within these only (access.covers); () is everywhere."""


IN_SERVICE = DeviceFilter()


class Things:
    """The registry's nouns for what reports."""

    database: Database
    types: Mapping[str, Any]

    def register_device(
        self, form: DeviceForm, *, actor: Actor, origin: str = Origin.LIVE, run: str = "", label: str = ""
    ) -> Registered:
        """Make a device known, with a principal of its own unless the form names one. label: a blank one that sticks on it (`blanks`).

        Raises ValidationError, NotFoundError for its principal or label, ConflictError naming what holds the id, native id or label.
        """
        with self.database.write(actor) as change:
            credential = self._register(change, form, origin, run, label)
            return Registered(devices_of(change.connection, [thing_row(change.connection, form.id)])[0], credential)

    def register_devices(
        self, forms: Iterable[DeviceForm], *, actor: Actor, origin: str = Origin.LIVE, run: str = ""
    ) -> list[Registered]:
        """Many devices in one transaction: all, or none when one is refused. The error names its device."""
        made: dict[str, Credential | None] = {}
        with self.database.write(actor) as change:
            for form in forms:
                try:
                    made[form.id] = self._register(change, form, origin, run)
                except SensingError as error:
                    raise type(error)(f"{form.id}: {error.what}", error.hint) from None
            return [Registered(device, made[device.id]) for device in _in_order(change.connection, list(made))]

    def edit_device(
        self, device_id: str, changes: DeviceChanges, *, actor: Actor, valid_from: Micros | None = None, valid_to: Micros | None = None,
        by: Mapping[str, float] | None = None,
    ) -> Device:  # fmt: skip
        """Change the fields that are set. zero, datum, unit, offset, mount_height and period_rule hold from `valid_from` (None: now)
        until `valid_to` (None: until the next dated configuration); the others hold at once. by: what is added to zero, offset or
        mount_height. Raises NotFoundError, ValidationError, ConflictError.
        """
        with self.database.write(actor) as change:
            since = change.at if valid_from is None else valid_from
            self.apply_changes(change, device_id, changes, dated.Edit.read(changes, since, valid_to, by))
            return devices_of(change.connection, [thing_row(change.connection, device_id)])[0]

    def apply_changes(self, change: Change, device_id: str, changes: DeviceChanges, edit: dated.Edit | None = None) -> None:
        """`edit_device` in the caller's transaction; edit: of what is dated, None for now."""
        row = thing_row(change.connection, device_id)
        check_device(change.actor, row)
        told = self._edited_row(change, row, changes) | edited_config(
            change, device_id, edit or dated.Edit.read(changes, change.at)
        )
        if told:
            change.connection.execute(update(things).where(things.c.id == device_id).values(changed=change.version))
            change.record("device_edited", device_id, **told)

    def retire_device(self, device_id: str, *, actor: Actor) -> Device:
        """Take a device out of service, restorably; its own principal goes with it unless it carries others. Raises NotFoundError."""
        with self.database.write(actor) as change:
            row = thing_row(change.connection, device_id)
            check_device(actor, row)
            if row.state == ACTIVE:
                retire_codes(change, row)
                self._set_state(change, device_id, RETIRED, change.at)
                if row.principal == device_id and not _carries(change.connection, device_id):
                    set_retired(change, device_id, change.at)
                change.record("device_retired", device_id)
            return devices_of(change.connection, [thing_row(change.connection, device_id)])[0]

    def restore_device(self, device_id: str, *, actor: Actor) -> Device:
        """Take a retired device back, with the credentials it had. Raises NotFoundError, ConflictError naming who has its native id."""
        with self.database.write(actor) as change:
            row = thing_row(change.connection, device_id)
            check_device(actor, row)
            if row.state == RETIRED:
                _refuse_held(change.connection, row.adapter, row.native, device_id)
                if row.principal == device_id:
                    set_retired(change, device_id, None)
                active_principal(change.connection, row.principal)
                restore_codes(change, row)
                self._set_state(change, device_id, ACTIVE, None)
                change.record("device_restored", device_id)
            return devices_of(change.connection, [thing_row(change.connection, device_id)])[0]

    def list_devices(self, chosen: DeviceFilter = IN_SERVICE, *, after: str = "", limit: int = _PAGE) -> list[Device]:
        """A page of the chosen devices by id; `after` is the last id of the page before."""
        query = select(things).where(*_conditions(chosen), things.c.id > after).order_by(things.c.id).limit(limit)
        with self.database.read() as connection:
            return devices_of(connection, connection.execute(query))

    def each_device(self, chosen: DeviceFilter = IN_SERVICE) -> Iterator[Device]:
        """All chosen devices by id, a page of memory at a time."""
        after = ""
        while page := self.list_devices(chosen, after=after):
            yield from page
            after = page[-1].id

    def count_devices(self, chosen: DeviceFilter = IN_SERVICE) -> int:
        with self.database.read() as connection:
            return int(connection.execute(select(func.count()).select_from(things).where(*_conditions(chosen))).scalar_one())

    def show_device(self, device_id: str) -> Device:
        """One device, active or retired. Raises NotFoundError."""
        with self.database.read() as connection:
            return devices_of(connection, [thing_row(connection, device_id)])[0]

    def _register(self, change: Change, form: DeviceForm, origin: str, run: str, label: str = "") -> Credential | None:
        connection = change.connection
        check_area(change.actor.areas, form.area, f"device {form.id}")
        adapter, domain = placed(self.types, form.type, form.adapter)
        native = normal(adapter, form.native or form.id)
        held = connection.execute(select(things.c.state).where(things.c.id == form.id)).scalar()
        if held == UNDONE:
            make_room(change, [form.id])
        elif held is not None:
            remedy = "restore it (`sensing device restore`)" if held == RETIRED else "edit it (`sensing device edit`)"
            raise ConflictError(f"device {form.id} exists already, {held}", f"{remedy}, or choose another id")
        _refuse_held(connection, adapter, native, form.id)
        if form.principal is None:
            if not (held == UNDONE and revived(change, form.id)):
                add_principal(change, form.id, Kind.SENSOR, form.name)
        else:
            _refuse_internal(connection, form.principal)
            check_principal(connection, change.actor, form.principal)
        connection.execute(
            insert(things),
            dict(
                id=form.id,
                type=form.type,
                adapter=adapter,
                native=native,
                principal=form.principal or form.id,
                domain=domain,
                state=ACTIVE,
                created=change.at,
                changed=change.version,
                uid=take(change, label, form.id) if label else new_uids(connection, 1)[0],
                **place(form.lat, form.lon, form.crs),
                **{name: getattr(form, name) for name in _PLAIN},
            ),
        )
        add_config(connection, form.id, Config(**{config: getattr(form, name) for name, config in dated.FIELDS.items()}))
        fields = form.model_dump(mode="json", exclude_defaults=True, exclude={"id", "settings"})
        change.record(
            "device_registered", form.id, **fields | {"adapter": adapter, "native": native, "settings": sorted(form.settings)}
        )
        return add_credential(change, form.id, origin, run) if form.principal is None else None

    def _edited_row(self, change: Change, row: Any, changes: DeviceChanges) -> dict[str, Any]:
        """Apply what is not dated; returns what to tell the audit, {} when nothing moved."""
        wanted = {
            name: getattr(changes, name) for name in (*_PLAIN, "principal", "type", "native") if name in changes.model_fields_set
        }
        values = {name: value for name, value in wanted.items() if value is not None}
        if "settings" in values:
            values["settings"] = {
                name: row.settings.get(name) if value == HIDDEN else value for name, value in values["settings"].items()
            }
        if "type" in values:
            values["domain"] = placed(self.types, values["type"], row.adapter)[1]
        if "native" in values:
            values["native"] = normal(row.adapter, values["native"])
            if row.state == ACTIVE:
                _refuse_held(change.connection, row.adapter, values["native"], row.id)
        if "principal" in values:
            _refuse_internal(change.connection, values["principal"])
            check_principal(change.connection, change.actor, values["principal"])
        if "area" in values:
            check_area(change.actor.areas, values["area"], f"device {row.id}")
        values |= _edited_place(row, changes)
        moved = {name: value for name, value in values.items() if getattr(row, name) != value}
        if moved:
            change.connection.execute(update(things).where(things.c.id == row.id).values(**moved))
        if "principal" in moved and row.principal == row.id and not _carries(change.connection, row.id):
            set_retired(change, row.id, change.at)
        return {name: sorted(value) if name == "settings" else value for name, value in moved.items()}

    def _set_state(self, change: Change, device_id: str, state: str, retired: Micros | None) -> None:
        values = {"state": state, "retired": retired, "changed": change.version}
        change.connection.execute(update(things).where(things.c.id == device_id).values(**values))


def _in_order(connection: Connection, device_ids: list[str]) -> Iterator[Device]:
    """These devices in this order, a page of parameters at a time."""
    for start in range(0, len(device_ids), _PAGE):
        page = device_ids[start : start + _PAGE]
        found = {
            each.id: each for each in devices_of(connection, connection.execute(select(things).where(things.c.id.in_(page))))
        }
        yield from (found[device_id] for device_id in page)


def _conditions(chosen: DeviceFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [things.c.state != UNDONE]
    if chosen.areas:
        found.append(within(chosen.areas))
    if chosen.area is not None:
        found.append(called(chosen.area))
    for name in ("type", "adapter", "principal", "state"):
        wanted = getattr(chosen, name)
        if wanted is not None:
            found.append(things.c[name] == wanted)
    if chosen.query:
        columns = (things.c.id, things.c.native, things.c.name, things.c.area)
        found.append(or_(*(column.icontains(chosen.query, autoescape=True) for column in columns)))
    return found


def _edited_place(row: Any, changes: DeviceChanges) -> dict[str, Any]:
    """The columns of a new position; a system given alone says how the pair that we have was meant."""
    given = changes.model_fields_set
    if {"lat", "lon"} & given:
        return place(changes.lat, changes.lon, changes.crs)
    if "crs" not in given:
        return {}
    try:
        return place(row.raw_lat, row.raw_lon, changes.crs)
    except ValueError as error:
        raise ValidationError(f'crs "{changes.crs}": {error}', "give the position too (--at LAT,LON)") from None


def _carries(connection: Connection, principal_id: str) -> bool:
    query = select(things.c.id).where(things.c.principal == principal_id, IS_ACTIVE).limit(1)
    return connection.execute(query).first() is not None


def _refuse_held(connection: Connection, adapter: str, native: str, but: str) -> None:
    """Raise ConflictError when another active device has this native id under this adapter."""
    query = select(things.c.id).where(things.c.adapter == adapter, things.c.native == native, IS_ACTIVE, things.c.id != but)
    other = connection.execute(query).scalar()
    if other is not None:
        raise ConflictError(
            f"native {native} of {adapter} belongs to device {other}", f"retire {other} first, or correct the native id"
        )


def _refuse_internal(connection: Connection, principal_id: str) -> None:
    """Raise unless a device may be carried by this principal."""
    try:
        kind = active_principal(connection, principal_id).kind
    except NotFoundError:
        raise NotFoundError(
            f'principal "{principal_id}" does not exist', "register it first (`sensing principal register`), or leave it out"
        ) from None
    if kind in (Kind.INTERNAL, Kind.READER):
        what = "the service itself" if kind == Kind.INTERNAL else "a reader, which sends nothing"
        raise ValidationError(f"principal {principal_id} is {what}", "name a gateway, receiver, server or sensor")
