"""How the city speaks: reproducible to the byte, in order, and by the rules of its protocols."""

import hashlib
import itertools
import os
import subprocess
import sys

import numpy as np
import pytest

from adapters import sl651
from sensing.model import Context
from sensing.times import DAY, HOUR, MINUTE, SECOND
from simulators.city import build_city, chance, hydro, measures
from simulators.city.wires import Wire, column
from simulators.story import open_story

STORY = open_story("plum-rain", seed=7)
START = STORY.begin // HOUR * HOUR + 30 * HOUR
DIGEST = """
import sys
from tests.unit.test_city_speech import START, STORY, HOUR, build_city, digest
print(digest(build_city(STORY, 7, 44), (START, START + HOUR)))
"""


def digest(city, *windows):
    found = hashlib.sha256()
    for begin, end in windows:
        for saying in city.sayings(begin, end):
            found.update(f"{saying.time} {saying.device.id} ".encode() + city.encode(saying))
    return found.hexdigest()


class Rain:
    """A fake story: a storm of rain, and water that rises `rise` m an hour."""

    def __init__(self, rise=0.0, rate=30.0, begin=START - DAY):
        self.begin, self.rise, self.rate = begin, rise, rate

    def sample(self, quantity, places, times):
        hours = (times - self.begin) / HOUR
        steady = {"rain_rate": self.rate + 0 * hours, "rain_total": self.rate * hours, "stage": 2 + self.rise * hours}
        return np.tile(steady.get(quantity, np.full(len(times), 5.0)), (len(places), 1))


# The same seed, the same bytes


def test_the_same_seed_gives_the_same_bytes():
    """An hour asked for twice, in windows that cut it, of another city, and by another process with other hashes: one digest."""
    whole = digest(build_city(STORY, 7, 44), (START, START + HOUR))
    city = build_city(STORY, 7, 44)
    cuts = [START, START + 7 * MINUTE, START + 7 * MINUTE + 12_345_678, START + 31 * MINUTE, START + HOUR]
    list(city.sayings(START + HOUR, START + HOUR + MINUTE))
    assert digest(city, *itertools.pairwise(cuts)) == whole
    large = build_city(STORY, 7, 44)
    large.block = 10 * MINUTE  # as a large city is asked
    assert digest(large, (START, START + HOUR)) == whole
    other = subprocess.run(
        [sys.executable, "-c", DIGEST], capture_output=True, text=True, check=True, env={**os.environ, "PYTHONHASHSEED": "12345"}
    )
    assert other.stdout.strip() == whole
    assert digest(build_city(STORY, 8, 44), (START, START + HOUR)) != whole


def test_messages_come_in_order_and_windows_meet():
    """Times never go back, windows leave out nothing and repeat nothing, and nothing is said before the story begins."""
    city = build_city(STORY, 7, 44)
    two_hours = list(city.sayings(START, START + 2 * HOUR))
    assert all(a.time <= b.time for a, b in itertools.pairwise(two_hours))
    parts = [*city.sayings(START, START + 90 * MINUTE), *city.sayings(START + 90 * MINUTE, START + 2 * HOUR)]
    assert [(s.time, s.device.id, s.serial) for s in parts] == [(s.time, s.device.id, s.serial) for s in two_hours]
    early = list(city.sayings(STORY.begin - HOUR, STORY.begin + HOUR))
    assert early
    assert min(saying.time for saying in early) >= STORY.begin


def test_a_fault_cannot_change_what_is_said_next_time():
    """Changing a message's readings leaves the hour that it came from as it was."""
    city = build_city(STORY, 7, 40)
    window = (START, START + 10 * MINUTE)
    before = digest(city, window)
    for saying in city.sayings(*window):
        for reading in saying.readings:
            reading.value = 0
    assert digest(city, window) == before


def test_chance_belongs_to_device_use_and_time():
    """Draws are uniform between -1 and 1 and do not depend on what else is drawn."""
    keys, times = chance.device_keys(7, ["a", "b"]), np.arange(4_000) * MINUTE
    found = chance.draws(keys, "x", times)
    assert np.array_equal(found[1:, 5:], chance.draws(keys[1:], "x", times[5:]))
    assert not np.array_equal(found, chance.draws(keys, "y", times))
    assert found.min() >= -1
    assert found.max() < 1
    assert abs(found.mean()) < 0.03
    assert found.std() == pytest.approx(3**-0.5, rel=0.03)
    slow = chance.wander(keys, "x", np.arange(0, HOUR, MINUTE), 10 * MINUTE)
    assert np.abs(np.diff(slow)).max() <= 0.2


# SL 651


@pytest.fixture(scope="module")
def gauges():
    """Three hours of gauges on water that rises 1 m an hour in rain."""
    city = build_city(Rain(rise=1.0), 7, 60)
    return [s for s in city.sayings(START, START + 3 * HOUR) if s.device.adapter == "sl651"]


def test_a_rising_river_reports_out_of_turn(gauges):
    """While a river rises fast it reports every minute by 33H, level first; the tide never; a quiet river every five by 32H."""
    rivers = [s for s in gauges if s.device.id == "city-river-0001" and not s.control]
    assert {s.function for s in rivers} == {hydro.EXTRA, hydro.HOURLY}
    assert len(rivers) == 180
    assert all(s.readings[0].code == "39" for s in rivers if s.function == hydro.EXTRA)
    assert not any(s.function == hydro.EXTRA for s in gauges if s.device.kind in ("tide", "rain", "reservoir"))
    calm = build_city(Rain(), 7, 60)
    quiet = [s for s in calm.sayings(START, START + HOUR) if s.device.id == "city-river-0001" and not s.control]
    assert [s.function for s in quiet] == [hydro.HOURLY] + 11 * [hydro.TIMED]


def test_an_hourly_report_holds_twelve_values(gauges):
    """34H stands on the hour: rain and level of twelve slots, stated by the first, then what a timed report says."""
    hourly = next(s for s in gauges if s.function == hydro.HOURLY and s.device.kind == "river")
    codes = [reading.code for reading in hourly.readings]
    assert codes == 12 * ["F4"] + 12 * ["F5"] + ["39", "22", "20", "38"]
    hour = hourly.time // HOUR * HOUR
    assert [t.time for t in hourly.truth[:12]] == [hour - HOUR + n * 5 * MINUTE for n in range(1, 13)]


def test_lines_are_kept_alive(gauges):
    """One gauge of each gateway says so every five minutes; it is not answered, and its serial is the last report's."""
    alive = [s for s in gauges if s.control]
    gateways = {s.device.gateway for s in gauges}
    assert {s.device.gateway for s in alive} == gateways
    assert len({s.device.id for s in alive}) == len(gateways)
    assert len(alive) == 36 * len(gateways)
    city = build_city(Rain(rise=1.0), 7, 60)
    for saying in alive[:5]:
        found = sl651.decode(city.encode(saying), Context(saying.device.gateway, received=saying.time))
        assert not found.readings
        assert not found.replies


def test_every_report_is_owed_a_confirm(gauges):
    """Mode M2: the adapter answers each report; a serial does not come twice from one gauge."""
    city, seen = build_city(Rain(rise=1.0), 7, 60), set()
    for saying in [s for s in gauges if not s.control][::9]:
        found = sl651.decode(city.encode(saying), Context(saying.device.gateway, received=saying.time))
        assert found.replies
        assert (saying.device.id, saying.serial) not in seen
        seen.add((saying.device.id, saying.serial))


def test_the_bucket_counts_every_tip_once():
    """Five-minute sums add up to the rain since 08:00, which at 08:00 sharp is the whole day's, and starts anew after it."""
    city = build_city(Rain(rate=7.3, begin=START // DAY * DAY - DAY), 7, 60)
    morning = START // DAY * DAY
    told = {"22": {}, "20": {}}
    for saying in city.sayings(morning, morning + DAY + 10 * MINUTE):
        if saying.device.id == "city-rain-0001":
            for reading in saying.readings:
                if reading.code in told:
                    told[reading.code][reading.time] = reading.value
    parts = [told["22"][at] for at in range(morning + 5 * MINUTE, morning + DAY + 1, 5 * MINUTE)]
    assert sum(parts) == pytest.approx(told["20"][morning + DAY])
    assert sum(parts) == pytest.approx(7.3 * 24, rel=0.03)
    assert told["20"][morning + DAY + 5 * MINUTE] == told["22"][morning + DAY + 5 * MINUTE]
    assert all(part == pytest.approx(round(part / 0.5) * 0.5) for part in parts)


def test_a_bucket_cannot_tip_faster_than_a_slot_holds():
    """Rain beyond 25.4 mm in five minutes is said as that, in the hourly block as in the report."""
    city = build_city(Rain(rate=600.0), 7, 60)
    rain = [
        r for s in city.sayings(START, START + MINUTE) if s.device.kind == "rain" for r in s.readings if r.code in ("22", "F4")
    ]
    assert {reading.value for reading in rain} == {measures.BUCKET_MOST_MM}


def test_what_a_wire_cannot_say_is_said_as_its_limit():
    """Values are rounded to the wire's steps and cut at its limits, and the truth is what was written."""
    wire = Wire("distance", "distance_to_surface", "mm", 1000, 1, low=0.3, high=9.9)
    found = column(wire, np.array([[0.1, 1.23449, 12.0]]))
    assert found.values == [[300, 1234, 9900]]
    assert found.results == [[0.3, 1.234, 9.9]]


def test_somebody_may_watch_closely():
    """A city that is asked to report every minute does; hours and means stay what they are."""
    city = build_city(STORY, 7, 40, every_min=1)
    level = [s for s in city.sayings(START + MINUTE, START + 11 * MINUTE) if s.device.id == "city-tide-0001" and not s.control]
    assert len(level) == 10
    assert {(s.time - level[0].time) // SECOND for s in level} == {n * 60 for n in range(10)}
