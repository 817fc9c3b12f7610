"""Sends frames through real MQTT connections, one a gateway, as data loggers do.

Rules of this file
- A frame leaves the queue when its PUBACK is there, never before. What was not acknowledged is sent again on the next connection.
- A gateway reconnects for ever: half a second first, then twice as long each time, at most MOST_WAIT_S, with some chance in it.
- Virtual time decides when a frame is sent. When a gateway's queue is full, time stands still until it has drained: nothing is dropped.
- A gateway tells the run's time on its own connection, before its first frame of a new tick and again before what it repeats after a broken
  connection. So the service dates each frame alike at any speed (docs/decisions/0008).
- Confirms are counted, not waited for: a logger's own repeats come with the storm's faults.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sensing import topics
from sensing.model import Micros
from sensing.times import MINUTE

from .clock import Clock, dice
from .faults.line import Break
from .line import CLOCKS, REFUSED, Line, RefusedError, Target
from .said import Sent

__all__ = ["Break", "Cue", "Played", "Target", "play"]

QUEUE = 500
FIRST_WAIT_S = 0.5
MOST_WAIT_S = 5.0
_REFUSALS = 10
"""Times in a row that a broker must say no before we believe it."""
_TRIES = 3
"""Times that somebody else's broker may not answer at all before we say so; once it was there, we wait for it for ever. Its no counts at once."""
_CONNECT_S = 10.0
_EARLY_S = 0.005
"""Frames due within this are sent at once: a timer for each would cost more than it is worth."""
_TURN = 200
"""Frames after which the connections get their turn."""
_BREATH_S = 20.0


class Cue(NamedTuple):
    """Something for the stage at this time of the run (`door-kill`): the player passes it to `on_cue` and plays on."""

    time: Micros
    what: str


@dataclass
class Played:
    """How a play stands. time: virtual, of the last frame taken; taken, sent: frames, the latter acknowledged; clocks: beside them.

    answers: messages from the service; lost_connections: times one broke that was there.
    """

    time: Micros = 0
    taken: int = 0
    sent: int = 0
    clocks: int = 0
    answers: int = 0
    connections: int = 0
    lost_connections: int = 0


class _Company:
    """The lines of a play, and who waits for room."""

    def __init__(self, target: Target, run: str, passwords: Mapping[str, str], adapters: Mapping[str, Iterable[str]]) -> None:
        self.room = asyncio.Event()
        self.lines = {
            name: Line(
                f"{run}-{name}", name if target.username is None else target.username, password,
                [topics.down(adapter, name) for adapter in sorted(adapters.get(name, ()))], self.room.set,
            )
            for name, password in passwords.items()
        }  # fmt: skip

    async def shorter(self, line: Line, most: int) -> None:
        """Wait until a line's queue has room."""
        while len(line.queue) > most:
            self.room.clear()
            await self.room.wait()

    def count(self, played: Played) -> None:
        """Bring the numbers up to date."""
        lines = self.lines.values()
        played.sent = sum(line.sent for line in lines)
        played.clocks = sum(line.clocks for line in lines)
        played.answers = sum(line.answers for line in lines)
        played.connections = sum(line.connections for line in lines)


async def play(
    target: Target,
    frames: Iterable[Sent | Break | Cue],
    clock: Clock,
    passwords: Mapping[str, str],
    *,
    run: str,
    stop: asyncio.Event,
    adapters: Mapping[str, Iterable[str]] | None = None,
    tick: Micros | None = MINUTE,
    now_s: Callable[[], float] = time.monotonic,
    played: Played | None = None,
    on_cue: Callable[[Cue], None] = lambda _cue: None,
) -> Played:
    """Send frames at their times until they end and are acknowledged, or `stop` is set.

    passwords: by gateway. run: goes into the client ids. adapters: by gateway, those that answer it. tick: how finely gateways tell the
    time; None leaves it to the frames. now_s: real time, seconds from anywhere. played: kept up to date while it plays.
    Raises KeyError for a frame of a gateway without a password, RefusedError when the broker does not let one in, is not
    who it says, or, being somebody else's, is not there.
    """
    played = played if played is not None else Played()
    company = _Company(target, run, passwords, adapters or {})
    lines = [asyncio.create_task(_stay(target, name, line, run, played)) for name, line in company.lines.items()]
    feeding = asyncio.create_task(_feed(frames, clock, company, tick, now_s, played, on_cue))
    stopping = asyncio.create_task(stop.wait())
    try:
        done, _ = await asyncio.wait((feeding, stopping, *lines), return_when=asyncio.FIRST_COMPLETED)
        for task in done - {stopping}:
            task.result()
    finally:
        for task in (feeding, stopping, *lines):
            task.cancel()
        await asyncio.gather(feeding, stopping, *lines, return_exceptions=True)
        company.count(played)
    return played


async def _feed(
    frames: Iterable[Sent | Break | Cue], clock: Clock, company: _Company, tick: Micros | None, now_s: Callable[[], float],
    played: Played, on_cue: Callable[[Cue], None],
) -> None:  # fmt: skip
    began, turn, lines = now_s(), 0, company.lines
    ticks: dict[str, int] = {}
    for frame in frames:
        wait = clock.wait_s(frame.time, now_s() - began)
        turn += 1
        if wait > _EARLY_S or turn >= _TURN:
            turn = 0
            company.count(played)
            await asyncio.sleep(wait)
        played.time = frame.time
        if isinstance(frame, Cue):
            on_cue(frame)
            continue
        line = lines[frame.gateway]
        if isinstance(frame, Break):
            line.drop()
            continue
        if len(line.queue) >= QUEUE:
            await company.shorter(line, QUEUE - 1)
        if tick is not None and (now := frame.time // tick) != ticks.get(frame.gateway):
            ticks[frame.gateway] = now
            line.put(told(frame.time, frame.gateway))
        line.put(frame)
        played.taken += not frame.topic.startswith(CLOCKS)
    await _drain(company)


async def _drain(company: _Company) -> None:
    """Wait until everything is acknowledged."""
    for line in company.lines.values():
        await company.shorter(line, 0)


def told(time: Micros, gateway: str) -> Sent:
    """The frame by which a gateway tells the time of the run."""
    return Sent(time, gateway, topics.up("clock", gateway), b'{"time":%d}' % time)


async def _stay(target: Target, name: str, line: Line, run: str, played: Played) -> None:
    """One gateway's connection, again and again. Ends only when it is cancelled, or not let in."""
    chance = dice(0, "reconnect", run, name)
    wait, refusals, tries = FIRST_WAIT_S, 0, 0
    try:
        while True:
            before = line.sent
            line.closed.clear()
            try:
                async with asyncio.timeout(_CONNECT_S):
                    await asyncio.get_running_loop().create_connection(lambda: line, target.host, target.port, ssl=target.tls)
                await _until_closed(line)
            except ssl.SSLCertVerificationError as error:
                raise RefusedError(f"{target.host}:{target.port} is not who it says: {error.verify_message}") from None
            except (OSError, TimeoutError) as error:
                tries += 1
                if target.username is not None and not line.connections and tries >= _TRIES:
                    raise RefusedError(
                        f"{target.host}:{target.port} does not answer: {str(error) or 'no word in time'}"
                    ) from None
            refusals = refusals + 1 if line.refused in REFUSED else 0
            if refusals >= (_REFUSALS if target.username is None or line.connections else 1):
                raise RefusedError(f"{name} is not let in at {target.host}:{target.port} (CONNACK {line.refused})")
            played.lost_connections += line.refused == 0
            _repeat_clock(line)
            wait = FIRST_WAIT_S if line.sent > before else min(2 * wait, MOST_WAIT_S)
            line.refused = None
            await asyncio.sleep(wait * chance.uniform(0.5, 1.0))
    finally:
        line.part()


async def _until_closed(line: Line) -> None:
    while not line.closed.is_set():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_BREATH_S):
                await line.closed.wait()
        line.breathe()


def _repeat_clock(line: Line) -> None:
    """What is sent again is dated as it was: the time goes before it."""
    if line.queue and line.clock is not None and not line.queue[0].topic.startswith(CLOCKS):
        line.queue.appendleft(line.clock)
