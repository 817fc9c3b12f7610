"""Observations over HTTP: the newest of each series, pages, layouts, and what each filter lets through."""

import csv
import io
import json

import pytest

from sensing.times import HOUR, SECOND, rfc3339
from tests.house import House, reading

COUNT = 25


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    found = House(tmp_path_factory.mktemp("data"))
    found.device("gauge-1", lat=24.5, lon=118.1, area="Longhai", name="九龙江 north")
    found.device("gauge-2", lat=24.6, lon=117.6, area="Xiangcheng")
    found.device("met-1", type="weather")
    start = found.start = found.now - HOUR
    for number in range(COUNT):
        at = start + number * SECOND
        found.send("gauge-1", reading("gauge-1", 1.0 + number / 10, at), work=False)
        found.send("gauge-2", reading("gauge-2", 30.0 if number == 3 else 2.0, at), work=False)
    found.send("met-1", reading("met-1", 25.5, start, p="air_temperature", u="Cel"), work=False)
    found.send("gauge-1", reading("gauge-1", 99.0, start + HOUR), run="storm-1", work=False)
    found.send("gauge-1", reading("gauge-1", 7.0, start, s=5), work=False)
    found.step()
    yield found
    found.close()


async def get(house, path, **parameters):
    async with house.client() as client:
        answer = await client.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer


async def items(house, path, **parameters):
    return (await get(house, path, **parameters)).json()["items"]


async def test_latest_is_the_newest_of_each_series_and_never_mixes_runs(house):
    """One row a datastream; a simulated one is only there when its run is asked for."""
    rows = await items(house, "/api/latest")
    assert [(row["device"], row["property"], row["result"]) for row in rows] == [
        ("gauge-1", "water_level", 1.0 + (COUNT - 1) / 10),
        ("gauge-2", "water_level", 2.0),
        ("met-1", "air_temperature", 25.5),
    ]
    assert {"cursor", "time", "received", "unit", "quality", "reason", "revision", "origin", "run"} <= set(rows[0])
    simulated = await items(house, "/api/latest", run="storm-1")
    assert [(row["result"], row["origin"], row["run"]) for row in simulated] == [(99.0, "simulated", "storm-1")]
    assert len(await items(house, "/api/latest", run="all")) == 4


async def test_latest_comes_in_pages_when_asked_for(house):
    """Every datastream once, in whatever pages; a cursor of another list is a 400."""
    whole = await items(house, "/api/latest", run="all")
    for limit in (1, 3, 4):
        told, cursor = [], ""
        while cursor is not None:
            answer = (await get(house, "/api/latest", run="all", limit=limit, **({"cursor": cursor} if cursor else {}))).json()
            assert len(answer["items"]) <= limit
            told, cursor = told + answer["items"], answer["next"]
        assert sorted(row["cursor"] for row in told) == sorted(row["cursor"] for row in whole)
    async with house.client() as client:
        for wrong in ("x", "W10=", "0000000000001-0000001", "W251bGwsMSwyLDMsNF0="):
            assert (await client.get("/api/latest", params={"cursor": wrong})).status_code == 400


@pytest.mark.parametrize(
    ("parameters", "devices"),
    [
        ({"device": "gauge-1"}, ["gauge-1"]),
        ({"device": "gauge-1,met-1"}, ["gauge-1", "met-1"]),
        ({"device": "gauge-*"}, ["gauge-1", "gauge-2"]),
        ({"device": "gauge"}, ["gauge-1", "gauge-2"]),
        ({"device": "九龙"}, ["gauge-1"]),
        ({"device": "nobody"}, []),
        ({"type": "weather"}, ["met-1"]),
        ({"type": "weather,gauge", "domain": "environment"}, ["gauge-1", "gauge-2"]),
        ({"area": "Longhai"}, ["gauge-1"]),
        ({"property": "air_*"}, ["met-1"]),
        ({"property": "water_level"}, ["gauge-1", "gauge-2"]),
        ({"bbox": "118,24,119,25"}, ["gauge-1"]),
        ({"bbox": "118,24,-170,25"}, ["gauge-1"]),
        ({"where": "value>3 and property=water_level"}, ["gauge-1"]),
        ({"where": "quality=1"}, ["gauge-1", "gauge-2", "met-1"]),
    ],
)
async def test_each_filter_lets_through_what_it_names(house, parameters, devices):
    """Filters of the store, of the registry and of the row."""
    assert [row["device"] for row in await items(house, "/api/latest", **parameters)] == devices


@pytest.mark.parametrize(
    ("name", "value"),
    [("bbox", "1,2,3"), ("bbox", "1,5,3,4"), ("bbox", "a,b,c,d"), ("where", "1=1"), ("from", "soon"), ("limit", "0"), ("limit", "1e9"),
     ("limit", "²"), ("cursor", "x"), ("cursor", "0000000000001-1000000"), ("format", "xml"), ("served", "maybe")],
)  # fmt: skip
async def test_a_parameter_that_cannot_be_read_is_a_400(house, name, value):
    """The answer names the parameter."""
    async with house.client() as client:
        answer = await client.get("/api/observations", params={name: value})
    assert answer.status_code == 400
    assert name in answer.json()["error"]


async def test_pages_give_every_row_once_in_order(house):
    """`next` leads through all of them, whatever the size of a page."""
    seen, cursor = [], ""
    while True:
        found = (
            await get(house, "/api/observations", device="gauge-1", limit="7", **({"cursor": cursor} if cursor else {}))
        ).json()
        seen += found["items"]
        cursor = found["next"]
        if cursor is None:
            break
    assert [row["time"] for row in seen] == [rfc3339(house.start + number * SECOND) for number in range(COUNT)]
    assert "seq" not in seen[0]
    assert "time_us" not in seen[0]


async def test_a_rows_own_cursor_leads_on_from_it(house):
    """A stream of rows that broke off goes on after its last row."""
    rows = await items(house, "/api/observations", device="gauge-1")
    rest = await items(house, "/api/observations", device="gauge-1", cursor=rows[9]["cursor"])
    assert rest == rows[10:]


async def test_time_bounds_take_in_their_start_only(house):
    """from <= time < to."""
    rows = await items(
        house,
        "/api/observations",
        device="gauge-2",
        **{"from": rfc3339(house.start + 2 * SECOND), "to": rfc3339(house.start + 5 * SECOND)},
    )
    assert [row["quality"] for row in rows] == [1, 4, 1]


async def test_a_zone_whose_plus_was_not_encoded_is_understood(house):
    """`+08:00` in an address arrives as a blank."""
    async with house.client() as client:
        answer = await client.get("/api/observations?device=gauge-1&to=2000-01-01T00:00:00+08:00")
    assert answer.status_code == 200


async def test_superseded_revisions_show_when_asked_for(house):
    """Two contents for one time: one is served, both are kept."""
    at = {"from": rfc3339(house.start), "to": rfc3339(house.start + 1)}
    assert [row["result"] for row in await items(house, "/api/observations", device="gauge-1", **at)] == [7.0]
    assert sorted(row["result"] for row in await items(house, "/api/observations", device="gauge-1", served="0", **at)) == [
        1.0,
        7.0,
    ]


async def test_the_same_rows_come_in_every_layout(house):
    """NDJSON and CSV stream what JSON pages."""
    rows = await items(house, "/api/observations", device="gauge-*")
    told = await get(house, "/api/observations", device="gauge-*", format="ndjson")
    assert told.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(line) for line in told.text.splitlines()] == rows
    sheet = list(csv.DictReader(io.StringIO((await get(house, "/api/observations", device="gauge-*", format="csv")).text)))
    assert [(row["device"], row["time"], float(row["result"])) for row in sheet] == [
        (row["device"], row["time"], row["result"]) for row in rows
    ]
    assert len((await get(house, "/api/observations", format="ndjson", limit="11")).text.splitlines()) == 11


async def test_pages_of_the_store_are_joined_without_a_seam(house, monkeypatch):
    """Streaming reads page by page; the filter row by row does not shorten what comes."""
    monkeypatch.setattr("sensing.web.observations.MOST", 4)
    told = await get(house, "/api/observations", where="quality=1", format="ndjson", device="gauge-*")
    assert len(told.text.splitlines()) == 2 * COUNT - 1


async def test_an_empty_answer_is_still_one(house):
    """Nothing found is an empty list, an empty text, and a header row."""
    assert (await get(house, "/api/observations", device="nobody")).json() == {"items": [], "next": None}
    assert (await get(house, "/api/observations", device="nobody", format="ndjson")).text == ""
    assert len((await get(house, "/api/observations", device="nobody", format="csv")).text.splitlines()) == 1


async def test_as_known_at_an_instant(house):
    """Nothing before the first commit, all of it now."""
    assert await items(house, "/api/observations", device="gauge-1", as_of=rfc3339(house.start - 9 * HOUR)) == []
    now = await items(house, "/api/observations", device="gauge-1", as_of=rfc3339(house.now + 9 * HOUR))
    assert now == await items(house, "/api/observations", device="gauge-1")
