"""Levels that matter: the thresholds of a device, and where its sensor hangs. Canonical units, on the datum that the store keeps.

They come from the physics, never from a storm that is scored: what config/basins says of a water, or else

    river      watch, warning, danger at 0.70, 0.85 and 1.00 of the bankfull stage (a flood of about two years)
    reservoir  0.3, 0.8 and 1.3 m above the crest of the free spillway
    ponding    0.15 (over the kerb), 0.27 (a car's exhaust) and 0.40 m (a door's sill)
    VOC        1, 2 and 5 times 2.0 mg/m3 NMHC (GB 16297-1996 allows 4.0 at the fence)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..story.land import Lake, Reach
from .sites import Site

Steps = Mapping[str, float]

PROPERTY = {
    "river": "water_level", "tide": "water_level", "ponding": "water_level", "reservoir": "water_level_upstream",
    "camera": "ponding_depth", "voc": "nmhc",
}  # fmt: skip
"""What a kind is watched for."""
HYSTERESIS = {"river": 0.1, "tide": 0.1, "ponding": 0.03, "reservoir": 0.1, "camera": 0.05, "voc": 0.5}
DATUMS = {
    "river": "测站零点 station zero",
    "tide": "当地潮高基准面 local tide zero",
    "reservoir": "坝区基面 dam datum",
    "ponding": "路面 road",
}
_BANKFULL = {"watch": 0.70, "warning": 0.85, "danger": 1.00}
_OVER_CREST = {"watch": 0.3, "warning": 0.8, "danger": 1.3}
_DEEP = {"watch": 0.15, "warning": 0.27, "danger": 0.40}
_NMHC = {"watch": 2.0, "warning": 4.0, "danger": 10.0}
_MOUNT_M = {"coast": 9.5, "drain": 4.0}
"""Sensors above the local zero, and above the road."""
_OVER_BANKFULL, _HIGHEST_M = 1.8, 10.5
"""Sensors of rivers hang at so many times bankfull and half a metre, and no higher than lets them see low water."""


def thresholds(kind: str, site: Site, share: float) -> dict[str, dict[str, float]]:
    """The setting `thresholds` of a device; {} for kinds that nobody is warned by. share: of its site's level that it sees."""
    if kind not in PROPERTY:
        return {}
    steps = {name: round(value * (share if kind == "river" else 1.0), 2) for name, value in _steps(kind, site).items()}
    return {PROPERTY[kind]: steps | {"hysteresis": HYSTERESIS[kind]}}


def mount(site: Site) -> dict[str, Any]:
    """The height of a sensor that looks down on water, m above its zero, as registration takes it; {} on land."""
    if site.about is None:
        return {}
    if isinstance(site.about, Reach):
        return {"mount_height": round(min(site.about.bankfull_m * _OVER_BANKFULL + 0.5, _HIGHEST_M), 2)}
    return {"mount_height": _MOUNT_M[site.water.partition(":")[0]]}


def _steps(kind: str, site: Site) -> Steps:
    about = site.about
    if kind == "voc":
        return _NMHC
    if about is not None and about.levels:
        return about.levels
    if isinstance(about, Reach):
        return {name: about.bankfull_m * part for name, part in _BANKFULL.items()}
    if isinstance(about, Lake):
        return {name: about.crest_m + above for name, above in _OVER_CREST.items()}
    return _DEEP
