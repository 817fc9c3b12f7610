"""Lines for stretches of time: which rows are in which, what is made of them, and what is never made."""

import math
from contextlib import closing
from itertools import pairwise

import numpy as np
import pytest

import sensing
from sensing import times
from sensing.errors import UsageError
from sensing.observe import revision
from sensing.query import asked, partial, whole
from sensing.query.buckets import Buckets
from sensing.query.spans import spans, total
from sensing.store import Row, SeriesKey
from sensing.store.lake.catalogue import Segment
from sensing.store.sqlite import SqliteStore
from tests.lake import ACCOUNT, batch, sealed

MIN, HOUR, DAY = times.MINUTE, times.HOUR, times.DAY
NOON = times.parse_instant("2026-09-14T12:00:00+08:00")


@pytest.fixture
def store(tmp_path):
    with closing(SqliteStore(tmp_path / "store.db")) as opened:
        opened.path = tmp_path / "store.db"
        yield opened


def put(store, thing, prop, values, *, statistic="instant", channel="", unit="m", run="", lon=None, lat=None):
    """Commit (time, result, begin, quality) of one series; what is left out is an instant of good quality."""
    number = store.series(SeriesKey(thing, prop, statistic, channel, run), "simulated" if run else "live", unit)
    rows = []
    for value in values:
        time, result, begin, quality = (*value, *(None, 1)[len(value) - 2 :])
        own = revision(result, begin, lon, lat)
        rows.append(Row(number, time, begin, result, quality, 0, own, 0, 0, 0, time + 5, 1, lon, lat, True, ACCOUNT))
    store.commit(batch(1, rows))


def lines(store, *device, **words):
    with sensing.open(store.path.parent) as data:
        return list(data.query(*device, **words).rows())


@pytest.mark.parametrize("where", ["hot", "sealed", "half"])
def test_a_mean_is_of_its_bucket_wherever_rows_lie(store, where):
    """Begin, end, mean, least, greatest, first, last and count of five minutes; hot rows and sealed ones make one line."""
    put(store, "g1", "water_level", [(NOON + n * MIN, float(n)) for n in range(4)])
    if where != "hot":
        sealed(store, store.path)
    put(store, "g1", "water_level", [(NOON + n * MIN, float(n)) for n in range(4, 7)])
    if where == "sealed":
        sealed(store, store.path)
    first, second = lines(store, "g1", every="5m", agg="mean min max first last count p50 p95")
    assert (first["begin"], first["time"]) == ("2026-09-14T04:00:00Z", "2026-09-14T04:05:00Z")
    assert [first[name] for name in ("mean", "min", "max", "first", "last", "count", "p50")] == [2.0, 0.0, 4.0, 0.0, 4.0, 5, 2.0]
    assert first["p95"] == pytest.approx(3.8)
    assert (second["mean"], second["count"], second["left_out"]) == (5.5, 2, 0)


def test_days_begin_at_local_midnight_and_weeks_on_monday():
    """Of a city at +08:00 a day begins at 16:00 UTC; seven days begin on a Monday; hours count from the epoch."""
    none = np.zeros(1, dtype=bool)

    def begin(every, text):
        buckets = Buckets(every, 8 * HOUR)
        return times.rfc3339(int(buckets.begin(buckets.of(np.array([times.parse_instant(text)]), none))[0]))

    assert begin(DAY, "2026-09-14T15:59:59Z") == "2026-09-13T16:00:00Z"
    assert begin(DAY, "2026-09-14T16:00:00Z") == "2026-09-14T16:00:00Z"
    assert begin(7 * DAY, "2026-09-17T00:00:00Z") == "2026-09-13T16:00:00Z"  # Monday the 14th, local midnight
    assert begin(HOUR, "2026-09-14T15:59:59Z") == "2026-09-14T15:00:00Z"
    assert begin(5 * MIN, "1969-12-31T23:59:59Z") == "1969-12-31T23:55:00Z"


def test_a_period_belongs_where_it_lies(store):
    """The rain of 10 to 11, told at 11, is that of ten o'clock; bounds cut periods the same way, so that parts add up to the whole."""
    values = [(NOON + n * HOUR, 1.0 * n, NOON + (n - 1) * HOUR) for n in range(1, 5)]
    put(store, "g1", "rainfall", values, statistic="sum/PT1H", unit="mm")
    found = lines(store, every="1h", agg="sum")
    assert [(row["begin"], row["sum"]) for row in found] == [(times.rfc3339(NOON + n * HOUR), n + 1.0) for n in range(4)]
    halves = [
        lines(store, every="1h", agg="sum", since=since, until=until)
        for since, until in ((None, NOON + 2 * HOUR), (NOON + 2 * HOUR, None))
    ]
    assert halves[0] + halves[1] == found


def test_amounts_are_added_once(store):
    """An hour's rain told every five minutes adds up to the hours; another statistic of the same rain is a line of its own."""
    hourly = [(NOON + n * 5 * MIN, 12.0, NOON + n * 5 * MIN - HOUR) for n in range(12, 37)]
    put(store, "g1", "rainfall", hourly, statistic="sum/PT1H", unit="mm")
    put(
        store,
        "g1",
        "rainfall",
        [(NOON + n * 5 * MIN, 1.0, NOON + (n - 1) * 5 * MIN) for n in range(1, 37)],
        statistic="sum/PT5M",
        unit="mm",
    )
    put(store, "g1", "rainfall", [(NOON + n * HOUR, 5.0 * n, NOON) for n in range(1, 4)], statistic="sum/since-08", unit="mm")
    put(store, "g1", "water_level", [(NOON, 3.0)])
    found = {(row["property"], row["statistic"]): row for row in lines(store, agg="sum", since=NOON, until=NOON + 3 * HOUR)}
    told = {key[1]: (row["sum"], row["summed"]) for key, row in found.items()}
    assert told == {"sum/PT1H": (36.0, 3), "sum/PT5M": (36.0, 36), "sum/since-08": (None, 0), "instant": (None, 0)}
    assert [
        row["sum"] for row in lines(store, statistic="sum/PT1H", every="1h", agg="sum", until=NOON + 3 * HOUR, since=NOON)
    ] == [12.0] * 3
    assert all(row["sum"] is None for row in lines(store, statistic="sum/PT1H", every="30m", agg="sum"))


def test_clocks_that_jitter_lose_no_rain(store):
    """Periods that overlap by a second of five minutes are all added."""
    put(store, "g1", "rainfall", [
        (NOON + n * 5 * MIN - (n % 2) * times.SECOND, 1.0, NOON + (n - 1) * 5 * MIN - (n % 2) * times.SECOND) for n in range(1, 13)
    ], statistic="sum/PT5M")  # fmt: skip
    assert [row["sum"] for row in lines(store, every="1h", agg="sum")] == [12.0]


def test_directions_go_round(store):
    """The mean of 350 and 10 degrees is north; opposite ones have none; a direction has no greatest, and asking only for it is refused."""
    put(store, "m1", "wind_direction", [(NOON, 350.0), (NOON + MIN, 10.0)], unit="deg")
    put(store, "m2", "wind_direction", [(NOON, 90.0), (NOON + MIN, 270.0)], unit="deg")
    put(store, "m1", "wind_speed", [(NOON, 3.0), (NOON + MIN, 5.0)], unit="m/s")
    found = {(row["device"], row["property"]): row for row in lines(store, every="1h", agg="mean max p50")}
    north = found["m1", "wind_direction"]["mean"]
    assert min(north, 360 - north) == pytest.approx(0, abs=1e-9)
    assert 0 <= north < 360
    assert found["m2", "wind_direction"]["mean"] is None
    assert (found["m1", "wind_direction"]["max"], found["m1", "wind_direction"]["p50"]) == (None, None)
    assert (found["m1", "wind_speed"]["max"], found["m1", "wind_speed"]["mean"]) == (5.0, 4.0)
    with pytest.raises(UsageError, match="direction"):
        lines(store, property="wind_direction", agg="max")


def test_what_is_not_trusted_is_left_out_and_counted(store):
    """Suspect, failed and missing values count in no mean unless asked for; the line says how many there were."""
    put(store, "g1", "water_level", [
        (NOON, 1.0), (NOON + 1, 3.0, None, 2), (NOON + 2, 99.0, None, 4), (NOON + 3, 50.0, None, 3), (NOON + 4, None, None, 9)])  # fmt: skip
    (row,) = lines(store, every="5m")
    assert (row["mean"], row["count"], row["left_out"]) == (2.0, 2, 3)
    (row,) = lines(store, every="5m", quality="suspect")
    assert (row["mean"], row["count"], row["left_out"]) == (50.0, 1, 4)
    (row,) = lines(store, every="5m", quality="any")
    assert (row["count"], row["left_out"]) == (4, 1)
    assert [row["result"] for row in lines(store, quality="good,3")] == [1.0, 50.0]


def test_runs_and_channels_are_lines_of_their_own(store):
    """A simulated run is in no line of live rows, and two sensors of one station are never averaged."""
    put(store, "g1", "water_level", [(NOON, 1.0)], channel="F5")
    put(store, "g1", "water_level", [(NOON, 3.0)], channel="F6")
    put(store, "g1", "water_level", [(NOON, 100.0)], run="storm-1")
    assert [(row["channel"], row["run"], row["mean"]) for row in lines(store, every="5m")] == [("F5", "", 1.0), ("F6", "", 3.0)]
    assert [row["mean"] for row in lines(store, every="5m", run="all")] == [100.0, 1.0, 3.0]
    assert [row["origin"] for row in lines(store, every="5m", run="storm-1")] == ["simulated"]


def test_empty_buckets_are_absent_or_filled(store):
    """Without a word there is no line for nothing; with `fill` each stretch that was asked for has one, and its mean is null."""
    put(store, "g1", "water_level", [(NOON, 1.0), (NOON + 10 * MIN, 2.0)])
    assert [row["mean"] for row in lines(store, every="5m", agg="mean")] == [1.0, 2.0]
    filled = lines(store, every="5m", agg="mean count", fill=True, since=NOON, until=NOON + 20 * MIN)
    assert [(row["mean"], row["count"]) for row in filled] == [(1.0, 1), (None, 0), (2.0, 1), (None, 0)]
    with pytest.raises(UsageError, match="buckets"):
        lines(store, every="1s", fill=True, since="2020-01-01T00:00:00Z", until="2027-01-01T00:00:00Z")


def test_a_line_of_a_mover_says_where_it_was_last(store):
    """Positions have no mean: the last place stands in the line; a box takes movers by their own place."""
    put(store, "mmsi-1", "position", [(NOON, None)], lon=118.0, lat=24.0, unit="deg")
    put(store, "mmsi-1", "position", [(NOON + MIN, None)], lon=119.0, lat=25.0, unit="deg")
    (row,) = lines(store, every="5m")
    assert (row["mean"], row["lon"], row["lat"], row["count"]) == (None, 119.0, 25.0, 2)
    (row,) = lines(store, every="5m", bbox=(117.5, 23.5, 118.5, 24.5))
    assert (row["lon"], row["count"]) == (118.0, 1)
    assert lines(store, every="5m", bbox=(170.0, 23.5, -170.0, 24.5)) == []


@pytest.mark.parametrize(
    ("words", "what"),
    [({"agg": "average"}, "average"), ({"every": "soon", "agg": "mean"}, "soon"), ({"every": "36h", "agg": "mean"}, "36h"),
     ({"quality": "excellent"}, "excellent"), ({"bbox": ("a", 1, 2, 3)}, "four numbers"), ({"where": "1=1"}, "1=1"), ({"agg": "p101"}, "p101")],
)  # fmt: skip
def test_what_cannot_be_read_is_named(store, words, what):
    """The error has the word that is wrong."""
    put(store, "g1", "water_level", [(NOON, 1.0)])
    with pytest.raises(UsageError, match=what):
        lines(store, **words)


def test_pieces_join_to_the_same_lines():
    """However rows are cut into pieces and in whatever order they come, their lines are those of all of them at once."""
    chance = np.random.default_rng(5)
    count = 500
    series, time = chance.integers(1, 4, count).astype(np.int32), chance.permutation(count).astype(np.int64)
    bucket, value = time // 50, np.round(chance.normal(0, 1, count), 3)
    value[chance.random(count) < 0.1] = math.nan
    used = (chance.random(count) < 0.8) & ~np.isnan(value)
    places = (chance.random(count), chance.random(count))

    def part(mask):
        inside = (places[0][mask], places[1][mask])
        return partial.lines(
            series[mask], bucket[mask], time[mask], value[mask], used[mask], inside, directions=series[mask] == 2
        )

    whole_lines = part(np.ones(count, dtype=bool))
    cut = chance.integers(0, 7, count)
    joined = partial.joined([part(cut == number) for number in range(7)])
    for name, column in whole_lines.items():
        np.testing.assert_allclose(joined[name].astype(float), column.astype(float), atol=1e-9, err_msg=name)


@pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 0.9, 1.0])
def test_percentiles_are_numpys(share):
    """Between the two nearest values in proportion, as numpy reckons them."""
    chance = np.random.default_rng(7)
    kept = whole.Whole()
    series, bucket, value = chance.integers(0, 3, 200), chance.integers(0, 4, 200), chance.normal(0, 1, 200)
    for cut in np.array_split(np.arange(200), 3):
        kept.add(series[cut], bucket[cut], value[cut])
    keys = sorted(set(zip(series.tolist(), bucket.tolist(), strict=True)))
    found = whole.percentiles(kept.rows(by=2), np.array([key[0] for key in keys]), np.array([key[1] for key in keys]), share)
    wanted = [np.quantile(value[(series == one) & (bucket == two)], share) for one, two in keys]
    np.testing.assert_allclose(found, wanted)


def test_spans_join_up_and_are_small_enough():
    """Cut by the catalogue: no gap, no overlap, and about as many rows in each as there should be."""
    files = [Segment("f", 1, "", 0, 1, 2, day * DAY, (day + 1) * DAY - 1, 0, 0, 1, 9, 10_000_000, 1, "") for day in range(5)]
    cut = list(spans(files, DAY // 2, 4 * DAY, 1.0))
    assert cut[0][0] == DAY // 2
    assert cut[-1][1] == 4 * DAY
    assert all(one[1] == two[0] for one, two in pairwise(cut))
    assert max(total(files, begin, end, 1.0) for begin, end in cut) < 2_000_000
    assert list(spans([], None, None, 1.0)) == [(None, None)]


def test_words_of_what_is_made():
    """Each once, the median by its percentile; flags by number or name."""
    assert asked.aggs(["mean", "median", "p50", "mean", "p99.9"]) == ("mean", "p50", "p99.9")
    assert asked.qualities(["good", "3"]) == {1, 3}
    assert asked.zone("-03:30") == -(3 * HOUR + 30 * MIN)
