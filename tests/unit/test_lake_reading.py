"""What is sealed is read as what is not: as it was known, by followers, by other programs; and is forgotten in time."""

from contextlib import closing

import duckdb
import pandas as pd
import polars as pl
import pytest

from sensing import times
from sensing.model import Origin
from sensing.settings import Lake, Retention
from sensing.store import SeriesKey, seq
from sensing.store.lake.compact import compact
from sensing.store.lake.role import keep_days
from sensing.store.lake.seal import seal
from sensing.store.lake.tidy import tidy, verify
from sensing.store.reader import StoreReader, Wanted, digest
from sensing.store.sqlite import SqliteStore
from tests.lake import AT_ONCE, batch, merged, said, sealed

DAY = times.DAY


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.db"


@pytest.fixture
def store(path):
    with closing(SqliteStore(path)) as opened:
        yield opened


def dated(store, *instants):
    """Say when the commits so far were made."""
    store.connection.execute("DELETE FROM commits")
    store.connection.executemany("INSERT INTO commits VALUES(?,?)", enumerate(instants, 1))


@pytest.mark.parametrize("seals", [(), (0,), (0, 1), (0, 1, 2)])
def test_as_known_then(path, store, seals):
    """At an instant: the rows that were committed by then, and of their revisions the one that was served then; hot or sealed."""
    for place, rows in enumerate(([(10, 1.0, 0), (20, 2.0, 0)], [(10, 5.0, 3), (30, 3.0, 0)], [(10, 7.0, 2), (20, 9.0, 9)])):
        store.commit(batch(place, [said(store, "g1", time, result, order=(0, rank, 0)) for time, result, rank in rows]))
        if place in seals:
            sealed(store, path)
    dated(store, 100, 200, 300)

    def known(as_of):
        wanted = Wanted(as_of=as_of)
        with closing(StoreReader(path)) as reader:
            rows = [(times.parse_instant(row["time"]), row["result"]) for row in reader.observations(wanted, 9)]
            table = reader.table(wanted, ["time", "result"]).sort_by("time")
            assert list(zip(table["time"].cast("int64").to_pylist(), table["result"].to_pylist(), strict=True)) == rows
            assert reader.observations(wanted, 1) == reader.observations(wanted, 9)[:1]
        return rows

    assert known(99) == []
    assert known(100) == known(199) == [(10, 1.0), (20, 2.0)]
    assert known(200) == [(10, 5.0), (20, 2.0), (30, 3.0)]
    assert known(300) == known(None) == [(10, 5.0), (20, 9.0), (30, 3.0)]


def test_a_follower_far_behind_crosses_seals_and_a_compaction(path, store):
    """Page by page while the rows move from hot to sealed to merged: each once, in commit order."""
    for place in range(1, 41):
        store.commit(batch(place, [said(store, f"g{n}", place * 10 + n, float(place)) for n in range(5)]))
    with closing(StoreReader(path)) as reader:
        whole = [row["cursor"] for row in reader.follow(0, 1000)]
        seen, after, moves = [], 0, 0
        while rows := reader.follow(after, 7):
            seen += [row["cursor"] for row in rows]
            after = seq(seen[-1])
            if moves < 4 and len(seen) > 30 * moves:
                moves += 1
                if moves == 4:
                    assert merged(store, path).kind == "compact"
                else:
                    one_seal(store, path, 12 * moves)
        assert seen == whole
        assert store.connection.execute("SELECT count(*), max(level) FROM segments").fetchone() == (1, 1)


def one_seal(store, path, upto):
    """Seal the commits up to one, as if all later ones had not rested yet."""
    store.connection.execute("DELETE FROM commits")
    store.connection.execute("INSERT INTO commits VALUES(?, 1), (99, ?)", (upto, 10**17))
    assert seal(path, Lake(seal_after_min=1, seal_rows=1), now=times.MINUTE + 1)
    store.tend_lake()
    while store.lake.sweep(10):
        pass


def test_files_are_read_as_they_lie(path, store):
    """pandas, polars and DuckDB see words, times in UTC and results without knowing us."""
    store.commit(batch(1, [said(store, "g1", 10**15 + n * 10**6, n / 2) for n in range(100)]))
    sealed(store, path)
    (file,) = (path.parent / "lake").glob("*.parquet")
    frame = pd.read_parquet(file)
    assert (frame.thing[0], frame.property[0], str(frame.time[0]), frame.result[1]) == (
        "g1", "water_level", "2001-09-09 01:46:40+00:00", 0.5)  # fmt: skip
    assert pl.read_parquet(file).filter(pl.col("result") > 48)["thing"].to_list() == ["g1"] * 3
    query = f"SELECT thing, unit, avg(result), max(epoch_us(time)) FROM '{file}' GROUP BY ALL"
    assert duckdb.sql(query).fetchall() == [("g1", "m", 24.75, 10**15 + 99 * 10**6)]


def test_what_nobody_names_is_removed(path, store):
    """Files of a seal or merge that was cut short go; those of the catalogue and of waiting manifests stay."""
    store.commit(batch(1, [said(store, "g1", 10, 1.0)]))
    assert seal(path, AT_ONCE)
    lake = path.parent / "lake"
    (lake / "seal-9.parquet").write_bytes(b"x")
    (lake / "seal-8.parquet.part").write_bytes(b"x")
    assert tidy(path) == ["seal-8.parquet.part", "seal-9.parquet"]
    store.tend_lake()
    assert tidy(path) == []
    assert len(list(lake.iterdir())) == 1


def test_damage_to_a_file_is_found(path, store):
    """Another byte, or no file: `verify` says which."""
    store.commit(batch(1, [said(store, "g1", 10, 1.0)]))
    (segment,) = sealed(store, path).segments
    assert verify(path) == []
    file = path.parent / "lake" / segment.file
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    assert verify(path) == [f"{segment.file} is not what was sealed"]
    file.unlink()
    assert verify(path) == [f"{segment.file} is not there"]


@pytest.mark.parametrize("harm", ["gone", "shorter"])
def test_a_manifest_whose_file_is_not_whole_is_not_adopted(path, store, harm):
    """It is thrown away; the rows are sealed again."""
    store.commit(batch(1, [said(store, "g1", 10, 1.0)]))
    before = digest(store.connection)
    (segment,) = seal(path, AT_ONCE).segments
    file = path.parent / "lake" / segment.file
    if harm == "gone":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-1])
    store.tend_lake()
    assert store.lake.sealed == 0
    assert sealed(store, path) is not None
    assert store.lake.sealed == 1
    assert digest(store.connection) == before


def test_merged_files_hold_a_day_each_and_strays_share_one(path, store, monkeypatch):
    """Rows go to the file of their day; days of which there is little go together."""
    monkeypatch.setattr("sensing.store.lake.compact.STRAYS", 5)
    for part in range(2):
        said_now = [said(store, "g1", DAY * 20_000 + part + n * times.HOUR, float(n)) for n in range(30)]
        wild = [said(store, "g2", DAY * day + part, 1.0) for day in (1, 9, 30_000)]
        store.commit(batch(part + 1, [*said_now, *wild]))
        sealed(store, path)
    before = digest(store.connection)
    merged(store, path)
    with closing(StoreReader(path)) as reader:
        found = {(one.slot, one.rows) for one in reader.segments().segments}
        assert found == {("2024-10-04", 48), ("2024-10-05", 12), ("", 6)}
        assert len(reader.observations(Wanted(devices=["g2"]), 99)) == 6
    assert digest(store.connection) == before


def test_what_has_been_kept_long_enough_is_dropped_and_nothing_else(path, store):
    """By property, domain and run; counted from when it came, not from when it says that it was."""
    rule = Retention(observations_d=0, runs_d=2, properties={"signal_strength": 3}, domains={"people": 5})
    keep = keep_days(rule, lambda thing: "people" if thing == "gate" else "city")
    words = ("g1", "water_level", "instant", "", "m", Origin.LIVE, "")
    assert [keep(("gate", *words[1:])), keep(words), keep(("gate", "signal_strength", *words[2:])), keep((*words[:5], "simulated", "r"))] == [
        5, 0, 3, 2]  # fmt: skip
    rows = [
        said(store, "g1", 10, 1.0),
        said(store, "gate", 10, 2.0, prop="persons"),
        said(store, "g1", 10, 3.0, prop="signal_strength"),
    ]
    store.commit(batch(1, rows))
    sealed(store, path)
    merged(store, path, keep)
    before = rows[0].received + 4 * DAY
    assert compact(path, AT_ONCE, keep, now=before).kind == "drop"
    store.tend_lake()
    with closing(StoreReader(path)) as reader:
        assert sorted(row["property"] for row in reader.observations(Wanted(), 9)) == ["persons", "water_level"]
        assert len(reader.latest(Wanted())) == 3
    assert compact(path, AT_ONCE, keep, now=before) is None


def test_what_is_redecoded_after_sealing_is_served_and_folded_in(path, store):
    """A new generation of a sealed content, and another content, both late: served by the rule; a merge takes it in."""
    store.commit(batch(1, [said(store, "g1", 10, 1.0), said(store, "g1", 20, 2.0)]))
    sealed(store, path)
    again = said(store, "g1", 10, 1.0, order=(9, 0, 0))
    again.quality, again.reason = 4, 2
    store.commit(batch(2, [again, said(store, "g1", 20, 5.0, order=(9, 0, 0))]))
    with closing(StoreReader(path)) as reader:

        def told():
            return [(row["result"], row["quality"], row["reason"]) for row in reader.observations(Wanted(), 9)]

        def newest():
            return [(row["result"], row["quality"]) for row in reader.latest(Wanted())]

        assert told() == [(1.0, 4, "range"), (5.0, 1, "")]
        assert newest() == [(5.0, 1)]
        sealed(store, path)
        assert store.connection.execute("SELECT count(*) FROM amended").get == 2
        before = digest(store.connection)
        merged(store, path)
        assert store.connection.execute("SELECT count(*) FROM amended").get == 0
        assert told() == [(1.0, 4, "range"), (5.0, 1, "")]
        assert digest(store.connection) == before
        store.commit(batch(3, [said(store, "g1", 20, 2.0, order=(10, 0, 0))]))
        assert newest() == [(2.0, 1)]
        assert reader.ledger()["duplicate"] == 2
        assert reader.ledger()["revised"] == 1


def test_followers_of_recent_rows_start_in_the_lake(path, store):
    """`seq_at` finds the first row received at a time, sealed or not."""
    for place in range(1, 21):
        store.commit(batch(place, [said(store, "g1", place * 10, 1.0), said(store, "g2", place * 10, 1.0)]))
    with closing(StoreReader(path)) as reader:
        before = [reader.follow(reader.seq_at(received), 1)[0]["cursor"] for received in range(1, 200, 7)]
        one_seal(store, path, 12)
        assert [reader.follow(reader.seq_at(received), 1)[0]["cursor"] for received in range(1, 200, 7)] == before
        assert reader.series_words(1) == ("g1", "water_level", "instant", "", "", "live")
        assert reader.revised([(1, 10)]) == set()
        assert reader.served(1, 10)[:4] == reader.points(0, 1)[0][:4]


def test_a_series_of_a_run_is_its_own(path, store):
    """Runs are apart in the lake as in the table."""
    store.series(SeriesKey("g1", "water_level", "instant", "", "storm-1"), "simulated", "m")
    store.commit(batch(1, [said(store, "g1", 10, 1.0), said(store, "g1", 10, 9.0, run="storm-1")]))
    sealed(store, path)
    with closing(StoreReader(path)) as reader:
        assert [row["result"] for row in reader.observations(Wanted(), 9)] == [1.0]
        assert [table["result"].to_pylist() for table in reader.scan("storm-1", ["result"])] == [[9.0]]
    assert digest(store.connection, "storm-1") != digest(store.connection, "")
