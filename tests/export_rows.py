"""A store with observations in it, for tests of what reads a store: rows as work would commit them."""

from sensing import times
from sensing.store import Batch, Row, SeriesKey
from sensing.store.sqlite import SqliteStore

START = 1_793_000_000_000_000
SECOND = 1_000_000


class Rows:
    """Commits rows; `sent` is what readers should be served: (series number, time) to result."""

    def __init__(self, path):
        self.store = SqliteStore(path)
        self.place = 0

    def series(self, device="gauge-1", prop="water_level", run="", origin="live", statistic="instant", channel=""):
        return self.store.series(SeriesKey(device, prop, statistic, channel, run), origin, "m")

    def commit(self, *rows):
        """rows: (series, time, result) or with keywords as a fourth member; one commit."""
        self.place += 1
        self.store.commit(Batch(place=self.place, rows=[self.row(*each) for each in rows]))

    def row(self, series, time, result, more=None):
        about = {
            "begin": None, "quality": 1, "reason": 0, "revision": hash((time, result)) & 0x7FFFFFFF, "generation": 0, "sent": time,
            "rank": 0, "received": times.now(), "place": self.place, "lon": None, "lat": None, "current": True, "account": None,
        }  # fmt: skip
        return Row(series=series, time=time, result=result, **(about | (more or {})))

    def many(self, series, first, count, *, step=SECOND, commit=1_000):
        """`count` rows, each at a time of its own, spread over the series, `commit` rows a commit."""
        for start in range(first, first + count, commit):
            self.commit(*(
                (series[n % len(series)], START + n // len(series) * step, n / 8) for n in range(start, min(start + commit, first + count))
            ))  # fmt: skip

    def close(self):
        self.store.close()
