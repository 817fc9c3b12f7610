"""The parts of the physics, each against what is known of it."""

import itertools
import math

import numpy as np
import pytest

from sensing.errors import ValidationError
from sensing.times import DAY, HOUR, MINUTE, SECOND
from simulators.story import Place, ground, land, open_story, rain, surge, tide, track, weather, wind
from simulators.story.memory import RainMemory
from simulators.story.sites import Sites

START = 1_790_000_017_000_000  # 2026-09-21T14:13:37Z
LAND = land.load()
BAY = LAND.coasts["gulangyu"]


# Tide


def turns(levels):
    return levels[1:-1][(np.diff(levels)[:-1] * np.diff(levels)[1:]) <= 0]


def test_the_tide_has_the_mean_and_range_of_xiamen():
    """Over 29 days: mean level 3.7 m, mean range 3.99 m, two tides a lunar day, inside the recorded extremes 0.06 and 7.77 m."""
    levels = tide.level(BAY, START + np.arange(29 * 240) * 6 * MINUTE)
    ranges = np.abs(np.diff(turns(levels)))
    assert levels.mean() == pytest.approx(3.70, abs=0.02)
    assert ranges.mean() == pytest.approx(3.99, abs=0.05)
    assert len(ranges) / 29 == pytest.approx(4 / 1.03505, rel=0.01)
    year = tide.level(BAY, START + np.arange(365 * 48) * 30 * MINUTE)
    assert 0.06 < year.min() < year.max() < 7.77


def test_springs_follow_new_and_full_moon():
    """In the mean of a year, ranges are largest one to three days after new and full moon (new moon 2026-09-11 03:27 UTC)."""
    new_moon, half_month = 1_789_097_220 * SECOND, int(14.765294 * DAY)
    steps = np.arange(-50, 51) * 15 * MINUTE
    by_day = [
        np.mean([np.abs(np.diff(turns(tide.level(BAY, new_moon + m * half_month + day * DAY + steps)))).max() for m in range(25)])
        for day in range(-7, 8)
    ]
    assert 1 <= int(np.argmax(by_day)) - 7 <= 3
    assert max(by_day) > 1.4 * min(by_day)


def test_the_tide_arrives_later_and_smaller_where_it_says():
    """A station has the bay's tide, scaled about its own mean and delayed."""
    place = land.replace(BAY, factor=0.5, delay_min=60.0, mean=2.0)
    times = np.array([START])
    assert tide.level(place, times + HOUR) - 2.0 == pytest.approx((tide.level(BAY, times) - BAY.mean) / 2)


# Wind


STORM = track.Track("made", tuple(track.Point(START + n * 6 * HOUR, 23.0 + n * 0.5, 119.0, 40.0, 950.0) for n in range(5)))


def around_it(km, bearings=72, at=START + 12 * HOUR):
    centre = STORM.at(np.array([at]))
    spots = []
    for bearing in np.linspace(0, 2 * math.pi, bearings, endpoint=False):
        lat = centre.lat[0] + km * math.cos(bearing) / 111.195
        spots.append(
            Place(lat, centre.lon[0] + km * math.sin(bearing) / 111.195 / math.cos(math.radians((lat + centre.lat[0]) / 2)))
        )
    return wind.vortex(STORM, Sites(LAND, spots), np.array([at]))


def test_the_strongest_wind_is_the_tracks_at_its_radius():
    """Somewhere on the ring of Rm it blows as the track says, and nowhere harder."""
    radius = float(around_it(10).radius[0])
    strongest = {
        km: float(np.hypot(v.east, v.north).max()) for km in (5, radius / 2, radius, 2 * radius, 300) for v in [around_it(km)]
    }
    assert strongest[radius] == pytest.approx(40.0, rel=0.02)
    assert max(strongest.values()) <= 41.0
    assert strongest[300] < 0.6 * strongest[radius]
    assert strongest[5] < 0.5 * strongest[radius]


def test_it_turns_to_the_left_inward_and_blows_harder_on_the_right():
    """Counter-clockwise, with 25 degrees of inflow outside, stronger on the right of a storm that goes north."""
    ring = around_it(100, 4)  # north, east, south, west of the centre
    east, north = ring.east[:, 0], ring.north[:, 0]
    assert north[1] > 15
    assert north[3] < -10
    assert east[0] < -10
    assert east[2] > 10
    assert east[1] < 0 < east[3]
    assert np.hypot(east[1], north[1]) > np.hypot(east[3], north[3]) + 1.0


def test_pressure_rises_from_the_centre_outward():
    """The well is deepest in the middle, there as deep as the track says, and shallow far out."""
    depths = [float(around_it(km).depth.mean()) for km in (1, 30, 60, 120, 400)]
    assert all(a > b for a, b in itertools.pairwise(depths))
    assert depths[0] == pytest.approx(float(wind.around(np.array([START + 12 * HOUR])).clip(*wind.STORMY)[0]) - 950, abs=0.5)
    assert depths[-1] < 0.15 * depths[0]


def test_land_slows_the_wind():
    """Open country inland has three quarters of the wind at sea."""
    sea, coast, hills = Sites(LAND, [Place(24.2, 119.0), Place(24.88, 118.925), Place(25.2, 117.2)]).friction
    assert sea > 0.99
    assert coast == pytest.approx(0.98, abs=0.02)
    assert hills == pytest.approx(0.73, abs=0.01)


# Rain


def test_the_mean_rain_is_r_cliper():
    """Averaged over all bearings, bands and asymmetry leave the published mean: 13.9 mm/h at most for 40 m/s, less inside and far out."""
    storm = around_it(39.3, 360)
    mean = rain.cliper(storm).mean()
    scale = 1 + (40 / 0.514444 / 0.93 - 35) / 33
    radius, most = 64.5 - 13 * scale, (-1.60 + 4.80 * scale) * 25.4 / 24
    at_most = rain.cliper(around_it(radius, 4)).mean()
    assert at_most == pytest.approx(most, rel=0.02)
    assert rain.cliper(around_it(5, 4)).mean() < at_most
    assert rain.cliper(around_it(250, 4)).mean() < 0.35 * at_most
    shaped = rain.cliper(storm) * rain._ahead(storm) * rain._bands(storm, 7, np.array([START + 12 * HOUR]))
    assert shaped.mean() == pytest.approx(mean, rel=0.08)
    assert shaped.max() > 1.3 * mean


def test_hills_take_more_rain_from_wind_that_climbs_them():
    """Windward of the Boping Range more falls than in its lee, in the same storm."""
    sites = Sites(LAND, [Place(24.68, 117.25), Place(24.82, 116.98)])
    wet = np.full((2, 1), 8.0)
    blowing = np.full((2, 1), -14.0), np.full((2, 1), 14.0)
    told = wet * rain._lee(sites, blowing) + rain._lifted(sites, blowing, wet)
    assert told[0, 0] > 1.3 * wet[0, 0]
    assert told[1, 0] < wet[1, 0]


def test_a_shower_crosses_the_country():
    """A shower passes one place after the other, by distance over speed."""
    cell = rain.cell(7, 160_000)
    middle = round((cell.at) * HOUR)
    times = middle + np.arange(-180, 181) * MINUTE
    on_way = [(cell.x + cell.east * h, cell.y + cell.north * h) for h in (0.0, 0.5)]
    places = [
        Place(ground.ORIGIN[0] + y / 111.195, ground.ORIGIN[1] + x / 111.195 / math.cos(math.radians(24.45))) for x, y in on_way
    ]
    here = Sites(LAND, places)
    assert (here.east[0], here.north[0]) == pytest.approx((cell.x, cell.y), abs=1e-3)
    told = rain.plum(7, here, times)
    assert told[0, 180] >= cell.peak
    assert told[1, 210] >= cell.peak


def test_what_fell_is_the_sum_of_what_rains():
    """rain_total is the integral of rain_rate, never falls, and is 0 before the begin; what is still wet dries."""
    memory = RainMemory(1, START, lambda times: np.where(times < START + 2 * HOUR, 6.0, 0.0)[None, :])
    wet = memory.at(np.array([START - HOUR, START + HOUR, START + 2 * HOUR, START + 90 * HOUR]))
    assert wet.total[0].tolist() == pytest.approx([0, 6, 12, 12])
    assert wet.soil[0, 3] < 1.5 < wet.soil[0, 2]
    back = memory.at(np.array([START + HOUR]))
    assert back.total[0, 0] == wet.total[0, 1]


def test_wind_from_the_sea_piles_it_up():
    """Onshore wind lifts the sea, offshore lowers it less, along the shore what lies on the right is lifted; a hectopascal is a centimetre."""
    coast = [LAND.coasts["gulangyu"]]
    sea = math.radians(coast[0].seaward)
    inward, outward, right, left = (
        (np.array([[-30 * math.sin(sea + turn)]]), np.array([[-30 * math.cos(sea + turn)]]))
        for turn in (0, math.pi, -math.pi / 2, math.pi / 2)
    )
    assert 0.3 < surge.setup(coast, *inward)[0, 0] < 2.5
    assert -0.5 * surge.setup(coast, *inward)[0, 0] < surge.setup(coast, *outward)[0, 0] < 0
    assert surge.setup(coast, *left)[0, 0] < 0 < surge.setup(coast, *right)[0, 0] < surge.setup(coast, *inward)[0, 0]
    assert surge.barometer(np.array([960.0]))[0] == pytest.approx(0.5)


def test_waves_grow_with_wind_fetch_and_depth():
    """Bretschneider: 20 m/s over 50 km of deep water make about 3.5 m; less wind, fetch or depth make less."""
    usual = surge.waves(np.array([50.0]), np.array([500.0]), np.array([[20.0]]))[0, 0]
    assert usual == pytest.approx(3.3, abs=0.5)
    for fetch, depth, speed in ((5.0, 500.0, 20.0), (50.0, 5.0, 20.0), (50.0, 500.0, 8.0)):
        assert surge.waves(np.array([fetch]), np.array([depth]), np.array([[speed]]))[0, 0] < 0.7 * usual


def test_rain_washes_the_air_and_wets_the_ground():
    """In Meranti particles fall to a few ug/m3, the ground fills up, and humidity goes to saturation."""
    story = open_story("meranti-2016")
    place = [Place(24.7, 118.1)]
    before, during = np.array([story.begin + HOUR]), np.array([story.begin + 26 * HOUR])
    for quantity, rises in (("pm2_5", False), ("soil_moisture", True), ("relative_humidity", True), ("sound_level", True)):
        assert (story.sample(quantity, place, during) > story.sample(quantity, place, before))[0, 0] == rises, quantity


def test_the_warmest_hour_is_in_the_afternoon():
    """Air is warmest between one and four, Beijing time, on a calm day; noise has its low at night."""
    story = open_story("calm-day")
    hours = story.begin + np.arange(24) * HOUR
    local = (np.arange(24) + 8) % 24
    assert 12 <= local[int(np.argmax(story.sample("air_temperature", [Place(24.5, 117.6)], hours)[0]))] <= 17
    assert weather.of_day(np.array([START // DAY * DAY + 6 * HOUR]), 14.0)[0] == pytest.approx(1.0)


# The land's files


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[[river]]\nid = 'a'\n", r"table \[\[river\]\] is unknown; use one of"),
        ("reach = 3\n", r"write \[\[reach\]\]"),
        ("[[drain]\n", "mend the file"),
        ("[[drain]]\nid = 'd'\ndepth = 3\n", "drain d: key depth is unknown"),
        ("[[drain]]\nid = 'd'\nlat = 'x'\n", "drain d: lat = 'x'"),
        ("[[drain]]\nid = 'd'\n", "drain d: missing .*area_km2"),
        ("[[ridge]]\nen = 'r'\n", "ridge r: missing"),
    ],
)
def test_a_bad_file_of_the_land_is_named(tmp_path, text, why):
    """File, table and remedy are told."""
    (tmp_path / "bad.toml").write_text(text, "utf-8")
    with pytest.raises(ValidationError, match=why):
        land.load(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('downstream = "zhangping"', 'downstream = "nowhere"', "downstream 'nowhere' is no reach"),
        ('lake = "nanyi"', 'lake = "nowhere"', "lake 'nowhere' is no lake"),
        ("area = 1000", "area = -1", "must be above 0"),
        ('id = "xinqiao"', 'id = "yanshi"', "reach yanshi is there twice"),
    ],
)
def test_rivers_that_do_not_fit_are_refused(tmp_path, old, new, why):
    """What a reach names must be there."""
    text = (land.config_dir() / "basins" / "jiulong.toml").read_text("utf-8")
    assert old in text
    (tmp_path / "jiulong.toml").write_text(text.replace(old, new), "utf-8")
    with pytest.raises(ValidationError, match=why):
        land.load(tmp_path)
