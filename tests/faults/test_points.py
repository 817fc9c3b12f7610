"""Killed at each named point of door and work, the store ends as if nothing had happened."""

import asyncio

import pytest

from sensing.failpoints import POINTS
from tests.faults.city import city, payload, scaled
from tests.faults.load import fleet

START = 1_792_000_000_000_000


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Digest of a run in which nothing was killed."""
    return played(tmp_path_factory.mktemp("calm"), None, 0)


def played(folder, point, count):
    """A small storm; `point` dies the `count`-th time it is reached, and is then left alone."""
    with city(folder, 10, work__batch=20) as town:
        load = fleet(town.passwords, 40, payload, START, window=2)
        for device in load.devices:
            device.messages = [*device.messages, *device.messages[:10]]
        role = point.split(".")[0] if point else ""
        deadly = {"SENSING_FAIL_AT": f"{point}:{count}"} if point else {}
        for name in ("door", "work"):
            town.start(name, environ=deadly if name == role else None)
        deaths = []

        def revive():
            for name, process in list(town.roles.items()):
                if process.poll() is not None:
                    deaths.append(process.returncode)
                    town.start(name)
            return asyncio.run(asyncio.sleep(0.02)) is None

        asyncio.run(load.run(town.port, revive))
        town.caught_up(meanwhile=revive)
        found = town.check(load.sent, load.acked)
        assert found.exact, found
        assert town.ledger()["balanced"]
        return town.digest(), deaths


@pytest.mark.parametrize("seed", range(scaled(50, 1)))
@pytest.mark.parametrize("point", [point for point in POINTS if point != "door.before_reply"])
def test_a_death_at_a_named_point_changes_nothing(tmp_path, undisturbed, point, seed):
    """Same digest as the undisturbed run, wherever the process died."""
    digest, deaths = played(tmp_path, point, 1 + seed * 5 % 12)
    assert deaths == [137]
    assert digest == undisturbed[0]
