"""What comes again costs events nothing, and what comes late as little as it means: no machine is stepped through hours that can only be calm."""

import pytest

from sensing import thresholds
from sensing.events import Watched
from sensing.store import Batch, Row, SeriesKey
from sensing.store.curve import Curve
from sensing.store.event_reader import WantedEvents, listed
from sensing.store.recast import Recast
from sensing.store.sqlite import SqliteStore
from sensing.times import MINUTE

RULES = thresholds.read({
    "water_level": {
        "level": {"watch": 2.8, "danger": 4.0, "hysteresis": 0.1},
        "rise": {"take": "rise", "over": "30m", "watch": 1.5},
        "rising": {"take": "crossing", "over": "1h", "watch": 2, "for": 600},
        "usual": {"take": "mean", "over": "1h", "watch": 2.5, "kind": "usual_high"},
        "much": {"take": "sum", "over": "1h", "watch": 300, "kind": "much"},
    }
})["water_level"]  # fmt: skip
WATCHED = Watched(RULES, "environment")


class Gauge:
    """One datastream. `say` commits a batch of (minute, value); a third number is the generation."""

    def __init__(self, path):
        self.store, self.place = SqliteStore(path), 0
        self.number = self.store.series(SeriesKey("g1", "water_level", "instant", "", ""), "live", "m")

    def say(self, *rows):
        self.place += 1
        self.store.commit(Batch(place=self.place, received=self.place, rows=[
            Row(self.number, minute * MINUTE, None, value, 1, 0, int(value * 100), more[0] if more else 0, 0, 0, self.place, self.place, None,
                None, True, None, False, WATCHED, self.place) for minute, value, *more in rows]))  # fmt: skip

    def events(self):
        found = listed(self.store.connection, WantedEvents(), 100)
        return sorted((e.kind, e.start // MINUTE, e.end and e.end // MINUTE, e.severity, e.peak) for e in found)


@pytest.fixture
def gauge(tmp_path):
    found = Gauge(tmp_path / "store.db")
    yield found
    found.store.close()


def never(*_args, **_more):
    raise AssertionError("nothing changed here")


def test_what_only_repeats_is_not_looked_at(gauge, monkeypatch):
    """Repeats among new rows: nothing is asked, nothing is evaluated again, and the new rows are a step as ever."""
    flood = [(minute, 1.0 + (2.0 if 40 <= minute < 60 else 0.0)) for minute in range(0, 100, 5)]
    gauge.say(*flood[:10])
    monkeypatch.setattr(Recast, "served", never)
    monkeypatch.setattr(Recast, "spans", never)
    gauge.say(*flood[:10], *flood[8:], *flood[8:])
    assert ("water_level_high", 40, 60, 0, 3.0) in gauge.events()


def test_a_repeat_that_has_another_revision_served_is_looked_at(gauge):
    """The first value once more under a newer configuration takes its place back from the one that revised it, and with it the event."""
    gauge.say((0, 1.0), (5, 1.0), (10, 1.0))
    gauge.say((5, 3.0, 1))
    assert [row[0] for row in gauge.events()] == ["water_level_high"]
    gauge.say((5, 1.0, 2), (15, 1.0))
    assert gauge.events() == []


def test_a_calm_backlog_is_not_stepped_through(gauge, monkeypatch):
    """Hours that came late and can mean nothing to any rule: the samples are kept, and no machine is made."""
    gauge.say(*((minute, 1.0) for minute in range(0, 70, 10)), (400, 1.0))
    monkeypatch.setattr(Curve, "run", never)
    gauge.say((410, 1.0), *((minute, 1.0 + minute / 10_000) for minute in range(70, 400, 10)), (420, 1.0))
    assert gauge.events() == []
    assert gauge.store.connection.execute("SELECT count(*) FROM samples").get == 43


def test_late_and_new_in_one_batch_are_as_if_in_order(gauge, tmp_path):
    """A flood of which every third value comes with the next hour's: the same events as of one that was told in order."""
    values = [(minute, round(1.0 + max(0.0, 3.4 - abs(minute - 200) / 25), 2)) for minute in range(0, 400, 5)]
    other = Gauge(tmp_path / "other.db")
    for first in range(0, len(values), 12):
        other.say(*values[first : first + 12])
        late = values[max(0, first - 12) : first][::3]
        gauge.say(*(row for at, row in enumerate(values[first : first + 12]) if at % 3), *late)
    gauge.say(*values[-12:][::3], *values[-8:][::3])
    assert gauge.events() == other.events() != []
    assert {row[0] for row in gauge.events()} >= {"water_level_high", "water_level_rising", "usual_high"}
    other.store.close()
