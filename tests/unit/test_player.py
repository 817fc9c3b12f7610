"""The player is a data logger: it keeps what was not acknowledged, and comes back for ever."""

import asyncio

import pytest

from sensing import topics
from sensing.metrics import Metrics
from sensing.mqtt.committer import Committer
from sensing.mqtt.door import Door
from sensing.settings import Settings
from simulators import player
from simulators.clock import MAX_SPEED, Clock
from simulators.faults import Break
from simulators.line import RefusedError
from simulators.player import Cue, Target, play
from simulators.said import Sent
from tests.fakes import FakeGatekeeper, MemoryLog

START = 1_790_000_017_000_000
GATEWAYS = [f"gw-{number:02}" for number in range(10)]
PASSWORDS = {gateway: f"secret-{gateway}" for gateway in GATEWAYS}


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch):
    """Reconnecting takes no long waits."""
    monkeypatch.setattr(player, "FIRST_WAIT_S", 0.02)
    monkeypatch.setattr(player, "MOST_WAIT_S", 0.05)


class FrailBroker:
    """Grants all, acknowledges what `lives` lets it, then hangs up; a broker restarted with the next life."""

    def __init__(self, *lives):
        self.lives = list(lives)
        self.taken, self.topics = [], []
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
                    self.topics.append(body[2:at].decode())
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


def numbered(count, gateway="gw-01"):
    return [Sent(START + n, gateway, topics.up("sl651", gateway), f"~~{n}".encode()) for n in range(count)]


async def test_what_was_not_acknowledged_is_sent_again():
    """A broker that dies three times in the middle has every frame in the end, and none that it acknowledged is missing."""
    broker = FrailBroker(3, 0, 7)
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0)
    sent = numbered(60)
    async with server:
        target = Target("127.0.0.1", server.sockets[0].getsockname()[1])
        clock = Clock(START, MAX_SPEED)
        done = await asyncio.wait_for(
            play(target, sent, clock, {"gw-01": "x"}, run="demo-1", stop=asyncio.Event(), tick=None), 20
        )
    assert broker.acknowledged == {frame.payload for frame in sent}
    assert len(broker.taken) > len(sent)
    assert (done.sent, done.lost_connections, done.connections) == (60, 3, 4)
    assert broker.client_ids == {"demo-1-gw-01"}


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
    playing = asyncio.create_task(
        play(Target("127.0.0.1", 1), watched(), clock, {"gw-01": "x"}, run="demo-1", stop=stop, tick=None)
    )
    await eventually(lambda: len(taken) >= 6)
    await asyncio.sleep(0.1)
    assert len(taken) == 6
    stop.set()
    assert (await asyncio.wait_for(playing, 5)).sent == 0


async def test_a_gateway_without_a_password_is_an_error():
    """A frame that nobody can send is not silently kept."""
    frames_of_another = numbered(1, "gw-02")
    with pytest.raises(KeyError, match="gw-02"):
        await play(Target("127.0.0.1", 1), frames_of_another, Clock(START), {"gw-01": "x"}, run="r", stop=asyncio.Event())


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


async def test_ten_gateways_play_to_the_real_door():
    """All gateways connect, each one's frames arrive in their order; a door that goes and comes is found."""
    log = MemoryLog()
    first = [
        Sent(START + n * 15_000_000, g, topics.up("sl651", g), f"~~{n}".encode()) for n in range(120) for g in [GATEWAYS[n % 10]]
    ]
    more = [frame._replace(time=frame.time + 50_000_000_000, payload=frame.payload + b"~") for frame in first]
    clock = Clock(START, 100_000)  # the second half is due half a second after the first
    async with House(log) as door:
        port = door.port
        target = Target("127.0.0.1", port)
        playing = asyncio.create_task(play(target, first + more, clock, PASSWORDS, run="demo-1", stop=asyncio.Event(), tick=None))
        await eventually(lambda: len({frame.source.principal for frame in log.frames}) == 10)
    async with House(log, port):
        done = await asyncio.wait_for(playing, 30)
    arrived = list(dict.fromkeys((frame.source.principal, bytes(frame.payload)) for frame in log.frames))
    for gateway in GATEWAYS:
        wanted = [f.payload for f in first + more if f.gateway == gateway]
        assert [payload for principal, payload in arrived if principal == gateway] == wanted
    assert (done.sent, done.taken) == (240, 240)
    assert done.lost_connections >= 1


async def broken(broker, sent, **more):
    """What a broker took of frames that were played to it as fast as it goes."""
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0)
    async with server:
        target = Target("127.0.0.1", server.sockets[0].getsockname()[1])
        playing = play(target, sent, Clock(START, MAX_SPEED), {"gw-01": "x"}, run="r", stop=asyncio.Event(), **more)
        return await asyncio.wait_for(playing, 20)


async def test_a_gateway_tells_the_time_before_each_new_tick():
    """A clock frame stands before the first frame of each tick, on the same connection, and is no frame of the story."""
    broker = FrailBroker()
    sent = [frame._replace(time=START + n * 20_000_000) for n, frame in enumerate(numbered(9))]
    times = [frame.time for frame in sent]
    done = await broken(broker, sent, tick=60_000_000)
    clocks = [n for n, topic in enumerate(broker.topics) if "/clock/" in topic]
    told = [int(broker.taken[n].partition(b":")[2].rstrip(b"}")) for n in clocks]
    assert told == [time for n, time in enumerate(times) if n == 0 or time // 60_000_000 != times[n - 1] // 60_000_000]
    assert (done.sent, done.clocks) == (9, len(clocks))


async def test_what_is_sent_again_is_dated_as_it_was():
    """After a broken connection the time that held for the oldest unacknowledged frame is told before it."""
    broker = FrailBroker(4)
    sent = [frame._replace(time=START + n * 20_000_000) for n, frame in enumerate(numbered(12))]
    await broken(broker, sent, tick=60_000_000)
    dated, now = {}, None
    for topic, payload in zip(broker.topics, broker.taken, strict=True):
        if "/clock/" in topic:
            now = payload
        else:
            dated.setdefault(payload, set()).add(now)
    assert set(dated) == {frame.payload for frame in sent}
    assert all(len(times) == 1 for times in dated.values())


async def test_breaks_and_cues_are_obeyed_in_their_place():
    """A Break costs the gateway its connection and no frame; a Cue is passed on and not sent."""
    broker, cues = FrailBroker(), []
    sent = numbered(40)
    script = [*sent[:20], Cue(START + 20, "door-kill"), *sent[20:30]]

    def slowly():
        yield from script
        yield Break(START + 30, "gw-01")
        yield from sent[30:]

    done = await broken(broker, slowly(), tick=None, on_cue=cues.append)
    assert broker.acknowledged == {frame.payload for frame in sent}
    assert done.sent == 40
    assert cues == [Cue(START + 20, "door-kill")]


async def test_who_is_not_let_in_gives_up(monkeypatch):
    """A broker that says again and again that it does not know us ends the play with an error, for nobody else will mend it."""
    monkeypatch.setattr(player, "_REFUSALS", 3)

    async def no(reader, writer):
        await reader.read(100)
        writer.write(b"\x20\x02\x00\x05")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(no, "127.0.0.1", 0)
    async with server:
        target = Target("127.0.0.1", server.sockets[0].getsockname()[1])
        with pytest.raises(RefusedError, match="gw-01 is not let in"):
            await play(target, numbered(1), Clock(START), {"gw-01": "x"}, run="r", stop=asyncio.Event())


async def test_confirms_are_heard():
    """What the service sends down to a gateway arrives there and is counted."""
    stop = asyncio.Event()
    gateway, topic = "gw-01", topics.down("sl651", "gw-01")
    async with House(MemoryLog()) as door:
        target = Target("127.0.0.1", door.port)
        later = [frame._replace(time=START + 3_600_000_000) for frame in numbered(1)]
        playing = asyncio.create_task(
            play(target, later, Clock(START), {gateway: f"secret-{gateway}"}, run="r", stop=stop, adapters={gateway: ["sl651"]})
        )
        await eventually(lambda: door.send_down(gateway, topic, b"~~confirm"))
        for _ in range(20):
            door.send_down(gateway, topic, b"~~confirm")
            await asyncio.sleep(0.01)
        stop.set()
        assert (await playing).answers >= 10
