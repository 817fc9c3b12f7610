"""P5: any order, duplication and batching of the same frames gives the same store and the same events."""

import random

from sensing.store import events
from tests.faults.city import scaled
from tests.forward import BASE as T
from tests.forward import Bench

LEVELS = {"thresholds": {"water_level": {"watch": 1.0, "warning": 2.0, "hysteresis": 0.3}}}


def watched(bench):
    """The bench with thresholds on all of its devices."""
    things = bench.directory.things
    bench.directory.things = {name: bench.directory.thing(name, was.principal, settings=LEVELS) for name, was in things.items()}
    return bench


def frames():
    """Duplicates, several contents for one time under several ranks, junk, an unknown device, a stranger's device."""
    made = [{"d": f"g{n % 4 + 1}", "t": T + n // 4 * 60_000_000, "v": n / 10, "rank": n % 5, "sent": n} for n in range(24)]
    made += [{"d": "g1", "t": T, "v": v, "rank": rank, "sent": 3} for v in (7.7, 7.8, 7.9) for rank in (1, 9)]
    return [*made, *made[:10], {"d": "nobody", "t": T, "v": 1.0}, {"d": "x1", "t": T, "v": 1.0}, b"junk"]


def test_a_thousand_permutations_have_one_digest(tmp_path):
    """1,000 permutations with duplicates, in batches of 1 to 12 frames: one digest of rows, one of events."""
    ends = set()
    for seed in range(scaled(1_000, 20)):
        chance = random.Random(seed)
        order = frames()
        order += chance.choices(order, k=10)
        chance.shuffle(order)
        bench = watched(Bench(tmp_path / str(seed), batch=chance.randint(1, 12)))
        bench.say(*order)
        reader = bench.run()
        assert reader.ledger()["balanced"]
        ends.add((bench.digest(), events.digest(bench.work.store.connection)))
        bench.close()
    assert len(ends) == 1
    assert ends.pop()[1] != events.NO_EVENTS
