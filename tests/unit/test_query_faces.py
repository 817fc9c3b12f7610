"""`sensing query`, `sensing export`, GET /api/observations and `sensing.open`: one answer, four doors to it."""

import csv
import io
import json
import subprocess
import sys
from contextlib import closing

import httpx
import polars as pl
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import sensing
from sensing.access import Role
from sensing.cli import client
from sensing.cli.main import app
from sensing.query import files
from sensing.store import SeriesKey
from sensing.store.sqlite import SqliteStore
from sensing.times import HOUR, SECOND, rfc3339
from tests.cli_service import FakeService, page
from tests.house import House, reading
from tests.lake import batch, said

run = CliRunner(env={"SENSING_LANG": "en", "NO_COLOR": "1", "SENSING_URL": "", "SENSING_TOKEN": ""}).invoke
COUNT = 30


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    found = House(tmp_path_factory.mktemp("data"))
    found.device("gauge-1", lat=24.5, lon=118.1, area="Longhai", name="九龙江 north")
    found.device("gauge-2", lat=24.6, lon=117.6, area="Xiangcheng")
    found.device("met-1", type="weather")
    found.device("silent-1", lat=24.6, lon=117.6, area="Xiangcheng")
    start = found.start = (found.now - 2 * HOUR) // HOUR * HOUR
    for number in range(COUNT):
        at = start + number * 20 * SECOND
        found.send("gauge-1", reading("gauge-1", 1.0 + number / 10, at), work=False)
        found.send("gauge-2", reading("gauge-2", 30.0 if number == 3 else 2.0, at), work=False)
    found.send("met-1", reading("met-1", 25.5, start, p="air_temperature", u="Cel"), work=False)
    found.send("gauge-1", reading("gauge-1", 99.0, start + HOUR), run="storm-1", work=False)
    found.send("gauge-1", reading("gauge-1", 7.0, start, s=5), work=False)
    found.step()
    yield found
    found.close()


def cli(house, line):
    return run(app, f"--data {house.data} {line}")


def rows(house, line):
    answer = cli(house, f"query {line} -o ndjson")
    assert answer.exit_code == 0, answer.stderr
    return [json.loads(each) for each in answer.stdout.splitlines()]


def batched(words, size):
    return zip(*(words[start::size] for start in range(size)), strict=True)


async def get(house, role=Role.ADMIN, **parameters):
    async with house.client(role) as client:
        return await client.get("/api/observations", params=parameters)


async def test_all_doors_give_the_same_lines(house):
    """Command, API and Python give the same means of the same minutes."""
    told = rows(house, "gauge-1 --every 5m --agg mean,max,count")
    items = (await get(house, device="gauge-1", every="5m", agg="mean,max,count")).json()
    with sensing.open(house.data) as data:
        own = list(data.query("gauge-1", every="5m", agg="mean max count").rows())
    assert told == items["items"] == own
    assert items["quality"] == [1, 2]
    assert [(row["mean"], row["max"], row["count"]) for row in told] == [
        (pytest.approx(2.1), 7.0, 15),
        (pytest.approx(3.2), 3.9, 15),
    ]
    assert told[0]["begin"] == rfc3339(house.start)


async def test_all_doors_give_the_same_rows(house):
    """The revision that is served of each time, in the contract's columns; every revision when asked."""
    told = rows(house, "gauge-1")
    items = (await get(house, device="gauge-1")).json()["items"]
    assert told == [{name: value for name, value in row.items() if name != "frame"} for row in items]
    assert len(told) == COUNT
    assert len(rows(house, "gauge-1 --revisions")) == COUNT + 1
    assert len(rows(house, "gauge-1 -n 4")) == 4


@pytest.mark.parametrize(
    ("line", "devices"),
    [
        ("", {"gauge-1", "gauge-2", "met-1"}),  ("gauge-1,met-1", {"gauge-1", "met-1"}),
        ("gauge-*", {"gauge-1", "gauge-2"}), ("九龙", {"gauge-1"}),  ("silent-1", set()),
        ("--type weather", {"met-1"}), ("--domain environment", {"gauge-1", "gauge-2"}), ("--area Longhai", {"gauge-1"}),
        ("-p air_*", {"met-1"}),  ("--bbox 118,24,119,25", {"gauge-1"}),
        ("--where value>3.8", {"gauge-1", "gauge-2", "met-1"}),
        ("--run storm-1", {"gauge-1"}), ("--statistic mean/PT1H", set()), ("--to 2026-01-01", set()),
    ],
)  # fmt: skip
async def test_each_filter_means_the_same_at_every_door(house, line, devices):
    """Lines by files, and rows as JSON and as Parquet by the API, are of the same devices."""
    assert {row["device"] for row in rows(house, f"{line} --every 1d --quality any")} == devices
    words = ["device", *line.split()] if line and line[0] != "-" else line.split()
    names = {name.replace("-p", "property").strip("-"): value for name, value in batched(words, 2)}
    if "to" in names:
        names["to"] += "T00:00:00Z"
    assert {row["device"] for row in (await get(house, **names)).json()["items"]} == devices
    answer = await get(house, format="parquet", **names)
    assert answer.status_code == 200, answer.text
    assert set(pl.read_parquet(io.BytesIO(answer.content))["device"].to_list()) == devices


def test_a_device_that_nobody_knows_is_told(house):
    """Exit code 4, as everywhere; one that is registered and silent is an empty answer."""
    assert cli(house, "query gulei-99").exit_code == 4
    assert cli(house, "query silent-1 -o json").stdout == "[]\n"


def test_people_are_told_what_counts(house):
    """A table of lines, and on stderr which rows were used and how many were left out."""
    answer = cli(house, "query gauge-2 --every 1h --agg mean,last -o table")
    assert "mean" in answer.stdout
    assert "quality 1,2: 29 rows counted, 1 left out" in answer.stderr


def test_csv_of_lines_has_its_columns(house):
    """The header names what was asked for, also when there is no line."""
    header = "device,property,statistic,channel,begin,time,mean,max,count,left_out,unit,origin,run,lon,lat"
    assert cli(house, "query gauge-1 --every 5m --agg mean,max -o csv").stdout.splitlines()[0] == header
    assert cli(house, "query silent-1 --every 5m --agg mean,max -o csv").stdout.splitlines() == [header]


async def test_pages_of_lines_lead_on(house):
    """Each line once, whatever the size of a page; a cursor that is none is refused."""
    whole = (await get(house, every="2m", agg="mean")).json()["items"]
    for size in (1, 3, 4):
        seen, cursor = [], None
        while True:
            told = (await get(house, every="2m", agg="mean", limit=size, **({"cursor": cursor} if cursor else {}))).json()
            seen += told["items"]
            cursor = told["next"]
            if cursor is None:
                break
        assert seen == whole
    assert (await get(house, every="2m", cursor="x")).status_code == 400
    assert len((await get(house, agg="mean", limit=2)).json()["items"]) == 2


@pytest.mark.parametrize(("name", "value"), [("every", "soon"), ("agg", "average"), ("quality", "best"), ("fill", "maybe")])
async def test_a_parameter_that_cannot_be_read_is_a_400(house, name, value):
    """The answer names it."""
    answer = await get(house, **({"every": "5m"} | {name: value}))
    assert (answer.status_code, name in answer.json()["error"]) == (400, True)


def test_exports_hold_what_query_prints(house, tmp_path):
    """Parquet, CSV and NDJSON have the same rows in the same order."""
    told = rows(house, "gauge-*")
    for kind in ("parquet", "csv", "ndjson"):
        answer = cli(house, f"export gauge-* --to-file {tmp_path / f'x.{kind}'} -o json")
        assert (answer.exit_code, json.loads(answer.stdout)["rows"]) == (0, len(told)), answer.stderr
    assert [json.loads(line) for line in (tmp_path / "x.ndjson").read_text("utf-8").splitlines()] == told
    with (tmp_path / "x.csv").open(encoding="utf-8", newline="") as sheet:
        assert [row["cursor"] for row in csv.DictReader(sheet)] == [row["cursor"] for row in told]
    table = pq.read_table(tmp_path / "x.parquet")
    assert table["revision"].to_pylist() == [row["revision"] for row in told]
    assert table["time"].cast("int64").to_pylist()[0] == house.start
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.csv", "x.ndjson", "x.parquet"]


def test_csv_for_excel_is_safe(tmp_path):
    """A byte order mark when asked for; a text that would be a formula gets a quote before it."""
    with closing(SqliteStore(tmp_path / "store.db")) as store:
        number = store.series(SeriesKey("g1", "water_level", "instant", "=1+1", ""), "live", "m")
        store.commit(batch(1, [said(store, "g1", 10, 1.5)]))
        row = said(store, "g1", 20, 2.5)
        row.series = number
        store.commit(batch(2, [row]))
    answer = run(app, f"--data {tmp_path} export --to-file {tmp_path / 'x.csv'} --bom -o json")
    content = (tmp_path / "x.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert b"'=1+1" in content
    assert json.loads(answer.stdout)["rows"] == 2
    assert run(app, f"--data {tmp_path} export --to-file {tmp_path / 'x.parquet'} --bom").exit_code == 2
    assert run(app, f"--data {tmp_path} export --to-file {tmp_path / 'x.txt'}").exit_code == 2
    assert run(app, f"--data {tmp_path} export --to-file {tmp_path / 'no' / 'x.csv'}").exit_code == 3


def test_an_export_that_breaks_off_leaves_nothing(tmp_path):
    """The file of before stays, and no half of the new one."""
    (tmp_path / "x.csv").write_text("before")

    def interrupted():
        with files.whole(tmp_path / "x.csv") as out:
            out.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("x.csv", "before")]


async def test_a_scope_holds_for_tables_too(house):
    """Who is bound to an area gets lines and Parquet of its devices only."""
    from sensing.audit import Actor

    made = house.registry.create_token("north", Role.VIEWER, areas=("Longhai",), actor=Actor("tester")).text
    async with house.client() as client:
        headers = {"authorization": f"Bearer {made}"}
        lines = await client.get("/api/observations", params={"every": "1d"}, headers=headers)
        table = await client.get("/api/observations", params={"format": "parquet"}, headers=headers)
    assert {row["device"] for row in lines.json()["items"]} == {"gauge-1"}
    assert set(pl.read_parquet(io.BytesIO(table.content))["device"].to_list()) == {"gauge-1"}


def test_it_starts_without_what_it_does_not_need(house):
    """A short answer loads neither pandas, DuckDB, the web nor the registry."""
    code = (
        f"import sys; sys.argv = ['sensing', '--data', {str(house.data)!r}, 'query', 'gauge-1', '--every', '5m', '-o', 'json']\n"
        "from sensing.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'pandas', 'duckdb', 'starlette', 'sqlalchemy', 'httpx', 'matplotlib', 'polars'} & set(sys.modules)), file=sys.stderr)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert found.stderr.splitlines()[-1] == "[]"
    assert len(json.loads(found.stdout)) == 2


def test_another_machines_service_sends_the_file(house, tmp_path, monkeypatch):
    """Without files at hand the API is asked with the same words; what breaks off leaves nothing."""
    fake = FakeService({("GET", "/api/devices"): page({"id": "gauge-1", "name": ""})})
    monkeypatch.setattr(client, "connect", fake.connect)
    fake.routes["GET", "/api/observations"] = lambda _: httpx.Response(200, content=b"cursor,device\nc1,gauge-1\nc2,gauge-1\n")
    line = f"--data {tmp_path / 'none'} export gauge-1 --every 1h --agg max --from 2026-09-14T00:00:00Z --fill --to-file {tmp_path / 'x.csv'}"
    answer = run(app, f"{line} --bom -o json")
    assert json.loads(answer.stdout)["rows"] == 2
    assert fake.params()[-1] == {
        "device": "gauge-1", "every": "1h", "agg": "max", "from": "2026-09-14T00:00:00Z", "fill": "1", "format": "csv"}  # fmt: skip
    assert (tmp_path / "x.csv").read_bytes().startswith(b"\xef\xbb\xbfcursor")
    fake.routes["GET", "/api/observations"] = (400, {"error": "no", "hint": "", "code": 2})
    assert run(app, line.replace("x.csv", "y.csv")).exit_code == 2
    assert not (tmp_path / "y.csv").exists()
