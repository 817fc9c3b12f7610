"""Flags of positions, port calls and what is shown do not depend on order, duplication, batching, restarts or the lake."""

import random
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensing.checks.limits import Limits
from sensing.ledger import Account
from sensing.settings import Lake
from sensing.store import Batch, Row, SeriesKey
from sensing.store.lake.seal import seal
from sensing.store.positions import Positions
from sensing.store.sqlite import SqliteStore
from sensing.times import HOUR, MINUTE

ACCOUNT = Account(1, "ais", "rx", "mmsi-440123000", "")
KEYS = [SeriesKey(f"mmsi-44012300{n}", "position", "instant", "", "") for n in range(2)]
LIMITS = Limits(knots=60.0, ashore=300.0)
AT = 1_500_000_000_000_000 // MINUTE * MINUTE
WAY = (118.20, 24.30)
PLACES = [WAY, WAY, WAY, WAY, WAY, WAY, (118.60, 24.10), (117.40, 24.30), (118.03, 24.20)]
rows = st.lists(
    st.tuples(
        st.integers(0, 1), st.integers(0, 40), st.sampled_from(PLACES), st.sampled_from([1, 1, 1, 1, 1, 1, 4]), st.integers(0, 1)
    ),
    min_size=1, max_size=40, unique_by=lambda row: (row[0], row[1], row[2]),
)  # fmt: skip


def make(store, place, said):
    batch = Batch(place=place)
    for key, step, (west, lat), quality, rank in said:
        series, time = store.series(KEYS[key], "live", ""), AT + step * 5 * MINUTE
        lon = round(west + step * 0.002, 4)
        batch.rows.append(Row(
            series, time, None, None, quality, 2 if quality == 4 else 0, int(lon * 1e4) % 7919, 0, 0, rank, time, place, lon, lat,
            quality == 1, ACCOUNT, True, None, time, LIMITS,
        ))  # fmt: skip
    return batch


def stored(said, cuts, chance=None, *, sealing=False):
    """Flags, verdicts, kept positions, and what is shown where somebody is believed."""
    with TemporaryDirectory() as folder:
        path, place, at = Path(folder) / "store.db", 0, 0
        store = SqliteStore(path)
        while at < len(said):
            place += 1
            size = cuts[place % len(cuts)]
            store.commit(make(store, place, said[at : at + size]))
            at += size
            if chance is not None and chance.random() < 0.2:
                store.close()
                store = SqliteStore(path)
            if sealing and chance is not None and chance.random() < 0.3 and seal(path, Lake(seal_after_min=0), AT + 400 * HOUR):
                store.tend_lake()
        db = store.connection
        found = [
            db.execute("SELECT s.thing, h.time, h.lon, h.served, h.quality, h.reason FROM hot h JOIN series s ON s.id = h.series ORDER BY 1, 2, 3").fetchall(),
            db.execute("SELECT s.thing, v.time, v.who, v.quality, v.reason FROM verdicts v JOIN series s ON s.id = v.series ORDER BY 1, 2, 3").fetchall(),
            db.execute("SELECT s.thing, f.time, f.lon, f.lat FROM fixes f JOIN ships s ON s.ship = f.ship ORDER BY 1, 2").fetchall(),
        ]  # fmt: skip
        good = (
            "SELECT s.thing, max(h.time) FROM hot h JOIN series s ON s.id = h.series WHERE h.served AND h.quality = 1 GROUP BY 1"
        )
        shown = dict(db.execute("SELECT s.thing, l.time FROM latest l JOIN series s ON s.id = l.series"))
        believed = dict(db.execute(good))
        store.close()
        return found, shown, believed


@settings(max_examples=12, deadline=None)
@given(rows, st.randoms(use_true_random=False))
def test_the_same_positions_in_any_order(said, chance):
    """Shuffled, doubled, in other batches, with starts between: the same flags and fixes; the newest that nobody doubts is shown."""
    straight = sorted(said, key=lambda row: row[1])
    mixed = said + [row for row in said if chance.random() < 0.3]
    chance.shuffle(mixed)
    one, shown, believed = stored(straight, [5])
    other, again, _ = stored(mixed, [1, 7, 3], chance)
    assert one == other
    assert {thing: time for thing, time in shown.items() if thing in believed} == believed
    assert {thing: time for thing, time in again.items() if thing in believed} == believed


@pytest.mark.parametrize("seed", range(3))
def test_sealed_positions_are_judged_as_others(seed):
    """With files sealed in between, the flags that are in the table are those of a store without a lake."""
    chance = random.Random(seed)
    said = {(0, chance.randrange(120), chance.choice(PLACES), 1, 0) for _ in range(70)}
    said = sorted({row[1]: row for row in sorted(said)}.values(), key=lambda row: row[1] + chance.choice([0, 0, 0, 9]))
    plain, _, _ = stored(said, [4])
    sealed, _, _ = stored(said, [4], chance, sealing=True)
    assert sealed[1] == plain[1]
    assert sealed[1]


def test_mutation_late_positions_are_not_judged(monkeypatch):
    """P5: were late positions stored and not judged, flags would depend on the order, and this comparison says so."""
    said = [(0, step, WAY if step != 4 else (118.60, 24.10), 1, 0) for step in range(8)]
    mixed = [row for row in said if row[1] != 4] + [said[4]]
    assert stored(said, [2])[0] == stored(mixed, [2])[0]
    monkeypatch.setattr(Positions, "_late", lambda *_: None)
    assert stored(said, [2])[0] != stored(mixed, [2])[0]
