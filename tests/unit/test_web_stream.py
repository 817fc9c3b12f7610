"""The live stream: nothing missed, nothing twice, from history into live, for fast and slow readers, through a real server."""

import asyncio
import contextlib
import json
import socket
import threading

import pytest

from sensing.access import Role
from sensing.errors import UnreachableError
from sensing.store import seq
from sensing.times import HOUR, SECOND, rfc3339
from sensing.web import stream
from sensing.web.ask import Ask
from sensing.web.selection import select
from tests.house import TESTER, House, reading
from tests.live_viewer import served, until


@pytest.fixture
def house(tmp_path):
    found = House(tmp_path)
    for number in (1, 2):
        found.device(f"gauge-{number}")
    found.sent = 0
    yield found
    found.close()


def send(house, count, device="gauge-1", each=1, run=""):
    """Frames of `each` readings, one commit a frame; every reading another second."""
    for _ in range(count):
        at = [house.now - HOUR + (house.sent + number) * SECOND for number in range(each)]
        house.sent += each
        house.send(device, *(reading(device, 1.0, time) for time in at), run=run)


async def events(client, **parameters):
    """Events of the stream as (id, kind, data)."""
    headers = {"last-event-id": parameters.pop("resume")} if "resume" in parameters else {}
    async with client.stream("GET", "/api/stream", params=parameters, headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        found = {}
        async for line in answer.aiter_lines():
            if line:
                name, _, value = line.partition(": ")
                found[name] = value
            elif "data" in found:
                yield found["id"], found.get("event", "message"), json.loads(found["data"])
                found = {}
            else:
                found = {}


async def rows_until(client, count, found=None, **parameters):
    found = [] if found is None else found
    async for _, kind, data in events(client, **parameters):
        assert kind == "message"
        found += data
        if len(found) >= count:
            break
    return found


async def rows_once(client, **parameters):
    return [row async for *_, data in events(client, once="1", **parameters) for row in data]


async def test_history_crosses_into_live_without_gap_or_duplicate(house):
    """While a writer commits, a reader that began in history has every row once, in the order of commits."""
    send(house, 40)
    writer = threading.Thread(target=send, args=(house, 60))
    async with served(house) as client:
        writer.start()
        found = await asyncio.wait_for(rows_until(client, 100, since="1d"), 20)
        writer.join()
    assert [row["time"] for row in found] == [rfc3339(house.now - HOUR + number * SECOND) for number in range(100)]
    assert [row["cursor"] for row in found] == sorted({row["cursor"] for row in found})


async def test_a_reader_that_comes_back_goes_on_where_it_was(house):
    """Every event's id resumes exactly, as Last-Event-ID and as `cursor`; so does any row's own cursor."""
    send(house, 7, each=3)
    async with served(house) as client:
        whole = await rows_once(client, since="1d")
        assert len(whole) == 21
        ids = [name async for name, *_ in events(client, once="1", since="1d")]
        assert await rows_once(client, resume=ids[-1]) == []
        send(house, 2)
        assert len(await rows_once(client, resume=ids[-1], since="1d")) == 2
        assert len(await rows_once(client, cursor=ids[-1])) == 2
        assert (await rows_once(client, cursor=whole[9]["cursor"]))[:11] == whole[10:]


async def test_a_live_reader_is_told_within_a_blink(house):
    """Without `since` it starts now: what is old stays unsaid, what comes is said at once."""
    send(house, 3)
    async with served(house) as client:
        told = asyncio.create_task(rows_until(client, 1))
        await until(lambda: house.desk.followers)
        await asyncio.sleep(0.15)
        began = asyncio.get_running_loop().time()
        await asyncio.to_thread(send, house, 1)
        found = await asyncio.wait_for(told, 5)
        took = asyncio.get_running_loop().time() - began
    assert [row["time"] for row in found] == [rfc3339(house.now - HOUR + 3 * SECOND)]
    assert took < 1


async def test_a_filter_passes_over_the_rest_and_its_place_moves_on(house):
    """Only wanted rows are said; runs are never mixed."""
    send(house, 3, "gauge-1")
    send(house, 2, "gauge-2")
    send(house, 2, "gauge-2", run="storm-1")
    async with served(house) as client:
        assert {row["device"] for row in await rows_once(client, since="1d", device="gauge-2")} == {"gauge-2"}
        assert len(await rows_once(client, since="1d", device="gauge-2")) == 2
        assert len(await rows_once(client, since="1d", device="gauge-*")) == 5
        assert len(await rows_once(client, since="1d", where="value>1")) == 0
        assert [row["run"] for row in await rows_once(client, since="1d", run="storm-1")] == ["storm-1"] * 2
        assert len(await rows_once(client, since="1d", run="all")) == 7


async def test_a_reader_that_leaves_is_let_go_at_once(house):
    """A closed connection ends its follower, and nothing looks at the store any more."""
    async with served(house) as client:
        for _ in range(3):
            task = asyncio.create_task(rows_until(client, 1))
            await until(lambda: house.desk.followers)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            await until(lambda: not house.desk.followers)


async def test_a_revoked_token_ends_its_stream(house):
    """What was open when the token ended is closed within five seconds."""
    token = house.registry.create_token("guest", Role.VIEWER, actor=TESTER)
    async with served(house) as client:
        client.headers["authorization"] = f"Bearer {token.text}"
        task = asyncio.create_task(rows_until(client, 1))
        await until(lambda: house.desk.followers)
        house.registry.revoke_token(token.id, actor=TESTER)
        assert await asyncio.wait_for(task, 5) == []


def follower(house, **query):
    desk = house.desk
    return stream.Follower(desk, select(desk, Ask(None, "", query=query), served=False), 0)


def test_a_live_reader_that_falls_behind_is_moved_to_the_head_and_told(house, monkeypatch):
    """Past the limit the rest is skipped and counted: said and skipped together are all."""
    monkeypatch.setattr(stream, "PAGE", 10)
    monkeypatch.setattr(stream, "LAG", 30)
    slow = follower(house)
    send(house, 1)
    slow.turn()
    assert slow.live
    send(house, 6, each=10)
    said, skipped, more = 0, 0, True
    while more:
        event, more = slow.turn()
        data = json.loads(event.partition(b"data: ")[2] or b"[]")
        if event.startswith(b"event: skipped"):
            skipped += data["count"]
        else:
            said += len(data)
    assert skipped > 30
    assert said + skipped == 60
    send(house, 1)
    assert len(json.loads(slow.turn()[0].partition(b"data: ")[2])) == 1


def test_history_is_never_skipped(house, monkeypatch):
    """A reader that has not reached the head yet gets every row, however far behind."""
    monkeypatch.setattr(stream, "PAGE", 10)
    monkeypatch.setattr(stream, "LAG", 30)
    send(house, 9, each=10)
    late, said, more = follower(house), 0, True
    while more:
        event, more = late.turn()
        assert not event.startswith(b"event: skipped")
        said += len(json.loads(event.partition(b"data: ")[2] or b"[]"))
    assert said == 90


def test_an_idle_reader_keeps_its_place_current(house):
    """A heartbeat's id is where the reader is, though nothing passed its filter."""
    idle = follower(house, device="gauge-2")
    send(house, 5, "gauge-1")
    assert idle.turn() == (b"", False)
    named = idle.heartbeat().partition(b"id: ")[2].strip().decode()
    with house.desk.stores.take() as store:
        assert seq(named) == store.head()
    assert idle.heartbeat().startswith(b":")


def test_a_cursor_of_another_store_starts_at_the_head(house):
    """After a restore the store may be behind what a reader has seen: it waits for what is new and repeats nothing."""
    send(house, 2)
    found = stream.stream(house.desk, Ask(None, "", query={"cursor": "0000000000zzz-0000000".replace("z", "v")}))
    with house.desk.stores.take() as store:
        assert found._follower.position == store.head()


def test_a_crowd_has_an_end(house):
    """Beyond so many readers the next is refused, those that are there go on."""
    house.desk.followers = stream.MOST
    with pytest.raises(UnreachableError):
        stream.stream(house.desk, Ask(None, ""))


async def test_a_reader_that_takes_nothing_disturbs_nobody(house, monkeypatch):
    """While one reader leaves its data lying, another has every row; the first, when it reads again, is told how many it missed."""
    monkeypatch.setattr(stream, "LAG", 4_000)
    async with served(house) as client:
        lazy = socket.socket()
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)
        lazy.connect((client.base_url.host, client.base_url.port))
        lazy.sendall(f"GET /api/stream HTTP/1.0\r\nauthorization: {client.headers['authorization']}\r\n\r\n".encode())
        await until(lambda: house.desk.followers)
        found = []
        fast = asyncio.create_task(rows_until(client, 24_000, found))
        await until(lambda: house.desk.followers == 2)
        await asyncio.sleep(0.2)
        for number in range(1, 25):
            await asyncio.to_thread(send, house, 1, each=1_000)
            await until(lambda: len(found) >= number * 1_000 - 2_000)  # noqa: B023 awaited here
        assert len(await asyncio.wait_for(fast, 20)) == 24_000
        said, skipped = await asyncio.to_thread(read_lazily, lazy, 24_000)
    assert skipped > 4_000
    assert said + skipped == 24_000


def read_lazily(lazy, count):
    """(rows said, rows skipped) of a raw stream."""
    said = skipped = 0
    kind = ""
    with lazy, lazy.makefile("r", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("event: "):
                kind = line[7:].strip()
            elif line.startswith("data: "):
                data = json.loads(line[6:])
                said += len(data) if kind != "skipped" else 0
                skipped += data["count"] if kind == "skipped" else 0
                kind = ""
            if said + skipped >= count:
                break
    return said, skipped
