"""A city's mixed fleet: principals of every adapter, their frames made by the adapter's own `encode`, and what must be stored of them.

Each adapter's EXAMPLES are said again and again, an hour later each time, by several principals with devices of their own.
"""

import time
from dataclasses import dataclass, field

import msgspec

import adapters
from sensing.registry import DeviceForm
from sensing.times import HOUR, SECOND
from tests.faults.city import TESTER
from tests.faults.load import Device

ADAPTERS = adapters.discover()
PRINCIPALS = 3
KINDS = {"ais": "receiver", "gpsd": "receiver", "lorawan": "server"}
RENAME = {
    "ais": lambda native, number: str(int(native) + number),
    "gpsd": lambda native, number: str(int(native) + 100 + number),
    "sl651": lambda native, number: f"{native[:8]}{number:02d}",
    "hj212": lambda native, number: f"{native[:22]}{number:02d}",
    "lorawan": lambda native, number: f"{native[:14]}{number:02x}",
}
"""A native id of the examples as that of principal `number`; text with a number behind it where nothing is said here."""


@dataclass
class Member:
    """A principal. messages: (key, payload), as a device sends them; rows: what must be stored of them, by key."""

    adapter: str
    name: str
    password: str
    messages: list = field(default_factory=list)
    rows: dict = field(default_factory=dict)

    @property
    def topic(self):
        return f"sensing/v1/{self.adapter}/{self.name}/up"

    def device(self):
        """Its client, one message at a time: those without a clock each have an instant of their own."""
        return Device(self.name, self.password, self.topic, self.messages, window=1)


def enlist(town, hours):
    """Register principals and their devices, and write what they will say: (frames, rows) a principal."""
    members = []
    for adapter in ADAPTERS:
        for number in range(PRINCIPALS):
            name = f"{adapter}-{number}"
            made = town.registry.register_principal(name, KINDS.get(adapter, "gateway"), actor=TESTER)
            member = Member(adapter, name, made.password)
            _script(member, number, hours)
            town.registry.register_devices(list(_forms(member)), actor=TESTER)
            members.append(member)
    return members


def _forms(member):
    if getattr(ADAPTERS[member.adapter], "ENROLS", False):
        return
    for number, native in enumerate(sorted({row[0] for rows in member.rows.values() for row in rows})):
        yield DeviceForm.read({
            "id": f"{member.name}-{number}", "type": "generic", "adapter": member.adapter, "native": native, "principal": member.name,
        })  # fmt: skip


def _script(member, number, hours):
    """Every example of every hour, the last one not long ago."""
    adapter = ADAPTERS[member.adapter]
    latest = max(reading.time or 0 for readings in adapter.EXAMPLES.values() for reading in readings)
    first = (time.time_ns() // 1000 - latest) // HOUR - 48 - hours
    serial = 0
    for hour in range(hours):
        for turn, readings in enumerate(adapter.EXAMPLES.values()):
            said = [_again(member, reading, number, (first + hour) * HOUR, turn * SECOND) for reading in readings]
            serial += len(readings)
            more = {"link": adapter.Link(serial=serial)} if member.adapter == "sl651" else {}
            frames = adapter.encode(said, **more)
            frames = [frames] if isinstance(frames, bytes) else frames
            keys = [(member.name, len(member.messages) + at) for at in range(len(frames))]
            member.messages += zip(keys, frames, strict=True)
            member.rows[keys[-1]] = [
                (one.native, one.property, one.statistic, one.channel, one.time) for one in said
                if one.property and not isinstance(one.value, str)
            ]  # fmt: skip


def _again(member, reading, number, later, sent):
    """A reading of the examples, `later` and by another device."""
    rename = RENAME.get(member.adapter, lambda native, number: f"{native}-{number}")
    native = member.name if member.adapter == "nmea0183" else rename(reading.native, number)
    return msgspec.structs.replace(
        reading,
        native=native,
        sent=reading.sent and reading.sent + later + sent,
        **{name: at + later for name in ("time", "begin", "wire_time") if (at := getattr(reading, name)) is not None},
    )
