"""Messages in several parts: cut cleanly or anywhere, in any order, twice, late, and never whole."""

import itertools
import json

import pytest

from adapters import hj212
from sensing.errors import DecodeError, Reason
from sensing.times import SECOND
from tests.contract import golden
from tests.hj212_frames import NOW, frame, parts, read, replies, values

CLEAN = ("DataTime=20260821143000;a21026-Avg=4.2,a21026-Flag=N", "DataTime=20260821143000;a34013-Avg=8.8,a34013-Flag=D")
TEXT = "DataTime=20260821143000;a21026-Avg=4.25,a21026-Flag=N;a34013-Avg=8.8,a34013-Flag=D"
SAYS = [("a21026-Avg", 4.25), ("a34013-Avg", 8.8)]


def feed(frames, **settings):
    ctx = golden.context({"settings": settings})
    return list(golden.feed(hj212, frames, ctx))


def said(found):
    return [(reading.code, reading.value) for _, decoded in found for reading in decoded.readings]


def refused(found):
    return [(error.reason, error.place) for _, decoded in found for error in decoded.errors]


def test_parts_that_stand_by_themselves_are_read_as_they_come():
    """Nothing waits for a part that adds nothing to it, and a part that never comes costs nothing else."""
    one, two = parts(*CLEAN)
    for order in ((one, two), (two, one), (one, one, two, two), (two, two, one)):
        found = feed(order)
        assert set(said(found)) == {("a21026-Avg", 4.2), ("a34013-Avg", 8.8)}
        assert not refused(found)
        assert not any(decoded.waiting for _, decoded in found)
    alone = feed([one])
    assert said(alone) == [("a21026-Avg", 4.2)]
    assert not refused(alone)


def test_each_part_gets_its_own_answer():
    """9014 with the QN of the message, for the first part as for the last, and for one that comes again."""
    for _, decoded in feed([*parts(*CLEAN), parts(*CLEAN)[0]])[:3]:
        assert [reply[6:120].split(b";CP=")[0][-6:] for reply in replies(decoded)] == [b"Flag=4"]
    assert not replies(read(parts(*CLEAN, flag="6")[0]))


@pytest.mark.parametrize("cut", range(1, len(TEXT)))
def test_a_message_cut_anywhere_is_joined(cut):
    """Within a word, a number or between items: what is read is what was cut, and nothing of a half number."""
    for order in itertools.permutations(parts(TEXT[:cut], TEXT[cut:])):
        found = feed(order)
        assert sorted(said(found)) == sorted(SAYS), cut
        assert not refused(found)
        waited = {place for place, decoded in found if decoded.waiting}
        assert waited == {place for _, decoded in found for place in decoded.settled}


def test_three_parts_in_any_order_with_duplicates_say_the_same():
    """Parts held are settled by the one that completes them; echoes wait for nothing."""
    cut = parts(TEXT[:30], TEXT[30:47], TEXT[47:])
    for order in itertools.product(cut, repeat=4):
        if set(order) != set(cut):
            continue
        found = feed(order)
        assert sorted(said(found)) == sorted(SAYS)
        assert not refused(found)


def test_a_part_without_time_takes_that_of_the_message():
    """DataTime may stand in the first part only, whichever comes first."""
    cut = parts(CLEAN[0], "a34013-Avg=8.8,a34013-Flag=D;", "a24088-Avg=1,a24088-Flag=N")
    for order in itertools.permutations(cut):
        found = feed(order)
        assert sorted(said(found)) == [("a21026-Avg", 4.2), ("a24088-Avg", 1.0), ("a34013-Avg", 8.8)]
        assert len({reading.wire_time for _, decoded in found for reading in decoded.readings}) == 1


def test_what_never_came_is_refused_for_each_frame_that_waited():
    """After 60 s from the last new part, or as the device is set, by the door's stamp."""
    one, _, three = parts(TEXT[:30], TEXT[30:47], TEXT[47:])
    first = read(one, place=5)
    assert (first.waiting, first.deadline) == (True, NOW + 60 * SECOND)
    second = read(three, first.state, received=NOW + 30 * SECOND, place=6)
    assert (second.waiting, second.deadline) == (True, NOW + 90 * SECOND)
    assert hj212.expire(second.state, NOW + 89 * SECOND).state == second.state
    over = hj212.expire(second.state, NOW + 90 * SECOND)
    assert [(e.reason, e.place, e.detail) for e in over.errors] == [
        (Reason.MISSING_FRAGMENT, place, "of 3 parts 2 never came") for place in (5, 6)
    ]
    assert over.state is None
    assert read(one, parts_timeout_s=5).deadline == NOW + 5 * SECOND
    assert read(one, parts_timeout_s="x").deadline == NOW + 60 * SECOND
    late = read(parts(TEXT[:30], TEXT[30:47], TEXT[47:])[1], second.state, received=NOW + 91 * SECOND, place=7)
    assert [error.place for error in late.errors] == [5, 6]
    assert late.waiting


def test_the_same_name_with_other_content_is_another_message():
    """Devices without a clock repeat their QN: what waited is given up, never mixed."""
    first = read(parts(TEXT[:30], TEXT[30:])[0], place=5)
    other = read(parts(TEXT[:29] + "9", TEXT[30:])[0], first.state, place=6)
    assert [(error.reason, error.place) for error in other.errors] == [(Reason.MISSING_FRAGMENT, 5)]
    assert other.waiting


def test_messages_do_not_mix():
    """Parts of two messages and two commands between one another."""
    frames = [part for at in (0, 1) for qn in ("20260821143000001", "20260821143000002") for cn in ("2051", "2061")
              for part in parts(TEXT[:30], TEXT[30:], qn=qn, cn=cn)[at : at + 1]]  # fmt: skip
    found = feed(frames)
    assert len(said(found)) == 8
    assert not refused(found)


def test_a_joined_message_without_sense_is_refused_for_all_its_frames():
    """Each frame that it came in is a dead letter with the same reason."""
    found = feed(parts("DataTime=20261321143000;a21026-A", "vg=1"))
    assert refused(found) == [(Reason.BAD_TIME, 1), (Reason.BAD_TIME, None)]


@pytest.mark.parametrize(("extra", "reason"), [
    ("PNUM=2;PNO=3;", Reason.BAD_GRAMMAR), ("PNUM=2;PNO=0;", Reason.BAD_GRAMMAR), ("PNUM=2;", Reason.BAD_GRAMMAR),
    ("PNUM=x;PNO=1;", Reason.BAD_GRAMMAR), ("PNUM=9999;PNO=1;", Reason.TOO_LARGE),
])  # fmt: skip
def test_numbers_that_cannot_be_are_refused(extra, reason):
    with pytest.raises(DecodeError) as caught:
        read(frame(CLEAN[0], extra=extra))
    assert caught.value.reason == reason


def test_a_message_of_one_part_is_whole():
    """PNUM=1, or none at all beside a Flag that says there is one."""
    for extra in ("PNUM=1;PNO=1;", "PNO=0001;PNUM=0001;", ""):
        assert values(read(frame(CLEAN[0], cn="2051", flag="7", extra=extra))) == [("a21026-Avg", 4.2)]


def test_what_waits_is_bounded():
    """Messages that are never finished give way to newer ones; long ones are too large."""
    state, gone = None, []
    for number in range(20):
        found = read(parts(TEXT[:30], TEXT[30:], qn=f"202608211430{number:05d}")[0], state, place=number + 1)
        state = found.state
        gone += [error.place for error in found.errors]
    assert gone == list(range(1, 13))
    state = None
    for number in range(1, 12):
        found = read(frame("x" * 9_000, extra=f"PNUM=40;PNO={number};"), state, place=number)
        state = found.state
        if found.errors:
            break
    assert {error.reason for error in found.errors} == {Reason.TOO_LARGE}
    assert [error.place for error in found.errors] == [1, 2, 3, 4, 5, 6, 7, None]
    assert len(json.dumps(state or {})) < 100
