"""A shared database that an earlier release made: opening it makes what is missing, once and whole, and loses nothing."""

from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from sensing.errors import NotFoundError
from sensing.store.postgres import schema
from sensing.store.postgres.reader import PostgresReader
from sensing.store.postgres.store import PostgresStore
from sensing.store.reader import Wanted
from tests.contract.stores import batch, row
from tests.postgres import Postgres

OLD = Path(__file__).parents[1] / "data" / "postgres_schema_1.sql"
LOG, OTHER = 7, 8
SHAPE = """SELECT table_schema, table_name, column_name, data_type, collation_name, column_default, is_nullable
  FROM information_schema.columns WHERE table_schema LIKE 'sensing%' ORDER BY table_schema, table_name, ordinal_position"""
INDEXES = "SELECT schemaname, tablename, indexdef FROM pg_indexes WHERE schemaname LIKE 'sensing%' ORDER BY 1, 2, 3"
HELD = """INSERT INTO sensing.series VALUES(1, 'g1', 'water_level', 'instant', '', '', 'live', 'm');
INSERT INTO sensing.hot(seq, time, received, sent, generation, place, revision, rank, result, series, quality, reason)
  VALUES(1048576, 10, 11, 0, 0, 1, 5, 0, 2.5, 1, 1, 0);
INSERT INTO sensing.latest VALUES(1, 10, 10, 1);
INSERT INTO sensing.events(id, series, kind, device, property, statistic, channel, run, origin, unit, domain, start, severity, state, steps, peak,
  peak_time, marks, first_seen, heard, place, version) VALUES('e1', 1, 'water_level_high', 'g1', 'water_level', 'instant', '', '', 'live', 'm',
  'environment', 10, 0, 'open', '[[0,10,2.5]]', 2.5, 10, '[]', 11, 11, 1, 1);
UPDATE sensing.counter SET commit_no = 1;
UPDATE sensing.logs SET place = 1, commit_no = 1;"""


@pytest.fixture(scope="module")
def server():
    with Postgres() as running:
        yield running


@pytest.fixture
def old(server):
    """The address of a database of schema 1 with a reading and an event in it."""
    url = server.url("postgresql")
    with psycopg.connect(url) as db:
        db.execute(OLD.read_text("utf-8"))
        db.execute(HELD)
    return url


def asked(url, query):
    with psycopg.connect(url) as db:
        return db.execute(query).fetchall()


def shape(url):
    return asked(url, SHAPE), asked(url, INDEXES)


def test_it_becomes_what_a_new_one_is_and_keeps_what_it_held(server, old):
    """Columns, indexes and views are those of a new database; the old reading is read, its event too, and what comes next is stored beside them."""
    fresh = server.url("postgresql")
    PostgresStore(fresh, server.password, LOG).close()
    with pytest.raises(NotFoundError, match="earlier version"):
        PostgresReader(old, server.password, LOG, Path())
    for _ in range(2):  # opening it again changes nothing
        PostgresStore(old, server.password, LOG).close()
        assert shape(old) == shape(fresh)
    assert asked(old, "SELECT version FROM sensing.about") == [(schema.VERSION,)]
    with closing(PostgresStore(old, server.password, LOG)) as store, closing(store.reader()) as reader:
        assert store.place() == 1
        store.commit(batch(store, 2, row(store, 20, 6, result=3.5)))
        assert [(one["time"], one["result"]) for one in reader.observations(Wanted(), 10)] == [
            ("1970-01-01T00:00:00.000010Z", 2.5), ("1970-01-01T00:00:00.000020Z", 3.5)]  # fmt: skip
        assert (reader.event("e1").kind, reader.event("e1").group) == ("water_level_high", "")
        assert reader.place() == 2


def test_each_log_of_it_is_brought_up_to_date_when_its_node_comes(server, old):
    """One node upgrades what is shared; the other's own tables wait for it, and its readers say so."""
    with psycopg.connect(old) as db:
        own = OLD.read_text("utf-8").partition("CREATE SCHEMA sensing_log_")[2]
        db.execute(f"CREATE SCHEMA sensing_log_{own}".replace("0000000000000007", "0000000000000008").partition("INSERT INTO")[0])
        db.execute("INSERT INTO sensing.logs VALUES(8, 1, 0, 0, 0)")
    PostgresStore(old, server.password, LOG).close()
    with pytest.raises(NotFoundError, match="earlier version"):
        PostgresReader(old, server.password, OTHER, Path())
    assert asked(old, "SELECT to_regclass('sensing_log_0000000000000008.voices') IS NULL") == [(True,)]
    PostgresStore(old, server.password, OTHER).close()
    assert asked(old, "SELECT to_regclass('sensing_log_0000000000000008.voices') IS NULL") == [(False,)]
    with closing(PostgresReader(old, server.password, OTHER, Path())) as reader:
        assert reader.latest(Wanted())[0]["result"] == 2.5


def test_an_upgrade_that_fails_leaves_the_old_version(server, old, monkeypatch):
    """All of it is one transaction: what was made before the fault is gone, and the next opening does it all."""
    before = shape(old)
    with monkeypatch.context() as wrong:
        wrong.setattr(schema, "OWN", "CREATE TABLE nothing(")
        with pytest.raises(psycopg.Error):
            PostgresStore(old, server.password, LOG)
    assert shape(old) == before
    assert asked(old, "SELECT version FROM sensing.about") == [(1,)]
    PostgresStore(old, server.password, LOG).close()
    assert asked(old, "SELECT version FROM sensing.about") == [(schema.VERSION,)]
