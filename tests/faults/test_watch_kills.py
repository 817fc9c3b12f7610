"""What is found of a stormy day stays what it is when work dies in the middle: levels, sums, rates, forecasts, silences, frozen values, calls."""

import json
import random
import time
from contextlib import closing

import apsw
import pytest

from sensing.framelog.sqlite import SqliteLog
from sensing.maritime.harbours import shipped
from sensing.model import Frame, Source
from sensing.registry import DeviceForm
from sensing.store.reader import StoreReader
from sensing.times import HOUR, MINUTE
from tests.faults.city import TESTER, city, scaled
from tests.ship_story import said

START = 1_792_000_000_000_000
HOURS = 9
GAUGES = [f"g{number}" for number in range(6)]
SETTINGS = {
    "silent": "15m",
    "checks": {"water_level": {"spike": 0.6, "rate": 3, "stuck": "2h"}, "rainfall": False},
    "thresholds": {
        "water_level": {
            "level": {"watch": 2.8, "warning": 3.2, "danger": 4.0, "hysteresis": 0.1},
            "rise": {"take": "rise", "over": "30m", "watch": 0.5, "hysteresis": 0.2},
            "ahead": {"take": "crossing", "over": "1h", "watch": 2, "for": 600},
        },
        "rainfall": {"sum": {"take": "sum", "over": "1h", "watch": 10, "danger": 40, "hysteresis": 2}},
    },
}
SHIPS = (477_100_001, 477_100_002)
KINDS = {"water_level_high", "water_level_rise", "water_level_rising", "rainfall_1h_high", "device_silent", "device_frozen"}


def frames(seed):
    """Six gauges behind one gateway, two of them silent for a while, one stuck, one out of order; two ships that berth."""
    chance = random.Random(seed)
    source = Source("plainjson", "dtu-1", "sensing/v1/plainjson/dtu-1/up", "up")
    made = []
    for at in range(HOURS * 12):
        for number, gauge in enumerate(GAUGES):
            minute, storm = at * 5, max(0.0, 1 - abs(at / 12 - 5 - number / 6) / 3)
            if (number == 1 and 30 <= at < 50) or (number == 2 and at >= 90):
                continue
            level = 2.0 if number == 3 and at > 40 else round(1.4 + 3 * storm**2 + chance.uniform(-0.02, 0.02), 3)
            when = START + minute * MINUTE
            body = {"device": gauge, "time": when // 1000, "water_level": level, "rainfall": round(5 * storm**2, 1)}
            late = chance.randrange(90) if number == 4 or chance.random() < 0.02 else 0
            made.append(Frame(source, when + late * MINUTE + number, json.dumps(body).encode()))
    for mmsi in SHIPS:
        berth = shipped().berth("gulei-s18").point
        first = START + (mmsi - SHIPS[0]) * 2 * HOUR
        made += [said(mmsi, first + minute * MINUTE, 117.60, 23.50 + minute * 0.003, 10.0) for minute in range(5)]
        made += [said(mmsi, first + (60 + minute) * MINUTE, *berth, 0.1, 5) for minute in range(0, 300, 3)]
    return sorted(made, key=lambda frame: frame.received)


def told(data):
    """Events and calls, as the data tell them."""
    with closing(apsw.Connection(str(data / "store.db"), flags=apsw.SQLITE_OPEN_READONLY)) as db:
        events = 'SELECT kind, device, property, start, "end", severity, steps, peak, more, "group" FROM events'
        calls = "SELECT thing, port, arrived, berth, berthed, unberthed, departed FROM calls ORDER BY 1, 3"
        return sorted(db.execute(f"{events} WHERE state <> 'withdrawn'"), key=repr), list(db.execute(calls))


def worked(folder, seed, disturb):
    with city(folder, 0, work__batch=20) as town:
        town.registry.register_principal("dtu-1", "gateway", actor=TESTER)
        town.registry.register_principal("rx-gulei", "receiver", actor=TESTER)
        forms = [DeviceForm.read({"id": gauge, "type": "generic", "adapter": "plainjson", "principal": "dtu-1", "settings": SETTINGS})
                 for gauge in GAUGES]  # fmt: skip
        town.registry.register_devices(forms, actor=TESTER)
        with closing(SqliteLog(town.data / "log.db")) as log:
            log.append(frames(seed))
        deaths = disturb(town)
        town.start("work")
        town.caught_up()
        town.kill("work")
        with closing(StoreReader(town.data / "store.db")) as store:
            assert store.ledger()["balanced"]
        return told(town.data), deaths


@pytest.mark.parametrize("seed", range(scaled(50, 1)))
def test_deaths_of_work_change_no_event(tmp_path, seed):
    """Killed at its points and at any instant of its transactions: the events and calls of a day that nothing disturbed."""
    chance = random.Random(seed)

    def kill(town):
        deaths, head = 0, len(frames(seed))
        for _ in range(2):
            point = f"work.{chance.choice(['before', 'after'])}_commit:{chance.randint(1, 9)}"
            town.start("work", environ={"SENSING_FAIL_AT": point})
            deaths += town.roles["work"].wait(120) == 137
            town.start("work")
            goal = min(head, _place(town) + 100)
            while _place(town) < goal:
                time.sleep(chance.uniform(0, 0.02))
            town.kill("work")
        return deaths

    calm, _ = worked(tmp_path / "calm", seed, lambda _town: 0)
    assert {event[0] for event in calm[0]} >= KINDS
    assert len(calm[1]) == len(SHIPS)
    disturbed, deaths = worked(tmp_path / "disturbed", seed, kill)
    assert deaths == 2
    assert disturbed == calm


def _place(town):
    with closing(apsw.Connection(str(town.data / "store.db"))) as db:
        db.set_busy_timeout(1000)
        return db.execute("SELECT place FROM progress").get
