"""Frames out of bytes: sticky, in halves, with junk and habits between, and wrapped in text."""

import base64
import json

import pytest

from adapters import sl651
from adapters._wire.sl651_frame import SYN
from sensing.errors import DecodeError, Reason
from sensing.times import SECOND
from tests.sl651_frames import NOW, ascii_frame, hex_frame, read, report, values

A = report("3923000023453812" + "1217")
B = report("26190031963812" + "1230", opening="0103260821143500")
TEXT = ascii_frame("ST 0070120345 T TT 2608211430 Z 2.345 VT 12.17 ")
A_SAYS, B_SAYS = [("39", 2.345), ("38", 12.17)], [("26", 319.6), ("38", 12.3)]


@pytest.mark.parametrize(("payload", "says"), [
    (A + B, A_SAYS + B_SAYS),
    (A + b"~" + B, A_SAYS + B_SAYS),  # the habit of Fujian stations
    (A + b"~", A_SAYS),
    (b"~" + A, A_SAYS),
    (A + b"\r\n" + B + b"\r\n", A_SAYS + B_SAYS),
    (A + TEXT + B, [*A_SAYS, ("Z", 2.345), ("VT", 12.17), *B_SAYS]),
])  # fmt: skip
def test_sticky_frames_are_all_read(payload, says):
    """Many frames in one payload, a stray 7E or line end behind one."""
    found = read(payload)
    assert values(found) == says
    assert (list(found.errors), found.waiting, list(found.settled)) == ([], False, [])


def test_two_starts_inside_a_body_are_data():
    """7E7E is not escaped: only length and checksum end a frame."""
    frame = report("FF11207E7E0102" + "38121217")
    assert values(read(frame + A)) == [("FF11", None), ("38", 12.17), *A_SAYS]


@pytest.mark.parametrize("frames", [A + B, A + b"~" + B, TEXT + A, A + TEXT])
def test_halves_are_joined_wherever_they_are_cut(frames):
    """A payload boundary may stand anywhere; the held frame is settled by the one that completes it."""
    whole = values(read(frames))
    for cut in range(1, len(frames)):
        first = read(frames[:cut], place=5)
        json.dumps(first.state)
        second = read(frames[cut:], first.state, place=6)
        assert values(first) + values(second) == whole, cut
        assert not [*first.errors, *second.errors], cut
        assert list(second.settled) == ([5] if first.waiting else []), cut
        assert second.state is None or not second.waiting


def test_byte_by_byte_is_a_frame():
    """A very slow modem: each byte is a payload, all are settled by the last."""
    state, found = None, None
    for place, byte in enumerate(A, 1):
        found = read(bytes([byte]), state, place=place)
        state = found.state
    assert values(found) == A_SAYS
    assert list(found.settled) == list(range(1, len(A)))
    assert found.state is None


@pytest.mark.parametrize(("payload", "errors"), [
    (b"\x00\x11\x22" + A, [(Reason.BAD_START, 0, 3)]),
    (A + b"junk" + B, [(Reason.BAD_START, len(A), 4)]),
    (A[:-1] + bytes([A[-1] ^ 1]) + B, [(Reason.BAD_CHECKSUM, 0, len(A))]),
    (B + A[:20] + B, [(Reason.BAD_LENGTH, len(B), 20)]),
    (b"~~\x00" + A, [(Reason.BAD_LENGTH, 0, 3)]),
])  # fmt: skip
def test_junk_is_one_rejection_with_its_place(payload, errors):
    """What lies between frames is refused once, with offset and length; the frames are read."""
    found = read(payload)
    assert [(error.reason, error.offset, error.length) for error in found.errors] == errors
    assert len(found.readings) in (2, 4)
    assert not found.waiting


@pytest.mark.parametrize(("payload", "reason"), [
    (b"", Reason.BAD_START),
    (b"hello", Reason.BAD_START),
    (b"\x7e\x00\x7e", Reason.BAD_START),
    (A[:30] + bytes([A[30] ^ 0x10]) + A[31:], Reason.BAD_CHECKSUM),
    (A[:12] + bytes([A[12] - 1]) + A[13:], Reason.BAD_LENGTH),
    (TEXT[:-1] + b"Z", Reason.BAD_CHECKSUM),
    (hex_frame("381212")[:-1] + b"\x00", Reason.BAD_CHECKSUM),
])  # fmt: skip
def test_a_payload_of_junk_is_refused_by_name(payload, reason):
    """Start before length before checksum: the first that fails names the reason."""
    with pytest.raises(DecodeError) as caught:
        read(payload)
    assert caught.value.reason == reason


def test_a_frame_does_not_come_in_endless_pieces():
    """What is remembered of half a frame is bounded, in bytes by its own length, and in payloads."""
    state, places = None, list(range(1, 257))
    for place, byte in zip(places, A[:12] + b"\xff\x02" + bytes(300), strict=False):
        state = read(bytes([byte]), state, place=place).state
    over = read(b"\x00", state, place=257)
    assert [(error.reason, error.place) for error in over.errors] == [(Reason.TOO_LARGE, place) for place in [*places, None]]
    assert over.state is None


def test_half_a_frame_waits_a_minute():
    """The rest may come within 60 s by the door's stamp; after that the half is a frame of the wrong length."""
    first = read(A[:30], place=5)
    assert (first.waiting, first.deadline) == (True, NOW + 60 * SECOND)
    assert sl651.expire(first.state, NOW + 59 * SECOND).state == first.state
    over = sl651.expire(first.state, NOW + 60 * SECOND)
    assert over.state is None
    assert [(error.reason, error.place, error.length) for error in over.errors] == [(Reason.BAD_LENGTH, 5, 30)]


def test_a_late_frame_does_not_wait_for_expire():
    """Whether `expire` was asked in time makes no difference: what is too old is given up by the next payload too."""
    first = read(A[:30], place=5)
    late = read(A[30:] + B, first.state, received=NOW + 61 * SECOND, place=6)
    assert values(late) == B_SAYS
    assert [(error.reason, error.place) for error in late.errors] == [(Reason.BAD_LENGTH, 5), (Reason.BAD_START, None)]


def test_a_whole_frame_shows_that_the_half_before_it_is_lost():
    """A truncated frame does not hold up those behind it, and is refused under its own place."""
    first = read(A[:30], place=5)
    second = read(B, first.state, place=6)
    assert values(second) == B_SAYS
    assert [(error.reason, error.place, error.offset, error.length) for error in second.errors] == [(Reason.BAD_LENGTH, 5, 0, 30)]
    assert (second.state, list(second.settled)) == (None, [])


def test_a_length_that_is_too_long_waits_and_is_then_found_out():
    """One flipped bit in the length: nothing is read, nothing hangs."""
    damaged = A[:12] + bytes([A[12] | 0x40]) + A[13:]
    first = read(damaged, place=5)
    assert first.waiting
    assert [error.place for error in sl651.expire(first.state, first.deadline).errors] == [5]


def test_decoding_does_not_change_the_state_it_was_given():
    """A batch that is rolled back is decoded again from the same state."""
    first = read(A[:30], place=5)
    before = json.dumps(first.state)
    read(A[30:], first.state, place=6)
    sl651.expire(first.state, NOW + 99 * SECOND)
    assert json.dumps(first.state) == before


WRAPPED = [
    lambda frame: frame.hex().encode(),
    lambda frame: frame.hex().upper().encode() + b"\r\n",
    lambda frame: frame.hex(" ").upper().encode(),
    base64.b64encode,
    lambda frame: json.dumps({"id": 7, "data": frame.hex()}).encode(),
    lambda frame: json.dumps({"payload": base64.b64encode(frame).decode()}).encode(),
    lambda frame: b' {"hex": "' + frame.hex(" ").encode() + b'"} ',
]


@pytest.mark.parametrize("wrap", WRAPPED)
@pytest.mark.parametrize(("frame", "says"), [(A, A_SAYS), (A + B, A_SAYS + B_SAYS), (TEXT, [("Z", 2.345), ("VT", 12.17)])])
def test_wrapped_frames_are_unwrapped(wrap, frame, says):
    """Hex text in both cases and with blanks, base64, and either in a JSON member."""
    assert values(read(wrap(frame))) == says


@pytest.mark.parametrize("wrap", WRAPPED)
def test_wrapped_halves_are_joined(wrap):
    """Each half is unwrapped by itself, in the way of the first."""
    for cut in (2, 20, 31, len(A) - 1):
        first = read(wrap(A[:cut]), place=5)
        assert first.waiting
        assert values(read(wrap(A[cut:]), first.state, place=6)) == A_SAYS


@pytest.mark.parametrize(("payload", "reason"), [
    (A.hex()[:-1].encode(), Reason.BAD_LENGTH),
    (b'{"data": 5}', Reason.NO_KEY),
    (b'{"data": "7E7E}', Reason.NOT_JSON),
    (b'{"data": "zz"}', Reason.BAD_START),
    (b'["7E7E"]', Reason.BAD_START),
])  # fmt: skip
def test_a_bad_wrapping_is_refused_by_name(payload, reason):
    """Half a byte, no member, no JSON."""
    with pytest.raises(DecodeError) as caught:
        read(payload)
    assert caught.value.reason == reason


def test_a_downlink_frame_is_a_control():
    """What the centre says, heard on the way up, is named and not answered."""
    found = read(hex_frame("", 0x33, end=0x1B, down=True))
    assert (list(found.controls), list(found.replies)) == (["confirm"], [])
    assert list(read(hex_frame("", 0x37, end=0x05, down=True)).controls) == ["query"]


def test_a_packet_number_out_of_its_total_is_refused():
    """Packet 4 of 3 is bad grammar, by HEX and by ASCII."""
    for frame in (hex_frame("3812", total=3, seq=4), ascii_frame("VT 1 ", total=3, seq=0)):
        assert SYN in frame
        with pytest.raises(DecodeError) as caught:
            read(frame)
        assert caught.value.reason == Reason.BAD_GRAMMAR
