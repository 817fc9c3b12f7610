"""What watching costs the door: saturated pairs, devices with every check and some rules beside the same devices with none."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from sensing.registry import DeviceChanges
from sensing.store.reader import StoreReader
from tests.bench import messages
from tests.bench.place import Place
from tests.faults.city import TESTER, City

_LEVELS = {"watch": 40.0, "warning": 60.0, "danger": 80.0, "hysteresis": 0.5}
_RULES = {"water_level": [_LEVELS, {"take": "rise", "over": "1h", "watch": 5.0}]}
_NONE = dict.fromkeys(("water_level", "rainfall", "supply_voltage"), False)


def watched(place: Place) -> Iterator[dict[str, Any]]:
    """Pairs of saturated runs of SL 651 frames, each watched and not; work is behind the door in both."""
    ratios, work = [], []
    for pair in range(place.long(7, 2)):
        rates: dict[bool, float] = {}
        for ruled in (False, True) if pair % 2 else (True, False):
            place.say(f"watched: pair {pair + 1}, {'with' if ruled else 'without'} rules")
            with place.city() as city:
                _settle(city, ruled=ruled)
                city.start("door", "work")
                city.listening()
                found = place.load(city, city.port, "sl651", 200, "saturate", window=10, warm_s=1, seconds=place.long(5, 3))
                rates[ruled] = found["acked"] / found["seconds"]
                if ruled:
                    work.append(_watched(city))
        ratios.append(rates[True] / rates[False])
    yield {
        "case": f"door with rules and checks, {len(ratios)} pairs", "ratio": statistics.median(ratios), "least": min(ratios),
        "watched": min(work),
    }  # fmt: skip


def _watched(city: City) -> int:
    """How many datastreams work found rules for: what is measured is there."""
    with closing(StoreReader(city.data / "store.db")) as store:
        return int(store.connection.execute("SELECT count(*) FROM watched").get)


def _settle(city: City, *, ruled: bool) -> None:
    settings = {"thresholds": _RULES} if ruled else {"thresholds": dict.fromkeys(_RULES, False), "checks": _NONE}
    for number in range(messages.DEVICES):
        city.registry.edit_device(f"sl651-{number:03}", DeviceChanges.read({"settings": settings}), actor=TESTER)
