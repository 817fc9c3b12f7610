"""A viewer of the live feed, behind a real server: for tests of what is told to whom."""

import asyncio
import contextlib
import json

import httpx
import uvicorn

from sensing.access import Role


async def until(true):
    """Wait for what another task brings about."""
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 it is no event of this loop's
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def served(house):
    """The app of a `tests.house.House` behind a real server on a free port."""
    server = uvicorn.Server(uvicorn.Config(house.app, port=0, log_level="error", lifespan="off", access_log=False))
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", headers=house.headers(Role.VIEWER), timeout=10
        ) as client:
            yield client
    finally:
        house.desk.closing = True
        server.should_exit = True
        await serving


async def messages(client, path="/api/live", **parameters):
    """Messages of the feed as (id, kind, data)."""
    headers = {"last-event-id": parameters.pop("resume")} if "resume" in parameters else {}
    async with client.stream("GET", path, params=parameters, headers=headers) as answer:
        assert answer.status_code == 200
        found = {}
        async for line in answer.aiter_lines():
            if line:
                name, _, value = line.partition(": ")
                found[name] = value
            else:
                if "data" in found:
                    yield found["id"], found.get("event", "message"), json.loads(found["data"])
                found = {}


@contextlib.asynccontextmanager
async def following(client, found, **parameters):
    """A task that adds batches to `found` until the block ends."""

    async def follow():
        async for _, kind, data in messages(client, **parameters):
            assert kind == "message"
            found.append(data)

    task = asyncio.create_task(follow())
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
