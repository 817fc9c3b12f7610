"""A client of bare packets on a real socket, and a door on a free port: for tests that must see every byte."""

import asyncio
import contextlib

from sensing.metrics import Metrics
from sensing.mqtt import packets as p
from sensing.mqtt.committer import Committer
from sensing.mqtt.door import Door
from sensing.mqtt.wire import Decoder, encode
from sensing.settings import Commit, Settings
from tests.fakes import FakeGatekeeper, MemoryLog

ADAPTERS = frozenset({"plainjson", "sl651", "command", "clock"})


class RawClient:
    """Says packets, hears packets. `hear` raises EOFError when the door hangs up."""

    def __init__(self, reader, writer, version):
        self.reader, self.writer, self.version = reader, writer, version
        self._decoder = Decoder(version=version)
        self._heard = []

    @classmethod
    async def open(cls, port, version=4, tls=None):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
        return cls(reader, writer, version)

    @classmethod
    async def connect(cls, port, principal="p1", version=4, tls=None, **more):
        """Connected and let in; `connack` is what was heard."""
        client = await cls.open(port, version, tls)
        more = {"client_id": f"client-{principal}", "username": principal, "password": f"secret-{principal}".encode(), **more}
        client.say(p.Connect(version=version, **more))
        try:
            client.connack = await client.hear()
        except BaseException:
            client.drop()
            raise
        return client

    def say(self, *said):
        self.writer.write(b"".join(one if isinstance(one, bytes) else encode(one, self.version) for one in said))

    async def hear(self):
        async with asyncio.timeout(10):
            while not self._heard:
                data = await self.reader.read(65_536)
                if not data:
                    raise EOFError
                self._heard += self._decoder.feed(data)
        return self._heard.pop(0)

    async def hear_all(self, count):
        return [await self.hear() for _ in range(count)]

    async def ended(self):
        """Everything heard until the door hung up."""
        found = []
        with contextlib.suppress(EOFError, ConnectionError):
            while True:
                found.append(await self.hear())
        self.drop()
        return found

    def drop(self):
        """Vanish without a word."""
        self.writer.transport.abort()

    async def close(self):
        """Say goodbye and wait for the end."""
        self.say(p.Disconnect())
        return await self.ended()


@contextlib.asynccontextmanager
async def open_door(log=None, *, commit=None, clock=False, foreign=(), on_refused=None, **mqtt):
    """A door with everything around it: `.log`, `.gatekeeper`, `.metrics`, `.refused`."""
    settings = Settings(mqtt={"port": 0, "tls_port": 0, **mqtt}, commit=commit or Commit(), foreign_topics=list(foreign))
    metrics, refused = Metrics(), []
    log = log if log is not None else MemoryLog()
    committer = Committer(log, settings.commit, metrics)
    gatekeeper = FakeGatekeeper()
    door = Door(
        settings,
        committer,
        gatekeeper,
        ADAPTERS,
        metrics,
        on_refused=on_refused or (lambda *what: refused.append(what)),
        clock=clock,
    )
    door.log, door.gatekeeper, door.metrics, door.refused = log, gatekeeper, metrics, refused
    await door.start()
    try:
        yield door
    finally:
        await door.stop()
        await committer.stop()


async def eventually(condition, seconds=10):
    """Wait for a condition."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 it belongs to the door
            await asyncio.sleep(0.002)
