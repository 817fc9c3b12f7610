"""`/id/CODE`: the thing that a code stands for, whatever kind of code it is; and codes that come and go (docs/identifiers.md).

Takes a viewer like every look at a device: a label tells a passer-by nothing but its own characters.
"""

from __future__ import annotations

import contextlib
from typing import Any

from sensing import times
from sensing.access import covers
from sensing.errors import NotFoundError, ValidationError
from sensing.registry import Device, described
from sensing.registry.export import told_codes
from sensing.registry.identifiers import Match

from .answers import Answer
from .ask import Ask
from .blanks import told_blank
from .desk import Desk
from .scope import areas_of

_MULTIPLE_CHOICES = 300


def identify(desk: Desk, ask: Ask) -> Any:
    """One thing whole; 300 and a list when the code stands for several. at: as of then. Raises NotFoundError; `maybe`: an empty list instead."""
    code, at = ask.path["code"].strip(), ask.instant("at")
    areas = areas_of(ask)
    matches = [each for each in desk.registry.identify(code) if covers(areas, each.device.area) and _holds(each, at)]
    now = [each for each in matches if each.valid_to is None] if at is None else matches
    wanted = now or matches
    things = {each.device.id: each.device for each in wanted}
    if not things:
        if not areas and (vessel := _enrolled(desk, code)) is not None:
            return vessel
        blank = told_blank(desk, code.rpartition("/")[2])
        if ask.flag("maybe"):
            return {"code": code, "things": []} | blank
        if blank:
            raise NotFoundError(f"label {code[:40]} is on no device", "open it on a phone, or POST /api/devices with it: `label`")
        raise NotFoundError(
            f'"{code[:80]}" is no code of anything here',
            "an id, a label, a native id (or ADAPTER:NATIVE), a serial number, a URN",
        )
    if len(things) > 1:
        told = [_told(each, [match for match in wanted if match.device.id == each.id]) for each in things.values()]
        return Answer({"code": code, "things": told}, _MULTIPLE_CHOICES)
    (device,) = things.values()
    others = [match for match in matches if match.device.id != device.id]
    return {
        "code": code, **_told(device, [match for match in wanted if match.device.id == device.id]), "history": told_codes(device),
        "formerly": [{"id": each.device.id, **_told_match(each)} for each in others], "device": described(device),
    }  # fmt: skip


def replace(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Other hardware stands for a thing; its series goes on."""
    fields = ask.fields()
    at = fields.get("at")
    for name in ("native", "serial", "at"):
        if not isinstance(fields.get(name), str | None):
            raise ValidationError(f"{name} is not text", 'send {"native": "...", "serial": "...", "at": "2026-09-14T19:00:00Z"}')
    moment = times.parse_instant(at) if at else None
    found = desk.registry.replace_device(
        ask.path["id"], native=fields.get("native"), serial=fields.get("serial"), at=moment, actor=ask.actor
    )
    return described(found)


def add_code(desk: Desk, ask: Ask) -> dict[str, Any]:
    """A thing is found by a further code from now on."""
    scheme, code = _code(ask)
    return described(desk.registry.add_code(ask.path["id"], scheme, code, actor=ask.actor))


def end_code(desk: Desk, ask: Ask) -> dict[str, Any]:
    """A further code is a thing's no longer."""
    scheme, code = _code(ask)
    return described(desk.registry.end_code(ask.path["id"], scheme, code, actor=ask.actor))


def _code(ask: Ask) -> tuple[str, str]:
    scheme, code = (ask.fields().get(name) for name in ("scheme", "code"))
    if not isinstance(scheme, str) or not isinstance(code, str):
        raise ValidationError("scheme and code are needed", 'send {"scheme": "station", "code": "62031500"}')
    return scheme, code


def _holds(match: Match, at: int | None) -> bool:
    return at is None or (match.valid_from <= at and (match.valid_to is None or at < match.valid_to))


def _told(device: Device, matches: list[Match]) -> dict[str, Any]:
    return {
        "id": device.id, "urn": device.urn, "label": device.label, "name": device.name, "type": device.type, "state": device.state,
        "matched": [_told_match(each) for each in matches],
    }  # fmt: skip


def _told_match(match: Match) -> dict[str, Any]:
    return {
        "scheme": match.scheme, "code": match.code, "from": times.rfc3339(match.valid_from) if match.valid_from else None,
        "to": None if match.valid_to is None else times.rfc3339(match.valid_to),
    }  # fmt: skip


def _enrolled(desk: Desk, code: str) -> dict[str, Any] | None:
    """A vessel that enrolled itself: by its id here or its MMSI."""
    with desk.stores.take() as store:
        for adapter in desk.adapters.values():
            names = [code]
            if getattr(adapter, "ENROLS", False):
                with contextlib.suppress(ValueError):
                    names.append(adapter.thing_id(code.removeprefix(f"{adapter.NAME}:")))
            for name in names:
                if (found := store.enrolled(name)) is not None:
                    kind, speaks, native = found
                    matched = {"scheme": "id" if name == code else speaks, "code": native, "from": None, "to": None}
                    return {"code": code, "id": name, "urn": None, "label": None, "name": "", "type": kind, "state": "enrolled",
                            "matched": [matched], "history": [matched], "formerly": [], "device": None}  # fmt: skip
    return None
