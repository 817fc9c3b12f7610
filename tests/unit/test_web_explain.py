"""`explain` tells the way of one value, and says so when today's way leads elsewhere."""

import pytest

from sensing.access import Role
from sensing.errors import Reason
from sensing.model import QualityReason
from sensing.times import HOUR, SECOND, rfc3339
from sensing.web import remedies
from tests.house import House, reading


@pytest.fixture
def house(tmp_path):
    found = House(tmp_path)
    found.device("gauge-1", zero=2.0, settings={"level": "relative"})
    found.at = found.now // SECOND * SECOND - HOUR
    yield found
    found.close()


async def explain(house, status=200, **parameters):
    async with house.client(Role.VIEWER) as client:
        answer = await client.get("/api/explain", params={"device": "gauge-1", "property": "water_level", **parameters})
    assert answer.status_code == status, answer.text
    return answer.json()


def steps(found):
    return {step["step"]: step for step in found["steps"]}


async def test_every_step_from_bytes_to_flags(house):
    """The frame in hex, what the wire said in centimetres, the unit, the zero, the flags, what is stored; in both languages."""
    place = house.send("gauge-1", reading("other", 9, house.at), reading("gauge-1", 150.0, house.at, u="cm"))
    found = await explain(house, time=rfc3339(house.at))
    told = steps(found)
    assert list(told) == ["frame", "decode", "reading", "unit", "datum", "flags", "configuration", "stored", "revisions"]
    assert bytes.fromhex(told["frame"]["hex"]) == bytes.fromhex(house.log.get(place).payload.hex())
    assert told["decode"]["readings"] == 2
    assert (told["reading"]["value"], told["reading"]["unit"]) == (150.0, "cm")
    assert told["unit"]["result"] == 1.5
    assert told["datum"]["result"] == told["stored"]["result"] == 3.5
    assert told["flags"]["revision"] == told["stored"]["revision"]
    assert all(step["zh"] and step["en"] for step in found["steps"])
    assert not [step for step in found["steps"] if "note" in step]


async def test_every_content_of_a_time_is_shown_and_the_served_one_named(house):
    """A correction is explained by its own frame; what it superseded is listed."""
    house.send("gauge-1", reading("gauge-1", 1.0, house.at, s=1))
    second = house.send("gauge-1", reading("gauge-1", 1.2, house.at, s=2))
    told = steps(await explain(house, time=rfc3339(house.at)))
    assert told["frame"]["place"] == second
    assert [(each["result"], each["served"]) for each in told["revisions"]["revisions"]] == [(3.0, False), (3.2, True)]


async def test_a_time_that_is_not_there_names_its_neighbours(house):
    """The hint saves the next question; a whole second finds what came within it."""
    for number in (0, 10):
        house.send("gauge-1", reading("gauge-1", 1.0, house.at + number * SECOND + 250_000))
    missing = await explain(house, 404, time=rfc3339(house.at + 5 * SECOND))
    assert rfc3339(house.at + 250_000) in missing["hint"]
    assert rfc3339(house.at + 10_250_000) in missing["hint"]
    assert (await explain(house, time=rfc3339(house.at)))["observation"]["time"] == rfc3339(house.at + 250_000)
    await explain(house, 404, device="none", time=rfc3339(house.at))
    assert "property" not in (await explain(house, 400))["error"]


async def test_a_changed_configuration_is_said_and_not_hidden(house):
    """Decoded with today's zero it would be another value: the stored one stays, with a note."""
    house.send("gauge-1", reading("gauge-1", 1.0, house.at))
    async with house.client() as client:
        await client.patch("/api/devices/gauge-1", json={"zero": 5.0, "valid_from": "2020-01-01T00:00:00Z", "reobserve": False})
    found = await explain(house, time=rfc3339(house.at))
    assert found["observation"]["result"] == 3.0
    assert "another revision" in steps(found)["flags"]["note"]


async def test_a_message_in_parts_is_explained_with_its_parts(house):
    """The frame that ended it is decoded with those before it."""
    first = house.send("gauge-1", b'+[{"n": "gauge-1", "v": 1.0,')
    house.send("gauge-1", b'"t": %d}]' % house.at)
    told = steps(await explain(house, time=rfc3339(house.at)))
    assert told["frame"]["parts"] == [first]
    assert told["stored"]["result"] == 3.0


async def test_a_frame_that_is_gone_leaves_the_rest(house):
    """Past retention the bytes are gone; what is stored is still told."""
    house.send("gauge-1", reading("gauge-1", 1.0, house.at))
    house.log.prune(house.now + HOUR, 10)
    told = steps(await explain(house, time=rfc3339(house.at)))
    assert "gone" in told["frame"]
    assert told["stored"]["result"] == 3.0


def test_each_reason_has_its_remedy_in_both_languages():
    """Nobody is left with a bare word."""
    for reason in Reason:
        assert all(remedies.dead_letter_remedy(reason).values())
    for reason in QualityReason:
        assert all(remedies.quality_remedy(reason).values())
    assert remedies.dead_letter_remedy("novel") is None
