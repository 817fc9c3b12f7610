"""The realistic fleet: 2,000 devices with four values each, behind 50 gateways that speak SenML; 5 % late by ten minutes, 5 % sent twice.

One connection is one gateway. Which device speaks, and what it says, follow from the time alone, so the same time again is the same message.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from sensing.model import Frame, Source
from tests.bench import messages
from tests.faults.load import publish

GATEWAYS, EACH = 50, 40
DEVICES = GATEWAYS * EACH
VALUES = 4
LATE_MS = 600_000
STEP_MS = 10_000
_EVERY = 20
_LATE, _AGAIN = 3, 11
"""Of every twenty messages: the one that is late, and the one that repeats what was said before it."""


def forms() -> list[dict[str, str]]:
    """Registrations of the devices; the gateways' own are `City`'s."""
    return [
        {"id": f"gauge-{n:04}", "type": "generic", "adapter": "senml", "native": f"gauge{n:04}", "principal": messages.principal(n // EACH)}
        for n in range(DEVICES)
    ]  # fmt: skip


def topic(gateway: int) -> str:
    return f"sensing/v1/senml/{messages.principal(gateway)}/up"


def message(device: int, time_ms: int) -> bytes:
    """207 bytes whatever is said: four values at one instant."""
    return (
        b'[{"bn":"gauge%04d/","bt":%d.%03d,"n":"water_level","u":"m","v":3.%03d},{"n":"air_temperature","u":"Cel","v":21.%d},'
        b'{"n":"supply_voltage","u":"V","v":12.%d},{"n":"relative_humidity","u":"%%RH","v":7%d.5}]'
    ) % (device, time_ms // 1000, time_ms % 1000, time_ms * 7 % 1000, time_ms % 7, time_ms % 3, time_ms % 10)


def said(times_ms: Sequence[int]) -> Iterator[int]:
    """The device times of a gateway's messages that are due at these. Late ones are odd: never an instant of `frames`."""
    before = times_ms[0]
    for n, at in enumerate(times_ms):
        place = n % _EVERY
        before = at - LATE_MS | 1 if place == _LATE else before if place == _AGAIN else at
        yield before


def speaker(gateway: int, time_ms: int) -> int:
    """Which of a gateway's devices speaks at a time: each as often as the others, in no order."""
    return gateway * EACH + (time_ms * 2_654_435_761 >> 16) % EACH


def packets(gateway: int, times_ms: Sequence[int]) -> tuple[bytes, int]:
    """PUBLISH packets of one gateway, as `messages.packets`."""
    made = [publish(topic(gateway), message(speaker(gateway, at), at), n % 65_000 + 1) for n, at in enumerate(said(times_ms))]
    assert len({len(packet) for packet in made}) == 1, "messages of one format have one length"
    return b"".join(made), len(made[0])


def frames(count: int, last_ms: int) -> list[Frame]:
    """`count` frames as the door would have logged them: the devices in turn, each every ten seconds, up to a time, at even ms."""
    sources = [Source("senml", messages.principal(n), topic(n), "up", "live", "") for n in range(GATEWAYS)]
    first, now = last_ms - count * STEP_MS // DEVICES, time.time_ns() // 1000
    return [
        Frame(sources[n % DEVICES // EACH], now + n, message(n % DEVICES, (first + n * STEP_MS // DEVICES) & ~1)) for n in range(count)
    ]  # fmt: skip
