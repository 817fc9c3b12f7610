"""What stations are owed: confirms (M2, M4), one confirm for many packets and NAK for missing ones (M3), silence (M1)."""

import json
from itertools import permutations

import pytest

from adapters import sl651
from adapters._wire.sl651_frame import ACK, EOT, ESC, ETB, NAK, claimed, intact
from adapters._wire.sl651_frame import read as read_frame
from sensing.errors import Reason
from sensing.times import SECOND
from tests.contract import golden
from tests.sl651_frames import NOW, STATION, ascii_frame, hex_frame, read, report, values

CLOCK = "260821143007"
PACKETS = golden.payloads(golden.GOLDEN / "sl651" / "con-m3-3pkt")
WHOLE = [("39", 4.512), ("39", 4.53), ("20", 12.5), ("22", 4.5), ("38", 12.45)]


def replies(decoded):
    """(end, packets, packet, body) of each reply, after its frame is checked."""
    found = []
    for reply in decoded.replies:
        assert claimed(reply.payload, 0) == len(reply.payload)
        assert intact(reply.payload, 0, len(reply.payload))
        frame = read_frame(reply.payload)
        assert (frame.down, frame.station, frame.centre, frame.password) == (True, STATION, "01", "1234")
        found.append((frame.end, frame.total, frame.seq, frame.body))
    return found


def confirm(serial="0102"):
    return bytes.fromhex(serial + CLOCK)


def feed(frames, state=None, received=NOW, **settings):
    """Payload after payload: the last answer, all readings, all replies."""
    readings, answers, last = [], [], None
    for place, frame in enumerate(frames, 1):
        last = read(frame, state, received, place, **settings)
        readings += values(last)
        answers += replies(last)
        state = last.state
        json.dumps(state)
    return last, readings, answers


def test_a_real_confirm_is_what_we_would_send():
    """The confirm of the standard's worked dialogue, byte for byte, but for its own clock."""
    up, down = (golden.payloads(golden.GOLDEN / "sl651" / case)[0] for case in ("doc-33b", "doc-33b-dn"))
    ours = sl651.decode(up, golden.context()).replies[0].payload
    assert (ours[:16], ours[22:23]) == (down[:16], down[22:23])


@pytest.mark.parametrize("function", [0x30, 0x31, 0x32, 0x33, 0x34, 0x37])
def test_every_valid_frame_is_confirmed(function):
    """Downlink, same function, serial repeated, our clock in Beijing, EOT."""
    found = read(report("38121217", function))
    assert replies(found) == [(EOT, 0, 0, confirm())]
    assert read_frame(found.replies[0].payload).function == function


def test_parameters_are_confirmed_too():
    """A frame with nothing to read is valid as well."""
    assert replies(read(hex_frame(f"F1F1{STATION}", 0x4A))) == [(EOT, 0, 0, confirm())]


def test_an_ascii_frame_is_confirmed_in_ascii():
    """The same as characters."""
    found = read(ascii_frame("VT 12.5 "))
    assert replies(found) == [(EOT, 0, 0, b"0001" + CLOCK.encode())]
    assert found.replies[0].payload[:1] == b"\x01"


@pytest.mark.parametrize(("frame", "settings", "ends"), [
    (report("38121217"), {"hold_link": True}, [ESC]),
    (report("38121217"), {"confirm": False}, []),
    (hex_frame("38121217", end=ETB), {}, [ACK]),
    (hex_frame("", 0x2F), {}, []),
])  # fmt: skip
def test_the_end_says_how_the_link_goes_on(frame, settings, ends):
    """EOT done, ESC stay, ACK go on; nothing to keep-alives and in mode M1."""
    assert [end for end, *_ in replies(read(frame, **settings))] == ends


def test_sticky_frames_are_each_confirmed():
    """One confirm a frame, in order; none to a broken one."""
    good, bad = report("38121217"), report("3923000023")
    found = read(good + bad + report("38121217", opening="0103260821143000"))
    assert [body for *_, body in replies(found)] == [confirm(), confirm("0103")]
    assert [error.reason for error in found.errors] == [Reason.BAD_GRAMMAR]


@pytest.mark.parametrize("order", [*permutations(range(3)), (0, 0, 1, 2), (2, 1, 1, 2, 0), (1, 2, 1, 0)])
def test_packets_in_any_order_make_the_message(order):
    """Once all are there the message is read, confirmed once with the number of the last packet, and all are settled."""
    last, readings, answers = feed([PACKETS[at] for at in order])
    assert readings == WHOLE
    assert [answer for answer in answers if answer[0] != NAK] == [(EOT, 3, 3, bytes.fromhex("0103" + CLOCK))]
    first = [order.index(packet) + 1 for packet in set(order)]
    assert (last.waiting, list(last.settled), list(last.errors)) == (False, sorted({*first} - {len(order)}), [])


def test_a_packet_that_is_there_already_waits_for_nothing():
    """It is named, and does not prolong the wait."""
    state = feed([PACKETS[0]])[0].state
    again = read(PACKETS[0], state, NOW + 30 * SECOND, place=2)
    assert (again.waiting, list(again.controls)) == (False, ["duplicate-packet"])
    assert [error.place for error in sl651.expire(again.state, NOW + 60 * SECOND).errors] == [1]


def test_packets_may_stick_together():
    """All in one payload need no wait."""
    last, readings, _ = feed([b"~".join(PACKETS)])
    assert (readings, last.waiting, list(last.settled)) == (WHOLE, False, [])


def test_packets_may_be_cut():
    """Half a packet is a half like any other; places of both halves wait for the message."""
    stream = b"".join(PACKETS)
    last, readings, _ = feed([stream[:70], stream[70:100], stream[100:]])
    assert (readings, list(last.settled)) == (WHOLE, [1, 2])


def test_ascii_packets_make_a_message():
    """Total and number are three hex digits each."""
    body = f"ST {STATION} T TT 2608211430 Z 2.345 VT 12.17 "
    frames = [ascii_frame(body[:20], end=ETB, total=2, seq=1), ascii_frame(body[20:], opening="", total=2, seq=2)]
    _, readings, answers = feed(frames[::-1])
    assert readings == [("Z", 2.345), ("VT", 12.17)]
    assert answers[-1] == (EOT, 2, 2, b"0001" + CLOCK.encode())


def test_a_gap_before_the_last_packet_is_asked_for_at_once():
    """The last packet shows that one is missing: NAK with its number."""
    last, readings, answers = feed([PACKETS[0], PACKETS[2]])
    assert (readings, answers, last.waiting) == ([], [(NAK, 3, 2, bytes.fromhex("0103" + CLOCK))], True)


def test_missing_packets_are_asked_for_twice_and_then_given_up():
    """NAK after a third and two thirds of the wait; then each held frame is a dead letter under its place."""
    state = feed([PACKETS[0]])[0].state
    for second in (20, 40):
        asked = sl651.expire(state, NOW + second * SECOND)
        assert [(end, seq) for end, _, seq, _ in replies(asked)] == [(NAK, 2), (NAK, 3)]
        assert not asked.errors
        state = asked.state
    over = sl651.expire(state, NOW + 60 * SECOND)
    assert [(error.reason, error.place) for error in over.errors] == [(Reason.MISSING_FRAGMENT, 1)]
    assert (over.state, list(over.replies)) == (None, [])


def test_the_wait_is_the_device_s_own():
    """`m3_timeout_s`; no NAK to a station that wants no answers."""
    first = feed([PACKETS[0]], m3_timeout_s=6, confirm=False)[0]
    assert first.deadline == NOW + 2 * SECOND
    assert not sl651.expire(first.state, NOW + 2 * SECOND).replies
    assert sl651.expire(first.state, NOW + 6 * SECOND).errors


def test_a_packet_after_the_wait_begins_anew():
    """By the door's stamp, whether `expire` was asked or not."""
    state = feed([PACKETS[0]])[0].state
    late = read(PACKETS[1], state, NOW + 61 * SECOND, place=9)
    assert [(error.reason, error.place) for error in late.errors] == [(Reason.MISSING_FRAGMENT, 1)]
    assert late.waiting


def test_an_echo_is_confirmed_and_not_waited_for():
    """The confirm was lost and the station repeats itself: its packets make the message again, none is left hanging."""
    state = feed(PACKETS)[0].state
    last, readings, answers = feed([PACKETS[2], PACKETS[0]], state)
    assert (readings, answers, last.waiting, list(last.controls)) == ([], [], False, ["duplicate-packet"])
    assert sl651.expire(last.state, NOW + 60 * SECOND).errors == []
    assert feed(PACKETS, state)[1] == WHOLE


def test_a_new_message_ends_the_wait_for_an_old_one():
    """Packet 1 of another message: the old one's packets are given up."""
    other = hex_frame("F1F1", total=3, seq=1, opening="0104260821143500", end=ETB)
    first = read(PACKETS[0], place=1)
    second = read(other, first.state, place=2)
    assert [(error.reason, error.place) for error in second.errors] == [(Reason.MISSING_FRAGMENT, 1)]
    assert second.waiting


def test_a_message_of_packets_that_cannot_be_read_is_refused():
    """Its frames count as the last one does; it is not confirmed."""
    body = f"F1F1{STATION}54F0F026132114303812"
    frames = [hex_frame(body[:8], total=2, seq=1, end=ETB), hex_frame(body[8:], total=2, seq=2, opening="")]
    last, readings, answers = feed(frames)
    assert (readings, answers, list(last.settled)) == ([], [], [1])
    assert [(error.reason, error.place) for error in last.errors] == [(Reason.BAD_TIME, None)]


def test_packets_have_a_limit():
    """A message that grows beyond 64 KiB is too large; a picture is counted, not kept."""
    packet = "00" * 4_000
    last, _, _ = feed([hex_frame(packet, total=30, seq=seq, opening="", end=ETB) for seq in range(2, 19)])
    assert {error.reason for error in last.errors} == {Reason.TOO_LARGE}
    assert last.state is None
    head = f"F1F1{STATION}54F0F02608211430F3F3FFD8"
    picture = [hex_frame(head, 0x36, total=30, seq=1, end=ETB)]
    picture += [hex_frame(packet, 0x36, total=30, seq=seq, opening="", end=ETB) for seq in range(2, 31)]
    last, _, answers = feed(picture)
    assert list(last.controls) == ["picture"]
    assert len(answers) == 1


def test_open_messages_have_a_limit():
    """Nine functions at once: the oldest is given up."""
    state, errors = None, []
    for place, total in enumerate(range(2, 11), 1):
        found = read(hex_frame("F1F1", total=total, seq=1, end=ETB), state, place=place)
        state, errors = found.state, errors + list(found.errors)
    assert [(error.reason, error.place) for error in errors] == [(Reason.MISSING_FRAGMENT, 1)]
