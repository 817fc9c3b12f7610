"""AIS: what is stored of a message, and what is said about a ship."""

import pytest

from adapters import ais
from adapters._wire import ais_ships
from adapters._wire.ais_encode import report
from adapters._wire.nmea_sentence import build, xor
from sensing import units
from sensing.model import WireFact
from sensing.observe import observe
from sensing.properties import get
from sensing.things import load_types
from sensing.times import SECOND, parse_instant
from tests import ais_frames
from tests.ais_frames import FIRST, context, feed, make_thing, only, told
from tests.ais_frames import SECOND as LAST
from tests.contract import golden

AT = parse_instant("2026-09-14T19:00:00Z")


# --- what is stored ---


@pytest.mark.parametrize(
    ("kind", "absent"),
    [
        (1, {"status": 15, "turn": -128.0, "speed": 102.3, "course": 360.0, "heading": 511, "lon": 181.0, "lat": 91.0}),
        (1, {"turn": 127.0}),
        (1, {"turn": -127.0}),
        (9, {"alt": 4095, "speed": 1023.0, "course": 360.0, "lon": 181.0, "lat": 91.0}),
        (18, {"speed": 102.3, "course": 360.0, "heading": 511, "lon": 181.0, "lat": 91.0}),
        (27, {"status": 15, "speed": 63.0, "course": 511.0, "lon": 181.0, "lat": 91.0}),
    ],
)
def test_what_is_not_available_is_shown_and_not_stored(kind, absent):
    """`decode` has the wire's number and no result; in service there is no reading of it."""
    frame = report({"msg_type": kind, "mmsi": 413372870, **absent}, time=AT)[0]
    assert not set(absent) & {reading.code for reading in ais.decode(frame, context()).readings}
    shown = {r.code: r for r in ais.decode(frame, context(every_field=True)).readings}
    assert {name: shown[name].value for name in absent} == absent
    assert {shown[name].property for name in absent} == {None}
    if "lon" in absent:
        assert "position" not in shown
        assert shown["lon"].position is None


@pytest.mark.parametrize(("lon", "lat"), [(180.1, 0.0), (0.0, 90.1), (-201.0, 10.0)])
def test_a_place_that_is_nowhere_is_not_stored(lon, lat):
    """Beyond 180 or 90 degrees there is no position, but the rest of the message stays."""
    frame = report({"msg_type": 1, "mmsi": 413372870, "lon": lon, "lat": lat, "heading": 5}, time=AT)[0]
    codes = {reading.code for reading in ais.decode(frame, context()).readings}
    assert "position" not in codes
    assert "heading" in codes


@pytest.mark.parametrize("mmsi", [0, 1_000_000_000])
def test_nobodys_mmsi_is_not_stored(mmsi):
    """A number that no ship can have enrols nobody."""
    assert ais.decode(report({"msg_type": 1, "mmsi": mmsi, "lon": 1.0, "lat": 1.0})[0], context()).readings == []


def test_a_cut_message_is_shown_and_not_stored():
    """A report with too few bits keeps its fields in `decode`, and says nothing in service."""
    frame = build("AIVDM,1,1,,A,13RlIW?04F1beOVEFLB,0", "!")
    assert ais.decode(frame, context()).controls == ("type-1",)
    shown = ais_frames.fields(ais.decode(frame, context(every_field=True)))
    assert (shown["mmsi"], shown["speed"], shown["course"]) == (237836700, 27.8, None)


def test_a_drifted_buoy_says_so():
    """An aid to navigation has position, name and whether it is off its place; that counts only with a valid second."""
    fields = {
        "msg_type": 21,
        "mmsi": 994121234,
        "aid_type": 25,
        "name": "GULANGYU 7",
        "lon": 118.06,
        "lat": 24.44,
        "off_position": 1,
    }
    off = {r.code: r.value for r in ais.decode(report({**fields, "second": 10})[0], context()).readings}
    assert off["off_position"] == 1.0
    said = ais.decode(report({**fields, "second": 60}, time=AT)[0], context())
    assert {reading.code for reading in said.readings} == {"position"}
    assert told(said.facts) | {"dimensions": ""} == {
        "name": "GULANGYU 7", "aid_type": "starboard hand mark", "virtual_aid": "no", "flag": "CN", "dimensions": "",
    }  # fmt: skip


def test_weather_finds_its_month():
    """Weather has day, hour and minute: the month is that nearest to reception."""
    fields = {
        "msg_type": 8,
        "dac": 1,
        "fid": 31,
        "mmsi": 4132203,
        "day": 31,
        "hour": 23,
        "minute": 55,
        "wspeed": 20,
        "lon": 118.0,
        "lat": 24.0,
    }
    parts = report(fields, time=parse_instant("2026-09-01T00:05:00Z"))
    wind = next(r for r in only(parts).readings if r.code == "wspeed")
    assert (wind.begin, wind.time) == (parse_instant("2026-08-31T23:45:00Z"), parse_instant("2026-08-31T23:55:00Z"))
    assert observe(wind, make_thing(adapter="ais"), AT)[0].result == units.convert(20.0, "[kn_i]", "m/s")


def test_every_reading_has_a_property_and_a_unit_that_fit():
    """Nothing that is stored of a golden message is unmapped."""
    thing = make_thing()
    for case in golden.cases("ais"):
        for said in feed(golden.payloads(case)).values():
            for reading in getattr(said, "readings", ()):
                assert get(reading.property), reading
                assert observe(reading, thing, AT), reading


# --- facts ---


def test_a_static_report_gives_facts():
    """Name, type, dangerous goods, flag, size, voyage: text, true from the message's time on."""
    said = only([LAST, b"\\c:1609841515*5E\\".replace(b"5E", b"%02X" % xor(b"c:1609841515")) + FIRST])
    assert told(said.facts) == {
        "name": "SEA ENTERPRISE", "callsign": "HP6683", "imo": "9266633", "ship_type": "other", "ship_type_code": "90",
        "dangerous_goods": "none", "flag": "PA", "dimensions": "13,15,1,6", "length_m": "28", "beam_m": "7", "draught": "1.4",
        "destination": "LEMMER", "eta": "03-29T11:00Z",
    }  # fmt: skip
    assert {fact.time for fact in said.facts} == {1_609_841_515 * SECOND}


@pytest.mark.parametrize(
    ("code", "category"), [(80, "none"), (81, "X"), (72, "Y"), (43, "Z"), (94, "OS"), (89, "none"), (31, "none"), (181, "none")]
)
def test_dangerous_goods_are_the_second_digit(code, category):
    """M.1371-5 table 53: of passenger, cargo, tanker, high-speed, wing-in-ground and other ships."""
    assert ais_ships.goods(code) == category


@pytest.mark.parametrize(
    ("mmsi", "flag", "kind"),
    [
        (413372870, "CN", "vessel"), (416000001, "TW", "vessel"), (4132203, "CN", "ais-base-station"), (994121234, "CN", "aid-to-navigation"),
        (111412001, "CN", "sar-aircraft"), (970123456, None, "distress-beacon"), (972000001, None, "distress-beacon"),
        (982351234, "GB", "vessel"), (41300001, "CN", "vessel"), (800000001, None, "vessel"), (636012345, "LR", "vessel"), (100000001, None, "vessel"),
    ],
)  # fmt: skip
def test_an_mmsi_tells_country_and_kind(mmsi, flag, kind):
    """ITU-R M.585: coast stations 00, aids 99, aircraft 111, craft of a parent ship 98, beacons 97x."""
    assert ais_ships.flag(mmsi) == flag
    assert ais.thing_type(str(mmsi)) == kind
    assert kind in load_types()
    assert ais.thing_id(str(mmsi)) == f"mmsi-{mmsi}"


def test_facts_can_be_sent_and_read_back():
    """What a simulator states about a ship is what we learn."""
    facts = [
        WireFact("413372870", key, value, AT)
        for key, value in {
            "name": "XIAMEN 1", "callsign": "BXYZ", "imo": "9266633", "ship_type_code": "81", "dimensions": "140,43,17,10", "draught": "7.5",
            "destination": "CNXMN", "eta": "09-15T04:30Z",
        }.items()
    ]  # fmt: skip
    learned = told(only(ais.encode([], facts)).facts)
    assert learned.items() >= {fact.key: fact.value for fact in facts}.items()
    assert (learned["dangerous_goods"], learned["ship_type"], learned["flag"]) == ("X", "tanker", "CN")
