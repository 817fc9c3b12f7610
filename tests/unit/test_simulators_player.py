"""The player is a data logger: it keeps what was not acknowledged, and comes back for ever."""

import asyncio
import json
import os
import signal
import sys

import pytest

from sensing import topics
from sensing.metrics import Metrics
from sensing.mqtt.committer import Committer
from sensing.mqtt.door import Door
from sensing.settings import Settings
from simulators import demo, player
from simulators.clock import MAX_SPEED, Clock
from simulators.fleet import demo_fleet
from simulators.player import Target, play
from simulators.reports import Sent, frames
from tests.fakes import FakeGatekeeper, MemoryLog

START = 1_790_000_017_000_000
FLEET = demo_fleet(7, 10)
PASSWORDS = {gateway: f"secret-{gateway}" for gateway in FLEET.gateways}


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch):
    """Reconnecting takes no long waits."""
    monkeypatch.setattr(player, "FIRST_WAIT_S", 0.02)
    monkeypatch.setattr(player, "MOST_WAIT_S", 0.05)


class FrailBroker:
    """Grants all, acknowledges what `lives` lets it, then hangs up; a broker restarted with the next life."""

    def __init__(self, *lives):
        self.lives = list(lives)
        self.taken = []
        self.acknowledged = set()
        self.client_ids = set()

    async def serve(self, reader, writer):
        left = self.lives.pop(0) if self.lives else None
        try:
            while left is None or left >= 0:
                kind, body = await self.packet(reader)
                if kind >> 4 == 1:
                    length = int.from_bytes(body[10:12], "big")
                    self.client_ids.add(body[12 : 12 + length].decode())
                    writer.write(b"\x20\x02\x00\x00")
                elif kind >> 4 == 8:
                    writer.write(b"\x90\x03" + body[:2] + b"\x01")
                elif kind >> 4 == 3:
                    at = 2 + int.from_bytes(body[:2], "big")
                    self.taken.append(body[at + 2 :])
                    if left == 0:
                        break
                    left = None if left is None else left - 1
                    self.acknowledged.add(body[at + 2 :])
                    writer.write(b"\x40\x02" + body[at : at + 2])
                elif kind >> 4 == 14:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def packet(self, reader):
        kind, length, shift = (await reader.readexactly(1))[0], 0, 0
        while True:
            byte = (await reader.readexactly(1))[0]
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return kind, await reader.readexactly(length)


async def eventually(true):
    """Wait until it is."""
    while not true():  # noqa: ASYNC110 what is waited for cannot call back
        await asyncio.sleep(0.01)


def numbered(count, gateway="demo-gw-01"):
    return [Sent(START + n, gateway, topics.up("sl651", gateway), f"~~{n}".encode()) for n in range(count)]


async def test_what_was_not_acknowledged_is_sent_again():
    """A broker that dies three times in the middle has every frame in the end, and none that it acknowledged is missing."""
    broker = FrailBroker(3, 0, 7)
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0)
    sent = numbered(60)
    async with server:
        target = Target("127.0.0.1", server.sockets[0].getsockname()[1])
        clock = Clock(START, MAX_SPEED)
        done = await asyncio.wait_for(play(target, sent, clock, {"demo-gw-01": "x"}, run="demo-1", stop=asyncio.Event()), 20)
    assert broker.acknowledged == {frame.payload for frame in sent}
    assert len(broker.taken) > len(sent)
    assert (done.sent, done.lost_connections, done.connections) == (60, 3, 4)
    assert broker.client_ids == {"demo-1-demo-gw-01"}


async def test_a_full_queue_holds_the_clock_and_drops_nothing(monkeypatch):
    """While a gateway cannot send, no more than its queue is taken from the frames."""
    monkeypatch.setattr(player, "QUEUE", 5)
    taken = []

    def watched():
        for frame in numbered(50):
            taken.append(frame)
            yield frame

    stop = asyncio.Event()
    clock = Clock(START, MAX_SPEED)
    playing = asyncio.create_task(play(Target("127.0.0.1", 1), watched(), clock, {"demo-gw-01": "x"}, run="demo-1", stop=stop))
    await eventually(lambda: len(taken) >= 6)
    await asyncio.sleep(0.1)
    assert len(taken) == 6
    stop.set()
    assert (await asyncio.wait_for(playing, 5)).sent == 0


async def test_a_gateway_without_a_password_is_an_error():
    """A frame that nobody can send is not silently kept."""
    frames_of_another = numbered(1, "demo-gw-02")
    with pytest.raises(KeyError, match="demo-gw-02"):
        await play(Target("127.0.0.1", 1), frames_of_another, Clock(START), {"demo-gw-01": "x"}, run="r", stop=asyncio.Event())


class House:
    """A real door before a log in memory."""

    def __init__(self, log, port=0):
        settings = Settings.model_validate({"mqtt": {"port": port}})
        self.metrics = Metrics()
        self.committer = Committer(log, settings.commit, self.metrics)
        adapters = frozenset({"sl651"})
        self.door = Door(settings, self.committer, FakeGatekeeper(), adapters, self.metrics, clock=False)

    async def __aenter__(self):
        await self.door.start()
        return self.door

    async def __aexit__(self, *error):
        await self.door.stop()
        await self.committer.stop()


async def test_the_fleet_plays_to_the_real_door():
    """All ten gateways connect; half a virtual hour arrives, each gateway's frames in their order; a door that goes and comes is found."""
    log = MemoryLog()
    half_an_hour = [frame for frame, _ in zip(frames(FLEET, Clock(START)), range(120), strict=False)]
    more = [Sent(f.time, f.gateway, f.topic, f.payload + b"~") for f in half_an_hour]
    come_back = asyncio.Event()

    def both():
        yield from half_an_hour
        come_back.set()
        yield from more

    clock = Clock(START, MAX_SPEED)
    async with House(log) as door:
        port = door.port
        target = Target("127.0.0.1", port)
        playing = asyncio.create_task(play(target, both(), clock, PASSWORDS, run="demo-1", stop=asyncio.Event()))
        await come_back.wait()
    async with House(log, port):
        done = await asyncio.wait_for(playing, 30)
    arrived = list(dict.fromkeys((frame.source.principal, bytes(frame.payload)) for frame in log.frames))
    for gateway in FLEET.gateways:
        wanted = [f.payload for f in half_an_hour + more if f.gateway == gateway]
        assert [payload for principal, payload in arrived if principal == gateway] == wanted
    assert done.sent == 240
    assert done.lost_connections >= 1


async def test_confirms_are_heard():
    """What the service sends down to a gateway arrives there and is counted."""
    stop = asyncio.Event()
    gateway, topic = "demo-gw-01", topics.down("sl651", "demo-gw-01")
    async with House(MemoryLog()) as door:
        target = Target("127.0.0.1", door.port)
        later = [frame._replace(time=START + 3_600_000_000) for frame in numbered(1)]
        playing = asyncio.create_task(play(target, later, Clock(START), {gateway: f"secret-{gateway}"}, run="r", stop=stop))
        await eventually(lambda: door.send_down(gateway, topic, b"~~confirm"))
        for _ in range(20):
            door.send_down(gateway, topic, b"~~confirm")
            await asyncio.sleep(0.01)
        stop.set()
        assert (await playing).confirmed >= 10


# The process


@pytest.mark.parametrize(
    ("content", "extra", "what"),
    [
        ("{}", [], "no password for demo-gw-01"),
        ("no json", [], "cannot start"),
        ("[]", [], "no password"),
        (None, [], "No such file"),
        ("{}", ["--devices", "0"], "0 devices"),
        ("{}", ["--speed", "0"], "speed 0"),
    ],
)
def test_a_demo_that_cannot_start_says_why(tmp_path, capsys, content, extra, what):
    """Bad words end it with code 2 and a sentence."""
    path = tmp_path / "credentials.json"
    if content is not None:
        path.write_text(content)
    assert demo.main(["--port", "1", "--run", "demo-1", "--credentials", str(path), *extra]) == 2
    assert what in capsys.readouterr().err


async def test_the_demo_process_plays_and_stops_quietly(tmp_path):
    """Started as `sensing up --demo` starts it: first readings of every gauge within seconds, and SIGTERM ends it with code 0, no words."""
    log, natives = MemoryLog(), {gauge.native for gauge in FLEET.gauges}
    path = tmp_path / "credentials.json"
    path.write_text(json.dumps(PASSWORDS))
    async with House(log) as door:
        words = [
            "-m",
            "simulators.demo",
            "--port",
            str(door.port),
            "--run",
            "demo-1",
            "--credentials",
            str(path),
            "--devices",
            "10",
        ]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *words,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": "."},
        )
        async with asyncio.timeout(20):
            await eventually(lambda: {bytes(f.payload[3:8]).hex().upper() for f in log.frames} == natives)
            process.send_signal(signal.SIGTERM)
            said = await process.communicate()
    assert said == (b"", b"")
    assert process.returncode == 0
