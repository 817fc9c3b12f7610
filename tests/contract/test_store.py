"""One suite for every implementation of the Store port: what a commit does. Values and questions: test_store_values.py."""

import pytest

from sensing.errors import ConflictError
from sensing.model import Source
from sensing.store import Batch, Fact, Held, SeriesKey, StateChange
from sensing.store.reader import Wanted, digest
from tests.contract.stores import ACCOUNT, batch, row


def test_a_batch_and_its_cursor_are_one(opened, stores):
    """What a commit wrote is there after a restart, and so is where it had read to."""
    store = opened()
    assert store.place() == 0
    store.commit(batch(store, 7, row(store, 10, 1), row(store, 20, 2)))
    store = opened()
    assert store.place() == 7
    assert [one["frame"] for one in stores.reader().observations(Wanted(), 9)] == [1, 1]


def test_commits_are_numbered_and_rows_ordered_by_them(opened, stores):
    """Later commits sort after earlier ones, across restarts."""
    store = opened()
    first = store.commit(batch(store, 1, row(store, 50, 1)))
    store = opened()
    assert store.commit(batch(store, 2, row(store, 10, 1))) == first + 1
    assert [one["time"][-4:] for one in stores.reader().follow(0, 9)] == ["050Z", "010Z"]


@pytest.mark.parametrize("turn", [1, -1])
def test_the_highest_order_is_served_whoever_comes_first(opened, stores, turn):
    """(generation, sent, rank, revision) decides, never the order of arrival."""
    store = opened()
    orders = [((0, 5, 5), 3), ((1, 0, 0), 1), ((0, 9, 9), 2)][::turn]
    for place, (order, revision) in enumerate(orders, 1):
        store.commit(batch(store, place, row(store, 10, revision, order=order, result=float(revision))))
    (served,) = stores.reader().observations(Wanted(), 9)
    assert served["result"] == 1.0
    assert len(stores.reader().observations(Wanted(served=False), 9)) == 3
    assert stores.reader().ledger()["revised"] == 2


def test_the_engine_decides_once(opened, stores):
    """The same (datastream, time, revision) again, in one batch or in another, is a duplicate."""
    store = opened()
    store.commit(batch(store, 1, row(store, 10, 1), row(store, 10, 1)))
    store.commit(batch(store, 2, row(store, 10, 1)))
    ledger = stores.reader().ledger()
    assert (ledger["stored"], ledger["duplicate"], ledger["balanced"]) == (1, 2, True)


def test_the_digest_knows_content_and_nothing_else(opened, stores):
    """Order of arrival and reception leave it alone; a result, a time or which revision is served do not."""
    store = opened()
    store.commit(batch(store, 1, row(store, 10, 1), row(store, 20, 2)))
    one = digest(store.connection)
    other = stores.other()
    other.commit(batch(other, 5, row(other, 20, 2)))
    other.commit(batch(other, 6, row(other, 10, 1), row(other, 20, 2)))
    assert digest(other.connection) == one
    other.commit(batch(other, 7, row(other, 20, 3, order=(1, 0, 0))))
    assert digest(other.connection) != one


def test_latest_is_the_newest_that_is_fit_to_be_shown(opened, stores):
    """Late rows and rows not fit to be current do not move it."""
    store = opened()
    store.commit(batch(store, 1, row(store, 30, 1, result=3.0), row(store, 10, 1, result=1.0)))
    store.commit(batch(store, 2, row(store, 90, 1, result=9.0, current=False), row(store, 20, 1, result=2.0)))
    assert [one["result"] for one in stores.reader().latest(Wanted())] == [3.0]


def test_state_facts_replies_and_holds_go_with_the_commit(opened, stores):
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
    found = stores.reader()
    assert [fact["value"] for fact in found.facts("g1")] == ["蔚山先锋"]
    assert found.outbox(0, 9) == [(1, "p", "t/down", b"\x7e")]
    assert [(one["id"], one["reason"], one["offset"]) for one in found.dead()] == [("1.0", "bad_checksum", 3)]
    assert [one["native"] for one in found.quarantine()] == ["x"]
    assert store.connection.execute("SELECT count(*) FROM states").get == 1
    gone = Batch(place=2, settled=[1], released=[("dead", 1, 0), ("held", 1, 0)])
    gone.states["s"] = StateChange("s", None, None, None, 6)
    store.commit(gone)
    assert stores.reader().dead() == stores.reader().quarantine() == []
    assert store.connection.execute("SELECT (SELECT count(*) FROM states) + (SELECT count(*) FROM pending)").get == 0


def test_a_failed_commit_leaves_no_trace(opened, stores, monkeypatch):
    """All of a batch or nothing, its cursor and its new series included."""
    store = opened()
    before = digest(store.connection)
    monkeypatch.setattr(store, "_said", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        store.commit(batch(store, 9, row(store, 10, 1)))
    monkeypatch.undo()
    store.forget()
    assert (store.place(), digest(store.connection)) == (0, before)
    store.commit(batch(store, 1, row(store, 10, 1)))
    assert stores.reader().ledger()["balanced"]


def test_a_store_of_a_newer_version_is_refused(opened, stores):
    """An old program does not write into what it cannot know."""
    opened()
    stores.outdate()
    with pytest.raises(ConflictError, match="newer version"):
        stores.beside()


@pytest.mark.parametrize("order", [(1, 3, 5, 7), (7, 5, 3, 1), (1, 7, 5, 3), (7, 1, 3, 5), (5, 7, 1, 3)])
def test_facts_keep_changes_whatever_the_order(opened, stores, order):
    """A ship that says its name every six minutes is one row; a late other name falls between."""
    said = {1: "A", 3: "A", 5: "B", 7: "A"}
    store = opened()
    for place, time in enumerate(order, 1):
        store.commit(Batch(place=place, facts=[Fact("mmsi-1", "", "name", said[time], time, place)]))
    history = [(fact["value"], fact["from"][-4:-1]) for fact in stores.reader().facts("mmsi-1")]
    assert history == [("A", "001"), ("B", "005"), ("A", "007")]


def test_of_two_workers_the_one_that_is_behind_writes_nothing(opened, stores):
    """Whoever has not seen the last commit of its log is refused, and what the other wrote stands."""
    first = opened()
    second = stores.beside()
    first.commit(batch(first, 1, row(first, 10, 1)))
    with pytest.raises(ConflictError, match="another worker"):
        second.commit(batch(second, 1, row(second, 20, 1)))
    assert [one["time"][-4:] for one in stores.reader().observations(Wanted(), 9)] == ["010Z"]
    second.forget()
    second.commit(batch(second, 2, row(second, 30, 1)))
    assert stores.reader().place() == second.place() == 2


@pytest.mark.parametrize(
    "orders", [((1, 5, 5), (1, 9, 9), (2, 1, 1), (2, 3, 1)), ((2, 3, 1), (1, 9, 9)), ((1, 1, 1), (1, 1, 1), (3, 0, 0))]
)
@pytest.mark.parametrize("together", [True, False])
def test_a_duplicate_raises_the_order_of_its_row(opened, stores, orders, together):
    """Copies in one batch or in several: the highest order stays, its verdict where a later configuration gave it, and serving follows."""
    store = opened()
    store.commit(batch(store, 1, row(store, 10, 7, order=(2, 2, 2), result=7.0)))
    rows = [row(store, 10, 8, order=order, result=8.0) for order in orders]
    for number, each in enumerate(rows):
        each.quality = number + 1
    for place, some in enumerate([rows] if together else [[each] for each in rows], 2):
        store.commit(batch(store, place, *some))
    found = stores.reader().revisions("g1", 0, 99) if hasattr(stores.reader(), "revisions") else []
    best = max(orders)
    (served,) = stores.reader().observations(Wanted(), 9)
    assert served["result"] == (8.0 if (*best, 8) > (2, 2, 2, 7) else 7.0)
    first = next(number for number, order in enumerate(orders) if order[0] == best[0])
    assert {(one.revision, one.order[:3], one.quality) for one in found} == {(7, (2, 2, 2), 1), (8, best, first + 1)}
    assert stores.reader().ledger()["duplicate"] == len(orders) - 1


def test_the_demos_runs_that_are_over_are_forgotten_and_the_ledger_balances(opened, stores):
    """Facts and clocks of a run that began long ago go; the newest run, another's run and live data stay, and every frame is still counted."""
    store, runs = opened(), ["demo-20260101-000000", "demo-20260102-000000", "storm-1", ""]
    for place, run in enumerate(runs, 1):
        made = batch(store, place, row(store, 10, 1, key=SeriesKey("g1", "water_level", "instant", "", run)))
        made.facts.append(Fact("g1", run, "name", run or "live", 10, place))
        made.clocks[run] = 10
        store.commit(made)
    for _ in range(3):
        store.forget_drills(6.0)
    reader = stores.reader()
    kept = [bool(reader.facts_of(["g1"], run)) for run in runs]
    assert kept == [False, True, True, True]
    ledger = reader.ledger()
    assert (ledger["received"], ledger["stored"], ledger["balanced"]) == (4, 4, True)
    store.commit(batch(store, 9, row(store, 20, 2, key=SeriesKey("g1", "water_level", "instant", "", runs[1]))))
    assert [one["time"][-4:] for one in stores.reader().observations(Wanted(runs=(runs[1],)), 9)] == ["010Z", "020Z"]
