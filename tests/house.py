"""A data folder with everything in it, worked in this process: for tests of what stands above work."""

import json
from contextlib import closing

import httpx

from sensing import times
from sensing.access import Role
from sensing.audit import Actor
from sensing.errors import DecodeError, Reason
from sensing.framelog.sqlite import SqliteLog
from sensing.metrics import Metrics
from sensing.model import Decoded, Frame, Reading, Rejection, Source
from sensing.registry import DeviceForm, RegistryDirectory, bootstrap
from sensing.settings import Settings
from sensing.store.opening import open_reader, open_store
from sensing.things import ThingType
from sensing.web.app import make
from sensing.web.desk import Desk
from sensing.web.publisher import Straight
from sensing.work import Work

TESTER = Actor("tester")
new_settings = Settings
"""What makes the settings of a new house; tests of another store put theirs in its place."""
TYPES = {
    "gauge": ThingType(
        id="gauge",
        name_zh="水位计",
        name_en="gauge",
        adapter="toy",
        properties=("water_level",),
        limits={"water_level": (-5, 20)},
        checks={"water_level": False},  # what stands above work is tested with values that no river has
    ),
    "weather": ThingType(id="weather", name_zh="气象站", name_en="weather", adapter="toy", domain="city"),
}


class Toy:
    """A protocol of one JSON line: {"n": native, "p": property, "v": value, "t": micros}, or a list of them; `+` waits for the rest."""

    NAME = "toy"
    STATEFUL = True

    def decode(self, payload, context, state=None):
        if payload.startswith(b"+"):
            return Decoded(waiting=True, state={"held": (state or {}).get("held", "") + payload[1:].decode()})
        text = (state or {}).get("held", "") + payload.decode("utf-8", "replace")
        try:
            found = json.loads(text)
        except ValueError:
            raise DecodeError(Reason.NOT_JSON, text[:40], 0, len(payload)) from None
        told = found if isinstance(found, list) else [found]
        errors = [Rejection(Reason.BAD_NUMBER, str(each["v"])) for each in told if each.get("v") == "x"]
        readings = [
            Reading(
                each["n"], "v", each.get("p", "water_level"), each["v"], each.get("u", "m"), time=each["t"], sent=each.get("s", 0)
            )
            for each in told
            if each.get("v") != "x"
        ]
        return Decoded(readings=readings, errors=errors)

    def expire(self, state, now):
        return Decoded()


ADAPTERS = {"toy": Toy()}


class House:
    """registry, log, work and web over one folder; `client(role)` speaks to web without a socket."""

    def __init__(self, data, adapters=ADAPTERS, types=TYPES):
        self.data = data
        self.adapters, self.types = adapters, types
        self.registry = bootstrap(data, types)
        self.log = SqliteLog(data / "log.db")
        self.settings = new_settings()
        self.metrics = Metrics()
        self.work = self.make_work()
        self.now = times.now()
        publish = Straight(data, self.make_work)
        self.desk = Desk(data, self.settings, self.registry, adapters, types, self._publish_with(publish), self.metrics)
        self.app = make(self.desk)
        self.tokens = {role: self.registry.create_token(role.word, role, actor=TESTER).text for role in Role}

    def _publish_with(self, publish):
        def hand_over(command):
            self.log.close()
            publish(command)
            self.log = SqliteLog(self.data / "log.db")
            self.work.store.forget()

        return hand_over

    def make_work(self):
        data = self.data
        return Work(
            SqliteLog(data / "log.db", write=False), open_store(data, self.settings), self.adapters,
            RegistryDirectory(data / "registry.db", self.types), self.settings, self.metrics,
        )  # fmt: skip

    def reader(self):
        """The store as another process reads it; the caller closes it."""
        return open_reader(self.data, self.settings)

    def device(self, identity, **fields):
        form = {"id": identity, "type": "gauge", **fields}
        return self.registry.register_device(DeviceForm.read(form), actor=TESTER)

    def send(self, principal, *readings, received=None, run="", kind="up", adapter="toy", work=True):
        """One frame: readings are dicts as `Toy` reads them, or bytes."""
        payload = readings[0] if readings and isinstance(readings[0], bytes) else json.dumps(list(readings)).encode()
        source = Source(adapter, principal, f"sensing/v1/{adapter}/{principal}/{kind}", kind, "simulated" if run else "live", run)
        place = self.log.append([Frame(source, received or times.now(), payload)])
        if work:
            self.step()
        return place

    def step(self):
        while self.work.step():
            pass

    def headers(self, role=Role.ADMIN):
        return {"authorization": f"Bearer {self.tokens[role]}"} if role else {}

    def client(self, role=Role.ADMIN):
        transport = httpx.ASGITransport(self.app, client=("192.0.2.7", 40_000))
        return httpx.AsyncClient(transport=transport, base_url="http://house", headers=self.headers(role), timeout=30)

    async def ask(self, method, path, status=200, role=Role.ADMIN, **more):
        """The body of an answer, which must have this status."""
        async with self.client(role) as client:
            answer = await client.request(method, path, **more)
        assert answer.status_code == status, answer.text
        return answer.json()

    def close(self):
        self.log.close()
        with closing(self.work.store):
            self.desk.close()


def reading(native, value, at, **more):
    """A reading as `Toy` reads it; at: microseconds."""
    return {"n": native, "v": value, "t": at, **more}
