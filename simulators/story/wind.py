"""Wind and pressure: a vortex on its track, and the wind that blows without one.

Vortex: G. Holland 1980 (Mon. Wea. Rev. 108, 1212-1218), pressure p = pc + dp exp(-(Rm/r)^B) and the wind in balance with it, with the
Coriolis force. As in Holland 2008 and 2010 the balance is struck at the surface: B follows from dp and the 10-minute wind there, and
the wind's maximum is the track's whatever bounds B meets.
Rm: P. Vickery and D. Wadhera 2008 (J. Appl. Meteor. Climatol. 47), ln Rm = 3.015 - 6.291e-5 dp^2 + 0.0337 latitude.
Translation: as N. Lin and D. Chavas 2012 (J. Geophys. Res. 117, D09120): a share of the storm's own way, turned 20 degrees to the left, fading
with the vortex; the maximum of the two together is the track's wind. The share is 0.3, not their 0.55 (it would take 40 % off the weak side of
a fast storm of 25 m/s, whose 10-minute column is already smoothed).
Inflow: C. Bretschneider 1972: 10 degrees within Rm, 25 beyond 1.2 Rm.
Friction over land: `Sites.friction`; it slows the wind and does not turn it. The filling of the centre over land is the track's own.
Units: hPa, m/s, km, degrees.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sensing.times import DAY, HOUR

from .ground import KM_A_DEGREE
from .noise import own, smooth
from .scenario import Scenario
from .sites import Sites
from .track import Centre, Track

Array = NDArray[np.float64]

AIR = 1.15
"""kg/m3, near the surface of a storm (Holland 1980)."""
B_LEAST, B_MOST = 1.0, 2.5
"""Holland 1980. A storm that fills over land would have less, and then no eye: its wind keeps the track's maximum all the same."""
CARRIED = 0.3
"""Share of a storm's own way that its wind has on top."""
LEAST_DEPTH = 2.0
"""hPa by which a centre is always lower than what is around."""
_EARTH = 7.292e-5
_MONTHLY = (1020.0, 1018.5, 1016.0, 1012.5, 1009.0, 1006.0, 1005.5, 1005.0, 1009.0, 1014.0, 1018.0, 1020.5)
"""Pressure at sea level in Xiamen by month, hPa; approximate."""
STORMY = (1007.0, 1012.0)
"""Between these is the pressure around a typhoon."""


@dataclass(frozen=True)
class Vortex:
    """A storm as the places feel it, arrays (places, times). far: km from its centre; toward: bearing from the centre, radians, clockwise from
    north; depth: how much it lowers the pressure, hPa; east, north: wind at sea, m/s. radius: Rm, km, and centre: by time.
    """

    far: Array
    toward: Array
    depth: Array
    east: Array
    north: Array
    radius: Array
    centre: Centre


def year_part(times: NDArray[np.int64]) -> Array:
    """From 0 on 1 January to 1 on 31 December, to a day or so."""
    return np.asarray(np.mod(times / DAY, 365.2425) / 365.2425)


def around(times: NDArray[np.int64]) -> Array:
    """Pressure at sea level without weather, hPa: the month's mean and the tide of the atmosphere, highest at 10 and 22 h local time."""
    month = np.mod(year_part(times) * 12 - 0.5, 12.0)
    mean = np.interp(month, np.arange(13.0), (*_MONTHLY, _MONTHLY[0]))
    of_day = np.mod(times / HOUR + 8, 24.0)
    return np.asarray(mean + 1.1 * np.cos((of_day - 10.0) * (2 * np.pi / 12)))


def largest_radius(depth: Array, lat: Array) -> Array:
    """Radius of the strongest wind, km (Vickery and Wadhera 2008)."""
    return np.asarray(np.exp(3.015 - 6.291e-5 * depth**2 + 0.0337 * np.abs(lat)))


def vortex(track: Track, sites: Sites, times: NDArray[np.int64]) -> Vortex:
    """A track's storm at places and times, microseconds UTC."""
    centre = track.at(times)
    depth = np.maximum(np.clip(around(times), *STORMY) - centre.pressure, LEAST_DEPTH) * centre.life
    radius = largest_radius(depth, centre.lat)
    turning = 2 * _EARTH * np.sin(np.radians(np.abs(centre.lat)))
    way = CARRIED * np.hypot(centre.east, centre.north)
    alone = np.maximum(centre.wind - way, 0.6 * centre.wind) * centre.life
    share = (centre.wind * centre.life - alone) / np.maximum(way, 0.1)
    driven = alone**2 + turning * radius * 1000.0 * alone
    shape = np.clip(AIR * np.e * driven / np.maximum(depth * 100.0, 1.0), B_LEAST, B_MOST)

    half = np.radians(sites.lat / 2)[:, None], np.radians(centre.lat / 2)[None, :]
    narrow = np.cos(half[0]) * np.cos(half[1]) - np.sin(half[0]) * np.sin(half[1])
    dx = (sites.lon[:, None] - centre.lon[None, :]) * narrow * KM_A_DEGREE
    dy = (sites.lat[:, None] - centre.lat[None, :]) * KM_A_DEGREE
    far = np.maximum(np.sqrt(dx * dx + dy * dy), 0.1)

    spread = np.exp(shape * (np.log(radius) - np.log(far)))
    well = np.exp(-spread)
    coriolis = 0.5 * turning * 1000.0 * far
    speed = np.sqrt(driven * np.e * spread * well + coriolis**2) - coriolis
    inflow = np.radians(10.0 + 15.0 * np.clip((far / radius - 1.0) / 0.2, 0.0, 1.0))
    cos_in, sin_in = np.cos(inflow), np.sin(inflow)
    unit_x, unit_y = dx / far, dy / far
    felt = share * speed / np.maximum(alone, 0.1)
    left_east, left_north = _turned(centre.east, centre.north, np.radians(20.0))
    return Vortex(
        far,
        np.arctan2(dx, dy),
        depth * (1.0 - well),
        east=speed * (-unit_y * cos_in - unit_x * sin_in) + CARRIED * felt * left_east,
        north=speed * (unit_x * cos_in - unit_y * sin_in) + CARRIED * felt * left_north,
        radius=radius,
        centre=centre,
    )


def _turned(east: Array, north: Array, by: float) -> tuple[Array, Array]:
    """To the left."""
    return east * np.cos(by) - north * np.sin(by), east * np.sin(by) + north * np.cos(by)


def fair(told: Scenario, seed: int, sites: Sites, times: NDArray[np.int64]) -> tuple[Array, Array]:
    """The wind at sea that blows without a storm, east and north, m/s: the scenario's, wandering, and a breeze off the sea by day."""
    hours = times / HOUR
    speed = told.wind_ms * (1.0 + 0.18 * smooth(seed, "fair speed", sites, hours, km=60.0, h=3.0))
    bearing = np.radians(told.wind_from + 14.0 * smooth(seed, "fair bearing", sites, hours, km=80.0, h=3.0))
    breeze = 1.6 * np.cos((np.mod(hours + 8, 24.0) - 15.0) * (2 * np.pi / 24)) * np.exp(-np.abs(sites.inland) / 40.0)[:, None]
    speed = np.maximum(speed, 0.3)
    return -speed * np.sin(bearing) - 0.766 * breeze, -speed * np.cos(bearing) + 0.643 * breeze


def unsteady(seed: int, sites: Sites, times: NDArray[np.int64]) -> Array:
    """What a 10-minute mean wavers by at a place, about 1."""
    return np.asarray(1.0 + 0.035 * own(seed, "gusts", sites, times / HOUR, h=0.3))


def gust_factor(sites: Sites) -> Array:
    """A 3-second gust over the 10-minute mean: 1.23 at sea, 1.4 at the coast, 1.66 inland (Harper et al. 2010, table 1.1)."""
    return np.asarray(np.interp(sites.inland, (-30.0, 0.0, 30.0), (1.23, 1.38, 1.60)))
