"""Storms, recordings and replays as their users have them: commands against a service, files, exit codes."""

import contextlib
import csv
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

import apsw
import pyais
import pytest

from sensing.model import QualityReason
from sensing.store.events import NO_EVENTS, digest
from sensing.times import rfc3339
from simulators.record import Recording
from simulators.replay import found
from tests.e2e.service import Sensing, eventually, gone

SMALL = ("meranti-2016", "--devices", "30", "--seed", "7")
SURGE = ("surge", "--devices", "30", "--seed", "7")
"""The spring tide from shortly before its first gauge says that it is over its threshold, so that the shortest run has an event."""
DISTURBED = ("--for", "15m", "--faults", "all,door-kill=0,work-kill=0,disk-full=0,late=0.3,duplicate=0.3")


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A service that runs; storms play into it."""
    sensing = Sensing(tmp_path_factory.mktemp("storm") / "data")
    try:
        sensing.up()
        path = Path(sensing.say("storm", "new", "surge", "--from", "spring-tide").split(".toml")[0] + ".toml")
        text = re.sub("(?m)^begin = .*", "begin = 2026-12-25T04:35:25Z", path.read_text("utf-8"))
        path.write_text(re.sub("(?m)^end = .*", "end = 2026-12-25T05:35:25Z", text), "utf-8")
        yield sensing
    finally:
        sensing.down_if_up()


@pytest.fixture(scope="module")
def surge(house, tmp_path_factory):
    """The score of the surge with faults, as fast as it goes, and its recording."""
    kept = tmp_path_factory.mktemp("kept") / "surge.zst"
    return played(house, *DISTURBED, "--record", kept, storm=SURGE), kept


def played(sensing, *words, storm=SMALL, code=0):
    return sensing.json("storm", "run", *storm, *words, code=code)


def store(sensing):
    return contextlib.closing(apsw.Connection(str(sensing.data / "store.db"), flags=apsw.SQLITE_OPEN_READONLY))


def rows(sensing, run):
    """Everything stored of a run but its name: series, times, revisions, results, flags, which is served."""
    with store(sensing) as db:
        return list(db.execute(
            """SELECT s.thing, s.property, s.statistic, s.channel, h.time, h.begin, h.result, h.lon, h.lat, h.revision, h.quality,
            h.reason, h.served FROM hot h JOIN series s ON s.id = h.series WHERE s.run = ? ORDER BY 1, 2, 3, 4, 5, 10""", (run,)))  # fmt: skip


def events(sensing, run):
    """The event log of a run, and its digest, without what names the run or is of the wall's clock."""
    with store(sensing) as db:
        hashed = digest(db, run)
        listed = list(db.execute(
            """SELECT kind, device, property, statistic, channel, unit, domain, start, "end", severity, state, steps, peak, peak_time, heard
            FROM events WHERE run = ? ORDER BY 2, 1, 4, 5, 8""", (run,)))  # fmt: skip
    told = sensing.json("event", "list", "--run", run)
    assert len(told) == len([row for row in listed if row[10] != "withdrawn"])
    return hashed, listed


def same(sensing, *runs):
    """Whether runs ended in the same rows and flags, and in the same log of events, none of them empty."""
    found = [(rows(sensing, run), events(sensing, run)) for run in runs]
    return found[0][0] != [] != found[0][1][1] and found[0][1][0] != NO_EVENTS and all(each == found[0] for each in found)


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
            time.sleep(0.5)
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


def _children(pid):
    """Processes that a process started."""
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout
    return [int(line) for line in found.split()]


def test_the_river_replays_exactly(house):
    """Every stage and flow of the flood is stored, each once, with its own value and time, and nothing else."""
    run = replayed(house, "river_deadrun_2018-06_5min")
    with found("river_deadrun_2018-06_5min").open() as lines:
        series = list(csv.DictReader(lines))
    wanted = {("water_level", row["time_utc"]): float(row["stage_m"]) for row in series}
    wanted |= {("flow_rate", row["time_utc"]): float(row["discharge_cfs"]) * 0.028316846592 for row in series}
    got = {(name, rfc3339(time)): result for _, name, _, _, time, _, result, *_ in rows(house, run)}
    assert len(rows(house, run)) == len(wanted) == 17_856
    assert got.keys() == wanted.keys()
    assert max(abs(got[key] - value) for key, value in wanted.items()) < 1e-9


def test_the_harbour_replays_exactly(house):
    """Every position, speed, course and heading that pyais reads in the capture is stored at its message's second, and no other."""
    run = replayed(house, "ais_capture_merrimac_gofree")
    wanted = {}
    for number, fields in enumerate(_decoded(found("ais_capture_merrimac_gofree").read_bytes().splitlines())):
        wanted |= {(f"mmsi-{fields['mmsi']}", name, number): value for name, value in _told(fields)}
    begin = 1_780_272_000
    got = {}
    for thing, name, _, _, time, _, result, lon, lat, _, _, reason, _ in rows(house, run):
        if name in ("position", "speed_over_ground", "course_over_ground", "heading") and reason != _MISSING:
            got[thing, name, time // 1_000_000 - begin] = (lon, lat) if name == "position" else result
    assert len(wanted) > 3_000
    assert got.keys() == wanted.keys()
    assert not [key for key, value in wanted.items() if got[key] != pytest.approx(value, abs=1e-6)]


def test_a_recording_of_a_run_replays_to_the_same(house, surge, tmp_path):
    """What `record` takes from the log of a storm replays, as another run, to the same rows but for what it was marked with."""
    run, kept = surge[0]["run"], tmp_path / "run.zst"
    assert house.json("record", kept, "--run", run)["frames"] > 0
    again = house.json("replay", kept, "--speed", "max")["run"]
    assert rows(house, again) == rows(house, run)


def answered(sensing, path):
    """What the service's web answers, as whoever runs it on the machine."""
    asked = urllib.request.Request(sensing.about()["http"] + path)
    asked.add_header("Authorization", f"Bearer {(sensing.data / 'admin.token').read_text().strip()}")
    with urllib.request.urlopen(asked, timeout=20) as answer:
        return json.loads(answer.read())


_MISSING = list(QualityReason).index(QualityReason.MISSING)


def replayed(sensing, name):
    return sensing.json("replay", name, "--speed", "max")["run"]


def _decoded(lines):
    """The messages of a capture in order, as pyais reads them; None-like {} for what it cannot, so that the count goes on."""
    waiting = {}
    for line in lines:
        total, part, group, channel = line.split(b",")[1:5]
        if total == b"1":
            yield _read(line)
            continue
        if part == b"1":
            waiting[group, channel] = [line]
            continue
        waiting[group, channel].append(line)
        yield _read(*waiting.pop((group, channel)))


def _read(*lines):
    with contextlib.suppress(pyais.exceptions.AISBaseException):
        return pyais.decode(*lines).asdict()
    return {}


def _told(fields):
    """What of a message is stored, by the house's names."""
    kind = fields.get("msg_type")
    if kind in (1, 2, 3, 18, 19, 27, 4, 9, 21) and fields.get("lon") not in (None, 181.0) and fields.get("lat") != 91.0:
        yield "position", (fields["lon"], fields["lat"])
    if kind in (1, 2, 3, 18, 19):
        if fields["speed"] < 102.3:
            yield "speed_over_ground", fields["speed"]
        if fields["course"] < 360:
            yield "course_over_ground", fields["course"]
        if fields["heading"] < 360:
            yield "heading", float(fields["heading"])


def test_nothing_is_left_running(tmp_path):
    """Where nothing runs, a storm (here one of a track typed in later) brings its own service, and takes it away again."""
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


def gone_all(sensing):
    """Whether no role of the folder lives."""
    found = [json.loads(path.read_text()).get("pid") for path in (sensing.data / "run").glob("*.json")]
    return all(gone(pid) for pid in found if pid)
