"""A river gauge beside those upstream: what passed them must come by, a travel time later. Pure, in columns.

    flow     of a rise since it became wet (24 hours with more than `FIRST_MM` mm around), by the reach's bankfull stage and flow: Q = full (h / full stage)^(5/3), from a fifth up
    least    half of the flows that came past upstream, by the least of five hours around the travel time, as a rise at this gauge
    doubted  it has risen by less, by `room` and a tenth, though it rained: a flood does not vanish

Nothing is said of more than what came from upstream: rain between the two is water too. Form of the rating: ISO 18320.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

_POWER = 5 / 3
_FAIR = 0.2
"""Part of the bankfull stage that a river has in fair weather."""
_PART = 0.5
_BESIDE_H = 2
_MARGIN = 0.1
_LEAST_H = 12
FIRST_MM, RAIN_MM = 10.0, 20.0
"""Less rain in a day raises no river, makes no flood."""


def judge(own: Any, above: Any, travel_h: Any, full: Any, full_above: Any, day_mm: Any, room: float) -> tuple[Any, Any]:
    """Whether the last hour of n gauges is doubted, and by how much it is below the least that must come, m (negative).

    own: (n, H) hourly levels; above: (n, K, H) of reaches upstream, travel_h: (n, K) from there. full: (n, 2), full_above: (n, K, 2)
    bankfull stage, m, and flow, m3/s. day_mm: (n, H) rain of the 24 hours up to each, around. NaN where unknown or none.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # all NaN: no gauge there
        rise = own[:, -1] - np.nanmin(own, axis=1)
        known = (~np.isnan(own)).sum(1) >= _LEAST_H
        came = _came(above, travel_h, np.maximum((day_mm > FIRST_MM).argmax(1) - 1, 0))
        share = (_FAIR + came / full_above[..., 0]) ** _POWER - _FAIR**_POWER
        flow = np.nansum(share * full_above[..., 1], axis=1)
        least = full[:, 0] * ((_FAIR**_POWER + _PART * flow / full[:, 1]) ** (1 / _POWER) - _FAIR)
        missing = rise - least
        found = known & (day_mm[:, -1] > RAIN_MM) & (missing < -(room + _MARGIN * least))
    return found & ~np.isnan(own[:, -1]), np.nan_to_num(missing)


def _came(above: Any, travel_h: Any, since: Any) -> Any:
    """The least rise of each upstream gauge in the hours around the travel time over its level before it became wet, (n, K).

    since: (n,) the hour before it became wet. NaN where anything is unknown.
    """
    hours = above.shape[-1]
    at = hours - 1 - np.round(np.nan_to_num(travel_h)).astype(np.int64)
    around = np.clip(at[..., None] + np.arange(-_BESIDE_H, _BESIDE_H + 1), 0, hours - 1)
    before = np.take_along_axis(above, np.broadcast_to(since[:, None, None], (*above.shape[:2], 1)), axis=-1)[..., 0]
    return np.maximum(np.take_along_axis(above, around, axis=-1).min(-1) - before, 0.0)
