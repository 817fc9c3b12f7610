import pytest

from sensing.coordinates import Crs, distance_m, from_wgs84, in_china, to_wgs84

ZHANGZHOU = (117.6536, 24.5130)


def test_public_reference_points():
    """The forward shift is the one in public use: the point that coordtransform and gcoord show in their own tests."""
    assert from_wgs84((116.404, 39.915), Crs.GCJ02) == pytest.approx((116.41024449916938, 39.91640428150164), abs=1e-12)
    # coordtransform's GCJ-02 (116.404, 39.915) is BD-09 (116.41036949371029, 39.92133699351021)
    through = from_wgs84(to_wgs84((116.404, 39.915), Crs.GCJ02), Crs.BD09)
    assert through == pytest.approx((116.41036949371029, 39.92133699351021), abs=2e-9)


def test_zhangzhou_moves_by_586_m():
    """A mistaken system shows as a shift of some 586 m at Zhangzhou, 1.2 km for BD-09."""
    assert distance_m(ZHANGZHOU, from_wgs84(ZHANGZHOU, Crs.GCJ02)) == pytest.approx(586, abs=2)
    assert distance_m(ZHANGZHOU, from_wgs84(ZHANGZHOU, Crs.BD09)) == pytest.approx(1190, abs=5)


def test_wgs84_stays_as_it_is():
    assert to_wgs84((-71.05, 42.36), Crs.WGS84) == (-71.05, 42.36)
    assert from_wgs84((-71.05, 42.36), Crs.WGS84) == (-71.05, 42.36)


@pytest.mark.parametrize("turn", [to_wgs84, from_wgs84])
def test_chinese_systems_mean_nothing_abroad(turn):
    assert not in_china((-71.05, 42.36))
    with pytest.raises(ValueError, match="only defined in China"):
        turn((-71.05, 42.36), Crs.GCJ02)
