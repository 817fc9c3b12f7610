"""P5 with a lake: any order and duplication of the same rows, sealed and merged at any time, ends in the same store."""

import tempfile
from contextlib import closing
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from sensing.store.reader import StoreReader, Wanted, digest
from sensing.store.sqlite import SqliteStore
from tests.lake import batch, merged, said, sealed

SAID = [
    (f"g{n % 2}", 100 + n % 6, float(n % 3), (n % 5 // 3, n % 4, n % 2)) for n in range(24)
]  # some times have three contents, some contents come again under another rank
MOVES = st.sampled_from(["", "", "seal", "seal", "seal and leave", "merge"])


def ended(order, moves):
    """The store after these rows in this order, four a commit, and a move after each commit."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        with closing(SqliteStore(path)) as store:
            for place, start in enumerate(range(0, len(order), 4)):
                rows = [said(store, thing, time, result, order=rank) for thing, time, result, rank in order[start : start + 4]]
                store.commit(batch(place, rows))
                move = moves[place % len(moves)]
                if move.startswith("seal"):
                    sealed(store, path, sweep=move == "seal")
                elif move:
                    merged(store, path)
            with closing(StoreReader(path)) as reader:
                counts = reader.ledger()
                assert counts["balanced"]
                newest = [(row["device"], row["time"], row["result"], row["quality"]) for row in reader.latest(Wanted())]
                served = [(row["device"], row["time"], row["result"]) for row in reader.observations(Wanted(), 999)]
            return digest(store.connection), newest, sorted(served), counts["stored"] + counts["revised"]


CALM = ended(SAID, [""])


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_order_duplicates_seals_and_merges_do_not_matter(data):
    """Rows in any order, a third of them twice, with seals and merges between: one digest, one latest, one served row a time."""
    again = data.draw(st.lists(st.sampled_from(SAID), min_size=8, max_size=8))
    order = data.draw(st.permutations(SAID + again))
    moves = data.draw(st.lists(MOVES, min_size=3, max_size=8))
    assert ended(order, moves) == CALM
