"""A place before a device is registered there: what is odd about it, which area it is probably in, who stands near.

The same doubts as the checklist's (`place_doubts`), asked for while the engineer can still move the pin.
"""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

from sqlalchemy import func, select

from sensing import land
from sensing.access import covers
from sensing.coordinates import Crs, distance_m, to_wgs84
from sensing.errors import ConflictError, UsageError, ValidationError
from sensing.model import Config
from sensing.registry import Device, DeviceForm
from sensing.registry.natives import normal
from sensing.registry.schema import ACTIVE, IS_ACTIVE, things
from sensing.registry.types import placed

from . import place_doubts
from .answers import page
from .ask import Ask
from .desk import Desk
from .doubts import Doubt
from .scope import areas_of

_REACH = 0.25
"""Degrees: whoever stands further away says nothing about the area."""
_MOST_LOOKED_AT = 200_000
_MOST_NEAR = 400
_TOLD_NEAR = 5
_MOST_AREAS = 1_000


def areas(desk: Desk, ask: Ask) -> dict[str, Any]:
    """The names of areas in use, with how many devices each has, the fullest first."""
    number = func.count()
    query = select(things.c.area, number).where(IS_ACTIVE, things.c.area != "").group_by(things.c.area).order_by(number.desc())
    with desk.registry.database.read() as connection:
        rows = connection.execute(query.limit(_MOST_AREAS)).all()
    return page([{"area": area, "devices": count} for area, count in rows if covers(areas_of(ask), area)])


def look(desk: Desk, ask: Ask) -> dict[str, Any]:
    """A place stated in `crs`, in WGS 84, with doubts, areas and neighbours. type, adapter, native, serial, device: of what is to stand there.

    Raises ValidationError for no place of the world.
    """
    words = {name: ask.text(name) for name in ("type", "adapter", "native", "serial")}
    stated = {"lat": ask.text("lat"), "lon": ask.text("lon"), "crs": ask.text("crs") or "wgs84"}
    if not stated["lat"] or not stated["lon"]:
        raise UsageError("lat and lon are needed", "give degrees, such as lat=24.512&lon=117.654")
    form = DeviceForm.read({"id": ask.text("device") or "new", "type": words["type"] or "generic", **stated})
    lat, lon = form.lat or 0.0, form.lon or 0.0
    here = to_wgs84((lon, lat), form.crs)
    device = _supposed(desk, form, here, words)
    kind = desk.types.get(form.type)
    near = _near(desk, ask, here, form.id)
    found: list[Doubt] = list(place_doubts.of_place(device, kind, (), ()))
    if device.adapter:
        found += place_doubts.of_names(device, desk.registry.database, sorted(desk.adapters), areas_of(ask))
    return {
        "lon": here[0], "lat": here[1], "crs": str(form.crs), "shore_m": land.shore_m(here),
        "doubts": [{"reason": one.reason, "remedy": one.remedy, "fails": one.fails, **one.told} for one in found],
        "areas": _guessed(near), "near": near[:_TOLD_NEAR],
    }  # fmt: skip


def _supposed(desk: Desk, form: DeviceForm, here: tuple[float, float], words: dict[str, str]) -> Device:
    """A device that is not registered yet, as the doubts look at one."""
    try:
        adapter, domain = placed(desk.types, form.type, words["adapter"] or None)
    except ValidationError:  # a type that fits any protocol, and none said yet
        adapter, domain = "", ""
    native = words["native"]
    with suppress(ValidationError):  # of an id that is none registering will speak, the place is another matter
        native = normal(adapter, native) if adapter and native else native
    return Device(
        form.id, form.type, adapter, native, form.id, "", *here, str(form.crs or Crs.WGS84), form.lon, form.lat, "", domain, {},
        ACTIVE, 0, None, "", 0, words["serial"], (Config(),),
    )  # fmt: skip


def _near(desk: Desk, ask: Ask, here: tuple[float, float], but: str) -> list[dict[str, Any]]:
    """Devices around a place, the nearest first; of many devices those that are looked at within bounds."""
    lon, lat = here
    wide = _REACH / max(0.1, math.cos(math.radians(lat)))
    some = select(things.c.id, things.c.name, things.c.type, things.c.area, things.c.lon, things.c.lat).where(IS_ACTIVE)
    looked = some.limit(_MOST_LOOKED_AT).subquery()
    around = select(looked).where(
        looked.c.lat.between(lat - _REACH, lat + _REACH), looked.c.lon.between(lon - wide, lon + wide), looked.c.id != but
    )
    with desk.registry.database.read() as connection:
        rows = connection.execute(around.limit(_MOST_NEAR)).all()
    seen = [row for row in rows if covers(areas_of(ask), row.area)]
    told = [
        {"id": row.id, "name": row.name, "type": row.type, "area": row.area, "lon": row.lon, "lat": row.lat,
         "metres": round(distance_m(here, (row.lon, row.lat)))}
        for row in seen
    ]  # fmt: skip
    return sorted(told, key=lambda one: one["metres"])


def _guessed(near: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Areas by how near their devices stand: each of the nearest speaks for its own, the nearer the louder."""
    said: dict[str, float] = {}
    closest: dict[str, int] = {}
    for one in near[:20]:
        if one["area"]:
            said[one["area"]] = said.get(one["area"], 0.0) + 1 / (50 + one["metres"])
            closest.setdefault(one["area"], one["metres"])
    return [{"area": area, "metres": closest[area]} for area in sorted(said, key=lambda area: -said[area])]


def unused(desk: Desk, ask: Ask) -> dict[str, Any]:
    """An id that nobody has, made of words: `gauge` becomes `gauge-7`. `like`: what it begins with."""
    start = place_id(ask.text("like")) or "device"
    query = select(things.c.id).where(things.c.id >= start, things.c.id < start + "~").limit(100_000)
    with desk.registry.database.read() as connection:
        taken = set(connection.execute(query).scalars())
    for number in range(1, 1_000_000):
        if (found := f"{start}-{number}") not in taken:
            return {"id": found}
    raise ConflictError(f"every id like {start} is taken", "begin with other letters")


def place_id(text: str) -> str:
    """The letters of an id in a text: a-z, 0-9 and -, without a number at its end."""
    kept = "".join(sign if sign.isascii() and (sign.isalnum()) else "-" for sign in text.lower())
    bare = "-".join(part for part in kept.split("-") if part)
    return bare.rstrip("0123456789").rstrip("-")[:56]
