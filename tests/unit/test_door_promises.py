"""The door keeps its promises on real sockets: what is acknowledged is in the log, what is refused is not."""

import asyncio
import json

import pytest

from sensing.errors import ValidationError
from sensing.framelog import LogFullError
from sensing.mqtt import packets as p
from sensing.mqtt.committer import Committer
from sensing.mqtt.packets import Code
from sensing.times import now
from tests.fakes import up
from tests.raw_client import RawClient, eventually, open_door

STATUS = "sensing/v1/plainjson/p1/status"
DOWN = "sensing/v1/plainjson/p1/down"


async def test_stop_commits_and_acknowledges_what_was_read():
    """Then says why, and nobody's will is published."""
    async with open_door() as door:
        client = await RawClient.connect(door.port, version=5, will=p.Will(STATUS, b"offline"))
        door.log.gate.clear()
        client.say(up(1))
        await eventually(lambda: door.committer._flight)
        stopping = asyncio.create_task(door.stop())
        await asyncio.sleep(0)
        door.log.gate.set()
        assert await client.ended() == [p.Puback(1), p.Disconnect(Code.SHUTTING_DOWN)]
        await stopping
        assert door.log.head() == 1
        door.committer.after_commit.append(door._committed)


async def test_the_clock_goes_into_the_log_when_nothing_else_does():
    """Timers of work read it (DECISIONS "Identity, order, time")."""
    async with open_door(clock=True) as door:
        await eventually(lambda: door.log.head() == 1)
        (frame,) = door.log.frames
        assert (frame.source.adapter, frame.source.principal, frame.source.topic) == ("clock", "door", "sensing/v1/clock/door/up")
        assert abs(json.loads(frame.payload)["time"] - now()) < 5_000_000


async def test_a_full_log_stops_acknowledgements_and_then_goes_on():
    """The client sees a pause, no loss; its pings are answered meanwhile."""
    async with open_door() as door:
        client = await RawClient.connect(door.port)
        door.log.error = LogFullError("full")
        client.say(up(1), p.Pingreq())
        assert await client.hear() == p.Pingresp()
        assert door.log.head() == 0
        door.log.error = None
        assert await client.hear() == p.Puback(1)
        await client.close()


async def test_a_foreign_topic_is_logged_for_its_principal():
    """A network server that knows nothing of our tree."""
    table = [{"filter": "application/+/device/+/event/up", "adapter": "plainjson", "principal": "p1"}]
    async with open_door(foreign=table) as door:
        client = await RawClient.connect(door.port)
        client.say(p.Publish("application/7/device/ab/event/up", b"{}", 1, 1))
        assert await client.hear() == p.Puback(1)
        assert door.log.frames[0].source.adapter == "plainjson"
        await client.close()


async def test_fifty_principals_by_fifty_topics_give_2450_refusals():
    """Identity is bound to the topic: exactly the 50 own ones get in."""
    names = [f"gauge-{number}" for number in range(50)]
    async with open_door() as door:
        for principal in names:
            client = await RawClient.connect(door.port, principal, version=5)
            client.say(*(up(number + 1, principal=other) for number, other in enumerate(names)))
            answers = await client.hear_all(50)
            assert [answer.pid for answer in answers] == list(range(1, 51))
            assert [answer.code for answer in answers] == [0 if other == principal else Code.NOT_AUTHORISED for other in names]
            await client.close()
        assert len(door.refused) == 2_450
        assert door.metrics.get("sensing_publishes_refused_total", reason="wrong_topic") == 2_450
        assert [frame.source.principal for frame in door.log.frames] == names


async def _lost():
    """A client publishes 20 while the log takes nothing, then the machine dies: how many were acknowledged and are not there."""
    async with open_door() as door:
        door.log.error = LogFullError("full")
        client = await RawClient.connect(door.port)
        client.say(*(up(pid) for pid in range(1, 21)), p.Pingreq())
        heard = [await client.hear()]
        while not isinstance(heard[-1], p.Pingresp):
            heard.append(await client.hear())
        stored = door.log.head()
        client.drop()
        door.log.error = None
        return sum(isinstance(answer, p.Puback) for answer in heard) - stored


async def test_nothing_is_acknowledged_that_a_crash_would_lose():
    """P1, by a checker that counts."""
    assert await _lost() == 0


async def test_mutation_ack_before_commit_is_found(monkeypatch):
    """The same checker turns red when the acknowledgement does not wait for the commit."""
    right = Committer.submit_many

    def early(self, frames, size, on_durable):
        on_durable(0)
        for listener in self.after_commit:
            listener()
        right(self, frames, size, lambda _place: None)

    monkeypatch.setattr(Committer, "submit_many", early)
    assert await _lost() == 20


async def test_unsafe_settings_do_not_open_a_door():
    """Plain MQTT on every address."""
    with pytest.raises(ValidationError, match="insecure_plain"):
        async with open_door(host="0.0.0.0"):
            pass
