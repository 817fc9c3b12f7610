"""Flags do not depend on order, duplication, batching, restarts or the lake."""

import random
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensing import thresholds
from sensing.checks.limits import Limits
from sensing.events import Watched
from sensing.ledger import Account
from sensing.settings import Lake
from sensing.store import Batch, Row, SeriesKey
from sensing.store.event_reader import WantedEvents, listed
from sensing.store.lake.seal import seal
from sensing.store.sqlite import SqliteStore
from sensing.times import HOUR, MINUTE

ACCOUNT = Account(1, "toy", "p", "g1", "")
KEYS = [SeriesKey("g1", name, "instant", "", "") for name in ("water_level", "wind_speed")]
LIMITS = Limits(spike=2.0, rate=1.0, stuck=2 * HOUR, step=1.0, ever=8 * HOUR, still=(0.0,), factors=(10.0,), least=1.0)
WATCH = Watched(tuple(thresholds.read({"water_level": {"watch": 5, "danger": 9}})["water_level"]), "environment")
VALUES = [0.0, 1.0, 1.0, 1.0, 1.1, 1.5, 6.0, 6.0, 10.0, 11.0]
SPAN = 24
rows = st.lists(
    st.tuples(
        st.integers(0, 1), st.integers(0, SPAN), st.sampled_from(VALUES), st.sampled_from([1, 1, 1, 1, 1, 4]), st.integers(0, 2),
        st.sampled_from([0, 0, 0, 150, 150, 390]),
    ),
    min_size=1, max_size=40, unique_by=lambda row: (row[0], row[1], row[2]),
)  # fmt: skip


def make(store, place, said):
    """A batch as work makes it: minutes in steps of 20, heard so many minutes after its time."""
    batch = Batch(place=place)
    for key, step, value, quality, rank, lag in said:
        series = store.series(KEYS[key], "live", "m")
        time = 1_500_000_000_000_000 + step * 20 * MINUTE
        batch.rows.append(Row(
            series, time, None, value, quality, 2 if quality == 4 else 0, int(value * 100), 0, 0, rank, time, place, None, None, True, ACCOUNT,
            False, WATCH if key == 0 else None, time + lag * MINUTE, LIMITS,
        ))  # fmt: skip
    return batch


def flags(store):
    """(property, time, result, served) to flag, and the verdicts behind them."""
    db = store.connection
    shown = db.execute("""SELECT s.property, h.time, h.result, h.served, h.quality, h.reason FROM hot h JOIN series s ON s.id = h.series
      ORDER BY 1, 2, 3""").fetchall()  # fmt: skip
    said = db.execute("""SELECT s.property, v.time, v.who, v.quality, v.reason FROM verdicts v JOIN series s ON s.id = v.series
      ORDER BY 1, 2, 3""").fetchall()  # fmt: skip
    raised = [
        (event.start, event.end, [(step.severity, step.time) for step in event.steps], event.peak)
        for event in listed(db, WantedEvents(runs=None, states=("open", "closed")), 1000)
        if event.kind == "water_level_high"
    ]
    return shown, said, sorted(raised, key=repr)


def stored(said, cuts, chance=None, *, sealing=False):
    """What a store says that gets rows in batches of these sizes; now and then work starts again."""
    with TemporaryDirectory() as folder:
        path, place, at = Path(folder) / "store.db", 0, 0
        store = SqliteStore(path)
        try:
            while at < len(said):
                size = cuts[place % len(cuts)]
                place += 1
                store.connection.pragma("synchronous", "off")
                store.commit(make(store, place, said[at : at + size]))
                at += size
                if chance is not None and chance.random() < 0.3:
                    store.close()
                    store = SqliteStore(path)
                if sealing:
                    seal(path, Lake(seal_after_min=0, seal_rows=1, seal_every_min=0))
                    store.tend_lake()
            return flags(store)
        finally:
            store.close()


@settings(max_examples=12, deadline=None)
@given(rows, st.integers(0, 10_000), st.lists(st.integers(1, 12), min_size=1, max_size=4))
def test_flags_and_events_are_those_of_the_data(said, seed, cuts):
    """Any order, repeats, batches and restarts end in the flags, verdicts and events that all rows at once in order of time have."""
    chance = random.Random(seed)
    said_again = said + chance.choices(said, k=len(said) // 3)
    chance.shuffle(said_again)
    assert stored(said_again, cuts, chance) == stored(sorted(said, key=lambda row: row[1]), [len(said)])


@pytest.mark.parametrize("seed", range(4))
def test_flags_of_sealed_rows_are_the_same(seed):
    """Rows that lie in files when something near them comes late end in the same flags; readers see them through what is amended."""
    chance = random.Random(seed)
    drawn = {(0, chance.randint(0, SPAN), value): chance.choice([1, 1, 1, 1, 4]) for value in chance.choices(VALUES, k=30)}
    said = [(*key, quality, chance.randint(0, 2), chance.choice([0, 0, 150, 390])) for key, quality in drawn.items()]
    again = said + chance.choices(said, k=8)
    chance.shuffle(again)
    assert stored(again, [4, 2], chance, sealing=True) == stored(sorted(said, key=lambda row: row[1]), [len(said)])
