"""Cargo, inspections, the worklist and who is downwind of a berth, over HTTP, with the bytes of receivers and instruments below."""

import io
from datetime import date

import openpyxl
import pytest

from adapters import ais
from sensing.access import Role
from sensing.maritime.harbours import shipped
from sensing.maritime.waters import metres
from sensing.model import Frame
from sensing.paths import config_dir
from sensing.registry import DeviceChanges
from sensing.things import ThingType, load_types
from sensing.times import HOUR, MINUTE, parse_instant
from tests.house import ADAPTERS, TESTER, TYPES, House, reading
from tests.ship_story import ULSAN, source
from tests.unit.test_maritime_calls import lying, way

BERTH = shipped().berth("gulei-s18").point
FENCE = (BERTH[0] + 0.004, BERTH[1] + 0.004)
"""North-east of the berth, some 600 m."""
ASIDE = (BERTH[0] - 0.02, BERTH[1] + 0.004)
HOME = 413_100_001
TOYS = {"fence": ThingType(id="fence", name_zh="站", name_en="station", adapter="toy", domain="safety")}


@pytest.fixture
def house(tmp_path):
    found = House(tmp_path, {"ais": ais, **ADAPTERS}, {**load_types(config_dir() / "things"), **TYPES, **TOYS})
    found.registry.register_principal("rx-gulei", "receiver", actor=TESTER)
    for name, place in (("fence-1", FENCE), ("aside-1", ASIDE)):
        found.device(name, type="fence", lon=str(place[0]), lat=str(place[1]))
    yield found
    found.close()


def hear(house, frames):
    house.log.append([Frame(source("rx-gulei"), frame.received, frame.payload) for frame in frames])
    house.step()


def named(mmsi, name, kind, time):
    """Static data of a ship."""
    from adapters._wire.ais_encode import report

    fields = {"msg_type": 5, "mmsi": mmsi, "imo": 9402184, "callsign": "D7UP", "shipname": name, "ship_type": kind, "to_bow": 70,
              "to_stern": 22, "to_port": 7, "to_starboard": 8, "epfd": 1, "draught": 5.9, "destination": "GULEI"}  # fmt: skip
    return Frame(source("rx-gulei"), time, b"\r\n".join(report(fields, time=time)) + b"\r\n")


@pytest.fixture
def berthed(house):
    """The tanker and a ship of the home flag, alongside at Gulei for an hour."""
    start = house.now // MINUTE * MINUTE - 2 * HOUR
    hear(house, [*way(start, 5, (117.60, 23.50), 10.0, mmsi=ULSAN), *lying(start + 20 * MINUTE, 90, BERTH, mmsi=ULSAN),
                 named(ULSAN, "ULSAN PIONEER", 82, start), *lying(start, 90, shipped().berth("gulei-s20").point, mmsi=HOME),
                 named(HOME, "HUA YUAN 1", 70, start)])  # fmt: skip
    return start + 20 * MINUTE


async def get(house, path, **asked):
    return await house.ask("GET", path, params=asked)


async def post(house, path, body, status=200, **asked):
    return await house.ask("POST", path, status, Role.OPERATOR, content=body, params=asked)


async def seed_cargo(house):
    return await post(house, "/api/cargoes", (config_dir() / "harbours" / "samples" / "cargo.csv").read_bytes())


async def test_the_tanker_is_first_on_the_worklist_with_reasons_in_words(house, berthed):
    """Foreign, a tanker, 3,000 t of vinyl acetate from Busan, first call, never inspected; the home flag is not on it."""
    answer = await seed_cargo(house)
    assert answer["result"] == {"cargoes": 1}
    (first,) = (await get(house, "/api/worklist"))["items"]
    assert (first["vessel"], first["berth"], first["flag"]) == (f"mmsi-{ULSAN}", "gulei-s18", "KR")
    assert {reason["code"] for reason in first["reasons"]} == {"foreign", "tanker", "dangerous", "first", "never"}
    told = next(reason for reason in first["reasons"] if reason["code"] == "dangerous")
    assert "UN 1301" in told["zh"]
    assert "3000 t, from Busan" in told["en"]
    both = (await get(house, "/api/worklist", all="1"))["items"]
    assert [row["name"] for row in both] == ["ULSAN PIONEER", "HUA YUAN 1"]


async def test_an_inspection_moves_a_ship_down(house, berthed):
    """The note stands with the ship, by whom, and the score falls; it is a command in the log."""
    before = (await get(house, "/api/worklist"))["items"][0]["score"]
    await house.ask("POST", f"/api/vessels/{ULSAN}/inspections", role=Role.OPERATOR, json={"note": "无缺陷", "at": "10m"})
    after = (await get(house, "/api/worklist"))["items"][0]
    assert after["score"] < before
    assert {"lately"} == {reason["code"] for reason in after["reasons"]} & {"lately", "never"}
    (looked,) = (await get(house, f"/api/vessels/{ULSAN}"))["inspections"]
    assert (looked["note"], looked["by"]) == ("无缺陷", "operator")


async def test_calls_and_vessels_are_told_in_words(house, berthed):
    """By name, port and berth; who lies where, since when."""
    await seed_cargo(house)
    (call,) = (await get(house, "/api/calls", vessel="ulsan pioneer", berth="gulei-s18", state="open"))["items"]
    assert (call["port"], call["departed"], call["cargo"][0]["un"]) == ("gulei", None, 1301)
    (ship,) = (await get(house, "/api/vessels", query="ulsan"))["items"]
    assert (ship["flag"], ship["call"]["place"], ship["ship_type"]) == ("KR", "gulei-s18", "tanker")
    assert (await get(house, "/api/calls", port="xiamen"))["items"] == []


async def test_chinese_lists_in_gb18030_are_read_and_bad_rows_named(house, berthed):
    """Columns by their Chinese names in any order; a row that cannot be is told with its line, the others are taken."""
    text = '船名,UN编号,货名,吨数,上一港\nULSAN PIONEER,UN 1301,醋酸乙烯,"3,000",釜山\n无名船,1301,苯,5,\nULSAN PIONEER,99999,苯,5,\n'
    answer = await post(house, "/api/cargoes", text.encode("gb18030"))
    assert [(row["thing"], row["un"], row["tonnes"], row["last_port"]) for row in answer["rows"]] == [
        (f"mmsi-{ULSAN}", 1301, 3000.0, "釜山")
    ]
    assert [row["line"] for row in answer["bad"]] == [3, 4]
    preview = await post(house, "/api/cargoes", text.encode(), dry_run="1")
    assert preview["result"] is None
    assert "UN" in (await post(house, "/api/cargoes", b"a,b\n1,2\n", 422))["hint"]


async def test_a_workbook_is_a_list_too(house, berthed):
    """Numbers come as floats and an arrival as a date without a zone; a bad row is named by its line."""
    book = openpyxl.Workbook()
    for row in (["危险品申报"], ["MMSI", "货名", "UN编号", "吨数", "预抵时间"],
                [float(ULSAN), "醋酸乙烯", 1301.0, 3000.0, date(2026, 5, 10)], [12.0, "苯", 1114, 5, None]):  # fmt: skip
        book.active.append(row)
    book.save(kept := io.BytesIO())
    answer = await post(house, "/api/cargoes", kept.getvalue(), dry_run="1")
    (row,) = answer["rows"]
    assert (row["thing"], row["un"], row["tonnes"]) == (f"mmsi-{ULSAN}", 1301, 3000.0)
    assert row["time"] == parse_instant("2026-05-09T16:00:00Z")
    assert [bad["line"] for bad in answer["bad"]] == [4]
    assert "workbook" in (await post(house, "/api/cargoes", b"PK\x03\x04junk", 422))["error"]


def measured(house, name, time, **values):
    units = {"wind_speed": "m/s", "wind_direction": "deg", "nmhc": "mg/m3"}
    house.send(name, *[reading(name, value, time, p=key, u=units[key]) for key, value in values.items()])


async def test_gas_to_leeward_of_dangerous_goods_is_an_event_and_is_shown(house, berthed):
    """Wind from the south-west carries it to the fence: there the gas above its limit is told, aside of the sector it is not."""
    await seed_cargo(house)
    at = berthed + 30 * MINUTE
    measured(house, "aside-1", at, nmhc=9.0)
    measured(house, "fence-1", at, wind_speed=4.0, wind_direction=225.0, nmhc=0.5)
    measured(house, "fence-1", at + 5 * MINUTE, wind_speed=4.0, wind_direction=225.0, nmhc=9.0)
    answer = await get(house, "/api/berths/gulei-s18/downwind")
    assert answer["ships"][0]["cargo"][0]["un"] == 1301
    assert answer["sector"]["properties"]["towards"] == 45.0
    assert answer["devices"] == ["fence-1"]
    assert [(row["device"], row["downwind"], row["exceeded"]) for row in answer["gases"]] == [
        ("fence-1", True, True),
        ("aside-1", False, True),
    ]
    found = (await get(house, "/api/events", kind="gas_downwind"))["items"]
    assert [(row["device"], row["severity"], row["end"]) for row in found] == [("fence-1", "danger", None)]
    measured(house, "fence-1", at + 10 * MINUTE, wind_speed=4.0, wind_direction=45.0, nmhc=9.0)
    assert (await get(house, "/api/events", kind="gas_downwind"))["items"][0]["end"] is not None


def move(house, name, place):
    house.registry.edit_device(name, DeviceChanges(lon=str(place[0]), lat=str(place[1])), actor=TESTER)


async def test_a_device_that_was_moved_counts_from_its_new_place(house, berthed):
    """The station aside of the sector is moved to leeward: its next value is told; moved away again, it is over. No restart in between."""
    await seed_cargo(house)
    at = berthed + 30 * MINUTE
    measured(house, "fence-1", at, wind_speed=4.0, wind_direction=225.0)
    measured(house, "aside-1", at, nmhc=9.0)
    assert (await get(house, "/api/events", kind="gas_downwind"))["items"] == []
    for place, minutes, over in ((FENCE, 5, False), (ASIDE, 10, True)):
        move(house, "aside-1", place)
        measured(house, "aside-1", at + minutes * MINUTE, nmhc=9.0)
        (event,) = (await get(house, "/api/events", kind="gas_downwind"))["items"]
        assert (event["device"], parse_instant(event["start"])) == ("aside-1", at + 5 * MINUTE)
        assert (event["end"] is not None) == over
    before = house.work.store.connection.execute("SELECT count(*) FROM stands WHERE thing='aside-1'").get
    house.work.store.forget()
    measured(house, "aside-1", at + 15 * MINUTE, nmhc=9.0)
    assert house.work.store.connection.execute("SELECT count(*) FROM stands WHERE thing='aside-1'").get == before == 3


async def test_a_station_that_is_moved_to_the_harbour_is_met(house, berthed):
    """It stood far inland and told nothing of any berth; from its new place it does."""
    await seed_cargo(house)
    house.device("far-1", type="fence", lon="116.9", lat="25.2")
    at = berthed + 30 * MINUTE
    measured(house, "far-1", at, nmhc=9.0, wind_speed=4.0, wind_direction=225.0)
    move(house, "far-1", FENCE)
    measured(house, "far-1", at + 5 * MINUTE, nmhc=9.0, wind_speed=4.0, wind_direction=225.0)
    (event,) = (await get(house, "/api/events", kind="gas_downwind"))["items"]
    assert parse_instant(event["start"]) == at + 5 * MINUTE


async def test_cargo_that_is_declared_late_tells_what_was_measured_before(house, berthed):
    """Gas, wind and ship first, the cargo last: the same events as in the other order."""
    at = berthed + 30 * MINUTE
    measured(house, "fence-1", at, wind_speed=4.0, wind_direction=225.0, nmhc=9.0)
    kinds = "gas_downwind,dangerous_goods"
    assert (await get(house, "/api/events", kind=kinds))["items"] == []
    await seed_cargo(house)
    found = (await get(house, "/api/events", kind=kinds))["items"]
    assert {(row["kind"], row["device"]) for row in found} == {("gas_downwind", "fence-1"), ("dangerous_goods", f"mmsi-{ULSAN}")}


async def test_a_ship_that_rides_in_the_open_while_it_blows_is_told(house):
    """At the outer anchorage when the wind rises over 15 m/s: from then on; in shelter nobody is named."""
    start = house.now // MINUTE * MINUTE - 3 * HOUR
    outer, inner = (117.61, 23.615), (117.565, 23.855)
    hear(house, [*lying(start, 120, outer, status=1, mmsi=ULSAN), *lying(start, 120, inner, status=1, mmsi=HOME)])
    measured(house, "fence-1", start + 30 * MINUTE, wind_speed=9.0, wind_direction=90.0)
    measured(house, "fence-1", start + 60 * MINUTE, wind_speed=18.0, wind_direction=90.0)
    (event,) = (await get(house, "/api/events", kind="unsheltered"))["items"]
    assert event["device"] == f"mmsi-{ULSAN}"


async def test_harbours_are_geojson(house):
    """Every berth of the configuration is a closed polygon around its own point."""
    found = {each["id"]: each for each in (await get(house, "/api/places/harbours"))["features"]}
    berth = found["gulei-s18"]
    ring = berth["geometry"]["coordinates"][0]
    assert ring[0] == ring[-1]
    assert metres(tuple(berth["properties"]["point"]), tuple(ring[0])) < 200
    assert {each["properties"]["kind"] for each in found.values()} == {"limits", "berth", "anchorage", "fairway"}
