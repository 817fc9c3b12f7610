"""SenML beyond its golden cases: the RFC's own vectors, clause by clause refusals, limits, the type's words for codes."""

import json

import cbor2
import pytest

from adapters import senml
from sensing.errors import DecodeError, Reason, ValidationError
from sensing.model import Context
from sensing.observe import observe
from sensing.things import load_types
from tests.contract import golden

NOW = golden.RECEIVED
VECTORS = [case for case in golden.cases("senml") if "vector" in golden.expected(case)]


def read(pack, **more):
    payload = pack if isinstance(pack, bytes) else json.dumps(pack).encode()
    return senml.decode(payload, Context(more.pop("principal", "p"), received=NOW, **more))


def readings(pack, **more):
    return list(read(pack, **more).readings)


@pytest.mark.parametrize("case", VECTORS, ids=lambda case: case.name)
def test_the_vectors_agree(case):
    """Every resolved record of the source is a reading with its name, unit, value and time; lon and lat make one position."""
    wanted = golden.expected(case)["vector"]
    (payload,) = golden.payloads(case)
    if isinstance(wanted, dict):
        with pytest.raises(DecodeError):
            read(payload)
        return
    places = [record for record in wanted if record["u"] in ("lon", "lat")]
    rest = [record for record in wanted if record not in places]
    found = readings(payload)
    said = [reading for reading in found if reading.position is None]
    assert [(record["v"], record["u"], round(record["t"] * 1e6)) for record in rest] == [(r.value, r.unit, r.time) for r in said]
    for record, reading in zip(rest, said, strict=True):
        assert record["n"] in (f"{reading.native}:{reading.code}", f"{reading.native}/{reading.code}", f"{reading.native}:")
    pairs = [(lon["v"], lat["v"]) for lon, lat in zip(places[::2], places[1::2], strict=True)]
    assert pairs == [reading.position for reading in found if reading.position is not None]


@pytest.mark.parametrize(
    ("name", "device", "code"),
    [
        ("urn:dev:7:ph", "urn:dev:7", "ph"),
        ("2001:db8::2/ph", "2001:db8::2", "ph"),
        ("a/b:ph", "a/b", "ph"),
        ("a:b/ph", "a:b", "ph"),
        ("ph", "p", "ph"),
    ],
)
def test_the_device_is_the_name_up_to_its_last_separator(name, device, code):
    """`:` or `/`, whichever is last; without one it is the principal."""
    (found,) = readings([{"n": name, "v": 7}])
    assert (found.native, found.code, found.property) == (device, code, "ph")


@pytest.mark.parametrize("name", ["_a:b", "-a", ":a", "", "a b", "a:ä", "a:b\n", "a" * 256, "a:b%"])
def test_names_are_checked(name):
    """RFC 8428 section 4.5.1."""
    with pytest.raises(DecodeError) as caught:
        read([{"n": name, "v": 1}])
    assert caught.value.reason is Reason.BAD_GRAMMAR


def test_bases_hold_until_changed():
    """Name, unit and time go on; each changes alone."""
    pack = [
        {"bn": "a:", "bt": 1_789_412_400, "bu": "Cel", "n": "x", "v": 1},
        {"n": "y", "v": 2},
        {"bn": "b:", "n": "x", "v": 3},
        {"bu": "K", "bt": 1_789_412_460, "n": "z", "v": 4},
    ]
    found = [(r.native, r.code, r.unit, r.time - 1_789_412_400_000_000) for r in readings(pack)]
    assert found == [("a", "x", "Cel", 0), ("a", "y", "Cel", 0), ("b", "x", "Cel", 0), ("b", "z", "K", 60_000_000)]


@pytest.mark.parametrize(
    ("record", "time"),
    [
        ({"t": 0}, None),
        ({"t": -1.5}, NOW - 1_500_000),
        ({"t": 2**28 - 1}, NOW + (2**28 - 1) * 1_000_000),
        ({"t": 2**28}, 2**28 * 1_000_000),
        ({"bt": 2**28, "t": -10}, NOW + (2**28 - 10) * 1_000_000),
        ({"bt": 1276020076.001, "t": -5}, 1_276_020_071_001_000),
    ],
)
def test_times_below_two_to_the_28_count_from_reception(record, time):
    """RFC 8428 section 4.5.3: the resolved time decides."""
    (found,) = readings([{"n": "a:b", "v": 1, **record}])
    assert found.time == time


@pytest.mark.parametrize("t", [-(2**28) - 1, 1e15, 1e300, -1e300])
def test_times_out_of_all_years_are_refused(t):
    """No calendar has them."""
    with pytest.raises(DecodeError) as caught:
        read([{"n": "a:b", "v": 1, "t": t}])
    assert caught.value.reason is Reason.BAD_TIME


def test_ten_thousand_records_are_the_most():
    """A pack of more is refused before it costs anything."""
    record = b'{"n":"a:b","v":1}'
    assert len(readings(b"[" + b",".join([record] * 10_000) + b"]")) == 10_000
    with pytest.raises(DecodeError) as caught:
        read(b"[" + b",".join([record] * 10_001) + b"]")
    assert caught.value.reason is Reason.TOO_LARGE


def test_sums_beyond_a_double_are_refused():
    """Infinity is no value."""
    with pytest.raises(DecodeError) as caught:
        read([{"n": "a:b", "bv": 1e308, "v": 1e308}])
    assert caught.value.reason is Reason.BAD_NUMBER


def test_json_and_cbor_say_the_same():
    """Each example reads alike in both forms."""
    for wanted in senml.EXAMPLES.values():
        assert readings(senml.encode(wanted, cbor=True)) == readings(senml.encode(wanted)) == list(wanted)


@pytest.mark.parametrize(
    "odd", [cbor2.CBORTag(30, [1, 2]), cbor2.CBORTag(35, "(a+)+$"), cbor2.CBORTag(0, "x"), [1], {}, None, True]
)
def test_odd_values_in_cbor_are_refused(odd):
    """Fractions, expressions, dates and containers are no numbers."""
    with pytest.raises(DecodeError):
        read(cbor2.dumps([{0: "a:b", 2: odd}]))


def test_a_type_says_what_a_code_is():
    """The weather station's rainfall is a five-minute sum, which SenML cannot say."""
    types = load_types()
    (found,) = readings(
        [{"n": "a:rainfall", "u": "mm", "v": 1.5, "t": 1_789_412_400}], settings=lambda _: types["weather-station"].settings
    )
    assert (found.statistic, found.time - found.begin) == ("sum/PT5M", 300_000_000)
    senml.check(types["weather-station"].settings)


@pytest.mark.parametrize(
    "values", [5, [5], [{"code": "a", "odd": 1}], [{"code": "a"}], [{"code": "ph", "unit": "m"}], [{"property": "ph"}]]
)
def test_wrong_words_for_codes_are_refused(values):
    """Whoever writes the type learns which row is wrong."""
    with pytest.raises(ValidationError):
        senml.check({"values": values})


def test_what_the_wire_says_is_observed():
    """From %RH to a stored humidity."""
    from sensing.model import Thing

    (found,) = readings([{"n": "urn:dev:7:", "u": "%RH", "v": 80.5}])
    (observed,) = observe(found, Thing("d", "t", "senml", "urn:dev:7", "p"), NOW)
    assert (observed.property, observed.result, observed.unit) == ("relative_humidity", 80.5, "%")


def test_nothing_is_waited_for():
    """The adapter keeps nothing."""
    assert senml.expire({}, NOW).state is None
