"""Ships of a simulated port day as the bytes that receivers pass on, for those ships only that a test is about; and a worker that takes them."""

from dataclasses import replace

from adapters import ais
from adapters._wire.ais_encode import report
from sensing.framelog.sqlite import SqliteLog
from sensing.metrics import Metrics
from sensing.model import Config, Frame, Source, Thing
from sensing.settings import Settings
from sensing.store.sqlite import SqliteStore
from sensing.times import SECOND, to_datetime
from sensing.work import Work
from tests.forward import FakeDirectory
from tests.house import Toy

ULSAN = 440_702_000


def source(receiver, run=""):
    return Source("ais", receiver, f"sensing/v1/ais/{receiver}/up", "up", "simulated" if run else "live", run)


def heard(traffic, ships, receivers, begin, end):
    """Frames with what these receivers heard of these ships (MMSI) from begin to end, in order."""
    wanted = {str(ship) for ship in ships}
    for saying in traffic.sayings(begin, end):
        if saying.device.id not in receivers:
            continue
        readings = [reading for reading in saying.readings if reading.native in wanted]
        meta = [static for static in saying.meta if str(static.ship.mmsi) in wanted]
        if readings or meta:
            body = traffic.encode(replace(saying, readings=readings, meta=meta))
            yield Frame(source(saying.device.gateway), saying.time, body)


def said(mmsi, time, lon, lat, speed=0.0, status=0, receiver="rx-gulei"):
    """One class A position report as a receiver passes it on a second later."""
    fields = {"msg_type": 1, "mmsi": mmsi, "lon": lon, "lat": lat, "speed": speed, "course": 0.0, "heading": 0, "status": status,
              "turn": 0, "second": time % (60 * SECOND) // SECOND}  # fmt: skip
    return Frame(source(receiver), time + SECOND, b"\r\n".join(report(fields, time=time)) + b"\r\n")


def station(mmsi, time, lon, lat, receiver="rx-gulei"):
    """One report of a base station."""
    at = to_datetime(time)
    fields = {"msg_type": 4, "mmsi": mmsi, "lon": lon, "lat": lat, "epfd": 1, "accuracy": 1, "year": at.year, "month": at.month,
              "day": at.day, "hour": at.hour, "minute": at.minute, "second": at.second}  # fmt: skip
    return Frame(source(receiver), time + SECOND, b"\r\n".join(report(fields, time=time)) + b"\r\n")


class Port:
    """A log and a worker over a folder, for AIS, and for weather stations (name to place) that speak the toy protocol."""

    def __init__(self, data, batch=200, weather=()):
        data.mkdir(exist_ok=True)
        self.data, self._batch = data, batch
        self._directory = FakeDirectory()
        for name in weather:
            lon, lat = weather[name]
            self._directory.things[name] = Thing(name, "weather", "toy", name, name, configs=(Config(),), lon=lon, lat=lat)
        self.log = SqliteLog(data / "log.db")
        self.log._db.pragma("synchronous", "off")  # no power is cut here, and waiting for the disk is most of a test's time
        self.begin()

    def begin(self):
        """A worker as a new process would make it."""
        settings = Settings(work={"batch": self._batch})
        self.store = SqliteStore(self.data / "store.db")
        self.store.connection.pragma("synchronous", "off")
        self.work = Work(self.log, self.store, {"ais": ais, "toy": Toy()}, self._directory, settings, Metrics())

    def restart(self):
        self.store.close()
        self.begin()

    def hear(self, frames):
        self.log.append(list(frames))
        while self.work.step():
            pass
        return self

    @property
    def db(self):
        return self.store.connection

    def found(self):
        """Calls and events as the data tell them: no ids, no history."""
        calls = (
            "SELECT thing, port, first, arrived, anchored, berth, berthed, unberthed, departed, stays FROM calls ORDER BY 1, 3"
        )
        events = """SELECT kind, device, start, "end", severity, steps, peak, peak_time FROM events WHERE state <> 'withdrawn' ORDER BY 1, 2, 3"""
        return list(self.db.execute(calls)), list(self.db.execute(events))

    def close(self):
        self.store.close()
        self.log.close()
