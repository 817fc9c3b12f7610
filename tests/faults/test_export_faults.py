"""Export through outages: the export role and VictoriaMetrics are killed again and again; each point is there once, or a dead letter.

The checker asks VictoriaMetrics and export.db by themselves; what should be there is arithmetic.
"""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import closing

from sensing import app
from sensing.export.book import BookReader
from sensing.store.reader import StoreReader
from tests.export_rows import Rows
from tests.faults.city import FULL, ROOT, scaled
from tests.faults.export_gate import Gate
from tests.victoria import Victoria

SERIES = 50
POINTS = scaled(1_000_000)
OUTAGES = 20 if FULL else 3
STEP = 10_000
BASE = (int(time.time()) // 86_400 - 3) * 86_400 * 1_000_000
OVERLAP_S = 15
SETTLE_S = 180


class Role:
    """`python -m sensing.app export DATA`, killed and started at will."""

    def __init__(self, data, url):
        self.data = data
        (data / "config.toml").write_text(
            f'[[export]]\nkind = "victoriametrics"\nurl = "{url}"\nbatch = 2000\nevery_s = 0.05\noverlap_s = {OVERLAP_S}\n'
        )
        self.process = None

    def start(self):
        with (self.data / "export.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "sensing.app", "export", str(self.data)], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=log, stderr=log,
            )  # fmt: skip

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)

    def said(self):
        return (self.data / "export.log").read_text()[-3000:]


def place(number):
    """(series, time in microseconds, value) of the n-th point; each has a millisecond of its own in its series."""
    return number % SERIES, BASE + number // SERIES * STEP, number / 8


def is_refused(number):
    """Every 37th point of the third series is not wanted."""
    return number % SERIES == 3 and number // SERIES % 37 == 0


def refused_line(line):
    return (
        b"device=gauge-3," in line
        and line.endswith(b"000000")
        and (int(line.rsplit(b" ", 1)[1]) // 1000 - BASE) // STEP % 37 == 0
    )


def cursor(data):
    with closing(BookReader(data / "export.db")) as book:
        return next((each["seq"] for each in book.targets()), 0)


def caught_up(data, role, timeout_s=SETTLE_S):
    with closing(StoreReader(data / "store.db")) as store:
        head = store.head()
    until = time.monotonic() + timeout_s
    while not (data / "export.db").exists() or cursor(data) < head:
        assert time.monotonic() < until, role.said()
        time.sleep(0.02)


def test_each_point_is_there_once_whatever_was_killed(tmp_path):
    """Twenty outages of either side, at any moment, among them right after a confirmation that is not on the server's disk yet."""
    chance = random.Random(5)
    data = tmp_path / "data"
    data.mkdir()
    app.prepare(data)
    rows = Rows(data / "store.db")
    numbers = [rows.series(f"gauge-{n}") for n in range(SERIES)]
    fed = 0

    def feed(until):
        nonlocal fed
        while fed < until:
            end = min(until, fed + 500)
            rows.commit(*((numbers[s], at, value) for s, at, value in map(place, range(fed, end))))
            fed = end
            time.sleep(0.005)

    with Victoria(tmp_path / "victoria") as victoria:
        gate = Gate(victoria.port, refused_line)
        role = Role(data, gate.url)
        role.start()
        try:
            for outage in range(OUTAGES):
                share = POINTS // (OUTAGES + 1)
                feed(outage * share + int(share * chance.uniform(0.2, 0.9)))
                if outage in {0, 2} or chance.random() < 0.5:  # else in the midst of sending
                    caught_up(data, role)
                    time.sleep(chance.random())
                fallen = [(role,), (victoria, role), (victoria,)][outage % 3]
                for each in fallen:
                    each.kill()
                feed((outage + 1) * share)
                time.sleep(chance.random() * 2)
                for each in reversed(fallen):
                    each.start()
                if FULL:  # so that most of what was sent is durable, and no later outage sends it again
                    caught_up(data, role)
                    time.sleep(OVERLAP_S)
            feed(POINTS)
            caught_up(data, role)
            time.sleep(6)  # an idle target is asked each 5 s whether it is still the one that was sent the last points
            caught_up(data, role)
        finally:
            role.stop()
            gate.close()
            rows.close()
        found = victoria.series('{__name__="water_level_result"}')
    check(data, found)


def check(data, found):
    wanted = {}
    for number in range(POINTS):
        if not is_refused(number):
            series, at, value = place(number)
            wanted.setdefault(f"gauge-{series}", []).append((at // 1000, value))
    held = {labels["device"]: points for labels, points in found}
    assert len(found) == len(held) == SERIES
    lost = sum(len(set(points) - set(held[device])) for device, points in wanted.items())
    double = sum(len(points) - len({at for at, _ in points}) for points in held.values())
    invented = sum(len(set(points) - set(wanted[device])) for device, points in held.items())
    with closing(BookReader(data / "export.db")) as book:
        (target,) = book.targets()
        dead = book.dead("influx", POINTS)
    print({"points": POINTS, "outages": OUTAGES, "lost": lost, "double": double, "invented": invented, "dead": len(dead),
           "sent": target["points"], "requests": target["requests"], "rewinds": target["rewinds"]})  # fmt: skip
    assert (lost, double, invented) == (0, 0, 0)
    stamps = sorted(int(each.line.rsplit(" ", 1)[1]) // 1000 for each in dead)
    assert stamps == [place(number)[1] for number in range(POINTS) if is_refused(number)]
    assert all("device=gauge-3," in each.line and "not wanted here" in each.reason for each in dead)
    assert target["rewinds"] >= 1
    assert target["needs_rewrite"] == 0
