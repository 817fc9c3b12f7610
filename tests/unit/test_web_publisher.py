"""A command reaches the log: through the door of a running service, with nothing but the service's own credential."""

import asyncio
import contextlib
import json
from dataclasses import replace

import pytest

from sensing import runfile
from sensing.doorway import Doorway
from sensing.errors import UnreachableError, ValidationError
from sensing.framelog.sqlite import SqliteLog
from sensing.registry import bootstrap
from sensing.settings import Http, Mqtt, Settings
from sensing.store.sqlite import SqliteStore
from sensing.web.publisher import TOPIC, OverMqtt
from sensing.web.serve import guard_plain

COMMAND = {"id": "x-1", "op": "redrive", "by": "tester", "at": 0, "args": {}}


@pytest.fixture
def registry(tmp_path):
    found = bootstrap(tmp_path, {})
    SqliteStore(tmp_path / "store.db").close()
    yield found
    found.close()


@contextlib.asynccontextmanager
async def door(data):
    stop = asyncio.Event()
    serving = asyncio.create_task(Doorway(data, Settings(mqtt=Mqtt(port=0)), frozenset({"command"})).run(stop))
    async with asyncio.timeout(10):
        while runfile.read(data, "run/door.json") is None:  # noqa: ASYNC110 a file is no event
            await asyncio.sleep(0.01)
    try:
        yield
    finally:
        stop.set()
        await serving


async def test_a_command_is_in_the_log_when_publish_returns(tmp_path, registry):
    """As a frame of the principal `web` on its own topic; twice is two frames of one id."""
    publish = OverMqtt(tmp_path, registry.internal_credential())
    async with door(tmp_path):
        for _ in range(2):
            await asyncio.to_thread(publish, COMMAND)
        log = SqliteLog(tmp_path / "log.db", write=False)
        frames = [frame for frame in log.read(0, 100) if frame.source.adapter == "command"]
        log.close()
    assert [json.loads(frame.payload) for frame in frames] == [COMMAND, COMMAND]
    assert {(frame.source.principal, frame.source.topic) for frame in frames} == {("web", TOPIC)}


async def test_a_door_that_refuses_or_is_not_there_is_told(tmp_path, registry):
    """An older credential, and a service that is down: an error that says what to look at, and nothing in the log."""
    credential = registry.internal_credential()
    with pytest.raises(UnreachableError):
        OverMqtt(tmp_path, credential)(COMMAND)
    async with door(tmp_path):
        with pytest.raises(UnreachableError, match="refused"):
            await asyncio.to_thread(OverMqtt(tmp_path, replace(credential, password="wrong")), COMMAND)
    with pytest.raises(UnreachableError, match="does not answer"):
        OverMqtt(tmp_path, credential)(COMMAND)


@pytest.mark.parametrize(("http", "fine"), [
    (Http(), True), (Http(host="::1"), True), (Http(host="0.0.0.0"), False), (Http(host="0.0.0.0", insecure_plain=True), True),
    (Http(host="10.0.0.1", tls_cert="cert.pem"), True),
])  # fmt: skip
def test_tokens_do_not_travel_in_clear(http, fine):
    """Outside loopback it is TLS, or a setting whose name says insecure."""
    with contextlib.nullcontext() if fine else pytest.raises(ValidationError):
        guard_plain(http)
