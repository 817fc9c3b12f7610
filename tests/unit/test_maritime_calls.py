"""Port calls and conduct from the bytes of receivers, through work: right times, once, whatever the order."""

import random

import pytest

from sensing.maritime.harbours import shipped
from sensing.store import calls
from sensing.times import HOUR, MINUTE, SECOND
from simulators.vessels import build_traffic
from tests.ship_story import ULSAN, Port, heard, said, station
from tests.vessel_story import WindStory

STORY = WindStory(hours=21, arrives_h=1.5, pilot_h=2)
T = STORY.begin
SEA = (117.60, 23.50)
BERTH = shipped().berth("gulei-s18").point
SHIP = 477_100_001


@pytest.fixture(scope="module")
def told():
    """The truth of the tanker's call, and what two receivers heard of it."""
    traffic = build_traffic(STORY, 7, 1, incidents=False)
    call = traffic.calls()[0]
    spans = ((T, call.berthed + HOUR), (call.unberthed - HOUR, call.departed + 20 * MINUTE))
    receivers = ("rx-gulei", "rx-dongshan")
    return call, [frame for begin, end in spans for frame in heard(traffic, [ULSAN], receivers, begin, end)]


@pytest.fixture(scope="module")
def tanker(told, tmp_path_factory):
    port = Port(tmp_path_factory.mktemp("port")).hear(told[1])
    yield port
    port.close()


@pytest.fixture
def port(tmp_path):
    made = Port(tmp_path)
    yield made
    made.close()


def test_the_tankers_call_at_gulei_is_one_call_with_right_times(told, tanker):
    """Into the limits, alongside 18#, off and out again, each within three minutes of the truth, though two receivers heard it."""
    truth, _ = told
    (call,) = calls.rows(tanker.db, "1=1", ())
    assert (call.thing, call.port, call.berth) == (f"mmsi-{ULSAN}", "gulei", "gulei-s18")
    assert [stay.place for stay in call.stays if stay.kind == "berth"] == ["gulei-s18"]
    for name in ("arrived", "berthed", "unberthed", "departed"):
        assert abs(getattr(call, name) - getattr(truth, name)) <= 3 * MINUTE, name
    assert (call.anchored is None) == (truth.anchored is None)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_frames_changes_no_call(told, tanker, tmp_path, seed):
    """Shuffled within hours, in other batches, some twice, with restarts between: the same calls and events (P5)."""
    chance = random.Random(seed)
    frames = [frame for frame in told[1] for _ in range(1 + (chance.random() < 0.05))]
    frames.sort(key=lambda frame: frame.received + chance.uniform(0, 3 * HOUR))
    port = Port(tmp_path, batch=chance.choice([23, 61]))
    for at in range(0, len(frames), len(frames) // 3 + 1):
        port.hear(frames[at : at + len(frames) // 3 + 1])
        port.restart()
    assert port.found() == tanker.found()
    port.close()


def way(time, minutes, start, speed, north=1.0, status=0, mmsi=SHIP):
    """Reports of a ship that sails along a meridian, one a minute."""
    for minute in range(minutes):
        lat = start[1] + north * speed * 1852 / 60 * minute / 111_195
        yield said(mmsi, time + minute * MINUTE, start[0], lat, speed, status)


def lying(time, minutes, place, status=5, every=3, mmsi=SHIP, jitter=0.0):
    """Reports of a ship that lies."""
    chance = random.Random(5)
    for minute in range(0, minutes, every):
        lon, lat = (each + chance.gauss(0, jitter) for each in place)
        yield said(mmsi, time + minute * MINUTE, lon, lat, 0.1, status)


def test_jitter_at_the_edge_of_a_berth_is_one_stay(port):
    """A receiver that wanders by 30 m across the berth's edge neither leaves nor comes again."""
    corner = shipped().berth("gulei-s18").polygon[0]
    edge = (BERTH[0] + (corner[0] - BERTH[0]) * 0.75, BERTH[1] + (corner[1] - BERTH[1]) * 0.75)
    port.hear([*way(T, 5, SEA, 10.0), *lying(T + HOUR, 600, edge, jitter=0.00025), *way(T + 12 * HOUR, 5, SEA, 10.0, -1.0)])
    (call,) = calls.rows(port.db, "1=1", ())
    assert [stay.kind for stay in call.stays] == ["berth"]


def test_sailing_through_is_no_call(port):
    """In and out of the limits without lying at a berth or at anchor."""
    port.hear(way(T, 60, (117.62, 23.55), 12.0))
    port.hear(way(T + HOUR, 5, SEA, 12.0))
    assert calls.rows(port.db, "1=1", ()) == []


def test_a_late_position_moves_the_time_of_berthing(port):
    """What was heard first counts with the position that came late; it is the same call, amended."""
    frames = list(lying(T + HOUR, 120, BERTH))
    port.hear([*way(T, 5, SEA, 10.0), *frames[10:]])
    before = calls.rows(port.db, "1=1", ())[0].berthed
    port.hear(frames[:10])
    (call,) = calls.rows(port.db, "1=1", ())
    assert before - call.berthed == 30 * MINUTE


def kinds(port):
    return [(row[0], row[2], row[3]) for row in port.found()[1]]


def test_speeding_in_a_fairway_is_told_once_it_lasts(port):
    """16 knots where 12 are allowed; a ship that keeps to the limit is not named."""
    leg = next(leg for leg in shipped().fairways if (leg.limit_kn, leg.end) == (12, (117.62, 23.65)))
    port.hear(way(T, 20, (117.569, 23.715), 11.5, mmsi=SHIP + 1))
    port.hear(said(SHIP, T + n * MINUTE, leg.end[0] - n * 0.0034, leg.end[1] + n * 0.0041, 16.0) for n in range(12))
    (event,) = kinds(port)
    assert event[0] == "speeding_fairway"
    assert event[1] <= T + 2 * MINUTE


def test_a_dragging_anchor_is_told_and_swinging_is_not(port):
    """Half a mile in half an hour at anchor is dragging; a circle of a hundred metres is none."""
    place = (117.66, 23.655)
    port.hear(lying(T, 90, place, status=1, jitter=0.0005, mmsi=SHIP + 1))
    port.hear(lying(T, 60, place, status=1))
    port.hear(said(SHIP, T + HOUR + n * MINUTE, place[0], place[1] - n * 0.00025, 0.9, 1) for n in range(0, 30, 3))
    port.hear(lying(T + 2 * HOUR, 30, (place[0], place[1] - 0.007), status=1))
    assert [(kind, start >= T + HOUR - MINUTE) for kind, start, _ in kinds(port)] == [("anchor_dragging", True)]


def beats(begin, minutes):
    """What the base station of Dongshan says."""
    return [station(4_132_207, begin + minute * MINUTE, 117.46, 23.69, "rx-dongshan") for minute in range(0, minutes, 2)]


def test_a_ship_that_falls_silent_under_way_is_dark(port):
    """Told half an hour after its last word, while the receiver that must hear it is at work; over when it speaks again."""
    port.hear(way(T, 10, SEA, 12.0))
    port.hear(beats(T, 35))
    assert kinds(port) == []
    port.hear(beats(T + 35 * MINUTE, 20))
    last = T + 9 * MINUTE
    assert kinds(port) == [("dark_vessel", last, None)]
    port.hear(way(T + 90 * MINUTE, 5, (117.60, 23.7), 12.0))
    assert kinds(port) == [("dark_vessel", last, T + 90 * MINUTE)]


def test_a_receiver_that_is_away_makes_nobody_dark(port):
    """Its base station was not heard either; and what it sends afterwards takes nothing back that was not told."""
    port.hear(way(T, 10, SEA, 12.0))
    port.hear(beats(T, 10))
    port.hear(way(T + 90 * MINUTE, 5, (117.60, 23.7), 12.0))
    port.hear(beats(T + 90 * MINUTE, 30))
    assert kinds(port) == []


def test_positions_that_come_late_take_a_silence_back(port):
    """A dark ship whose reports were only held up was never dark: the event is withdrawn."""
    frames = list(way(T, 60, SEA, 12.0))
    port.hear(frames[:10])
    port.hear(beats(T, 60))
    assert [kind for kind, _, _ in kinds(port)] == ["dark_vessel"]
    port.hear(frames[10:])
    assert kinds(port) == []


def test_another_ship_than_one_under_way_is_never_dark(port):
    """Who lay at a berth may be switched off."""
    port.hear(lying(T, 30, BERTH))
    port.hear(beats(T, 120))
    assert kinds(port) == []


def test_seconds_between_reports_do_not_matter(port):
    """A ship that speaks every ten seconds is kept once a minute, and its call is the same."""
    many = [said(SHIP, T + HOUR + n * 10 * SECOND, *BERTH, 0.1, 5) for n in range(120)]
    port.hear([*way(T, 5, SEA, 10.0), *many])
    (call,) = calls.rows(port.db, "1=1", ())
    assert call.berthed == T + HOUR
    assert port.db.execute("SELECT count(*) FROM fixes").get == 5 + 20
