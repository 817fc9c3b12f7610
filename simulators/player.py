"""Sends a fleet's frames through real MQTT clients, one connection a gateway, as data loggers do.

Rules of this file
- A frame leaves the queue when its PUBACK is there, never before. What was not acknowledged is sent again on the next connection.
- A gateway reconnects for ever: half a second first, then twice as long each time, at most MOST_WAIT_S, with some chance in it.
- Virtual time decides when a frame is sent. When a gateway's queue is full, time stands still until it has drained: nothing is dropped.
- Confirms of SL 651 are counted, not waited for: a logger's own repeats come with the storm's faults.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import aiomqtt

from adapters import sl651
from sensing import topics

from .clock import Clock, dice
from .reports import Sent

QUEUE = 500
WINDOW = 20
"""Publishes that wait for their acknowledgement at once, as many as brokers let by default."""
FIRST_WAIT_S = 0.5
MOST_WAIT_S = 5.0


class Target(NamedTuple):
    """The door to play to."""

    host: str
    port: int


@dataclass
class Played:
    """What came of a play. sent: publishes acknowledged; confirmed: SL 651 confirms received; lost_connections: times one broke."""

    sent: int = 0
    confirmed: int = 0
    connections: int = 0
    lost_connections: int = 0


@dataclass
class _Gateway:
    """A gateway's line: what waits to be sent, oldest first."""

    name: str
    password: str
    queue: deque[Sent] = field(default_factory=deque)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    room: asyncio.Event = field(default_factory=asyncio.Event)

    async def less(self) -> None:
        """Wait until the queue has become shorter."""
        self.room.clear()
        await self.room.wait()


async def play(
    target: Target,
    frames: Iterable[Sent],
    clock: Clock,
    credentials: Mapping[str, str],
    *,
    run: str,
    stop: asyncio.Event,
    now_s: Callable[[], float] = time.monotonic,
) -> Played:
    """Send frames at their times until they end and are acknowledged, or `stop` is set.

    credentials: password by gateway. run: goes into the client ids. now_s: real time, seconds from anywhere.
    Raises KeyError for a frame of a gateway without a password.
    """
    played = Played()
    gateways = {name: _Gateway(name, password) for name, password in credentials.items()}
    lines = [asyncio.create_task(_line(target, gateway, run, played), name=gateway.name) for gateway in gateways.values()]
    feeding = asyncio.create_task(_feed(frames, clock, gateways, now_s))
    stopping = asyncio.create_task(stop.wait())
    try:
        done, _ = await asyncio.wait((feeding, stopping, *lines), return_when=asyncio.FIRST_COMPLETED)
        for task in done - {stopping}:
            task.result()
    finally:
        for task in (feeding, stopping, *lines):
            task.cancel()
        await asyncio.gather(feeding, stopping, *lines, return_exceptions=True)
    return played


async def _feed(frames: Iterable[Sent], clock: Clock, gateways: Mapping[str, _Gateway], now_s: Callable[[], float]) -> None:
    began = now_s()
    for frame in frames:
        # a wait of 0 lets the lines send what there is
        await asyncio.sleep(clock.wait_s(frame.time, now_s() - began))
        gateway = gateways[frame.gateway]
        while len(gateway.queue) >= QUEUE:
            await gateway.less()
        gateway.queue.append(frame)
        gateway.changed.set()
    for gateway in gateways.values():
        while gateway.queue:
            await gateway.less()


async def _line(target: Target, gateway: _Gateway, run: str, played: Played) -> None:
    """One gateway's connection, again and again. Ends only when it is cancelled."""
    chance = dice(0, "reconnect", run, gateway.name)
    wait = FIRST_WAIT_S
    while True:
        before = played.sent
        with contextlib.suppress(aiomqtt.MqttError, OSError):
            async with _client(target, gateway, run) as client:
                played.connections += 1
                await client.subscribe(topics.down(sl651.NAME, gateway.name), qos=1)
                await _talk(client, gateway, played)
        played.lost_connections += 1
        wait = FIRST_WAIT_S if played.sent > before else min(2 * wait, MOST_WAIT_S)
        await asyncio.sleep(wait * chance.uniform(0.5, 1.0))


def _client(target: Target, gateway: _Gateway, run: str) -> aiomqtt.Client:
    return aiomqtt.Client(
        target.host, target.port, username=gateway.name, password=gateway.password, identifier=f"{run}-{gateway.name}",
        keepalive=30, timeout=10, max_inflight_messages=WINDOW,
    )  # fmt: skip


async def _talk(client: aiomqtt.Client, gateway: _Gateway, played: Played) -> None:
    """Send and listen until the connection breaks. Raises MqttError."""
    listening = asyncio.create_task(_listen(client, played))
    sending = asyncio.create_task(_send(client, gateway, played))
    try:
        done, _ = await asyncio.wait((listening, sending), return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        listening.cancel()
        sending.cancel()
        await asyncio.gather(listening, sending, return_exceptions=True)


async def _send(client: aiomqtt.Client, gateway: _Gateway, played: Played) -> None:
    while True:
        while not gateway.queue:
            gateway.changed.clear()
            await gateway.changed.wait()
        batch = [gateway.queue[index] for index in range(min(WINDOW, len(gateway.queue)))]
        await asyncio.gather(*(client.publish(frame.topic, frame.payload, qos=1) for frame in batch))
        for _ in batch:
            gateway.queue.popleft()
        played.sent += len(batch)
        gateway.room.set()


async def _listen(client: aiomqtt.Client, played: Played) -> None:
    async for message in client.messages:
        played.confirmed += bytes(message.payload).startswith(b"~~")
    raise aiomqtt.MqttError("the connection is closed")
