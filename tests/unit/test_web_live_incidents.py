"""Incidents in the live feed: told when they form, grow, part and end, once each, to who stays and to who comes back."""

import pytest

from sensing.access import Role
from sensing.incidents import PREFIX
from sensing.times import SECOND
from tests.house import TESTER, reading
from tests.live_house import LEVELS, send, shot, two_gauges
from tests.live_viewer import following, messages, served, until


@pytest.fixture
def house(tmp_path):
    """Four gauges on one bank, within a kilometre; three events make an incident."""
    for found in two_gauges(tmp_path):
        for number in range(4):
            found.device(
                f"bank-{number}",
                area="north/bank" if number < 3 else "south",
                lat=24.5,
                lon=118.0 + number / 500,
                settings=LEVELS,
            )
        yield found


def members(told):
    """Incidents of a snapshot or batch, by id: devices' events, None for one that is none any more."""
    return {each["id"]: None if each.get("gone") else len(each["events"]) for each in told.get("incidents", ())}


async def test_an_incident_is_told_as_it_forms_and_grows(house):
    """Two events are none; the third makes one, the fourth is added, in a batch after its own; the snapshot has the same."""
    send(house, "bank-0", 3.5)
    send(house, "bank-1", 3.5)
    told = await shot(house)
    assert told["incidents"] == []
    async with served(house) as client:
        found = []
        async with following(client, found, cursor=told["cursor"]):
            send(house, "bank-2", 3.5)
            await until(lambda: any(3 in members(batch).values() for batch in found))
            send(house, "bank-3", 3.5)
            await until(lambda: any(4 in members(batch).values() for batch in found))
    grown = [members(batch) for batch in found if "incidents" in batch]
    assert [list(each.values()) for each in grown] == [[3], [4]]
    assert len({identity for each in grown for identity in each}) == 1
    (whole,) = (await shot(house))["incidents"]
    (listed,) = (await house.ask("GET", "/api/incidents"))["items"]
    assert whole == listed
    assert whole["id"].startswith(PREFIX)


async def test_who_comes_back_is_told_what_changed_once_whoever_serves_it(house):
    """From a cursor: the incident that grew meanwhile, by this process and by one that has just begun; then nothing more."""
    send(house, "bank-0", 3.5)
    send(house, "bank-1", 3.5)
    send(house, "bank-2", 3.5)
    cursor = (await shot(house))["cursor"]
    send(house, "bank-3", 3.5)
    for again in (False, True):
        if again:
            house.desk.hub = house.desk.beat = house.desk.incidents = None
        async with served(house) as client:
            found = [(name, data) async for name, kind, data in messages(client, cursor=cursor, once="1") if "incidents" in data]
            assert [list(members(data).values()) for _, data in found] == [[4]]
            last = found[-1][0]
            rest = [data async for _, _, data in messages(client, resume=last, once="1") if "incidents" in data]
            assert rest == []
        house.desk.closing = False


async def test_an_incident_that_was_none_is_taken_away(house):
    """Late data withdraw one of three events: what is left is no incident, and the feed says so."""
    send(house, "bank-0", 3.5)
    send(house, "bank-2", 3.5)
    at = house.at + SECOND
    send(house, "bank-1", 3.5)
    told = await shot(house)
    (identity,) = members(told)
    house.send("bank-1", reading("bank-1", 1.0, at, s=at + SECOND))
    async with served(house) as client:
        found = [data async for *_, data in messages(client, cursor=told["cursor"], once="1") if "incidents" in data]
    assert [members(data) for data in found] == [{identity: None}]


async def test_nobody_is_told_of_events_in_other_areas(house):
    """Who is bound to an area is told the part of an incident that lies in it, and nothing where that is one event."""
    for number in range(4):
        send(house, f"bank-{number}", 3.5)
    for area, events in (("north", 3), ("south", None)):
        token = house.registry.create_token(area, Role.VIEWER, areas=[area], actor=TESTER).text
        told = await shot(house, role=None, headers={"authorization": f"Bearer {token}"})
        assert [len(each["events"]) for each in told["incidents"]] == ([] if events is None else [events])
