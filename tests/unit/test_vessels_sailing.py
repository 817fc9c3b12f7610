"""Ships' ways: on water, without jumps, in berths of their own, in shelter when it blows."""

from itertools import pairwise

import numpy as np
import pytest

from sensing.times import HOUR, MINUTE
from simulators.vessels import build_traffic, ships
from simulators.vessels.coast import load_land
from simulators.vessels.wake import AT_ANCHOR, FISHING, MOORED, UNDER_WAY
from simulators.vessels.waters import M_DEG, inside, load_waters
from tests.vessel_story import WindStory

STORM, CALM = WindStory(gale_h=31), WindStory(hours=30)


@pytest.fixture(scope="module")
def storm():
    return build_traffic(STORM, 7, 400)


@pytest.fixture(scope="module")
def calm():
    return build_traffic(CALM, 7, 200)


@pytest.fixture(scope="module")
def land():
    return load_land()


def hours(story, *numbers):
    return np.array([story.begin + round(number * HOUR) for number in numbers])


def every(story, minutes):
    return np.arange(story.begin, story.end, minutes * MINUTE)


def within(polygon, lon, lat):
    return inside(polygon, (float(lon), float(lat)))


# --- waters ---


def test_the_grid_knows_land_from_water(land):
    """Gulei's back and Xiamen's middle are land, Dongshan Bay and the strait are not; what is off the grid is not known to be."""
    lon, lat = np.array([117.615, 118.13, 117.56, 118.6, 0.0]), np.array([23.86, 24.49, 23.85, 24.0, 0.0])
    assert land.holds(lon, lat).tolist() == [True, True, False, False, False]


def test_every_place_of_the_configuration_is_on_water(land):
    """Nodes, ways, berths, homes, buoys, pilots, and the corners of anchorages and fishing grounds."""
    waters = load_waters()
    points = [*waters.nodes.values(), *(home.point for home in waters.homes), *(aid.point for aid in waters.aids)]
    for harbour in waters.harbours.values():
        points += [harbour.pilot.point, harbour.service.point, *(berth.point for berth in harbour.berths)]
    for area in (*waters.anchorages, *waters.grounds):
        points += area.polygon
    lines = [via for via, _, _ in waters.edges.values()] + [ferry.path for ferry in waters.ferries]
    share = np.linspace(0, 1, 300)[:, None]
    for line in lines:
        for one, other in pairwise(line):
            points += (np.array(one) + (np.array(other) - np.array(one)) * share).tolist()
    dry = [tuple(point) for point in points if land.holds(np.array(point[0]), np.array(point[1]))]
    assert not dry


def test_harbours_have_what_a_port_call_needs():
    """Each berth lies in its own polygon and in its port's limits; Gulei has South 18#; no two berths share a place."""
    harbours = load_waters().harbours
    assert set(harbours) == {"dongshan", "gulei", "houshi", "xiamen"}
    assert "gulei-s18" in {berth.id for berth in harbours["gulei"].berths}
    points = [berth.point for harbour in harbours.values() for berth in harbour.berths]
    assert len(set(points)) == len(points)
    for harbour in harbours.values():
        assert all(inside(harbour.limits, berth.point) for berth in harbour.berths)
        assert any(area.shelter for area in harbour.anchorages) or harbour.id == "dongshan"


def test_a_place_without_a_way_is_an_error():
    """A node that nothing leads to is named."""
    waters = load_waters()
    with pytest.raises(ValueError, match="from x_pilot to nowhere"):
        waters.route("x_pilot", "nowhere")


# --- motion ---


def test_nobody_sails_over_land(storm, calm, land):
    """In storm and calm, from every berth to every gate."""
    for traffic, story in ((storm, STORM), (calm, CALM)):
        state = traffic.positions(every(story, 4))
        here = state.status >= 0
        assert here.sum() > 50_000
        assert not (land.holds(state.lon, state.lat) & here).any()


def test_nobody_jumps(storm):
    """What a ship covers in a minute is what its speed says, within 2 knots for 99 % and never beyond its own speed."""
    state = storm.positions(every(STORM, 1)[1000:1700])
    here = (state.status[:, 1:] >= 0) & (state.status[:, :-1] >= 0)
    east = np.diff(state.lon, axis=1) * np.cos(np.radians(state.lat[:, 1:]))
    covered = np.hypot(east, np.diff(state.lat, axis=1)) * M_DEG / 60 * 3600 / 1852
    assert (covered[here] < 21).all()
    off = np.abs(covered - (state.speed[:, 1:] + state.speed[:, :-1]) / 2)[here]
    assert np.percentile(off, 99) < 2


def test_speed_and_course_are_those_of_the_way(storm):
    """Course over ground points where the ship goes, and the bow with it."""
    times = every(STORM, 20)
    now, soon = storm.positions(times), storm.positions(times + 2_000_000)
    sails = (now.status == UNDER_WAY) & (now.speed > 4) & (soon.status == UNDER_WAY)
    east = (soon.lon - now.lon) * np.cos(np.radians(now.lat))
    way = np.degrees(np.arctan2(east, soon.lat - now.lat))
    off = np.abs((way - now.course + 180) % 360 - 180)[sails]
    assert sails.sum() > 2000
    assert np.percentile(off, 99) < 5
    bow = np.abs((now.heading - now.course + 180) % 360 - 180)[sails]
    assert np.percentile(bow, 95) < 8


def test_any_order_of_asking_gives_the_same_state(storm):
    """Backwards, one by one, or all at once."""
    times = every(STORM, 97)
    together, backwards = storm.positions(times), storm.positions(times[::-1])
    for column, turned in zip(together, backwards, strict=True):
        assert np.array_equal(column, turned[:, ::-1])
    alone = storm.positions(times[5:6])
    assert np.array_equal(together.lon[:, 5], alone.lon[:, 0])


def test_a_ship_at_anchor_lies_to_the_wind(calm):
    """Its bow looks within 15 degrees of where the wind comes from, and it stays where it anchored."""
    times = hours(CALM, 10, 11)
    state = calm.positions(times)
    lies = (state.status[:, 0] == AT_ANCHOR) & (state.status[:, 1] == AT_ANCHOR)
    assert lies.sum() > 2
    for column, hour in ((0, 10), (1, 11)):
        off = np.abs((state.heading[lies, column] - (60 + 4 * hour) + 180) % 360 - 180)
        assert (off < 15).all()
    assert (state.speed[lies] < 1).all()


# --- ports ---


def test_the_seed_ship_calls_at_gulei_18_at_its_hours(calm):
    """Busan to Gulei South 18# with 3,000 t of vinyl acetate: arrives by hour 3, anchors, berths after the pilot at 8, sails lighter."""
    (call,) = [call for call in calm.calls() if call.name == "ULSAN PIONEER"]
    assert (call.berth, call.cargo, call.un_number, call.tonnes) == ("gulei-s18", "vinyl acetate", 1301, 3000.0)
    begin = CALM.begin
    assert begin + 2 * HOUR < call.arrived < call.anchored <= begin + 4 * HOUR
    assert begin + 8 * HOUR < call.berthed < begin + 10 * HOUR
    assert call.berthed + 10 * HOUR < call.unberthed < call.departed < CALM.end
    state = calm.positions(np.array([call.berthed + 30 * MINUTE, call.unberthed - 30 * MINUTE, call.unberthed + 40 * MINUTE]))
    berth = next(one for one in load_waters().harbours["gulei"].berths if one.id == "gulei-s18")
    assert state.status[0].tolist() == [MOORED, MOORED, UNDER_WAY]
    assert np.hypot((state.lon[0, 0] - berth.point[0]) * 0.9, state.lat[0, 0] - berth.point[1]) * M_DEG < 30
    draughts = [float(calm._motion.draught[leg]) for leg in state.leg[0]]
    assert draughts[0] == 5.9 > draughts[1] == draughts[2] == 4.1


def test_its_hours_are_the_scenarios_to_set():
    """`[ships]` in a scenario moves the call."""
    later = build_traffic(WindStory(hours=30, arrives_h=6.0, pilot_h=11.0), 7, 1)
    (call,) = later.calls()
    assert later.begin + 11 * HOUR < call.berthed < later.begin + 13 * HOUR


def test_a_berth_holds_one_ship(storm, calm):
    """No two stays at a berth overlap; every ship of a call lies in the berth's place meanwhile."""
    for traffic, story in ((storm, STORM), (calm, CALM)):
        stays = sorted((call.berth, call.berthed, call.unberthed or story.end + 99 * HOUR) for call in traffic.calls())
        assert len(stays) > 20
        assert not [1 for one, other in pairwise(stays) if one[0] == other[0] and other[1] < one[2]]
        berths = {berth.id: berth for harbour in load_waters().harbours.values() for berth in harbour.berths}
        numbers = {ship.mmsi: number for number, ship in enumerate(traffic.ships)}
        for call in traffic.calls():
            first, last = max(call.berthed, story.begin), min(call.unberthed or story.end, story.end)
            middle = (first + last) // 2
            if last - first > HOUR // 2:
                state = traffic.positions(np.array([middle]))
                at = numbers[call.mmsi]
                assert within(berths[call.berth].polygon, state.lon[at, 0], state.lat[at, 0])


def test_times_of_a_call_follow_each_other(storm):
    """Arrived, anchored, berthed, unberthed, departed; what is after the story is not known."""
    assert any(call.unberthed is None for call in storm.calls())
    for call in storm.calls():
        times = [time for time in (call.arrived, call.anchored, call.berthed, call.unberthed, call.departed) if time is not None]
        assert times == sorted(times)
        assert call.unberthed is not None or call.departed is None
        assert all(time <= STORM.end for time in times)


# --- weather ---


def test_ships_run_for_shelter_and_come_back(storm):
    """At the storm's height nobody passes, fishes or lies at a berth; twelve hours after it ports and lanes are busy again."""
    before, height, after = 18, 31, 47
    state = storm.positions(hours(STORM, before, height, after))
    kinds = np.array([ship.kind for ship in storm.ships])
    assert (state.status[kinds == "passing"] >= 0).sum(axis=0).tolist()[1] == 0
    fish = (state.status == FISHING).sum(axis=0)
    assert fish[1] == 0 < fish[2]
    in_trade = np.isin(kinds, ("container", "bulk", "general", "oil", "chemical"))
    moored = ((state.status == MOORED) & in_trade[:, None]).sum(axis=0)
    assert moored[1] == 0 < moored[2]
    under_way = (state.status == UNDER_WAY).sum(axis=0)
    assert under_way[1] < 0.1 * under_way[0]
    anchored = np.flatnonzero(state.status[:, 1] == AT_ANCHOR)
    shelters = [area.polygon for area in load_waters().anchorages if area.shelter]
    safe = [any(_near(polygon, state.lon[at, 1], state.lat[at, 1]) for polygon in shelters) for at in anchored]
    outside = {incident.mmsi for incident in storm.incidents() if incident.kind == "unsheltered"}
    assert len(anchored) > 20
    assert {storm.ships[at].mmsi for at, sheltered in zip(anchored, safe, strict=True) if not sheltered} <= outside


def _near(polygon, lon, lat):
    middle = np.mean(polygon, axis=0)
    spread = np.max(np.abs(np.array(polygon) - middle), axis=0) + 0.004
    return (np.abs(np.array([lon, lat]) - middle) <= spread).all()


def test_incidents_are_what_happens(storm):
    """Who is dark is not heard, who drags moves at anchor, who speeds is faster than any fairway allows."""
    kinds = {incident.kind for incident in storm.incidents()}
    assert {"dark", "dragging"} <= kinds
    numbers = {ship.mmsi: number for number, ship in enumerate(storm.ships)}
    for incident in storm.incidents():
        assert STORM.begin <= incident.begin < incident.end <= STORM.end
        middle = np.array([(incident.begin + incident.end) // 2])
        state = storm.positions(middle)
        at = numbers[incident.mmsi]
        if incident.kind == "dragging":
            assert state.status[at, 0] == AT_ANCHOR
            assert state.speed[at, 0] > 0.5
        elif incident.kind == "speeding":
            meanwhile = storm.positions(np.arange(incident.begin, incident.end, MINUTE))
            assert meanwhile.speed[at].max() > 12.4
        elif incident.kind == "dark":
            assert state.status[at, 0] == UNDER_WAY
            thing = f"mmsi-{incident.mmsi}"
            heard = [one for said in storm.sayings(incident.begin + MINUTE, incident.begin + 5 * MINUTE) for one in said.truth]
            assert not [one for one in heard if one.thing == thing and incident.begin <= one.time < incident.end]


def test_no_incidents_when_none_are_wanted():
    """Nobody goes dark."""
    plain = build_traffic(STORM, 7, 120, incidents=False)
    assert "dark" not in {incident.kind for incident in plain.incidents()}


# --- ships ---


def test_a_fleet_has_everyone_and_every_number_is_right():
    """All kinds in their shares, MMSI and IMO numbers unique with right digits, and a ship is the same in a larger fleet."""
    fleet = ships.fleet(7, 1000)
    assert {ship.kind for ship in fleet} == set(ships.KINDS)
    share = sum(ship.kind == "fishing" for ship in fleet) / len(fleet)
    assert share == pytest.approx(ships.KINDS["fishing"].share, abs=0.01)
    assert len({ship.mmsi for ship in fleet}) == len(fleet)
    numbers = [ship.imo for ship in fleet if ship.imo]
    assert len(set(numbers)) == len(numbers) > 300
    assert all(number == ships.imo_number(number // 10) and 1_000_000 <= number <= 9_999_999 for number in numbers)
    assert fleet[:50] == ships.fleet(7, 50)
    assert fleet[1:] != ships.fleet(8, 1000)[1:]
    assert (fleet[0].name, fleet[0].flag, str(fleet[0].mmsi)[:3], fleet[0].deadweight) == ("ULSAN PIONEER", "KR", "440", 3497)


def test_the_check_digit_is_that_of_the_rule():
    """IMO 9074729: 9x7 + 0x6 + 7x5 + 4x4 + 7x3 + 2x2 = 139."""
    assert ships.imo_number(907472) == 9074729


def test_a_fleet_of_nobody_is_an_error():
    """There is at least the seed story's ship."""
    with pytest.raises(ValueError, match="0 vessels"):
        ships.fleet(7, 0)


def test_a_boat_in_harbour_does_not_vanish_there(storm):
    """Whoever does not trade or pass is somewhere from the first hour to the last, if only alongside."""
    state = storm.positions(every(STORM, 60)[4:])
    stays = [
        ship.number for ship in storm.ships if ship.traits.duty in ("fishes", "patrols", "pilots", "tows", "ferries", "roams")
    ]
    assert (state.status[stays] >= 0).all()
