"""The demo's runs that are over: what is forgotten of them, and what is not."""

from contextlib import closing

import pytest

from sensing import drills, sqlite, times
from sensing.ledger import balanced
from sensing.registry import bootstrap
from sensing.registry.known import only_drills
from sensing.settings import Retention
from sensing.store.drills import STEPS, forget_names
from sensing.store.lake.role import keep_days
from sensing.times import HOUR
from tests.house import TESTER, TYPES
from tests.live_house import send, two_gauges

OLD, NEWER, LATEST = (drills.named((times.now() - hours * HOUR) / 1e6) for hours in (30, 20, 1))


@pytest.fixture
def house(tmp_path):
    """Three runs of the demo, a storm that somebody played, and live data; in each an event."""
    for found in two_gauges(tmp_path):
        for run in (OLD, NEWER, LATEST, "drill-7", ""):
            for value in (1.0, 4.5):
                send(found, "gauge-1", value, run=run)
            found.send("gauge-1", b'{"time":%d}' % found.at, run=run, adapter="clock")
        yield found


def rows(house, table, column="run"):
    with closing(sqlite.reader(house.data / "store.db")) as db:
        return dict(db.execute(f"SELECT {column}, count(*) FROM {table} GROUP BY 1").fetchall())


def forget(house, keep_h=6.0):
    store = house.work.store
    for _ in range(5):
        store.forget_drills(keep_h)


def test_runs_that_are_over_are_forgotten_and_no_others(house):
    """Events, hours and all that was derived in old runs of the demo go; the newest run, a storm of one's own and live data stay."""
    before = rows(house, "events")
    assert set(before) == {OLD, NEWER, LATEST, "drill-7", ""}
    forget(house)
    assert set(rows(house, "events")) == {LATEST, "drill-7", ""}
    assert set(rows(house, "samples JOIN series ON series.id = samples.series")) == {LATEST, "drill-7", ""}


def test_the_ledger_balances_as_before_with_fewer_accounts(house):
    """What every frame and reading became is still known, and so is that each was taken; of an old run there is one account an adapter."""
    store = house.work.store

    def sums():
        with closing(store.reader()) as reader:
            return reader.ledger(()), reader.taken(), reader.place()

    send(house, "gauge-1", 1.0, run=OLD, received=house.now - 3 * HOUR)
    before, accounts = sums(), rows(house, "accounts")[OLD]
    forget(house)
    assert sums() == before
    assert before[1] == before[2]
    assert balanced(before[0])
    assert rows(house, "accounts")[OLD] < accounts


def test_work_goes_on_after_a_run_was_forgotten(house):
    """The next frames of the run that plays are stored, and its event is the one that it was."""
    forget(house)
    send(house, "gauge-1", 4.6, run=LATEST)
    send(house, "gauge-1", 0.5, run=LATEST)
    with closing(house.work.store.reader()) as reader:
        states = [event.state for event in reader.events_since(0, 100, [LATEST])]
    assert states == ["closed"]


def test_every_table_that_knows_runs_is_thought_of(house):
    """A new table with a run, or of datastreams, is forgotten too, or named here with why it stays."""
    stays = {"series", "hot", "latest", "resting", "amended", "accounts", "intake", "clocks", "held", "pending", "segments"}
    with closing(sqlite.reader(house.data / "store.db")) as db:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        columns = {name: {row[1] for row in db.execute(f"PRAGMA table_info({name})")} for name in names}
    told = {name for name, found in columns.items() if found & {"run", "series", "ship"}}
    assert told - stays == {step.split()[2] for step in STEPS}


def test_the_newest_run_and_those_of_others_are_never_over():
    """Only the demo's own runs, by the hour in their names; 0 keeps all."""
    now = times.now()
    assert drills.over([OLD, LATEST, NEWER, "storm-1", "demo-mine", ""], 6.0, now) == [OLD, NEWER]
    assert drills.over([OLD], 6.0, now) == []
    assert drills.over([OLD, NEWER, LATEST], 0.0, now) == []


def test_rows_of_the_demo_are_kept_hours_in_the_lake():
    """Days to keep: the demo's own, whatever other runs get."""
    days = keep_days(Retention(runs_d=3), lambda _thing: "")
    word = ("thing", "water_level", "instant", "", "m", "simulated")
    assert (days((*word, OLD)), days((*word, "drill-7"))) == (0.25, 3)
    assert keep_days(Retention(demo_h=0), lambda _thing: "")((*word, OLD)) == 0


def test_a_folder_that_only_the_demo_speaks_in_is_known_as_such(tmp_path):
    """The service's own credential and those of the demo's runs are no real device's; with the first of a real one frames are kept for long."""
    registry = bootstrap(tmp_path, TYPES)
    registry.internal_credential()
    registry.start_run(OLD, origin="simulated", actor=TESTER)
    registry.register_principal("gw", "gateway", origin="simulated", run=OLD, actor=TESTER)
    assert only_drills(tmp_path / "registry.db")
    registry.register_principal("real", "gateway", actor=TESTER)
    assert not only_drills(tmp_path / "registry.db")
    registry.close()


def test_names_go_when_no_row_of_a_run_is_left(tmp_path):
    """Datastreams of a run that is long over: while a row is hot or in a file they stay; then they go, and others keep theirs."""
    runs = [drills.named((times.now() - hours * HOUR) / 1e6) for hours in (90, 80, 1)]
    for house in two_gauges(tmp_path):
        for run in (*runs, ""):
            send(house, "gauge-1", 1.0, run=run)
        store, db = house.work.store, house.work.store.connection

        def known(house=house):
            return set(rows(house, "series"))

        assert not forget_names(db, 6.0)
        db.execute("DELETE FROM hot WHERE series IN (SELECT id FROM series WHERE run IN (?, ?))", runs[:2])
        second = db.execute("SELECT min(id) FROM series WHERE run = ?", (runs[1],)).get
        db.execute("INSERT INTO segments(file, level, first_series, last_series) VALUES('a', 1, ?, ?)", (second, second))
        assert forget_names(db, 6.0)
        assert known() == {runs[1], runs[2], ""}
        db.execute("DELETE FROM segments")
        assert forget_names(db, 6.0)
        assert known() == {runs[2], ""}
        store.forget()
        send(house, "gauge-1", 2.0, run=runs[2])
        assert known() == {runs[2], ""}
