"""The way back: a station in mode M2 gets its confirm for every frame, at least once, whenever the door dies."""

import asyncio
import contextlib
import random

import aiomqtt
import pytest

from sensing.registry import DeviceForm
from tests.faults.city import TESTER, city, scaled
from tests.faults.speech import crc, sl651

START = 1_790_000_040_000_000
MINUTE = 60_000_000
STATIONS, FRAMES = 10, 12
DEATHS = 3
PATIENCE_S = 0.5
"""How long a station waits for a confirm before it sends the frame again (the standard lets it be set; 6.4.3)."""
EOT = 0x04


class Station:
    """Sends a frame, waits for its confirm, sends it again until one comes (mode M2). `confirmed`: serial to how often."""

    def __init__(self, number, password):
        self.name, self.native, self.password = f"gauge-{number}", f"{number:010d}", password
        self.topic = f"sensing/v1/sl651/{self.name}"
        self.confirmed = {}
        self.sent = 0

    async def run(self, port):
        serial = 1
        while serial <= FRAMES:
            with contextlib.suppress(aiomqtt.MqttError, TimeoutError):
                client = aiomqtt.Client(
                    "127.0.0.1", port, username=self.name, password=self.password, identifier=self.name, timeout=5
                )
                async with client:
                    await client.subscribe(f"{self.topic}/down", 1)
                    listening = asyncio.create_task(self._listen(client))
                    try:
                        serial = await self._report(client, serial)
                    finally:
                        listening.cancel()
                        await asyncio.wait((listening,))
            await asyncio.sleep(0.05)

    async def _report(self, client, serial):
        while serial <= FRAMES:
            frame = sl651(self.native, START + serial * MINUTE, serial / 8, serial)
            self.sent += 1
            await client.publish(f"{self.topic}/up", frame, 1)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE_S):
                    while serial not in self.confirmed:  # noqa: ASYNC110 the other task fills it
                        await asyncio.sleep(0.005)
            if serial in self.confirmed:
                serial += 1
            elif not client._client.is_connected():
                break
        return serial

    async def _listen(self, client):
        async for message in client.messages:
            said = message.payload
            assert said[:13] == b"~~" + bytes.fromhex(self.native) + b"\x01\x12\x34\x32\x80\x08", said.hex()
            assert (said[13], said[-3], crc(said[:-2]).to_bytes(2, "big")) == (0x02, EOT, said[-2:])
            serial = int.from_bytes(said[14:16], "big")
            self.confirmed[serial] = self.confirmed.get(serial, 0) + 1


def played(folder, seed, most):
    """Ten stations through `most` deaths of the door before a reply; returns (digest, stations, exit codes of doors that died)."""
    chance = random.Random(seed)
    with city(folder, 0) as town:
        forms = [
            DeviceForm.read({"id": f"gauge-{n}", "type": "generic", "adapter": "sl651", "native": f"{n:010d}"})
            for n in range(STATIONS)
        ]
        made = town.registry.register_devices(forms, actor=TESTER)
        stations = [Station(n, one.credential.password) for n, one in enumerate(made)]
        deaths = []

        def open_door():
            deadly = {"SENSING_FAIL_AT": f"door.before_reply:{chance.randint(1, 2 * STATIONS)}"}
            town.start("door", environ=deadly if len(deaths) < most else None)

        async def revive():
            while True:
                if town.roles["door"].poll() is not None:
                    deaths.append(town.roles["door"].returncode)
                    open_door()  # it may die before it listens: what it owes it offers at once
                await asyncio.sleep(0.02)

        async def play():
            reviving = asyncio.create_task(revive())
            try:
                async with asyncio.timeout(90):
                    await asyncio.gather(*(station.run(town.port) for station in stations))
            finally:
                reviving.cancel()
                await asyncio.wait((reviving,))

        town.start("work")
        open_door()
        asyncio.run(play())
        town.caught_up()
        ledger = town.ledger()
        assert (ledger["balanced"], ledger["stored"]) == (True, STATIONS * FRAMES)
        assert sorted((at - START) // MINUTE for device, at, _ in town.rows() if device == "gauge-3") == list(
            range(1, FRAMES + 1)
        )
        return town.digest(), stations, deaths


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Digest of a run in which the door lived."""
    digest, stations, deaths = played(tmp_path_factory.mktemp("calm"), 0, 0)
    assert deaths == []
    assert all(set(station.confirmed) == set(range(1, FRAMES + 1)) for station in stations)
    return digest


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(scaled(50)))
def test_every_frame_is_confirmed_whenever_the_door_dies_before_a_reply(tmp_path, undisturbed, seed):
    """The door dies three times at `door.before_reply`: each serial is confirmed, at the latest when its frame is sent again, and the
    store is what it would have been."""
    digest, stations, deaths = played(tmp_path, seed, DEATHS)
    again = sum(station.sent for station in stations) - STATIONS * FRAMES
    confirms = sum(sum(station.confirmed.values()) for station in stations)
    print(f"{confirms} confirms for {STATIONS * FRAMES} frames, {again} sent again")
    assert deaths == [137] * DEATHS
    assert all(set(station.confirmed) == set(range(1, FRAMES + 1)) for station in stations)
    assert digest == undisturbed
