"""Who watches: gauges, stations, monitors and counters at real places, and everything that they say in their own protocols.

    city = build_city(open_story("meranti-2016", seed=7), seed=7, n_devices=2000)
    for saying in city.sayings(begin, end):
        payload = city.encode(saying)

A City is a `said.Speaker`. What is said in an hour (ten minutes of a large city) is made at once, for all devices of a kind; the same seed
gives the same bytes, in whatever windows they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from operator import attrgetter

from sensing.model import Micros
from sensing.times import HOUR, MINUTE

from ..said import Device, Saying
from .hydro import Hydro
from .office import Office, Vendor
from .radio import Radio
from .roster import MOST, first_of_each, groups, type_settings
from .sky import Senml, Shore
from .smoke import Smoke
from .voice import Voice
from .world import Group, Tells, World

__all__ = ["MOST", "City", "build_city"]

_LARGE = 20_000
"""More devices than this are asked for less at a time, so that what is said and not yet sent fits in memory."""
_KEPT = 2
"""Blocks that are remembered, for windows that cut them."""


class City:
    """All devices of a city but its ships. story: what they sense. voices: who speaks for whom."""

    def __init__(self, story: Tells, voices: Sequence[Voice]) -> None:
        self.story, self.voices = story, voices
        self._by_device = {device.id: voice for voice in voices for device in voice.group.devices}
        self.block = HOUR if len(self._by_device) <= _LARGE else 10 * MINUTE
        self._blocks: dict[Micros, list[Saying]] = {}
        self._rare: dict[Micros, list[Saying]] = {}

    @cached_property
    def devices(self) -> list[Device]:
        """Everyone, kind by kind."""
        return [device for voice in self.voices for device in voice.group.devices]

    @cached_property
    def gateways(self) -> tuple[str, ...]:
        """Principals that the devices speak through, each once, sorted."""
        return tuple(sorted({device.gateway for device in self.devices}))

    def registration(self) -> tuple[tuple[str, ...], list[dict[str, object]]]:
        """Gateway ids, and the fields that registering each device takes."""
        return self.gateways, [device.form() for device in self.devices]

    def sayings(self, begin: Micros, end: Micros) -> Iterator[Saying]:
        """All messages sent in [begin, end) since the story began, in order of time. Fresh objects: a fault may change them."""
        begin = max(begin, self.story.begin)
        for start in range(begin // self.block * self.block, end, self.block):
            whole = begin <= start and start + self.block <= end
            said = self._said(start) if whole else self._remembered(start)
            yield from (saying for saying in said if begin <= saying.time < end)

    def encode(self, saying: Saying) -> bytes:
        """The payload of one of its messages. Raises ValueError for what the wire cannot say."""
        return self._by_device[saying.device.id].encode(saying)

    def _said(self, start: Micros) -> list[Saying]:
        end = start + self.block
        found = [
            saying for voice in self.voices if voice.group.every <= self.block for saying in voice.block(start, self.block)
        ]  # fmt: skip
        hour = start // HOUR * HOUR
        if hour not in self._rare:
            rare = [voice for voice in self.voices if voice.group.every > self.block]
            self._rare = {hour: [saying for voice in rare for saying in voice.block(hour, HOUR)]}
        found += [saying.copy() for saying in self._rare[hour] if start <= saying.time < end]
        found.sort(key=attrgetter("time"))
        return found

    def _remembered(self, start: Micros) -> list[Saying]:
        if start not in self._blocks:
            while len(self._blocks) >= _KEPT:
                del self._blocks[next(iter(self._blocks))]
            self._blocks[start] = self._said(start)
        return [saying.copy() for saying in self._blocks[start]]


def build_city(story: Tells, seed: int, n_devices: int, *, every_min: int | None = None) -> City:
    """A city of exactly n_devices. every_min: everybody reports at least so often, for somebody who watches.

    Raises ValueError for a number that is not 1 to MOST.
    """
    found = groups(seed, n_devices, every_min)
    speakers = first_of_each([device for group in found for device in group.devices if device.adapter == "sl651"])
    return City(story, [_voice(story, group, speakers) for group in found])


def _voice(story: Tells, group: Group, speakers: frozenset[str]) -> Voice:
    world, first = World(story, group), group.devices[0]
    if first.adapter == "sl651":
        return Hydro(world, frozenset(row for row, device in enumerate(group.devices) if device.id in speakers))
    if first.adapter == "plainjson":
        return Vendor(world, type_settings(first.type))
    return _VOICES[first.adapter](world)


_VOICES: Mapping[str, Callable[[World], Voice]] = {
    "hj212": Smoke,
    "lorawan": Radio,
    "senml": Senml,
    "nmea0183": Shore,
    "events": Office,
}
