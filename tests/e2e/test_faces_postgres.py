"""What stands above the store, on a real PostgreSQL: the suites of events, incidents, CAP, alerts, hand-over, ships and later verdicts, as they are."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sensing.store import events
from sensing.store.reader import digest
from sensing.times import HOUR, MINUTE
from tests import house, on_postgres
from tests.postgres import Postgres
from tests.unit import test_leak_story as leak

ROOT = Path(__file__).parents[2]
SUITES = (
    "test_outgoing_web",  # incidents, stories, CAP, the hand-over note
    "test_alert_target",  # what waits for webhooks and chat: threads, cursor, order
    "test_maritime_web",  # calls, cargo, worklist, inspections, who is downwind
    "test_event_web",
    "test_late_gauge",
    "test_frozen",
    "test_timers",
    "test_checks_store",
    "test_checks_neighbours_store",
)
SEALED = "not test_a_verdict_reaches_a_row_that_is_sealed"
"""Nothing is sealed in PostgreSQL."""
_OPEN = ("-W", "ignore::ResourceWarning", "-W", "ignore::pytest.PytestUnraisableExceptionWarning")
"""Tests of restarts leave a worker behind, as a kill does."""


@pytest.fixture(scope="module")
def server():
    with Postgres() as running:
        yield running


@pytest.mark.timeout(600)
def test_the_suites_of_the_faces_pass_on_postgresql(server):
    """The same tests, not one of them changed, over databases instead of files."""
    environ = os.environ | {"PGHOST": "127.0.0.1", "PGPORT": str(server.port), "PGPASSWORD": server.password}
    line = [sys.executable, "-m", "pytest", "-q", "-p", "tests.on_postgres", "-p", "no:cacheprovider", *_OPEN, "-k", SEALED,
            *(f"tests/unit/{suite}.py" for suite in SUITES)]  # fmt: skip
    done = subprocess.run(line, cwd=ROOT, env=environ, capture_output=True, text=True, check=False, timeout=580)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    assert " passed" in done.stdout


async def told(folder):
    """What the leak leaves: digest, events, who doubts what, port calls and cargo, who changed last."""
    async with leak.played(folder, leak.scenario(folder.parent), 6 * HOUR + 30 * MINUTE, 8 * HOUR + 30 * MINUTE) as made:
        db = made.work.store.connection
        doubts = "SELECT s.thing, s.property, v.time, v.who, v.quality, v.reason FROM verdicts v JOIN series s ON s.id = v.series ORDER BY 1, 2, 3, 4"
        reader = made.reader()
        found = {
            "digest": digest(db), "events": events.digest(db), "doubts": [tuple(row) for row in db.execute(doubts)],
            "feed": [(one.id, one.kind, one.state, one.severity, one.changed) for one in reader.events_since(0, 1_000)],
            "calls": [(one.id, one.thing, one.berth, one.berthed) for one in reader.ships().calls(None)],
            "cargo": [(one.thing, one.un, one.tonnes, one.time) for one in reader.ships().cargoes(None)],
            "airs": [tuple(row) for row in db.execute("SELECT thing, property, time, result FROM airs JOIN stands USING(series) ORDER BY 1, 2, 3")],
        }  # fmt: skip
        reader.close()
    return found


async def test_the_same_leak_leaves_the_same_in_both_stores(server, tmp_path, monkeypatch):
    """Real bytes of monitors and receivers: rows, events in the order of their changes, doubts, calls, cargo, wind and gas are equal."""
    expected = await told(tmp_path / "file")
    for name, value in (("PGHOST", "127.0.0.1"), ("PGPORT", str(server.port)), ("PGPASSWORD", server.password)):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(house, "new_settings", on_postgres.settings)
    found = await told(tmp_path / "base")
    assert not (tmp_path / "base" / "store.db").exists()
    assert {"gas_downwind", "dangerous_goods", "nmhc_high"} <= {row[1] for row in expected["feed"]}
    for name, value in expected.items():
        assert found[name] == value, name
