"""The physical checks hold for the shipped storms and for tracks that nothing was tuned on, and they can fail."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from sensing.paths import config_dir
from simulators.story import Place, checks, open_story

SHIPPED = ("meranti-2016", "dujuan-2015", "megi-2016", "gaemi-2024", "soudelor-2015")
HELD_OUT = Path(__file__).parents[1] / "data" / "tracks"
SHIFTS = {
    "meranti south": ("meranti-2016", -0.7, -0.8, 1.0),
    "soudelor south": ("soudelor-2015", -0.9, -0.3, 1.0),
    "megi weak": ("megi-2016", -0.4, 0.1, 0.75),
}


def failures(story):
    found = checks.checks(story)
    names = {check.name for check in found}
    assert {"pressure at closest approach", "surge is highest while the storm is nearest", "rain = lost + stored + out"} <= names
    assert any("wind" in name for name in names)
    return [str(check) for check in found if not check.passed]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_storm_is_physical(name):
    """Pressure within 15 hPa and wind within 25 % at the nearest coast station, surge at landfall, rivers after rain, no water lost."""
    assert not failures(open_story(name))


@pytest.mark.parametrize("name", ["nepartak-2016", "saomai-2006"])
def test_a_storm_from_outside_is_physical(name):
    """Tracks typed in after the physics stood."""
    assert not failures(open_story("meranti-2016", 11, track=HELD_OUT / f"{name}.csv"))


@pytest.mark.parametrize("name", sorted(SHIFTS))
def test_a_shifted_storm_is_physical(tmp_path, name):
    """The same storms elsewhere, or weaker: nothing is fitted to where they went."""
    base, north, east, strength = SHIFTS[name]
    lines = (config_dir() / "tracks" / f"{base}.csv").read_text("utf-8").splitlines()
    out = [lines[0]]
    for line in lines[1:]:
        cells = line.split(",")
        cells[2], cells[3] = f"{float(cells[2]) + north:.2f}", f"{float(cells[3]) + east:.2f}"
        cells[4] = cells[4] and f"{float(cells[4]) * strength:.1f}"
        cells[5] = cells[5] and f"{1010 - (1010 - float(cells[5])) * strength**2:.1f}"
        out.append(",".join(cells[:6]))
    path = tmp_path / "shifted.csv"
    path.write_text("\n".join([",".join(out[0].split(",")[:6]), *out[1:]]), "utf-8")
    assert not failures(open_story(base, 3, track=path))


def test_rain_without_a_storm_balances_too():
    """A week of plum rains: gauges follow it, and no water is lost."""
    found = checks.checks(open_story("plum-rain"))
    assert sum(check.name == "flow follows rain" for check in found) >= 8
    assert not [str(check) for check in found if not check.passed]


@cache
def megi():
    return open_story("megi-2016")


class Wrong:
    """A story that tells one quantity wrongly."""

    def __init__(self, story, quantity, change):
        self._story, self._quantity, self._change = story, quantity, change

    def __getattr__(self, name):
        return getattr(self._story, name)

    def sample(self, quantity, places, times):
        values = self._story.sample(quantity, places, times)
        return self._change(values) if quantity == self._quantity else values


@pytest.mark.parametrize(
    ("quantity", "change", "caught"),
    [
        ("air_pressure", lambda v: v + 16, "pressure at closest approach"),
        ("wind_speed", lambda v: v * 0.5, "wind"),
        ("sea_level", lambda v: v + np.linspace(0, 2, v.shape[1]), "surge"),
        ("discharge", lambda v: v * 1.1, "rain = lost"),
        ("discharge", lambda v: np.roll(v, 48, axis=1), "flow follows rain"),
        ("rain_rate", lambda v: v * 1.05, "rain = lost"),
    ],
)
def test_the_checks_catch_what_is_wrong(quantity, change, caught):
    """A story that is planted wrong fails the check that is meant for it."""
    story = Wrong(megi(), quantity, change)
    assert any(caught in check.name for check in checks.checks(story) if not check.passed)


def test_pressure_falls_as_the_storm_comes():
    """In Xiamen the barometer is lowest within the hour in which Meranti is nearest, and stands high half a day before and after."""
    story = open_story("meranti-2016")
    passage = checks.nearest_passage(story)
    hour = 3_600_000_000
    times = passage.time + np.arange(-12, 13) * hour
    told = story.sample("air_pressure", [Place(passage.coast.lat, passage.coast.lon)], times)[0]
    assert abs(int(np.argmin(told)) - 12) <= 1
    assert min(told[0], told[-1]) > told.min() + 25
