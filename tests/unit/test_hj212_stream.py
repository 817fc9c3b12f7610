"""Frames out of bytes: sticky, in halves, damaged, with junk between, and wrapped in text."""

import base64
import json

import pytest

from adapters import hj212
from adapters._wire import hj212_frame
from sensing.errors import DecodeError, Reason
from sensing.times import SECOND
from tests.hj212_frames import AIR, NOW, frame, parts, read, replies, seal, segment, slow_checksum, values

A = frame()
B = frame("DataTime=20260821143100;a01001-Rtd=-2.5", qn="20260821143100001")
A_SAYS, B_SAYS = [("a34004-Rtd", 37.2), ("a21026-Rtd", 12.4)], [("a01001-Rtd", -2.5)]


@pytest.mark.parametrize(("said", "crc"), [
    (b"QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&", 0x1C80),
    (b"QN=20240601085857223;ST=32;CN=1011;PW=123456;MN=010000A8900016F000169DC0;Flag=9;CP=&&&&", 0x2200),
    (b"", 0xFFFF),
])  # fmt: skip
def test_the_checksum_is_that_of_the_standard(said, crc):
    """The worked examples of annex A of 2017 and of annex A.1 of 2025."""
    assert hj212_frame.checksum(said) == slow_checksum(said) == crc


def test_the_checksum_has_256_values():
    """It is an 8-bit check: why length, && and grammar must hold as well."""
    assert len({slow_checksum(bytes([a, b])) for a in range(256) for b in range(256)}) == 256


@pytest.mark.parametrize(("payload", "says"), [
    (A + B, A_SAYS + B_SAYS),
    (A[:-2] + B[:-2], A_SAYS + B_SAYS),
    (b"\r\n" + A + b"\r\n\r\n" + B + b"\0", A_SAYS + B_SAYS),
    (A[:-6] + A[-6:].lower(), A_SAYS),
])  # fmt: skip
def test_sticky_frames_are_all_read(payload, says):
    """Many frames in one payload, line ends missing or doubled, the checksum in either case."""
    found = read(payload)
    assert values(found) == says
    assert (list(found.errors), found.waiting, list(found.settled)) == ([], False, [])


def test_halves_are_joined_wherever_they_are_cut():
    """A payload boundary may stand anywhere; the held frame is settled by the one that completes it."""
    whole = A + B[:-2] + A
    says = values(read(whole))
    for cut in range(1, len(whole)):
        first = read(whole[:cut], place=5)
        json.dumps(first.state)
        second = read(whole[cut:], first.state, place=6)
        assert values(first) + values(second) == says, cut
        assert not [*first.errors, *second.errors], cut
        assert list(second.settled) == ([5] if first.waiting else []), cut
        assert not second.waiting, cut


def test_byte_by_byte_is_a_frame():
    """A very slow modem: each byte is a payload, all are settled by the last."""
    state, found = None, None
    for place, byte in enumerate(A[:-2], 1):
        found = read(bytes([byte]), state, place=place)
        state = found.state
    assert values(found) == A_SAYS
    assert list(found.settled) == list(range(1, len(A) - 2))
    assert state is None


@pytest.mark.parametrize(("payload", "errors"), [
    (b"junk" + A, [(Reason.BAD_START, 0, 4)]),
    (A + b"junk" + B, [(Reason.BAD_START, len(A), 4)]),
    (A.replace(b"37.2", b"37.3") + B, [(Reason.BAD_CHECKSUM, len(A) - 6, 4)]),
    (B + A[:60] + B, [(Reason.BAD_LENGTH, len(B) + 2, 4)]),
    (B + A[:60] + A[:70] + B, [(Reason.BAD_LENGTH, len(B) + 2, 4)]),
    (seal(segment(AIR), 40) + B, [(Reason.BAD_LENGTH, 2, 4)]),
])  # fmt: skip
def test_junk_is_one_rejection_with_its_place(payload, errors):
    """What lies between frames is refused once, pointing at the bytes that are wrong; the frames are read."""
    found = read(payload)
    assert [(error.reason, error.offset, error.length) for error in found.errors] == errors
    assert found.readings
    assert not found.waiting


@pytest.mark.parametrize(("payload", "reason"), [
    (b"", Reason.BAD_START),
    (b"hello", Reason.BAD_START),
    (b"##12x4QN=", Reason.BAD_LENGTH),
    (seal(segment(AIR), 1), Reason.BAD_LENGTH),
    (seal(segment(AIR), -1), Reason.BAD_LENGTH),
    (seal(segment(AIR), 300), Reason.BAD_LENGTH),
    (A[:-6] + b"12G4", Reason.BAD_CHECKSUM),
    (A[:-8] + b"&%" + A[-6:], Reason.BAD_CHECKSUM),
    (A.replace(b"ST=22", b"ST=21"), Reason.BAD_CHECKSUM),
])  # fmt: skip
def test_a_payload_of_junk_is_refused_by_name(payload, reason):
    """Start before length before checksum; a frame that is shut does not wait, whatever its length says."""
    with pytest.raises(DecodeError) as caught:
        read(payload)
    assert caught.value.reason == reason


@pytest.mark.parametrize("off", [-1, 1])
def test_a_length_off_by_one_is_taken_from_a_device_that_counts_so(off):
    """Only with the right checksum, and only where the device is set to it; another fault of it does not help."""
    assert values(read(seal(segment(AIR), off), tolerate=["length_off_by_one"])) == A_SAYS
    assert values(read(seal(segment(AIR), off) + B, tolerate=["length_off_by_one"])) == A_SAYS + B_SAYS
    for payload, settings in [
        (seal(segment(AIR), off), {"tolerate": ["modbus_crc"]}),
        (seal(segment(AIR), off).replace(b"37.2", b"37.3"), {"tolerate": ["length_off_by_one"]}),
        (seal(segment(AIR), 2 * off), {"tolerate": ["length_off_by_one"]}),
    ]:
        with pytest.raises(DecodeError):
            read(payload, **settings)


def test_the_checksum_of_modbus_is_taken_from_a_device_that_computes_so():
    """A frequent mistake: the refusal says what to set."""
    said = segment(AIR).encode()
    wrong = b"##%04d%b%04X\r\n" % (len(said), said, hj212_frame.crc16.modbus(said))
    assert values(read(wrong, tolerate=["modbus_crc"])) == A_SAYS
    with pytest.raises(DecodeError, match="modbus_crc"):
        read(wrong)


@pytest.mark.parametrize("wrap", [
    lambda data: data.hex().encode(),
    base64.b64encode,
    lambda data: json.dumps({"data": data.hex()}).encode(),
    lambda data: json.dumps({"payload": data.decode()}).encode(),
])  # fmt: skip
def test_wrapped_frames_are_unwrapped(wrap):
    """Hex text, base64, and text or hex in a JSON member."""
    assert values(read(wrap(A))) == A_SAYS
    first = read(wrap(A[:50]), place=1)
    assert values(read(wrap(A[50:]), first.state, place=2)) == A_SAYS


def test_half_a_frame_waits_a_minute():
    """The rest may come within 60 s by the door's stamp; after that the half is a frame of the wrong length."""
    first = read(A[:60], place=5)
    assert (first.waiting, first.deadline) == (True, NOW + 60 * SECOND)
    assert hj212.expire(first.state, NOW + 59 * SECOND).state == first.state
    over = hj212.expire(first.state, NOW + 60 * SECOND)
    assert over.state is None
    assert [(error.reason, error.place, error.length) for error in over.errors] == [(Reason.BAD_LENGTH, 5, 60)]
    late = read(B, first.state, received=NOW + 61 * SECOND, place=6)
    assert values(late) == B_SAYS
    assert [error.place for error in late.errors] == [5]


def test_a_whole_frame_shows_that_the_half_before_it_is_lost():
    """A truncated frame does not hold up those behind it, and is refused under its own place."""
    first = read(A[:60], place=5)
    second = read(B, first.state, place=6)
    assert values(second) == B_SAYS
    assert [(error.reason, error.place) for error in second.errors] == [(Reason.BAD_LENGTH, 5)]


def test_a_frame_does_not_come_in_endless_pieces():
    """What is remembered of half a frame is bounded in payloads."""
    state = None
    for place, byte in enumerate(frame("x" * 400)[:256], 1):
        state = read(bytes([byte]), state, place=place).state
    over = read(b"x", state, place=257)
    assert {error.reason for error in over.errors} == {Reason.TOO_LARGE}
    assert len(over.errors) == 257
    assert over.state is None


def test_one_bad_frame_of_several_costs_only_itself():
    """An intact frame without sense between two good ones."""
    found = read(A + frame("DataTime=20261321000000;a34004-Rtd=1") + B)
    assert values(found) == A_SAYS + B_SAYS
    assert [error.reason for error in found.errors] == [Reason.BAD_TIME]
    assert len(replies(found)) == 2


def test_decoding_does_not_change_the_state_it_was_given():
    """A batch that is rolled back is decoded again from the same state."""
    first = read(parts("DataTime=20260821143000;a34013-A", "vg=1")[0] + A[:60], place=5)
    before = json.dumps(first.state)
    read(A[60:], first.state, place=6)
    hj212.expire(first.state, NOW + 99 * SECOND)
    assert json.dumps(first.state) == before
