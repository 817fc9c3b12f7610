"""The live feed and its snapshot: what viewers are told is what the store has, once each, whoever they are. Nothing is fed but the store."""

import asyncio
import json
import socket

import pytest

from sensing.access import Role
from sensing.errors import UsageError
from sensing.times import HOUR, MINUTE, SECOND, rfc3339
from sensing.web import auth
from sensing.web.live import feed
from sensing.web.live.kpi import Pace
from sensing.web.live.position import Position, read
from tests.house import TESTER, reading
from tests.live_house import by_id, send, shot, two_gauges
from tests.live_viewer import following, served, until


@pytest.fixture
def house(tmp_path):
    yield from two_gauges(tmp_path)


async def test_the_snapshot_is_what_the_store_has(house):
    """Newest values, places, state, severity, events and figures, all of them out of the store and the registry."""
    send(house, "gauge-1", 2.0)
    time = send(house, "gauge-1", 3.5)
    told = await shot(house)
    one = by_id(told)["gauge-1"]
    assert one["values"] == {"water_level": [3.5, time, 1, "", "m"]}
    assert (one["lon"], one["lat"], one["area"], one["domain"], one["severity"], one["state"]) == (
        118.0, 24.5, "north", "environment", 0, "online")  # fmt: skip
    assert by_id(told)["gauge-2"]["state"] == "new"
    assert [event["device"] for event in told["events"]] == ["gauge-1"]
    kpi = told["kpi"]
    assert (kpi["online"], kpi["silent"], kpi["new"], kpi["total"]) == (1, 0, 1, 2)
    assert kpi["by_severity"] == {"watch": 1, "warning": 0, "danger": 0}
    assert kpi["ledger"] == "balanced"
    assert told["drill"] is None
    assert not kpi["drill"]


async def test_a_bad_value_is_shown_with_its_flag_and_the_good_one_beside_it(house):
    """The newest row of any quality is the value; where it is not good, the newest good one is named; found and heard alike."""
    good = send(house, "gauge-1", 1.0)
    heard = await shot(house)
    bad = send(house, "gauge-1", 99.0)
    expected = [99.0, bad, 4, "range", "m", 1.0, good]
    assert by_id(heard)["gauge-1"]["values"]["water_level"] == [1.0, good, 1, "", "m"]
    assert by_id(await shot(house))["gauge-1"]["values"]["water_level"] == expected
    house.desk.hub = None
    assert by_id(await shot(house))["gauge-1"]["values"]["water_level"] == expected


async def test_what_is_late_takes_no_newer_value_away_and_a_revision_does(house):
    """By its own time the newest is shown; of two contents for one time the served one."""
    send(house, "gauge-1", 1.0)
    await shot(house)
    house.send("gauge-1", reading("gauge-1", 0.5, house.at - MINUTE))
    house.send("gauge-1", reading("gauge-1", 1.5, house.at, s=house.at + SECOND))
    assert by_id(await shot(house))["gauge-1"]["values"]["water_level"][0] == 1.5


async def test_silence_is_told_by_the_clock(house):
    """What was not heard for three cadences is silent, and counted so."""
    send(house, "gauge-1", 1.0, received=house.now - 4 * HOUR)
    told = await shot(house)
    assert by_id(told)["gauge-1"]["state"] == "silent"
    assert told["kpi"]["silent"] == 1


async def test_runs_are_kept_apart(house):
    """Live shows no simulated value, a run shows nothing else and says that it is a drill; all runs at once are refused."""
    send(house, "gauge-1", 1.0)
    send(house, "gauge-1", 2.5, run="storm-1")
    live, run = await shot(house, run="live"), await shot(house, run="storm-1")
    assert by_id(live)["gauge-1"]["values"]["water_level"][0] == 1.0
    assert not live["kpi"]["drill"]
    assert by_id(run)["gauge-1"]["values"]["water_level"][0] == 2.5
    assert list(by_id(run)) == ["gauge-1"]
    assert run["drill"] == {"run": "storm-1", "origin": "simulated"}
    assert run["kpi"]["drill"]
    async with house.client(Role.VIEWER) as client:
        for path in ("/api/map", "/api/live"):
            assert (await client.get(path, params={"run": "all"})).status_code == 400


async def test_filters_hold_on_the_server(house):
    """Type, domain, area and box choose things; events and figures are of the whole city whatever the box."""
    house.device("station-1", type="weather", area="north", lat=26.0, lon=119.0)
    for device in ("gauge-1", "gauge-2"):
        send(house, device, 3.2)
    assert set(by_id(await shot(house, type="weather"))) == {"station-1"}
    assert set(by_id(await shot(house, domain="environment"))) == {"gauge-1", "gauge-2"}
    assert set(by_id(await shot(house, area="north"))) == {"gauge-1", "station-1"}
    boxed = await shot(house, bbox="117.5,24,118.5,25")
    assert set(by_id(boxed)) == {"gauge-1"}
    assert boxed["kpi"]["total"] == 3
    assert len(boxed["events"]) == 2


async def test_who_is_bound_to_an_area_sees_that_area(house):
    """Things, events and figures of other areas are told neither by the snapshot nor by the feed."""
    headers = {"authorization": "Bearer " + house.registry.create_token("n", Role.VIEWER, areas=("north",), actor=TESTER).text}
    for device in ("gauge-1", "gauge-2"):
        send(house, device, 3.2)
    told = await shot(house, headers=headers)
    assert set(by_id(told)) == {"gauge-1"}
    assert {event["device"] for event in told["events"]} == {"gauge-1"}
    assert told["kpi"]["total"] == told["kpi"]["open_events"] == 1
    async with served(house) as client:
        client.headers.update(headers)
        found = []
        async with following(client, found, cursor=told["cursor"]):
            for device in ("gauge-2", "gauge-1"):
                send(house, device, 4.5)
            await until(lambda: any(batch["things"] for batch in found))
    assert {thing["id"] for batch in found for thing in batch["things"]} == {"gauge-1"}
    assert {event["device"] for batch in found for event in batch["events"]} == {"gauge-1"}


async def test_the_feed_tells_what_changes_and_nothing_else(house):
    """Values, severity and the event come with the commit that made them; each batch goes on where the one before ended."""
    send(house, "gauge-1", 1.0)
    told = await shot(house)
    async with served(house) as client:
        found = []
        async with following(client, found, cursor=told["cursor"]):
            time = send(house, "gauge-1", 4.5)
            await until(lambda: any(batch["events"] for batch in found))
            send(house, "gauge-2", 0.1)
            await until(lambda: any(thing["id"] == "gauge-2" for batch in found for thing in batch["things"]))
    things = [thing for batch in found for thing in batch["things"]]
    first = next(thing for thing in things if thing["id"] == "gauge-1")
    assert first == {
        "id": "gauge-1", "time": time, "state": "online", "severity": 1, "values": {"water_level": [4.5, time, 1, "", "m"]},
    }  # fmt: skip
    assert sum("values" in thing for thing in things) == 2
    ends = [told["cursor"], *(batch["to"] for batch in found)]
    assert all(read(batch["from"], ("",)).seq >= read(end, ("",)).seq for batch, end in zip(found, ends, strict=False))


def test_a_cursor_is_its_position():
    """The text of a position is read back; anything else is refused."""
    position = Position(5 << 20 | 7, 3, 12, 1_700_000_000_000_000)
    assert read(str(position), ("",)) == position
    for text in ("", "abc", "0000000000005-0000007.3.12", "0000000000005-0000007.3.12.-1"):
        with pytest.raises(UsageError):
            read(text, ("",))


async def test_a_viewer_that_takes_nothing_disturbs_nobody_and_then_gets_the_last_values(house):
    """While one leaves its data lying others are told at once; what it gets later is the newest, and memory held for it is one message."""
    async with served(house) as client:
        cursor = (await shot(house))["cursor"]
        lazy = socket.socket()
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        lazy.connect((client.base_url.host, client.base_url.port))
        lazy.sendall(
            f"GET /api/live?cursor={cursor} HTTP/1.0\r\nauthorization: {client.headers['authorization']}\r\n\r\n".encode()
        )
        await until(lambda: house.desk.followers)
        found = []
        async with following(client, found, cursor=cursor):
            for number in range(5):
                time = await asyncio.to_thread(send, house, "gauge-1", 1.0 + number / 10)
                await until(lambda: any(time == thing["time"] for batch in found for thing in batch["things"]))  # noqa: B023 awaited here
        house.desk.closing = True
        text = await asyncio.to_thread(read_all, lazy)
    told = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: ")]
    assert [thing for batch in told for thing in batch["things"]][-1]["values"]["water_level"][:2] == [1.4, time]


def read_all(lazy):
    with lazy, lazy.makefile("r", encoding="utf-8") as lines:
        return lines.read()


async def test_rights_that_end_end_the_feed(house, monkeypatch):
    """The feed of a token that was revoked is closed when rights are looked at next."""
    monkeypatch.setattr(feed, "_RECHECK_S", 0.05)
    monkeypatch.setattr(auth, "_REMEMBER_S", 0.05)
    token = house.registry.create_token("guest", Role.VIEWER, actor=TESTER)
    async with served(house) as client:
        client.headers["authorization"] = f"Bearer {token.text}"
        async with following(client, []) as task:
            await until(lambda: house.desk.followers)
            house.registry.revoke_token(token.id, actor=TESTER)
            await asyncio.wait_for(asyncio.shield(task), 6)


async def test_a_verdict_over_the_past_reaches_the_map(house):
    """An annotation changes the flag of what is shown, without a new row."""
    send(house, "gauge-1", 1.0)
    await shot(house)
    async with house.client(Role.OPERATOR) as client:
        args = {
            "device": "gauge-1", "property": "water_level", "from": rfc3339(house.at - MINUTE), "to": rfc3339(house.at + MINUTE), "quality": 4,
        }  # fmt: skip
        assert (await client.post("/api/commands", json={"op": "annotate", "args": args})).status_code == 200
    assert by_id(await shot(house))["gauge-1"]["values"]["water_level"][2:4] == [4, "manual"]


def test_figures_count_rows_that_were_read():
    """Rate and delays are of rows; without any there is no delay."""
    pace = Pace()
    assert pace.told(("",)) == {"rate": 0.0, "lag_ms": None, "lag_p99_ms": None}
    for delay in range(100):
        pace.count("", 10**9, 10**9 - delay * 1_000)
    told = pace.told(("", "none"))
    assert told["rate"] == 100.0
    assert (told["lag_ms"], told["lag_p99_ms"]) == (50, 99)
