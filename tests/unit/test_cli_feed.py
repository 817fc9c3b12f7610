"""`sensing tail` and what it reads: server-sent events, restarts, bounds, forms."""

import json

import httpx
import pytest
from typer.testing import CliRunner

from sensing.cli import client, sse
from sensing.cli.main import app
from sensing.cli.sse import Feed, events
from sensing.errors import Exit, UnreachableError
from tests.cli_service import FakeService, page, row
from tests.cli_service import events as stream

run = CliRunner(env={"SENSING_LANG": "en", "NO_COLOR": "1"}).invoke
STREAM = ("GET", "/api/stream")


@pytest.fixture
def service(monkeypatch):
    fake = FakeService({("GET", "/api/devices"): page({"id": "gauge-1", "name": ""})})
    monkeypatch.setattr(client, "connect", fake.connect)
    monkeypatch.setattr(sse, "_PAUSES_S", (0.01,))
    return fake


def tail(line=""):
    answer = run(app, f"tail {line}")
    return answer, [json.loads(each)["cursor"][-9] for each in answer.stdout.splitlines()] if answer.exit_code == 0 else []


def down(_request):
    raise httpx.ConnectError("refused")


def test_events_are_read_as_the_standard_says():
    """Data of several lines is one, comments are nothing, an id without data still says where we are."""
    lines = ": hello\nid: 7\n\nevent: skipped\ndata: {}\n\ndata: a\ndata: b\nid: 8\n\n".splitlines()
    assert list(events(iter(lines))) == [("id", "7", ""), ("skipped", "7", "{}"), ("message", "8", "a\nb")]


def test_it_goes_on_where_it_was(service):
    """When web restarts, the next connection asks for what follows the last cursor: no row is missing, none comes twice."""
    service.routes[STREAM] = [
        stream(("c2", "message", [row(1), row(2)])), down, (503, {"error": "not ready", "hint": "", "code": 5}),
        stream(("c3", "message", [row(3)])),
    ]  # fmt: skip
    answer, cursors = tail("-n 3")
    assert cursors == ["1", "2", "3"]
    resumed = [request.headers.get("last-event-id") for request in service.asked if request.url.path == "/api/stream"]
    assert resumed == [None, "c2", "c2", "c2"]
    assert "connection lost" in answer.stderr
    assert "connected again" in answer.stderr


def test_a_break_before_the_first_row_leaves_no_gap(service):
    """Nothing was seen yet, so there is no cursor: the next connection asks for all since the first one."""
    service.routes[STREAM] = [stream(": hello\n\n"), stream(("c1", "message", [row(1)]))]
    _, cursors = tail("-n 1")
    assert cursors == ["1"]
    first, second = [params for params in service.params() if "query" not in params]
    assert "since" not in first
    assert second["since"].endswith("Z")


def test_where_we_are_may_come_without_rows(service):
    """A heartbeat's id counts: the next connection goes on from there."""
    service.routes[STREAM] = [stream(": heartbeat\nid: c9\n\n"), stream(("c10", "message", [row(1)]))]
    tail("-n 1")
    assert service.asked[-1].headers["last-event-id"] == "c9"


def test_it_says_what_it_skipped(service):
    """A count of skipped rows is told on stderr, the rows go on."""
    service.routes[STREAM] = stream(("c5", "skipped", {"count": 41}), ("c6", "message", [row(6)]))
    answer, cursors = tail("-n 1")
    assert cursors == ["6"]
    assert "skipped 41" in answer.stderr


def test_a_service_that_never_answered_is_unreachable(service):
    """Only a connection that stood once is waited for again."""
    service.routes[STREAM] = down
    answer, _ = tail()
    assert answer.exit_code == Exit.UNREACHABLE


def test_a_refusal_ends_it(service):
    """A parameter that the service does not take is not tried again."""
    service.routes[STREAM] = (400, {"error": "where is odd", "hint": "", "code": 2})
    assert tail("--where x")[0].exit_code == Exit.USAGE


def test_bounds(service):
    """-n cuts within a batch, --no-follow ends at the newest, --for ends a silent one on time."""
    rows = [row(1), row(2), row(3)]
    service.routes[STREAM] = stream(("c3", "message", rows))
    assert tail("-n 2")[1] == ["1", "2"]
    assert tail("--no-follow")[1] == ["1", "2", "3"]
    asked = service.params()[-1]
    assert (asked["once"], asked["since"][-1]) == ("1", "Z")
    service.routes[STREAM] = [stream(("c3", "message", rows)), down]
    assert tail("--for 300ms")[1] == ["1", "2", "3"]


def test_filters_reach_the_service(service):
    """Words of one kind stand between commas; the query is the device."""
    service.routes[STREAM] = stream(("c1", "message", [row(1)]))
    tail("gauge-1 -p water_level -p rainfall -t a --bbox 117,24,118,25 --where value>2 --run all --domain city -n 1")
    assert service.params()[-1] == {
        "device": "gauge-1", "property": "water_level,rainfall", "type": "a", "bbox": "117,24,118,25", "where": "value>2", "run": "all",
        "domain": "city",
    }  # fmt: skip


def test_a_query_that_matches_nothing_is_told(service):
    """A typing mistake is not an endless wait."""
    service.routes["GET", "/api/devices"] = page()
    assert tail("guage")[0].exit_code == Exit.NOT_FOUND


def test_a_query_by_area_becomes_ids(service):
    """What only the registry knows of a device is turned into the devices' ids."""
    service.routes["GET", "/api/devices"] = page({"id": "a", "name": ""}, {"id": "b", "name": ""})
    service.routes[STREAM] = stream(("c1", "message", [row(1)]))
    tail("gulei -n 1")
    assert service.params()[-1]["device"] == "a,b"


def test_when_nothing_runs_it_shows_what_is_stored(service):
    """Without a service there is nothing to wait for: history, and a word on stderr."""
    service.offline = True
    service.routes[STREAM] = stream(("c1", "message", [row(1)]))
    answer, cursors = tail()
    assert cursors == ["1"]
    assert "nothing runs here" in answer.stderr


def test_json_needs_an_end(service):
    """An array of a stream without end would never close: usage error; with an end it is one array."""
    service.routes[STREAM] = stream(("c1", "message", [row(1)]))
    assert run(app, "tail -o json").exit_code == Exit.USAGE
    assert len(json.loads(run(app, "tail -o json -n 1").stdout)) == 1


def test_people_read_one_line_a_row(service):
    """Local time, device, property, value and unit, quality as mark and word; a drill is marked as one."""
    service.routes[STREAM] = stream(
        ("c1", "message", [row(1, quality=3, reason="spike", origin="simulated", run="r", channel="F5")])
    )
    line = run(app, "tail -n 1 -o table").stdout
    for word in ("2026-09-15 03:00:01", "gauge-1", "water_level/F5", "2.5", "m ", "▲ suspect", "spike", "DRILL"):
        assert word in line


def test_query_pages_to_the_end_in_every_form(service):
    """All pages, the contract's columns first; an array stays valid JSON whatever the number of rows."""
    observations = ("GET", "/api/observations")

    def pages():
        return [page(row(1), row(2), following="c2"), page(row(3))]

    service.routes[observations] = pages()
    sheet = run(
        app, "query gauge-1 -p water_level --from 2026-09-14T00:00:00Z --to 2026-09-15T00:00:00Z -o csv"
    ).stdout.splitlines()
    assert sheet[0].startswith(
        "cursor,device,property,statistic,channel,begin,time,received,result,unit,quality,reason,revision,origin,run"
    )
    assert len(sheet) == 4
    first, second = service.params()[-2:]
    assert (first["from"], first["to"], second["cursor"]) == ("2026-09-14T00:00:00Z", "2026-09-15T00:00:00Z", "c2")
    service.routes[observations] = pages()
    assert len(json.loads(run(app, "query").stdout)) == 3
    service.routes[observations] = pages()
    assert len(run(app, "query -n 2 -o ndjson").stdout.splitlines()) == 2
    service.routes[observations] = page()
    assert json.loads(run(app, "query").stdout) == []


def test_a_feed_hands_its_failure_on():
    """Whatever ends the feed is raised to whoever waits for it."""

    def refused():
        raise UnreachableError("no")

    with pytest.raises(UnreachableError):
        Feed(refused, {}, once=True).next(5)
