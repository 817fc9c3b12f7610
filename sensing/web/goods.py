"""What an event of dangerous goods, or of a gas to leeward of them, is about: which ship lies at which berth, what it carries, how the wind blew."""

from __future__ import annotations

from collections.abc import Iterator

from sensing.incidents import Place
from sensing.incidents.story import number
from sensing.maritime import downwind
from sensing.maritime.calls import BERTH
from sensing.maritime.conduct import GAS, GOODS
from sensing.maritime.downwind import Wind
from sensing.maritime.harbours import Berth, shipped
from sensing.maritime.waters import metres
from sensing.store import Cargo
from sensing.store.airs import Airs
from sensing.store.events import Event
from sensing.store.reader import StoreReader
from sensing.store.ship_reader import cargo_of
from sensing.wordbook import Words


def laden(store: StoreReader, event: Event, place: Place) -> list[Words]:
    """Sentences of an event of those kinds, none of any other. place: of its device. The wind is known for two days (sensing.store.airs)."""
    if event.kind == GOODS:
        return [_ship(name, berth, cargoes) for name, berth, cargoes in _alongside(store, event, (event.device,))]
    if event.kind != GAS or place.lon is None or place.lat is None:
        return []
    airs = Airs(store.connection)
    airs.forget()
    told = list[Words]()
    for name, berth, cargoes in _alongside(store, event):
        wind = airs.wind_at(berth.point, event.run, event.start)
        if wind is not None and downwind.sector(berth.point, wind).holds((place.lon, place.lat)):
            told += [_blows(berth, wind, metres(berth.point, (place.lon, place.lat))), _ship(name, berth, cargoes)]
    return told


def _alongside(store: StoreReader, event: Event, things: tuple[str, ...] = ()) -> Iterator[tuple[str, Berth, list[Cargo]]]:
    """(name, berth, dangerous cargoes) of each ship that lay at a berth with such when the event began."""
    ships, berths, runs = store.ships(), {one.id: one for one in shipped().berths}, (event.run,)
    declared = [one for one in ships.cargoes(runs, things) if one.un is not None]
    for call in ships.calls(runs, things or sorted({one.thing for one in declared}), end=event.start + 1) if declared else ():
        for stay in call.stays:
            lay = stay.begin <= event.start and (stay.end is None or event.start < stay.end)
            if stay.kind == BERTH and stay.place in berths and lay and (aboard := cargo_of(call, declared)):
                yield ships.called(call.thing, call.run) or call.thing, berths[stay.place], aboard


def _ship(name: str, berth: Berth, cargoes: list[Cargo]) -> Words:
    def goods(one: Cargo, tonnes: str, comes: str) -> str:
        weight = f" {number(one.tonnes, '')} {tonnes}" if one.tonnes else ""
        return f"UN {one.un} {one.goods}{weight}" + (f"{comes}{one.last_port}" if one.last_port else "")

    return {
        "zh": f"{name} 靠泊{berth.name_zh}，申报载有 {'；'.join(goods(one, '吨', '，来自 ') for one in cargoes)}。",
        "en": f"{name} lies at {berth.name_en} and declared {'; '.join(goods(one, 't', ', from ') for one in cargoes)}.",
    }


def _blows(berth: Berth, wind: Wind, away_m: float) -> Words:
    far = f"{away_m / 1000:.1f} km"
    return {
        "zh": f"当时风自 {wind.direction:.0f}°、{wind.speed:.1f} m/s，此处在{berth.name_zh}下风向 {far}。",
        "en": f"The wind blew from {wind.direction:.0f} degrees at {wind.speed:.1f} m/s: this is to leeward of {berth.name_en}, {far} off.",
    }
