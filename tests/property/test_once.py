"""Rows in any order and as often as one likes: the table holds each once, and what each met is told."""

from __future__ import annotations

from itertools import pairwise

import apsw
from hypothesis import given
from hypothesis import strategies as st

from sensing.store import ROW_BITS, Row, once
from sensing.store.schema import SCHEMA

_ROWS = st.lists(st.tuples(st.integers(1, 2), st.integers(1, 2), st.integers(1, 2), st.integers(0, 2)), max_size=140)
_SPLIT = st.lists(st.integers(0, 140), max_size=3)


def _row(series: int, time: int, revision: int, sent: int) -> Row:
    return Row(series, time, None, 1.0, 1, 0, revision, 0, sent, 0, time, 7, None, None, True, None)


def _late(rows: list[Row], newest: dict[int, int]) -> once.Placed:
    late = []
    for place, row in enumerate(rows):
        if row.time > newest.get(row.series, 0):
            newest[row.series] = row.time
        else:
            late.append((place, row))
    return late


@given(rows=_ROWS, split=_SPLIT)
def test_each_row_is_stored_once_under_the_next_number_and_told_what_it_met(rows, split):
    """Two dictionaries say the same as the table does, commit after commit."""
    db = apsw.Connection(":memory:")
    db.execute(SCHEMA)
    stored: dict[tuple[int, int], dict[int, tuple[int, int]]] = {}
    newest: dict[int, int] = {}
    seen: list[tuple[int, ...]] = []
    cuts = [0, *sorted(min(cut, len(rows)) for cut in split), len(rows)]
    for number, (begin, end) in enumerate(pairwise(cuts), 1):
        batch = [_row(*row) for row in rows[begin:end]]
        late, base = _late(batch, newest), number << ROW_BITS
        twins, revising = {}, set()
        for place, row in enumerate(batch):
            known = stored.setdefault((row.series, row.time), {})
            if row.revision in known:
                twins[place] = (0, known[row.revision][1], 0)
                continue
            if known:
                revising.add(place)
            known[row.revision] = (base, row.sent)
            seen.append((base, row.series, row.time, row.revision))
            base += 1
        met = once.put(db, batch, number << ROW_BITS, late, frozenset())
        assert met.twins == twins
        assert met.revising == revising
    assert list(db.execute("SELECT seq, series, time, revision FROM hot ORDER BY seq")) == seen


@given(rows=_ROWS, where=st.sets(st.integers(0, 140)))
def test_what_lies_in_a_file_is_not_stored_and_takes_no_number(rows, where):
    """Held back, it is a twin of nobody knows what order; the others are numbered as if it had not come."""
    db, other = apsw.Connection(":memory:"), apsw.Connection(":memory:")
    for one in (db, other):
        one.execute(SCHEMA)
    batch = [_row(*row) for row in rows]
    late = _late(batch, {})
    held = {place for place, _ in late if place in where}
    left = [row for place, row in enumerate(batch) if place not in held]
    met = once.put(db, batch, 1 << ROW_BITS, late, held)
    without = once.put(other, left, 1 << ROW_BITS, _late(left, {}), frozenset())
    query = "SELECT seq, series, time, revision, sent FROM hot ORDER BY seq"
    assert list(db.execute(query)) == list(other.execute(query))
    assert {place for place, order in met.twins.items() if order is None} == held
    assert len(met.twins) - len(held) == len(without.twins)
    assert len(met.revising) == len(without.revising)
