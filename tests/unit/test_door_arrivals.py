"""How often an address may knock."""

import pytest

from sensing.mqtt.arrivals import BURST, Arrivals, network
from tests.raw_client import RawClient, eventually, open_door


def test_a_city_behind_one_address_comes_back_at_once():
    """The burst is as large as the door."""
    arrivals = Arrivals(500)
    assert all(arrivals.admit("192.0.2.1", 0.0) for _ in range(BURST))
    assert not arrivals.admit("192.0.2.1", 0.0)
    assert arrivals.admit("192.0.2.2", 0.0)
    assert sum(arrivals.admit("192.0.2.1", 1.0) for _ in range(1_000)) == 500


def test_who_is_refused_again_and_again_is_not_listened_to_for_long():
    """Fifty for a refusal: 400 at once, then ten a second; forgiven in time, and forgotten."""
    arrivals, tries = Arrivals(500), 0
    while arrivals.admit("192.0.2.1", 0.0):
        arrivals.refused("192.0.2.1", 0.0)
        tries += 1
    assert tries == 400
    later = 0
    while arrivals.admit("192.0.2.1", 1.0):
        arrivals.refused("192.0.2.1", 1.0)
        later += 1
    assert later == 10
    arrivals.forget(100.0)
    assert not arrivals._buckets._found


@pytest.mark.parametrize(
    ("address", "found"), [("192.0.2.1", "192.0.2.1"), ("2001:db8::1:2", "2001:db8::/64"), ("", ""), ("x", "x")]
)
def test_one_customer_is_an_address_or_64_bits_of_them(address, found):
    assert network(address) == found


async def test_the_door_hangs_up_on_who_knocks_too_often(monkeypatch):
    """Without a word, and counted; who is in stays in."""
    monkeypatch.setattr("sensing.mqtt.arrivals.BURST", 3)
    async with open_door(max_connects=0.001) as door:
        inside = await RawClient.connect(door.port)
        wrong = await RawClient.connect(door.port, "p2", password=b"wrong")
        assert wrong.connack.code == 5
        await wrong.ended()
        with pytest.raises((EOFError, ConnectionError)):
            await RawClient.connect(door.port, "p3")
        await eventually(lambda: "too_many_attempts" in door.metrics.text())
        assert await inside.close() == []
