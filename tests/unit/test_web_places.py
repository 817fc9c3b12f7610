"""Places of the map: the coast in steps, the storm of a run with the reach of its winds, harbours; and the files that the map's page is made of."""

import gzip
import itertools
import json
import re

import numpy as np
import pytest

from sensing import times
from sensing.access import Role
from sensing.maritime.storms import Point, between, reach_km, read
from sensing.paths import config_dir
from sensing.web.assets import STATIC
from sensing.web.coastline import STEP, told
from sensing.web.shells import SHELLS, made
from sensing.web.track import FORCES
from simulators.story import track as story_track
from tests.house import TESTER, House

MERANTI = config_dir() / "tracks" / "meranti-2016.csv"
MOST_COAST = 140_000


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    found = House(tmp_path_factory.mktemp("data"))
    yield found
    found.close()


def square(west, south, side):
    return [[west, south], [west + side, south], [west + side, south + side], [west, south + side], [west, south]]


def places(steps):
    """The points of a ring in steps, degrees."""
    x = y = 0
    for at in range(0, len(steps), 2):
        x, y = x + steps[at], y + steps[at + 1]
        yield x * STEP, y * STEP


def test_a_ring_comes_back_from_its_steps():
    """Each point of the coast stands where the file has it, to half a step; islands smaller than a step are gone."""
    ring, islet = square(118.0, 24.0, 0.25), square(119.0, 24.0, STEP / 10)
    found = told([{"geometry": {"type": "MultiPolygon", "coordinates": [[ring], [islet]]}}])
    assert len(found["rings"]) == 1
    for (lon, lat), (wanted_lon, wanted_lat) in zip(places(found["rings"][0]), ring, strict=True):
        assert lon == pytest.approx(wanted_lon, abs=STEP / 2)
        assert lat == pytest.approx(wanted_lat, abs=STEP / 2)
    assert found["box"] == [118.0, 24.0, 118.25, 24.25]
    assert told([])["box"] == [0.0, 0.0, 0.0, 0.0]


async def test_the_coast_is_small_named_and_asked_for_once(house):
    """It says whose it is, keeps the licence apart, fits into its allowance, and a browser that has it gets 304."""
    async with house.client(Role.VIEWER) as client:
        answer = await client.get("/api/places/coast", headers={"accept-encoding": "gzip"})
        again = await client.get(
            "/api/places/coast", headers={"accept-encoding": "gzip", "if-none-match": answer.headers["etag"]}
        )
    assert answer.status_code == 200
    assert again.status_code == 304
    found = answer.json()
    assert "LGPL" in found["notice"]["zh"]
    assert "LGPL" in found["notice"]["en"]
    assert (config_dir() / "coast" / "COPYING.LESSER").is_file()
    assert len(gzip.compress(answer.content)) <= MOST_COAST
    west, south, east, north = found["box"]
    assert west < 117.2
    assert east > 119
    assert south < 23.6
    assert north > 25
    assert sum(len(ring) for ring in found["rings"]) > 20_000


async def test_a_run_of_a_storm_has_its_track_and_others_have_none(house):
    """The track belongs to the run that is named after its scenario: live data, replays, and names of no scenario have none."""
    for run, origin, name in (
        ("meranti-1", "simulated", "meranti-2016"), ("plum-1", "simulated", "plum-rain"), ("replay-1", "replayed", "meranti-2016"),
        ("odd-1", "simulated", "../../etc/passwd"),
    ):  # fmt: skip
        house.registry.start_run(run, origin=origin, name=name, actor=TESTER)
    found = await house.ask("GET", "/api/places/track?run=meranti-1", role=Role.VIEWER)
    assert found["storm"] == "meranti-2016"
    assert found["name"]["zh"].startswith("莫兰蒂")
    assert found["landfall"] == times.parse_instant("2016-09-14T19:00:00Z") // 1000
    instants = [point["time"] for point in found["points"]]
    assert instants == sorted(set(instants))
    assert max(b - a for a, b in itertools.pairwise(instants)) == 30 * 60_000
    for run in ("plum-1", "replay-1", "odd-1", "nobody", "live"):
        assert (await house.ask("GET", f"/api/places/track?run={run}", role=Role.VIEWER))["points"] == []
    assert (await house.ask("GET", "/api/places/track", role=Role.VIEWER))["points"] == []


def test_the_storm_on_the_map_goes_where_the_simulated_one_goes():
    """Between the points of its track the map's storm is within 5 km, 3 hPa and 2.5 m/s of the one that the gauges feel."""
    felt = story_track.load(MERANTI)
    shown = between(read(MERANTI.read_text("utf-8")))
    for point in shown[:: len(shown) // 40]:
        there = felt.at(np.array([point.time]))
        assert abs(there.lat[0] - point.lat) < 0.045
        assert abs(there.lon[0] - point.lon) < 0.05
        assert abs(there.pressure[0] - point.pressure) < 3
        assert abs(there.wind[0] - point.wind) < 2.5


def test_winds_reach_less_far_the_stronger_they_are():
    """Radii are nested, grow with the storm, are zero where no wind is that strong, and a strong typhoon's are hundreds of kilometres at most."""
    strong, weak = Point(0, 121.0, 21.0, 59.0, 900.0), Point(0, 117.0, 26.0, 15.0, 1000.0)
    r7, r10, r12 = (reach_km(strong, FORCES[name]) for name in ("r7", "r10", "r12"))
    assert 600 > r7 > r10 > r12 > 50
    assert reach_km(weak, FORCES["r7"]) > 0
    assert reach_km(weak, FORCES["r10"]) == 0


def test_a_track_with_holes_is_read_as_far_as_it_goes():
    """Lines without a place or a time are left out; winds of one minute become those of ten, and a missing pressure follows from the wind."""
    text = "time,lat,lon,usa_wind\n2016-09-14 00:00:00,22,119,100\n2016-09-14 06:00:00,,,\nsoon,23,118,90\n2016-09-14 12:00:00,24,118,80\n"
    one, two = read(text)
    assert one.wind == pytest.approx(100 * 0.514444 * 0.93)
    assert two.time - one.time == 12 * times.HOUR
    assert 930 < one.pressure < two.pressure < 1010


@pytest.mark.parametrize("page", sorted(SHELLS))
def test_every_module_of_a_page_is_asked_for_at_once(page):
    """The shell preloads each module that the page imports, however deep, and nothing that is not there: one round trip, not eight."""
    found, waiting = set(), [f"js/pages/{page}.js"]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        others = re.findall(r'(?:from|import)\s+"(\.[^"]+)"', (STATIC / name).read_text("utf-8"))
        waiting += [(STATIC / name).parent.joinpath(other).resolve().relative_to(STATIC).as_posix() for other in others]
    shell = made(page, lambda name: (STATIC / name).read_text("utf-8"))
    assert sorted(re.findall(r'rel="modulepreload" href="/static/([^"]+)"', shell)) == sorted(found - {f"js/pages/{page}.js"})
    assert "<!--" not in shell


def test_every_word_of_the_map_is_in_both_languages():
    """Keys that the map's scripts use are in the catalogue."""
    from sensing.web.wording import catalogue

    known = set(json.loads(catalogue().plain))
    scripts = [
        *STATIC.glob("js/map/*.js"),
        *(STATIC / "js" / folder for folder in ("pages/map.js", "panels/timeline.js", "panels/legend.js")),
    ]
    scripts += [STATIC / "js" / "panels" / name for name in ("layers.js", "leeward.js")]
    used = {
        key
        for path in scripts
        for key in re.findall(r'(?:\bt\(|[tT]: |words: |Label: |Title: )"(map\.[a-z_0-9]+)"', path.read_text("utf-8"))
    }
    assert len(used) > 30
    assert used <= known
