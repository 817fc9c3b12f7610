"""Events do not depend on order, duplication, batching or restarts: an oracle that reads the whole series at once says what they are."""

import random
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensing import thresholds
from sensing.events import Watched, event_id
from sensing.model import Micros
from sensing.settings import Lake
from sensing.store import Batch, Row, SeriesKey, events
from sensing.store.event_reader import WantedEvents, listed
from sensing.store.lake.seal import seal
from sensing.store.sqlite import SqliteStore

KEYS = [SeriesKey("g1", "water_level", "instant", "", run) for run in ("", "drill")]
SECOND = 1_000_000
LEVELS = [1.0, 1.8, 1.9, 1.95, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0]
RULES = [
    {"watch": 2, "warning": 3, "danger": 4, "hysteresis": 0.1},
    {"warning": 3},
    {"watch": 2, "danger": 4, "hysteresis": 0.05, "for": 90},
    {"watch": 3, "warning": 2, "below": True, "hysteresis": 0.5},
]
rows = st.lists(
    st.tuples(
        st.integers(0, 1), st.integers(0, 15), st.sampled_from(LEVELS), st.sampled_from([1, 1, 1, 1, 2, 3, 4, 9]), st.integers(0, 2)
    ),
    min_size=1, max_size=30, unique_by=lambda row: (row[0], row[1], row[2]),
)  # fmt: skip


def served(said):
    """Per datastream and time what readers are given: the highest (rank, revision). A revision is its value, as in the hash."""
    best = {}
    for key, time, value, quality, rank in said:
        if (rank, value) > best.get((key, time), (-1, 0))[:2]:
            best[key, time] = rank, value, quality
    return best


def expected(said, told):
    """Every event of the whole series, read from one end to the other: (run, start, end, steps, peak), by the words of docs/events.md."""
    sign = -1 if told.get("below") else 1
    levels = [(sign * told[word], number) for number, word in enumerate(thresholds.SEVERITIES) if word in told]
    lowest, clear, hold = levels[0][0], round(levels[0][0] - told.get("hysteresis", 0), 9), told.get("for", 0)
    found = []
    for key in (0, 1):
        good = sorted((t, v * sign) for (k, t), (_, v, q) in served(said).items() if k == key and q == 1)
        at = 0
        while at < len(good):
            stop = next((n for n in range(at, len(good)) if good[n][1] < clear), len(good))
            found += [
                (key, *one) for one in _episode(good[at:stop], good[stop][0] if stop < len(good) else None, levels, lowest, hold)
            ]
            at = stop + 1
    return sorted((key, s, e, [(n, t, sign * v) for n, t, v in steps], sign * peak) for key, s, e, steps, peak in found)


def _episode(part, end, levels, lowest, hold):
    """The one event, or none, of samples of which none is clear."""
    for n, (start, value) in enumerate(part):
        if value < lowest:
            continue
        steps = []
        for m in range(n, len(part)):
            if not steps and any(v < lowest for _, v in part[n : m + 1]):
                break
            time, here = part[m]
            for level, severity in reversed(levels):
                if here < level:
                    continue
                began = next((part[k + 1][0] for k in range(m - 1, n - 1, -1) if part[k][1] < level), start)
                if (time - began) * 60 >= hold:
                    if not steps or severity > steps[-1][0]:
                        steps.append((severity, time, here))
                    break
        if steps:
            return [(start, end, steps, max(v for _, v in part[n:]))]
    return []


def make(store, watched, place, said):
    """A batch as work makes it."""
    batch = Batch(place=place)
    for key, time, value, quality, rank in said:
        series = store.series(KEYS[key], "live", "m")
        at: Micros = time * 60 * SECOND
        batch.rows.append(Row(
            series, at, None, value, quality, 0, int(value * 100), 0, 0, rank, at, place, None, None, True, None, False, watched, at))  # fmt: skip
    return batch


def standing(store):
    found = listed(store.connection, WantedEvents(runs=None), 1000)
    for one in found:
        assert one.id == event_id(one.kind, "g1", "instant", "", one.run, one.start)
    minute = 60 * SECOND
    return sorted(
        (int(one.run == "drill"), one.start // minute, None if one.end is None else one.end // minute,
         [(s.severity, s.time // minute, s.value) for s in one.steps], one.peak) for one in found)  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(said=rows, rule=st.sampled_from(RULES), data=st.data())
def test_any_order_ends_in_the_same_events(said, rule, data):
    """Late, revised, repeated and failed values, in batches of any size, with restarts between them: what the oracle says, exactly."""
    watched = Watched(thresholds.read({"water_level": rule})["water_level"], "environment")
    again = data.draw(st.lists(st.sampled_from(said), max_size=8))
    shuffled = data.draw(st.permutations([*said, *again]))
    with TemporaryDirectory() as folder:
        path, place, at = Path(folder) / "store.db", 0, 0
        store = SqliteStore(path)
        store.connection.pragma("synchronous", "off")
        while at < len(shuffled):
            size = data.draw(st.integers(1, 7))
            place += 1
            store.commit(make(store, watched, place, shuffled[at : at + size]))
            at += size
            restart = data.draw(st.sampled_from(["", "", "forget", "reopen"]))
            if restart == "forget":
                store.forget()
            elif restart:
                store.close()
                store = SqliteStore(path)
        with closing(store):
            assert standing(store) == expected(said, rule)
            before = events.digest(store.connection)
            store.commit(make(store, watched, place + 1, shuffled))
            assert events.digest(store.connection) == before


@settings(max_examples=20, deadline=None)
@given(said=rows, cut=st.integers(0, 30))
def test_in_order_equals_all_at_once(said, cut):
    """Rows by time, split anywhere: the machine that steps and the one that reads a span again agree."""
    rule = RULES[2]
    watched = Watched(thresholds.read({"water_level": rule})["water_level"], "environment")
    ordered = sorted(said, key=lambda row: (row[1], row[4]))
    with TemporaryDirectory() as folder, closing(SqliteStore(Path(folder) / "store.db")) as store:
        for place, part in enumerate((ordered[:cut], ordered[cut:]), 1):
            store.commit(make(store, watched, place, part))
        assert standing(store) == expected(said, rule)


@pytest.mark.parametrize("seed", range(6))
def test_what_lies_in_the_lake_counts_as_well(tmp_path, seed):
    """Rows that are sealed and swept between batches, and then repeated and revised, end in the oracle's events."""
    chance, rule = random.Random(seed), RULES[seed % len(RULES)]
    watched = Watched(thresholds.read({"water_level": rule})["water_level"], "environment")
    drawn = [(chance.randint(0, 1), chance.randint(0, 12), chance.choice(LEVELS), chance.choice([1, 1, 1, 3]), chance.randint(0, 2))
             for _ in range(40)]  # fmt: skip
    said = list({row[:3]: row for row in drawn}.values())
    order = [*said, *chance.choices(said, k=10)]
    chance.shuffle(order)
    path, place = tmp_path / "store.db", 0
    with closing(SqliteStore(path)) as store:
        store.connection.pragma("synchronous", "off")
        while order:
            place, size = place + 1, chance.randint(1, 9)
            store.commit(make(store, watched, place, order[:size]))
            order = order[size:]
            seal(path, Lake(seal_after_min=0, seal_rows=1, seal_every_min=0))
            store.tend_lake()
            while chance.random() < 0.7 and store.lake.sweep():
                pass
        assert store.connection.execute("SELECT count(*) FROM segments").get > 0
        assert standing(store) == expected(said, rule)
