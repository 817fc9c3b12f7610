"""Flags that come of rain, tides, other waters and converted values do not depend on order, repeats, batches, restarts or the lake."""

import random
from math import sin

import pytest

from sensing.checks.beside import IN_STACK, Beside
from sensing.checks.limits import Limits
from sensing.checks.waters import coasts, reaches
from sensing.ledger import Account
from sensing.store import Batch, Row, SeriesKey
from sensing.times import HOUR, MINUTE
from tests.batched import batched

BEGIN = 1_500_001_200_000_000 // HOUR * HOUR
ACCOUNT = Account(1, "toy", "p", "g1", "")
HOURS = 26
RIVERS = ("punan", "huaan", "zhangping", "changtai", "xiaoxi")
SEAS = ("gulangyu", "dongdu", "haicang")
SAID = """SELECT s.thing, s.property, v.time, v.who, v.quality, v.reason, v.told FROM verdicts v JOIN series s ON s.id = v.series
  ORDER BY 1, 2, 3, 4"""


def placed():
    """(thing, property, statistic) with what each is compared by."""
    found = {}
    for name in RIVERS:
        reach = reaches()[name]
        found[f"river-{name}", "water_level", "instant"] = Beside(reach.lon, reach.lat, reach.full_m * 0.7)
    for coast in coasts():
        if coast.id in SEAS:
            found[f"tide-{coast.id}", "water_level", "instant"] = Beside(coast.lon, coast.lat, coast.watch)
            found[f"tide-{coast.id}", "wind_speed", "instant"] = Beside(coast.lon, coast.lat)
    for number in range(2):
        found[f"rain-{number}", "rainfall", "sum/PT5M"] = Beside(117.6 + number / 10, 24.8)
    found["stack", "so2", "instant"] = Beside(118.0, 24.5, IN_STACK)
    for name in ("so2_converted", "hj212_a19001"):
        found["stack", name, "instant"] = Beside(118.0, 24.5)
    return found


WHERE = placed()


def drawn(chance):
    """(key, minutes, value, rank): dry at first, then rain and a flood; some gauges drift."""
    ramps = {key: chance.choice([0.0, 0.12, -0.12]) for key in WHERE}
    ramps["river-xiaoxi", "water_level", "instant"] = 0.13
    ramps["tide-dongdu", "water_level", "instant"] = ramps["stack", "so2", "instant"] = 0.1
    said = []
    for minute in range(20, HOURS * 60, 60):
        hour = minute / 60
        for key in WHERE:
            thing, name, _ = key
            ramp = ramps[key] * max(0.0, hour - 4)
            flood = 0.4 * max(0.0, hour - 20)
            oxygen = 8.0 + sin(hour)
            value = {
                "rainfall": 1.5 if hour > 18 else 0.0, "wind_speed": 3.0, "hj212_a19001": round(oxygen, 3),
                "so2_converted": round((20 + sin(hour)) * 15 / (21 - round(oxygen, 3)), 6), "so2": round(1000 * (20 + sin(hour)) + 800 * ramp, 3),
                "water_level": round(2.0 + ramp + (flood if thing.startswith("river") else 0.0), 3),
            }[name]  # fmt: skip
            said.append((key, minute, value, 0))
    again = [one for one in chance.sample(said, 12) if one[0][1] in ("water_level", "rainfall")]
    return said + [(key, minute, round(value + 0.3, 3), 1) for key, minute, value, _ in again]


def make(store, place, said, now):
    batch = Batch(place=place, received=now)
    for key, minute, value, rank in said:
        time = BEGIN + minute * MINUTE
        batch.rows.append(Row(
            store.series(SeriesKey(*key[:3], "", ""), "live", "1"), time, None, value, 1, 0, int(value * 1000), 0, 0, rank, time, place, None,
            None, True, ACCOUNT, False, None, time, Limits(beside=WHERE[key]),
        ))  # fmt: skip
    return batch


def stored(said, size, chance=None, *, sealing=False):
    """Verdicts of a store that gets rows in batches; now and then work starts again, or rows are sealed."""
    return batched(said, size, make, found, BEGIN, HOURS, chance, restarts=0.2, seals=(4, 3) if sealing else None)


def found(db):
    return db.execute(SAID).fetchall(), db.execute("SELECT count(*) FROM unjudged").get


@pytest.mark.parametrize("seed", [1, 2])
def test_what_companions_let_one_expect_is_a_function_of_the_data(seed):
    """Any order, repeats, batches and restarts, sealed or not, end in what all rows in order of time have; each check speaks."""
    chance = random.Random(seed)
    said = drawn(chance)
    again = said + chance.choices(said, k=30)
    chance.shuffle(again)
    expected, left = stored(sorted(said, key=lambda row: (row[1], row[3])), 60)
    assert left == 0
    assert stored(again, 150, chance, sealing=seed == 2) == (expected, 0)
    assert {who for _, _, _, who, *_ in expected} >= {"tide", "level_without_rain", "converted"}
