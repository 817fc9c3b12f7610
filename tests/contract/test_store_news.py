"""One suite for every implementation of the Store port: what the live pages follow."""

from sensing.store import Fact, SeriesKey
from tests.contract.stores import batch, row

RUN = SeriesKey("g1", "water_level", "instant", "", "run-1")
OTHER = SeriesKey("g2", "water_level", "instant", "", "")


def flagged(made, quality, reason):
    made.quality, made.reason = quality, reason
    return made


def test_news_are_the_rows_in_the_order_of_their_commits(opened, stores):
    """Every run's, superseded ones told as such, a page at a time; the reason in words."""
    store = opened()
    store.commit(batch(store, 1, row(store, 20, 1), row(store, 10, 2, key=OTHER)))
    store.commit(batch(store, 2, row(store, 20, 3, order=(0, 1, 0)), flagged(row(store, 5, 4, key=RUN), 4, 2)))
    reader = stores.reader()
    found = reader.news(0, 10)
    assert [(piece[2], piece[5], piece[6], piece[9]) for piece in found] == [
        (20, 1, "", False), (10, 1, "", True), (20, 1, "", True), (5, 4, "range", True)]  # fmt: skip
    assert [reader.words(piece[1])[0::6] for piece in found] == [("g1", ""), ("g2", ""), ("g1", ""), ("g1", "run-1")]
    assert [piece[0] for piece in found] == sorted(piece[0] for piece in found)
    assert reader.news(found[1][0], 10) == found[2:]
    assert reader.news(0, 3) == found[:3]
    assert reader.news(found[-1][0], 10) == []


def test_how_a_run_stands_is_told_from_what_is_stored(opened, stores):
    """Of each datastream the newest row, and the newest good one where that is another; nothing of other runs."""
    store = opened()
    rows = [row(store, 10, 1), flagged(row(store, 20, 2), 4, 2), flagged(row(store, 30, 3, result=None, current=False), 9, 1)]
    store.commit(batch(store, 1, *rows, row(store, 7, 4, key=OTHER), row(store, 50, 5, key=RUN)))
    reader = stores.reader()
    assert {(reader.words(piece[1])[0], piece[2], piece[5]) for piece in reader.standing("")} == {
        ("g1", 10, 1), ("g1", 20, 4), ("g1", 30, 9), ("g2", 7, 1)}  # fmt: skip
    assert [(piece[2], piece[5]) for piece in reader.standing("run-1")] == [(50, 1)]
    assert reader.standing("none") == []


def test_facts_of_many_are_the_newest_of_each_key(opened, stores):
    """By thing, of one run; annotations are counted, and who enrolled is dated."""
    store = opened()
    made = batch(store, 1, row(store, 10, 1))
    made.facts += [
        Fact("g1", "", "name", "old", 3, 1),
        Fact("g1", "", "name", "new", 5, 1),
        Fact("g2", "run-1", "name", "drill", 3, 1),
    ]
    store.commit(made)
    reader = stores.reader()
    assert reader.facts_of(["g1", "g2", "none"], "") == {"g1": {"name": "new"}}
    assert reader.facts_of([], "") == {}
    assert (reader.noted(), reader.enrolled_at("g1")) == (0, 0)
