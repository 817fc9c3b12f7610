"""Devices that never give up: raw MQTT 3.1.1 clients that write down what was acknowledged, and send again what was not.

The packets are built here by hand, so that the sender shares no code with what it tests.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field


def _text(text: str) -> bytes:
    raw = text.encode()
    return len(raw).to_bytes(2, "big") + raw


def _framed(head: int, body: bytes) -> bytes:
    size, left = bytearray(), len(body)
    while True:
        left, digit = divmod(left, 128)
        size.append(digit | (0x80 if left else 0))
        if not left:
            return bytes((head,)) + bytes(size) + body


def connect(client: str, username: str, password: str, keepalive: int = 60) -> bytes:
    """CONNECT, MQTT 3.1.1, clean session off."""
    flags = 0b1100_0000
    return _framed(
        0x10, _text("MQTT") + bytes((4, flags)) + keepalive.to_bytes(2, "big") + _text(client) + _text(username) + _text(password)
    )


def publish(topic: str, payload: bytes, pid: int, *, again: bool = False) -> bytes:
    """PUBLISH, QoS 1."""
    return _framed(0x32 | (0x08 if again else 0), _text(topic) + pid.to_bytes(2, "big") + payload)


@dataclass
class Device:
    """One connection's worth of messages: (key, payload). `acked` are the keys that were acknowledged."""

    name: str
    password: str
    topic: str
    messages: Sequence[tuple[tuple[str, int], bytes]]
    window: int = 10
    acked: set[tuple[str, int]] = field(default_factory=set)
    connects: int = 0
    latencies: list[float] = field(default_factory=list)
    pause_s: float = 0.0

    async def run(self, port: int, host: str = "127.0.0.1") -> None:
        """Send everything, through any number of broken connections."""
        self._left = deque(enumerate(self.messages))
        self._flight: dict[int, tuple[int, tuple[tuple[str, int], bytes]]] = {}
        self._sent_at: dict[int, float] = {}
        while self._left or self._flight:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.TimeoutError):
                await self._connection(host, port)
            if self._left or self._flight:
                await asyncio.sleep(0.05)

    async def _connection(self, host: str, port: int) -> None:
        reader, writer = await asyncio.wait_for(asyncio.open_connection(host, port), 5)
        try:
            writer.write(connect(self.name, self.name, self.password))
            answer = await asyncio.wait_for(reader.readexactly(4), 10)
            if answer[0] != 0x20 or answer[3]:
                raise ConnectionRefusedError(f"CONNACK {answer.hex()}")
            self.connects += 1
            for pid, (_, (_, body)) in sorted(self._flight.items(), key=lambda item: item[1][0]):
                writer.write(publish(self.topic, body, pid, again=True))
            await self._exchange(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pid = max(self._flight, default=0)
        while self._left or self._flight:
            while self._left and len(self._flight) < self.window:
                pid = pid % 60_000 + 1
                number, message = self._left.popleft()
                self._flight[pid] = (number, message)
                self._sent_at[pid] = time.perf_counter()
                writer.write(publish(self.topic, message[1], pid))
            await writer.drain()
            await self._take(await asyncio.wait_for(reader.readexactly(2), 30), reader)
            if self.pause_s:
                await asyncio.sleep(self.pause_s)

    async def _take(self, head: bytes, reader: asyncio.StreamReader) -> None:
        body = await reader.readexactly(head[1])
        if head[0] == 0x40:
            pid = int.from_bytes(body[:2], "big")
            done = self._flight.pop(pid, None)
            if done is not None:
                self.acked.add(done[1][0])
                self.latencies.append(time.perf_counter() - self._sent_at[pid])


@dataclass
class Fleet:
    """Many devices at once, and everything that they know."""

    devices: list[Device]
    sent: dict[tuple[str, int], float]

    @property
    def acked(self) -> set[tuple[str, int]]:
        return set().union(*(device.acked for device in self.devices))

    async def run(self, port: int, meanwhile: Callable[[], object] | None = None) -> None:
        """Run every device; `meanwhile` is called again and again on a thread until they are done."""
        done = asyncio.Event()

        async def disturb() -> None:
            while meanwhile is not None and not done.is_set():
                if await asyncio.to_thread(meanwhile) is False:
                    return

        disturbing = asyncio.create_task(disturb())
        sending = asyncio.gather(*(device.run(port) for device in self.devices))
        try:
            await asyncio.wait({sending, disturbing}, return_when=asyncio.FIRST_COMPLETED)
            if (
                disturbing.done() and disturbing.exception() is not None
            ):  # nothing more is to be learnt: do not wait for the devices
                sending.cancel()
                disturbing.result()
            await sending
        finally:
            done.set()
            await disturbing


def fleet(
    passwords: Mapping[str, str], each: int, payload: Callable[[str, int, float], bytes], start: int, window: int = 10
) -> Fleet:
    """A fleet in which every principal sends `each` readings of its own device, a second of device time apart."""
    sent: dict[tuple[str, int], float] = {}
    devices = []
    for name, password in passwords.items():
        messages = []
        for number in range(each):
            key, value = (name, start + number * 1_000_000), round(number * 0.001 + 1, 3)
            sent[key] = value
            messages.append((key, payload(*key, value)))
        devices.append(Device(name, password, f"sensing/v1/plainjson/{name}/up", messages, window))
    return Fleet(devices, sent)
