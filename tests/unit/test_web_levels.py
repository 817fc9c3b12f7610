"""The levels of a device's datastreams: what its charts draw, as the watch itself reads them."""

import pytest

from sensing.access import Role
from sensing.times import MINUTE
from tests.house import House, reading

RULES = {
    "level": {"watch": 2.8, "danger": 4.0, "names": {"watch": "river_watch"}},
    "mean": {"take": "mean", "over": "1h", "warning": 3.5, "kind": "water_level_mean_high"},
    "rise": {"take": "rise", "over": "30m", "watch": 0.5},
}


@pytest.fixture
def house(tmp_path):
    found = House(tmp_path)
    yield found
    found.close()


async def levels(house, name, **settings):
    house.device(name, settings=settings)
    house.send(name, *(reading(name, 1 + minute, house.now + minute * MINUTE) for minute in range(2)))
    async with house.client(Role.VIEWER) as http:
        return (await http.get(f"/api/devices/{name}")).json()["levels"]


async def test_levels_of_the_value_and_of_a_mean_are_told(house):
    """Values in the property's unit with severity and name; a rule about how fast it rises has no line."""
    value, mean = await levels(house, "g1", thresholds={"water_level": RULES})
    assert (value["property"], value["statistic"], value["kind"], value["over"], value["unit"]) == (
        "water_level", "instant", "water_level_high", None, "m",
    )  # fmt: skip
    assert value["levels"] == [
        {"severity": "watch", "value": 2.8, "name": "river_watch"},
        {"severity": "danger", "value": 4.0, "name": None},
    ]
    assert (mean["over"], mean["levels"]) == ("1h", [{"severity": "warning", "value": 3.5, "name": None}])


async def test_levels_of_what_may_not_fall_are_told_as_they_were_given(house):
    """`below` is mirrored inside; people read 0.5 as 0.5."""
    (only,) = await levels(house, "g2", thresholds={"water_level": {"below": True, "watch": 0.5, "danger": 0.2}})
    assert [each["value"] for each in only["levels"]] == [0.5, 0.2]


async def test_what_nobody_watches_has_no_levels(house):
    assert await levels(house, "g3") == []
