"""The door among broken, hostile and impatient clients: it lives, and their neighbours notice nothing."""

import asyncio
import contextlib
import os
import random
import time

import paho.mqtt.client as paho
import pytest

from sensing.mqtt import packets as p
from sensing.mqtt.limits import open_files
from sensing.mqtt.wire import encode
from tests import wire_samples as samples
from tests.e2e.certificates import Authority
from tests.fakes import up
from tests.raw_client import RawClient, eventually, open_door

FULL = os.environ.get("SENSING_FAULTS") == "full"
MUTATIONS = 10_000 if FULL else 200
CLIENTS = 5_000 if FULL else 500
SEED = 20_261_122
KINDS = sorted({type(packet).__name__ for _, packet in samples.ALL})


class Neighbour:
    """A well-behaved client that publishes all the time; `check` says that it lost nothing and was never cut off."""

    def __init__(self, door):
        self.door = door
        self.sent = self.acked = 0
        self.over = False

    async def __aenter__(self):
        self.client = await RawClient.connect(self.door.port, "neighbour", version=5)
        self.task = asyncio.create_task(self._publish())
        return self

    async def __aexit__(self, *_):
        self.over = True
        await self.task
        assert self.sent == self.acked > 0
        mine = [frame.payload for frame in self.door.log.frames if frame.source.principal == "neighbour"]
        assert mine == [b"%d" % number for number in range(self.sent)]
        await self.client.close()

    async def _publish(self):
        while not self.over:
            self.client.say(up(self.sent % 65_535 + 1, principal="neighbour", payload=b"%d" % self.sent))
            self.sent += 1
            answer = await self.client.hear()
            assert answer == p.Puback((self.sent - 1) % 65_535 + 1)
            self.acked += 1
            await asyncio.sleep(0.002)


@pytest.fixture
async def faults():
    """What asyncio reports of protocols that raised: must stay empty."""
    found = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: found.append(context))
    yield found
    assert found == []


async def attack(door, version, data, *, connected):
    """One connection that says `data` and no more; wait until the door has read it all and hung up."""
    client = await RawClient.open(door.port, version)
    with contextlib.suppress(ConnectionError, EOFError):
        if connected:
            client.say(p.Connect("", version, username="p1", password=b"secret-p1"))
        client.writer.write(data)
        client.writer.write_eof()
        async with asyncio.timeout(10):
            while await client.reader.read(65_536):
                pass
    client.drop()


def truncations(raw):
    return [raw[:length] for length in range(len(raw))]


def mutations(raw, number, rng):
    for _ in range(number):
        data = bytearray(raw)
        for _ in range(rng.choice((1, 1, 1, 2, 4))):
            place = rng.randrange(len(data) + 1)
            match rng.randrange(3):
                case 0 if place < len(data):
                    data[place] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
                case 1:
                    data.insert(place, rng.randrange(256))
                case _ if len(data) > 1:
                    del data[min(place, len(data) - 1)]
        yield bytes(data)


@pytest.mark.parametrize("kind", KINDS)
async def test_every_truncation_and_many_mutations_leave_the_door_and_its_neighbours_alone(kind, faults):
    """Each of a packet's kinds, in both versions, alone on a connection of its own."""
    rng = random.Random(f"{SEED}-{kind}")
    cases = [(version, encode(packet, version)) for version, packet in samples.ALL if type(packet).__name__ == kind]
    attacks = [(version, data) for version, raw in cases for data in truncations(raw)]
    share = MUTATIONS // len(cases)
    attacks += [(version, data) for version, raw in cases for data in mutations(raw, share, rng)]
    async with open_door() as door, Neighbour(door):
        gate = asyncio.Semaphore(32)

        async def one(version, data):
            async with gate:
                await attack(door, version, data, connected=kind != "Connect")

        await asyncio.gather(*(one(*case) for case in attacks))
        await eventually(lambda: door.connected() == 1)
        assert {frame.source.principal for frame in door.log.frames} <= {"p1", "neighbour"}


async def test_keep_alive_holds_while_the_log_is_blocked(faults):
    """paho, keep-alive 1 s, window 20, a log that answers nothing for 3 s: not one reconnect, not one loss."""
    async with open_door() as door:
        client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="c")
        client.username_pw_set("p1", "secret-p1")
        connects, losses = [], []
        client.on_connect = lambda *_: connects.append(1)
        client.on_disconnect = lambda *_: losses.append(1)
        await asyncio.to_thread(client.connect, "127.0.0.1", door.port, 1)
        client.loop_start()
        door.log.gate.clear()
        sent = [client.publish("sensing/v1/plainjson/p1/up", b"%d" % number, 1) for number in range(500)]
        begun = time.monotonic()
        await asyncio.sleep(3.2)
        assert not any(message.is_published() for message in sent)
        door.log.gate.set()
        await eventually(lambda: all(message.is_published() for message in sent))
        assert time.monotonic() - begun >= 3
        assert (connects, losses) == ([1], [])
        assert [frame.payload for frame in door.log.frames] == [b"%d" % number for number in range(500)]
        client.disconnect()
        await asyncio.to_thread(client.loop_stop)


@pytest.mark.parametrize("tls", [False, True])
async def test_all_clients_are_back_within_a_minute_after_a_restart(tls, faults, tmp_path):
    """5,000 at once (500 in short), each with a publish that must be acknowledged."""
    open_files(2 * CLIENTS + 256)
    authority = Authority(tmp_path)
    cert, key = authority.issue()
    context = authority.trusting() if tls else None

    async def come(port, number):
        client = await RawClient.connect(port, f"gauge-{number}", tls=context)
        client.say(up(1, principal=f"gauge-{number}"))
        assert await asyncio.wait_for(client.hear(), 60) == p.Puback(1)
        return client

    begun = 0.0
    clients = []
    for _ in range(2):
        async with open_door(tls_cert=cert, tls_key=key) as door:
            for client in clients:
                client.drop()
            begun = time.monotonic()
            clients = await asyncio.gather(*(come(door.tls_port if tls else door.port, number) for number in range(CLIENTS)))
            took_s = time.monotonic() - begun
            assert door.connected() == CLIENTS
            assert door.log.head() == CLIENTS
            print(f"{CLIENTS} clients {'over TLS ' if tls else ''}back in {took_s:.1f} s")
            assert took_s < 60
    for client in clients:
        client.drop()
