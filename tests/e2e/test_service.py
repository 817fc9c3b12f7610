"""The first evening with the service, command by command: demo, look, register, prove, mend, break, stop."""

import json
import os
import signal
import subprocess
import threading
import time

import pytest

from tests.e2e.service import ROOT, Gauge, Sensing, eventually, gone
from tests.faults.speech import crc, sl651

pytestmark = pytest.mark.slow
MINUTE = 60_000_000
STORM = 1_791_000_000_000_000
FRAME = bytes.fromhex((ROOT / "tests/golden/sl651/bj-01-32/frame.hex").read_text())
"""What a Beijing station sent."""
STATION = "0030746200"


@pytest.fixture(scope="module")
def sensing(tmp_path_factory):
    """The demo, up since a moment ago; the tests of this file follow each other on it."""
    command = Sensing(tmp_path_factory.mktemp("service") / "data")
    try:
        command.up("--demo")
        command.ready_at = time.monotonic()
        yield command
    finally:
        command.down_if_up()


@pytest.fixture(scope="module")
def gauge(sensing):
    """A registered station and its client."""
    made = sensing.json("device", "register", "gulei-1", "--type", "river-gauge", "--native", STATION)
    with Gauge(sensing.about()["mqtt"]["port"], made["username"], made["password"]) as client:
        client.topic = made["topic"]
        yield client


def test_the_demo_is_seen_within_ten_seconds(sensing):
    """First observations within 10 s of ready; ready and balanced; latest, query, explain and ledger of the same rows."""
    tailed = sensing.rows("tail", "-n", "3")
    took_s = time.monotonic() - sensing.ready_at
    print(f"first observations {took_s:.1f} s after ready")
    assert took_s < 10
    assert len(tailed) == 3
    assert {row["origin"] for row in tailed} == {"simulated"}
    status = sensing.json("status")
    assert (status["ready"], status["balanced"]) == (True, True)
    assert all(process["alive"] for process in status["processes"])
    row = tailed[0]
    found = sensing.json("query", row["device"], "--property", row["property"])
    assert row["cursor"] in {each["cursor"] for each in found}
    told = sensing.json("explain", row["device"], row["property"], row["time"])
    assert json.dumps(told).count(row["revision"]) >= 1
    ledger = sensing.json("ledger")
    assert ledger["balanced"]
    assert ledger["received"] >= ledger["decoded"] > 0


def test_a_new_gauge_is_proved_by_its_own_frame(sensing, gauge):
    """Registered, then a real frame by paho: the station gets its confirm, every step of `device test` is true, tail shows it live."""
    watching = sensing.begin("tail", "gulei-1", "-n", "1", "--for", "30s", "-o", "ndjson", stdout=subprocess.PIPE)
    eventually(lambda: "sensing_stream_readers 1" in (sensing.data / "run" / "web.prom").read_text(), "tail follows")
    gauge.publish(FRAME)
    confirm = eventually(lambda: gauge.heard, "the station's confirm")[0]
    head = b"~~" + bytes.fromhex(STATION) + FRAME[2:3] + FRAME[8:11] + b"\x80\x08\x02" + FRAME[14:16]
    assert confirm.startswith(head)
    assert (len(confirm), confirm[-3], crc(confirm[:-2]).to_bytes(2, "big")) == (len(head) + 9, 0x04, confirm[-2:])
    sensing.say("device", "test", "gulei-1", "--wait", "20s")
    steps = sensing.json("device", "test", "gulei-1")
    assert [(step["step"], step["ok"]) for step in steps] == [
        (step, True) for step in ("connected", "arrived", "decoded", "plausible", "stored")
    ]
    row = json.loads(watching.communicate(timeout=60)[0])
    assert (row["device"], row["origin"], row["run"]) == ("gulei-1", "live", "")


def test_an_unknown_station_waits_in_quarantine_until_it_is_accepted(sensing):
    """Under a known DTU: its frames are kept, listed, and stored from the first one on once accepted."""
    made = sensing.json("principal", "register", "dtu-1", "--kind", "gateway")
    start = 1_790_000_040_000_000
    with Gauge(sensing.about()["mqtt"]["port"], "dtu-1", made["password"]) as client:
        client.publish(*(sl651("0000000042", start + number * MINUTE, 1.0 + number, number) for number in range(3)))
        waiting = eventually(lambda: sensing.json("quarantine", "list"), "the station in quarantine")
        assert [(one["native"], one["principal"], one["frames"]) for one in waiting] == [("0000000042", "dtu-1", 3)]
        assert sensing.json("ledger")["quarantined"] == 3
        sensing.say("quarantine", "accept", "0000000042", "--type", "river-gauge", "--id", "gulei-2")
        client.publish(sl651("0000000042", start + 3 * MINUTE, 4.0, 3))
        rows = eventually(lambda: len(found := sensing.json("query", "gulei-2", "--property", "water_level", "--from", "2026-01-01T00:00:00Z")) == 4 and found, "four rows")  # fmt: skip
    assert [row["result"] for row in rows] == [1.0, 2.0, 3.0, 4.0]
    assert sensing.json("quarantine", "list") == []
    ledger = sensing.json("ledger")
    assert (ledger["quarantined"], ledger["balanced"]) == (0, True)


def test_dead_letters_are_listed_shown_redriven_and_dropped(sensing, gauge):
    """Two frames with a wrong checksum: each with its reason and bytes; redriven they are still junk; dropped they are gone."""
    gauge.publish(FRAME[:-1] + b"\x00", FRAME[:-1] + b"\x01")
    letters = eventually(lambda: len(found := sensing.json("dlq", "list")) == 2 and found, "two dead letters")
    assert {(letter["reason"], letter["principal"]) for letter in letters} == {("bad_checksum", "gulei-1")}
    shown = sensing.json("dlq", "show", letters[0]["id"])
    assert shown["frame"]["hex"] == (FRAME[:-1] + b"\x00").hex()
    assert sensing.json("dlq", "redrive")["redriven"] == {"dead_lettered": 2}
    assert [letter["attempts"] for letter in sensing.json("dlq", "list")] == [2, 2]
    sensing.say("dlq", "drop", "--ids", letters[0]["id"], "--yes")
    assert [letter["id"] for letter in sensing.json("dlq", "list")] == [letters[1]["id"]]
    sensing.say("dlq", "drop", "--yes")
    assert sensing.json("dlq", "list") == []
    assert sensing.json("ledger")["balanced"]


def test_tail_follows_through_the_death_of_web(sensing, gauge):
    """kill -9 of web among a stream of rows: rows before and after, none missing, none twice, in the order of their commits."""
    lines, over = [], threading.Event()
    sending = threading.Thread(target=lambda: _send(gauge, over))
    sending.start()
    following = sensing.begin("tail", "gulei-1", "-o", "ndjson", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    reading = threading.Thread(target=lambda: lines.extend(following.stdout), daemon=True)
    reading.start()
    try:
        eventually(lambda: len(lines) > 20, "rows before", 20)
        web = sensing.about()["roles"]["web"]
        os.kill(web, signal.SIGKILL)
        eventually(lambda: gone(web), "web is dead")
        before = len(lines)
        eventually(lambda: sensing.about()["roles"]["web"] not in {0, web}, "web is started again")
        eventually(lambda: len(lines) > before + 20, "rows after", 30)
    finally:
        over.set()
        sending.join()
    try:
        stored = eventually(lambda: sensing.json("status")["lag_ms"] == 0 and _stored(sensing), "all is stored")
        eventually(lambda: _cursors(lines)[-1] == stored[-1], "tail has caught up", 20)
    finally:
        following.send_signal(signal.SIGINT)
        assert following.wait(20) == 130
        reading.join()
        following.stdout.close()
    tailed = _cursors(lines)
    assert tailed == stored[stored.index(tailed[0]) :]


def _send(gauge, over):
    number = 0
    while not over.wait(0.03):
        gauge.publish(sl651(STATION, STORM + number * MINUTE, 2.0 + number % 100 / 1000, number))
        number += 1


def _cursors(lines):
    return [json.loads(line)["cursor"] for line in list(lines)]


def _stored(sensing):
    """Cursors of the storm's rows, in the order of their times, which is that of their commits."""
    return [
        row["cursor"] for row in sensing.rows("query", "gulei-1", "--property", "water_level", "--from", "2026-10-03T00:00:00Z")
    ]


def test_a_second_service_in_the_folder_is_refused(sensing):
    """In the foreground and detached: exit 6, and the first one goes on."""
    sensing.say("up", *sensing.ports, code=6)
    sensing.say("up", "--detach", code=6)
    assert sensing.json("status")["ready"]


def test_nothing_outlives_the_supervisor_and_the_data_outlive_both(sensing):
    """kill -9 of the supervisor: every process is gone within 3 s. `up` works again, with all rows; `down` stops it, and once more is 4."""
    before = sensing.rows("query", "gulei-2")
    pids = sensing.pids()
    assert len(pids) == 6  # supervisor, door, work, lake, web, simulator
    os.kill(pids["supervisor"], signal.SIGKILL)
    eventually(lambda: all(map(gone, pids.values())), "every process is gone", 3)
    sensing.say("status", code=5)
    sensing.up()
    assert sensing.json("status")["ready"]
    assert sensing.rows("query", "gulei-2") == before != []
    pids = sensing.pids()
    sensing.say("down")
    assert all(map(gone, pids.values()))
    sensing.say("down", code=4)
    assert sensing.rows("query", "gulei-2") == before
    assert not (sensing.data / "run.json").exists()
