"""What the spans of a payload say: fields, values, what is wrong, where a tunnelled byte stands."""

import base64

import pytest
from fastcrc import crc16

from adapters import plainjson, senml, sl651
from adapters._wire import json_where, sl651_frame, spans
from adapters._wire.annotate_text import annotate_fields
from sensing.errors import DecodeError, Reason
from sensing.model import Context, Span
from tests.sl651_frames import STATION, ascii_frame, context, hex_frame, read, report

GAUGE = report("392300002345F460" + "00" * 11 + "FF" + "38121217")


def told(adapter, payload, **settings):
    return {(span.name, span.offset): span.value for span in adapter.annotate(payload, context(**settings))}


def wrong(adapter, payload):
    return [(span.offset, span.length, span.name, span.value) for span in adapter.annotate(payload, context()) if span.bad]


def resealed(frame, at, new):
    """A frame with bytes changed and its checksum made right again."""
    damaged = frame[:at] + new + frame[at + len(new) :]
    return damaged[:-2] + crc16.modbus(damaged[:-2]).to_bytes(2, "big")


def test_each_field_of_a_frame_has_its_words():
    """Header fields by name, addresses as digits, the function in both languages, times in Beijing time."""
    found = {span.name: span for span in sl651.annotate(GAUGE, context())}
    assert found["function"].meaning == ("功能码", "function")
    assert found["function"].value == "32 定时报 timed-report"
    assert found["length"].value == f"up, {len(GAUGE) - 17} bytes"
    assert (found["station"].value, found["class"].value) == (STATION, "T")
    assert found["sent"].value == "2026-08-21 14:30:00 +08:00"
    assert found["crc"].value == f"{GAUGE[-2:].hex().upper()} ✔"
    assert found["3923"].meaning == ("瞬时河道水位、潮位", "Water level")
    assert found["3923"].value == "4 bytes, 3 decimals"
    assert found["39"].value == "2.345 m → water_level"


def test_a_block_is_told_slot_by_slot():
    """Twelve values, each with its own time; an invalid one is missing, not a number."""
    slots = [span for span in sl651.annotate(GAUGE, context()) if span.name == "F4"]
    assert [span.length for span in slots] == [1] * 12
    assert slots[0].value.startswith("0 mm → rainfall sum/PT5M @ 2026-08-21 13:35:00")
    assert slots[-1].value.startswith("缺测 missing → rainfall")


def test_what_the_spans_say_is_what_was_read():
    """Every reading of a frame stands in one span, in the order in which it was read."""
    values = [span.value.split(" ")[0] for span in sl651.annotate(GAUGE, context()) if "→" in span.value]
    readings = read(GAUGE).readings
    assert values == ["缺测" if one.value is None else f"{one.value:.10g}" for one in readings]


def test_a_wrong_checksum_is_told_with_the_right_one():
    """The two bytes at the end are marked, and the body is shown for people to find the damage."""
    damaged = GAUGE[:40] + bytes([GAUGE[40] ^ 4]) + GAUGE[41:]
    right = f"{crc16.modbus(damaged[:-2]):04X}"
    stands = damaged[-2:].hex().upper()
    assert wrong(sl651, damaged) == [(len(damaged) - 2, 2, "crc", f"bad_checksum: {stands}; right would be {right}")]
    assert "39" in {span.name for span in sl651.annotate(damaged, context())}


@pytest.mark.parametrize(("frame", "offset", "length", "reason"), [
    (resealed(GAUGE, 10, b"\xdf"), 10, 1, Reason.UNKNOWN_FUNCTION),
    (resealed(GAUGE, 11, b"\x10"), 11, 2, Reason.BAD_GRAMMAR),
    (resealed(GAUGE, 16, b"\x26\x13"), 16, 6, Reason.BAD_TIME),
    (resealed(GAUGE, 32, b"\x26\x08\x32"), 32, 5, Reason.BAD_TIME),
    (report("3923000023453812"), 46, 1, Reason.BAD_GRAMMAR),
    (report("392300002345F4600102"), 43, 4, Reason.BAD_GRAMMAR),
    (hex_frame("", opening="0102"), 14, 2, Reason.BAD_GRAMMAR),
    (GAUGE[:12] + bytes([GAUGE[12] - 1]) + GAUGE[13:], 11, 2, Reason.BAD_LENGTH),
    (b"hello there", 0, 11, Reason.BAD_START),
])  # fmt: skip
def test_a_refusal_points_at_its_bytes(frame, offset, length, reason):
    """The error names exactly the field that is wrong, and the spans mark it."""
    with pytest.raises(DecodeError) as caught:
        sl651.decode(frame, context(), None)
    found = wrong(sl651, frame)
    assert caught.value.reason == reason
    assert [(at, size) for at, size, _, _ in found] == [(caught.value.offset, caught.value.length)]
    if reason != Reason.BAD_GRAMMAR or offset != 46:
        assert (caught.value.offset, caught.value.length) == (offset, length)
    assert found[0][3].startswith(str(reason))


@pytest.mark.parametrize(("wrap", "via"), [
    (lambda frame: frame.hex().encode(), "hex"),
    (lambda frame: b" " + frame.hex(" ").encode() + b"\r\n", "hex"),
    (base64.b64encode, "base64"),
    (lambda frame: b'{"id": 7, "data": "' + base64.b64encode(frame).replace(b"/", b"\\/") + b'"}', "json"),
])  # fmt: skip
def test_tunnelled_bytes_are_told_where_they_stand_outside(wrap, via):
    """The same fields as of the bare frame, at their characters in the text, and the wrapping named."""
    payload = wrap(GAUGE)
    inside = [(span.name, span.value) for span in sl651.annotate(GAUGE, context())]
    found = [span for span in sl651.annotate(payload, context()) if span.meaning[1] != "wrapping"]
    assert [(span.name, span.value) for span in found[1:]] == inside[1:]
    assert any(f"wrapping: {via}" in span.value for span in sl651.annotate(payload, context()))
    if via == "hex":
        crc = payload[found[-1].offset :].strip().replace(b" ", b"")
        assert bytes.fromhex(crc.decode()) == GAUGE[-2:]


def test_ascii_frames_are_told_word_by_word():
    """Names with their values, a series value by value, the checksum."""
    frame = ascii_frame("ST 0070120345 H TT 2608211400 Z 6.38 DRN05 Q VT 6.30 12.5 6.35 12.6 ")
    found = [(span.name, span.value) for span in sl651.annotate(frame, context())]
    assert ("TT", "2026-08-21 14:00:00 +08:00") in found
    assert ("Z", "6.38 m → water_level") in found
    assert [value.split(" →")[0] for name, value in found if name == "Q" and "→" in value] == ["6.3 m3/s", "6.35 m3/s"]
    assert found[-1][1].endswith("✔")


def test_a_packet_ends_where_the_next_goes_on():
    """The first packet of a message is read as far as it goes; a later one is part of a message; neither is wrong."""
    first = hex_frame(f"F1F1{STATION}54F0F026082114303923000023", total=2, seq=1)
    second = hex_frame("45381212", opening="", total=2, seq=2)
    for frame, meaning in ((first, "goes on in the next packet"), (second, "part of a message in packets")):
        assert meaning in [span.meaning[1] for span in sl651.annotate(frame, context())]
        assert not wrong(sl651, frame)


def test_junk_between_frames_is_marked_and_the_frames_are_told():
    """Two frames in one payload with junk between them: each is shown, the junk is the bad part."""
    payload = GAUGE + b"junk" + GAUGE
    assert wrong(sl651, payload) == [(len(GAUGE), 4, "", "bad_start: begins with 6A756E6B, not 7E7E or 01")]
    assert [span.name for span in sl651.annotate(payload, context())].count("crc") == 2


def test_json_members_say_what_they_became():
    """The generic form: device, time and values with their property; what is left alone says so."""
    payload = b'{"device": "g", "time": 1789412400, "water_level": 3.2, "note": "ok"}'
    found = {span.name: (span.meaning[1], span.value) for span in plainjson.annotate(payload, context())}
    assert found["device"] == ("device", "g")
    assert found["time"] == ("time", "2026-09-14T19:00:00Z")
    assert found["water_level"] == ("Water level", "3.2 m → water_level")
    assert found["note"] == ("not used", '"ok"')


def test_json_points_at_the_member_that_is_wrong():
    """A bad record of several, a key that stands twice, a number that nothing holds, a nesting too deep."""
    assert [one[:2] for one in wrong(plainjson, b'[{"ph": 7}, {"ph": 7, "time": "x"}]')] == [(30, 3)]
    assert [one[:2] for one in wrong(plainjson, b'{"ph": 7, "ph": 8}')] == [(10, 6)]
    assert [one[:2] for one in wrong(plainjson, b'{"ph": 1e999}')] == [(7, 5)]
    assert [one[0] for one in wrong(plainjson, b'{"ph": 7, "x": ' + b"[" * 20 + b"]" * 20 + b"}")] == [30]
    assert [one[:2] for one in wrong(plainjson, b"\xef\xbb\xbf" + b'{"ph": 7, "ph": 8}')] == [(13, 6)]


def test_a_mapping_s_values_are_told_where_its_pointers_lead():
    """A vendor's JSON by its type: nested members, an array of records, device and time above them."""
    settings = {
        "each": "/list", "device": "/imei", "time": {"at": "/ts", "format": "epoch_s"},
        "values": [{"at": "/mm", "property": "water_level", "unit": "mm"}],
    }  # fmt: skip
    given = Context("p", settings=lambda _native: {}, mappings=[settings])
    payload = b'{"imei": "868", "list": [{"ts": 1789412400, "mm": 2310}, {"ts": 1789412460, "mm": "x"}]}'
    found = {span.name: span for span in plainjson.annotate(payload, given)}
    assert found["imei"].value == "868"
    assert found["list.0.mm"].value == "2310 mm → water_level"
    assert [payload[s.offset : s.offset + s.length] for s in plainjson.annotate(payload, given) if s.bad] == [b'"x"']


def test_senml_names_and_times_are_told_as_they_resolve():
    """Base fields and relative times as what they mean; in CBOR each label by its name."""
    pack = b'[{"bn": "urn:dev:7:", "bt": 1789412400, "n": "water_level", "u": "cm", "v": 321.4}, {"n": "ph", "t": -60, "v": 7}]'
    found = {span.name: span.value for span in senml.annotate(pack, context())}
    assert found["0.n"] == "water_level → urn:dev:7 · water_level"
    assert found["0.v"] == "321.4 cm → water_level"
    assert found["1.t"] == "2026-09-14T18:59:00Z"
    binary = senml.encode(senml.decode(pack, context()).readings, cbor=True)
    labels = [span for span in senml.annotate(binary, context()) if span.meaning[1] == "label"]
    assert {"n", "u", "v", "t"} <= {span.name for span in labels}
    assert [one[:2] for one in wrong(senml, b'[{"n": "urn:dev:7:a", "v": "x"}]')] == [(27, 3)]


def test_fields_between_separators():
    """Each field with its separator; names in order, or a function that says what each is."""
    meaning = ("字段", "field")
    found = annotate_fields(b"$GPGGA,123,4*5A", b",*", [("type", ("类型", "type")), ("time", ("时间", "time"))])
    assert [(s.offset, s.length, s.name, s.value) for s in found] == [
        (0, 7, "type", "$GPGGA"), (7, 4, "time", "123"), (11, 2, "2", "4"), (13, 2, "3", "5A")]  # fmt: skip
    error = DecodeError(Reason.BAD_NUMBER, "no", 7, 3)
    found = annotate_fields(b"$GPGGA,12x,4", b",", lambda n, text: (str(n), meaning, text), [error])
    assert [(s.offset, s.length, s.bad) for s in found] == [(0, 7, False), (7, 3, True), (10, 1, False), (11, 1, False)]


def test_a_path_is_found_in_the_bytes():
    """Through objects and arrays, over strings that look like structure; as far as it leads."""
    payload = b' [ {"a\\"b": "v]", "v" : [1, "x,]", {"k": 5}]}, 7 ] '

    def at(*path):
        offset, length = json_where.where(payload, path)
        return payload[offset : offset + length]

    assert (at(0, "v", 1), at(0, "v", 2, "k"), at(1)) == (b'"x,]"', b"5", b"7")
    assert at(0, "v", 2, "none") == b'{"k": 5}'


def test_a_failure_of_ours_is_a_span_that_says_so():
    """An annotator that crashes never takes the view down."""
    crashing = spans.total(lambda payload, context: payload["x"])
    assert crashing(b"abc", context()) == [Span(0, 3, "", spans.CRASHED, "parser_crash: TypeError", bad=True)]
    assert crashing(b"", context()) == []


def test_lengths_of_headers_agree_with_the_frame_s():
    """The constants of the walker are those of the reader: 29 and 17 bytes around a body."""
    assert sl651_frame.claimed(GAUGE, 0) == len(GAUGE)
