"""The live feed over MQTT: normalised observations and events for readers of a run, and nobody else; at QoS 0, and nothing waits."""

import asyncio
import json
from contextlib import asynccontextmanager, closing

import pytest

from sensing.doorway import Doorway
from sensing.errors import ValidationError
from sensing.mqtt import packets as p
from sensing.settings import Settings
from sensing.times import MINUTE
from tests.house import ADAPTERS, TESTER, House, reading
from tests.raw_client import RawClient, eventually

RIVER = {"watch": 2.8, "warning": 3.2, "danger": 4.0}


@pytest.fixture
def house(tmp_path):
    with closing(House(tmp_path)) as found:
        found.passwords = {
            "g1": found.device("g1", settings={"thresholds": {"water_level": RIVER}}).credential.password,
            "wall": found.registry.register_principal("wall", "reader", actor=TESTER).password,
            "drill": found.registry.register_principal(
                "drill", "reader", origin="simulated", run="typhoon", actor=TESTER
            ).password,
        }
        found.log.close()
        yield found


@asynccontextmanager
async def serving(house):
    doorway = Doorway(house.data, Settings(mqtt={"port": 0, "tls_port": 0}), frozenset(ADAPTERS), lambda _device: "environment")
    stop = asyncio.Event()
    running = asyncio.create_task(doorway.run(stop))
    await eventually(lambda: doorway.door.port)
    try:
        yield doorway
    finally:
        stop.set()
        await running


async def came(house, doorway, name):
    return await RawClient.connect(doorway.door.port, name, password=house.passwords[name].encode())


async def listening(doorway, client, *filters, following=True):
    client.say(p.Subscribe(1, tuple((each, 1) for each in filters)))
    codes = (await client.hear()).codes
    if following:
        await eventually(lambda: doorway._feed._store is not None)
    return codes


async def test_readers_hear_what_was_stored_and_what_rose_from_then_on(house):
    """Topic by domain, device and property; the row as tail prints it; events on a branch of their own; a drill's reader hears nothing of it."""
    async with serving(house) as doorway:
        station, wall, drill = (
            await came(house, doorway, "g1"),
            await came(house, doorway, "wall"),
            await came(house, doorway, "drill"),
        )
        assert await listening(doorway, wall, "feed/v1/environment/+/water_level", "feed/v1/events/#") == (0, 0)
        await listening(doorway, drill, "feed/v1/#")
        for number, level in enumerate((1.0, 3.5)):
            payload = json.dumps([reading("g1", level, house.now + number * MINUTE)]).encode()
            station.say(p.Publish("sensing/v1/toy/g1/up", payload, 1, 7 + number))
            await station.hear()
        await asyncio.to_thread(house.step)
        heard = {message.topic: message for message in await wall.hear_all(3)}
        assert set(heard) == {"feed/v1/environment/g1/water_level", "feed/v1/events/g1/water_level_high"}
        assert {message.qos for message in heard.values()} == {0}
        row = json.loads(heard["feed/v1/environment/g1/water_level"].payload)
        assert (row["device"], row["result"], row["unit"], row["quality"], row["origin"], row["run"]) == (
            "g1",
            3.5,
            "m",
            1,
            "live",
            "",
        )
        event = json.loads(heard["feed/v1/events/g1/water_level_high"].payload)
        assert (event["severity"], event["state"]) == ("warning", "open")
        drill.say(p.Pingreq())
        assert isinstance(await drill.hear(), p.Pingresp)
        for client in (station, wall, drill):
            client.drop()


async def test_readers_say_nothing_and_stations_hear_nothing(house):
    """A reader that publishes loses its connection; a station is not given the feed, a reader not a station's topics."""
    async with serving(house) as doorway:
        station, wall = await came(house, doorway, "g1"), await came(house, doorway, "wall")
        assert await listening(doorway, station, "feed/v1/#", "feed/v1/environment/g1/water_level", following=False) == (
            0x80,
            0x80,
        )
        assert (
            await listening(doorway, wall, "sensing/v1/+/wall/down", "sensing/#", "#", "feed/+/x", "feed/v1", following=False)
            == (0x80,) * 5
        )
        wall.say(p.Publish("sensing/v1/toy/wall/up", b"[]", 1, 9))
        await wall.ended()
        assert doorway._feed._store is None
        station.drop()


def test_no_device_hangs_on_a_reader(house):
    """It sends nothing, so nothing could come."""
    with pytest.raises(ValidationError, match="reader"):
        house.device("g2", principal="wall")
