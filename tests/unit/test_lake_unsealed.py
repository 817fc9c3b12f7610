"""What a process keeps of rows that are not sealed says the same as the table that it was read from."""

import random
from contextlib import closing

import pytest

from sensing.store.lake import unsealed
from sensing.store.reader import StoreReader, Wanted
from sensing.store.sqlite import SqliteStore
from tests.lake import batch, said, sealed

COLUMNS = ["thing", "time", "result", "quality", "seq"]
ASKED = (
    Wanted(),
    Wanted(served=False),
    Wanted(devices=["g1"]),
    Wanted(devices=["g2"], begin=30, end=70),
    Wanted(begin=20, end=60, served=False),
    Wanted(devices=["nobody"]),
)


@pytest.fixture
def store(tmp_path):
    with closing(SqliteStore(tmp_path / "store.db")) as opened:
        yield opened


def rows(reader, wanted):
    table = reader.table(wanted, COLUMNS)
    return sorted(zip(*(table[name].to_pylist() for name in COLUMNS), strict=True))


def asked(reader, patience, monkeypatch):
    """What a reader answers out of what is kept (patience 0), or out of the table."""
    monkeypatch.setattr(unsealed, "_PATIENCE", patience)
    return [rows(reader, wanted) for wanted in ASKED]


@pytest.mark.parametrize("seed", range(8))
def test_kept_rows_are_the_tables(store, tmp_path, monkeypatch, seed):
    """After any commits, revisions, late rows, seals and sweeps both answer alike, to readers that came early and late."""
    chance = random.Random(seed)
    path = tmp_path / "store.db"
    with closing(StoreReader(path)) as early:
        for place in range(1, 13):
            told = [
                said(store, f"g{chance.randrange(3)}", chance.randrange(1, 10) * 10, chance.randrange(4), order=(0, place, 0))
                for _ in range(chance.randrange(1, 6))
            ]
            store.commit(batch(place, told))
            if chance.random() < 0.3:
                store.connection.execute("UPDATE hot SET quality=3 WHERE seq=(SELECT min(seq) FROM hot)")
            if chance.random() < 0.2:
                sealed(store, path, sweep=chance.random() < 0.5)
            kept = asked(early, 0, monkeypatch)
            with closing(StoreReader(path)) as late:
                assert kept == asked(late, 1 << 60, monkeypatch)
                assert kept == asked(late, 0, monkeypatch)
    assert any(kept)


def test_a_question_or_two_are_asked_of_the_table(store, tmp_path, monkeypatch):
    """A command that asks once does not read everything."""
    store.commit(batch(1, [said(store, "g1", 10, 1.0)]))
    with closing(StoreReader(tmp_path / "store.db")) as reader:
        read = []
        monkeypatch.setattr(unsealed.Unsealed, "_refresh", lambda *_: read.append(1) or True)
        rows(reader, Wanted())
        rows(reader, Wanted())
        assert not read
        rows(reader, Wanted())
        assert read


def test_too_many_rows_are_not_kept(store, tmp_path, monkeypatch):
    """Beyond a bound the table is asked each time, and the answer is the same."""
    monkeypatch.setattr(unsealed, "_PATIENCE", 0)
    monkeypatch.setattr(unsealed, "_MOST", 3)
    with closing(StoreReader(tmp_path / "store.db")) as reader:
        for place in range(1, 6):
            store.commit(batch(place, [said(store, "g1", place * 10, float(place))]))
            assert [row[2] for row in rows(reader, Wanted())] == [float(each) for each in range(1, place + 1)]


def test_another_file_is_another_store(tmp_path):
    """A store that takes a file's place is not answered for by what was kept of the old one."""
    path = tmp_path / "store.db"
    with closing(SqliteStore(path)):
        first = unsealed.of(path)
        assert unsealed.of(path) is first
    path.rename(tmp_path / "old.db")
    with closing(SqliteStore(path)):
        assert unsealed.of(path) is not first
