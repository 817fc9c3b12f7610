"""Two gauges with levels, and what the map says of them: for tests of the live city."""

from sensing.access import Role
from sensing.times import HOUR, SECOND
from tests.house import House, reading

LEVELS = {"thresholds": {"water_level": {"watch": 3.0, "warning": 4.0, "hysteresis": 0.1}}}


def two_gauges(tmp_path):
    """The house of a fixture, closed behind it."""
    found = House(tmp_path)
    for number in (1, 2):
        found.device(f"gauge-{number}", area="north" if number == 1 else "south", lat=24.5, lon=117.0 + number, settings=LEVELS)
    found.at = found.now - HOUR
    yield found
    found.close()


def send(house, device, value, **more):
    """One frame with one reading, a second later than the one before."""
    house.at += SECOND
    house.send(device, reading(device, value, house.at), **more)
    return house.at // 1000


async def shot(house, role=Role.VIEWER, headers=None, **query):
    async with house.client(role) as client:
        answer = await client.get("/api/map", params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def by_id(told):
    return {thing["id"]: thing for thing in told["things"]}
