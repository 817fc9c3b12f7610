"""Devices as GeoJSON (RFC 7946): where each stands or was last seen, and the newest good row of each of its datastreams.

A member `next` beside `features` is the cursor of the page after, as in other lists.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from sensing.query.keep import Box, inside
from sensing.query.known import UNKNOWN
from sensing.registry import Device
from sensing.store.reader import Wanted

from .answers import encode
from .ask import Ask
from .desk import Desk
from .devices import chosen

PAGE, MOST = 1_000, 10_000
KIND = "application/geo+json"
_VALUE = ("property", "statistic", "channel", "time", "result", "unit", "quality", "reason", "origin", "run")
_TOLD = ("id", "type", "adapter", "native", "name", "area", "domain", "state")


def devices(desk: Desk, ask: Ask) -> Response:
    """A page of devices by id. bbox: those that are in it now; what is nowhere is in none."""
    limit, box, runs = ask.number("limit", PAGE, 1, MOST), ask.box(), desk.runs(ask.text("run"))
    filtered, after = chosen(ask), ask.text("cursor")
    features: list[dict[str, Any]] = []
    while len(features) <= limit:
        page = desk.registry.list_devices(filtered, after=after, limit=limit + 1)
        features += [each for each in _features(desk, page, runs) if box is None or _within(box, each)]
        if len(page) <= limit:
            break
        after = page[-1].id
    following = features[limit - 1]["id"] if len(features) > limit else None
    return Response(encode({"type": "FeatureCollection", "features": features[:limit], "next": following}), media_type=KIND)


def _features(desk: Desk, page: Sequence[Device], runs: Sequence[str] | None) -> list[dict[str, Any]]:
    if not page:
        return []
    with desk.stores.take() as store:
        rows = store.latest(Wanted(devices=[device.id for device in page], runs=runs))
    by_device: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_device.setdefault(row["device"], []).append(row)
    return [feature(device, by_device.get(device.id, ())) for device in page]


def feature(device: Device, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One device. rows: its newest, of which one that says where it was counts for more than the registry."""
    seen = max((row for row in rows if row.get("lon") is not None), key=lambda row: str(row["time"]), default=None)
    lon, lat = (device.lon, device.lat) if seen is None else (seen["lon"], seen["lat"])
    told = {name: getattr(device, name) for name in _TOLD}
    times = [str(row["time"]) for row in rows]
    return {
        "type": "Feature",
        "id": device.id,
        "geometry": None if lon is None or lat is None else {"type": "Point", "coordinates": [lon, lat]},
        "properties": told | {
            "label": device.label,
            "time": max(times, default=None),
            "values": [{name: row.get(name) for name in _VALUE} for row in rows],
        },
    }  # fmt: skip


def _within(box: Box, found: Mapping[str, Any]) -> bool:
    place = found["geometry"]
    return place is not None and inside(box, dict(zip(("lon", "lat"), place["coordinates"], strict=True)), UNKNOWN)
