"""gpsd's and AIS-catcher's JSON: the vectors' values, units, times, and agreement with the sentences themselves."""

import json

import pytest

from adapters import ais, gpsd
from sensing.errors import DecodeError
from sensing.model import Context
from sensing.observe import observe
from sensing.times import parse_instant
from tests.ais_frames import make_thing
from tests.contract import golden

VECTORS = [
    pytest.param(golden.payloads(case)[vector["lines"][0] - 1], vector["expected"], id=vector["id"])
    for case in golden.cases("gpsd")
    for vector in golden.expected(case).get("vectors", ())
]


def context(*, every_field=False, received=golden.RECEIVED):
    return Context(principal="rx-1", received=received, place=1, every_field=every_field)


def message(**fields):
    return json.dumps({"class": "AIS", "type": 1, "mmsi": 413372870, "scaled": True, **fields}).encode()


def codes(payload, **kwargs):
    return {reading.code: reading for reading in gpsd.decode(payload, context(**kwargs)).readings}


@pytest.mark.parametrize(("payload", "expected"), VECTORS)
def test_a_vector_has_its_values(payload, expected):
    """Every expected value is a line's value; null is a line without a result."""
    assert len(VECTORS) == 13
    found = codes(payload, every_field=True)
    for name, value in expected.items():
        if value is None:
            assert found[name].property is None
        else:
            assert found[name].value == value
    assert {reading.native for reading in found.values()} == {str(expected["mmsi"])}


def test_json_and_sentence_agree():
    """AIS-catcher's object stores what the sentence in it stores, rounded as the message is."""
    for payload, _ in [param.values for param in VECTORS]:
        tree = json.loads(payload)
        if "nmea" not in tree:
            continue
        heard = tree["rxuxtime"] * 1_000_000
        state, theirs = None, []
        for line in tree["nmea"]:
            said = ais.decode(line.encode(), context(received=heard), state)
            theirs, state = said, said.state
        ours = gpsd.decode(payload, context())
        thing = make_thing(adapter="ais")
        results = {r.code: (observe(r, thing, heard)[0].result, r.position) for r in ours.readings if r.code != "draught"}
        assert results == {r.code: (observe(r, thing, heard)[0].result, r.position) for r in theirs.readings}
        assert {(f.key, f.value) for f in ours.facts} == {(f.key, f.value) for f in theirs.facts}


@pytest.mark.parametrize(
    ("fields", "code", "value"),
    [
        ({"scaled": False, "speed": 123}, "speed", 12.3),
        ({"scaled": False, "type": 9, "speed": 123}, "speed", 123),
        ({"scaled": False, "course": 875}, "course", 87.5),
        ({"scaled": False, "turn": -15}, "turn", -10.0),
        ({"turn": -10}, "turn", -10),
    ],
)
def test_units_are_those_of_the_message_when_not_scaled(fields, code, value):
    """0.1 kn, 0.1 degree and coded turns; knots for aircraft."""
    assert codes(message(second=5, **fields))[code].value == value


@pytest.mark.parametrize(
    "fields",
    [{"turn": "n/a"}, {"turn": "nan"}, {"turn": "fastleft"}, {"turn": 127}, {"speed": 102.3}, {"speed": "n/a"}, {"course": 360.0}, {"heading": 511}, {"status": 15},
     {"lon": 181.0, "lat": 91.0}, {"lon": None, "lat": 24.0}, {"scaled": False, "turn": -128}, {"scaled": False, "speed": 1023}],
)  # fmt: skip
def test_what_is_not_available_is_not_stored(fields):
    """Numbers and words that mean nothing are no readings."""
    said = gpsd.decode(message(second=5, **fields), context())
    assert not said.readings
    assert said.controls == ["type-1"]


def test_time_is_the_receivers_else_the_second():
    """`rxuxtime`, `rxtime`, then the instant nearest to reception."""
    assert codes(message(heading=5, rxuxtime=1795301767.5))["heading"].time == 1_795_301_767_500_000
    assert codes(message(heading=5, rxtime="20261121225607"))["heading"].time == parse_instant("2026-11-21T22:56:07Z")
    assert codes(message(heading=5, second=58))["heading"].time == parse_instant("2026-09-14T18:59:58Z")
    assert gpsd.decode(message(heading=5), context()).controls == ["type-1"]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"rxuxtime": "x"}, "bad_time"),
        ({"rxtime": "2026112122560"}, "bad_time"),
        ({"rxtime": "20261121225660"}, "bad_time"),
        ({"mmsi": -1}, "bad_number"),
        ({"type": 0}, "unknown_function"),
    ],
)
def test_what_cannot_be_is_refused(fields, reason):
    """Impossible times, numbers and types."""
    with pytest.raises(DecodeError) as refused:
        gpsd.decode(message(heading=5, **fields), context())
    assert str(refused.value.reason) == reason


def test_the_own_position_is_the_principals():
    """TPV is in m/s and degrees; its device is who publishes, and keeps its own id."""
    tpv = b'{"class":"TPV","mode":3,"time":"2026-09-14T18:59:58.000Z","lat":24.4,"lon":118.0,"speed":10.0}'
    found = codes(tpv)
    assert found["position"].native == "rx-1"
    assert observe(found["speed"], make_thing(adapter="gpsd"), golden.RECEIVED)[0].result == pytest.approx(19.438445)
    assert gpsd.thing_id("rx-1") == "rx-1"
    assert gpsd.thing_id("413372870") == "mmsi-413372870"
