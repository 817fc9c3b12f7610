"""HJ 212 under any input: what is said is read, damage is never a value, order and cutting do not matter."""

import json
from itertools import pairwise

from hypothesis import assume, given
from hypothesis import strategies as st

from adapters import hj212
from adapters._wire import hj212_frame
from adapters._wire.hj212_codes import BY_ID, Dialect
from adapters._wire.hj212_examples import reading
from sensing.errors import DecodeError
from sensing.times import SECOND, parse_instant
from tests.contract import golden
from tests.hj212_frames import AIR, KEY, NOW, frame, parts, read, slow_checksum, values

PLAIN = sorted(code.id for code in BY_ID.values() if "-" not in code.id and "x" not in code.id and code.id[0] in "awL")
NATIVES = st.from_regex(r"[0-9A-Za-z_]{1,27}", fullmatch=True)
TIMES = st.integers(parse_instant("2001-01-02T00:00:00Z") // SECOND, parse_instant("2099-12-30T00:00:00Z") // SECOND)
NUMBERS = st.none() | st.integers(-(10**9), 10**9).map(lambda digits: digits / 1000) | st.floats(-1e12, 1e12)
FLAGS = st.none() | st.sampled_from("NFMSDCTB")
FRAME = frame(AIR)


@st.composite
def messages(draw):
    """The readings of one message: factors with their fields, one flag a factor."""
    cn = draw(st.sampled_from(["2011", "2051", "2061", "2031"]))
    fields = ["Rtd"] if cn == "2011" else ["Min", "Avg", "Max", "Cou"]
    native, time, sent = draw(NATIVES), draw(TIMES) * SECOND, draw(TIMES) * SECOND + draw(st.integers(0, 999)) * 1000
    found = []
    for factor in draw(st.lists(st.sampled_from(PLAIN), min_size=1, max_size=8, unique=True)):
        flag, dialect = draw(FLAGS), Dialect("31", cn)
        chosen = draw(st.lists(st.sampled_from(fields), min_size=1, unique=True))
        found += [reading(f"{factor}-{f}", draw(NUMBERS), dialect, flag, native=native, time=time, sent=sent) for f in chosen]
    return found


def through(frames, **settings):
    return [r for _, said in golden.feed(hj212, frames, golden.context({"settings": settings})) for r in said.readings]


@given(messages())
def test_what_is_said_is_read(readings):
    """decode(encode(x)) == x, in one frame, in parts, and under SM4."""
    for packet in (9_000, 120):
        assert through(hj212.encode(readings, hj212.Link(st="31", packet=packet))) == readings
        link = hj212.Link(st="31", packet=packet, version=2, key=bytes.fromhex(KEY))
        assert through(hj212.encode(readings, link), sm4_key=KEY) == readings


@given(st.lists(messages(), min_size=1, max_size=4), st.data())
def test_cutting_a_stream_anywhere_changes_nothing(several, data):
    """However the bytes of a stream fall into payloads, the same is read, and nothing is refused."""
    stream = b"".join(each for readings in several for each in hj212.encode(readings, hj212.Link(st="31", packet=200)))
    cuts = sorted({0, len(stream), *data.draw(st.lists(st.integers(0, len(stream)), max_size=6))})
    said = list(golden.feed(hj212, [stream[a:b] for a, b in pairwise(cuts)], golden.context()))
    assert not [error for _, decoded in said for error in decoded.errors]
    assert [r for _, decoded in said for r in decoded.readings] == [r for readings in several for r in readings]


@given(messages(), st.data())
def test_a_message_cut_anywhere_in_any_order_says_the_same(readings, data):
    """P5 for messages in parts: texts cut at any place, any order, duplicates; each value is read, once where it is joined."""
    whole = hj212.encode(readings, hj212.Link(st="31", packet=9_000))[0]
    head, _, cp = whole[6:-8].decode().partition("CP=&&")
    cuts = sorted({0, len(cp), *data.draw(st.lists(st.integers(1, len(cp) - 1), max_size=4))})
    cn, qn = head.split("CN=")[1][:4], head[3:20]
    pieces = parts(*[cp[a:b] for a, b in pairwise(cuts)], cn=cn, qn=qn) if len(cuts) > 2 else [frame(cp, cn=cn, qn=qn, st="31")]
    order = data.draw(st.permutations(pieces + data.draw(st.lists(st.sampled_from(pieces), max_size=3))))
    found = list(golden.feed(hj212, order, golden.context()))
    assert not [error for _, decoded in found for error in decoded.errors]
    wanted = {(r.code, r.value, r.time) for r in readings}
    assert {(r.code, r.value, r.time) for _, decoded in found for r in decoded.readings} == wanted


@given(st.binary(max_size=1_500))
def test_the_folded_checksum_is_that_of_the_standard(data):
    """Big-integer folding against the algorithm as annex A writes it."""
    assert hj212_frame.checksum(data) == slow_checksum(data)


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_junk_around_a_frame_costs_the_frame_nothing(before, behind):
    """A frame is found between any junk, and no byte is refused twice."""
    assume(b"##" not in before and not before.endswith(b"#"))
    found = read(before + FRAME + behind)
    assert values(found)[:2] == [("a34004-Rtd", 37.2), ("a21026-Rtd", 12.4)]
    assert sum(error.length for error in found.errors) <= len(before) + len(behind)


@given(
    st.lists(
        st.sampled_from([FRAME, FRAME[:40], FRAME[40:], b"#", b"##0", b"{}", *parts(AIR[:30], AIR[30:50], AIR[50:])])
        | st.binary(max_size=40),
        max_size=12,
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
        ended = [*found.settled, *{error.place for error in found.errors if error.place is not None}]
        assert len(set(ended)) == len(ended)
        assert set(ended) <= waiting
        waiting -= set(ended)
        waiting |= {place} if found.waiting else set()
        assert state is None or len(json.dumps(state)) < 50_000
    if state is not None:
        over = hj212.expire(state, NOW + 999 * SECOND)
        assert {error.place for error in over.errors} == waiting
        assert over.state is None


@given(st.integers(0, len(FRAME) * 8 - 17))
def test_one_flipped_bit_is_never_a_value(bit):
    """Every single-bit error is found: by the checksum, the length or the grammar."""
    damaged = bytearray(FRAME)
    damaged[bit // 8] ^= 1 << bit % 8
    try:
        found = read(bytes(damaged))
    except DecodeError:
        return
    letters = FRAME[-6:-2]
    in_checksum = bit // 8 >= len(FRAME) - 6
    assert not found.readings or (in_checksum and bytes(damaged)[-6:-2].upper() == letters)


@given(
    st.text(alphabet="DataTime=20260821143000;,-RtdFlagNa1&#/{}0x \r\n", max_size=300), st.sampled_from(["2011", "2061", "3020"])
)
def test_any_text_in_an_intact_frame_is_readings_or_a_refusal(cp, cn):
    """The grammar never meets another exception, whatever a checksum lets through."""
    for flag in ("5", "9"):
        try:
            found = read(frame(cp, cn=cn, flag=flag), sm4_key=KEY)
        except DecodeError:
            continue
        json.dumps(found.state)


@given(st.binary(max_size=200))
def test_any_bytes_under_a_key_are_readings_or_a_refusal(data):
    """Bytes of 2025 with a right or wrong checksum, of a device with a key and without."""
    head = b"QN=20260821143000123;ST=22;CN=2011;PW=1;MN=M;Flag=9;CP=&&"
    for crc in (b"%04X" % slow_checksum(head + data + b"&&"), b"0000"):
        for settings in ({}, {"sm4_key": KEY}):
            try:
                read(b"##%04d%b%b&&%b\r\n" % (len(head + data) + 2, head, data, crc), **settings)
            except DecodeError:
                continue
