"""What simulators speak: frames for readings, and values that no element holds."""

import pytest
from msgspec.structs import replace

import adapters
from adapters import sl651
from adapters._wire import codes, sl651_frame
from adapters._wire.sl651_examples import block, reading
from sensing.errors import DecodeError, Reason
from sensing.times import DAY, HOUR, MINUTE
from tests.sl651_frames import STATION, ascii_frame, hex_frame, read


def test_adapters_are_found_by_themselves():
    """Every module of the folder with a NAME, by that name; helpers are none."""
    found = adapters.discover()
    assert found["sl651"].NAME == "sl651"
    assert not [name for name in found if name.startswith("_")]


@pytest.mark.parametrize(("statistic", "period"), [
    ("sum/PT5M", 5 * MINUTE), ("mean/PT1H", HOUR), ("sum/P1D", DAY), ("sum/total", 0), ("sum/since-08", 0), ("instant", 0), ("mean/section", 0),
])  # fmt: skip
def test_a_statistic_names_its_period(statistic, period):
    """ISO 8601 durations of minutes, hours and days."""
    assert codes.period(statistic) == period


def test_the_frame_is_the_standard_s():
    """A river gauge's timed report, byte for byte; the serial counts up."""
    frames = sl651.encode(
        [reading("39", 2.345, native=STATION), reading("38", 12.17, native=STATION, rank=5)], sl651.Link(serial=65_535)
    )
    assert (
        frames[0][:-2].hex().upper()
        == f"7E7E01{STATION}000032001D02FFFF260821143005F1F1{STATION}48F0F02608211430392300002345" + "03"
    )
    assert frames[0][14:16] == b"\xff\xff"
    assert frames[1][14:16] == b"\x00\x01"
    assert (frames[0][10], frames[1][10]) == (0x32, 0x33)


@pytest.mark.parametrize("readings", [
    [reading("38", 100.0)],
    [reading("39", -12_345_678.9)],
    block("F4", [25.6] * 12),
    block("F5", [-0.01] * 12),
    block("F5", [1.0] * 12)[:11],
])  # fmt: skip
def test_a_value_that_does_not_fit_is_refused(readings):
    """Nothing is cut off silently."""
    with pytest.raises(ValueError, match=r"does not fit|outside|needs 12"):
        sl651.encode(readings)


def test_a_body_of_more_than_a_frame_is_refused():
    """4095 bytes are the most; the rest goes in packets."""
    with pytest.raises(ValueError, match="send it in packets"):
        sl651.encode([reading("39", 1.0)] * 1_000, sl651.Link(packet=5_000))
    assert len(sl651.encode([reading("39", 1.0)] * 1_000)) == 2


def test_a_test_report_says_so():
    """`test` becomes function 30H and back."""
    mine = replace(reading("39", 1.0), test=True, rank=0)
    assert read(sl651.encode([mine])[0]).readings == [mine]


@pytest.mark.parametrize("frame", [
    ascii_frame("VT 1 ").replace(b"345123432", b"34X123432"),
    hex_frame("38121217")[:11] + b"\x40" + hex_frame("38121217")[12:],
    hex_frame("38121217")[:13] + b"\x04" + hex_frame("38121217")[14:],
    hex_frame("", opening="01", total=1, seq=1)[:14] + b"\x00\x10\x02" + hex_frame("", opening="01", total=1, seq=1)[17:],
])  # fmt: skip
def test_a_header_that_is_intact_but_wrong_is_bad_grammar(frame):
    """With a right checksum: direction, start and packet must fit."""
    size = 2 if frame[:1] == b"~" else 4
    crc = sl651_frame.crc16.modbus(frame[:-size])
    sealed = frame[:-size] + (crc.to_bytes(2, "big") if size == 2 else b"%04X" % crc)
    with pytest.raises(DecodeError) as caught:
        read(sealed)
    assert caught.value.reason == Reason.BAD_GRAMMAR
