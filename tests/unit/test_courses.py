"""Jumps of ships and places off the water, by themselves."""

import numpy as np
import pytest

from sensing.checks import courses
from sensing.checks.courses import DOUBTED, JUMP, jumps
from sensing.maritime.afloat import Afloat
from sensing.times import HOUR, MINUTE, SECOND

AT = 1_500_000_000_000_000
A, B, C = (118.20, 24.30), (118.60, 24.10), (118.00, 23.60)


def codes(*places, step=MINUTE):
    times = AT + np.arange(len(places)) * step
    lons, lats = (np.array(column) + np.arange(len(places)) * 0.001 for column in zip(*places, strict=True))
    return jumps(times, lons, lats, 60.0).tolist()


@pytest.mark.parametrize(
    ("places", "found"),
    [
        ((A, A, B), [0, 0, DOUBTED]),
        ((A, A, B, A, A), [0, 0, JUMP, 0, 0]),
        ((A, A, B, B), [0, 0, 0, 0]),
        ((A, A, A, B, B, A, A, A), [0, 0, 0, JUMP, JUMP, 0, 0, 0]),
        ((A, A, B, C, A), [0, 0, DOUBTED, DOUBTED, DOUBTED]),
        ((A, B, A, B, A, B), [0] * 6),
        ((A, A, B, B, A, A, B, B, A, A), [0] * 10),
        ((A, B, B, B), [0, 0, 0, 0]),
    ],
)
def test_the_lone_one_is_doubted_and_not_what_stands_around_it(places, found):
    """Lone values and pairs that come back are jumps; a ship that stays away has moved; two ships under one number are none."""
    assert codes(*places) == found


def test_receivers_that_tell_seconds_apart_are_no_jump():
    """The same ship at 20 knots, told by two receivers whose times differ by half a minute; and what is an hour apart is not compared."""
    times = AT + np.array([0, 10, 11, 20, 21, 30]) * SECOND
    along = np.array([0, 30, -19, 40, -9, 50]) * 20 / 3600 / 60
    assert not jumps(times, 118.2 + along, np.full(6, 24.3), 60.0).any()
    assert codes(A, B, A, B, step=HOUR + SECOND) == [0, 0, 0, 0]


def test_the_date_line_is_no_jump():
    """179.99 east and 179.99 west are a mile apart."""
    times = AT + np.arange(4) * MINUTE
    assert not jumps(times, np.array([179.99, -179.995, 179.995, -179.99]), np.zeros(4), 60.0).any()


def test_the_quick_look_never_says_near_of_what_is_far():
    """What passes the comparison of columns is within the room that the kernel gives."""
    chance = np.random.default_rng(5)
    for _ in range(300):
        first, second = (
            chance.uniform((117, 22), (121, 27), (2, 2))
            if chance.random() < 0.5
            else np.array([A, A]) + chance.normal(0, 0.05, (2, 2))
        )
        between = int(chance.uniform(1, 600)) * SECOND
        quick = courses.at_most_nm(*(second - first)) <= courses.room_nm(between, 60.0)
        kernel = jumps(np.array([AT, AT + between]), *np.array([first, second]).T, 60.0)
        assert not (quick and kernel.any())


@pytest.mark.parametrize(
    ("where", "lon", "lat", "ashore"),
    [
        ("the bay", 118.065, 24.40, False),
        ("open sea", 119.2, 24.0, False),
        ("beyond what is known", 122.5, 24.0, False),
        ("hills of Zhangzhou", 117.40, 24.30, True),
        ("Zhangzhou, on the river", 117.66, 24.50, False),
        ("Tong'an, inland", 118.14, 24.80, True),
        ("Dongdu basin, within the port", 118.075, 24.49, False),
    ],
)
def test_ships_are_on_the_water(where, lon, lat, ashore):
    """Rivers that ships go up and basins that the coast lacks are water."""
    assert bool(Afloat().ashore(lon, lat, 300)) is ashore, where


def test_all_berths_are_water():
    """Wherever a berth of the shipped harbours lies, a ship may lie."""
    from sensing.maritime.harbours import shipped

    afloat = Afloat()
    for berth in shipped().berths:
        lon, lat = (sum(column) / len(berth.polygon) for column in zip(*berth.polygon, strict=True))
        assert not afloat.ashore(lon, lat, 300), berth
