"""A service that storms play into, and what tests ask of it."""

import contextlib
import json
import re
import subprocess
import urllib.request
from pathlib import Path

import apsw
import pyais
import pytest

from sensing.store.events import NO_EVENTS, digest
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


def _children(pid):
    """Processes that a process started."""
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout
    return [int(line) for line in found.split()]


def answered(sensing, path):
    """What the service's web answers, as whoever runs it on the machine."""
    asked = urllib.request.Request(sensing.about()["http"] + path)
    asked.add_header("Authorization", f"Bearer {(sensing.data / 'admin.token').read_text().strip()}")
    with urllib.request.urlopen(asked, timeout=20) as answer:
        return json.loads(answer.read())


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


def hot(sensing):
    """How many rows are not in a file of the lake."""
    with store(sensing) as db:
        return db.execute("SELECT count(*) FROM hot").get


def same_from_the_lake(sensing, result):
    """Sealed into files, the rows score as they did before."""
    sensing.environ |= {"SENSING_LAKE__SEAL_AFTER_MIN": "0", "SENSING_LAKE__SEAL_ROWS": "1", "SENSING_LAKE__SEAL_EVERY_MIN": "0"}
    sensing.environ |= {"SENSING_LAKE__CHECK_S": "0.2"}
    assert hot(sensing) > 1_000
    sensing.up()
    try:
        eventually(lambda: hot(sensing) == 0, "all of it is sealed", 30)
    finally:
        sensing.down_if_up()
    again = sensing.json("storm", "score", result["run"])
    assert {name: again[name] for name in again.keys() - {"failed"}} == {name: result[name] for name in again.keys() - {"failed"}}


def gone_all(sensing):
    """Whether no role of the folder lives."""
    found = [json.loads(path.read_text()).get("pid") for path in (sensing.data / "run").glob("*.json")]
    return all(gone(pid) for pid in found if pid)
