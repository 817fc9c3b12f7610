"""The demo's runs: each is named after when it began, so that whoever keeps files knows by the name alone how old it is.

A demo plays its storm again and again. A run that began more than `retention.demo_h` hours ago, and is not the newest, is over and forgotten.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable

from . import times
from .model import Micros
from .times import SECOND

_FORM = "demo-%Y%m%d-%H%M%S"
_RUN = re.compile(r"demo-\d{8}-\d{6}")


def named(now_s: float) -> str:
    """The id of a demo's run that begins now (seconds since the epoch)."""
    return time.strftime(_FORM, time.gmtime(now_s))


def is_drill(run: str) -> bool:
    """Whether a run is one of the demo's."""
    return _RUN.fullmatch(run) is not None


def over(runs: Iterable[str], keep_h: float, now: Micros | None = None) -> list[str]:
    """Those of some runs that are the demo's, began more than `keep_h` hours ago and are not its newest; none when keep_h is 0."""
    drills = sorted({run for run in runs if is_drill(run)})
    latest = named(((times.now() if now is None else now) - int(keep_h * times.HOUR)) / SECOND)
    return [run for run in drills[:-1] if run < latest] if keep_h else []
