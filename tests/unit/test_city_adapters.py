"""LoRaWAN and events through the whole forward path: stored once, ledger balanced, facts kept."""

import base64
import json

import pytest

from adapters import events, lorawan
from sensing.model import Config, Thing
from tests.forward import Bench, sums

EUI = "24e124136b502217"
CALL = {
    "source": "12345",
    "kind": "citizen_call",
    "time": "2023-11-14T22:13:20Z",
    "text": "井盖缺失",
    "lon": 117.65,
    "lat": 24.51,
}


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    yield made
    made.close()


def speaks(bench, adapter, *things):
    bench.adapter = adapter
    bench.work.store.close()
    bench.work = bench.worker()
    bench.directory.things = {thing.native: thing for thing in things}


def uplink(data, count, **members):
    text = base64.b64encode(bytes.fromhex(data)).decode()
    return {
        "deviceInfo": {"devEui": EUI.upper()},
        "time": "2023-11-14T22:13:20Z",
        "fCnt": count,
        "fPort": 85,
        "data": text,
        **members,
    }


def test_an_uplink_that_comes_twice_is_stored_once(bench):
    """Two servers, or one that repeats itself, make one observation; the level follows from distance and mount height."""
    settings = {"codec": "milesight/em500-udl"}
    speaks(bench, lorawan, Thing("udl", "em500-udl", "fake", EUI, "p", settings=settings, configs=(Config(mount_height=5.0),)))
    bench.say(uplink("01756403821E00", 7), uplink("01756403821E00", 7), {"time": "2023-11-14T22:13:20Z", "deviceInfo": {"devEui": EUI}, "devAddr": "00189440"})  # fmt: skip
    reader = bench.run()
    assert sums(reader, "received", "decoded", "silent", "readings", "stored", "duplicate", "unmapped") == (3, 2, 1, 8, 2, 2, 4)
    found = bench.work.store.connection.execute("SELECT result, quality FROM hot ORDER BY result").fetchall()
    assert found == [(0.03, 1), (4.97, 1), (100.0, 1)]


def test_a_part_that_cannot_be_read_costs_itself(bench):
    """What stood before an unknown entry is stored, the rest waits as a dead letter outside the frame equation."""
    speaks(bench, lorawan, Thing("th", "em300-th", "fake", EUI, "p", settings={"codec": "em300-th"}))
    bench.say(uplink("0367100199AA01", 1))
    reader = bench.run()
    assert sums(reader, "decoded", "dead_lettered", "stored") == (1, 0, 1)
    assert bench.work.store.connection.execute("SELECT reason FROM dead").fetchall() == [("unknown_function",)]


def test_each_call_is_kept(bench):
    """Two calls of one second are two facts with their words, whoever sends them how often."""
    speaks(bench, events, Thing("hotline", "citizen-calls", "fake", "12345", "p", domain="people"))
    bench.say([{**CALL, "id": "c1"}, {**CALL, "id": "c2"}], {**CALL, "id": "c1"})
    reader = bench.run()
    assert sums(reader, "received", "decoded", "readings", "stored", "duplicate") == (2, 2, 3, 1, 2)
    rows = bench.work.store.connection.execute("SELECT thing, key, value FROM facts ORDER BY key").fetchall()
    assert [(thing, key) for thing, key, _ in rows] == [("hotline", "event/c1"), ("hotline", "event/c2")]
    assert json.loads(rows[0][2])["text"] == "井盖缺失"
    assert bench.work.store.connection.execute("SELECT lon, lat FROM hot").fetchall() == [(117.65, 24.51)]
