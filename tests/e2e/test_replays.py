"""Replays of real traffic and of recordings end with exactly their content in the store."""

import csv

import pytest

from sensing.model import QualityReason
from sensing.times import rfc3339
from simulators.replay import found
from tests.e2e.storm_house import (
    _decoded,
    _told,
    replayed,
    rows,
)

_MISSING = list(QualityReason).index(QualityReason.MISSING)


def test_the_river_replays_exactly(house):
    """Every stage and flow of the flood is stored, each once, with its own value and time, and nothing else."""
    run = replayed(house, "river_deadrun_2018-06_5min")
    with found("river_deadrun_2018-06_5min").open() as lines:
        series = list(csv.DictReader(lines))
    wanted = {("water_level", row["time_utc"]): float(row["stage_m"]) for row in series}
    wanted |= {("flow_rate", row["time_utc"]): float(row["discharge_cfs"]) * 0.028316846592 for row in series}
    got = {(name, rfc3339(time)): result for _, name, _, _, time, _, result, *_ in rows(house, run)}
    assert len(rows(house, run)) == len(wanted) == 17_856
    assert got.keys() == wanted.keys()
    assert max(abs(got[key] - value) for key, value in wanted.items()) < 1e-9


def test_the_harbour_replays_exactly(house):
    """Every position, speed, course and heading that pyais reads in the capture is stored at its message's second, and no other."""
    run = replayed(house, "ais_capture_merrimac_gofree")
    wanted = {}
    for number, fields in enumerate(_decoded(found("ais_capture_merrimac_gofree").read_bytes().splitlines())):
        wanted |= {(f"mmsi-{fields['mmsi']}", name, number): value for name, value in _told(fields)}
    begin = 1_780_272_000
    got = {}
    for thing, name, _, _, time, _, result, lon, lat, _, _, reason, _ in rows(house, run):
        if name in ("position", "speed_over_ground", "course_over_ground", "heading") and reason != _MISSING:
            got[thing, name, time // 1_000_000 - begin] = (lon, lat) if name == "position" else result
    assert len(wanted) > 3_000
    assert got.keys() == wanted.keys()
    assert not [key for key, value in wanted.items() if got[key] != pytest.approx(value, abs=1e-6)]


def test_a_recording_of_a_run_replays_to_the_same(house, surge, tmp_path):
    """What `record` takes from the log of a storm replays, as another run, to the same rows but for what it was marked with."""
    run, kept = surge[0]["run"], tmp_path / "run.zst"
    assert house.json("record", kept, "--run", run)["frames"] > 0
    again = house.json("replay", kept, "--speed", "max")["run"]
    assert rows(house, again) == rows(house, run)
