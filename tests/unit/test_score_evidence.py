"""What a run left in a store, as the score reads it."""

from contextlib import closing

import numpy as np
import pytest

from sensing.store import evidence
from sensing.store.evidence import Evidence
from tests.forward import BASE, Bench


@pytest.fixture
def store(tmp_path):
    """Eight values of run `r`, one of them revised, one missing; a broken frame; and as many live rows that are not the run's."""
    bench = Bench(tmp_path)
    said = [{"d": "g1", "t": BASE + number * 1_000_000, "v": float(number)} for number in range(7)]
    bench.say(*said, {"d": "g2", "t": BASE, "v": None}, {"d": "g1", "t": BASE, "v": 9.5, "rank": 5}, b"junk", said[0], run="r")
    bench.say(*said, b"junk")
    bench.run().close()
    bench.close()
    return tmp_path / "store.db"


def test_every_revision_of_the_run_is_read_once(store, monkeypatch):
    """Hot rows in slices as small as two: all of the run's, none of another's, the missing value as NaN, one served a time."""
    monkeypatch.setattr(evidence, "_EDGE", "SELECT time FROM hot WHERE time > ? ORDER BY time LIMIT 1 OFFSET 2")
    with closing(Evidence(store, "r")) as found:
        words, batches = found.words(), list(found.batches())
    assert len(batches) > 2
    columns = {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
    rows = sorted(
        zip(
            columns["series"].tolist(),
            columns["time"].tolist(),
            columns["result"].tolist(),
            columns["served"].tolist(),
            strict=True,
        )
    )
    gauge = next(number for number, series in words.items() if series == ("g1", "water_level", "instant", ""))
    own = [(time - BASE, result, served) for series, time, result, served in rows if series == gauge]
    assert own == [(0, 0.0, False), (0, 9.5, True), *((at * 1_000_000, float(at), True) for at in range(1, 7))]
    assert np.isnan([row[2] for row in rows if row[0] != gauge]).all()
    assert [found.reasons[number] for number in columns["reason"][np.isnan(columns["result"])]] == ["missing"]


def test_books_and_letters_are_the_runs_own(store):
    """The ledger of the run balances and counts its frames alone; its dead letters by adapter and reason."""
    with closing(Evidence(store, "r")) as found:
        ledger, letters, events = found.ledger(), found.dead(), found.events()
    assert ledger["balanced"]
    assert (ledger["received"], ledger["dead_lettered"], ledger["readings"], ledger["duplicate"], ledger["revised"]) == (
        11,
        1,
        10,
        1,
        1,
    )
    assert letters == [{"adapter": "fake", "reason": "bad_grammar", "frames": 1}]
    assert events == []
