"""One suite for every implementation of the Store port."""

from pathlib import Path

import pytest

from sensing.errors import ConflictError
from sensing.ledger import Account
from sensing.model import Source
from sensing.store import Batch, Fact, Held, Row, SeriesKey, StateChange
from sensing.store.reader import StoreReader, Wanted, digest
from sensing.store.sqlite import SqliteStore

ACCOUNT = Account(1, "sl651", "dtu-1", "g1", "")
KEY = SeriesKey("g1", "water_level", "instant", "", "")


@pytest.fixture(params=["sqlite"])
def opened(request, tmp_path: Path):
    """Opens the store under test; every call is a process that starts anew on the same bytes."""
    stores = []

    def opener():
        while stores:
            stores.pop().close()
        stores.append(SqliteStore(tmp_path / "store.db"))
        return stores[0]

    yield opener
    for store in stores:
        store.close()


def row(store, time, revision, *, key=KEY, order=(0, 0, 0), result=1.0, current=True):
    number = store.series(key, "live", "m")
    generation, sent, rank = order
    return Row(number, time, None, result, 1, 0, revision, generation, sent, rank, 99, 1, None, None, current, ACCOUNT)


def batch(store, place, *rows):
    made = Batch(place=place, rows=list(rows))
    for _ in rows:
        made.tally.add(ACCOUNT, "readings")
    made.tally.ended(ACCOUNT, "decoded")
    made.tally.intake[ACCOUNT] = 1
    return made


def reader(tmp_path):
    return StoreReader(tmp_path / "store.db")


def test_a_batch_and_its_cursor_are_one(opened, tmp_path):
    """What a commit wrote is there after a restart, and so is where it had read to."""
    store = opened()
    assert store.place() == 0
    store.commit(batch(store, 7, row(store, 10, 1), row(store, 20, 2)))
    store = opened()
    assert store.place() == 7
    assert [one["frame"] for one in reader(tmp_path).observations(Wanted(), 9)] == [1, 1]


def test_commits_are_numbered_and_rows_ordered_by_them(opened, tmp_path):
    """Later commits sort after earlier ones, across restarts."""
    store = opened()
    first = store.commit(batch(store, 1, row(store, 50, 1)))
    store = opened()
    assert store.commit(batch(store, 2, row(store, 10, 1))) == first + 1
    assert [one["time"][-4:] for one in reader(tmp_path).follow(0, 9)] == ["050Z", "010Z"]


@pytest.mark.parametrize("turn", [1, -1])
def test_the_highest_order_is_served_whoever_comes_first(opened, tmp_path, turn):
    """(generation, sent, rank, revision) decides, never the order of arrival."""
    store = opened()
    orders = [((0, 5, 5), 3), ((1, 0, 0), 1), ((0, 9, 9), 2)][::turn]
    for place, (order, revision) in enumerate(orders, 1):
        store.commit(batch(store, place, row(store, 10, revision, order=order, result=float(revision))))
    (served,) = reader(tmp_path).observations(Wanted(), 9)
    assert served["result"] == 1.0
    assert len(reader(tmp_path).observations(Wanted(served=False), 9)) == 3
    assert reader(tmp_path).ledger()["revised"] == 2


def test_the_engine_decides_once(opened, tmp_path):
    """The same (datastream, time, revision) again, in one batch or in another, is a duplicate."""
    store = opened()
    store.commit(batch(store, 1, row(store, 10, 1), row(store, 10, 1)))
    store.commit(batch(store, 2, row(store, 10, 1)))
    ledger = reader(tmp_path).ledger()
    assert (ledger["stored"], ledger["duplicate"], ledger["balanced"]) == (1, 2, True)


def test_the_digest_knows_content_and_nothing_else(opened, tmp_path):
    """Order of arrival and reception leave it alone; a result, a time or which revision is served do not."""
    store = opened()
    store.commit(batch(store, 1, row(store, 10, 1), row(store, 20, 2)))
    one = digest(store.connection)
    other = SqliteStore(tmp_path / "other.db")
    other.commit(batch(other, 5, row(other, 20, 2)))
    other.commit(batch(other, 6, row(other, 10, 1), row(other, 20, 2)))
    assert digest(other.connection) == one
    other.commit(batch(other, 7, row(other, 20, 3, order=(1, 0, 0))))
    assert digest(other.connection) != one
    other.close()


def test_latest_is_the_newest_that_is_fit_to_be_shown(opened, tmp_path):
    """Late rows and rows not fit to be current do not move it."""
    store = opened()
    store.commit(batch(store, 1, row(store, 30, 1, result=3.0), row(store, 10, 1, result=1.0)))
    store.commit(batch(store, 2, row(store, 90, 1, result=9.0, current=False), row(store, 20, 1, result=2.0)))
    assert [one["result"] for one in reader(tmp_path).latest(Wanted())] == [3.0]


def test_state_facts_replies_and_holds_go_with_the_commit(opened, tmp_path):
    """Everything that a batch says is there after a restart."""
    store = opened()
    made = batch(store, 1, row(store, 10, 1))
    made.states["s"] = StateChange("s", Source("a", "p", "t", "up"), {"held": [1]}, 5, 4)
    made.facts.append(Fact("g1", "", "name", "蔚山先锋", 3, 1))
    made.replies.append(("p", "t/down", b"\x7e"))
    made.dead.append(Held(1, 0, ACCOUNT, True, "bad_checksum", "crc", 3, 2))
    made.quarantined.append(Held(1, 0, ACCOUNT, False, native="x"))
    made.pending.append(Held(1, 0, ACCOUNT, True))
    store.commit(made)
    store = opened()
    found = reader(tmp_path)
    assert [fact["value"] for fact in found.facts("g1")] == ["蔚山先锋"]
    assert found.outbox(0, 9) == [(1, "p", "t/down", b"\x7e")]
    assert [(one["id"], one["reason"], one["offset"]) for one in found.dead()] == [("1.0", "bad_checksum", 3)]
    assert [one["native"] for one in found.quarantine()] == ["x"]
    assert store.connection.execute("SELECT count(*) FROM states").get == 1
    gone = Batch(place=2, settled=[1], released=[("dead", 1, 0), ("held", 1, 0)])
    gone.states["s"] = StateChange("s", None, None, None, 6)
    store.commit(gone)
    assert reader(tmp_path).dead() == reader(tmp_path).quarantine() == []
    assert store.connection.execute("SELECT (SELECT count(*) FROM states) + (SELECT count(*) FROM pending)").get == 0


def test_a_failed_commit_leaves_no_trace(opened, tmp_path, monkeypatch):
    """All of a batch or nothing, its cursor and its new series included."""
    store = opened()
    before = digest(store.connection)
    monkeypatch.setattr(store, "_said", lambda _batch: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        store.commit(batch(store, 9, row(store, 10, 1)))
    monkeypatch.undo()
    store.forget()
    assert (store.place(), digest(store.connection)) == (0, before)
    store.commit(batch(store, 1, row(store, 10, 1)))
    assert reader(tmp_path).ledger()["balanced"]


def test_a_store_of_a_newer_version_is_refused(opened, tmp_path):
    """An old program does not write into what it cannot know."""
    opened().connection.pragma("user_version", 99)
    with pytest.raises(ConflictError, match="newer version"):
        SqliteStore(tmp_path / "store.db")


@pytest.mark.parametrize("order", [(1, 3, 5, 7), (7, 5, 3, 1), (1, 7, 5, 3), (7, 1, 3, 5), (5, 7, 1, 3)])
def test_facts_keep_changes_whatever_the_order(opened, tmp_path, order):
    """A ship that says its name every six minutes is one row; a late other name falls between."""
    said = {1: "A", 3: "A", 5: "B", 7: "A"}
    store = opened()
    for place, time in enumerate(order, 1):
        store.commit(Batch(place=place, facts=[Fact("mmsi-1", "", "name", said[time], time, place)]))
    history = [(fact["value"], fact["from"][-4:-1]) for fact in reader(tmp_path).facts("mmsi-1")]
    assert history == [("A", "001"), ("B", "005"), ("A", "007")]
