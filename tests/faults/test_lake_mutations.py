"""What a careless edit of the lake would do is seen by `tests/property/test_lake.py` and `tests/unit/test_lake_seal.py`."""

import random

import pytest

from sensing.store import sqlite
from sensing.store.lake.late import Late
from sensing.store.lake.seal import seal
from sensing.store.reader import StoreReader, Wanted, digest
from sensing.store.rows import Rows
from tests.faults import mutations
from tests.lake import AT_ONCE, batch, said
from tests.property.test_lake import CALM, SAID, ended


@pytest.fixture
def mutate(monkeypatch):
    """Applies a mutation, which is taken back afterwards."""
    for owner, name in ((Late, "versions"), (sqlite, "SCHEMA"), (Rows, "seen")):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    return lambda name: getattr(mutations, name)()


def stormed(seed, moves=("seal", "seal and leave")):
    """A run in a random order, everything twice, sealed after each commit and not always swept."""
    order = SAID * 2
    random.Random(seed).shuffle(order)
    return ended(order, moves)


def test_without_a_fault_the_checker_is_content():
    """The same run, the same eyes."""
    assert stormed(1) == CALM


def test_late_rows_that_are_not_looked_up_are_seen(mutate):
    """They are stored twice."""
    mutate("sealed_times_not_looked_up")
    assert stormed(1) != CALM


def test_a_change_between_sealing_and_adoption_is_kept(tmp_path, mutate):
    """Another revision is served after the rows were read and before they are adopted: without the trigger it would be lost."""
    kept = changed_meanwhile(tmp_path / "kept")
    mutate("amendments_thrown_away")
    lost = changed_meanwhile(tmp_path / "lost")
    assert (kept, lost) == ([2.0], [1.0, 2.0])


def changed_meanwhile(folder):
    path = folder / "store.db"
    store = sqlite.SqliteStore(path)
    store.commit(batch(1, [said(store, "g1", 10, 1.0)]))
    assert seal(path, AT_ONCE)
    store.commit(batch(2, [said(store, "g1", 10, 2.0, order=(1, 0, 0))]))
    store.tend_lake()
    found = [row["result"] for row in StoreReader(path).observations(Wanted(), 9)]
    assert digest(store.connection)
    store.close()
    return found


def test_covered_rows_that_are_read_twice_are_seen(mutate):
    """A row is there as hot and as sealed."""
    assert stormed(1, ["seal and leave"]) == CALM
    mutate("covered_rows_read_twice")
    assert stormed(1, ["seal and leave"]) != CALM
