"""Line protocol: what we write, an independent reader of the reference reads back, whatever the words are."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensing.export import Series, asked
from sensing.export.lines import Builder, coded, coded_measurement, plain, prefix
from tests.influx_stub import parse

words = st.text(st.characters(codec="utf-8"), max_size=20) | st.text(" ,=\\\n\t\r\"'#_%漳i0", max_size=12)
GAUGE = Series("gauge-1", "water_level", "mean/PT5M", "F5", "", "live")


def built(points, series=GAUGE):
    return Builder(lambda _number: prefix(series, "environment")).build(points)


def row(seq=1, time=1_700_000_000_000_000, result=1.5, quality=1, lon=None, lat=None, served=1, series=1):
    return seq, series, time, result, quality, lon, lat, served, 0


def test_the_schema_is_as_documented():
    """Measurement is the property, the words are tags, the numbers are fields, time is in nanoseconds."""
    assert built([row()]).lines == [
        "water_level,device=gauge-1,statistic=mean/PT5M,channel=F5,domain=environment,origin=live result=1.5,quality=1i 1700000000000000000\n"
    ]
    ship = Series("mmsi-1", "position", "instant", "", "storm-1", "simulated")
    assert built([row(result=None, lon=118.1, lat=24.4)], ship).lines == [
        "position,device=mmsi-1,statistic=instant,domain=environment,origin=simulated,run=storm-1 quality=1i,lon=118.1,lat=24.4 1700000000000000000\n"
    ]


@given(
    words.filter(bool),
    words,
    words,
    words,
    words,
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(1 << 53), 1 << 53),
)
def test_any_words_come_back(prop, device, statistic, channel, run, result, time):
    """Spaces, commas, equals, backslashes, newlines, quotes, Chinese: one line, and the words that went in."""
    series = Series(device, prop, statistic, channel, run, "live")
    (line,) = built([row(time=time, result=result)], series).lines
    assert line.count("\n") == 1
    measurement, tags, fields, stamp = parse(line[:-1])
    assert plain(measurement) == prop
    assert measurement == coded_measurement(prop)
    sent = {"device": device, "statistic": statistic, "channel": channel, "domain": "environment", "origin": "live", "run": run}
    assert {key: plain(value) for key, value in tags.items()} == {key: value for key, value in sent.items() if value}
    assert tags.get("device", "") == coded(device)
    assert fields == {"result": result, "quality": 1}
    assert stamp == time * 1000


@given(words, words)
def test_different_words_stay_different(one, other):
    """No two series become one."""
    assert (coded(one) == coded(other)) == (one == other)


@pytest.mark.parametrize("result", [None, math.nan, math.inf, -math.inf])
def test_what_is_no_number_has_no_result(result):
    """The quality is still told; a server that knows no NaN has nothing to drop."""
    page = built([row(result=result, quality=9)])
    assert parse(page.lines[0][:-1])[2] == {"quality": 9}
    assert page.missing == (result is None)


def test_only_the_served_revision_leaves():
    """A revision that is not served is counted, and its instant is looked at."""
    page = built([row(1), row(2, time=1_700_000_001_000_000, served=0), row(3, time=1_700_000_002_000_000)])
    assert page.seqs == [1, 3]
    assert page.unserved == 1
    assert (2, 1, 1_700_000_001_000_000, 0, False) in page.late


def test_late_rows_are_looked_at_and_others_are_not():
    """Only a row that is not the newest of its series can be a revision; the first after a start is not known to be."""
    builder = Builder(lambda _number: prefix(GAUGE, "x"))
    at = 1_700_000_000_000_000
    assert len(builder.build([row(1, at)]).late) == 1
    assert builder.build([row(2, at + 10**6), row(3, at + 2 * 10**6)]).late == []
    assert [late[0] for late in builder.build([row(4, at + 10**6), row(5, at + 3 * 10**6)]).late] == [4]


def test_points_of_one_millisecond_are_counted():
    """Microseconds apart they are two points to InfluxDB, and one to a server that counts in milliseconds."""
    at = 1_700_000_000_000_000
    page = built([row(1, at), row(2, at + 1), row(3, at + 999), row(4, at + 1_000)])
    assert len(page.lines) == 4
    assert page.same_millisecond == 2


def test_runs_leave_only_when_asked_for():
    """Live always; a drill by its name or by the name of its origin (P6)."""
    assert asked([], "live", "")
    assert not asked([], "simulated", "demo-1")
    assert asked(["demo-1"], "simulated", "demo-1")
    assert asked(["replayed"], "replayed", "r-7")
    assert not asked(["replayed"], "simulated", "r-7")
