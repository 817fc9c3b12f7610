"""SL 651 under any input: what is said is read, damage is never a value, order and cutting do not matter."""

import json
from itertools import pairwise

from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from adapters import sl651
from adapters._wire.sl651_codes import BLOCK_DIGITS, BY_ID
from adapters._wire.sl651_examples import block, reading
from adapters._wire.sl651_frame import LARGEST
from sensing.errors import DecodeError
from sensing.times import MINUTE, SECOND, parse_instant
from tests.contract import golden
from tests.sl651_frames import read, report, values

PLAIN = sorted(wire for wire, code in BY_ID.items() if code.digits and wire not in ("33", "04") and wire < "F0")
NATIVES = st.from_regex(r"[0-9A-F]{10}", fullmatch=True)
SENT = st.integers(parse_instant("2001-01-02T00:00:00Z") // (5 * MINUTE), parse_instant("2099-12-30T00:00:00Z") // (5 * MINUTE))
FRAME = report("3923000023453812" + "1217")


@st.composite
def numbers(draw, code):
    """A value with the digits and decimals of a code's own N(D,d)."""
    most = 10**code.digits - 1
    return draw(st.none() | st.integers(-most, most).map(lambda digits: digits / 10**code.decimals))


@st.composite
def plain(draw, sent, native):
    wire = draw(st.sampled_from(PLAIN))
    time = sent // MINUTE * MINUTE - draw(st.integers(0, 3)) * MINUTE
    return [reading(wire, draw(numbers(BY_ID[wire])), native=native, time=time, sent=sent)]


@st.composite
def blocks(draw, sent):
    wire = draw(st.sampled_from([f"{guide:02X}" for guide in BLOCK_DIGITS]))
    scale, most = (10, 254) if wire == "F4" else (100, 65_534)
    return block(
        wire, draw(st.lists(st.none() | st.integers(0, most).map(lambda v: v / scale), min_size=12, max_size=12)), sent=sent
    )


@st.composite
def reports(draw):
    """The readings of one report: plain ones and blocks of one station, sent at one time."""
    sent = draw(SENT) * 5 * MINUTE + draw(st.integers(0, 59)) * SECOND
    native = draw(NATIVES)
    found = [r for part in draw(st.lists(plain(sent, native), min_size=1, max_size=8)) for r in part]
    found += [replace(r, native=native, rank=3) for part in draw(st.lists(blocks(sent), max_size=2)) for r in part]
    return found


def named(readings):
    return [replace(r, code=BY_ID[r.code].name) for r in readings]


def through(frames):
    return [r for _, said in golden.feed(sl651, frames, golden.context()) for r in said.readings]


@given(reports(), st.integers(1, 65_535))
def test_what_is_said_is_read(readings, serial):
    """decode(encode(x)) == x, in HEX and in ASCII, in one frame and in packets."""
    for packet in (4_000, 40):
        assert through(sl651.encode(readings, sl651.Link(serial=serial, packet=packet))) == readings
        assert through(sl651.encode(named(readings), sl651.Link(text=True, serial=serial, packet=packet))) == named(readings)


@given(st.lists(reports(), min_size=1, max_size=4), st.data())
def test_cutting_a_stream_anywhere_changes_nothing(several, data):
    """However the bytes of a stream fall into payloads, the same is read, and nothing is refused."""
    stream = b"".join(frame for readings in several for frame in sl651.encode(readings))
    cuts = sorted({0, len(stream), *data.draw(st.lists(st.integers(0, len(stream)), max_size=6))})
    said = list(golden.feed(sl651, [stream[a:b] for a, b in pairwise(cuts)], golden.context()))
    assert [r for _, decoded in said for r in decoded.readings] == [r for readings in several for r in readings]
    assert not [error for _, decoded in said for error in decoded.errors]


@given(reports(), st.data())
def test_packets_in_any_order_with_duplicates_say_the_same(readings, data):
    """P5 for messages in packets."""
    packets = sl651.encode(readings, sl651.Link(packet=30))
    order = data.draw(st.permutations(packets + data.draw(st.lists(st.sampled_from(packets), max_size=3))))
    found = through(order)
    assert found == readings * (len(found) // len(readings))
    assert found


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_junk_around_a_frame_costs_the_frame_nothing(before, behind):
    """A frame is found between any junk, and every junk byte is accounted for once."""
    assume(not any(before.endswith(FRAME[:size]) for size in range(1, len(FRAME))))
    found = read(before + FRAME + behind)
    assert values(found) == [("39", 2.345), ("38", 12.17)]
    held = len(bytes.fromhex(found.state["tail"]["hex"])) if found.state else 0
    refused = sum(error.length for error in found.errors)
    assert len(before + behind) - len(b"~\r\n ") - refused - held <= sum((before + behind).count(byte) for byte in b"~\r\n ")
    assert refused + held <= len(before) + len(behind)


@given(
    st.lists(
        st.sampled_from([FRAME, FRAME[:20], FRAME[20:], b"~", b"\x01", b"7E7E", b"{}"]) | st.binary(max_size=40), max_size=12
    )
)
def test_every_frame_of_a_stream_ends_somewhere(payloads):
    """Each payload is read, refused, or waits and is later settled or refused: none is left hanging, none counted twice."""
    waiting, state = set(), None
    for place, payload in enumerate(payloads, 1):
        try:
            found = read(payload, state, place=place)
        except DecodeError:
            continue
        state = found.state
        ended = {*found.settled, *(error.place for error in found.errors if error.place is not None)}
        assert ended <= waiting
        waiting -= ended
        waiting |= {place} if found.waiting else set()
        assert state is None or len(json.dumps(state)) < 8 * LARGEST
    if state is not None:
        over = sl651.expire(state, parse_instant("2027-01-01T00:00:00Z"))
        assert {error.place for error in over.errors} >= waiting


@given(st.integers(0, len(FRAME) * 8 - 1), st.integers(0, len(FRAME) * 8 - 1))
def test_damage_is_never_a_value(one, other):
    """One or two flipped bits of a frame are found by the checksum: nothing of it is read."""
    damaged = bytearray(FRAME)
    for bit in {one, other}:
        damaged[bit // 8] ^= 1 << bit % 8
    try:
        assert bytes(damaged) == FRAME or not read(bytes(damaged)).readings
    except DecodeError:
        assert bytes(damaged) != FRAME
