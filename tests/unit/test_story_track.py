"""Best tracks: what is read, what is filled in, and what is refused."""

from pathlib import Path

import numpy as np
import pytest

from sensing.errors import UsageError, ValidationError
from sensing.paths import config_dir
from sensing.times import HOUR, MINUTE, from_datetime, to_datetime
from simulators.story import open_story, track

HEAD = "sid,time,wmo_lat,wmo_lon,wmo_wind_kt_10min,wmo_pres_hpa,usa_lat,usa_lon,usa_status,usa_wind_kt_1min,usa_pres_hpa\n"
ROWS = "X,2016-09-14 12:00:00,23.4,119.0,85.0,940.0,,,,,\nX,2016-09-14 18:00:00,24.3,118.4,70.0,965.0,,,,,\nX,2016-09-15 00:00:00,25.2,117.6,55.0,980.0,,,,,\n"
TRACKS = sorted((config_dir() / "tracks").glob("*.csv"))
MADE = Path("made.csv")


def test_the_points_of_a_track_are_on_its_curve():
    """At its own times a track is where its file says, as strong as the WMO column says."""
    made = track.read(HEAD + ROWS, MADE)
    at = made.at(np.array([point.time for point in made.points]))
    assert at.lat.tolist() == pytest.approx([23.4, 24.3, 25.2])
    assert at.lon.tolist() == pytest.approx([119.0, 118.4, 117.6])
    assert at.pressure.tolist() == pytest.approx([940, 965, 980])
    assert at.wind[0] == pytest.approx(85 * 0.514444)


@pytest.mark.parametrize("path", TRACKS, ids=lambda path: path.stem)
def test_a_storm_moves_smoothly(path):
    """Between points no storm jumps, turns at a corner, or grows stronger than its file ever says; its stated way is where it goes."""
    made = track.load(path)
    times = np.arange(made.points[0].time, made.points[-1].time, 10 * MINUTE, dtype=np.int64)
    at = made.at(times)
    pace = np.hypot(np.diff(at.lat) * 111.2, np.diff(at.lon) * 111.2 * np.cos(np.radians(at.lat[1:]))) * 6
    assert pace.max() < 110
    assert np.abs(np.diff(pace)).max() < 3.0
    assert at.wind.max() <= max(point.wind for point in made.points) + 1e-9
    assert at.pressure.min() >= min(point.pressure for point in made.points) - 1e-9
    assert np.hypot(at.east, at.north)[1:] * 3.6 == pytest.approx(pace, abs=1.5)


def test_what_an_agency_left_out_is_filled_in():
    """Wind: from USA's minute mean x 0.93, else from pressure; pressure: from wind. Deeper is stronger."""
    rows = (
        "X,2016-01-01 00:00:00,20,120,,,20,120,TY,100,\n"
        "X,2016-01-01 06:00:00,20,121,,950,,,,,\n"
        "X,2016-01-01 12:00:00,20,122,,990,,,,,\n"
        "X,2016-01-01 18:00:00,20,123,,,,,,,\n"
    )
    usa, deep, shallow, none = track.read(HEAD + rows, MADE).points
    assert usa.wind == pytest.approx(100 * 0.514444 * 0.93)
    assert 940 < usa.pressure < 960
    assert deep.wind > shallow.wind > none.wind
    assert 1000 < none.pressure < 1010


def test_ibtracs_own_files_are_read():
    """Its names in capitals, its row of units and its blanks; and the date line is no jump."""
    text = (
        "SID,SEASON,ISO_TIME,LAT,LON,WMO_WIND,WMO_PRES,USA_WIND,USA_PRES\n ,Year,,degrees_north,degrees_east,kts,mb,kts,mb\n"
        "A,2016,2016-01-01 00:00:00,20.0,179.5,60, ,65,980\nA,2016,2016-01-01 03:00:00,20.1,-179.9, , , , \n"
    )
    made = track.read(text, MADE)
    assert len(made.points) == 2
    assert abs(made.points[1].lon - made.points[0].lon) == pytest.approx(0.6)
    assert made.points[0].pressure == 980


def test_a_storm_dies_away_outside_its_track():
    """It goes straight on and is gone after six hours."""
    made = track.read(HEAD + ROWS, MADE)
    last = made.points[-1].time
    at = made.at(np.array([last, last + 3 * HOUR, last + 7 * HOUR]))
    assert at.life.tolist() == pytest.approx([1.0, 0.5, 0.0])
    assert at.lat[1] > 25.2


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "line 1: there is no column time; name it time or iso_time"),
        ("time,lat\n", "there is no column lon"),
        (HEAD, "0 point"),
        (HEAD + ROWS.splitlines()[0], "1 point"),
        (HEAD + ROWS + "X,yesterday,25,117,,,,,,,\n", 'line 5, time "yesterday"; write'),
        (
            HEAD + ROWS + "X,2016-09-16 00:00:00,118.1,24.5,,,,,,,\n",
            'line 5, .*lat.* "118.1"; must be -60 to 60; lat and lon may be swapped',
        ),
        (HEAD + ROWS + "X,2016-09-16 00:00:00,,117,,,,,,,\n", "line 5, .*lat.*a point needs its place"),
        (HEAD + ROWS + "X,2016-09-16 00:00:00,25,117,strong,,,,,,\n", 'line 5, wmo_wind_kt_10min "strong"; write a number'),
        (HEAD + ROWS + "X,2016-09-16 00:00:00,25,117,30,2000,,,,,\n", 'line 5, wmo_pres_hpa "2000"; must be 800 to 1050'),
        (HEAD + ROWS + "X,2016-09-15 00:00:00,26,117,30,990,,,,,\n", "line 5: time 2016-09-15 00:00:00 is there twice"),
        (HEAD + ROWS + "Y,2016-09-16 00:00:00,26,117,30,990,,,,,\n", "2 storms: X, Y; cut the file to one sid"),
    ],
)
def test_a_bad_track_names_its_line_and_column(text, why):
    """File, line, column and remedy are told."""
    with pytest.raises(ValidationError, match=why) as found:
        track.read(text, MADE)
    assert "made.csv" in str(found.value)


def test_a_track_that_is_not_there_is_said():
    """A wrong path is the caller's."""
    with pytest.raises(UsageError, match="best track"):
        track.load(Path("none.csv"))


def test_a_brought_track_moves_the_window():
    """Another storm is played around its own nearest approach, two days at least."""
    story = open_story("meranti-2016", track=config_dir() / "tracks" / "dujuan-2015.csv")
    nearest, _ = story.track.nearest(24.48, 118.05)
    assert to_datetime(story.begin).year == 2015
    assert abs((story.begin + story.end) // 2 - nearest) <= HOUR
    assert story.end - story.begin >= 48 * HOUR
    assert abs(story.scenario.landfall - from_datetime(to_datetime(story.scenario.landfall))) == 0
