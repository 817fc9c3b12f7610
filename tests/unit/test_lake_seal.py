"""Sealed or not, the store reads, judges and digests the same."""

import random

import pytest

from sensing.store.reader import StoreReader, Wanted, digest
from sensing.store.sqlite import SqliteStore
from tests.lake import batch, merged, said, sealed


@pytest.mark.parametrize("seed", range(6))
def test_sealing_in_between_changes_nothing(tmp_path, seed):
    """Revisions and duplicates, in any order, with seals at any time: same digest, ledger, latest and pages as without a lake."""
    chance = random.Random(seed)
    plain, lake = SqliteStore(tmp_path / "a" / "store.db"), SqliteStore(tmp_path / "b" / "store.db")
    told = [(f"g{n % 3}", 100 + n % 20, float(n % 4), (chance.randrange(2), chance.randrange(3), 0)) for n in range(160)]
    told += chance.choices(told, k=50)
    chance.shuffle(told)
    place = 0
    while told:
        some, told = told[: chance.randrange(1, 20)], told[20:]
        place += 1
        for store in (plain, lake):
            store.commit(batch(place, [said(store, thing, time, result, order=order) for thing, time, result, order in some]))
        if chance.random() < 0.4:
            sealed(lake, tmp_path / "b" / "store.db", sweep=chance.random() < 0.6)
        if chance.random() < 0.2:
            merged(lake, tmp_path / "b" / "store.db")
    a, b = StoreReader(tmp_path / "a" / "store.db"), StoreReader(tmp_path / "b" / "store.db")
    assert b._db.execute("SELECT count(*) FROM segments").get
    assert digest(plain.connection) == digest(lake.connection)
    assert a.ledger() == b.ledger()
    for wanted in (Wanted(), Wanted(served=False), Wanted(devices=["g1"], begin=105, end=112)):
        assert a.observations(wanted, 1000) == b.observations(wanted, 1000)
        assert a.follow(0, 1000, wanted) == b.follow(0, 1000, wanted)
        assert a.behind(1 << 20, 1000, wanted) == b.behind(1 << 20, 1000, wanted)
        assert a.nearest(wanted, 108) == b.nearest(wanted, 108)
    assert a.latest(Wanted()) == b.latest(Wanted())
    assert paged(a) == paged(b)
    assert followed(b) == a.follow(0, 1000)
    assert b.head() >= a.head()
    assert b.follow(b.head(), 9) == []


def paged(reader):
    found, after = [], None
    while rows := reader.observations(Wanted(served=False), 7, after):
        found += rows
        after = rows[-1]["time_us"], rows[-1]["seq"]
    return found


def followed(reader):
    found, after = [], 0
    while rows := reader.follow(after, 7):
        found += rows
        after = rows[-1]["seq"]
    return found


def test_tables_are_the_rows_in_columns(tmp_path):
    """`table` gives what `observations` gives: hot, sealed and amended rows, annotations applied, any columns."""
    path = tmp_path / "store.db"
    store = SqliteStore(path)
    store.commit(batch(1, [said(store, "g1", time, time / 2) for time in range(10, 40)]))
    sealed(store, path)
    late = batch(2, [said(store, "g1", 12, 99.0, order=(1, 0, 0)), said(store, "g2", 50, 5.0), said(store, "g1", 50, 7.0)])
    late.annotations.append({"id": "n1", "device": "g1", "property": "", "from": 20, "to": 22, "quality": 4, "reason": "manual",
                             "by": "wang", "at": 9, "place": 2})  # fmt: skip
    store.commit(late)
    reader = StoreReader(path)
    rows = reader.observations(Wanted(), 100)
    table = reader.table(Wanted()).sort_by([("time", "ascending"), ("seq", "ascending")]).to_pylist()
    assert [(one["thing"], one["result"], one["quality"], one["reason"], one["seq"]) for one in table] == [
        (one["device"], one["result"], one["quality"], one["reason"], one["seq"]) for one in rows
    ]
    assert [one["quality"] for one in rows if one["quality"] != 1] == [4, 4, 4]
    assert [one["result"] for one in rows][2] == 99.0
    assert reader.table(Wanted(begin=11, end=13, served=False), ["revision", "result"]).num_rows == 3
    assert sum(one.num_rows for one in reader.scan("")) == len(rows)
    assert reader.table(Wanted(devices=["none"])).num_rows == 0
