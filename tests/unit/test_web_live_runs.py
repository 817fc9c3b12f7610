"""The demo plays its storm again, as another run: whoever follows live and the demo goes over to it, and nobody mixes the two (P6)."""

import asyncio
import os

import pytest

from sensing import runfile
from sensing.web.live.position import NOWHERE, Position, read
from tests.live_house import by_id, send, shot, two_gauges
from tests.live_viewer import messages, served, until

FIRST, SECOND = "demo-20260101-000000", "demo-20260101-002610"


@pytest.fixture
def house(tmp_path):
    for found in two_gauges(tmp_path):
        play(found, FIRST)
        yield found


def play(house, run):
    """As the supervisor says which run the demo plays."""
    runfile.write(house.data, {"pid": os.getpid(), "demo_run": run})


async def test_a_viewer_of_the_demo_is_told_to_begin_anew_and_then_of_the_new_run_alone(house):
    """`reset` when another run is shown; what comes after it is of that run, and the snapshot too."""
    send(house, "gauge-1", 1.0, run=FIRST)
    told = await shot(house)
    assert told["drill"]["run"] == FIRST
    async with served(house) as client:
        feed = messages(client, cursor=told["cursor"])
        send(house, "gauge-1", 1.5, run=FIRST)
        _, kind, batch = await anext(feed)
        assert (kind, batch["things"][0]["values"]["water_level"][0]) == ("message", 1.5)
        play(house, SECOND)
        while kind == "message":
            _, kind, batch = await anext(feed)
        assert (kind, batch) == ("reset", {"why": "another run is shown"})
        again = await shot(house)
        assert again["drill"]["run"] == SECOND
        assert by_id(again)["gauge-1"]["values"] == {}
        send(house, "gauge-1", 9.0, run=FIRST)
        send(house, "gauge-2", 2.0, run=SECOND)
        things = []
        while not things:
            things = (await anext(feed))[2]["things"]
        assert [(thing["id"], thing["run"]) for thing in things] == [("gauge-2", SECOND)]
        await feed.aclose()


async def test_nobody_goes_on_in_another_run_than_it_was_told_of(house):
    """A cursor of the first run, given once the second is shown, is answered by `reset`; so is it by a process that has just begun."""
    send(house, "gauge-1", 1.0, run=FIRST)
    cursor = (await shot(house))["cursor"]
    play(house, SECOND)
    send(house, "gauge-1", 2.0, run=SECOND)
    for again in (False, True):
        if again:
            house.desk.hub = house.desk.beat = None
        async with served(house) as client:
            assert next(iter([kind async for _, kind, _ in messages(client, cursor=cursor, once="1")])) == "reset"
        house.desk.closing = False


async def test_a_feed_of_one_run_stays_with_it(house):
    """Who asked for a run by name is not moved to another."""
    send(house, "gauge-1", 1.0, run=FIRST)
    cursor = (await shot(house, run=FIRST))["cursor"]
    play(house, SECOND)
    send(house, "gauge-1", 3.0, run=FIRST)
    async with served(house) as client:
        found = [(kind, data) async for _, kind, data in messages(client, cursor=cursor, run=FIRST, once="1")]
    assert [kind for kind, _ in found] == ["message"]
    assert found[0][1]["things"][0]["values"]["water_level"][0] == 3.0


async def test_the_stream_of_rows_goes_over_without_a_gap(house):
    """`tail` keeps its connection: the first row of the new run comes, and none of the old one after it."""
    async with served(house) as client:
        rows = messages(client, "/api/stream")
        first = asyncio.ensure_future(anext(rows))
        await until(lambda: house.desk.followers == 1)
        send(house, "gauge-1", 1.0, run=FIRST)
        assert [(row["run"], row["result"]) for row in (await first)[2]] == [(FIRST, 1.0)]
        play(house, SECOND)
        send(house, "gauge-1", 5.0, run=FIRST)
        send(house, "gauge-1", 2.0, run=SECOND)
        assert [(row["run"], row["result"]) for row in (await anext(rows))[2]] == [(SECOND, 2.0)]
        await rows.aclose()


def test_the_runs_of_a_cursor_are_part_of_it():
    """A position that is told to viewers of two runs is nowhere for viewers of others."""
    position = Position(5 << 20 | 7, 3, 12, 1_700_000_000_000_000)
    text = position.of(("", FIRST))
    assert read(text, ("", FIRST)) == position
    assert read(text, ("", SECOND)) == read(text, ("",)) == read(str(position), ("", FIRST)) == NOWHERE
