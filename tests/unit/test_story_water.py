"""What rain becomes: runoff, rivers, reservoirs and their stages, each against what is known of it."""

import numpy as np
import pytest

from sensing.errors import ValidationError
from simulators.story import land, runoff

LAND = land.load()
REACH = land.Reach(
    id="one", zh="一", en="one", county="350602", lat=24.5, lon=117.6, area=360.0, centroid=(24.5, 117.6), lag_h=1.0, k_h=1.5, n=3,
    bankfull_m3s=400, bankfull_m=4.0,
)  # fmt: skip
STEP_H = 1 / 12


def test_the_unit_hydrograph_is_nashs():
    """A short pulse comes out as Nash's gamma density: its middle lag + n k after, its peak lag + (n - 1) k after, all of it."""
    pulse = np.zeros((1, 12 * 60))
    pulse[0, :12] = 50.0
    out, stored = runoff.cascade([REACH], pulse, STEP_H)
    hours = (np.arange(out.shape[1]) + 0.5) * STEP_H
    assert out.sum() + stored / 300 == pytest.approx(pulse.sum())
    assert (out[0] * hours).sum() / out.sum() == pytest.approx(0.5 + 1.0 + 4.5, rel=0.01)
    assert hours[int(np.argmax(out))] == pytest.approx(0.5 + 1.0 + 3.0, abs=0.2)
    since = np.maximum(hours - 1.5, 0)
    density = since**2 * np.exp(-since / 1.5) / (1.5**3 * 2)
    assert out[0] / 50.0 == pytest.approx(density, abs=0.012)


def test_muskingum_delays_and_keeps_all():
    """A flood passes a reach in its travel time, lower and longer, and no water is lost."""
    hours = np.arange(12 * 72) * STEP_H
    flood = 100 * np.exp(-0.5 * ((hours - 15) / 4) ** 2)
    out, held = runoff.muskingum(flood, 5.0, 0.2, STEP_H)
    assert (out * hours).sum() / out.sum() - (flood * hours).sum() / flood.sum() == pytest.approx(5.0, rel=0.02)
    assert 80 < out.max() < 100
    assert out.min() > -0.01
    assert out.sum() * 300 + held == pytest.approx(flood.sum() * 300, rel=1e-3)


def test_a_reservoir_holds_a_flood_back_and_spills():
    """Below the crest it keeps what comes beyond its release, above it spills by the weir, and its level tells what it holds."""
    lake = land.Lake(
        id="l", zh="湖", en="lake", county="350602", lat=24.5, lon=117.6, surface_km2=3.0, crest_m=70.0, width_m=30.0, floor_m=50.0,
        start_m=69.0, release_m3s=5.0,
    )  # fmt: skip
    hours = np.arange(12 * 48) * STEP_H
    flood = 300 * np.exp(-0.5 * ((hours - 12) / 3) ** 2)
    out, levels, gained = runoff.pool(lake, flood, 5.0, STEP_H)
    assert out[: 12 * 5].max() < 1
    assert out.max() < 0.8 * flood.max()
    assert int(np.argmax(out)) > int(np.argmax(flood))
    assert levels.max() > 70.0
    assert 1.7 * 30 * (levels.max() - 70) ** 1.5 == pytest.approx(out.max(), rel=0.02)
    assert (flood - out).sum() * 300 == pytest.approx(gained, rel=1e-6)


def test_dry_ground_drinks_first():
    """Nothing runs off of the first 18 mm nor of 2 mm/h, and a dry week makes the ground thirsty again."""
    showers = np.zeros((1, 12 * 24 * 8))
    for day in (0, 1, 7):
        showers[0, day * 288 : day * 288 + 24] = 12.0
    ran = runoff.after_loss([REACH], showers, STEP_H)[0] * STEP_H
    first, next_day, week_later = (ran[day * 288 : (day + 1) * 288].sum() for day in (0, 1, 7))
    assert first == pytest.approx(24 - 18 - 1.0, abs=0.1)
    assert next_day > week_later > 0


def test_rivers_flow_to_the_sea_and_nowhere_else():
    """Every reach has a way to a mouth, areas add up to the Jiulong's 9,400 and 3,800 km2, and a circle is refused."""
    assert runoff.whole_area(LAND, "jiangdong") == 9400
    assert runoff.whole_area(LAND, "xixi-barrage") == 3800
    assert len(LAND.reaches) >= 12
    order = [reach.id for reach in land.downstream_order(LAND.reaches)]
    assert sorted(order) == sorted(LAND.reaches)
    circle = {"a": land.replace(REACH, id="a", downstream="b"), "b": land.replace(REACH, id="b", downstream="a")}
    with pytest.raises(ValidationError, match="a, b flow in a circle"):
        land.downstream_order(circle)


def test_a_rating_rises_with_the_flow():
    """Bankfull flow fills the banks; more flow is more stage; a gauge upstream has a smaller channel."""
    stages = runoff.stage(REACH, np.array([10.0, 100.0, 400.0, 900.0]))
    assert (np.diff(stages) > 0).all()
    assert stages[2] == pytest.approx(4.0)
    assert runoff.stage(REACH, np.array([100.0]), 0.25)[0] > stages[1]
