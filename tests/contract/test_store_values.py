"""One suite for every implementation of the Store port: values come back as they were told, however one asks."""

import pytest

from sensing.store import Fact, Held, SeriesKey
from sensing.store.reader import Wanted
from tests.contract.stores import ACCOUNT, batch, row


def test_numbers_come_back_as_they_are(opened, stores):
    """Doubles keep every bit, large places and negative times their value; no sign of zero, and no number is no value."""
    store = opened()
    told = [0.1 + 0.2, 5e-324, 1.7976931348623157e308, -0.0, float("nan"), None, 1 / 3]
    rows = [row(store, time, 1, result=result) for time, result in zip(range(-3, 4), told, strict=True)]
    rows[0].revision, rows[0].sent, rows[0].place = (1 << 32) - 1, (1 << 62) + 1, (1 << 40) + 3
    store.commit(batch(store, 1, *rows))
    found = stores.reader().observations(Wanted(), 9)
    assert [repr(one["result"]) for one in found] == [repr(each) for each in (*told[:3], 0.0, None, None, 1 / 3)]
    assert (found[0]["revision"], found[0]["frame"]) == ("ffffffff", (1 << 40) + 3)


@pytest.mark.parametrize("text", ["a\x00b", "\x00", "\ue0000\ue000e", "平潭\U0001f30a'\"\\%s ?1 $1", ""])
def test_any_text_is_kept(opened, stores, text):
    """What a device says is stored as it was said: with U+0000, marks of SQL and signs of every plane."""
    store = opened()
    made = batch(store, 1, row(store, 10, 1, key=SeriesKey("g1", "water_level", "instant", text, "")))
    made.facts.append(Fact("g1", "", "name", text, 3, 1))
    made.dead.append(Held(1, 0, ACCOUNT, True, "bad_grammar", text))
    made.quarantined.append(Held(1, 0, ACCOUNT, False, native=text))
    store.commit(made)
    store = opened()
    store.commit(batch(store, 2, row(store, 10, 1, key=SeriesKey("g1", "water_level", "instant", text, ""))))
    found = stores.reader()
    assert [one["channel"] for one in found.observations(Wanted(channels=[text] if text else ()), 9)] == [text]
    assert ([one["value"] for one in found.facts("g1")], found.dead()[0]["detail"], found.quarantine()[0]["native"]) == (
        [text],
        text,
        text,
    )
    assert found.ledger()["duplicate"] == 1


def test_what_no_store_can_hold_is_refused_and_the_next_batch_is_not(opened, stores):
    """A number beyond 64 bits, half of a sign: an error of the batch, nothing written, and the store goes on."""
    for bad in (lambda one: setattr(one, "sent", 1 << 70), lambda one: setattr(one, "place", -(1 << 64))):
        store = opened()
        made = batch(store, 1, row(store, 10, 1))
        bad(made.rows[0])
        with pytest.raises(Exception, match=r"."):
            store.commit(made)
        store.forget()
        assert (store.place(), stores.reader().observations(Wanted(), 9)) == (0, [])
    made = batch(store, 1, row(store, 10, 1))
    made.facts.append(Fact("g1", "", "name", "\ud800", 3, 1))
    with pytest.raises(UnicodeEncodeError):
        store.commit(made)
    store.forget()
    store.commit(batch(store, 1, row(store, 10, 1)))
    assert stores.reader().ledger()["balanced"]


def test_words_are_ordered_by_their_bytes(opened, stores):
    """Not as some language does: upper case first, then lower, then the rest."""
    store = opened()
    names = ["b", "B", "a-1", "a1", "ä", "平"]
    store.commit(batch(store, 1, *(row(store, 10, 1, key=SeriesKey(name, "water_level", "instant", "", "")) for name in names)))
    assert [one["device"] for one in stores.reader().latest(Wanted())] == sorted(names, key=str.encode)


def test_as_of_a_moment(opened, stores):
    """What was committed later is not seen."""
    store = opened()
    store.commit(batch(store, 1, row(store, 10, 1)))
    store.commit(batch(store, 2, row(store, 10, 2, order=(1, 0, 0), result=2.0), row(store, 20, 1)))
    store.connection.execute("DELETE FROM commits")
    store.connection.executemany("INSERT INTO commits VALUES(?,?)", [(1, 1_000_000), (2, 5_000_000)])
    found = stores.reader()
    assert [one["result"] for one in found.observations(Wanted(as_of=2_000_000), 9)] == [1.0]
    assert [one["result"] for one in found.observations(Wanted(as_of=6_000_000), 9)] == [2.0, 1.0]


def test_readers_see_one_row_in_every_way_of_asking(opened, stores):
    """Points, followers, columns, words, neighbours and counts all tell of the same rows."""
    store = opened()
    for place in range(1, 4):
        store.commit(batch(store, place, *(row(store, 100 * place + each, 1, result=float(each)) for each in range(5))))
    found = stores.reader()
    points = found.points(0, 99)
    assert [(point[2], point[3]) for point in points] == [
        (100 * place + each, float(each)) for place in (1, 2, 3) for each in range(5)
    ]
    assert found.head() == points[-1][0]
    assert [one["seq"] for one in found.follow(points[4][0], 3)] == [point[0] for point in points[5:8]]
    table = found.table(Wanted(begin=200, end=303))
    assert sorted(table["seq"].to_pylist()) == [point[0] for point in points[5:13]]
    assert set(table["thing"].to_pylist()) == {"g1"}
    assert found.behind(points[4][0], 99) == 10
    assert found.behind(points[4][0], 7) == 7
    assert found.nearest(Wanted(), 203, 2) == [202, 203, 204, 300]
    assert found.served(points[0][1], 100) == points[0]
    assert found.revised([(points[0][1], 100)]) == set()
    assert found.series_words(points[0][1])[:2] == ("g1", "water_level")
    assert found.seq_at(0) < points[0][0]
