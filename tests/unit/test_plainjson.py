"""Plain JSON beyond its golden cases: times, strictness, mappings and their refusals, registers."""

import json

import pytest

from adapters import plainjson
from adapters._wire import json_in, json_mapping, json_registers, json_times
from adapters._wire.json_layouts import layout_of
from sensing.errors import DecodeError, Reason, ValidationError
from sensing.model import Context
from sensing.things import load_types
from tests.contract import golden

NOW = golden.RECEIVED
TYPES = load_types()
MAPPED = [name for name, kind in TYPES.items() if kind.adapter == "plainjson"]


def read(tree, *mappings, own=None):
    payload = tree if isinstance(tree, bytes) else json.dumps(tree).encode()
    return plainjson.decode(payload, Context("p", received=NOW, mappings=mappings, settings=lambda _: own or {}))


def refused(tree, *mappings):
    with pytest.raises(DecodeError) as caught:
        read(tree, *mappings)
    return caught.value.reason


@pytest.mark.parametrize("name", MAPPED)
def test_the_golden_case_uses_the_shipped_mapping(name):
    """The sample beside each mapping is read with the type as it ships."""
    assert golden.expected(golden.GOLDEN / "plainjson" / name)["context"]["mappings"] == [
        json.loads(json.dumps(TYPES[name].settings))
    ]


@pytest.mark.parametrize("case", ["modbus-i16-scale", "modbus-f32-abcd"])
def test_the_modbus_vectors_agree(case):
    """The value that the source expects comes out of the shipped type."""
    folder = golden.GOLDEN / "plainjson" / case
    (payload,) = golden.payloads(folder)
    (found,) = read(payload, TYPES["modbus-dtu"].settings).readings
    assert found.value == golden.expected(folder)["vector"]["value"]
    assert found.time == 1_787_293_800_000_000


@pytest.mark.parametrize(
    ("value", "micros"),
    [
        ("2026-09-14T19:00:00Z", 0), ("2026-09-15T03:00:00+08:00", 0), ("2026-09-14 19:00:00Z", 0), ("2026-09-14t19:00:00.5z", 500_000), ("2026-09-14T19:00:00.123456789Z", 123_456),
        (1_789_412_400, 0), (1_789_412_400.25, 250_000), (1_789_412_400_250, 250_000), (None, None),
    ],
)  # fmt: skip
def test_times_of_the_generic_form(value, micros):
    """RFC 3339, seconds or milliseconds; null is none."""
    (found,) = read({"time": value, "ph": 7}).readings
    assert found.time == (None if micros is None else NOW + micros)


@pytest.mark.parametrize(
    "value",
    [
        "2026-09-14T19:00:00", "2026-09-14", "2026-09-14T19:00Z", "20260914T190000Z", "2026-W37-1T19:00:00Z", "2026-13-01T00:00:00Z", "2026-09-14T24:30:00Z", "2026-09-14T19:00:60Z",
        "２026-09-14T19:00:00Z", "0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-08:00", "", "now", True, [], {}, 1e300, 1e16, -1e16,
    ],
)  # fmt: skip
def test_what_is_no_instant_is_bad_time(value):
    """No zone, no such date, no such shape, no such year."""
    assert refused({"time": value, "ph": 7}) is Reason.BAD_TIME


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b'{"a":1,"a":2}', "bad_grammar"), (b'{"a" :1,"a":2}', "bad_grammar"), (b'{"x":{"a":1,"a":2}}', "bad_grammar"), (b'{"a":1,"\\u0061":2}', "bad_grammar"),
        (b'[{"a":1,"a":2}]', "bad_grammar"), (b'{"a" :":x","b":":y","a":1}', "bad_grammar"), (b'{"a":NaN}', "not_json"), (b'{"a":Infinity}', "not_json"), (b'{"a":1e999}', "bad_number"),
        (b'{"a":01}', "not_json"), (b'{"a":1}\0', "not_json"), (b"{'a':1}", "not_json"), (b"\xff\xfe{\x00", "not_utf8"), (b'{"a":"\xff"}', "not_utf8"), (b"[" * 17 + b"]" * 17, "too_deep"),
        (b"[" * 5000, "too_deep"), (b'{"a":"' + b"x" * (1 << 20), "too_large"), (b"", "not_json"), (b"null", "bad_grammar"), (b"1", "bad_grammar"), (b'{"a":' + b"1" * 6000 + b"}", "bad_number"),
    ],
)  # fmt: skip
def test_json_is_read_strictly(payload, reason):
    """One spelling of a key, finite numbers, UTF-8, bounded depth and size."""
    assert refused(payload) == reason


@pytest.mark.parametrize(
    "payload",
    [
        b'{"a" : ":1" , "b":2}',
        b'{"a":"b\\":","c":1}',
        b'{"x":{"a":1},"y":{"a":2}}',
        b'\xef\xbb\xbf {"a":1}',
        b"[" * 16 + b"]" * 16,
    ],
)
def test_lawful_json_is_not_refused(payload):
    """Blanks, escapes, the same key in two objects, a byte order mark, depth 16."""
    json_in.read(payload)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3.14", 3.14),
        ("-1e3", -1000.0),
        (" 7 ", 7.0),
        ("nan", None),
        ("1_000", None),
        ("１", None),
        ("", None),
        ("0x1", None),
        ("1e999", None),
        ("9" * 101, None),
    ],
)
def test_numbers_in_text_are_plain_decimals(text, number):
    """What float() takes beyond that is refused."""
    assert json_in.text_number(text) == number


def mapping(**more):
    return {"device": "/sn", "values": [{"at": "/v", "property": "water_level", "unit": "cm"}], **more}


@pytest.mark.parametrize(
    ("time", "raw", "micros"),
    [
        ({"format": "epoch_s"}, 1_789_412_400, 0), ({"format": "epoch_s"}, "1789412400", 0), ({"format": "epoch_ms"}, 1_789_412_400_001, 1000), ({"format": "rfc3339"}, "2026-09-14T19:00:00Z", 0),
        ({"format": "rfc3339", "zone": "+08:00"}, "2026-09-15T03:00:00", 0), ({"format": "%Y%m%d%H%M%S", "zone": "+08:00"}, "20260915030000", 0),
        ({"format": "%Y%m%d%H%M%S", "zone": "+08:00"}, 20260915030000, 0), ({"format": "%Y-%m-%d %H:%M:%S", "zone": "Z"}, "2026-09-14 19:00:00", 0),
        ({"format": "%d/%m/%Y %H:%M %z"}, "14/09/2026 19:00 +0000", 0), ({"zone": "-03:30"}, "2026-09-14T15:30:00", 0), ({}, 1_789_412_400_000, 0),
    ],
)  # fmt: skip
def test_a_mapping_says_how_time_is_written(time, raw, micros):
    """Counts, RFC 3339, patterns; the zone is the mapping's unless the text has one."""
    (found,) = read({"sn": "a", "t": raw, "v": 1}, mapping(time={"at": "/t", **time})).readings
    assert found.time == NOW + micros


@pytest.mark.parametrize(
    ("time", "raw"),
    [({"format": "rfc3339"}, "2026-09-14T19:00:00"), ({"format": "%Y%m%d"}, "20260914"), ({"format": "%Y%m%d", "zone": "Z"}, "20260231"), ({"format": "%Y%m%d", "zone": "Z"}, "２0260914"), ({"format": "epoch_s"}, "soon"), ({"format": "epoch_s"}, []), ({"format": "%Y", "zone": "Z"}, True)],
)  # fmt: skip
def test_a_time_that_the_mapping_cannot_read_is_refused(time, raw):
    """Naive without a zone, no such date, another type."""
    assert refused({"sn": "a", "t": raw, "v": 1}, mapping(time={"at": "/t", **time})) is Reason.BAD_TIME


def test_a_period_has_its_begin():
    """A five-minute sum begins five minutes before its time, or before reception."""
    sums = mapping(values=[{"at": "/v", "property": "rainfall", "statistic": "sum/PT5M"}], time={"at": "/t"})
    dated, undated = (read({"sn": "a", "v": 1, **more}, sums).readings[0] for more in ({"t": 1_789_412_400}, {}))
    assert dated.begin == dated.time - 300_000_000
    assert (undated.begin, undated.time) == (NOW - 300_000_000, None)
    assert [json_times.period(text) for text in ("mean/PT1H30M", "max/P1D", "sum/total", "instant", "sum/P", "sum/PT1.5H")] == [
        5_400_000_000,
        86_400_000_000,
        None,
        None,
        None,
        None,
    ]


def test_the_mapping_with_most_values_reads():
    """Two types behind one gateway: each payload finds its own; what fits none is the generic form, when one is generic."""
    level = mapping()
    rain = mapping(values=[{"at": "/rain", "property": "rainfall"}, {"at": "/v", "property": "battery_voltage"}])
    assert [r.property for r in read({"sn": "a", "v": 1}, level, rain).readings] == ["water_level"]
    assert [r.property for r in read({"sn": "a", "v": 1, "rain": 2}, level, rain).readings] == ["rainfall", "battery_voltage"]
    assert [r.property for r in read({"device": "a", "ph": 7}, level, {}).readings] == ["ph"]
    assert refused({"device": "a", "ph": 7}, level) is Reason.MISSING_KEY


def test_match_tells_equal_shapes_apart():
    """A field's value decides, and 1 is not true."""
    one, two = mapping(match={"/kind": 1}), mapping(match={"/kind": True}, values=[{"at": "/v", "property": "ph"}])
    assert read({"sn": "a", "kind": 1, "v": 1}, one, two).readings[0].property == "water_level"
    assert read({"sn": "a", "kind": True, "v": 1}, one, two).readings[0].property == "ph"


def test_a_devices_own_mapping_wins():
    """What is set for the device overrides its type."""
    own = mapping(values=[{"at": "/v", "property": "water_level", "unit": "mm"}])
    assert read({"sn": "a", "v": 1}, mapping(), own=own).readings[0].unit == "mm"


@pytest.mark.parametrize(
    ("raw", "more", "value"),
    [(5, {"scale": 0.1}, 0.5), (-53, {"scale": 0.1}, -5.3), (3, {"scale": 0.1, "offset": 0.2}, 0.5), (7, {"offset": -1}, 6.0), ("3.5", {"text": True}, 3.5), (True, {}, 1.0), (None, {}, None), ("--", {"sentinels": ["--"]}, None)],
)  # fmt: skip
def test_scale_and_offset_are_decimal(raw, more, value):
    """3 x 0.1 + 0.2 is 0.5."""
    (found,) = read({"sn": "a", "v": raw}, mapping(values=[{"at": "/v", "property": "water_level", **more}])).readings
    assert found.value == value


def test_pointers_reach_anywhere():
    """RFC 6901: escapes, array indexes, the whole payload."""
    tree = {"a/b": {"~": [10, {"c": 1}]}}
    assert json_mapping.find(tree, json_mapping._pointer("/a~1b/~0/1/c", "x")) == 1
    assert json_mapping.find(tree, ()) is tree
    for text in ("/a~1b/~0/2", "/a~1b/~0/-1", "/a~1b/~0/x", "/nope", "/a~1b/~0/1/c/d", "/a~1b/~0/²"):
        assert json_mapping.find(tree, json_mapping._pointer(text, "x")) is json_mapping.ABSENT


def test_a_mapping_over_an_array_at_the_root():
    """Each record by itself; one that names no device costs itself."""
    found = read([{"sn": "a", "v": 1}, {"v": 2}, {"sn": 5, "v": 3}], mapping())
    assert [(r.native, r.value) for r in found.readings] == [("a", 1), ("5", 3)]
    assert [error.reason for error in found.errors] == ["missing_key"]


@pytest.mark.parametrize(
    "settings",
    [
        {"odd": 1}, {"device": "sn"}, {"device": 5}, {"each": None}, {"time": {"at": "/t", "odd": 1}}, {"time": {"format": "epoch_s"}}, {"time": {"at": "/t", "format": "unix"}},
        {"time": {"at": "/t", "zone": "Asia/Shanghai"}}, {"time": {"at": "/t", "zone": "+15:00"}}, {"time": []}, {"position": {"lon": "/x"}}, {"match": []}, {"match": {"x": 1}},
        {"values": {}}, {"values": [5]}, {"values": [{"property": "ph"}]}, {"values": [{"at": "/v"}]}, {"values": [{"at": "/v", "property": "no_such"}]}, {"values": [{"at": "/v", "property": "ph", "odd": 1}]},
        {"values": [{"at": "/v", "property": "water_level", "unit": "V"}]}, {"values": [{"at": "/v", "property": "ph", "unit": "furlong"}]}, {"values": [{"at": "/v", "property": "ph", "statistic": "median"}]},
        {"values": [{"at": "/v", "property": "ph", "scale": "1"}]}, {"values": [{"at": "/v", "property": "ph", "scale": float("nan")}]}, {"values": [{"at": "/v", "property": "ph", "sentinels": 5}]},
        {"values": [{"at": "/v", "property": "ph", "registers": {"type": "u64"}}]}, {"values": [{"at": "/v", "property": "ph", "registers": {"type": "u32", "order": "AB"}}]},
        {"values": [{"at": "/v", "property": "ph", "registers": {"type": "u16", "index": -1}}]}, {"values": [{"at": "/v", "property": "ph", "registers": 5}]}, {"values": [{"at": "/v", "property": "ph"}] * 257},
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_mapping_is_refused_with_a_hint(settings):
    """When the type is loaded, not when the first frame comes."""
    with pytest.raises(ValidationError) as caught:
        plainjson.check(settings)
    assert caught.value.hint


def test_a_wrong_mapping_costs_its_frames_and_nothing_else():
    """A type that slipped through refuses payloads by name."""
    assert refused({"sn": "a", "v": 1}, mapping(odd=1) | {"values": [5]}) is Reason.BAD_GRAMMAR


@pytest.mark.parametrize("name", MAPPED)
def test_shipped_mappings_are_right(name):
    """Each can be read as it ships."""
    plainjson.check(TYPES[name].settings)


@pytest.mark.parametrize(
    ("table", "words", "value"),
    [
        ({"type": "u16"}, [65535], 65535), ({"type": "int16"}, [65483], -53), ({"type": "i16"}, [-53], -53), ({"type": "u16", "order": "BA"}, [0x0102], 0x0201), ({"type": "u16", "order": "ABCD", "index": 1}, [1, 2], 2),
        ({"type": "u32"}, [0x0001, 0x0002], 0x00010002), ({"type": "u32", "order": "CDAB"}, [0x0002, 0x0001], 0x00010002), ({"type": "u32", "order": "BADC"}, [0x0100, 0x0200], 0x00010002),
        ({"type": "u32", "order": "DCBA"}, [0x0200, 0x0100], 0x00010002), ({"type": "i32"}, [0xFFFF, 0xFFCB], -53), ({"type": "f32"}, [0x40A0, 0], 5.0), ({"type": "float32", "order": "CDAB"}, [0xCCCD, 0x3DCC], 0.1),
        ({"type": "f32"}, "4048F5C3", 3.14), ({"type": "f32"}, [0x7149, 0xF2CA], 1e30), ({"type": "f32"}, [0x3F9E, 0x0652], 1.2345679),
    ],
)  # fmt: skip
def test_registers_in_every_order(table, words, value):
    """A float is the shortest decimal of its 32 bits."""
    assert json_registers.value(json_registers.compiled(table), words) == value


def test_the_layout_is_made_once_for_a_type():
    """Devices that override nothing share their type's; one that overrides has its own."""
    kind = mapping()
    assert layout_of({**kind}) is layout_of({**kind, "level": "relative"})
    assert layout_of({**kind, "device": "/other"}) is not layout_of(kind)


def test_nothing_is_waited_for():
    """The adapter keeps nothing."""
    assert plainjson.expire({}, NOW).state is None
