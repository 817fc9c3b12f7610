"""How forgiving a question is: areas as people call them, domains of a closed list, boxes as text, durations over HTTP, empty answers."""

import json

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

import sensing
from sensing.access import Role, called
from sensing.cli.main import app
from sensing.errors import UsageError
from sensing.registry.schema import things
from sensing.registry.scope import called as called_sql
from sensing.settings import Lake
from sensing.store.lake.seal import seal
from sensing.times import MINUTE
from tests.house import House, reading

run = CliRunner(env={"SENSING_LANG": "en", "NO_COLOR": "1", "SENSING_URL": "", "SENSING_TOKEN": ""}).invoke
AREAS = ("芗城 Xiangcheng", "漳州/龙海", "厦门")


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    found = House(tmp_path_factory.mktemp("data"))
    for name, area in zip(("g1", "g2", "g3"), AREAS, strict=True):
        found.device(name, area=area, lat=24.5, lon=118.1)
        found.send(name, reading(name, 2.0, found.now - 5 * MINUTE), work=False)
    found.send(
        "g1",
        *(reading("g1", angle, found.now - 5 * MINUTE + at, p="wind_direction", u="deg") for at, angle in ((0, 350), (9, 10))),
        work=False,
    )
    found.step()
    yield found
    found.close()


@pytest.mark.parametrize(
    ("area", "word", "fits"),
    [
        ("芗城 Xiangcheng", "芗城", True), ("芗城 Xiangcheng", "Xiangcheng", True), ("芗城 Xiangcheng", "Xiang", False),
        ("漳州/龙海", "漳州", True), ("漳州/龙海", "龙海", True), ("漳州/龙海", "漳州/龙海", True), ("漳州市龙海区", "漳州", True),
        ("northeast", "north", False), ("", "漳州", False), ("漳州", "", False),
    ],
)  # fmt: skip
def test_an_area_is_what_people_call_it(house, area, word, fits):
    """Its name, what it begins with, or one of its words: by Python and by the registry's SQL."""
    assert called((word,), area) is fits
    if word:
        with house.registry.database.read() as connection:
            found = connection.execute(select(things.c.area).where(called_sql(word), things.c.area == area)).all()
        assert bool(found) is (fits and area in AREAS)


async def test_a_question_by_area_finds_them_at_every_door(house):
    """The command, the API's rows and lines, the list of devices and Python: one meaning."""
    for word, devices in (("芗城", {"g1"}), ("Xiangcheng", {"g1"}), ("漳州", {"g2"}), ("龙海", {"g2"})):
        answer = run(app, f"--data {house.data} query --area {word} -p water_level -o json")
        assert {row["device"] for row in json.loads(answer.stdout)} == devices, word
        async with house.client(Role.VIEWER) as client:
            for path, names in (("/api/observations", {}), ("/api/observations", {"every": "1h"}), ("/api/devices", {})):
                told = (await client.get(path, params={"area": word, **names})).json()["items"]
                assert {row.get("device", row.get("id")) for row in told} == devices, (word, path)
    with sensing.open(house.data) as data:
        assert {row["device"] for row in data.query(area="漳州").rows()} == {"g2"}


async def test_a_domain_that_is_none_is_refused_at_every_door(house):
    """The list is closed: a slip of the pen must not look like silence."""
    assert run(app, f"--data {house.data} query --domain envirnment").exit_code == 2
    async with house.client(Role.VIEWER) as client:
        for path in ("/api/observations", "/api/observations?every=1h", "/api/events", "/api/latest", "/api/map"):
            answer = await client.get(path, params={"domain": "envirnment"} | ({"every": "1h"} if "?" in path else {}))
            assert (answer.status_code, "safety" in answer.json()["hint"]) == (400, True), path
    with sensing.open(house.data) as data, pytest.raises(UsageError, match="domain"):
        data.query(domain="envirnment")


async def test_a_time_may_be_a_duration_ago(house):
    """`from=10m` over HTTP means what `--from 10m` does, and `now` is an instant."""
    async with house.client(Role.VIEWER) as client:
        for names, count in (
            ({"from": "10m"}, 5),
            ({"from": "2m"}, 0),
            ({"to": "4m"}, 5),
            ({"from": "1d", "to": "now"}, 5),
            ({"as_of": "1h"}, 0),
        ):
            answer = await client.get("/api/observations", params=names)
            assert (answer.status_code, len(answer.json()["items"])) == (200, count), names
        assert (await client.get("/api/observations", params={"from": "soon"})).status_code == 400


def test_a_box_may_be_text(house):
    """As it is written everywhere else."""
    with sensing.open(house.data) as data:
        told = {
            len(list(data.query(property="water_level", bbox=box).rows()))
            for box in ("118,24,119,25", "118 24 119 25", (118, 24, 119, 25))
        }
        assert told == {3}
        assert list(data.query(bbox="1,2,3,4").rows()) == []
        with pytest.raises(UsageError, match="four numbers"):
            data.query(bbox="1,2,3")


def test_a_direction_has_a_mean_and_no_maximum(house):
    """Asked for both the mean is told and the rest is null; asked for what it does not have alone, it is refused."""
    answer = run(app, f"--data {house.data} query g1 -p wind_direction --agg mean,max,p95,count -o json")
    line = json.loads(answer.stdout)[0]
    assert (line["max"], line["p95"], line["count"]) == (None, None, 2)
    assert min(line["mean"], 360 - line["mean"]) < 1e-6
    assert run(app, f"--data {house.data} query g1 -p wind_direction --agg max,p95").exit_code == 2


def test_a_sum_that_cannot_be_is_explained(house):
    """Adding up levels of every minute means nothing: the sum is null, and stderr says why; beside what has one it is not said."""
    answer = run(app, f"--data {house.data} query g1 -p water_level --agg sum,mean -o json")
    line = json.loads(answer.stdout)[0]
    assert (line["sum"], line["mean"]) == (None, 2.0)
    assert "sum only of amounts" in answer.stderr
    assert "sum only" not in run(app, f"--data {house.data} query g1 -p water_level --agg mean -o json").stderr


def test_an_empty_answer_says_so_on_stderr(house):
    """stdout stays data; a property that is in no table is named, one that is only absent is not."""
    answer = run(app, f"--data {house.data} query g1 -p watr_level -o json")
    assert (answer.exit_code, answer.stdout) == (0, "[]\n")
    assert "no row matches" in answer.stderr
    assert "watr_level" in answer.stderr
    assert "no table" not in run(app, f"--data {house.data} query g1 -p rainfall -o json").stderr
    assert "no row" not in run(app, f"--data {house.data} query g1 -o json").stderr


def test_a_verdict_on_a_property_that_nobody_has_is_refused(house):
    """Exit code 4, and the way to what there is."""
    answer = run(app, f"--data {house.data} annotate g1 -p watr_level --from 1h --quality 4")
    assert (answer.exit_code, "sensing query g1" in answer.stderr) == (4, True)


def test_a_file_of_the_lake_that_is_damaged_is_named(tmp_path):
    """Whoever reads it is told which, and where to get it back; it is no defect of ours."""
    house = House(tmp_path)
    house.device("g1")
    house.send("g1", reading("g1", 1.0, house.now))
    seal(house.data / "store.db", Lake(seal_after_min=0, seal_rows=1, seal_every_min=0))
    house.work.store.tend_lake()
    house.close()
    path = next((house.data / "lake").glob("*.parquet"))
    path.write_bytes(path.read_bytes()[:100])
    answer = run(app, f"--data {house.data} query g1")
    assert (answer.exit_code, path.name in answer.stderr, "backup" in answer.stderr) == (7, True, True)


@pytest.mark.parametrize(
    ("language", "options", "wrong"), [("zh", "选项 Options", "用法有误 Error"), ("en", "─ Options", "─ Error")]
)
def test_help_and_mistakes_are_headed_in_the_persons_language(language, options, wrong):
    """Of a group, of a command, and of what does not fit: Chinese first, or English alone."""
    env = {"SENSING_LANG": language, "NO_COLOR": "1"}
    for line in ("event --help", "query -h"):
        assert options in run(app, line, env=env).output, line
    for line in ("event close", "query -n 0", "frob", "query -o parquet"):
        answer = run(app, line, env=env)
        assert (answer.exit_code, wrong in answer.output) == (2, True), line


@pytest.mark.parametrize(
    "line",
    [
        "query g1",
        "query",
        "tail --no-follow",
        "event list",
        "event show x",
        "ledger",
        "shift",
        "explain g1 water_level 2026-09-14T19:00:00Z",
    ],
)
def test_a_command_that_only_looks_makes_no_folder(tmp_path, line):
    """A slip of the pen in --data is named, and leaves nothing behind."""
    answer = run(app, f"--data {tmp_path / 'none'} {line}")
    assert (answer.exit_code, "no data folder" in answer.stderr, list(tmp_path.iterdir())) == (4, True, []), answer.output
