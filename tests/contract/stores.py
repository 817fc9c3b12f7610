"""What the store's suite stands on: the store under test, its rows and its batches."""

from sensing.ledger import Account
from sensing.store import Batch, Row, SeriesKey
from sensing.store.reader import StoreReader
from sensing.store.sqlite import SqliteStore

ACCOUNT = Account(1, "sl651", "dtu-1", "g1", "")
KEY = SeriesKey("g1", "water_level", "instant", "", "")


class Files:
    """The store under test as files in a folder. `open` is a process that starts anew on the same bytes; `other` is another store."""

    def __init__(self, folder):
        self._folder, self._number, self._opened = folder, 0, []

    def open(self):
        while self._opened:
            self._opened.pop().close()
        return self.beside()

    def beside(self):
        """A second worker on the same bytes, while the first still lives."""
        self._opened.append(SqliteStore(self._folder / f"store{self._number}.db"))
        return self._opened[-1]

    def reader(self):
        return StoreReader(self._folder / f"store{self._number}.db")

    def other(self):
        self.close()
        self._number += 1
        return self.open()

    def outdate(self):
        """Let it look as if a later version had written it."""
        self._opened[-1].connection.pragma("user_version", 99)

    def close(self):
        while self._opened:
            self._opened.pop().close()


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
