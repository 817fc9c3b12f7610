"""Things that move, in the live feed: where they are, and who is told of them."""

import json

import pytest

from sensing.access import Role
from sensing.model import Decoded, Reading
from sensing.times import HOUR, SECOND
from sensing.web.live.snapshot import hub_of
from tests.house import House, Toy, reading
from tests.live_viewer import following, served, until

BOX = "117.5,24,118.5,25"


class Sailing(Toy):
    """The toy protocol, which also says where its sender is: {"n", "at": [lon, lat], "t"}."""

    def decode(self, payload, context, state=None):
        told = json.loads(payload)
        if "at" not in told[0]:
            return super().decode(payload, context, state)
        return Decoded([Reading(each["n"], "v", "position", None, time=each["t"], position=tuple(each["at"])) for each in told])


@pytest.fixture
def house(tmp_path):
    found = House(tmp_path, {"toy": Sailing()})
    found.device("ship-1", type="gauge")
    found.at = found.now - HOUR
    yield found
    found.close()


def sail(house, lon, **more):
    house.at += SECOND
    house.send("ship-1", {"n": "ship-1", "at": [lon, 24.5], "t": house.at} | more)


async def shot(house, **query):
    async with house.client(Role.VIEWER) as client:
        return (await client.get("/api/map", params=query)).json()


async def test_a_mover_stands_where_it_said_last(house):
    """Its newest position is its place, whatever order they came in; before the first it stands nowhere."""
    assert (await shot(house))["things"][0]["lon"] is None
    sail(house, 118.0)
    sail(house, 118.1)
    sail(house, 100.0, t=house.at - HOUR)
    thing = (await shot(house))["things"][0]
    assert (thing["mover"], thing["lon"], thing["lat"], thing["time"]) == (True, 118.1, 24.5, (house.at - SECOND) // 1000)


async def test_a_mover_comes_into_a_box_whole_and_leaves_it(house):
    """A viewer of a box is told all of what enters, and that it has gone when it leaves; what moves outside is not told."""
    sail(house, 118.0)
    house.send("ship-1", reading("ship-1", 2.0, house.at))
    told = await shot(house, bbox=BOX)
    assert [thing["id"] for thing in told["things"]] == ["ship-1"]
    things = []
    async with served(house) as client:
        found = []
        async with following(client, found, cursor=told["cursor"], bbox=BOX):
            for lon, count in ((118.2, 1), (119.0, 2), (120.0, 2), (118.4, 3)):
                before = hub_of(house.desk).position.seq
                sail(house, lon)
                await until(lambda: hub_of(house.desk).position.seq > before)  # noqa: B023 awaited here
                await until(lambda: len([thing for batch in found for thing in batch["things"]]) == count)  # noqa: B023 the same
        things = [thing for batch in found for thing in batch["things"]]
    assert [(thing.get("gone"), thing.get("lon")) for thing in things] == [(None, 118.2), (True, None), (None, 118.4)]
    assert "values" not in things[0]
    assert things[2]["whole"]
    assert things[2]["values"]["water_level"][0] == 2.0
