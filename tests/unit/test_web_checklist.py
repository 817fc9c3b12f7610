"""`device test`: each thing that can be wrong with a new device shows as its own step, with what to do."""

import pytest

from sensing.access import Role
from sensing.times import HOUR, MINUTE, rfc3339
from tests.house import House, reading


@pytest.fixture
def house(tmp_path):
    found = House(tmp_path)
    found.device("gauge-1")
    yield found
    found.close()


async def checked(house, status=200, device="gauge-1", **parameters):
    async with house.client(Role.ENGINEER) as client:
        answer = await client.get(f"/api/devices/{device}/test", params=parameters)
    assert answer.status_code == status
    return answer.json()


def verdicts(found):
    return {step["step"]: step["ok"] for step in found["steps"]}


def step(found, name):
    return next(each for each in found["steps"] if each["step"] == name)


async def test_a_device_that_works_passes(house):
    """All five, in their order."""
    house.send("gauge-1", reading("gauge-1", 1.5, house.now))
    found = await checked(house)
    assert list(verdicts(found)) == ["connected", "arrived", "decoded", "plausible", "stored"]
    assert found["passed"] is True
    assert step(found, "stored")["last"]["result"] == 1.5


async def test_silence_is_told_from_the_first_step(house):
    """Nothing came: connected is false with a remedy, the rest waits."""
    found = await checked(house)
    assert verdicts(found) == {"connected": False, "arrived": None, "decoded": None, "plausible": None, "stored": None}
    assert found["passed"] is False
    assert set(step(found, "connected")["remedy"]) == {"zh", "en"}


async def test_only_what_came_since_counts(house):
    """Yesterday's data prove nothing about today's cable."""
    house.send("gauge-1", reading("gauge-1", 1.5, house.now - HOUR), received=house.now - HOUR)
    assert verdicts(await checked(house))["connected"] is False
    assert (await checked(house, since="2h"))["passed"] is True
    assert (await checked(house, since=rfc3339(house.now - 90 * MINUTE)))["passed"] is True


async def test_online_without_data(house):
    """A status message connects and no more."""
    house.send("gauge-1", b"online", kind="status")
    found = await checked(house)
    assert verdicts(found)["connected"] is True
    assert step(found, "arrived")["reason"] == "status_only"


async def test_another_adapters_topic(house):
    """The right topic stands in the remedy."""
    house.send("gauge-1", b"x", adapter="senml")
    found = await checked(house)
    assert step(found, "arrived")["reason"] == "other_adapter"
    assert "sensing/v1/toy/gauge-1/up" in step(found, "arrived")["remedy"]["en"]


async def test_junk_is_a_decoding_fault_with_its_reason(house):
    """The dead letter's reason and remedy."""
    house.send("gauge-1", b"junk")
    found = await checked(house)
    assert verdicts(found) == {"connected": True, "arrived": True, "decoded": False, "plausible": None, "stored": None}
    assert step(found, "decoded")["reason"] == "not_json"
    assert step(found, "decoded")["remedy"]["zh"]


async def test_a_wrong_native_id(house):
    """What it calls itself stands beside what it was registered as."""
    house.send("gauge-1", reading("gauge-7", 1.0, house.now))
    found = await checked(house)
    assert step(found, "decoded")["native"] == "gauge-7"
    house.device("gauge-7", principal="gauge-1", native="gauge-8")
    assert verdicts(found)["decoded"] is False


async def test_somebody_elses_frames_do_not_count(house):
    """Another principal's data and junk say nothing of this one."""
    house.device("gauge-2")
    house.send("gauge-2", b"junk")
    house.send("gauge-2", reading("gauge-2", 1.0, house.now))
    assert verdicts(await checked(house))["connected"] is False


async def test_values_that_cannot_be(house):
    """Stored, but out of range: plausible is false and says which value."""
    house.send("gauge-1", reading("gauge-1", 54321.0, house.now))
    found = await checked(house)
    assert verdicts(found)["plausible"] is False
    assert (step(found, "plausible")["reason"], step(found, "plausible")["result"]) == ("range", 54321.0)
    assert verdicts(found)["stored"] is True


async def test_refused_publishes_are_told(house):
    """It connects, but what it publishes is refused."""
    house.log.refuse({(house.now // HOUR, "toy", "gauge-1", "wrong_topic"): 3})
    found = await checked(house)
    assert verdicts(found)["connected"] is True
    assert (step(found, "arrived")["ok"], step(found, "arrived")["reason"]) == (False, "wrong_topic")


async def test_a_device_that_is_not_registered(house):
    """There is nothing to test."""
    await checked(house, 404, device="none")


async def test_of_a_talkative_device_the_newest_values_count(house, monkeypatch):
    """More rows than a page: what came first was impossible, what came last is fine."""
    monkeypatch.setattr("sensing.web.checklist._PAGE_ROWS", 3)
    house.send("gauge-1", *(reading("gauge-1", 54321.0 if n < 4 else 1.5, house.now - (9 - n) * 1_000_000) for n in range(8)))
    found = await checked(house)
    assert found["passed"] is True
    assert step(found, "stored")["rows"] == 8
