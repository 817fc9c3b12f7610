"""A whole port day and a typhoon through real AIS bytes and work, compared with what the simulator knows to be true."""

from contextlib import closing

import pytest

from adapters import ais
from sensing.access import Role
from sensing.paths import config_dir
from sensing.store import calls
from sensing.things import ThingType, load_types
from sensing.times import HOUR, MINUTE, rfc3339
from simulators.story import open_story
from simulators.vessels import build_traffic
from tests import port_day
from tests.house import ADAPTERS, TYPES, House
from tests.ship_story import ULSAN
from tests.vessel_story import WindStory

CALM = WindStory(hours=24, arrives_h=1.5, pilot_h=3.5)
SEED, SHIPS = 7, 80
STORM_SEED, STORM_SHIPS, STORM_H = 29, 70, 31
BESIDE = 12
"""Of all ships those are listened to that do wrong or call, and so many more of which nothing is to be told."""


def chosen(traffic):
    return {one.mmsi for one in (*traffic.incidents(), *traffic.calls(), *traffic.ships[:BESIDE])}


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    """(the truth, the folder, a port that heard a calm day)."""
    folder, traffic = tmp_path_factory.mktemp("day") / "port", build_traffic(CALM, SEED, SHIPS)
    with closing(port_day.played(folder, traffic, CALM.begin, CALM.end, ships=chosen(traffic))) as port:
        yield traffic, folder, port


@pytest.fixture(scope="module")
def storm(tmp_path_factory):
    """(the truth, a port that heard Meranti from its warnings to its end, begin, end)."""
    story = open_story("meranti-2016", STORM_SEED)
    traffic, end = build_traffic(story, STORM_SEED, STORM_SHIPS), story.begin + STORM_H * HOUR
    track = config_dir() / "tracks" / "meranti-2016.csv"
    ships = chosen(traffic)
    folder = tmp_path_factory.mktemp("storm") / "port"
    with closing(port_day.played(folder, traffic, story.begin, end, story, track, ships)) as port:
        yield traffic, port, story.begin, end


def test_every_time_at_a_berth_is_found_with_right_times(day):
    """All that lay at berths on a calm day and nobody else, each moment within three minutes of the truth."""
    traffic, _, port = day
    stays = port_day.compare_calls(traffic, port, CALM.begin, CALM.end)
    assert (stays.missed, stays.extra) == ([], [])
    assert len(stays.matched) >= 10
    found = port_day.errors(stays, CALM.begin, CALM.end)
    for name, off in found.items():
        assert off, name
        assert max(off) <= 180, (name, off)


def test_ships_that_do_wrong_are_told_of_and_others_are_not(day):
    """Dark, speeding and dragging ships of a calm day: each found, none besides."""
    traffic, _, port = day
    scores = port_day.compare_incidents(traffic, port, CALM.begin, CALM.end)
    assert scores["dark"].true >= 1
    for kind, score in scores.items():
        assert (score.missed, score.false) == ([], []), kind


async def test_the_tanker_from_busan_is_one_call_and_first_on_the_worklist(day):
    """Ulsan Pioneer at Gulei 18#: one call, right times; with its cargo list it is whom port state control looks at first, and why."""
    traffic, folder, port = day
    (truth,) = [call for call in traffic.calls() if call.mmsi == ULSAN]
    (call,) = calls.rows(port.db, "thing=?", (f"mmsi-{ULSAN}",))
    assert [stay.place for stay in call.stays if stay.kind == "berth"] == ["gulei-s18"]
    for name in ("arrived", "anchored", "berthed", "unberthed", "departed"):
        assert abs(getattr(call, name) - getattr(truth, name)) <= 3 * MINUTE, name
    fence = ThingType(id="fence", name_zh="站", name_en="station", adapter="toy", domain="safety")
    house = House(folder, {"ais": ais, **ADAPTERS}, {**load_types(config_dir() / "things"), **TYPES, "fence": fence})
    try:
        sample = (config_dir() / "harbours" / "samples" / "cargo.csv").read_bytes()
        await house.ask("POST", "/api/cargoes", 200, Role.OPERATOR, content=sample)
        listed = (await house.ask("GET", "/api/worklist", params={"to": rfc3339(truth.berthed + HOUR)}))["items"]
    finally:
        house.close()
    assert len(listed) > 3
    assert (listed[0]["name"], listed[0]["berth"]) == ("ULSAN PIONEER", "gulei-s18")
    assert {"foreign", "tanker", "dangerous", "first", "never"} == {reason["code"] for reason in listed[0]["reasons"]}


def test_a_typhoon_is_told_of_as_it_was(storm):
    """Meranti over the port: who dragged its anchor or lay open to it is found, and nobody is named who was not."""
    traffic, port, begin, end = storm
    stays = port_day.compare_calls(traffic, port, begin, end)
    assert (stays.missed, stays.extra) == ([], [])
    scores = port_day.compare_incidents(traffic, port, begin, end)
    assert {kind for kind, score in scores.items() if score.true} == {"dragging", "unsheltered"}
    for kind, score in scores.items():
        assert (score.missed, score.false) == ([], []), kind
