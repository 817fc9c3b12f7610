"""Who is befallen by what: each device's and gateway's episodes, and what they make of a message and its frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol

from msgspec.structs import replace as with_fields

from sensing.model import Micros

from ..clock import jitter
from ..said import Device, Saying, Speaker
from . import frames
from .book import book
from .episodes import Episode, befallen
from .kinds import BIT, CLOCK, FRAME, GATEWAY, VALUE, Kind
from .line import GatewayLine
from .plan import Plan
from .values import Change, Sensors, converter, late_clock, retreat, shift, shifted

DEVICE_LINE = (Kind.LATE, Kind.REORDER, Kind.DUPLICATE, Kind.RETRANSMIT)
_BATTERY = ("supply_voltage", "battery_voltage", "battery_level")
_MOST_TRIES = 16


class Faults(Protocol):
    """Who is told of every episode that came about (the truth)."""

    def fault(self, episode: Episode, **more: object) -> None: ...


class Frame(NamedTuple):
    """What a message became. payload None: the device is silent. broken: the kind that damaged it, None when it is intact."""

    saying: Saying
    payload: bytes | None
    changes: Mapping[int, Change]
    kinds: int
    broken: Kind | None


@dataclass
class Victim:
    """A device with faults."""

    device: Device
    sensors: Sensors
    clocks: Sequence[Episode]
    frames: Sequence[Episode]
    batteries: Sequence[Episode]
    line: Sequence[Episode]
    told: Faults

    def frame(self, saying: Saying, number: int, encode: Callable[[Saying], bytes]) -> Frame:
        """What the device sends instead of a message. number: of the frame, in the order in which they are said."""
        kinds = 0
        for episode in self.batteries:
            if episode.begin <= saying.time < episode.end:
                kinds |= 1 << BIT[Kind.BATTERY]
                half = (episode.end - episode.begin) // 2
                if saying.time >= episode.begin + half:
                    return Frame(saying, None, {}, kinds, None)
                saying = sagging(saying, episode.size * (saying.time - episode.begin) / half)
        said, payload, changes = self._said(saying, encode)
        broken = self._broken(said, number)
        if broken is not None:
            chance = broken.chance(number)
            damage = frames.bad_checksum if broken.kind is Kind.BAD_CRC else frames.truncated
            payload = damage(said.device.adapter, payload, chance)
            kinds |= 1 << BIT[broken.kind]
        return Frame(saying, payload, changes, kinds, broken.kind if broken else None)

    def _said(self, saying: Saying, encode: Callable[[Saying], bytes]) -> tuple[Saying, bytes, dict[int, Change]]:
        for _ in range(_MOST_TRIES):
            said, changes, at_work = self.sensors.change(saying)
            for episode in self.clocks:
                if episode.begin <= saying.time < episode.end:
                    by = shift(episode, saying.time, book().wires[saying.device.adapter].unset)
                    if by:
                        said = shifted(said, by)
                        late_clock(saying, changes, by, episode.kind)
                    break
            try:
                payload = encode(said)
            except ValueError:
                if not at_work:
                    raise
                retreat(*at_work[-1])
                continue
            for episode, course in at_work:
                if not course.planted:
                    course.planted = True
                    self._tell(episode, saying, changes)
            return said, payload, changes
        return saying, encode(saying), {}

    def _tell(self, episode: Episode, saying: Saying, changes: Mapping[int, Change]) -> None:
        bit = 1 << BIT[episode.kind]
        first = next(change for change in changes.values() if change.kinds & bit)
        truth = saying.truth[first.place]
        self.told.fault(episode, property=truth.property, at=truth.time, true=truth.result, said=first.said)

    def _broken(self, saying: Saying, number: int) -> Episode | None:
        for episode in self.frames:
            if episode.begin <= saying.time < episode.end:
                draw = 0.5 + 0.5 * jitter(episode.seed, "broken", episode.kind, episode.victim, number)
                if draw < book().manners[episode.kind].chance:
                    return episode
        return None


def sagging(saying: Saying, lost: float) -> Saying:
    """A message of a device whose voltage really is lower by a part `lost`: what it says of it is true."""
    readings, truth = list(saying.readings), list(saying.truth)
    for name in _BATTERY:
        said = [n for n, reading in enumerate(readings) if reading.property == name and isinstance(reading.value, (int, float))]
        true = [n for n, each in enumerate(truth) if each.property == name and each.result is not None]
        if len(said) != len(true):
            continue
        for reading, each in zip(said, true, strict=True):
            old: Any = readings[reading].value
            lower = round(old * (1 - lost), 1) if isinstance(old, float) and old != int(old) else round(old * (1 - lost))
            convert = converter(readings[reading].unit, name)
            readings[reading] = with_fields(readings[reading], value=type(old)(lower))
            result = (truth[each].result or 0.0) + convert(lower) - convert(old)
            truth[each] = truth[each]._replace(result=round(result, 6))
    return replace(saying, readings=readings, truth=truth)


def victims(plan: Plan, seed: int, speakers: Sequence[Speaker], told: Faults, begin: Micros, end: Micros) -> dict[str, Victim]:
    """Devices that any fault befalls, by id."""
    found = {}
    for speaker in speakers:
        for device in speaker.devices:
            kinds = [kind for kind in Kind if kind in plan.shares and kind not in GATEWAY and _may(kind, device)]
            episodes = befallen(plan, seed, kinds, device.id, begin, end)
            if episodes:
                found[device.id] = _victim(device, episodes, told)
                for episode in episodes:
                    if episode.kind not in VALUE:
                        told.fault(episode)
    return found


def gateway_lines(
    plan: Plan, seed: int, speakers: Sequence[Speaker], told: Faults, begin: Micros, end: Micros
) -> dict[str, GatewayLine]:
    """Gateways that any fault befalls, by name."""
    found = {}
    for name in sorted({gateway for speaker in speakers for gateway in speaker.gateways}):
        episodes = befallen(plan, seed, GATEWAY, name, begin, end)
        if episodes:
            found[name] = GatewayLine(episodes)
            for episode in episodes:
                told.fault(episode)
    return found


def _victim(device: Device, episodes: list[Episode], told: Faults) -> Victim:
    def of(*kinds: Kind) -> list[Episode]:
        return [episode for episode in episodes if episode.kind in kinds]

    units_of = device.form_more.get("unit", {})
    sensors = [episode for kind in VALUE for episode in of(kind)]
    return Victim(device, Sensors(sensors, units_of), of(*CLOCK), of(*FRAME), of(Kind.BATTERY), of(*DEVICE_LINE), told)


def _may(kind: Kind, device: Device) -> bool:
    """Whether a device's protocol can suffer a kind at all."""
    wire = book().wires.get(device.adapter)
    if kind is Kind.BAD_CRC:
        return wire is not None and wire.checksum
    if kind in CLOCK:
        return wire is not None and wire.clock and (kind is not Kind.CLOCK_UNSET or bool(wire.unset))
    return True
