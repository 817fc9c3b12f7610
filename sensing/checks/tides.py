"""The sea beside its tide: what a gauge tells more than the tide is weather and its own error, and the weather others see too. Pure.

    residual     level - tide at the very time; the tide is the bay's (config/tide.toml) by the station's factor and delay (config/basins)
    departure    residual beyond what is usual between the gauge and each other, the median over those
    allowed      `room`, and SETUP * wind^2: wind of a storm piles the sea up in one bay by more than in the next
    doubted      it exceeds what is allowed, and the others agree on it; then as long as it has not shrunk, through a storm too

Arguments: Meeus, Astronomical Algorithms, ch. 25 and 47; constituents from them: Schureman 1958, table 2. Set-up over a fetch of 60 km, 17 m deep,
is about 0.001 wind^2 (Pugh 1987, 6.3): two bays differ by no more.
"""

from __future__ import annotations

import tomllib
import warnings
from functools import lru_cache
from typing import Any

import numpy as np

from sensing.paths import config_dir
from sensing.times import DAY, MINUTE

from .neighbours import usual
from .waters import Coast

SETUP = 0.001
"""m by (m/s)^2."""
CALMED = 3
"""The sea needs so many hours to forget a wind."""
STAYS = 12
"""Hours that one who departed in fair weather is doubted on, while its departure has not shrunk."""
_SHRUNK = 0.6
_AGREE = 3.0
_J2000 = 946_728_000 * 1_000_000


@lru_cache(maxsize=1)
def _constituents() -> tuple[Any, Any]:
    rows = tomllib.loads((config_dir() / "tide.toml").read_text("utf-8"))["constituent"]
    return (
        np.array([[row["amplitude"], row["add"] - row["phase"]] for row in rows], np.float64),
        np.array([row["by"] for row in rows], np.float64),
    )


def tide(coast: Coast, times: Any) -> Any:
    """What the moon and the sun do to the level at a station, m about its mean. times: µs UTC."""
    then = np.asarray(times, np.int64) - int(coast.delay_min * MINUTE)
    days = (then - _J2000) / DAY
    arguments = np.array([
        360.0 * (np.mod(then, DAY) / DAY) + 180.0, 218.3165 + 13.17639648 * days, 280.4665 + 0.98564736 * days,
        83.3532 + 0.11140353 * days,
    ])  # fmt: skip
    sizes, by = _constituents()
    return coast.factor * (sizes[:, :1] * np.cos(np.radians(by @ arguments + sizes[:, 1:]))).sum(0)


def judge(own: Any, near: Any, wind: Any, room: float) -> tuple[Any, Any]:
    """Whether the last hour of n gauges is doubted, and by how much each departs, m.

    own: (n, H) hourly residuals; near: (n, K, H) those of other gauges; wind: (n, H) the strongest hourly wind around, m/s. NaN where
    unknown. Nothing is said of a gauge that has no other, or no wind.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # all NaN: nobody is there
        apart = own[:, None, :] - near
        apart -= usual(apart, room)[..., None]
        departures = np.nanmedian(apart, axis=1)
        spread = np.nanmedian(np.abs(apart - departures[:, None, :]), axis=1)
        counts = (~np.isnan(apart)).sum(1)
        windy = np.stack([np.nanmax(wind[:, max(0, at - CALMED) : at + 1], axis=1) for at in range(wind.shape[1])], axis=1)
    size = np.abs(departures)
    with np.errstate(invalid="ignore"):
        clear = (size > room + SETUP * windy**2) & (size > _AGREE * spread) & (counts > 1)
        signs = np.sign(departures)
        stays = np.zeros(len(own), bool)
        last = size.shape[1] - 1
        alike = np.ones(len(own), bool)
        for at in range(last, max(-1, last - STAYS - 1), -1):
            known = ~np.isnan(size[:, at])
            alike &= ~known | ((signs[:, at] == signs[:, last]) & (size[:, at] > room))
            held = size[:, last] >= _SHRUNK * size[:, at]
            stays |= alike & clear[:, at] & held
    return stays & ~np.isnan(departures[:, last]), np.nan_to_num(departures[:, last])
