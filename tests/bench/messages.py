"""What the benchmarks send: three formats of about the same size, each from one of a thousand numbered devices.

    json    150 bytes, one reading and some text that is ignored
    sl651    68 bytes, five readings, one of them unmapped: a real frame of a Beijing river gauge (tests/golden/sl651/bj-18-32) with another station and time
    senml   159 bytes, three records

All messages of one format have the same length, so that a sender may cut a block of them anywhere.
"""

from __future__ import annotations

import time

from fastcrc import crc16

from sensing.model import Frame, Source
from tests.faults.load import publish

DEVICES = 1_000
FORMATS = {"json": "plainjson", "sl651": "sl651", "senml": "senml"}
"""Name here, adapter."""
READINGS = {"json": 1, "sl651": 5, "senml": 3}
START_MS = int(time.time() - 2 * 86_400) // 60 * 60_000
"""Device time of the first message: two days ago, so that no clock flag is raised."""
_PAD = b"x" * 83
_SL651 = bytes.fromhex(
    "7E7E0100305037680000320033020A02260701060114F1F1003050376848F0F0"
    "2607010600392300033660361B000110272B0000004320FF221B00011038121230032B97"
)


def principal(number: int) -> str:
    """Who sends as device `number`."""
    return f"d{number:03}"


def forms() -> list[dict[str, str]]:
    """Registrations of the SL 651 and SenML devices; the plain JSON ones are the principals' own."""
    return [
        {"id": f"{form}-{n:03}", "type": "generic", "adapter": form, "native": native(form, n), "principal": principal(n)}
        for form in ("sl651", "senml")
        for n in range(DEVICES)
    ]


def native(form: str, number: int) -> str:
    """The id that device `number` has on the wire."""
    return f"{10_000_000 + number:010}" if form == "sl651" else f"{form}{number:03}"


def topic(form: str, number: int) -> str:
    return f"sensing/v1/{FORMATS[form]}/{principal(number)}/up"


def json_message(number: int, time_ms: int) -> bytes:
    return b'{"device":"d%03d","time":%d,"water_level":%d.%03d,"pad":"%s"}' % (number, time_ms, number % 10, time_ms % 1000, _PAD)


def senml_message(number: int, time_ms: int) -> bytes:
    return (
        b'[{"bn":"senml%03d/","bt":%d.%03d,"n":"water_level","u":"m","v":3.%03d},{"n":"air_temperature","u":"Cel","v":21.5},'
        b'{"n":"supply_voltage","u":"V","v":12.6}]'
    ) % (number, time_ms // 1000, time_ms % 1000, time_ms % 1000)


def sl651_message(number: int, time_ms: int) -> bytes:
    at = time.gmtime(time_ms // 1000 + 8 * 3600)
    sent = bytes.fromhex(time.strftime("%y%m%d%H%M%S", at))
    station = bytes.fromhex(native("sl651", number))
    frame = _SL651[:3] + station + _SL651[8:16] + sent + _SL651[22:24] + station + _SL651[29:32] + sent[:5] + _SL651[37:-2]
    return frame + crc16.modbus(frame).to_bytes(2, "big")


MESSAGE = {"json": json_message, "sl651": sl651_message, "senml": senml_message}
STEP_MS = {"json": 1_000, "sl651": 60_000, "senml": 1_000}
"""Device time between two messages of one device: an SL 651 observation has whole minutes."""


def packets(form: str, number: int, times_ms: range) -> tuple[bytes, int]:
    """PUBLISH packets of one device, QoS 1, one after the other with rising packet ids, and the length of each."""
    make = MESSAGE[form]
    first = publish(topic(form, number), make(number, times_ms[0]), 1)
    size = len(first)
    head = first[: size - 2 - len(make(number, times_ms[0]))]
    block = b"".join([head + (n % 65_000 + 1).to_bytes(2, "big") + make(number, at) for n, at in enumerate(times_ms)])
    assert len(block) == size * len(times_ms), "messages of one format have one length"
    return block, size


def frames(form: str, count: int, devices: int = DEVICES) -> list[Frame]:
    """`count` frames as the door would have logged them: the devices in turn, device time moving on."""
    make, step, now = MESSAGE[form], STEP_MS[form], time.time_ns() // 1000
    sources = [Source(FORMATS[form], principal(n), topic(form, n), "up", "live", "") for n in range(devices)]
    return [Frame(sources[n % devices], now + n, make(n % devices, START_MS + n // devices * step)) for n in range(count)]
