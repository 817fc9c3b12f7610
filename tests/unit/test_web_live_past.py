"""Playback: the city at an instant is what the store says of it, and a stretch of frames is the same city step by step."""

import random

import pytest

from sensing.access import Role
from sensing.times import HOUR, MINUTE, SECOND, rfc3339
from sensing.web.live import replay
from tests.house import House, reading

LEVELS = {"thresholds": {"water_level": {"watch": 3.0, "warning": 4.0, "hysteresis": 0.1}}}


@pytest.fixture
def house(tmp_path):
    found = House(tmp_path)
    for number in range(4):
        found.device(f"gauge-{number}", lat=24.5, lon=117.0 + number, settings=LEVELS)
    found.begin = found.now // HOUR * HOUR - 2 * HOUR
    yield found
    found.close()


def fill(house, run=""):
    """An hour of values, out of order, some of them bad; returns (device, time, value) of all."""
    told, chance = [], random.Random(7)
    for number in range(4):
        for minute in range(0, 60, 3):
            time = house.begin + minute * MINUTE + number * SECOND
            told.append((f"gauge-{number}", time, 99.0 if chance.random() < 0.1 else round(chance.uniform(2.0, 4.5), 2)))
    shuffled = chance.sample(told, len(told))
    for device in {device for device, *_ in told}:
        house.send(device, *(reading(device, value, time) for name, time, value in shuffled if name == device), run=run)
    return told


async def ask(house, **query):
    async with house.client(Role.VIEWER) as client:
        answer = await client.get("/api/map", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def newest(told, at):
    """What the rows say: each device's newest value at or before an instant, within the age of what has no cadence."""
    return {
        device: (time // 1000, value)
        for device, time, value in sorted(told, key=lambda one: one[1])
        if at - 3 * HOUR <= time <= at
    }


def shown(things):
    return {thing["id"]: (value[1], value[0]) for thing in things if (value := thing["values"].get("water_level"))}


async def test_the_city_at_an_instant_is_what_the_rows_say(house):
    """Values at or before it, none that came later; events as they stood; and after three hours of nothing, no values at all."""
    told = fill(house)
    for minute in (0, 10, 31, 59, 90):
        at = house.begin + minute * MINUTE
        found = await ask(house, at=rfc3339(at))
        assert shown(found["things"]) == newest(told, at)
        assert (found["playback"], found["cursor"], found["clock"]) == (True, None, at // 1000)
        standing = {event["device"]: event["severity"] for event in found["events"]}
        with house.desk.stores.take() as store:
            for thing in found["things"]:
                steps = [
                    step for event in store.events(replay.WantedEvents(devices=[thing["id"]]), 100)
                    if event.start <= at and (event.end is None or event.end > at) for step in event.steps if step.time <= at
                ]  # fmt: skip
                assert thing["severity"] == max((step.severity for step in steps), default=-1)
                assert (thing["id"] in standing) == bool(steps)
    later = await ask(house, at=rfc3339(house.begin + 5 * HOUR))
    assert shown(later["things"]) == {}
    assert {thing["state"] for thing in later["things"]} == {"silent"}


async def test_frames_are_the_city_at_each_of_their_instants(house):
    """A snapshot and its frames, applied in order, are at each step what `at` answers for that instant."""
    told = fill(house)
    first, last = house.begin + 5 * MINUTE, house.begin + 50 * MINUTE
    found = await ask(house, **{"from": rfc3339(first), "to": rfc3339(last), "every": "5m"})
    values, severities = (
        shown(found["snapshot"]["things"]),
        {thing["id"]: thing["severity"] for thing in found["snapshot"]["things"]},
    )
    assert len(found["frames"]) == 9
    for frame in found["frames"]:
        for thing in frame["things"]:
            severities[thing["id"]] = thing["severity"]
            if "values" in thing:
                values |= shown([thing])
        whole = await ask(house, at=rfc3339(frame["clock"] * 1000))
        assert values == shown(whole["things"]) == newest(told, frame["clock"] * 1000)
        assert severities == {thing["id"]: thing["severity"] for thing in whole["things"]}


async def test_a_run_is_played_back_in_its_own_time_and_by_itself(house):
    """Playback of a run holds no live value, and of live none of a run."""
    told = fill(house, run="storm-1")
    at = house.begin + 30 * MINUTE
    found = await ask(house, at=rfc3339(at), run="storm-1")
    assert shown(found["things"]) == newest(told, at)
    assert found["drill"]["run"] == "storm-1"
    assert shown((await ask(house, at=rfc3339(at), run="live"))["things"]) == {}


async def test_a_stretch_has_bounds(house):
    """Too many frames, the wrong order and a missing word are refused with a remedy."""
    fill(house)
    async with house.client(Role.VIEWER) as client:
        for to, every in ((HOUR, "1s"), (-HOUR, "1m"), (30 * 24 * HOUR, "2h"), (HOUR, "")):
            query = {"from": rfc3339(house.begin), "to": rfc3339(house.begin + to)} | ({"every": every} if every else {})
            answer = await client.get("/api/map", params=query)
            assert answer.status_code == 400
            assert answer.json()["hint"]
