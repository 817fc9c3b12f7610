"""ASCII bodies: the same elements by name."""

import pytest

from adapters._wire.sl651_codes import BY_ID
from sensing.errors import DecodeError, Reason
from sensing.times import MINUTE, rfc3339
from tests.sl651_frames import STATION, ascii_frame, ends, read, report, values

HEAD = f"ST {STATION} T TT 2608211430 "


@pytest.mark.parametrize(("body", "says"), [
    ("Z 6.38 VT 12.50 ", [("Z", 6.38), ("VT", 12.5)]),
    ("Z -0.345 Q M PJ 0.0 ", [("Z", -0.345), ("Q", None), ("PJ", 0.0)]),
    ("PN05 4.5 P1 1 PT 319.6 PJ F ", [("PN05", 4.5), ("P1", 1.0), ("PT", 319.6), ("PJ", None)]),
    ("UC 16 NS 3 ZT 00000481 DT 1.30 ", [("UC", 16.0), ("NS", 3.0), ("ZT", 0x481), ("DT", 1.3)]),
    ("ph 7.10 XYZ 5.5 ", [("pH", 7.1), ("XYZ", 5.5)]),
    ("Z 1.2.3 VT ??? ", [("Z", None), ("VT", None)]),
    ("RGZS Q 1.234 ", [("RGZS", "Q 1.234")]),
])  # fmt: skip
def test_names_and_values(body, says):
    """Decimal point and minus are written out, M is missing, what is no number is invalid; text runs to the end."""
    assert values(read(ascii_frame(HEAD + body))) == says


def test_a_name_says_what_its_guide_says():
    """Each name of annex C becomes what the HEX guide becomes: one datastream, whichever encoding a station uses."""
    for wire, code in BY_ID.items():
        if wire in ("04", "45") or wire >= "F0":
            continue
        by_name, by_guide = (read(f).readings[0] for f in (ascii_frame(f"{HEAD}{code.name} 1.05 "), report(f"{wire}1A000105")))
        same = ("property", "statistic", "channel", "unit", "value", "result", "time", "begin", "native", "sent", "rank")
        assert [getattr(by_name, field) for field in same] == [getattr(by_guide, field) for field in same], wire
        assert by_name.code == code.name


def test_blocks_are_their_hex_as_text():
    """DRP and DRZ1 hold the bytes of F4 and F5, together or in pieces."""
    rain, level = "000102030405060708090AFF", "0064" * 11 + "FFFF"
    found = read(ascii_frame(f"ST {STATION} T TT 2608211335 DRP {rain} DRZ1 {level} VT 12.5 ", 0x34))
    assert [reading.value for reading in found.readings[:12]] == [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, None]
    assert ends(found)[:12] == ends(found)[12:24] == [-55 + 5 * slot for slot in range(12)]
    assert {(r.code, r.property, r.channel) for r in found.readings[12:24]} == {("DRZ1", "water_level", "F5")}
    pieces = " ".join(rain[at : at + 2] for at in range(0, 24, 2))
    assert values(read(ascii_frame(f"ST {STATION} T TT 2608211335 DRP {pieces} ", 0x34))) == values(found)[:12]


@pytest.mark.parametrize(("step", "minutes"), [("DRN05", 5), ("DRH01", 60), ("DRD01", 1440), ("DRH00", 5)])
def test_a_series_has_a_step(step, minutes):
    """31H: DRxnn, a name, its values slot by slot."""
    found = read(ascii_frame(f"ST {STATION} T TT 2608181430 {step} Z 6.30 M 6.40 VT 12.5 ", 0x31))
    assert values(found) == [("Z", 6.3), ("Z", None), ("Z", 6.4), ("VT", 12.5)]
    assert [b.time - a.time for a, b in zip(found.readings, found.readings[1:3], strict=False)] == [minutes * MINUTE] * 2


def test_a_series_of_several_names_goes_slot_by_slot():
    """Names first, then for each slot a value of each."""
    found = read(ascii_frame(f"ST {STATION} T TT 2608211330 DRN05 Z Q 6.30 12.5 6.35 12.6 ", 0x31))
    assert values(found) == [("Z", 6.3), ("Z", 6.35), ("Q", 12.5), ("Q", 12.6)]
    assert ends(found) == [-60, -55, -60, -55]


def test_a_step_before_blocks_only_announces_them():
    """DRH00 DRP ..."""
    assert len(read(ascii_frame(f"ST {STATION} T TT 2608211335 DRH00 DRP {'0A' * 12} ", 0x31)).readings) == 12


@pytest.mark.parametrize(("body", "native", "says"), [
    ("ST 00303a9006 TT 2608211430 Z 1 ", "00303A9006", ["Z"]),  # no class
    ("ST 00303A9006 H 1.5 Z 1 ", "00303A9006", ["H", "Z"]),  # no class: H is depth to groundwater
    ("ST 00303A9006 H H 1.5 ", "00303A9006", ["H"]),
    ("ST 12345678 H TT 2608211430 Z 1 ", "0012345678", ["Z"]),  # eight digits of SL 502
    ("TT 260821143000 Z 1 ", STATION, ["Z"]),  # no station
])  # fmt: skip
def test_station_and_class_may_lack(body, native, says):
    """A single letter is the class unless a value follows it."""
    found = read(ascii_frame(body)).readings
    assert [reading.code for reading in found] == says
    assert {reading.native for reading in found} == {native}


def test_a_picture_is_a_control():
    """PIC is followed by bytes, blanks among them."""
    assert list(read(ascii_frame(HEAD + "PIC \x7f JFIF  ", 0x36)).controls) == ["picture"]


def test_firmware_is_a_fact():
    """45H in ASCII."""
    assert [fact.value for fact in read(ascii_frame("V1.2 ", 0x45)).facts] == ["V1.2"]


@pytest.mark.parametrize(("body", "reason"), [
    ("ST", Reason.BAD_GRAMMAR),
    ("ST 5 H ", Reason.BAD_GRAMMAR),
    (HEAD + "6.38 ", Reason.BAD_GRAMMAR),
    (HEAD + "Z ", Reason.BAD_GRAMMAR),
    (HEAD + "DRP 0102 ", Reason.BAD_GRAMMAR),
    ("TT 2613211430 Z 1 ", Reason.BAD_TIME),
    ("TT 26082114 Z 1 ", Reason.BAD_TIME),
    ("TT \u0662\u0666\u0660\u0668\u0662\u0661\u0661\u0664\u0663\u0660 Z 1 ", Reason.BAD_TIME),
])  # fmt: skip
def test_a_body_that_cannot_be_trusted_is_refused_by_name(body, reason):
    """A value without a name, a name without a value, a block too short, an impossible time."""
    with pytest.raises(DecodeError) as caught:
        read(ascii_frame(body))
    assert caught.value.reason == reason


@pytest.mark.parametrize(("opening", "reason"), [
    ("00", Reason.BAD_GRAMMAR), ("+001260821143000", Reason.BAD_GRAMMAR), ("0001260821246000", Reason.BAD_TIME),
    ("0001-60821143000", Reason.BAD_TIME),
])  # fmt: skip
def test_serial_and_send_time_are_digits(opening, reason):
    """Signs and letters that `int` would take are no digits."""
    with pytest.raises(DecodeError) as caught:
        read(ascii_frame("", opening=opening))
    assert caught.value.reason == reason


def test_times_are_beijing_times():
    """TT has no zone: it is Beijing's."""
    assert rfc3339(read(ascii_frame(HEAD + "Z 1 ")).readings[0].time) == "2026-08-21T06:30:00Z"
