"""Whether a story is physical: checks that tests and the score report run on any storm, shipped or brought along.

They ask the story only what anyone may ask, `sample()`, and compare it with other people's formulas on the raw lines of the track's file: nothing here
uses the code that made the numbers, but for what the ground and the rivers keep, which nobody can see from outside.

- Centre: straight between the lines of the file; distances by haversine.
- Radius of strongest wind: Willoughby, Darling and Rahn 2006 (Mon. Wea. Rev. 134): 46.4 exp(-0.0155 V + 0.0169 latitude) km.
- Pressure at a distance: Fujita 1952 (Geophys. Mag. 23): 1010 - dp / sqrt(1 + (r / R)^2).
- Wind at a distance: Willoughby's 2006 outer profile, exp(-(r - R) / X), X = 317.1 - 2.026 V + 1.915 latitude km, of the WMO column. Inside R
  formulas part by more than that, so there a quarter of the column itself is the tolerance, about Holland's 1980 with B = 1, and the strongest wind of the
  passage is checked beside it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from sensing.times import HOUR, MINUTE, from_datetime

from . import runoff, waterside
from .land import Coast, Reach
from .sites import Place
from .tell import Story

Array = NDArray[np.float64]

PRESSURE_HPA, WIND_SHARE, SURGE_H, BALANCE = 15.0, 0.25, 3.0, 0.01
LAG_SHARE, LAG_H = 0.35, 0.75
"""Rivers answer within this share of their lag, or this many hours."""
ENOUGH_MM = 12.0
"""A basin that less ran off from is not asked for its lag."""
_STEP = 5 * MINUTE
_KNOT = 0.514444


@dataclass(frozen=True)
class Check:
    """One check. name: what; where: the place; value: what the story says; wanted: what it should be; margin: how far off it may be."""

    name: str
    where: str
    value: float
    wanted: float
    margin: float
    unit: str

    @property
    def passed(self) -> bool:
        return abs(self.value - self.wanted) <= self.margin

    def __str__(self) -> str:
        mark = "passed" if self.passed else "FAILED"
        return f"{mark} {self.name} {self.where}: {self.value:.3g} {self.unit}, wanted {self.wanted:.3g} +- {self.margin:.2g}"


@dataclass(frozen=True)
class Passage:
    """The closest approach of a storm to a coast station, by the file alone. near: from when until when it is no more than a quarter
    or 15 km farther off than that; far, radius: km; wind: the WMO column there and then, m/s; depth: of the centre below 1010 hPa.
    """

    coast: Coast
    time: int
    near: tuple[int, int]
    far: float
    radius: float
    wind: float
    depth: float
    lat: float


def checks(story: Story) -> tuple[Check, ...]:
    """All that apply: without a storm only rivers and the balance."""
    found = []
    if story.track is not None:
        passage = nearest_passage(story)
        found += [*storm_checks(story, passage), surge_check(story, passage)]
    rain = basin_rain(story)
    return (*found, *lag_checks(story, rain), *balance_checks(story, rain))


def storm_checks(story: Story, passage: Passage) -> tuple[Check, ...]:
    """Pressure and wind at the coast station nearest to the track."""
    place, name = _at(passage.coast), passage.coast.id
    at = np.array([passage.time])
    pressure = float(story.sample("air_pressure", [place], at)[0, 0])
    wanted = 1010.0 - passage.depth / float(np.sqrt(1.0 + (passage.far / passage.radius) ** 2))
    speed = float(story.sample("wind_speed", [place], at)[0, 0])
    outside = max(passage.far - passage.radius, 0.0)
    scaled = passage.wind * float(np.exp(-outside / (317.1 - 2.026 * passage.wind + 1.915 * passage.lat)))
    found = [Check("pressure at closest approach", name, pressure, wanted, PRESSURE_HPA, "hPa")]
    if passage.far >= passage.radius:
        return (*found, Check("wind at closest approach", name, speed, scaled, WIND_SHARE * scaled, "m/s"))
    ratio = passage.radius / max(passage.far, 0.1)
    inside = passage.wind * float(np.sqrt(ratio * np.exp(1.0 - ratio)))
    around = np.arange(passage.time - 6 * HOUR, passage.time + 6 * HOUR, _STEP, dtype=np.int64)
    strongest = float(story.sample("wind_speed", [place], around).max())
    return (
        *found,
        Check("wind in the eye", name, speed, inside, WIND_SHARE * passage.wind, "m/s"),
        Check("strongest wind of the passage", name, strongest, passage.wind, WIND_SHARE * passage.wind, "m/s"),
    )


def surge_check(story: Story, passage: Passage) -> Check:
    """The sea stands highest above the tide while the storm is nearest, at the station nearest to it. In hours before or after that."""
    place = _at(passage.coast)
    times = np.arange(passage.time - 12 * HOUR, passage.time + 12 * HOUR, _STEP, dtype=np.int64)
    above = story.sample("sea_level", [place], times)[0] - story.sample("tide", [place], times)[0]
    highest = int(times[int(np.argmax(above))])
    late = (highest - min(max(highest, passage.near[0]), passage.near[1])) / HOUR
    return Check("surge is highest while the storm is nearest", passage.coast.id, late, 0.0, SURGE_H, "h")


def basin_rain(story: Story) -> dict[str, Array]:
    """Rain over each reach's own land as gauges all over it would tell, mm/h, in steps of five minutes."""
    places = [place for reach in story.land.reaches.values() for place in waterside.ring(reach.centroid, reach.area)]
    told = story.sample("rain_rate", places, story.waterside.middles)
    means = told.reshape(len(story.land.reaches), len(waterside.RING), -1).mean(axis=1)
    return dict(zip(story.land.reaches, means, strict=True))


def lag_checks(story: Story, rain: Mapping[str, Array]) -> tuple[Check, ...]:
    """Gauges of basins that nothing flows into, in hours from the rain that runs off to the flow: where their correlation is best."""
    fed = {reach.downstream for reach in story.land.reaches.values()}
    wanted = [reach for reach in story.land.reaches.values() if reach.id not in fed and not reach.lake]
    times = story.waterside.middles
    found = []
    for reach, flow in zip(wanted, story.sample("discharge", [_at(reach) for reach in wanted], times), strict=True):
        ran = runoff.after_loss([reach], rain[reach.id][None, :], 1 / 12)[0]
        if ran.sum() / 12 < ENOUGH_MM:
            continue
        lag = runoff.mean_lag(reach) - 0.5 * reach.k_h  # between the peak and the middle of the unit hydrograph
        found.append(Check("flow follows rain", reach.id, _delay(ran, flow, 3 * lag), lag, max(LAG_SHARE * lag, LAG_H), "h"))
    return tuple(found)


def balance_checks(story: Story, rain: Mapping[str, Array]) -> tuple[Check, ...]:
    """Rain = lost + stored + out, by river, as shares of the rain; rain and flow integrated from what the story tells."""
    side = story.waterside
    found = []
    for mouth, balance in story.balances.items():
        names = runoff.upstream(story.land, mouth)
        fallen = 0.0
        for name in names:
            reach = story.land.reaches[name]
            fallen += float(rain[name].sum()) / 12 * reach.area * 1000.0
        if fallen < 1e6:
            continue
        fair = runoff.fair_flow(story.land)[mouth]
        flow = story.sample("discharge", [_at(story.land.reaches[mouth])], side.middles)[0]
        out = float((flow - fair).sum()) * 300.0
        share = (balance.lost + balance.stored + out) / fallen
        found.append(Check("rain = lost + stored + out", mouth, share, 1.0, BALANCE, "of the rain"))
    return tuple(found)


def nearest_passage(story: Story) -> Passage:
    """Of all coast stations the one that the track comes nearest to within the story, and when. Raises ValueError without a storm."""
    if story.scenario.track is None:
        raise ValueError(f"{story.scenario.name} has no track")
    lines = list(_lines(story))
    hours, lat, lon, wind, pressure = (np.array(column) for column in zip(*lines, strict=True))
    times = np.arange(story.begin, story.end + 1, _STEP, dtype=np.int64)
    at = times / HOUR
    now_lat, now_lon = np.interp(at, hours, lat), np.interp(at, hours, lon)
    best: Passage | None = None
    for coast in story.land.coasts.values():
        far = _haversine(coast.lat, coast.lon, now_lat, now_lon)
        step = int(np.argmin(far))
        if best is None or far[step] < best.far:
            speed = float(np.interp(at[step], hours[~np.isnan(wind)], wind[~np.isnan(wind)]))
            depth = 1010.0 - float(np.interp(at[step], hours[~np.isnan(pressure)], pressure[~np.isnan(pressure)]))
            radius = 46.4 * float(np.exp(-0.0155 * speed + 0.0169 * now_lat[step]))
            close = times[far <= max(1.25 * far[step], far[step] + 15.0)]
            near = int(close[0]), int(close[-1])
            best = Passage(coast, int(times[step]), near, float(far[step]), radius, speed, max(depth, 0.0), float(now_lat[step]))
    assert best is not None
    return best


def _lines(story: Story) -> Iterator[tuple[float, float, float, float, float]]:
    """Hours since the epoch, latitude, longitude, 10-minute wind m/s and pressure hPa (NaN where empty) of the track's file."""
    assert story.scenario.track is not None
    with story.scenario.track.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            cells = {str(key).lower(): (value or "").strip() for key, value in row.items()}
            try:
                instant = datetime.fromisoformat(cells.get("time") or cells.get("iso_time") or "")
            except ValueError:
                continue
            utc = from_datetime(instant if instant.tzinfo else instant.replace(tzinfo=UTC))
            knots = _number(cells, "wmo_wind_kt_10min", "wmo_wind")
            lat, lon = _number(cells, "wmo_lat", "lat"), _number(cells, "wmo_lon", "lon")
            yield utc / HOUR, lat, lon, knots * _KNOT, _number(cells, "wmo_pres_hpa", "wmo_pres")


def _number(cells: dict[str, str], *names: str) -> float:
    return next((float(cells[name]) for name in names if cells.get(name)), float("nan"))


def _haversine(lat: float, lon: float, lats: Array, lons: Array) -> Array:
    half_lat, half_lon = np.radians(lats - lat) / 2, np.radians(lons - lon) / 2
    part = np.sin(half_lat) ** 2 + np.cos(np.radians(lat)) * np.cos(np.radians(lats)) * np.sin(half_lon) ** 2
    return np.asarray(2 * 6371.0 * np.arcsin(np.sqrt(part)))


def _at(water: Coast | Reach) -> Place:
    return Place(water.lat, water.lon, water=water.ref)


def _delay(cause: Array, effect: Array, most_h: float) -> float:
    """Hours by which `effect` follows `cause`, where their correlation is best."""
    best, found = -2.0, 0
    for shift in range(min(int(most_h * 12), len(cause) // 2)):
        fit = float(np.corrcoef(cause[: len(cause) - shift], effect[shift:])[0, 1])
        if fit > best:
            best, found = fit, shift
    return found / 12
