"""Ships in any order: what is found of their positions is a function of them."""

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sensing.maritime.harbours import shipped
from sensing.maritime.waters import SEA, shipped_waters
from sensing.times import HOUR, MINUTE
from tests.ship_story import Port, said, station

T = 1_473_768_000_000_000
SHIP = 477_100_001
BERTH = shipped().berth("gulei-s18").point
PLACES = {
    "sea": (117.60, 23.50),
    "limits": (117.60, 23.70),
    "anchorage": (117.61, 23.615),
    "berth": BERTH,
    "fairway": (117.59, 23.685),
}
report = st.tuples(
    st.sampled_from(sorted(PLACES)), st.sampled_from([0.1, 0.8, 9.0, 16.0]), st.sampled_from([0, 1, 5]), st.integers(1, 50)
)


def story(reports):
    """Frames of one ship that does these things one after the other, and of a receiver that is heard all the time."""
    frames, time = [], T
    for place, speed, status, minutes in reports:
        for _ in range(1 + minutes % 3):
            time += minutes * MINUTE
            frames.append(said(SHIP, time, *PLACES[place], speed, status))
    return frames + [station(4_132_207, at, 117.46, 23.69, "rx-dongshan") for at in range(T, time + HOUR, 9 * MINUTE)]


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(report, min_size=4, max_size=14), st.randoms(use_true_random=False), st.integers(8, 60))
def test_any_order_of_reports_ends_in_the_same_calls_and_events(reports, chance, batch):
    """In order at once, or shuffled in batches with a restart: the same (P5)."""
    frames = story(reports)
    with tempfile.TemporaryDirectory() as folder:
        ordered = Port(Path(folder) / "ordered").hear(sorted(frames, key=lambda frame: frame.received))
        chance.shuffle(frames)
        shuffled = Port(Path(folder) / "shuffled", batch=batch).hear(frames[::2])
        shuffled.restart()
        shuffled.hear(frames[1::2])
        try:
            assert shuffled.found() == ordered.found()
        finally:
            ordered.close()
            shuffled.close()


@settings(max_examples=200, deadline=None)
@given(st.floats(117.3, 118.5), st.floats(23.4, 24.7))
def test_the_grid_answers_as_the_polygons_do(lon, lat):
    """A cell's one answer is the answer for each point in it."""
    waters = shipped_waters()
    found, plain = waters.at(lon, lat), waters._zone(waters._shapes, (lon, lat))
    assert found == plain
    assert (found is SEA) == (plain == SEA)
