"""Coming back to the live feed: each change once, by the process that was left and by one that has just begun."""

import pytest

from sensing.times import SECOND
from sensing.web.live import hub
from sensing.web.live.position import Position
from sensing.web.live.snapshot import hub_of
from tests.house import TESTER, reading
from tests.live_house import send, shot, two_gauges
from tests.live_viewer import messages, served


@pytest.fixture
def house(tmp_path):
    yield from two_gauges(tmp_path)


async def test_a_viewer_that_comes_back_gets_each_change_once_whoever_serves_it(house):
    """From a cursor the last value of what changed since is told, once, by this process and by one that has just begun."""
    for number in range(5):
        send(house, "gauge-1", float(number) / 10)
    cursor = (await shot(house))["cursor"]
    last = [send(house, "gauge-1", 1.0 + number / 10) for number in range(5)][-1]
    for again in (False, True):
        if again:
            house.desk.hub = house.desk.beat = None
        async with served(house) as client:
            found = [data async for _, kind, data in messages(client, cursor=cursor, once="1") if kind == "message"]
            ids = [name async for name, *_ in messages(client, cursor=cursor, once="1")]
            assert [data async for _, kind, data in messages(client, resume=ids[-1], once="1") if data.get("things")] == []
        values = [thing["values"] for batch in found for thing in batch["things"] if "values" in thing]
        assert values == [{"water_level": [1.4, last, 1, "", "m"]}]
        house.desk.closing = False


async def test_changes_of_events_are_told_to_who_was_away(house):
    """An event that ended, one that was taken back and one that somebody acknowledged: each once, by this process and by a new one."""
    send(house, "gauge-1", 3.5)
    first = house.at
    send(house, "gauge-2", 3.5)
    told = await shot(house)
    assert len(told["events"]) == 2
    house.send("gauge-1", reading("gauge-1", 1.0, first, s=first + SECOND))  # it never was that high
    send(house, "gauge-2", 1.0)
    for again in (False, True):
        if again:
            house.desk.hub = house.desk.beat = None
        async with served(house) as client:
            found = [
                event async for *_, data in messages(client, cursor=told["cursor"], once="1") for event in data.get("events", ())
            ]
        assert sorted((event["device"], event["state"]) for event in found) == [("gauge-1", "withdrawn"), ("gauge-2", "closed")]
        house.desk.closing = False
    severities = {thing["id"]: thing["severity"] for thing in (await shot(house))["things"]}
    assert severities == {"gauge-1": -1, "gauge-2": -1}


async def test_what_the_registry_changes_is_told(house):
    """A new device, another name, one that is taken out of service: the feed tells each, to who comes back as well."""
    send(house, "gauge-1", 1.0)
    cursor = (await shot(house))["cursor"]
    house.device("gauge-3", name="third")
    house.registry.retire_device("gauge-2", actor=TESTER)
    for again in (False, True):
        if again:
            house.desk.hub = house.desk.beat = None
        hub_of(house.desk).places._looked = 0.0
        async with served(house) as client:
            things = [thing async for *_, data in messages(client, cursor=cursor, once="1") for thing in data.get("things", ())]
        told = {thing["id"]: thing for thing in things}
        assert told["gauge-3"]["name"] == "third"
        assert told["gauge-2"] == {"id": "gauge-2", "gone": True}
        assert "gauge-1" not in told
        house.desk.closing = False


async def test_a_cursor_of_another_store_is_told_to_begin_anew(house):
    """What was never committed here cannot be gone on from: `reset`, and the feed goes on from now."""
    send(house, "gauge-1", 1.0)
    async with served(house) as client:
        far = str(Position(1 << 60, 0, 0, 0))
        kinds = [kind async for _, kind, _ in messages(client, cursor=far, once="1")]
        assert kinds[0] == "reset"
        assert (await client.get("/api/live", params={"cursor": "nonsense"})).status_code == 400


async def test_a_hub_that_is_far_behind_begins_anew_and_loses_nothing(house, monkeypatch):
    """Past the limit the city is made again from the store; a viewer's next batch is what changed all the same."""
    cursor = (await shot(house))["cursor"]
    monkeypatch.setattr(hub, "_BEHIND", 3)
    for number in range(6):
        time = send(house, "gauge-1", number / 10)
    async with served(house) as client:
        things = [thing async for *_, data in messages(client, cursor=cursor, once="1") for thing in data.get("things", ())]
    assert [thing["values"]["water_level"][:2] for thing in things if "values" in thing] == [[0.5, time]]
