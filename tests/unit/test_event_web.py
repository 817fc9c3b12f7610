"""Events as people and programs meet them: the API's pages and filters, and the command line, in process."""

import contextlib
import json

import httpx
import pytest
from typer.testing import CliRunner

from sensing import times
from sensing.access import Role
from sensing.cli import client
from sensing.cli.inprocess import InProcess
from sensing.cli.main import app
from sensing.times import MINUTE
from tests.house import House, reading

RIVER = {"watch": 2.8, "warning": 3.2, "danger": 4.0, "hysteresis": 0.1}
run = CliRunner(env={"SENSING_LANG": "en", "NO_COLOR": "1"}).invoke


@pytest.fixture
def house(tmp_path):
    found = House(tmp_path)
    for name, area in (("g1", "Xinglin"), ("g2", "Haicang")):
        found.device(name, area=area, settings={"thresholds": {"water_level": RIVER}})
        found.send(name, *(reading(name, value, found.now + minute * MINUTE) for minute, value in enumerate([1, 3, 1, 3.5])))
    found.send("g2", reading("g2", 9, found.now), run="drill")
    yield found
    found.close()


async def get(house, path, status=200, **params):
    async with house.client(Role.VIEWER) as http:
        answer = await http.get(path, params={name.rstrip("_"): value for name, value in params.items()})
    assert answer.status_code == status, answer.text
    return answer.json()


async def order(house, op, status=200, **args):
    async with house.client(Role.OPERATOR) as http:
        answer = await http.post("/api/commands", json={"op": op, "args": args})
    assert answer.status_code == status, answer.text
    house.work = house.make_work()
    return answer.json()


async def listed(house, **params):
    return [
        (item["device"], item["severity"], item["state"], item["run"])
        for item in (await get(house, "/api/events", **params))["items"]
    ]


async def test_the_list_is_the_newest_first_and_filtered(house):
    """Live ones unless a run is asked for; every filter takes away what it says."""
    assert set(await listed(house)) == {
        ("g1", "warning", "open", ""), ("g2", "warning", "open", ""), ("g1", "watch", "closed", ""), ("g2", "watch", "closed", "")}  # fmt: skip
    assert await listed(house, run="drill") == [("g2", "danger", "open", "drill")]
    assert len(await listed(house, run="all")) == 5
    assert len(await listed(house, severity="warning")) == 2
    assert len(await listed(house, state="open", device="g1")) == 1
    assert len(await listed(house, kind="water_level_low")) == 0
    assert len(await listed(house, property="water_*", area="Xinglin")) == 2
    assert len(await listed(house, from_=times.rfc3339(house.now + 5 * MINUTE // 2))) == 2
    assert len(await listed(house, to=times.rfc3339(house.now + 2 * MINUTE))) == 2
    assert await listed(house, state="withdrawn") == []
    await get(house, "/api/events", 400, state="over")
    await get(house, "/api/events", 400, severity="red")
    await get(house, "/api/events", 400, cursor="x")


@pytest.mark.parametrize("more", [{}, {"area": "Haicang,Xinglin"}])
async def test_pages_join_without_gap_or_overlap(house, more):
    """Whatever the size of a page, also where the registry's words choose."""
    whole = (await get(house, "/api/events", **more))["items"]
    assert len(whole) == 4
    for limit in (1, 2, 3):
        got, cursor = [], ""
        while True:
            page = await get(house, "/api/events", limit=limit, **({"cursor": cursor} if cursor else {}), **more)
            got += page["items"]
            cursor = page["next"]
            if not cursor:
                break
        assert got == whole


async def test_one_event_tells_its_story(house):
    """Steps, peak, what people said: all there by its id, and 404 for another."""
    identity = (await get(house, "/api/events", severity="warning", device="g1"))["items"][0]["id"]
    event = await get(house, f"/api/events/{identity}")
    start = times.rfc3339(house.now + 3 * MINUTE)
    assert event["steps"] == [{"severity": "warning", "time": start, "value": 3.5}]
    assert event["peak"] == {"value": 3.5, "time": start}
    assert (event["acknowledged"], event["closed"], event["end"], event["origin"]) == (None, None, None, "live")
    await get(house, "/api/events/000000000000", 404)


async def test_what_people_say_is_kept_and_audited(house):
    """Acknowledged once per severity, closed with a reason, refused with a conflict when there is nothing left to say."""
    identity = (await get(house, "/api/events", state="open", device="g1"))["items"][0]["id"]
    done = await order(house, "ack_event", event=identity, note="crew")
    assert done["result"] == {"acknowledged": identity}
    assert (await order(house, "ack_event", 409, event=identity))["code"] == 6
    await order(house, "close_event", 422, event=identity)
    await order(house, "close_event", event=identity, note="dry")
    assert "closed already by" in (await order(house, "close_event", 409, event=identity, note="dry"))["error"]
    assert (await order(house, "ack_event", 404, event="none"))["code"] == 4
    event = await get(house, f"/api/events/{identity}")
    assert (event["state"], event["acknowledged"]["note"], event["closed"]["note"], event["closed"]["severity"]) == (
        "closed", "crew", "dry", "warning")  # fmt: skip
    async with house.client(Role.ADMIN) as http:
        audit = (await http.get("/api/audit")).json()["items"]
    assert [line["details"]["op"] for line in audit if line["what"] == "command_given"][-1] == "ack_event"


@pytest.fixture
def shell(house, monkeypatch):
    """The command line over this house: (exit code, stdout, stderr)."""

    @contextlib.contextmanager
    def connect(_data=None, _environ=None, *, network=False):
        with httpx.Client(base_url="http://house", headers=house.headers(), transport=InProcess(house.app)) as http:
            yield client.Client(http, offline=True)

    monkeypatch.setattr(client, "connect", connect)

    def ask(*words):
        answer = run(app, ["event", *words])
        return answer.exit_code, answer.stdout, answer.stderr

    return ask


def test_the_command_line_lists_shows_acknowledges_and_closes(house, shell):
    """A table for people with mark, word and local time; JSON for programs; exit codes 0, 4 and 6."""
    code, out, _ = shell("list", "g1", "--severity", "warning", "-o", "json")
    (event,) = json.loads(out)
    assert (code, event["severity"], event["state"]) == (0, "warning", "open")
    code, out, _ = shell("list", "-n", "3", "-o", "ndjson")
    assert [code, len(out.splitlines())] == [0, 3]
    assert shell("list", "-o", "csv")[1].startswith("severity,state,device,kind,")
    assert "▲ warning" in shell("list", "-o", "table")[1]
    assert "no events" in shell("list", "--state", "withdrawn", "-o", "table")[2]
    code, out, _ = shell("ack", event["id"], "--note", "crew on its way", "-o", "ndjson")
    assert (code, out.splitlines()[-1]) == (0, json.dumps({"acknowledged": event["id"]}))
    assert shell("ack", event["id"])[0] == 6
    assert shell("close", event["id"])[0] == 2
    assert shell("close", event["id"], "--note", "dry")[0] == 0
    code, _, talk = shell("close", event["id"], "--note", "dry")
    assert code == 6
    assert "closed already" in talk
    assert shell("show", "none")[0] == 4
    told = shell("show", event["id"], "-o", "table")[1]
    assert all(words in told for words in ("▲ warning", "closed", "3.5 m", "crew on its way", "dry")), told
    assert json.loads(shell("show", event["id"], "-o", "json")[1])["closed"]["note"] == "dry"
