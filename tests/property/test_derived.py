"""Sums, rates, forecasts and silences do not depend on order, duplication, batching or restarts: the whole, read once from one end, says what they are."""

import random
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from sensing import derive, thresholds
from sensing.events import Machine, Speaker, Watched
from sensing.store import Batch, Row, SeriesKey
from sensing.store.event_reader import WantedEvents, listed
from sensing.store.sqlite import SqliteStore
from sensing.times import MINUTE

GRADES = [
    {"name": "blue", "over": "30m", "at": 6, "severity": "watch"},
    {"name": "yellow", "over": "15m", "at": 6, "severity": "warning"},
    {"name": "red", "over": "8m", "at": 9, "severity": "danger"},
]
RULES = thresholds.read({
    "rainfall": {
        "level": {"watch": 3},
        "slow": {"take": "sum", "over": "12m", "watch": 4, "danger": 9, "hysteresis": 1, "for": 120},
        "storm": {"grades": GRADES},
        "rise": {"take": "rise", "over": "10m", "watch": 10, "hysteresis": 5},
        "ahead": {"take": "crossing", "over": "10m", "watch": 0.5},
        "usual": {"take": "mean", "over": "9m", "watch": 2, "kind": "rain_mean"},
    }
})["rainfall"]  # fmt: skip
SPEAKER = Speaker("g1", "", "live", "toy", "g1", "p", "city", 4 * MINUTE)
said = st.lists(
    st.tuples(st.integers(0, 60), st.sampled_from([0.0, 0.0, 0.5, 1.0, 2.0, 3.5, 6.0]), st.sampled_from([1, 1, 1, 1, 3])),
    min_size=1, max_size=40, unique_by=lambda row: row[0],
)  # fmt: skip


def whole(rule, rows):
    """Every episode of the whole series: (kind, start, end, steps, peak, what is said beside)."""
    good = sorted((time * MINUTE, value) for time, value, quality in rows if quality == 1)
    times, values = [time for time, _ in good], [value for _, value in good]
    machine, found = Machine(), {}
    for at in range(len(good)):
        episode = derive.step(machine, rule, times, values, at)
        if episode is not None:
            found[episode.start] = episode
    return [
        (rule.kind, e.start, e.end, [(s.severity, s.time, derive.shown(rule, s.value)) for s in e.steps], derive.shown(rule, e.peak),
         derive.about(rule, e)) for e in found.values()
    ]  # fmt: skip


def silences(rows, now):
    """(start, end) of every silence, by hand."""
    times = sorted({time * MINUTE for time, _, _ in rows})
    pairs = [*pairwise(times), (times[-1], None)]
    return [(a, b) for a, b in pairs if (now if b is None else b) - a > SPEAKER.limit]


def batch(store, watched, place, part, now):
    number = store.series(SeriesKey("g1", "rainfall", "instant", "", ""), "live", "mm")
    return Batch(place=place, received=now, rows=[
        Row(number, time * MINUTE, None, value, quality, 0, int(value * 100), 0, 0, 0, now, place, None, None, True, None, False, watched, now)
        for time, value, quality in part])  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(rows=said, data=st.data())
def test_any_order_ends_in_the_same_derived_events(rows, data):
    """Late and repeated values in batches of any size, restarts between them: the same events as read at once, silences too."""
    watched = Watched(RULES, "city", SPEAKER)
    shuffled = data.draw(st.permutations([*rows, *data.draw(st.lists(st.sampled_from(rows), max_size=6))]))
    last = max(time for time, _, _ in rows)
    now = (last + data.draw(st.integers(0, 8))) * MINUTE
    with TemporaryDirectory() as folder:
        path, place, at = Path(folder) / "store.db", 0, 0
        store = SqliteStore(path)
        store.connection.pragma("synchronous", "off")
        while at < len(shuffled):
            size = data.draw(st.integers(1, 9))
            place += 1
            store.commit(batch(store, watched, place, shuffled[at : at + size], now))
            at += size
            if data.draw(st.booleans()):
                store.close()
                store = SqliteStore(path)
        with closing(store):
            store.commit(batch(store, watched, place + 1, shuffled, now))
            stands = listed(store.connection, WantedEvents(), 1000)
            found = [
                (e.kind, e.start, e.end, [(s.severity, s.time, s.value) for s in e.steps], e.peak, e.more)
                for e in stands
                if e.series
            ]
            assert sorted(found, key=repr) == sorted((one for rule in RULES for one in whole(rule, rows)), key=repr)
            assert sorted((e.start, e.end) for e in stands if e.kind == "device_silent") == sorted(
                silences(rows, now), key=lambda pair: pair[0]
            )
            told = [event.changed for event in listed(store.connection, WantedEvents(states=()), 1000)]
            assert len(set(told)) == len(told), "each change has a place of its own"


@settings(max_examples=20, deadline=None)
@given(noise=st.lists(st.floats(-0.04, 0.04), min_size=30, max_size=60), around=st.sampled_from([2.75, 2.8, 2.85]))
def test_flapping_is_impossible(noise, around):
    """A water that stands at a level and shakes by less than the hysteresis makes one event at most."""
    told = {"watch": 2.8, "warning": 3.2, "hysteresis": 0.1}
    times = [at * 5 * MINUTE for at in range(len(noise))]
    values = [round(around + each, 3) for each in noise]
    (level,) = thresholds.read({"water_level": told})["water_level"]
    assert len(starts(level, times, values)) <= 1


def starts(rule, times, values):
    machine, found = Machine(), set()
    for at in range(len(times)):
        episode = derive.step(machine, rule, times, values, at)
        if episode is not None:
            found.add(episode.start)
    return found


def uneasy_rule():
    """A forecast of levels with a hysteresis of ten centimetres."""
    told = {
        "level": {"watch": 2.8, "warning": 3.2, "hysteresis": 0.1},
        "rising": {"take": "crossing", "over": "1h", "watch": 2, "for": 600},
    }
    return next(rule for rule in thresholds.read({"water_level": told})["water_level"] if rule.take)


def uneasy(around, noise):
    """Starts of what is foretold of a water that shakes around a height: values of five minutes."""
    return sorted(
        starts(uneasy_rule(), [at * 5 * MINUTE for at in range(len(noise))], [round(around + each, 3) for each in noise])
    )


@settings(max_examples=40, deadline=None)
@given(
    noise=st.lists(st.floats(0, 0.0165), min_size=13, max_size=60), below=st.floats(-0.02, 0.3), tops=st.integers(1, 20),
    steps=st.lists(st.integers(1, 12), min_size=60, max_size=60),
)  # fmt: skip
def test_shaking_by_less_than_a_sixth_of_the_hysteresis_foretells_nothing(noise, below, tops, steps):
    """Whatever shape it has, whenever it is told and however near the level: a line that reaches it within two hours climbs more than that."""
    rule = uneasy_rule()
    shaken = [0.0165 if each > 0.008 else 0.0 for each in noise] if tops % 2 else noise
    times = [sum(steps[: at + 1]) * MINUTE for at in range(len(noise))]
    for each in (shaken, [(at % tops) / tops * 0.0165 for at in range(len(noise))]):
        assert not starts(rule, times, [2.8 - below - 0.0165 + up for up in each])


def test_a_wave_under_a_level_was_foretold_again_and_again():
    """The same shaking without the room that the level's hysteresis gives: what the rule is for."""
    wave = [2.79 - 0.016 * (at // 8 % 2) for at in range(288)]
    times = [at * 5 * MINUTE for at in range(len(wave))]
    assert len(starts(replace(uneasy_rule(), room=0.0), times, wave)) > 5
    assert not starts(uneasy_rule(), times, wave)


@settings(max_examples=30, deadline=None)
@given(
    noise=st.lists(st.floats(-0.04, 0.04), min_size=30, max_size=60), around=st.sampled_from([2.65, 2.7, 2.75, 2.8, 3.1, 3.15])
)
def test_noise_foretells_once_an_hour_at_most(noise, around):
    """Whatever four centimetres of waves do near a level, the next forecast begins an hour after the last at the soonest."""
    found = uneasy(around, noise)
    assert all(other - one >= 60 * MINUTE for one, other in pairwise(found))


def test_waves_foretell_nearly_nothing():
    """Four days of waves of four centimetres, each below a level by another height: not one forecast a day."""
    chance = random.Random(3)
    days = [uneasy(around, [chance.uniform(-0.04, 0.04) for _ in range(288)]) for around in (2.65, 2.7, 2.75, 3.1)]
    assert sum(map(len, days)) < len(days)
