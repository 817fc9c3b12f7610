"""Rain becomes flow: loss, unit hydrograph, reservoirs, routing down the river to the sea. Every cubic metre is accounted for.

- Loss: initial and constant (HEC-HMS Technical Reference Manual 2000, ch. 5). Dry ground takes the first `initial_mm`, then up to
  `constant_mm_h`; in dry hours the first is dried out again by 0.15 mm/h.
- Unit hydrograph: Nash 1957's cascade of n linear reservoirs of k hours after a delay of `lag_h` (Chow, Maidment, Mays 1988, 8.5), each solved exactly for a
  step. So the middle of the runoff comes lag_h + n k after the middle of the rain.
- Reservoirs: level pool; a fixed release and a free weir, Q = 1.7 b H^1.5 (SI; Chow 1959).
- Routing: Muskingum (McCarthy 1938; Chow et al. 1988, 8.4) in as many pieces as keep it stable.
- Rating: Q = bankfull (h / bankfull stage)^(5/3), a wide channel by Manning's formula (form: ISO 18320).

Units: mm/h over a basin, km2, m3/s (means over a step), m3, hours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from .land import Lake, Land, Reach, downstream_order

Array = NDArray[np.float64]

DRYING_MM_H = 0.15
WEIR = 1.7
RATING_POWER = 0.6


@dataclass(frozen=True)
class Balance:
    """Of a river system, from the first step to the last, m3. rain = lost + stored + out when nothing is missing; stored counts the
    ground's way to the river, rivers and reservoirs, over what was there at first; out: at the foot, beyond what fair weather gives.
    """

    rain: float
    lost: float
    stored: float
    out: float

    @property
    def error(self) -> float:
        """The share of the rain that is missing, or too much."""
        return abs(self.rain - self.lost - self.stored - self.out) / max(self.rain, 1.0)


@dataclass(frozen=True)
class Rivers:
    """Flow in all reaches, m3/s, rows in the order of land.reaches, columns by step (means over it). into: what comes from upstream;
    out: at the foot. lakes: levels at the end of each step, m, in the order of land.lakes. balances: by the id of each last reach.
    """

    into: Array
    out: Array
    lakes: Array
    balances: Mapping[str, Balance]


@dataclass
class _Flow:
    """Storm flow (above fair weather's) leaving a reach, and what stayed above its foot, m3."""

    out: Array
    into: Array
    stored: float


def flow(land: Land, rain: Array, step_h: float) -> Rivers:
    """rain: mean over each reach's own land, mm/h, shape (reaches, steps), in the order of land.reaches."""
    reaches = list(land.reaches.values())
    area = np.array([reach.area for reach in reaches])
    excess = after_loss(reaches, rain, step_h)
    to_m3s = area[:, None] / 3.6
    local, stored = cascade(reaches, excess * to_m3s, step_h)
    row = {reach.id: number for number, reach in enumerate(reaches)}
    fair = fair_flow(land)
    flows: dict[str, _Flow] = {}
    levels = np.array([np.full(rain.shape[1], lake.start_m) for lake in land.lakes.values()]).reshape(
        len(land.lakes), rain.shape[1]
    )
    lake_row = {name: number for number, name in enumerate(land.lakes)}
    for reach in downstream_order(land.reaches):
        above = [flows[other.id] for other in reaches if other.downstream == reach.id]
        into = np.sum([each.out for each in above], axis=0) if above else np.zeros(rain.shape[1])
        routed, held = muskingum(into, reach.travel_h, reach.x, step_h) if above and reach.travel_h else (into, 0.0)
        out = routed + local[row[reach.id]]
        held += float(stored[row[reach.id]])
        if reach.lake:
            out, levels[lake_row[reach.lake]], kept = pool(land.lakes[reach.lake], out, fair[reach.id], step_h)
            held += kept
        flows[reach.id] = _Flow(out, into, held)
    balances = {}
    for mouth in (reach for reach in reaches if not reach.downstream):
        rows = [row[name] for name in upstream(land, mouth.id)]
        seconds = step_h * 3600.0
        fallen = rain[rows].sum(axis=1) * step_h * area[rows] * 1000.0
        ran = excess[rows].sum(axis=1) * step_h * area[rows] * 1000.0
        balances[mouth.id] = Balance(
            rain=float(fallen.sum()),
            lost=float((fallen - ran).sum()),
            stored=sum(flows[reaches[number].id].stored for number in rows),
            out=float(flows[mouth.id].out.sum() * seconds),
        )
    base = np.array([fair[reach.id] for reach in reaches])
    own = np.array([reach.area * reach.base for reach in reaches])
    return Rivers(
        into=np.maximum(np.array([flows[reach.id].into for reach in reaches]) + (base - own)[:, None], 0.0),
        out=np.maximum(np.array([flows[reach.id].out for reach in reaches]) + base[:, None], 0.0),
        lakes=levels,
        balances=balances,
    )


def upstream(land: Land, reach: str) -> tuple[str, ...]:
    """A reach and all that flow into it."""
    found = [reach]
    for name in found:
        found.extend(other.id for other in land.reaches.values() if other.downstream == name)
    return tuple(found)


def whole_area(land: Land, reach: str) -> float:
    """km2 that drain to the foot of a reach."""
    return sum(land.reaches[name].area for name in upstream(land, reach))


def share_of_land(land: Land, reach: str, share: Array) -> Array:
    """Of all that drains to a reach's foot, what drains to points `share` of the way down it."""
    whole, local = whole_area(land, reach), land.reaches[reach].area
    return (whole - local + share * local) / whole


def fair_flow(land: Land) -> dict[str, float]:
    """Flow at the foot of each reach in fair weather, m3/s."""
    return {
        name: sum(land.reaches[part].area * land.reaches[part].base for part in upstream(land, name)) for name in land.reaches
    }


def mean_lag(reach: Reach) -> float:
    """Hours from the middle of the rain on a reach's own land to the middle of its runoff."""
    return reach.lag_h + reach.n * reach.k_h


def after_loss(reaches: list[Reach], rain: Array, step_h: float) -> Array:
    """Rain that runs off, mm/h."""
    deficit = np.array([reach.initial_mm for reach in reaches])
    most = deficit.copy()
    constant = np.array([reach.constant_mm_h for reach in reaches]) * step_h
    excess = np.empty_like(rain)
    for step in range(rain.shape[1]):
        fallen = rain[:, step] * step_h
        taken = np.minimum(fallen, deficit)
        left = fallen - taken
        excess[:, step] = np.maximum(left - constant, 0.0)
        deficit = np.minimum(deficit - taken + np.where(fallen < DRYING_MM_H * step_h, DRYING_MM_H * step_h, 0.0), most)
    return excess / step_h


def cascade(reaches: list[Reach], inflow: Array, step_h: float) -> tuple[Array, Array]:
    """Outflow of each reach's own land, m3/s, and what is still on its way at the end, m3. inflow: m3/s that run off."""
    steps = inflow.shape[1]
    seconds = step_h * 3600.0
    out = np.empty_like(inflow)
    for row, reach in enumerate(reaches):
        whole, part = divmod(reach.lag_h / step_h, 1.0)
        late = np.concatenate((np.zeros(int(whole) + 1), inflow[row]))
        out[row] = (1 - part) * late[1 : steps + 1] + part * late[:steps]
    k = np.array([reach.k_h for reach in reaches]) * 3600.0
    count = np.array([reach.n for reach in reaches])
    keep = np.exp(-seconds / k)
    for number in range(int(count.max())):
        active = count > number
        held = np.zeros(len(reaches))
        for step in range(steps):
            coming = out[:, step]
            then = held * keep + coming * k * (1.0 - keep)
            out[:, step] = np.where(active, coming - (then - held) / seconds, coming)
            held = then
    return out, (inflow.sum(axis=1) - out.sum(axis=1)) * seconds


def muskingum(inflow: Array, travel_h: float, x: float, step_h: float) -> tuple[Array, float]:
    """Outflow of a reach, m3/s, and what is in it at the end, m3, by its own storage equation S = K (x I + (1 - x) O)."""
    pieces = max(1, ceil(2.0 * travel_h * x / step_h))
    k = travel_h / pieces
    below = 2.0 * k * (1.0 - x) + step_h
    c0, c1, c2 = (step_h - 2.0 * k * x) / below, (step_h + 2.0 * k * x) / below, (2.0 * k * (1.0 - x) - step_h) / below
    values = inflow.tolist()
    held = 0.0
    for _ in range(pieces):
        before, now = 0.0, 0.0
        coming = values
        values = []
        for value in coming:
            now = c0 * value + c1 * before + c2 * now
            before = value
            values.append(now)
        held += k * 3600.0 * (x * coming[-1] + (1.0 - x) * now)
    return np.array(values), held


def pool(lake: Lake, storm_flow: Array, fair: float, step_h: float) -> tuple[Array, Array, float]:
    """A reservoir: storm flow out of it, m3/s (above fair weather's, so a full release below it is negative), levels, m, and m3 gained."""
    surface, seconds, pieces = lake.surface_km2 * 1e6, step_h * 3600.0, 5
    level = lake.start_m
    out, levels = np.empty_like(storm_flow), np.empty_like(storm_flow)
    for step, value in enumerate(storm_flow.tolist()):
        gone = 0.0
        for _ in range(pieces):
            spill = WEIR * lake.width_m * max(level - lake.crest_m, 0.0) ** 1.5
            leaving = spill + (lake.release_m3s if level > lake.floor_m else 0.0)
            level += (value + fair - leaving) * (seconds / pieces) / surface
            gone += leaving / pieces
        out[step], levels[step] = gone - fair, level
    return out, levels, (level - lake.start_m) * surface


def stage(reach: Reach, discharge: Array, share: Array | float = 1.0) -> Array:
    """M above the station's zero, the river's bed. share: of all that drains to the foot, what drains to the gauge."""
    full, depth = reach.bankfull_m3s * np.asarray(share) ** 0.75, reach.bankfull_m * np.asarray(share) ** 0.25
    return np.asarray(depth * (discharge / full) ** RATING_POWER)
