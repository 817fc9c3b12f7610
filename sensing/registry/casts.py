"""A cast for a run: gateways with a credential of the run each, and the devices that they carry, registered once and kept.

Things and topics are shared by runs; origin and run hang on the credential (P6). A device that a run brings is marked by its note, and only such
a device is changed when a later run brings it otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from sensing.audit import Actor
from sensing.errors import ConflictError, NotFoundError

from .forms import DeviceChanges, DeviceForm
from .records import Device
from .registry import Registry
from .rows import devices_of
from .schema import ACTIVE, things

NOTES = frozenset({"simulated", "replayed"})
_PAGE = 500
"""Devices in one transaction: other writers get their turn between two."""
_COMPARED = ("name", "type", "native", "principal", "settings", "area", "lat", "lon")
_DATED = ("zero", "offset", "mount_height", "datum", "period_rule")


def enrol(
    registry: Registry, run: str, origin: str, name: str, gateways: Mapping[str, str], devices: Sequence[Mapping[str, Any]], actor: Actor,
) -> dict[str, str]:  # fmt: skip
    """Start a run for gateways (id to kind) and devices (registration fields); returns the passwords of the gateways.

    Raises ConflictError when the run exists, or when somebody else's device has an id or native id of one of these; FormError.
    """
    registry.start_run(run, origin=origin, name=name, actor=actor)
    passwords = {gateway: _password(registry, gateway, kind, origin, run, actor) for gateway, kind in gateways.items()}
    for start in range(0, len(devices), _PAGE):
        _register(registry, [DeviceForm.read(form) for form in devices[start : start + _PAGE]], actor)
    return passwords


def _password(registry: Registry, gateway: str, kind: str, origin: str, run: str, actor: Actor) -> str:
    try:
        return registry.issue_credential(gateway, origin=origin, run=run, actor=actor).password
    except NotFoundError:
        return registry.register_principal(gateway, kind, name=origin, origin=origin, run=run, actor=actor).password


def _register(registry: Registry, forms: Sequence[DeviceForm], actor: Actor) -> None:
    known = {device.id: device for device in _known(registry, [form.id for form in forms])}
    fresh = [form for form in forms if form.id not in known]
    if fresh:
        registry.register_devices(fresh, actor=actor)
    for form in forms:
        if form.id in known:
            _bring_up_to_date(registry, known[form.id], form, actor)


def _bring_up_to_date(registry: Registry, device: Device, form: DeviceForm, actor: Actor) -> None:
    moved = dict(_moved(device, form))
    if device.state == ACTIVE and not moved:
        return
    if device.note not in NOTES:
        raise ConflictError(
            f"device {device.id} is not one that a simulation brought, and differs from it in {', '.join(moved) or 'being retired'}",
            "rename yours, or retire it and take another data folder for drills",
        )
    if device.state != ACTIVE:
        registry.restore_device(device.id, actor=actor)
    if moved:
        registry.edit_device(device.id, DeviceChanges.model_validate(moved), actor=actor, valid_from=0)


def _moved(device: Device, form: DeviceForm) -> Iterator[tuple[str, Any]]:
    for name in _COMPARED:
        wanted = getattr(form, name)
        if name in form.model_fields_set and wanted != getattr(device, name):
            yield name, wanted
            if name in ("lat", "lon"):
                yield "lon" if name == "lat" else "lat", form.lon if name == "lat" else form.lat
    for name in _DATED:
        if name in form.model_fields_set and getattr(form, name) != getattr(device.config, name):
            yield name, getattr(form, name)
    if form.unit and dict(form.unit) != dict(device.config.units):
        yield "unit", form.unit


def _known(registry: Registry, ids: Sequence[str]) -> list[Device]:
    with registry.database.read() as connection:
        return list(devices_of(connection, connection.execute(select(things).where(things.c.id.in_(ids)))))
