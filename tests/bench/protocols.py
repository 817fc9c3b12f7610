"""Frames of the protocols that only `decoding` reads: a thousand of each, from the adapters' own encoders or a capture."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path

import msgspec

from adapters import gpsd, hj212, nmea0183
from sensing.model import Reading
from sensing.times import MINUTE, rfc3339
from tests.bench.messages import START_MS

COUNT = 1_000
DATA = Path(__file__).parents[1] / "data"
_LEVEL = bytes((1, 0x75, 92, 3, 0x77))
"""Milesight EM500-SWL: battery 92 %, then the depth in cm."""


def later(readings: Sequence[Reading], number: int) -> list[Reading]:
    """Readings of an example, `number` minutes later."""
    moved = dict.fromkeys(("time", "begin", "wire_time", "sent"), number * MINUTE)
    return [
        msgspec.structs.replace(one, **{name: at + step for name, step in moved.items() if (at := getattr(one, name))})
        for one in readings
    ]


def air() -> list[bytes]:
    """HJ 212: five factors with their flags, 270 bytes."""
    said = [reading for reading in hj212.EXAMPLES["air, real time"] if reading.value is not None]
    return [hj212.encode(later(said, number))[0] for number in range(COUNT)]


def ship() -> list[bytes]:
    """NMEA 0183: RMC, HDT and DPT in one payload."""
    return [nmea0183.encode(later(nmea0183.EXAMPLES["a ship's position and course"], number))[0] for number in range(COUNT)]


def heard() -> list[bytes]:
    """AIS-catcher's JSON of a position report."""
    return [gpsd.encode(later(gpsd.EXAMPLES["under way"], number))[0] for number in range(COUNT)]


def capture() -> list[bytes]:
    """Sentences of a real receiver, messages in parts among them, over again until there are enough."""
    lines = (DATA / "ais_capture_pyais_sample.nmea").read_bytes().splitlines()
    sentences = [line for line in lines if line[:1] == b"!"]
    return (sentences * (COUNT // len(sentences) + 1))[:COUNT]


def positions() -> list[bytes]:
    """The position reports among them (types 1-3, 18)."""
    found = [line for line in capture() if line[:9] == b"!AIVDM,1," and line.split(b",")[5][:1] in {b"1", b"2", b"3", b"B"}]
    return (found * (COUNT // len(found) + 1))[:COUNT]


def uplinks() -> list[bytes]:
    """ChirpStack's JSON around a Milesight EM500-SWL's seven bytes."""
    return [_uplink(number) for number in range(COUNT)]


def _uplink(number: int) -> bytes:
    data = base64.b64encode(_LEVEL + number.to_bytes(2, "little")).decode()
    info = {
        "tenantId": "52f14cd4",
        "applicationId": "1",
        "deviceProfileName": "EM500",
        "deviceName": "level",
        "devEui": "24e124136b502217",
    }
    heard_by = [{"gatewayId": "0016c001f153a14c", "rssi": -97, "snr": 7.5}]
    time = rfc3339(START_MS * 1000 + number * MINUTE)
    return json.dumps({"time": time, "deviceInfo": info, "fCnt": number, "fPort": 85, "data": data, "rxInfo": heard_by}).encode()
