"""NMEA 0183 beside pynmea2, and what it does with times, wind and magnetic headings."""

import math

import pynmea2
import pytest

from adapters import nmea0183
from adapters._wire.nmea_fields import FIELDS, nearest_day
from adapters._wire.nmea_sentence import build
from sensing.errors import DecodeError
from sensing.model import Context
from sensing.observe import observe
from sensing.properties import get
from sensing.times import DAY, parse_instant
from tests.ais_frames import make_thing
from tests.contract import golden


def context(*, every_field=False, settings=None, received=golden.RECEIVED, place=1):
    own = settings or {}
    return Context(principal="ship-1", received=received, place=place, every_field=every_field, settings=lambda _native: own)


def values(line, **kwargs):
    return {reading.code: reading.value for reading in nmea0183.decode(line, context(every_field=True, **kwargs)).readings}


def sentence(body):
    return build(body, "$")


def sentences():
    """Every sentence of the golden cases whose checksum holds and that we read."""
    for case in golden.cases("nmea0183"):
        for payload in golden.payloads(case):
            for line in payload.splitlines():
                try:
                    read = values(line)
                except DecodeError:
                    continue
                if read:
                    yield pytest.param(line, read, id=line[:30].decode())


@pytest.mark.parametrize(("line", "read"), list(sentences()))
def test_every_field_agrees_with_pynmea2(line, read):
    """Field for field what pynmea2 says; it has no MTA, MMB and MHU."""
    theirs = pynmea2.parse(line.decode(), check=True)
    assert (read["talker"], read["type"]) == (theirs.talker, theirs.sentence_type)
    names = [field[1] for field in theirs.fields if field[1] in read and field[1] not in ("type", "talker")]
    assert names or read["type"] == "XDR"
    for name in names:
        expected, got = getattr(theirs, name), read[name]
        if got is None:
            assert expected in (None, "")
        elif isinstance(got, float):
            assert got == float(expected)
        else:
            assert got == str(expected)
    if "latitude" in read and read["latitude"] is not None:
        assert math.isclose(read["latitude"], theirs.latitude, abs_tol=1e-6)
        assert math.isclose(read["longitude"], theirs.longitude, abs_tol=1e-6)


@pytest.mark.parametrize(
    ("case", "vector"),
    [pytest.param(case, v, id=v["id"]) for case in golden.cases("nmea0183") for v in golden.expected(case).get("vectors", ())],
)
def test_a_vector_has_its_values(case, vector):
    """Every expected value of a vector; numbers that it writes as text are numbers here."""
    got = values(golden.payloads(case)[vector["lines"][0] - 1])
    for name, expected in vector["expected"].items():
        assert got[name] == (float(expected) if isinstance(got[name], float) else expected)


def test_fields_follow_pynmea2():
    """The order of fields is that of an independent table."""
    for formatter, names in FIELDS.items():
        kind = getattr(pynmea2, formatter, None)
        if kind is not None and formatter not in ("XDR", "DBS"):
            assert [field[1] for field in kind.fields][: len(names)] == list(names)


def test_a_time_of_day_takes_its_date_from_the_stream():
    """RMC tells the date; GGA after midnight is the next day; without either it is the day nearest to reception."""
    first = nmea0183.decode(sentence("GPRMC,235959,A,2426.8630,N,11804.1510,E,0.1,0.0,030414,,,A"), context())
    second = nmea0183.decode(sentence("GPGGA,000001,2426.8630,N,11804.1510,E,1,08,0.9,12.5,M,,M,,"), context(), first.state)
    assert {r.time for r in second.readings} == {parse_instant("2014-04-04T00:00:01Z")}
    alone = nmea0183.decode(
        sentence("GPGLL,2426.8630,N,11804.1510,E,235900,A,A"), context(received=parse_instant("2026-09-15T00:00:30Z"))
    )
    assert {r.time for r in alone.readings} == {parse_instant("2026-09-14T23:59:00Z")}


def test_a_silent_day_does_not_lose_the_date():
    """Time passes between payloads: the date moves on with reception."""
    first = nmea0183.decode(sentence("GPZDA,120000,03,04,2014,00,00"), context())
    later = nmea0183.decode(
        sentence("GPGLL,2426.8630,N,11804.1510,E,120100,A,A"), context(received=golden.RECEIVED + 3 * DAY), first.state
    )
    assert {r.time for r in later.readings} == {parse_instant("2014-04-06T12:01:00Z")}


def test_sentences_without_a_time_take_that_of_their_payload():
    """Before and after the one that tells it; alone they have none, and reception holds."""
    depth, when = sentence("SDDPT,10.4,0.5"), sentence("GPZDA,120000,03,04,2014,00,00")
    for payload in (depth + b"\r\n" + when, when + b"\r\n" + depth):
        (reading,) = nmea0183.decode(payload, context()).readings
        assert (reading.time, reading.wire_time) == (parse_instant("2014-04-03T12:00:00Z"), None)
    assert nmea0183.decode(depth, context()).readings[0].time is None


@pytest.mark.parametrize(
    ("of_day_h", "around", "expected"),
    [(23, "2026-09-15T01:00:00Z", "2026-09-14T23:00:00Z"), (1, "2026-09-14T23:00:00Z", "2026-09-15T01:00:00Z"), (12, "2026-09-14T00:00:00Z", "2026-09-14T12:00:00Z")],
)  # fmt: skip
def test_the_nearest_day(of_day_h, around, expected):
    """A time of day is the instant nearest to a known one."""
    assert nearest_day(of_day_h * 3_600_000_000, parse_instant(around)) == parse_instant(expected)


@pytest.mark.parametrize(
    ("body", "property_", "result"),
    [
        ("HCHDG,101.1,,,3.2,W", "heading", 97.9),
        ("HCHDG,358.0,1.5,E,3.0,E", "heading", 2.5),
        ("HCHDG,101.1,,,,", "nmea0183_heading_magnetic", 101.1),
        ("IIMWV,035.0,R,36.0,K,A", "nmea0183_wind_speed_apparent", 10.0),
        ("IIMWV,035.0,T,10.0,M,A", "wind_speed", 10.0),
        ("WIMDA,,,1.0132,B,,C,,C,,,,C,,T,,M,,N,,M", "air_pressure", 1013.2),
        ("WIMWD,45.0,T,,M,10.0,N,,M", "wind_speed", 5.144444444444445),
        ("IIXDR,P,95100,P,BARO", "air_pressure", 951.0),
        ("IIXDR,A,-3.5,D,ROLL", "nmea0183_xdr_roll", -3.5),
    ],
)
def test_what_becomes_of_a_value(body, property_, result):
    """Wire units become canonical ones; magnetic and relative values have names of their own."""
    thing = make_thing(adapter="nmea0183")
    found = [observe(reading, thing, golden.RECEIVED)[0] for reading in nmea0183.decode(sentence(body), context()).readings]
    assert [one.result for one in found if one.property == property_] == [pytest.approx(result)]


def test_wind_of_a_station_that_does_not_move_is_a_direction():
    """`fixed`: relative to the instrument's own north mark."""
    readings = nmea0183.decode(sentence("WIMWV,045.0,R,10.0,M,A"), context(settings={"fixed": True})).readings
    assert [reading.property for reading in readings] == ["wind_direction", "wind_speed"]


def test_a_talker_may_be_a_device_of_its_own():
    """`talkers` names the native id of an instrument behind the same gateway."""
    (reading,) = nmea0183.decode(sentence("SDDPT,10.4,0.5"), context(settings={"talkers": {"SD": "echo-1"}})).readings
    assert reading.native == "echo-1"


@pytest.mark.parametrize(
    "body",
    ["GPRMC,085412,V,5222.3198,N,00454.5784,E,0.58,251.34,030414,,,N", "GPGGA,085412,5222.3198,N,00454.5784,E,0,00,,,M,,M,,",
     "GPRMC,085412,A,5222.3198,N,00454.5784,E,0.58,251.34,030414,,,S", "IIMWV,035.0,R,12.5,N,V", "GPVTG,87.5,T,,M,12.3,N,22.8,K,N", "TIROT,5.0,V"],
)  # fmt: skip
def test_what_its_talker_calls_invalid_is_not_stored(body):
    """Void, without a fix, or from a simulator: shown by `decode`, and nothing else."""
    said = nmea0183.decode(sentence(body), context())
    assert not said.readings
    assert said.controls == [body.split(",")[0]]


def test_every_reading_has_a_property():
    """Everything stored of the golden sentences has one."""
    for case in golden.cases("nmea0183"):
        for _, said in golden.feed(nmea0183, golden.payloads(case), golden.context()):
            assert all(
                r.property and (get(r.property) or r.property.startswith("nmea0183_xdr")) for r in getattr(said, "readings", ())
            )
