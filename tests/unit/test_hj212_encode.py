"""What simulators say: real frames written again, the choice of command and kind of system, and what cannot be said."""

import pytest
from msgspec.structs import replace

from adapters import hj212
from adapters._wire import hj212_encode, hj212_frame
from adapters._wire.hj212_codes import Dialect
from adapters._wire.hj212_examples import reading
from tests.contract import golden
from tests.hj212_frames import slow_checksum

NOW, MINUTES, HOUR, DAY = (Dialect("22", cn) for cn in ("2011", "2051", "2061", "2031"))


def head(frame):
    return frame.decode("gb18030").split("CP=&&")[0]


def test_a_frame_is_length_segment_checksum_and_line_end():
    """Written out in full, so that a change of the encoder is seen."""
    (frame,) = hj212.encode([reading("a34004-Rtd", 37.2, NOW), reading("a34002-Rtd", 61.0, NOW, None)])
    said = (
        b"QN=20260821144008123;ST=22;CN=2011;PW=123456;MN=350600A8900016F000169DC0;Flag=5;"
        b"CP=&&DataTime=20260821143000;a34004-Rtd=37.2,a34004-Flag=N;a34002-Rtd=61&&"
    )
    assert frame == b"##%04d%b%04X\r\n" % (len(said), said, slow_checksum(said))


@pytest.mark.parametrize(("readings", "st", "cn"), [
    ([reading("a34004-Rtd", 1.0, NOW)], "22", "2011"),
    ([reading("a34004-Avg", 1.0, MINUTES)], "22", "2051"),
    ([reading("w01018-Avg", 1.0, HOUR)], "32", "2061"),
    ([reading("LA-Max", 1.0, DAY)], "23", "2031"),
    ([reading("a21026-ZsAvg", 1.0, HOUR)], "31", "2061"),
    ([reading("i13004-Info", 1.0, NOW)], "91", "3020"),
])  # fmt: skip
def test_command_and_kind_of_system_follow_what_is_said(readings, st, cn):
    """One frame a command; the kind of system is that of the factors unless the link says another."""
    assert f"ST={st};CN={cn};" in head(hj212.encode(readings)[0])
    assert "ST=39;" in head(hj212.encode(readings, hj212.Link(st="39"))[0])


@pytest.mark.parametrize(("link", "flag"), [
    (hj212.Link(), 5), (hj212.Link(version=0), 1), (hj212.Link(version=2, ack=False), 8), (hj212.Link(packet=60), 7),
])  # fmt: skip
def test_flag_holds_version_parts_and_answer(link, flag):
    """Bits 7-2, 1 and 0."""
    several = [reading("a34004-Rtd", 1.0, NOW), reading("a34002-Rtd", 1.0, NOW)]
    frames = hj212.encode(several, link)
    assert {head(frame).split("Flag=")[1].split(";")[0] for frame in frames} == {str(flag)}
    assert len(frames) == (2 if flag & 2 else 1)


def test_messages_are_one_a_device_send_time_command_and_time():
    """What differs in one of them cannot stand in one frame."""
    one = reading("a34004-Rtd", 1.0, NOW)
    said = [one, replace(one, native="B"), replace(one, sent=one.sent + 1000), replace(one, time=0, wire_time=0),
            reading("a34004-Avg", 1.0, HOUR), one]  # fmt: skip
    assert len(hj212.encode(said)) == 6
    assert head(hj212.encode([replace(one, sent=0)])[0])[6:].startswith("ST=22")


@pytest.mark.parametrize("wrong", [
    replace(reading("a34004-Avg", 1.0, HOUR), statistic="mean/PT3H"),
    replace(reading("a34004-Rtd", 1.0, NOW), code="a;b-Rtd"),
    replace(reading("i11001-Info", 1.0, NOW), value="x" * 10_000),
])  # fmt: skip
def test_what_no_frame_can_say_is_refused(wrong):
    with pytest.raises(ValueError, match=r"HJ 212|code"):
        hj212.encode([wrong])


@pytest.mark.parametrize(("value", "text"), [(61.0, "61"), (-0.5, "-0.5"), (1e-7, "0.0000001"), (1e16, "10000000000000000"), (0.0, "0"),
                                             (None, ""), ("//ok//", "//ok//")])  # fmt: skip
def test_numbers_are_written_out(value, text):
    """No exponent, no trailing zero."""
    assert hj212_encode.said(value) == text


def test_real_frames_written_again_are_the_same_frames():
    """The writer is the reader's inverse on every real segment, byte for byte."""
    for case in golden.cases("hj212"):
        for payload in golden.payloads(case):
            text = payload.rstrip()
            size = int(text[2:6]) if text[:2] == b"##" and text[2:6].isdigit() else 0
            if len(text) == size + 10 and b"%04X" % hj212_frame.checksum(text[6:-4]) == text[-4:].upper():
                assert hj212_frame.sealed(text[6:-4])[:-2].upper() == text.upper(), case.name
