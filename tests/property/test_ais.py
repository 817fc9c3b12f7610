"""AIS, NMEA 0183 and gpsd under any input: what is said is read, cutting and order do not matter, damage is never a value."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from adapters import ais, gpsd, nmea0183
from adapters._wire.ais_armour import armour, bits_of
from adapters._wire.ais_fields import BITS, FIELDS, degrees, turn_of
from adapters._wire.ais_message import understand
from sensing.errors import DecodeError
from sensing.model import Reading
from sensing.times import SECOND, parse_instant
from tests import ais_frames
from tests.ais_frames import FIRST, SHIP, context
from tests.ais_frames import SECOND as LAST
from tests.contract import golden

MMSI = st.integers(1, 999_999_999).map(str)
TIMES = st.integers(parse_instant("2000-01-02T00:00:00Z") // 1000, parse_instant("2080-01-01T00:00:00Z") // 1000).map(
    lambda ms: ms * 1000
)
PLACES = st.tuples(st.integers(-108_000_000, 108_000_000).map(degrees), st.integers(-54_000_000, 54_000_000).map(degrees))
VALUES = {
    "status": ("navigation_status", "1", st.integers(0, 14)),
    "turn": ("rate_of_turn", "deg/min", st.integers(-126, 126).map(turn_of)),
    "speed": ("speed_over_ground", "[kn_i]", st.integers(0, 1022).map(lambda v: v / 10)),
    "course": ("course_over_ground", "deg", st.integers(0, 3599).map(lambda v: v / 10)),
    "heading": ("heading", "deg", st.integers(0, 359)),
}


@st.composite
def reports(draw):
    """Readings of some vessels, in the order in which a report has its fields."""
    found = []
    for native, time in draw(st.lists(st.tuples(MMSI, TIMES), min_size=1, max_size=3, unique=True)):
        place = draw(st.none() | PLACES)
        found += [Reading(native, "position", "position", None, time=time, wire_time=time, position=place)] if place else []
        for code, (name, unit, values) in VALUES.items():
            value = draw(st.none() | values)
            found += [] if value is None else [Reading(native, code, name, value, unit, time=time, wire_time=time)]
    return found


@given(readings=reports())
def test_what_ais_says_it_reads(readings):
    """decode(encode(x)) == x, and so for AIS-catcher's JSON."""
    assert [r for said in ais_frames.feed(ais.encode(readings)).values() for r in said.readings] == readings
    read = [gpsd.decode(frame, context()) for frame in gpsd.encode(readings)]
    assert [r for said in read for r in said.readings] == readings


@given(message=st.integers(0, 2**168 - 1), kind=st.sampled_from(sorted(BITS)))
def test_any_bits_are_a_message_or_a_reason(message, kind):
    """A position report of any bits has all its fields; the stored ones are among them."""
    bits = BITS[kind]
    message = (message << max(0, bits - 168) >> max(0, 168 - bits)) & ((1 << bits - 6) - 1) | kind << bits - 6
    payload, fill = armour(message, bits)
    assert bits_of(payload.encode(), fill) == (message, bits)
    said = understand(payload.encode(), fill, None, context(every_field=True))
    assert {field.name for field in FIELDS[kind]} <= {reading.code for reading in said.readings}


@given(
    payload=st.text("0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[`abcdefghijklmnopqrstuvw", max_size=90).map(str.encode),
    fill=st.integers(0, 5),
)
def test_any_armour_is_a_message_or_a_reason(payload, fill):
    """All types, all lengths: readings or DecodeError, with and without every field."""
    for every_field in (False, True):
        try:
            said = understand(payload, fill if payload else 0, None, context(every_field=every_field))
        except DecodeError:
            continue
        assert said.name


@given(cuts=st.lists(st.integers(1, 300), max_size=6))
def test_cutting_the_stream_does_not_matter(cuts):
    """The same bytes in any payloads give the same readings and facts, and leave no frame hanging."""
    whole = b"\r\n".join([SHIP, FIRST, SHIP, LAST]) + b"\r\n"
    places = sorted({0, len(whole), *(cut % len(whole) for cut in cuts)})
    frames = [whole[a:b] for a, b in pairwise(places) if whole[a:b].strip()]
    answers = list(golden.feed(ais, frames, golden.context()))
    said = [decoded for place, decoded in answers if place]
    assert sum(len(decoded.readings) for decoded in said) == 10
    assert ais_frames.told([fact for decoded in said for fact in decoded.facts])["imo"] == "9266633"
    waited = {place for place, decoded in answers if place and decoded.waiting}
    settled = {place for _, decoded in answers for place in decoded.settled}
    assert waited == settled


@given(order=st.permutations(range(6)))
def test_the_order_of_parts_does_not_matter(order):
    """Two messages of three parts, interleaved in any way, are both read."""
    parts = [
        b"!AIVDM,3,1,3,B,I`1ifG20UrcNTFE?UgLeo@Dk:o6G4hhI8;?vW2?El>D,0*25",
        b"!AIVDM,3,2,3,B,eju@c3Si451FJd9WPU<>BgML6TO918o:?6uoOFu3k@=,0*50",
        b"!AIVDM,3,3,3,B,v@,3*23",
    ]
    parts += [ais_frames.build_as(part, b",3,B,", b",4,A,") for part in parts]
    answers = ais_frames.feed([parts[at] for at in order], every_field=True)
    assert sum(bool(said.readings) for said in answers.values()) == 2
    assert answers[6].state.get("groups", {}) == {}


@given(
    readings=st.lists(
        st.tuples(st.sampled_from([("heading", "heading", "deg", 3), ("depth", "nmea0183_depth", "m", 2), ("temperature", "water_temperature", "Cel", 2)]),
                  st.integers(-9999, 9999).map(lambda v: v / 10)),
        min_size=1, max_size=3, unique_by=lambda row: row[0],
    ),
    place=PLACES,
    time=TIMES,
)  # fmt: skip
def test_what_nmea_says_it_reads(readings, place, time):
    """decode(encode(x)) == x."""
    said = [Reading("golden", "position", "position", None, time=time, wire_time=time, position=place, rank=3)]
    said += [Reading("golden", code, name, value, unit, time=time, rank=rank) for (code, name, unit, rank), value in readings]
    frames = nmea0183.encode(said)
    assert [r for _, decoded in golden.feed(nmea0183, frames, golden.context()) for r in decoded.readings] == said


@given(second=st.integers(0, 59), offset=st.integers(-29 * SECOND, 29 * SECOND))
def test_the_nearest_instant_is_found_from_anywhere_near(second, offset):
    """Receivers within half a minute of a message agree on its time."""
    time = golden.RECEIVED + second * SECOND
    frame = ais.encode([Reading("413372870", "heading", "heading", 5, "deg", time=time)], tagged=False)[0]
    assert {r.time for r in ais.decode(frame, context(received=time + offset)).readings} == {time}
