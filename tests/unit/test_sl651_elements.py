"""HEX bodies: numbers, times, blocks, series and texts."""

import pytest

from adapters import sl651
from adapters._wire.sl651_codes import BY_ID
from sensing.errors import DecodeError, Reason
from sensing.times import HOUR, MINUTE, parse_instant, rfc3339
from tests.sl651_frames import SENT, STATION, ends, hex_frame, read, report, values

NUMBERS = [
    ("392300002345", 2.345),
    ("392BFF00000345", -0.345),  # odd number of digits: FF0
    ("0219FF0053", -5.3),  # even number of digits: FF
    ("3923FF000345", -0.345),  # the minus squeezed in
    ("3923FFFFFFFF", None),
    ("39230000A345", None),  # a letter is no digit
    ("3923FFFF0345", None),
    ("392309999999", 9999.999),  # a sentinel is quality's matter
    ("3900", None),
    ("28360000000419520"[:-1], 0.041952),
    ("FF090820", 20.0),
    ("761A001720", 17.2),
    ("C15500000000000001165134", 11.65134),
    ("452000600481", 0x600481),
    ("4520FFFFFFFF", None),
]


@pytest.mark.parametrize(("element", "value"), NUMBERS)
def test_a_number_reads_by_its_definition_byte(element, value):
    """Size and decimals are the frame's, a leading FF is a minus, all F is missing, letters are invalid; neighbours stay good."""
    found = read(report(element + "38121217"))
    assert [reading.value for reading in found.readings] == [value, 12.17]
    assert not found.errors


@pytest.mark.parametrize(("element", "value", "result"), [
    ("330801", 1, 0.0), ("330816", 16, 337.5), ("330805", 5, 90.0), ("330800", None, None), ("330817", None, None), ("3308FF", None, None),
    ("05120130", 1.3, 1.5), ("05120175", None, None),
])  # fmt: skip
def test_codes_that_are_no_quantity_have_their_result(element, value, result):
    """Wind direction 1..16 becomes degrees, a duration HH.mm hours; the wire's value stays, without a unit."""
    reading = read(report(element)).readings[0]
    assert (reading.value, reading.result, reading.unit) == (value, result, None)


def test_every_code_of_the_table_has_a_property():
    """Each element of annex C.1 becomes a property: a named one, or sl651_<code>."""
    for wire, code in BY_ID.items():
        if wire in ("F0", "F1", "F2", "F3", "FD", "04") or wire >= "F4":
            continue
        reading = read(report(f"{wire}120105")).readings[0] if wire != "45" else read(report("452000000001")).readings[0]
        assert (reading.code, reading.property) == (wire, code.property)
        assert reading.property


def test_a_code_outside_the_table_is_unmapped():
    """Vendors' codes are read by their definition byte, with no property."""
    found = read(report("FF331102057A0800"))
    assert [(r.code, r.value, r.property, r.unit) for r in found.readings] == [
        ("FF33", 20.5, None, None),
        ("7A", 0.0, None, None),
    ]


PERIODS = [
    ("2219000045", "sum/PT5M", 5 * MINUTE),
    ("1A19000045", "sum/PT1H", HOUR),
    ("1F19000045", "sum/P1D", 24 * HOUR),
    ("0619000045", "sum/P1D", 24 * HOUR),
]


@pytest.mark.parametrize(("element", "statistic", "period"), PERIODS)
def test_a_sum_ends_at_its_time(element, statistic, period):
    """The wire's time of a period is its end."""
    reading = read(report(element)).readings[0]
    assert (reading.statistic, reading.time - reading.begin) == (statistic, period)
    assert rfc3339(reading.time) == "2026-08-21T06:30:00Z"


@pytest.mark.parametrize(("time", "begin"), [
    ("2608211430", "2026-08-21T00:00:00Z"), ("2608210805", "2026-08-21T00:00:00Z"), ("2608210800", "2026-08-20T00:00:00Z"),
    ("2608210700", "2026-08-20T00:00:00Z"),
])  # fmt: skip
def test_rain_since_eight_begins_at_eight(time, begin):
    """Current rain begins at the last 08:00 in Beijing; at 08:00 sharp it is the whole day's."""
    assert rfc3339(read(report("2019000125", time=time)).readings[0].begin) == begin


def test_a_running_total_has_no_begin():
    """PT counts from nobody knows when."""
    reading = read(report("2619003196")).readings[0]
    assert (reading.statistic, reading.begin) == ("sum/total", None)


RAIN = "F46000010203040506070809FFFE"
LEVELS = "F55C" + "".join(f"{cm:04X}" for cm in (0, *range(101, 111))) + "FFFF"


@pytest.mark.parametrize(("setting", "time", "first"), [
    ({}, "2608211335", -55), ({}, "2608211430", -55), ({}, "2608211336", -109),
    ({"block_anchor": "first"}, "2608211430", 0), ({"block_anchor": "end"}, "2608211335", -110),
])  # fmt: skip
def test_a_block_is_anchored_at_its_first_value_unless_it_would_end_in_the_future(setting, time, first):
    """By the standard the time is the first value's; stations that send the last one's are found out, or set."""
    found = read(report(RAIN, 0x34, time), **setting)
    assert ends(found) == [first + 5 * slot for slot in range(12)]
    assert [reading.value for reading in found.readings] == [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, None, 25.4]
    assert {(r.property, r.statistic, r.time - r.begin) for r in found.readings} == {("rainfall", "sum/PT5M", 5 * MINUTE)}


def test_relative_levels_are_always_24_bytes():
    """F5..FC hold 12 levels whatever the definition byte says; the channel says that the station's base is to be added."""
    found = read(report(LEVELS + "38121217", 0x34, "2608211335"))
    assert [reading.value for reading in found.readings] == [0, *(cm / 100 for cm in range(101, 111)), None, 12.17]
    assert {(r.property, r.channel, r.statistic) for r in found.readings[:12]} == {("water_level", "F5", "instant")}


def test_a_series_has_a_step():
    """31H: step code ddHHMM, then one element's values of equal size."""
    found = read(report("0418000100" + "3923" + "00002001" + "FFFFFFFF" + "00002140", 0x31, "2608211200"))
    assert values(found) == [("39", 2.001), ("39", None), ("39", 2.14)]
    assert ends(found) == [-150, -90, -30]


def test_a_series_with_a_zero_step_is_an_hour_in_twelve():
    """000000 is for blocks; real stations put it before levels as well. What follows is read on."""
    found = read(report("0418000000" + "3923" + "00002001" * 12 + "38121217", 0x31, "2608211335"))
    assert ends(found)[:12] == [-55 + 5 * slot for slot in range(12)]
    assert values(found)[12:] == [("38", 12.17)]


def test_a_series_of_sums_keeps_each_value_its_period():
    """Hourly rain in 31H: each value ends at its slot and began an hour before."""
    found = read(report("0418000100" + "1A19" + "000010000020", 0x31, "2608211200"))
    assert [(r.time - r.begin, r.value) for r in found.readings] == [(HOUR, 1.0), (HOUR, 2.0)]


def test_a_series_of_blocks_goes_on():
    """31H of several hours of five-minute rain."""
    found = read(report("0418000000" + RAIN + RAIN[4:], 0x31, "2608211235"))
    assert ends(found) == [-115 + 5 * slot for slot in range(24)]


def test_the_step_code_alone_says_nothing():
    """In other reports the step code stands beside its block."""
    assert len(read(report("0418000000" + RAIN, 0x34, "2608211335")).readings) == 12


def test_times_and_stations_rule_what_follows_them():
    """F0F0 may come again; a second F1F1 is another station."""
    body = f"F1F1{STATION}48F0F02608211425392300004512F0F02608211430392300004530F1F1007012034650F0F02608211420221900004538121245"
    found = read(hex_frame(body)).readings
    assert [(r.native, r.code, r.value) for r in found] == [
        (STATION, "39", 4.512), (STATION, "39", 4.53), ("0070120346", "22", 4.5), ("0070120346", "38", 12.45),
    ]  # fmt: skip
    assert [rfc3339(r.time)[14:16] for r in found] == ["25", "30", "20", "20"]


def test_without_a_time_the_frame_s_own_is_taken():
    """46H has no F0F0: what it says is of when it was sent, and the wire states no time."""
    reading = read(hex_frame(f"F1F1{STATION}452000000481", 0x46)).readings[0]
    assert (reading.wire_time, reading.time) == (None, parse_instant(SENT))
    assert (reading.native, reading.value) == (STATION, 1153)


def test_text_by_hand_is_a_line_and_a_fact():
    """F2F2 runs to the end of the body; it is no observation."""
    found = read(hex_frame("F2F25120312E323334", 0x35))
    assert [(r.code, r.value, r.property) for r in found.readings] == [("F2", "Q 1.234", None)]
    assert [(fact.key, fact.value, fact.native) for fact in found.facts] == [("manual_text", "Q 1.234", STATION)]


def test_a_picture_is_a_control():
    """36H with F3F3 and a JPEG has nothing to read."""
    found = read(report("F3F3FFD8FFE000104A46", 0x36))
    assert (list(found.readings), list(found.controls)) == ([], ["picture"])


def test_velocities_in_bulk_are_kept_as_text():
    """FD runs to the end of the body and is not understood: shown, not stored."""
    assert values(read(report("FDF60A0B0C"))) == [("FD", "0A0B0C")]


def test_firmware_is_a_fact():
    """45H tells the version of the station's software."""
    found = read(hex_frame(f"F1F1{STATION}0456312E32", 0x45))
    assert [(fact.key, fact.value) for fact in found.facts] == [("firmware", "V1.2")]
    assert list(found.controls) == ["version"]


def test_a_test_report_is_marked():
    """30H is stored apart."""
    assert [reading.test for reading in read(report("38121217", 0x30)).readings] == [True]
    assert [reading.test for reading in read(report("38121217", 0x32)).readings] == [False]


def test_functions_rank():
    """33H before 35H before 32H before 34H before 31H."""
    ranks = [read(report("38121217", function)).readings[0].rank for function in (0x33, 0x35, 0x32, 0x34, 0x31, 0x37)]
    assert ranks == sorted(ranks, reverse=True)
    assert len(set(ranks)) == 6


@pytest.mark.parametrize(("frame", "reason"), [
    (report("3923000023"), Reason.BAD_GRAMMAR),
    (report("39"), Reason.BAD_GRAMMAR),
    (report("FF09"), Reason.BAD_GRAMMAR),
    (report("F460000102"), Reason.BAD_GRAMMAR),
    (report("04180A0000" + RAIN, 0x31), Reason.BAD_NUMBER),
    (report("38121217", time="2613211430"), Reason.BAD_TIME),
    (report("38121217", time="26082114A0"), Reason.BAD_TIME),
    (report("38121217", opening="0102260230143000"), Reason.BAD_TIME),
    (report("38121217", opening="0102260821246000"), Reason.BAD_TIME),
    (hex_frame("", 0x32, opening="010226"), Reason.BAD_GRAMMAR),
    (hex_frame("F1F10070"), Reason.BAD_GRAMMAR),
    (report("38121217", 0x2E), Reason.UNKNOWN_FUNCTION),
    (report("38121217", 0x60), Reason.UNKNOWN_FUNCTION),
    (hex_frame("", end=0x07), Reason.BAD_GRAMMAR),
])  # fmt: skip
def test_an_intact_frame_that_cannot_be_trusted_is_refused_by_name(frame, reason):
    """Nothing of it is stored, and it is not confirmed."""
    with pytest.raises(DecodeError) as caught:
        read(frame)
    assert caught.value.reason == reason


@pytest.mark.parametrize("year", ["59", "00", "99"])
def test_an_odd_but_real_date_is_kept(year):
    """A clock that was never set is quality's matter."""
    reading = read(report("38121217", time=f"{year}01010000")).readings[0]
    assert rfc3339(reading.time).startswith(f"{1999 + int(year)}-12-31T16" if year != "00" else "1999-12-31T16")


def test_zeros_may_fill_the_body():
    """A body padded to a fixed length reads as if it were not."""
    assert values(read(report("381212170000000000"))) == [("38", 12.17)]


def test_a_user_function_is_read_when_it_is_a_report():
    """E0..FF are the maker's: a report inside is read, anything else is a control."""
    assert values(read(report("38121217", 0xE1))) == [("38", 12.17)]
    assert list(read(hex_frame("0102030405060708", 0xE1)).controls) == ["user-e1"]
    assert list(read(report("3923000023", 0xE1)).controls) == ["user-e1"]


def test_pump_data_are_read_when_they_are_elements():
    """44H answers with currents and voltages of the motors."""
    assert values(read(hex_frame(f"F1F1{STATION}701102207311" + "0105", 0x44))) == [("70", 22.0), ("73", 10.5)]
    assert list(read(hex_frame(f"F1F1{STATION}0122", 0x44)).controls) == ["pump-motor-data"]


def test_keep_alive_is_a_control():
    """2FH says that the link is up, no more."""
    assert list(read(hex_frame("", 0x2F)).controls) == ["keep-alive"]
    assert sl651.NAME == "sl651"
