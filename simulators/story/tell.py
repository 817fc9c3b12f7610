"""A story that can be asked: QUANTITIES of Places at times."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sensing.errors import UsageError
from sensing.model import Micros
from sensing.times import DAY, HOUR

from . import air, drainage, land, rain, runoff, scenario, surge, tide, weather, wind
from .land import Land
from .memory import RainMemory, Wet
from .runoff import Balance
from .scenario import Scenario
from .sites import Place, Sites
from .track import Track
from .track import load as load_track
from .waterside import Waterside
from .weather import Sky

Array = NDArray[np.float64]
Times = NDArray[np.int64]

QUANTITIES: Mapping[str, str] = {
    "air_pressure": "hPa", "wind_speed": "m/s", "wind_direction": "deg", "wind_gust": "m/s", "rain_rate": "mm/h", "rain_total": "mm",
    "air_temperature": "Cel", "relative_humidity": "%", "tide": "m", "surge": "m", "sea_level": "m", "stage": "m", "discharge": "m3/s",
    "reservoir_level": "m", "ponding_depth": "m", "soil_moisture": "%", "wave_height": "m", "pm2_5": "ug/m3", "pm10": "ug/m3",
    "so2": "ug/m3", "no2": "ug/m3", "o3": "ug/m3", "co": "mg/m3", "voc": "mg/m3", "sound_level": "dB", "water_temperature": "Cel",
}  # fmt: skip
"""What may be asked for, and its unit."""

PLACES_AT_ONCE = 4096
VALUES_AT_ONCE = 400_000
"""More is reckoned in parts, so that what is held beside the answer stays below some 100 MB."""
_SITES_KEPT = 64
HOME = (24.48, 118.05)
"""Between Xiamen and Zhangzhou: another track is played around its nearest approach to here."""


@dataclass(frozen=True)
class _Air:
    """Wind east and north, m/s; pressure at sea level, and how much a storm lowers it, hPa; rain, mm/h; swell of
    a storm in the open, m. (places, times).
    """

    east: Array
    north: Array
    pressure: Array
    depth: Array
    rain: Array
    swell: Array


class Story:
    """One storm, told from `begin` to `end` (microseconds UTC). land: the waters that places may name. track: None without a storm."""

    def __init__(self, told: Scenario, seed: int, country: Land, best: Track | None) -> None:
        self.scenario = told
        self.seed = seed
        self.begin: Micros = told.begin
        self.end: Micros = told.end
        self.land = country
        self.track = best
        self._sites: OrderedDict[tuple[Place, ...], tuple[Sites, RainMemory]] = OrderedDict()
        self._airs: OrderedDict[tuple[int, bytes], tuple[Sites, _Air]] = OrderedDict()

    def sample(self, quantity: str, places: Sequence[Place], times: Times) -> Array:
        """Values, shape (len(places), len(times)), in the unit that QUANTITIES says. times: microseconds UTC, in any order.

        A place and time have the same number whatever else is asked for, before or with it. Times outside [begin, end] have values as
        well: weather and tide their own, rivers from a day before to six hours after, rain_total 0 before. Raises UsageError for a
        quantity that is not one, or a place without the water that it needs.
        """
        if quantity not in QUANTITIES:
            raise UsageError(f"quantity {quantity!r} is unknown", f"take one of {', '.join(QUANTITIES)}")
        times = np.ascontiguousarray(times, dtype=np.int64)
        found = np.empty((len(places), len(times)))
        for first in range(0, len(places), PLACES_AT_ONCE):
            part = tuple(places[first : first + PLACES_AT_ONCE])
            sites, memory = self._ready(part)
            width = max(1, VALUES_AT_ONCE // len(part))
            for start in range(0, len(times), width):
                now = times[start : start + width]
                found[first : first + len(part), start : start + width] = self._ways[quantity](sites, memory, now)
        return found

    @cached_property
    def balances(self) -> Mapping[str, Balance]:
        """Where the rain went, by the last reach of each river."""
        return self.waterside.rivers.balances

    @cached_property
    def waterside(self) -> Waterside:
        """Sea, rivers and drains, reckoned at the first question about them."""
        return Waterside(self.land, (self.begin, self.end), self._rain, self._winds, self._tides, self.scenario.sea_m)

    def _ready(self, places: tuple[Place, ...]) -> tuple[Sites, RainMemory]:
        found = self._sites.get(places)
        if found is None:
            sites = Sites(self.land, places)
            found = sites, RainMemory(sites.count, self.begin, partial(self._rain, sites))
            self._sites[places] = found
            if len(self._sites) > _SITES_KEPT:
                self._sites.popitem(last=False)
        else:
            self._sites.move_to_end(places)
        return found

    @cached_property
    def _ways(self) -> Mapping[str, Callable[[Sites, RainMemory, Times], Array]]:
        ways: dict[str, Callable[[Sites, RainMemory, Times], Array]] = {
            "air_pressure": lambda s, _, t: self._air(s, t).pressure * np.exp(-s.elevation / 8430.0)[:, None],
            "wind_speed": lambda s, _, t: self._speed(s, t) * wind.unsteady(self.seed, s, t),
            "wind_direction": lambda s, _, t: np.mod(
                np.degrees(np.arctan2(-self._air(s, t).east, -self._air(s, t).north)), 360.0
            ),
            "wind_gust": self._gust,
            "rain_rate": lambda s, _, t: self._air(s, t).rain,
            "rain_total": lambda _, m, t: m.at(t).total,
            "air_temperature": lambda s, _, t: weather.temperature(self.seed, s, t, self._sky(s, t)),
            "relative_humidity": lambda s, m, t: weather.humidity(self.seed, s, t, self._sky(s, t), m.at(t)),
            "soil_moisture": lambda s, m, t: weather.soil_moisture(s, m.at(t)),
            "water_temperature": lambda s, m, t: weather.water_temperature(s, t, m.at(t)),
            "sound_level": lambda s, _, t: weather.sound(self.seed, s, t, self._sky(s, t)),
            "tide": lambda s, _, t: self._tides(t)[s.waters_of("coast")[0]],
            "surge": lambda s, _, t: self._surge(s, t),
            "sea_level": lambda s, _, t: self._tides(t)[s.waters_of("coast")[0]] + self._surge(s, t),
            "wave_height": lambda s, _, t: self._waves(s, t),
            "discharge": lambda s, _, t: self._flow(s, t),
            "stage": self._stage,
            "reservoir_level": self._lakes,
            "ponding_depth": self._ponds,
            "o3": lambda s, _, t: air.ozone(self.seed, s, t, self._sky(s, t)),
            "voc": lambda s, _, t: self._voc(s, t),
        }
        for kind in air.KINDS:
            ways[kind] = partial(self._pollutant, kind)
        return ways

    # The air

    def _air(self, sites: Sites, times: Times) -> _Air:
        """Kept for the last few questions: several quantities of the same places and times need it."""
        key = id(sites), times.tobytes()
        kept = self._airs.get(key)
        if kept is not None and kept[0] is sites:
            return kept[1]
        made = self._made_air(sites, times)
        self._airs[key] = sites, made
        if len(self._airs) > 3:
            self._airs.popitem(last=False)
        return made

    def _made_air(self, sites: Sites, times: Times) -> _Air:
        east, north = wind.fair(self.scenario, self.seed, sites, times)
        pressure, depth = wind.around(times)[None, :], np.zeros((sites.count, len(times)))
        storm = wind.vortex(self.track, sites, times) if self.track is not None else None
        if storm is not None:
            calm = 1.0 - np.clip(np.hypot(storm.east, storm.north) / 10.0, 0.0, 1.0) * storm.centre.life
            calm = np.where(storm.far < 4.0 * storm.radius, np.minimum(calm, 0.25), calm)
            east, north = storm.east + calm * east, storm.north + calm * north
            depth = storm.depth
            pressure = pressure + (np.clip(pressure, *wind.STORMY) - pressure) * storm.centre.life - depth
        friction = sites.friction[:, None]
        east, north = east * friction, north * friction
        falling = self._made_rain(storm, (east, north), sites, times)
        swell = surge.swell(storm) if storm is not None else np.zeros_like(depth)
        return _Air(east, north, pressure + np.zeros_like(depth), depth, falling, swell)

    def _made_rain(self, storm: wind.Vortex | None, blowing: tuple[Array, Array], sites: Sites, times: Times) -> Array:
        if self.scenario.rain == "typhoon" and storm is not None:
            return rain.typhoon(storm, blowing, self.seed, sites, times)
        if self.scenario.rain == "plum":
            return rain.plum(self.seed, sites, times)
        return np.zeros((sites.count, len(times)))

    def _rain(self, sites: Sites, times: Times) -> Array:
        return self._made_air(sites, times).rain

    def _winds(self, sites: Sites, times: Times) -> tuple[Array, Array, Array]:
        now = self._made_air(sites, times)
        return now.east, now.north, now.pressure

    def _speed(self, sites: Sites, times: Times) -> Array:
        now = self._air(sites, times)
        return np.hypot(now.east, now.north)

    def _gust(self, sites: Sites, _: RainMemory, times: Times) -> Array:
        mean = self._speed(sites, times) * wind.unsteady(self.seed, sites, times)
        return np.asarray(mean * (wind.gust_factor(sites)[:, None] + 0.5 * (wind.unsteady(self.seed + 1, sites, times) - 1.0)))

    def _sky(self, sites: Sites, times: Times) -> Sky:
        now = self._air(sites, times)
        return Sky(now.rain, np.hypot(now.east, now.north), weather.clouds(now.rain, now.depth))

    def _pollutant(self, name: str, sites: Sites, memory: RainMemory, times: Times) -> Array:
        wet = memory.at(times) if self.scenario.rain != "none" else _dry(sites, times)
        return air.pollutant(name, self.seed, sites, times, self._sky(sites, times), wet)

    def _voc(self, sites: Sites, times: Times) -> Array:
        usual = air.background(self.seed, sites, times, self._sky(sites, times))
        leak = self.scenario.leak
        if leak is None:
            return usual
        source, _ = self._ready((Place(leak.lat, leak.lon),))
        blowing = self._made_air(source, times)
        return usual + air.plume(leak, sites, times, blowing.east[0], blowing.north[0])

    # The water

    def _tides(self, times: Times) -> Array:
        return np.array([tide.level(coast, times) for coast in self.land.coasts.values()])

    def _surge(self, sites: Sites, times: Times) -> Array:
        return self.waterside.ask(self.waterside.surges, sites.waters_of("coast")[0], times, self.waterside.ends)

    def _waves(self, sites: Sites, times: Times) -> Array:
        """At a coast station its own; elsewhere at sea over open water."""
        coasts = list(self.land.coasts.values())
        rows, _ = sites.waters_of("coast")
        now = self._air(sites, times)
        named = np.array([water.startswith("coast:") for water in sites.waters])
        bearing = np.radians(np.array([coasts[row].seaward for row in rows]))[:, None]
        onshore = np.maximum(-(now.east * np.sin(bearing) + now.north * np.cos(bearing)), 0.0)
        fetch = np.where(named, [coasts[row].fetch_km for row in rows], 200.0)
        depth = np.where(named, [coasts[row].depth_m for row in rows], 45.0)
        opened = np.where(named, [coasts[row].open for row in rows], 1.0)[:, None]
        speed = np.where(named[:, None], onshore, np.hypot(now.east, now.north))
        outside = np.minimum(np.hypot(now.swell, 0.5), 0.55 * depth[:, None])
        return np.asarray(0.08 + opened * np.hypot(surge.waves(fetch, depth, speed), outside))

    def _flow(self, sites: Sites, times: Times) -> Array:
        rows, shares = sites.waters_of("reach")
        side = self.waterside
        above = side.ask(side.rivers.into, rows, times, side.middles)
        foot = side.ask(side.rivers.out, rows, times, side.middles)
        return np.asarray((1.0 - shares[:, None]) * above + shares[:, None] * foot)

    def _stage(self, sites: Sites, _: RainMemory, times: Times) -> Array:
        rows, shares = sites.waters_of("reach")
        flow = self._flow(sites, times)
        level = np.empty_like(flow)
        for number, reach in enumerate(self.land.reaches.values()):
            here = np.flatnonzero(rows == number)
            if len(here):
                part = runoff.share_of_land(self.land, reach.id, shares[here])
                level[here] = runoff.stage(reach, flow[here], part[:, None])
        return level

    def _lakes(self, sites: Sites, _: RainMemory, times: Times) -> Array:
        return self.waterside.ask(self.waterside.rivers.lakes, sites.waters_of("lake")[0], times, self.waterside.ends)

    def _ponds(self, sites: Sites, _: RainMemory, times: Times) -> Array:
        rows, shares = sites.waters_of("drain")
        deepest = self.waterside.ask(self.waterside.ponds, rows, times, self.waterside.ends)
        return np.asarray(np.maximum(deepest - (1.0 - shares[:, None]) * drainage.AT_M, 0.0))


def _dry(sites: Sites, times: Times) -> Wet:
    none = np.zeros((sites.count, len(times)))
    return Wet(none, none, none)


def open_story(
    name_or_path: str,
    seed: int | None = None,
    *,
    track: str | Path | None = None,
    begin: Micros | None = None,
    end: Micros | None = None,
) -> Story:
    """A shipped scenario by name, or a scenario file by path. seed: None for the scenario's own.

    track: another best track (any IBTrACS-like CSV); the window then moves with it, the nearest approach to HOME in its middle, and is 48 h at
    least. begin, end: another window, as for a demo that begins now. Raises UsageError for what is not there, ValidationError for
    a bad file: file, line, what to do.
    """
    told = scenario.load(name_or_path)
    best = _track(told.track if track is None else Path(track))
    if track is not None and best is not None:
        told = replace(told, track=Path(track), rain="typhoon", landfall=best.landfall())
        half = max(told.end - told.begin, 2 * DAY) // 2
        middle = best.nearest(*HOME)[0] // HOUR * HOUR
        told = told.moved(middle - half, middle + half)
    if begin is not None or end is not None:
        told = told.moved(told.begin if begin is None else begin, end)
    return Story(told, told.seed if seed is None else seed, land.load(), best)


def _track(path: Path | None) -> Track | None:
    return None if path is None else load_track(path)
