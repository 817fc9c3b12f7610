"""The door on real sockets: what no pure test can see."""

import asyncio

import pytest

from sensing.model import Micros
from sensing.mqtt import packets as p
from sensing.mqtt.packets import Code
from sensing.times import now
from tests.fakes import up
from tests.raw_client import RawClient, eventually, open_door

STATUS = "sensing/v1/plainjson/p1/status"
DOWN = "sensing/v1/plainjson/p1/down"


async def test_a_frame_goes_from_socket_to_log_and_the_answer_back():
    """The whole way, with the receive time of the door."""
    async with open_door() as door:
        client = await RawClient.connect(door.port)
        before: Micros = now()
        client.say(up(1, payload=b"hello"), up(2, 2), up(0, 0))
        assert await client.hear_all(2) == [p.Puback(1), p.Pubrec(2)]
        assert [frame.payload for frame in door.log.frames] == [b"hello", b"{}", b"{}"]
        assert before <= door.log.frames[0].received <= now()
        assert await client.close() == []
        await eventually(lambda: door.connected() == 0)


async def test_a_second_connection_takes_over_and_gets_no_old_acknowledgement():
    """The old one hears 0x8E; its publishes under way are logged, and acknowledged to nobody."""
    async with open_door() as door:
        door.log.gate.clear()
        old = await RawClient.connect(door.port, version=5)
        old.say(up(1))
        await eventually(lambda: door.committer._flight)
        new = await RawClient.connect(door.port, version=5)
        assert await old.ended() == [p.Disconnect(Code.TAKEN_OVER)]
        door.log.gate.set()
        new.say(up(7))
        assert await new.hear() == p.Puback(7)
        assert door.log.head() == 2
        assert door.connected() == 1
        await new.close()


async def test_another_principal_cannot_take_over_with_the_same_client_id():
    """Nor can another run of the same principal."""
    async with open_door() as door:
        clients = [
            await RawClient.connect(door.port, "p1", client_id="x"),
            await RawClient.connect(door.port, "p2", client_id="x"),
        ]
        door.gatekeeper.runs["p1"] = ("simulated", "r1")
        clients.append(await RawClient.connect(door.port, "p1", client_id="x"))
        for number, client in enumerate(clients):
            client.say(up(1, principal="p2" if number == 1 else "p1"))
            assert await client.hear() == p.Puback(1)
            await client.close()


async def test_a_will_is_logged_when_the_client_vanishes_and_not_when_it_leaves():
    """Also on take-over and refusal; a frame like any other."""
    async with open_door() as door:
        will = p.Will(STATUS, b"offline", 1, True)
        client = await RawClient.connect(door.port, will=will)
        await client.close()
        client = await RawClient.connect(door.port, will=will)
        assert door.log.head() == 0
        client.drop()
        await eventually(lambda: door.log.head() == 1)
        frame = door.log.frames[0]
        assert (frame.source.topic, frame.source.kind, frame.payload) == (STATUS, "status", b"offline")


async def test_a_delayed_will_waits_for_its_delay_and_for_the_client():
    """Back in time: nothing is said."""
    async with open_door() as door:
        connect = {
            "version": 5,
            "clean": False,
            "will": p.Will(STATUS, b"offline", 1, properties={"will_delay_interval": 1}),
            "properties": {"session_expiry_interval": 60},
        }
        (await RawClient.connect(door.port, **connect)).drop()
        await eventually(lambda: door.connected() == 0)
        again = await RawClient.connect(door.port, **connect)
        assert again.connack.session_present
        again.drop()
        await eventually(lambda: door.log.head() == 1)
        assert door.log.frames[0].payload == b"offline"


async def test_a_revoked_client_is_kicked_within_seconds():
    """And the others are not."""
    async with open_door() as door:
        bad, good = await RawClient.connect(door.port, version=5), await RawClient.connect(door.port, "p2", version=5)
        door.gatekeeper.revoke("p1")
        assert await bad.ended() == [p.Disconnect(Code.NOT_AUTHORISED)]
        again = await RawClient.connect(door.port, version=5)
        assert again.connack.code == Code.BAD_CREDENTIALS
        assert await again.ended() == []
        good.say(p.Pingreq())
        assert await good.hear() == p.Pingresp()
        await good.close()


async def test_a_credential_that_expires_ends_its_connection():
    """Though nothing in the registry moved."""
    async with open_door() as door:
        door.gatekeeper.expires["p1"] = now() + 100_000
        client = await RawClient.connect(door.port, version=5)
        assert await client.ended() == [p.Disconnect(Code.NOT_AUTHORISED)]


async def test_silence_and_a_missing_connect_are_timed_out():
    """1.5 x keep-alive; five seconds for CONNECT, here less, even when it comes in drops."""
    async with open_door(connect_timeout_s=0.3) as door:
        silent = await RawClient.connect(door.port, version=5, keep_alive=1)
        dripping = await RawClient.open(door.port)
        started = asyncio.get_running_loop().time()
        drip = asyncio.create_task(_drip(dripping))
        assert await dripping.ended() == []
        assert asyncio.get_running_loop().time() - started < 2
        await drip
        assert await silent.ended() == [p.Disconnect(Code.KEEP_ALIVE_TIMEOUT)]
        assert 1.4 < asyncio.get_running_loop().time() - started < 4


async def _drip(client):
    for byte in b"\x10\x20\0\4MQTT\4\2\0\0\0\0":
        if client.writer.is_closing():
            return
        client.say(bytes((byte,)))
        await asyncio.sleep(0.05)


async def test_a_fault_of_ours_ends_one_connection_and_leaves_nothing_behind():
    """A callback that raises costs its connection, no other, and no place at the door."""

    def fault(*_what):
        raise RuntimeError("mine")

    async with open_door(on_refused=fault) as door:
        seen = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: seen.append(context))
        other = await RawClient.connect(door.port, "p2")
        client = await RawClient.connect(door.port)
        client.say(p.Publish("sensing/v1/plainjson/p2/up", b""))
        assert await client.ended() == []
        await eventually(lambda: door.connected() == 1)
        assert len(seen) == 1
        await other.close()


async def test_after_a_stall_of_our_own_nobody_is_timed_out_unread():
    """A process that was stopped for a minute finds its clients' words still in the sockets."""
    async with open_door() as door:
        client = await RawClient.connect(door.port, version=5, keep_alive=10)
        (connection,) = door._connections
        connection.dialogue.heard -= 60
        door._tick.cancel()
        door._due -= 60
        door._on_tick()
        assert not connection.dialogue.over
        door._tick.cancel()
        door._on_tick()
        assert await client.ended() == [p.Disconnect(Code.KEEP_ALIVE_TIMEOUT)]


async def test_a_reply_goes_to_subscribed_connections_of_its_principal():
    """And to nobody else; of one run when it is given."""
    async with open_door() as door:
        mine, other = await RawClient.connect(door.port), await RawClient.connect(door.port, "p2")
        assert not door.send_down("p1", DOWN, b"x")
        mine.say(p.Subscribe(1, ((DOWN, 1),)))
        other.say(p.Subscribe(1, ((DOWN, 1),)))
        assert await mine.hear() == p.Suback(1, (1,))
        assert await other.hear() == p.Suback(1, (0x80,))
        assert not door.send_down("p1", DOWN, b"x", run="r1")
        assert door.send_down("p1", DOWN, b"x", run="")
        assert await mine.hear() == p.Publish(DOWN, b"x", 1, 1)
        await mine.close()
        assert not door.send_down("p1", DOWN, b"x")
        await other.close()


async def test_beyond_the_most_connections_nobody_is_let_in():
    """Until one leaves."""
    async with open_door(max_connections=1) as door:
        first = await RawClient.connect(door.port)
        with pytest.raises((EOFError, ConnectionError)):
            await RawClient.connect(door.port, "p2")
        await first.close()
        await eventually(lambda: not door._connections)
        second = await RawClient.connect(door.port, "p2")
        assert second.connack.code == 0
        await second.close()


async def test_a_client_that_reads_nothing_is_not_read():
    """Its answers must not fill our memory."""
    async with open_door() as door:
        client = await RawClient.connect(door.port)
        client.reader._transport.pause_reading()
        ping = b"\xc0\0" * 30_000
        for _ in range(400):
            client.writer.write(ping)
        await eventually(lambda: any(one._choked is not None for one in door._connections))
        (connection,) = door._connections
        assert connection._transport.get_write_buffer_size() < 1_000_000
        client.drop()
        await eventually(lambda: not door._connections)
