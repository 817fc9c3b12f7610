"""`query --store influx`: the question in Flux, and the rows of an answer as InfluxDB 2 gives it.

The answer is recorded by hand after InfluxDB's "Annotated CSV" reference; a real server was not at hand.
"""

import json

import pytest
from typer.testing import CliRunner

from sensing.cli.main import app
from sensing.errors import Exit, NotFoundError, UsageError
from sensing.export.readback import Asked, flux, quoted, rows, target_of
from sensing.settings import Export, Settings
from tests.influx_stub import Stub

ANSWER = (
    "#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339Nano,string,string,string,string,string,double,long\r\n"
    "#group,false,false,false,false,false,false,false,false,false,false,false,false\r\n"
    "#default,_result,,,,,,,,,,,\r\n"
    ",result,table,_start,_stop,_time,_measurement,device,domain,origin,statistic,value,quality\r\n"
    ",,0,1970-01-01T00:00:00Z,2026-11-22T00:00:00Z,2026-11-01T08:00:00Z,water_level,gauge-1,environment,live,instant,2.35,1\r\n"
    ",,0,1970-01-01T00:00:00Z,2026-11-22T00:00:00Z,2026-11-01T08:05:00.25Z,senml_a%5Cb,gauge-1,environment,live,instant,,9\r\n"
    "\r\n"
)


@pytest.fixture
def stub():
    with Stub() as found:
        found.answers["/api/v2/query"] = ANSWER.encode()
        yield found


def test_rows_come_back_in_the_words_of_the_store(stub):
    """Names are decoded, units are the property's, a missing result is None."""
    first, second = rows(Export(url=stub.url, org="city"), Asked())
    assert first == {
        "device": "gauge-1", "property": "water_level", "statistic": "instant", "channel": "", "time": "2026-11-01T08:00:00Z",
        "result": 2.35, "unit": "m", "quality": 1, "origin": "live", "run": "",
    }  # fmt: skip
    assert (second["property"], second["result"], second["time"]) == ("senml_a\\b", None, "2026-11-01T08:05:00.250Z")


def test_the_command_prints_them(stub, tmp_path):
    """`sensing query --store influx` needs no running service, and prints rows as the own store's."""
    (tmp_path / "config.toml").write_text(f'[[export]]\nurl = "{stub.url}"\norg = "city"\n')
    run = CliRunner(env={"SENSING_LANG": "en", "NO_COLOR": "1"}).invoke
    answer = run(app, f"query gauge-1 --store influx --property water_level --from 2h --data {tmp_path} -o ndjson")
    assert answer.exit_code == 0, answer.output
    assert [json.loads(line)["result"] for line in answer.stdout.splitlines()] == [2.35, None]
    assert run(app, f"query gauge-* --store influx --data {tmp_path}").exit_code == Exit.USAGE
    assert run(app, f"query --store elsewhere --data {tmp_path}").exit_code == Exit.USAGE


def test_a_refused_query_says_the_servers_words(stub):
    """And what to look at."""
    stub.plans = [401]
    stub.answers.clear()
    with pytest.raises(UsageError, match="401 as planned"):
        list(rows(Export(url=stub.url), Asked()))


def test_the_question_holds_what_was_asked():
    """Only live unless a run is asked for; times in UTC; every word a literal."""
    text = flux(Export(url="http://x", bucket="b"), Asked(["water_level"], ["a", "b"], runs=[""], begin=0, end=10**12, limit=5))
    assert 'from(bucket: "b")\n  |> range(start: 1970-01-01T00:00:00Z, stop: 1970-01-12T13:46:40Z)' in text
    assert 'filter(fn: (r) => r.device == "a" or r.device == "b")' in text
    assert "filter(fn: (r) => not exists r.run)" in text
    assert text.endswith("limit(n: 5)")
    assert "r.run" not in flux(Export(url="http://x"), Asked(runs=None))


def test_no_word_becomes_code():
    """Quotes, backslashes and ${...} of Flux are told apart from it."""
    assert quoted('a") |> drop()') == '"a\\") |> drop()"'
    assert quoted("${secrets}") == '"\\x24{secrets}"'
    assert quoted("a\\") == '"a\\\\"'


def test_the_only_target_needs_no_name():
    """Several do; none is said."""
    one, two = Export(url="http://x", name="one"), Export(url="http://x", name="two")
    assert target_of(Settings(export=[one])) == one
    assert target_of(Settings(export=[one, two]), "two") == two
    with pytest.raises(UsageError, match="several"):
        target_of(Settings(export=[one, two]))
    with pytest.raises(NotFoundError):
        target_of(Settings())
