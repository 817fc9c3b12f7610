"""A story has the same numbers however it is asked."""

from functools import cache

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sensing.times import MINUTE
from simulators.story import QUANTITIES, Place, open_story

STORMS = ("meranti-2016", "plum-rain", "gulei-leak")
WATERS = {
    "stage": "reach:punan",
    "discharge": "reach:tongan-west",
    "ponding_depth": "drain:gaoqi",
    "reservoir_level": "lake:tingxi",
}


@cache
def told(storm, quantity):
    story = open_story(storm)
    at = [Place(23.6 + 0.17 * n, 117.0 + 0.21 * n, 10.0 * n, WATERS.get(quantity, "")) for n in range(9)]
    times = story.begin + np.arange(60, dtype=np.int64) * 43 * MINUTE
    return at, times, story.sample(quantity, at, times)


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_blocks_and_order_change_nothing(data):
    """Any places at any times, in any order, alone or together, asked of a fresh story or a used one, are what the whole has: to the bit."""
    storm = data.draw(st.sampled_from(STORMS))
    quantity = data.draw(st.sampled_from(sorted(QUANTITIES)))
    places, times, whole = told(storm, quantity)
    rows = data.draw(st.lists(st.integers(0, len(places) - 1), min_size=1, max_size=5))
    columns = data.draw(st.lists(st.integers(0, len(times) - 1), min_size=1, max_size=12))
    story = fresh(storm) if data.draw(st.booleans()) else open_story(storm)
    found = story.sample(quantity, [places[row] for row in rows], times[columns])
    assert (found == whole[np.ix_(rows, columns)]).all()


@cache
def fresh(storm):
    return open_story(storm)
