"""The demo's fleet as data: which gauges, where, behind which gateways. The same seed gives the same fleet.

Ids, addresses and gateways hang on the place alone, so that fleets of other sizes and seeds fit devices that are registered already.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from . import river, shower, tide
from .clock import dice
from .gauges import Gauge, Water
from .places import COUNTIES, GROUPS, Group, RiverPlace, TidePlace

FIRST_NUMBER = 0xE001
"""Station numbers from here to 60000 (SL 651-2014 6.2.3.2) are ours: with letters in them, as real ones may have."""
MOST = 50 * 50
_SCATTER = 0.03
"""Further gauges at a place stand within so many degrees of it."""

Place = RiverPlace | TidePlace


@dataclass(frozen=True)
class Fleet:
    """Gauges and how often they report. every_min: minutes between timed reports (32H). seed: of everything that chance decides."""

    seed: int
    gauges: tuple[Gauge, ...]
    every_min: int = 5

    @property
    def gateways(self) -> tuple[str, ...]:
        """Principals that carry the gauges, each once."""
        return tuple(sorted({gauge.gateway for gauge in self.gauges}))

    @cached_property
    def speakers(self) -> frozenset[str]:
        """Addresses of the gauges that keep their gateway's line alive: one of each."""
        first: dict[str, str] = {}
        for gauge in self.gauges:
            first.setdefault(gauge.gateway, gauge.native)
        return frozenset(first.values())


def demo_devices(seed: int, n_devices: int = 50) -> tuple[tuple[str, ...], list[dict[str, object]]]:
    """Gateway ids, and the fields that registering each device takes. Raises ValueError for a number that is not 1 to MOST."""
    fleet = demo_fleet(seed, n_devices)
    return fleet.gateways, [gauge.form() for gauge in fleet.gauges]


def demo_fleet(seed: int, n_devices: int = 50, every_min: int = 5) -> Fleet:
    """The fleet of the demo: its places evenly, each more than once beyond fifty devices. Raises ValueError as `demo_devices`."""
    if not 1 <= n_devices <= MOST:
        raise ValueError(f"{n_devices} devices: the demo has 1 to {MOST}")
    places = list(_places())
    wanted = [index * len(places) // n_devices for index in range(n_devices)]
    gauges = [_gauge(seed, *places[number], number, at - wanted.index(number)) for at, number in enumerate(wanted)]
    return Fleet(seed, tuple(gauges), every_min)


def _places() -> Iterator[tuple[int, Group, Place]]:
    for number, group in enumerate(GROUPS, 1):
        for place in group.places:
            yield number, group, place


def _gauge(seed: int, gateway: int, group: Group, place: Place, number: int, copy: int) -> Gauge:
    kind = "tide" if isinstance(place, TidePlace) else "river"
    suffix = f"-{copy + 1}" if copy else ""
    name = f"demo-{kind}-{number + 1:02}{suffix}"
    near = dice(seed, "place", name)
    lat, lon = (round(at + (near.uniform(-_SCATTER, _SCATTER) if copy else 0.0), 5) for at in (place.lat, place.lon))
    return Gauge(
        id=name,
        type=f"{kind}-gauge",
        native=f"{place.county}{FIRST_NUMBER + number * 50 + copy:04X}",
        name=f"{group.zh} {place.zh}{copy + 1 if copy else ''} {place.en}{suffix}",
        lat=lat,
        lon=lon,
        area=COUNTIES[place.county],
        gateway=f"demo-gw-{gateway:02}",
        datum="local tide zero" if kind == "tide" else "station zero",
        slot_s=(number * 50 + copy) * 37 % 60 if copy else number * 37 % 60,
        water=_water(seed, name, place, lat, lon),
        rain=None if kind == "tide" else shower.spot(lat, lon),
    )


def _water(seed: int, name: str, place: Place, lat: float, lon: float) -> Water:
    if isinstance(place, TidePlace):
        return Water(tide=tide.Place(place.factor, place.delay, place.mean))
    base = dice(seed, "base", name).uniform(0.5, 1.1)
    return Water(catchment=river.catchment(lat, lon, place.area, place.upstream, round(base, 3)))
