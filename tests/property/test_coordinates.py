from hypothesis import given
from hypothesis import strategies as st

from sensing.coordinates import Crs, distance_m, from_wgs84, to_wgs84

points = st.tuples(st.floats(73.5, 135.0), st.floats(4.0, 53.5))


@given(points, st.sampled_from([Crs.GCJ02, Crs.BD09]))
def test_there_and_back(point, crs):
    """Anywhere in China the inverse finds the point again to a millimetre."""
    assert distance_m(point, to_wgs84(from_wgs84(point, crs), crs)) < 0.001


@given(points)
def test_shift_is_of_some_hundred_metres(point):
    """The shift never vanishes and never leaves the neighbourhood, so a forgotten system can be suspected."""
    assert 10 < distance_m(point, from_wgs84(point, Crs.GCJ02)) < 1_500
