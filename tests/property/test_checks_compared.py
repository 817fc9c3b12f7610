"""Flags that come of comparing do not depend on order, repeats, batches, restarts or the lake."""

import random
from math import sin

import pytest

from sensing import thresholds
from sensing.checks.beside import Beside
from sensing.checks.limits import Limits
from sensing.events import Watched
from sensing.ledger import Account
from sensing.store import Batch, Row, SeriesKey
from sensing.store.event_reader import WantedEvents, listed
from sensing.times import HOUR, MINUTE
from tests.batched import batched

BEGIN = 1_500_001_200_000_000 // HOUR * HOUR
ACCOUNT = Account(1, "toy", "p", "g1", "")
LEVELS = Watched(tuple(thresholds.read({"water_level": {"watch": 3}})["water_level"]), "environment")
HOURS = 16


def drawn(chance):
    """(device, minutes, value, rank, configuration): three gauges of one water, some of which drift, step or are calibrated anew."""
    ramps = {thing: chance.choice([0.0, 0.0, 0.15, -0.2]) for thing in range(3)}
    anew = {thing: chance.choice([99, 99, 8]) for thing in range(3)}
    said = []
    for minute in range(0, HOURS * 60, 30):
        for thing, ramp in ramps.items():
            hour = minute / 60
            value = 2 + 0.4 * sin(hour / 3) + ramp * max(0, hour - 6) + (1.0 if hour >= anew[thing] else 0.0)
            said.append((thing, minute, round(value + chance.uniform(-0.02, 0.02), 3), 0, int(hour >= anew[thing])))
    again = chance.sample(said, 4)
    return said + [(thing, minute, round(value + 0.3, 3), 1, configured) for thing, minute, value, _, configured in again]


def make(store, place, said, now):
    batch = Batch(place=place, received=now)
    for thing, minute, value, rank, configured in said:
        series = store.series(SeriesKey(f"g{thing}", "water_level", "instant", "", ""), "live", "m")
        limits = Limits(spike=2.0, beside=Beside(117.0 + thing / 10_000, 24.0, 3.0))
        time = BEGIN + minute * MINUTE
        batch.rows.append(Row(
            series, time, None, value, 1, 0, int(value * 1000), configured, 0, rank, time, place, None, None, True, ACCOUNT, False, LEVELS,
            time, limits,
        ))  # fmt: skip
    return batch


def stored(said, size, chance=None, *, sealing=False):
    """Flags, verdicts and events of a store that gets rows in batches; now and then work starts again, or rows are sealed."""
    return batched(said, size, make, found, BEGIN, HOURS, chance, seals=(8, 5) if sealing else None)


def found(db):
    said = db.execute("""SELECT s.thing, v.time, v.who, v.quality, v.reason, v.told FROM verdicts v JOIN series s ON s.id = v.series
      ORDER BY 1, 2, 3""").fetchall()  # fmt: skip
    raised = [
        (event.start, event.end, event.peak) for event in listed(db, WantedEvents(runs=None, states=("open", "closed")), 1000)
        if event.kind == "water_level_high"
    ]  # fmt: skip
    return said, sorted(raised, key=repr), db.execute("SELECT count(*) FROM unjudged").get


@pytest.mark.parametrize("seed", [1, 3, 4])
def test_what_is_said_of_neighbours_is_that_of_the_data(seed):
    """Any order, repeats, batches and restarts, sealed or not, end in what all rows in order of time have."""
    chance = random.Random(seed)
    said = drawn(chance)
    again = said + chance.choices(said, k=12)
    chance.shuffle(again)
    expected = stored(sorted(said, key=lambda row: (row[1], row[3])), 6)
    assert expected[2] == 0
    assert stored(again, chance.choice([5, 17]), chance, sealing=seed == 3) == expected
    assert expected[0]
