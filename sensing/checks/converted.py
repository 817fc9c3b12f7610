"""What a stack measures beside what its logger made of it: the converted value is the measured one at the reference's oxygen. Pure.

    converted = measured (21 - reference) / (21 - oxygen)          HJ 75-2017; each minute by itself, so their ratio never changes
    residual    ln(measured / (converted (21 - oxygen))), the mean of an hour
    doubted     measured, when the residual is not the usual one by more than `part`: one of the two is not what the other was made of

An analyser that drifts takes both with it: that is not seen here.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .neighbours import usual

AIR = 21.0
"""Oxygen of air as the standard takes it, %."""
_LEAST = 1.0
"""So near to air nothing burns, and the conversion means nothing."""


def residuals(measured: Any, converted: Any, oxygen: Any) -> Any:
    """Of values of the same times; NaN where it has no meaning."""
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.log(measured / (converted * (AIR - oxygen)))
    return np.where((measured > 0) & (converted > 0) & (AIR - oxygen > _LEAST), found, np.nan)


def judge(own: Any, part: float) -> tuple[Any, Any]:
    """Whether the last hour of n series of residuals is doubted, and by what part it departs. own: (n, H), NaN where unknown."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # all NaN
        departures = own[:, -1] - usual(own, part / 2)
    with np.errstate(invalid="ignore"):
        return np.abs(departures) > part, np.nan_to_num(departures)
