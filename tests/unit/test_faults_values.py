"""Value and clock faults: what is said instead of the truth."""

import itertools
import json
from dataclasses import replace

import pytest

from sensing.model import Reading
from sensing.times import BEIJING, HOUR, MINUTE, to_datetime
from simulators.faults import Kind
from simulators.faults.book import book
from simulators.faults.kinds import BIT
from simulators.faults.values import pairs
from simulators.said import Saying, Truth
from simulators.truth_reader import TruthReader
from tests.storm_fleet import BEGIN, Fleet, payloads, play


def values(folder):
    """All rows of a truth."""
    return [row for batch in TruthReader(folder).values() for row in batch.to_pylist()]


def befallen(folder, kind):
    return [row for row in values(folder) if row["kinds"] >> BIT[kind] & 1]


@pytest.mark.parametrize("kind", ["spike", "stuck", "drift", "unit_flip", "sentinel", "clock_step", "clock_skew", "clock_unset"])
def test_the_truth_knows_what_was_said(tmp_path, kind):
    """Every changed value stands in the truth with its bit, and exactly that is on the wire; all others are said as they are."""
    frames, folder = play(tmp_path, f"{kind}=0.8", fleet=Fleet(6))
    assert befallen(folder, Kind(kind))
    told = sorted((row["device"], row["property"], row["said"], row["said_time"]) for row in values(folder))
    assert told == sorted((device, code, float(value), time) for device, code, value, time in payloads(frames))
    plain = [row for row in values(folder) if not row["kinds"]]
    assert all(row["said"] == row["result"] and row["said_time"] == row["time"] for row in plain)


def test_spikes_are_single_and_large(tmp_path):
    """A spike is one value of one property, at least the property's least spike away."""
    _, folder = play(tmp_path, "spike=1", fleet=Fleet(6))
    rows = befallen(folder, Kind.SPIKE)
    assert all(abs(row["said"] - row["result"]) >= book().sizes[row["property"]].spike - 0.01 for row in rows)
    at = sorted((row["device"], row["property"], row["time"]) for row in rows)
    assert all(b[2] - a[2] > 30 * MINUTE for a, b in itertools.pairwise(at) if a[:2] == b[:2])


def test_a_stuck_sensor_says_one_value(tmp_path):
    """Within an episode the first value is said again and again, for three hours at least."""
    _, folder = play(tmp_path, "stuck=1", fleet=Fleet(6))
    faults = TruthReader(folder).faults
    rows = befallen(folder, Kind.STUCK)
    for fault in faults:
        said = {row["said"] for row in rows if row["device"] == fault["victim"] and fault["from"] <= row["time"] < fault["to"]}
        assert len(said) == 1
        assert fault["to"] - fault["from"] >= 3 * HOUR


def test_drift_grows_at_its_rate(tmp_path):
    """The departure grows in proportion to time, at least as fast as the book says."""
    _, folder = play(tmp_path, "drift=1", hours=30, fleet=Fleet(5))
    drifting = befallen(folder, Kind.DRIFT)
    for fault in TruthReader(folder).faults:
        rows = [row for row in drifting if row["device"] == fault["victim"] and fault["from"] <= row["time"] < fault["to"]]
        last = rows[-1]
        hours = (last["time"] - fault["from"]) / HOUR
        rate = book().sizes[last["property"]].drift * fault["size"]
        if last["said"] > 0.01:  # a sensor that can say no less than nothing stops there
            assert abs(last["said"] - last["result"]) == pytest.approx(rate * hours, abs=0.06)
        assert fault["size"] >= 1


def test_sentinels_are_the_propertys_own_and_fit_the_wire(tmp_path):
    """What a wire cannot hold is not said; another of the property's sentinels is."""
    _, folder = play(tmp_path, "sentinel=1")
    said = {row["said"] for row in befallen(folder, Kind.SENTINEL)}
    assert said
    assert max(said) < 99_999.5
    assert said <= {-999.0, -999.9, -999.99, -9999.0, -99999.0, 9999.0, 9999.99, 99999.0}


def test_an_unset_clock_says_its_birthday(tmp_path):
    """Within an episode time runs on from 2000 or 1970, by whole minutes."""
    _, folder = play(tmp_path, "clock_unset=1")
    rows = befallen(folder, Kind.CLOCK_UNSET)
    assert {to_datetime(row["said_time"]).astimezone(BEIJING).year for row in rows} == {1970, 2000}
    assert not [row for row in rows if (row["said_time"] - row["time"]) % MINUTE]


def test_steps_are_whole_minutes_and_large_enough(tmp_path):
    """A stepped clock is half an hour ahead or two hours behind, at least, for its whole episode."""
    _, folder = play(tmp_path, "clock_step=1")
    steps = {row["said_time"] - row["time"] for row in befallen(folder, Kind.CLOCK_STEP)}
    assert all(step >= 30 * MINUTE or step <= -120 * MINUTE for step in steps)
    assert min(steps) < 0 < max(steps)


def test_a_sagging_battery_is_true_until_the_device_falls_silent(tmp_path):
    """Voltage sags, truly; then nothing is said for the second half."""
    frames, folder = play(tmp_path, "battery=1", hours=36, fleet=Fleet(5))
    sagging = [row for row in befallen(folder, Kind.BATTERY) if row["property"] == "supply_voltage" and not row["fate"]]
    silent = [row for row in befallen(folder, Kind.BATTERY) if row["fate"]]
    assert min(row["result"] for row in sagging) < 10
    assert all(row["said"] == row["result"] for row in sagging)
    assert silent
    heard = {(device, time) for device, _, _, time in payloads(frames)}
    assert not heard & {(row["device"], row["time"]) for row in silent}


def test_a_distance_changes_the_level_the_other_way():
    """What the store derives from a reading changes with it: more distance is less water; wire units are converted."""
    device = Fleet(1).devices[0]
    reading = Reading("N0", "distance", "distance_to_surface", 1500, "mm", time=BEGIN)
    truth = [Truth("distance_to_surface", "instant", "", None, BEGIN, 1.5), Truth("water_level", "instant", "", None, BEGIN, 2.5)]
    (pair,) = pairs(Saying(BEGIN, device, [reading], truth), "distance_to_surface")
    assert pair.truths == ((0, 1), (1, -1))
    assert not pairs(Saying(BEGIN, device, [reading, reading], truth), "distance_to_surface")


def test_the_wire_unit_is_reckoned_with(tmp_path):
    """A spike of a level that is told in millimetres is as large as one in metres."""

    class Millimetres(Fleet):
        def sayings(self, begin, end):
            for saying in super().sayings(begin, end):
                level, *rest = saying.readings
                wire = Reading(
                    level.native, level.code, level.property, round(level.value * 1000), "mm", time=level.time, sent=level.sent
                )
                yield replace(saying, readings=[wire, *rest])

        def encode(self, saying):
            return json.dumps([[saying.device.id, r.code, r.value, r.time] for r in saying.readings]).encode()

    _, folder = play(tmp_path, "spike=1", fleet=Millimetres(6))
    rows = [row for row in befallen(folder, Kind.SPIKE) if row["property"] == "water_level"]
    assert rows
    assert all(1.0 <= abs(row["said"] - row["result"]) + 0.001 <= 3.01 for row in rows)
