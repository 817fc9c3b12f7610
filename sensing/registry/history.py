"""The dated configurations of a device: what a change of the past would be, who made which, and taking the last one back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, select, update

from sensing import audit
from sensing.audit import Actor
from sensing.errors import ConflictError
from sensing.model import Config, Micros

from . import dated
from .database import Change, Database
from .dated import Edit, Span
from .forms import DeviceChanges
from .records import Device
from .rows import add_config, configs_of, devices_of, thing_row
from .schema import import_rows, imports, things
from .scope import check_device

_MOST_LINES = 10_000


class Planned(Struct, frozen=True):
    """What an edit would do. device: as it is. configs: as they would be, in order. added: of those the new ones."""

    device: Device
    configs: tuple[Config, ...]
    added: tuple[Config, ...]
    span: Span | None


class Dated(Struct, frozen=True):
    """One configuration. valid_to: until when it is in force; None is for good. in_force: False where a later one took its place.

    at, by: when it was made and who made it; None where the audit log does not say.
    """

    config: Config
    valid_to: Micros | None
    in_force: bool
    at: Micros | None
    by: str | None


class History:
    """The registry's memory of configurations."""

    database: Database

    def planned(self, device_id: str, changes: DeviceChanges, edit: Edit) -> Planned:
        """What `edit_device` would add. Raises NotFoundError, ValidationError."""
        with self.database.read() as connection:
            device = devices_of(connection, [thing_row(connection, device_id)])[0]
        return _planned(device, dated.edited(device.configs, edit))

    def planned_undo(self, device_id: str) -> Planned:
        """What `undo_edit` would add. Raises NotFoundError, ConflictError when nothing was dated."""
        with self.database.read() as connection:
            device = devices_of(connection, [thing_row(connection, device_id)])[0]
            return _planned(device, dated.undone(device.configs, *_last_edit(connection, device)))

    def undo_edit(self, device_id: str, *, actor: Actor) -> Device:
        """Take the last dated change back, as a change of its own; again takes that back. Raises NotFoundError, ConflictError."""
        with self.database.write(actor) as change:
            row = thing_row(change.connection, device_id)
            check_device(change.actor, row)
            device = devices_of(change.connection, [row])[0]
            first, last = _last_edit(change.connection, device)
            told = _add(change, device_id, dated.undone(device.configs, first, last))
            change.connection.execute(update(things).where(things.c.id == device_id).values(changed=change.version))
            change.record("device_edited", device_id, undone=first, **told)
            return devices_of(change.connection, [thing_row(change.connection, device_id)])[0]

    def history(self, device_id: str) -> list[Dated]:
        """Every configuration, in the order in which they were made. Raises NotFoundError."""
        with self.database.read() as connection:
            device = devices_of(connection, [thing_row(connection, device_id)])[0]
            makers = _makers(connection, device)
        configs = device.configs
        found = []
        for one in sorted(configs, key=lambda each: each.generation):
            at, by = makers.get(one.generation, (None, None))
            valid_to = dated.following(configs, one.valid_from)
            found.append(Dated(one, valid_to, dated.at(configs, one.valid_from) == one, at, by))
        return found


def edited_config(change: Change, device_id: str, edit: Edit) -> dict[str, Any]:
    """Add what an edit dates; returns what to tell the audit, {} when nothing moves."""
    if not edit.moved and not edit.by:
        return {}
    configs = configs_of(change.connection, [device_id])[device_id]
    told = _add(change, device_id, dated.edited(configs, edit))
    if not told:
        return {}
    added = {f"{name}_by": value for name, value in edit.by.items()}
    return {**edit.moved, **added, **told} | ({"valid_to": edit.until} if edit.until is not None else {})


def _add(change: Change, device_id: str, added: Sequence[Config]) -> dict[str, Any]:
    for one in added:
        add_config(change.connection, device_id, one)
    if not added:
        return {}
    return {"valid_from": added[0].valid_from, "generation": added[0].generation, "last": added[-1].generation}


def _planned(device: Device, added: Sequence[Config]) -> Planned:
    configs = dated.in_order((*device.configs, *added))
    return Planned(device, configs, tuple(added), dated.bearing(device.configs, configs))


def _edits(connection: Connection, device_id: str) -> list[audit.Line]:
    lines = audit.latest(connection, _MOST_LINES, device_id)
    return [line for line in lines if line.what in {"device_edited", "device_registered"}]


def _last_edit(connection: Connection, device: Device) -> tuple[int, int]:
    """First and last generation of the last dated change."""
    newest = max(one.generation for one in device.configs)
    if newest == 0:
        raise ConflictError(f"{device.id} has one configuration only", "there is no dated change to take back")
    for line in _edits(connection, device.id):
        first = line.details.get("generation")
        if first is not None and first <= newest <= line.details.get("last", first):
            return int(first), newest
    return newest, newest  # an import says nothing of each device; it dates one


def _makers(connection: Connection, device: Device) -> Mapping[int, tuple[Micros, str]]:
    """Generation to when and by whom: the audit line of the edit, or the import that brought it."""
    found: dict[int, tuple[Micros, str]] = {}
    rows = select(imports.c.at, imports.c.by).join(import_rows, import_rows.c.import_id == imports.c.id)
    brought = {int(at): str(by) for at, by in connection.execute(rows.where(import_rows.c.thing == device.id))}
    for one in device.configs:
        moment = device.created if one.generation == 0 else one.valid_from
        if moment in brought:
            found[one.generation] = moment, brought[moment]
    for line in _edits(connection, device.id):
        first = 0 if line.what == "device_registered" else line.details.get("generation")
        if first is not None:
            found |= dict.fromkeys(range(first, line.details.get("last", first) + 1), (line.at, line.who))
    return found
