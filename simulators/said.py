"""The common currency of the storm: who speaks, what is said and what is true of it, and the bytes on their way.

    Speaker --sayings--> Saying --(value faults)--> Saying --encode--> bytes --(frame and line faults)--> Sent

A Saying holds the same values twice. `readings` is what goes on the wire, in the wire's units; faults change them. `truth` is what the
store must hold when nothing goes wrong, in canonical units; nobody changes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol

from sensing.model import Micros, Reading


class Sent(NamedTuple):
    """A frame on its way. time: virtual, when it is sent."""

    time: Micros
    gateway: str
    topic: str
    payload: bytes


class Truth(NamedTuple):
    """One value that the store must hold. time: the instant or the period's end; begin: its start, None for an instant; result:
    canonical unit, on the stored datum, rounded as the wire rounds; None for a value that the wire states as missing.

    thing: whose it is, the registry's id; "" is the saying's own device (a receiver speaks for the vessels it hears).
    place: (lon, lat) of a mover's `position`, which has no result.
    """

    property: str
    statistic: str
    channel: str
    begin: Micros | None
    time: Micros
    result: float | None
    thing: str = ""
    place: tuple[float, float] | None = None


@dataclass(slots=True, frozen=True)
class Device:
    """A simulated device as it is registered.

    id: the registry's. native: its name in its protocol. lat, lon: WGS 84 degrees. datum, zero: what its levels stand on, m; zero None
    where it has none. gateway: the principal that it speaks through. settings: its own, over its type's; `thresholds` among them.
    kind: of the fleet's plan (`river`, `air`, ...). form_more: further registration fields (mount_height, units ...).
    """

    id: str
    type: str
    adapter: str
    native: str
    name: str
    lat: float
    lon: float
    area: str
    gateway: str
    kind: str
    datum: str = ""
    zero: float | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    form_more: Mapping[str, Any] = field(default_factory=dict)

    def form(self) -> dict[str, object]:
        """The fields that registering it takes (sensing.registry.DeviceForm)."""
        form: dict[str, object] = {
            "id": self.id, "type": self.type, "adapter": self.adapter, "native": self.native, "name": self.name,
            "lat": self.lat, "lon": self.lon, "area": self.area, "principal": self.gateway, "datum": self.datum,
            "settings": dict(self.settings), "note": "simulated", **self.form_more,
        }  # fmt: skip
        return form if self.zero is None else form | {"zero": self.zero}

    @property
    def thresholds(self) -> Mapping[str, Mapping[str, float]]:
        """watch, warning, danger and hysteresis by property, canonical units; {} for a device that raises no events."""
        found: Mapping[str, Mapping[str, float]] = self.settings.get("thresholds", {})
        return found


@dataclass(slots=True)
class Saying:
    """One message of one device. time: when it is sent, by the run's clock (and by the device's own, when that is right).

    readings: what the wire claims; each has its `property` filled in, so that a fault finds what it wants to change.
    truth: what the store must hold of it. function, serial: SL 651's; 0 elsewhere. meta: what its speaker's `encode` needs beside.
    control: a message without readings (SL 651 keep-alive).
    """

    time: Micros
    device: Device
    readings: list[Reading]
    truth: list[Truth]
    function: int = 0
    serial: int = 0
    meta: Any = None
    control: bool = False

    def copy(self) -> Saying:
        """The same message again, whose readings may be changed without changing these."""
        return replace(self, readings=[copy(reading) for reading in self.readings])

    def with_readings(self, readings: list[Reading]) -> Saying:
        """The same message, claiming something else."""
        return replace(self, readings=readings)


class Speaker(Protocol):
    """Whoever makes messages: the city, the ships."""

    @property
    def gateways(self) -> Sequence[str]:
        """Principals that its devices speak through, each once, sorted."""
        ...

    @property
    def devices(self) -> Sequence[Device]:
        """Everyone that can speak, in a fixed order."""
        ...

    def sayings(self, begin: Micros, end: Micros) -> Iterator[Saying]:
        """All messages sent in [begin, end), in order of time; the same whatever the windows asked for."""
        ...

    def encode(self, saying: Saying) -> bytes:
        """Its payload. Raises ValueError for a value that the wire cannot hold (a fault may ask for one)."""
        ...


def topic(device: Device) -> str:
    """Where a device's frames are published: its gateway's topic of its adapter."""
    return f"sensing/v1/{device.adapter}/{device.gateway}/up"


def sent(saying: Saying, payload: bytes) -> Sent:
    """A message on its way."""
    return Sent(saying.time, saying.device.gateway, topic(saying.device), payload)
