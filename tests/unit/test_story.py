"""The story as a whole: its scenarios, what it answers, and what it says to bad questions and files."""

import numpy as np
import pytest

from sensing.errors import UsageError, ValidationError
from sensing.times import DAY, HOUR, MINUTE, from_datetime, to_datetime
from simulators.story import QUANTITIES, Place, open_story, scenario
from simulators.story.land import load

TYPHOONS = ("meranti-2016", "dujuan-2015", "megi-2016", "gaemi-2024", "soudelor-2015")
PLACES = (
    Place(24.62, 117.68, 12.0, "reach:punan"),
    Place(24.515, 118.195, 0.0, "coast:wutong"),
    Place(24.483, 118.115, 5.0, "drain:lianban"),
    Place(24.80, 118.14, 80.0, "lake:tingxi"),
)
WATER = {"stage": 0, "discharge": 0, "ponding_depth": 2, "reservoir_level": 3}
LIKELY = {
    "air_pressure": (900, 1040), "wind_speed": (0, 70), "wind_direction": (0, 360), "wind_gust": (0, 100), "rain_rate": (0, 200),
    "rain_total": (0, 900), "air_temperature": (-2, 42), "relative_humidity": (20, 100), "tide": (-1, 8), "surge": (-1.5, 4),
    "sea_level": (-1, 9), "stage": (0, 20), "discharge": (0, 20_000), "reservoir_level": (60, 80), "ponding_depth": (0, 2),
    "soil_moisture": (10, 50), "wave_height": (0, 15), "pm2_5": (0.1, 200), "pm10": (0.1, 300), "so2": (0.05, 50), "no2": (0.1, 150),
    "o3": (0, 250), "co": (0, 3), "voc": (0, 1), "sound_level": (30, 100), "water_temperature": (5, 35),
}  # fmt: skip


def every(story, minutes=30):
    return np.arange(story.begin, story.end, minutes * MINUTE, dtype=np.int64)


@pytest.mark.parametrize("name", ["meranti-2016", "plum-rain", "calm-day"])
def test_every_quantity_is_told_and_likely(name):
    """A storm, showers and a calm day answer for every quantity, in the shape asked for, with values that the weather can have."""
    story = open_story(name)
    times = every(story, 90)[:32]
    for quantity in QUANTITIES:
        places = [PLACES[WATER[quantity]]] if quantity in WATER else PLACES
        values = story.sample(quantity, places, times)
        assert values.shape == (len(places), len(times)), quantity
        low, high = LIKELY[quantity]
        assert np.isfinite(values).all(), quantity
        assert low <= values.min() <= values.max() <= high, (quantity, values.min(), values.max())


def test_the_scenarios_are_there_and_named_in_two_languages():
    """Nine are shipped; a typhoon's window is 48 hours at least and holds its landfall, near where the track says it is."""
    assert {*TYPHOONS, "plum-rain", "spring-tide", "gulei-leak", "calm-day"} <= set(scenario.names())
    for name in scenario.names():
        told = scenario.load(name)
        assert told.zh
        assert told.en
        assert told.text_zh
        assert told.text_en
    for name in TYPHOONS:
        story = open_story(name)
        assert story.end - story.begin >= 2 * DAY
        assert story.begin < story.scenario.landfall < story.end
        assert abs(story.track.landfall() - story.scenario.landfall) <= 90 * MINUTE


def test_a_calm_day_alarms_nobody():
    """On the calm day no level of any water is reached, nor does the leak's day have a flood."""
    for name in ("calm-day", "gulei-leak"):
        story = open_story(name)
        for quantity, waters in (
            ("stage", story.land.reaches), ("sea_level", story.land.coasts), ("ponding_depth", story.land.drains),
            ("reservoir_level", story.land.lakes),
        ):  # fmt: skip
            watch = np.array([water.levels["watch"] for water in waters.values()])
            told = story.sample(quantity, [Place(w.lat, w.lon, water=w.ref) for w in waters.values()], every(story))
            assert (told.max(axis=1) < watch).all(), (name, quantity)


def test_a_spring_tide_floods_without_rain():
    """The sea passes its warning level and comes up low drains, and not a drop falls."""
    story = open_story("spring-tide")
    coasts, drains = story.land.coasts.values(), story.land.drains.values()
    sea = story.sample("sea_level", [Place(c.lat, c.lon, water=c.ref) for c in coasts], every(story, 10))
    above = sea.max(axis=1) - np.array([coast.levels["warning"] for coast in coasts])
    assert (above > 0).sum() >= 5
    ponds = story.sample("ponding_depth", [Place(d.lat, d.lon, water=d.ref) for d in drains], every(story, 10))
    assert (ponds.max(axis=1) > 0.1).sum() >= 2
    assert story.sample("rain_total", [Place(24.5, 118.1)], every(story)).max() == 0


def test_a_leak_is_smelt_down_the_wind_only():
    """VOC rises within three kilometres down the wind of the leak, after it began, and not up the wind."""
    story = open_story("gulei-leak")
    leak = story.scenario.leak
    times = np.arange(story.begin, story.end, 5 * MINUTE, dtype=np.int64)
    source = Place(leak.lat, leak.lon)
    bearing = np.radians(story.sample("wind_direction", [source], np.array([leak.begin + 2 * HOUR]))[0, 0])
    down, up = (Place(leak.lat - side * 0.018 * np.cos(bearing), leak.lon - side * 0.0197 * np.sin(bearing)) for side in (1, -1))
    voc = story.sample("voc", [down, up], times)
    during = (times >= leak.begin) & (times < leak.end + HOUR)
    assert voc[0, during].max() > 2.0
    assert voc[0, times < leak.begin].max() < 0.3
    assert voc[1].max() < 0.3


def test_a_tide_shut_drain_ponds_deeper():
    """The same rain stands deeper where the sea holds the outfall shut."""
    from simulators.story import drainage

    drain = load().drains["lianban"]
    rain = np.where(np.arange(48) < 24, 15.0, 0.0)[None, :]
    low, high = (drainage.ponding([drain], rain, np.full((1, 48), sea), 1 / 12) for sea in (2.0, drain.outfall_m + 0.9))
    assert high.max() > low.max() + 0.05
    assert high[0, -1] > low[0, -1]


def test_another_seed_is_another_story_of_the_same_storm():
    """Bands and cells of rain differ by seed; tide and track do not. The same seed gives the same numbers."""
    one, same, other = (open_story("megi-2016", seed) for seed in (1, 1, 2))
    times = every(one)
    for quantity, differs in (("rain_rate", True), ("tide", False), ("stage", True)):
        told = [story.sample(quantity, [PLACES[0 if quantity == "stage" else 1]], times) for story in (one, same, other)]
        assert (told[0] == told[1]).all()
        assert (told[0] != told[2]).any() == differs


def test_a_window_can_be_moved():
    """A demo begins now: the window moves, a leak with it, and a track stays where it is in time."""
    now = from_datetime(to_datetime(0).replace(year=2031))
    moved = open_story("gulei-leak", begin=now)
    still = open_story("gulei-leak")
    assert (moved.begin, moved.end - moved.begin) == (now, still.end - still.begin)
    assert moved.scenario.leak.begin - now == still.scenario.leak.begin - still.begin
    longer = open_story("plum-rain", begin=now, end=now + 9 * DAY)
    assert longer.end == now + 9 * DAY
    assert longer.sample("stage", [PLACES[0]], np.array([now + 8 * DAY])).shape == (1, 1)


def test_places_along_a_reach_have_its_share():
    """A gauge part of the way down carries part of the flow, a spot beside a hollow is shallower, and a sea without a name is the nearest."""
    story = open_story("meranti-2016")
    times = every(story)
    top, low, foot = (
        story.sample("discharge", [Place(24.6, 117.7, water=f"reach:punan{at}")], times)[0] for at in ("@0.1", "@0.7", "")
    )
    assert (top.mean() < low.mean() < foot.mean()) or (top.mean() > 0.8 * foot.mean())
    deep, beside = story.sample(
        "ponding_depth", [Place(24.5, 118.1, water="drain:lianban"), Place(24.5, 118.1, water="drain:lianban@0.5")], times
    )
    assert (beside <= deep).all()
    named, near = story.sample("sea_level", [PLACES[1], PLACES[1]._replace(water="")], times)
    assert (named == near).all()


@pytest.mark.parametrize(
    ("quantity", "water", "why"),
    [
        ("wind", "", "quantity 'wind' is unknown"),
        ("stage", "", "is on no reach"),
        ("stage", "reach:nowhere", "is on no reach"),
        ("ponding_depth", "coast:wutong", "is on no drain"),
        ("sea_level", "coast:nowhere", "is on no coast"),
        ("stage", "reach:punan@7", "share after @"),
        ("stage", "reach:punan@x", "share after @"),
    ],
)
def test_a_bad_question_is_answered_with_what_to_do(quantity, water, why):
    """Unknown quantities and waters are refused by name."""
    story = open_story("calm-day")
    with pytest.raises(UsageError, match=why):
        story.sample(quantity, [Place(24.5, 118.0, water=water)], np.array([story.begin]))


GOOD = 'zh = "一"\nen = "one"\nbegin = 2026-01-01T00:00:00Z\nend = 2026-01-02T00:00:00Z\n'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (GOOD + "begin = 3\n", "line 5"),
        (GOOD + "wnd_ms = 3\n", "line 5: key wnd_ms is unknown; keys are zh, en"),
        (GOOD + 'seed = "x"\n', "line 5: seed = 'x'"),
        (GOOD + "seed = 1.5\n", "line 5: seed = 1.5"),
        (GOOD + 'rain = "cats"\n', "line 5: rain = 'cats'; use one of typhoon, plum, none"),
        (GOOD + 'rain = "typhoon"\n', "without a track"),
        (GOOD + 'track = "no.csv"\n', "line 5: track no.csv: there is no such file"),
        (GOOD + "track = 4\n", "name a file"),
        (GOOD + "leak = 4\n", "write \\[leak\\]"),
        (GOOD + "[leak]\nlat = 24.0\n", "begin_h, end_h, lon, rate_kg_s is missing"),
        (GOOD + '[leak]\nlat = "a"\n', "line 6: leak: lat = 'a'"),
        (GOOD.replace('zh = "一"\n', ""), "zh is missing"),
        (GOOD.replace("2026-01-02", "2025-01-02"), "line 4: end is not after begin"),
        (GOOD.replace("00:00:00Z", "00:00:00"), "line 3: begin = 2026-01-01 00:00:00; write a time with its zone"),
    ],
)
def test_a_bad_scenario_names_its_line(tmp_path, text, why):
    """File, line and remedy are told; nothing is guessed."""
    path = tmp_path / "mine.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ValidationError, match=why) as found:
        open_story(str(path))
    assert str(path) in str(found.value)


def test_a_scenario_of_ones_own_is_played(tmp_path):
    """A file anywhere is a scenario; tables that are not the physics' own are handed on."""
    path = tmp_path / "mine.toml"
    path.write_text(GOOD + "[ships]\ncount = 3\n", "utf-8")
    story = open_story(str(path), 5)
    assert (story.scenario.name, story.seed, story.scenario.more["ships"]) == ("mine", 5, {"count": 3})
    with pytest.raises(UsageError, match="take one of"):
        open_story("no-such-storm")
    with pytest.raises(UsageError, match="give the path"):
        open_story(str(tmp_path / "none.toml"))


def test_much_is_told_in_parts(monkeypatch):
    """More places than are reckoned at once have the same numbers as each alone."""
    from simulators.story import tell

    story = open_story("meranti-2016")
    places = [Place(24.0 + 0.01 * n, 117.5 + 0.01 * n) for n in range(40)]
    times = every(story)
    whole = story.sample("rain_rate", places, times)
    monkeypatch.setattr(tell, "PLACES_AT_ONCE", 7)
    monkeypatch.setattr(tell, "VALUES_AT_ONCE", 50)
    assert (story.sample("rain_rate", places, times) == whole).all()
