"""Storms, recordings and replays as their users have them: commands against a service, files, exit codes."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from time import sleep

import pytest

from sensing.times import rfc3339
from simulators.record import Recording
from tests.e2e.service import Sensing, eventually, gone
from tests.e2e.storm_house import (
    DISTURBED,
    SMALL,
    SURGE,
    _children,
    answered,
    gone_all,
    played,
    rows,
    same,
    same_from_the_lake,
)


def test_the_same_seed_is_the_same_storm_at_any_speed(house, surge, tmp_path):
    """Two runs of a seed, at 60x and as fast as it goes, have byte-identical recordings and end in the same rows, flags and events."""
    (one, first), second = surge, tmp_path / "second.zst"
    other = played(house, *DISTURBED, "--record", second, "--speed", "60", storm=SURGE)
    assert hashlib.sha256(first.read_bytes()).digest() == hashlib.sha256(second.read_bytes()).digest()
    assert one["sha256"] == other["sha256"]
    assert one["run"] != other["run"]
    assert same(house, one["run"], other["run"])
    assert one["events"]["raised"] == other["events"]["raised"] > 0
    assert one["order"]["digest"] == other["order"]["digest"]
    assert (one["loss"], one["duplicates"], other["loss"], other["duplicates"]) == (0, 0, 0, 0)
    assert len(list(Recording(first).frames())) == one["frames"]["sent"]


def test_a_storm_in_real_time_ends_as_a_fast_one(house):
    """Half a minute at the speed of the world ends in the same rows, flags and events as at full speed."""
    runs = [played(house, "--for", "24s", "--speed", speed, storm=SURGE)["run"] for speed in ("1", "max")]
    assert same(house, *runs)


def test_what_is_simulated_is_never_live(house, surge):
    """After a storm with events, none of its rows is in live latest, and none of its rows and events in any untold or live question."""
    run = surge[0]["run"]
    live, own = (answered(house, f"/api/latest?run={name}") for name in ("live", run))
    assert own["items"]
    assert live["items"] == []
    span = ("--from", "2026-12-25T00:00:00Z", "--to", "2026-12-26T00:00:00Z")
    assert len(house.json("query", "--property", "water_level", "--run", run, *span)) > 0
    tail = ("tail", "--no-follow", "--since", "1h")
    assert house.rows(*tail, "--run", run, "-n", "3")
    assert house.json("event", "list", "--run", run) != []
    for told in ((), ("--run", "live")):
        assert house.json("query", "--property", "water_level", *span, *told) == []
        assert house.rows(*tail, *told) == []
        assert house.json("event", "list", *told) == []


def test_nobody_needs_the_truth(house, surge):
    """With the truth folder gone during the run, what is stored, flagged and warned of is the same."""
    running = house.begin("storm", "run", *SURGE, *DISTURBED, "--speed", "120", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    known = {path.name for path in (house.data / "truth").iterdir()}
    fresh = eventually(lambda: {p.name for p in (house.data / "truth").iterdir()} - known, "a truth folder", 30)
    run = fresh.pop()
    shutil.rmtree(house.data / "truth" / run)
    running.communicate(timeout=120)
    assert running.returncode == 4  # there is nothing to score by
    assert same(house, run, surge[0]["run"])


def test_a_broken_bound_ends_with_seven(house, surge, tmp_path):
    """`--assert` makes a score a test: a bound that holds ends with 0, one that does not with 7."""
    bounds = tmp_path / "bounds.txt"
    bounds.write_text("loss = 0\nduplicates = 0\nledger.balanced = true\n")
    run = surge[0]["run"]
    assert house.json("storm", "score", run, "--assert", bounds)["failed"] == []
    bounds.write_text("frames.sent <= 0\n")
    failed = house.json("storm", "score", run, "--assert", bounds, code=7)
    assert failed["failed"]
    assert (house.data / "reports" / run / "report.md").read_text("utf-8").startswith("# 演练 DRILL")


def test_ctrl_c_leaves_everything_clean(house, tmp_path):
    """Interrupted, a run ends with 130: credentials revoked, processes gone, the recording readable, the service as it was."""
    kept = tmp_path / "cut.zst"
    running = house.begin(
        "storm", "run", *SMALL, "--speed", "60", "--record", kept, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    eventually(lambda: kept.exists() and list((house.data / "run").glob("meranti-2016-*.json")), "it plays", 60)
    credentials = next((house.data / "run").glob("meranti-2016-*.json"))
    eventually(lambda: rows(house, credentials.stem), "rows are stored", 60)
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=60)
    assert running.returncode == 130
    assert not credentials.exists()
    assert list(Recording(kept).frames())
    assert not subprocess.run(["pgrep", "-f", credentials.stem], capture_output=True, check=False).stdout
    ended = [principal["credentials"] for principal in house.json("principal", "list") if principal["id"].startswith("city-")]
    assert not [one for each in ended for one in each if one["run"] == credentials.stem and one["revoked"] is None]
    assert house.json("status")["ready"]


@pytest.mark.parametrize("phase", ["cast", "work"])
def test_ctrl_c_at_any_moment(house, phase):
    """Interrupted while the cast is gathered, or while work catches up: 130, no run is left open, no process, no credential."""
    work = house.about()["roles"]["work"]
    before = set((house.data / "truth").glob("*"))
    if phase == "work":
        os.kill(work, signal.SIGSTOP)  # so that it is behind for as long as we want
    try:
        running = house.begin("storm", "run", *SMALL, "--for", "10m", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if phase == "cast":
            eventually(lambda: _children(running.pid), "it asks who plays", 30)
        else:
            fresh = eventually(lambda: set((house.data / "truth").glob("*")) - before, "it plays", 30).pop()
            eventually(lambda: '"finished": true' in (fresh / "run.json").read_text(), "it has played", 60)
            sleep(0.5)
        children = _children(running.pid)
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=60)
    finally:
        if phase == "work":
            os.kill(work, signal.SIGCONT)
    assert running.returncode == 130
    eventually(lambda: all(gone(pid) for pid in children), "its processes are gone", 10)
    assert not list((house.data / "run").glob("meranti-2016-*.json"))
    held = [one for principal in house.json("principal", "list") for one in principal["credentials"]]
    assert not [one for one in held if (one["run"] or "").startswith("meranti") and one["revoked"] is None]


def test_nothing_is_left_running(tmp_path):
    """Where nothing runs, a storm (here one of a track typed in later) brings its own service and takes it away; it scores the same once sealed."""
    sensing = Sensing(tmp_path / "data")
    track = Path(__file__).resolve().parents[1] / "data" / "tracks" / "nepartak-2016.csv"
    bounds = tmp_path / "bounds.txt"
    bounds.write_text("loss = 0\nevents.raised > 1000\n")
    words = ("--track", track, "--for", "20m", "--assert", bounds)
    result = played(sensing, *words, storm=("meranti-2016", "--devices", "10"), code=7)
    assert (result["loss"], result["failed"]) == (0, ["events.raised > 1000: events.raised is 0"])
    assert {"loss", "duplicates", "events", "quality"} <= result.keys()
    assert {"expected", "raised", "missed", "false", "lead_time_s"} <= result["events"].keys()
    assert rfc3339(result["begin"]).startswith("2016-07-0")
    assert [check for check in result["checks"] if "hPa" in check["value"]]
    assert all(check["ok"] for check in result["checks"])
    assert not (sensing.data / "run.json").exists()
    names = json.loads((sensing.data / "reports" / result["run"] / "score.json").read_text())
    assert names["drill"] is True
    assert gone_all(sensing)
    same_from_the_lake(sensing, result)
