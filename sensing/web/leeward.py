"""Who is downwind of a berth: its ship and cargo, the wind there, the sector to leeward, devices in it and what gases they measure."""

from __future__ import annotations

from typing import Any

from sensing import times
from sensing.errors import NotFoundError
from sensing.maritime import downwind
from sensing.maritime.downwind import Gust
from sensing.maritime.harbours import Berth, shipped
from sensing.maritime.waters import metres
from sensing.store.reader import Wanted
from sensing.store.ship_reader import cargo_of, told_cargo

from .ask import Ask
from .desk import Desk

Row = dict[str, Any]


def leeward(desk: Desk, ask: Ask) -> dict[str, Any]:
    """The answer for a berth now; without a `sector` when no wind was measured near it in the half hour before the newest value.

    Raises NotFoundError for a berth that there is not.
    """
    berth = shipped().berth(ask.path["id"])
    if berth is None:
        raise NotFoundError(f'there is no berth "{ask.path["id"][:40]}"', "`GET /api/places/harbours` lists them")
    runs = desk.runs(ask.text("run"))
    names = ("wind_speed", "wind_direction", *downwind.gases())
    with desk.stores.take() as store:
        rows = store.latest(Wanted((), names, ("instant", "mean/PT1M", "mean/PT10M"), runs=runs))
        ships = _alongside(store.ships(), berth, runs)
    known = desk.catalogue.look({row["device"] for row in rows})
    placed = [
        row | {"place": (known[row["device"]].lon, known[row["device"]].lat)} for row in rows
        if known[row["device"]].lon is not None and known[row["device"]].lat is not None and row["result"] is not None
    ]  # fmt: skip
    gusts = _gusts(placed)
    now = max((gust.time for gust in gusts if metres(berth.point, gust.place) < 25_000), default=0)
    wind = downwind.wind_at(berth.point, gusts, now)
    sector = None if wind is None else downwind.sector(berth.point, wind)
    readings = [_reading(row, berth, sector) for row in placed if row["property"] in downwind.gases()]
    inside = sorted({row["device"] for row in placed if sector is not None and sector.holds(row["place"])})
    return {
        "berth": {"id": berth.id, "name": {"zh": berth.name_zh, "en": berth.name_en}, "port": berth.port, "point": berth.point},
        "ships": ships,
        "wind": None if wind is None else {
            "from": wind.direction, "speed": wind.speed, "device": wind.device, "time": times.rfc3339(wind.time), "away_m": wind.away_m},
        "sector": None if sector is None else {
            "type": "Feature", "geometry": {"type": "Polygon", "coordinates": [sector.polygon()]},
            "properties": {"towards": sector.towards, "half_deg": sector.half_deg, "reach_m": sector.reach_m}},
        "devices": inside,
        "gases": sorted((row for row in readings if row["away_m"] <= 10_000), key=lambda row: (not row["downwind"], row["away_m"])),
    }  # fmt: skip


def _alongside(ships: Any, berth: Berth, runs: Any) -> list[Row]:
    facts, declared = ships.facts(runs), ships.cargoes(runs)
    return [
        {"vessel": call.thing, "name": facts.get((call.thing, call.run), {}).get("name", ""), "run": call.run,
         "berthed": times.rfc3339(stay.begin), "cargo": [told_cargo(one) for one in cargo_of(call, declared)]}
        for call in ships.calls(runs, open_only=True, limit=100_000)
        for stay in call.stays if stay.place == berth.id and stay.end is None
    ]  # fmt: skip


def _gusts(rows: list[Row]) -> list[Gust]:
    """Speed and direction that one device told of one instant."""
    told: dict[tuple[str, str, str], Row] = {}
    for row in rows:
        if row["property"] in ("wind_speed", "wind_direction"):
            told.setdefault((row["device"], row["run"], row["time"]), {"place": row["place"]})[row["property"]] = row["result"]
    return [
        Gust(device, each["place"], times.parse_instant(time), each["wind_speed"], each["wind_direction"])
        for (device, _, time), each in told.items() if len(each) == 3
    ]  # fmt: skip


def _reading(row: Row, berth: Berth, sector: downwind.Sector | None) -> Row:
    limit = downwind.limit_of(row["property"])
    return {
        "device": row["device"], "property": row["property"], "result": row["result"], "unit": row["unit"], "time": row["time"],
        "limit": limit, "exceeded": limit is not None and row["result"] >= limit, "away_m": round(metres(berth.point, row["place"])),
        "downwind": sector is not None and sector.holds(row["place"]), "lon": row["place"][0], "lat": row["place"][1],
    }  # fmt: skip
