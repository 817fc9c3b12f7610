"""Devices: registering, finding, editing, retiring, and accepting from quarantine what knocked before it was registered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from starlette.responses import Response, StreamingResponse

from sensing import topics
from sensing.errors import ConflictError
from sensing.registry import Credential, Device, DeviceFilter, Registered, described
from sensing.store.reader import Wanted
from sensing.things import ThingType

from .answers import NDJSON, attachment, page
from .ask import Ask
from .desk import Desk
from .levels import levels
from .principals import credential, told_principal, turn_over
from .scope import areas_of

PAGE = 1_000
_MOST = 10_000


def devices(desk: Desk, ask: Ask) -> dict[str, Any]:
    """A page of devices by id."""
    limit = ask.number("limit", PAGE, 1, _MOST)
    found = desk.registry.list_devices(chosen(ask), after=ask.text("cursor"), limit=limit + 1)
    return page([described(device) for device in found[:limit]], found[limit - 1].id if len(found) > limit else None)


def settings(desk: Desk, ask: Ask) -> dict[str, Any]:
    """A device's own settings whole, payload keys among them: for `sensing decode --device`."""
    return dict(desk.registry.show_device(ask.path["id"]).settings)


def device(desk: Desk, ask: Ask) -> dict[str, Any]:
    """One device with who carries it, what it measured last, and what is true of it."""
    found = desk.registry.show_device(ask.path["id"])
    with desk.stores.take() as store:
        latest = store.latest(Wanted(devices=[found.id], runs=desk.runs("")))
        facts = store.facts(found.id)
    return described(found) | {
        "topic": topics.up(found.adapter, found.principal),
        "carrier": told_principal(desk.registry.show_principal(found.principal)),
        "latest": latest,
        "facts": facts,
        "levels": levels(desk, found, latest),
    }


def told_registered(desk: Desk, done: Registered) -> dict[str, Any]:
    """The contract's `device register -o json`. password: null when a principal that was known already carries the device."""
    found = done.device
    return {
        "id": found.id, "adapter": found.adapter, "native": found.native, "principal": found.principal, "username": found.principal,
        "password": done.credential.password if done.credential else None, "topic": topics.up(found.adapter, found.principal),
        "broker": broker(desk), "device": described(found),
    }  # fmt: skip


def broker(desk: Desk) -> str:
    """Where devices connect: TLS when it is on."""
    mqtt: Mapping[str, Any] = desk.about().get("mqtt") or {}
    settings = desk.settings.mqtt
    host = mqtt.get("host") or settings.host
    if mqtt.get("tls_port") or (not mqtt and settings.tls_cert):
        return f"mqtts://{host}:{mqtt.get('tls_port') or settings.tls_port}"
    return f"mqtt://{host}:{mqtt.get('port') or settings.port}"


def rotate(desk: Desk, ask: Ask) -> dict[str, Any]:
    """A new password for a device that connects by itself. Raises ConflictError for one that a gateway carries."""
    found = desk.registry.show_device(ask.path["id"])
    if found.principal != found.id:
        raise ConflictError(
            f"{found.id} is carried by {found.principal}",
            f"rotate that: `sensing principal rotate {found.principal}`; others use it too",
        )
    return told_rotated(desk, found, turn_over(desk, ask, found.principal))


def told_rotated(desk: Desk, found: Device, fresh: Credential) -> dict[str, Any]:
    return {
        "id": found.id, "adapter": found.adapter, "native": found.native, "principal": found.principal, **credential(fresh),
        "topic": topics.up(found.adapter, found.principal), "broker": broker(desk),
    }  # fmt: skip


def retire(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Take a device out of service, restorably."""
    return described(desk.registry.retire_device(ask.path["id"], actor=ask.actor))


def restore(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Take a retired device back, with the credentials it had."""
    return described(desk.registry.restore_device(ask.path["id"], actor=ask.actor))


def unregister(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Undo a registration of the last ten minutes: id and native id are free again. Raises ConflictError for an older one."""
    desk.registry.unregister_device(ask.path["id"], actor=ask.actor)
    return {"id": ask.path["id"], "state": "undone"}


def export(desk: Desk, ask: Ask) -> Response:
    """Devices as the CSV that people fill in, or as NDJSON with everything; never a secret."""
    layout = ask.choice("format", "csv", "json")
    pieces: Iterator[str] = desk.registry.export_devices(layout, chosen(ask))
    desk.registry.record("devices_exported", layout, actor=ask.actor)
    if layout == "csv":
        marked = chain(["\ufeff"], pieces) if ask.flag("bom") else pieces
        return StreamingResponse(marked, 200, attachment("devices.csv"), "text/csv; charset=utf-8")
    return StreamingResponse(pieces, media_type=NDJSON)


def types(desk: Desk, _ask: Ask) -> dict[str, Any]:
    """Thing types: what a kind of device is."""
    return page([_told_type(found) for _, found in sorted(desk.types.items())], adapters=sorted(desk.adapters))


def _told_type(found: ThingType) -> dict[str, Any]:
    return found.model_dump(mode="json")


def chosen(ask: Ask) -> DeviceFilter:
    """Which devices a request is about, of those that the one who asks may see."""
    state = ask.choice("state", "active", "retired", "all")
    names = {name: ask.text(name) or None for name in ("type", "area", "adapter", "principal")}
    return DeviceFilter(query=ask.text("query"), state=None if state == "all" else state, areas=areas_of(ask), **names)
