"""What items become: statistics and periods, units, times, flags, text, positions; every factor of the table."""

import pytest

from adapters._wire import hj212_codes, hj212_times
from adapters._wire.hj212_codes import BY_ID, Dialect, rules_of
from sensing import properties, units
from sensing.errors import DecodeError, Reason
from sensing.model import Config, Thing
from sensing.observe import observe
from sensing.times import DAY, HOUR, MINUTE, parse_instant
from tests.hj212_frames import MN, NOW, frame, read, slow_checksum

TIME = parse_instant("2026-08-21T14:30:00+08:00")
STAMP = "DataTime=20260821143000"


def one(item, cn="2011", st="22", time=STAMP, **settings):
    return read(frame(f"{time};{item}", cn=cn, st=st), **settings).readings[0]


def observed(reading, **units_of):
    thing = Thing("d", "generic", "hj212", MN, "p", configs=(Config(units=units_of),), limits={"so2": (0, 1)})
    return observe(reading, thing, NOW + DAY)[0]


@pytest.mark.parametrize(("item", "cn", "property_", "statistic", "length"), [
    ("a34004-Rtd=1", "2011", "pm2_5", "instant", None),
    ("a34004-Avg=1", "2051", "pm2_5", "mean/PT10M", 10 * MINUTE),
    ("a34004-Min=1", "2061", "pm2_5", "min/PT1H", HOUR),
    ("a34004-Max=1", "2031", "pm2_5", "max/P1D", DAY),
    ("a34004-Cou=1", "2031", "pm2_5", "sum/P1D", DAY),
    ("a34004-Avg=1", "2011", "pm2_5", "mean", None),
    ("a00000-Cou=1", "2011", "hj212_a00000", "sum", None),
    ("a34004-Rtd=1", "2051", "pm2_5", "instant", None),
    ("a21026-ZsRtd=1", "2011", "so2_converted", "instant", None),
    ("a21026-ZsAvg=1", "2061", "so2_converted", "mean/PT1H", HOUR),
    ("a21002-ZsCou=1", "2061", "nox_converted", "sum/PT1H", HOUR),
    ("a05001-ZsMax=1", "2061", "hj212_a05001_converted", "max/PT1H", HOUR),
    ("Leq-Rtd=1", "2011", "sound_level", "mean", None),
    ("Leq-Data=1", "2051", "sound_level", "mean/PT10M", 10 * MINUTE),
    ("LA-Rtd=1", "2011", "sound_level", "instant", None),
    ("LA-Avg=1", "2051", "sound_level", "mean/PT10M", 10 * MINUTE),
    ("L90-Data=1", "2061", "hj212_l90", "percentile/PT1H", HOUR),
    ("Leq-NightData=1", "2031", "sound_level", "mean/night", DAY),
    ("011-Rtd=1", "2011", "cod", "instant", None),
    ("B01-Cou=1", "2031", "flow_rate", "sum/P1D", DAY),
    ("A34004-RTD=1", "2011", "pm2_5", "instant", None),
    ("e10103-Rtd=1", "2011", "hj212_e101xx", "instant", None),
    ("i33112-Rtd=1", "2011", None, "instant", None),
    ("i33312-Rtd=1", "2011", "hj212_i3331x", "instant", None),
    ("O3-Rtd=1", "2011", "o3", "instant", None),
    ("a34006-Avg=1", "2061", None, "mean/PT1H", HOUR),
    ("SB1-RT=1", "2041", None, "instant", None),
    ("a34004-Ala=1", "2072", "pm2_5", "instant", None),
])  # fmt: skip
def test_statistics_and_periods(item, cn, property_, statistic, length):
    """Field and command say which statistic over which period; the wire's time of a period is its start."""
    found = one(item, cn)
    assert (found.code, found.property, found.statistic, found.value) == (item[:-2], property_, statistic, 1.0)
    assert (found.wire_time, found.begin) == (TIME, None if length is None else TIME)
    assert found.time == TIME + (length or 0)


def test_a_device_may_state_the_end_of_its_periods():
    """`period_rule` and `minutes` are settings; instants are not touched by them."""
    found = one("a34004-Avg=1", "2051", period_rule="end", minutes=5)
    assert (found.statistic, found.begin, found.time, found.wire_time) == ("mean/PT5M", TIME - 5 * MINUTE, TIME, TIME)
    assert one("a34004-Rtd=1", period_rule="end").time == TIME
    assert one("a34004-Avg=1", "2061", minutes=5).statistic == "mean/PT1H"
    for odd in ("5", 0, 1441, None, [5]):
        assert one("a34004-Avg=1", "2051", minutes=odd).statistic == "mean/PT10M"


@pytest.mark.parametrize(("item", "st", "unit", "result", "kept"), [
    ("a34004-Rtd=37.2", "22", "ug/m3", 37.2, "ug/m3"),
    ("a34002-Rtd=0.5", "31", "mg/m3", 500.0, "ug/m3"),
    ("a34001-Rtd=92", "39", "ug/m3", 92.0, "ug/m3"),
    ("a21026-Rtd=12.4", "22", "ug/m3", 12.4, "ug/m3"),
    ("a21026-Rtd=12.4", "31", "mg/m3", 12400.0, "ug/m3"),
    ("a21005-Rtd=0.36", "22", "mg/m3", 0.36, "mg/m3"),
    ("a05024-Rtd=88", "22", "ug/m3", 88.0, "ug/m3"),
    ("a21001-Rtd=5", "22", "ug/m3", 0.005, "mg/m3"),
    ("a24088-Rtd=0.6", "31", "mg/m3", 0.6, "mg/m3"),
    ("a01006-Rtd=101.3", "22", "kPa", 1013.0, "hPa"),
    ("w00000-Rtd=250", "32", "L/s", 0.25, "m3/s"),
    ("a21026-Cou=1.5", "31", "kg", 1.5, "kg"),
    ("w00000-Cou=8640", "32", "m3", 8640.0, "m3"),
    ("a01001-Cou=2", "22", "Cel", 2.0, "Cel"),
])  # fmt: skip
def test_units_are_those_of_the_table_and_of_the_kind_of_system(item, st, unit, result, kept):
    """Particulates in ug/m3 but mg/m3 from stacks, gases of ambient air in ug/m3, CO in mg/m3; sums in the unit of amounts."""
    found = one(item, "2061", st)
    assert found.unit == unit
    assert (observed(found).result, observed(found).unit) == (result, kept)


def test_a_devices_own_unit_wins():
    """By factor, by item, or by property in the registry; an amount is not in the unit of a concentration."""
    assert one("a34004-Rtd=1", units={"a34004": "mg/m3"}).unit == "mg/m3"
    assert one("A34004-Rtd=1", units={"a34004": "mg/m3"}).unit == "mg/m3"
    assert one("a21026-Cou=1", "2061", "31", units={"a21026": "ug/m3"}).unit == "kg"
    assert one("a21026-Cou=1", "2061", "31", units={"a21026-Cou": "g"}).unit == "g"
    assert one("a34004-Rtd=1", units="mg/m3").unit == "ug/m3"
    assert observed(one("a21026-Avg=1", "2061", "31"), so2="ug/m3").result == 1
    amount = observed(one("a21026-Cou=3", "2061", "31"), so2="ug/m3")
    assert (amount.result, amount.unit, amount.quality) == (3, "kg", 1)


def test_every_factor_of_the_table_is_stored():
    """Each code has a property whose unit its own converts to, for every kind of system; no two codes share a channel."""
    for code in BY_ID.values():
        kept = properties.get(code.property)
        assert kept is not None, code.id
        for unit in filter(None, code.units.values()):
            units.converter(unit, kept.unit)
        if code.total:
            units.parse(code.total)
    assert len(BY_ID) >= 395
    assert sum("-Zs" not in name for name in BY_ID) >= 379


@pytest.mark.parametrize(("item", "value"), [
    ("=1.5", 1.5), ("=-2.5", -2.5), ("=+3", 3.0), ("=.5", 0.5), ("=5.", 5.0), ("= 61 ", 61.0), ("=1e3", 1000.0),
    ("=", None), ("=-", None), ("=NaN", None), ("=inf", None), ("=1_0", None), ("=1e999", None), ("=0x1F", None), ("=１", None),
    ("=1.2.3", None), ("=--", None), ("=null", None),
])  # fmt: skip
def test_a_value_that_is_no_number_is_missing(item, value):
    """Never 0, never infinity, never what only a programming language takes for a number; the next value is read."""
    for _ in range(2):
        found = read(frame(f"{STAMP};a34004-Rtd{item},a34004-Flag=N;a34002-Rtd=9")).readings
        assert [(reading.value, reading.flag) for reading in found] == [(value, "N"), (9.0, None)]


def test_flags_belong_to_their_factor_wherever_they_stand():
    """Before, behind, or in another group; a bare Flag belongs to nobody; without one there is none."""
    cp = f"a-Flag=D,a-Rtd=1;b-Rtd=2;{STAMP};c-Rtd=3,c-Avg=4;Flag=M;c-Flag= T ;b-Flag="
    found = read(frame(cp)).readings
    assert [(reading.code, reading.flag) for reading in found] == [
        ("a-Rtd", "D"),
        ("b-Rtd", None),
        ("c-Rtd", "T"),
        ("c-Avg", "T"),
    ]


@pytest.mark.parametrize("cp", [
    f"{STAMP};a34004-Rtd", f"{STAMP};a34004-Rtd37.2;a34002-Rtd=1", f"{STAMP};=5", f"{STAMP};a34004--Rtd=5", f"{STAMP};a!b=1",
    f"{STAMP};&a=1", f"{STAMP};{'x' * 70}=1", "a34004-Avg=1",
])  # fmt: skip
def test_what_is_no_item_refuses_the_frame(cp):
    """The checksum lets one damaged frame in 256 through: the grammar must hold as well."""
    with pytest.raises(DecodeError) as caught:
        read(frame(cp, cn="2061"))
    assert caught.value.reason == Reason.BAD_GRAMMAR


@pytest.mark.parametrize(("text", "time"), [
    ("20260821143000", TIME), ("20260821143000123", TIME + 123_000), (" 2026 0821143000 ", TIME),
    ("20240229000000", parse_instant("2024-02-29T00:00:00+08:00")), ("20000101000000", parse_instant("2000-01-01T00:00:00+08:00")),
])  # fmt: skip
def test_times_are_beijing_times(text, time):
    """With milliseconds or blanks; an unset clock is a time as well."""
    assert hj212_times.instant(text) == time
    assert hj212_times.instant(hj212_times.digits(time, milliseconds=True)) == time


@pytest.mark.parametrize("text", [
    "", "2026", "20260230000000", "20260821243000", "20260821146000", "20260821143060", "2026082114300x", "00010101000000",
    "2026082114300012", "99991231235959", "２０２６０８２１１４３０００",
])  # fmt: skip
def test_no_other_time_is_one(text):
    """What no calendar or clock has is bad_time, for the whole frame."""
    with pytest.raises(DecodeError) as caught:
        hj212_times.instant(text)
    assert caught.value.reason == Reason.BAD_TIME
    if text:
        with pytest.raises(DecodeError):
            read(frame(f"DataTime={text};a34004-Rtd=1"))


def test_without_a_data_time_a_value_is_of_when_it_was_sent():
    """QN in milliseconds; without that either, of when it is received."""
    found = read(frame("a34004-Rtd=1")).readings[0]
    assert (found.time, found.wire_time, found.sent) == (TIME + 123_000, None, TIME + 123_000)
    silent = read(frame("a34004-Rtd=1", qn="")).readings[0]
    assert (silent.time, silent.sent) == (None, 0)
    assert read(frame(f"{STAMP};a34004-Rtd=1", qn="2026")).readings[0].sent == 0
    alarm = read(frame("AlarmTime=20260821143000;011-Ala=1000;AlarmType=1", cn="2072", st="32")).readings[0]
    assert (alarm.property, alarm.time, alarm.value) == ("cod", TIME, 1000.0)


def test_an_instrument_may_say_when_it_took_its_sample():
    """SampleTime is the time of its factor's instant values; the message's own time is kept as the wire's."""
    found = {r.code: r for r in read(frame(f"{STAMP};w21003-Rtd=1,w21003-SampleTime=20260821120000;w01001-Rtd=7")).readings}
    assert found["w21003-Rtd"].time == TIME - 150 * MINUTE
    assert found["w21003-Rtd"].wire_time == found["w01001-Rtd"].time == TIME
    odd = read(frame(f"{STAMP};w21003-Rtd=1,w21003-SampleTime=never")).readings
    assert [(reading.value, reading.time) for reading in odd] == [(1.0, TIME), ("never", TIME)]


def test_longitude_and_latitude_are_a_position():
    """As values and as a place; one alone, or a place off the earth, is only a value."""
    found = read(frame(f"{STAMP};l01001-Rtd=118.09,l01001-Flag=N;l01002-Rtd=24.48")).readings
    assert [(r.property, r.position) for r in found[2:]] == [("position", (118.09, 24.48))]
    assert observed(found[2]).lon == 118.09
    for cp in ("l01001-Rtd=118.09", "l01001-Rtd=118.09;l01002-Rtd=91", "l01001-Rtd=;l01002-Rtd=1"):
        assert not [r for r in read(frame(f"{STAMP};{cp}")).readings if r.position]


def test_text_is_a_fact_and_numbers_are_values():
    """Info of an instrument: PolId tells several apart; text may hold separators, in GBK or UTF-8."""
    cp = f"{STAMP};PolId=w01018;i13004-Info=168.0;i13007-Info=//0.5//;i11001-Info=//仪器,正常;a=b//;i13006-Info=20260801000000"
    for encoding in ("utf-8", "gb18030"):
        said = frame("x", cn="3020", st="91").split(b"CP=&&")[0][6:] + f"CP=&&{cp}&&".encode(encoding)
        found = read(b"##%04d%b%04X" % (len(said), said, slow_checksum(said)))
        assert [(r.property, r.value, r.channel) for r in found.readings] == [
            ("hj212_i13004", 168.0, "w01018"),
            ("hj212_i13007", 0.5, "w01018"),
            (None, "//仪器,正常;a=b//", "w01018"),
            (None, 20260801000000.0, "w01018"),
        ]
        assert [(f.key, f.value, f.time) for f in found.facts] == [
            ("i11001", "仪器,正常;a=b", TIME),
            ("i13006", "20260801000000", TIME),
        ]


def test_a_start_of_the_logger_is_a_control_and_a_fact():
    """2081 states when the data logger was started."""
    found = read(frame("DataTime=20260821143000;RestartTime=20260821142800", cn="2081"))
    assert (list(found.controls), list(found.readings)) == (["boot"], [])
    assert [(f.key, f.value, f.time) for f in found.facts] == [("restarted", "2026-08-21T06:28:00Z", TIME)]
    assert [list(read(frame("DataTime=20260821143000", cn=cn)).controls) for cn in ("2081", "9015", "9012")] == [
        ["boot"], ["heartbeat"], ["result"],
    ]  # fmt: skip


def test_a_message_that_was_seen_before_is_read_the_same():
    """The plan of a shape gives what the long way gives, also when only the values differ."""
    rules = rules_of(Dialect("22", "2051"))
    for values in (("1", "2", "N"), ("3.5", "-4", "D"), ("", "5", "N"), ("6", "7_0", ""), ("8", "9", " T ")):
        cp = f"{STAMP};a34004-Avg={values[0]},a34004-Max={values[1]},a34004-Flag={values[2]};zz-Avg=1"
        rules.shapes.clear()
        long = read(frame(cp, cn="2051")).readings
        assert read(frame(cp, cn="2051")).readings == long
    assert rules.shapes


def test_what_is_remembered_of_names_and_shapes_is_bounded():
    """A sender of ever new names costs time, not memory."""
    for i in range(1_500):
        name = "".join(c.upper() if i >> bit & 1 else c for bit, c in enumerate("abcdefghijkl"))
        read(frame(f"{STAMP};a34004-{name}=1;a3400{i}-Rtd=1;a34004-Rtd=1"))
    for i in range(1_200):
        name = "".join(c.upper() if i >> bit & 1 else c for bit, c in enumerate("i13007-infozscou"))
        read(frame(f"{STAMP};{name}=1"))
    rules = rules_of(Dialect("22", "2011"))
    assert len(rules) <= 1_024
    assert len(rules.shapes) <= 64
    assert hj212_codes.code_of.cache_info().currsize <= 8_192


def test_times_far_off_stay_within_the_calendar():
    """The first and last years that are read survive the arithmetic of periods."""
    for year in (1900, 9998):
        found = one("a34004-Avg=1", "2031", time=f"DataTime={year}1231235959")
        assert found.time - found.begin == DAY
    assert hj212_times.moment("18991231235959") is None


@pytest.mark.parametrize(("data", "flags"), [
    ("a21026-Rtd=5,Flag=D;a34004-Rtd=1,a34004-Flag=N", ["D", "N"]),
    ("a21026-Rtd=5;Flag=D", [None]),
    ("a21026-Rtd=5,a34004-Rtd=1,Flag=D", [None, None]),
])  # fmt: skip
def test_a_bare_flag_in_a_factor_s_group_is_that_factor_s(data, flags):
    """Real stations leave the factor's name out before `Flag`; in a group of its own or of several it says nothing."""
    assert [reading.flag for reading in read(frame(f"{STAMP};{data}", cn="2011", st="22")).readings] == flags


def test_when_a_sample_was_taken_is_text():
    """SampleTime is a time, never the number 20261120080500."""
    said = read(frame(f"{STAMP};w01018-SampleTime=20260821120000,w01018-Rtd=3", cn="2011", st="32")).readings
    assert [reading.value for reading in said if reading.code == "w01018-SampleTime"] == ["20260821120000"]
