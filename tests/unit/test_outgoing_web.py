"""Incidents, stories, CAP messages and hand-over notes as people and programs meet them: the API and the command line, in process."""

import contextlib
import json
import xml.etree.ElementTree as ET

import httpx
import pytest
from typer.testing import CliRunner

from sensing import times
from sensing.access import Role
from sensing.alerts.caps import CapBook, CapReader
from sensing.alerts.writer import CapWriter
from sensing.cli import client
from sensing.cli.inprocess import InProcess
from sensing.cli.main import app
from sensing.settings import Settings
from sensing.shift import markdown
from sensing.telling import Cap
from sensing.times import HOUR, MINUTE
from sensing.web import shift
from sensing.web.caps import whereabouts
from tests.cap_rules import NS, faults
from tests.house import TESTER, House, reading

RIVER = {"watch": 2.8, "warning": 3.2, "danger": 4.0, "hysteresis": 0.1}
ROAD = {"watch": 0.15, "warning": 0.3}
run = CliRunner(env={"SENSING_LANG": "en", "NO_COLOR": "1"}).invoke
DEVICES = (
    ("g1", "Xinglin", "118.00", RIVER),
    ("g2", "Xinglin", "118.02", RIVER),
    ("g3", "Haicang", "118.04", RIVER),
    ("far", "", "119.5", RIVER),
)


@pytest.fixture
def house(tmp_path):
    found = House(tmp_path)
    found.now -= HOUR
    for name, area, lon, levels in DEVICES:
        found.device(name, area=area, lon=lon, lat="24.5", name=f"站 {name}", settings={"thresholds": {"water_level": levels}})
    yield found
    found.close()


def flood(house, run_="", level=3.5):
    for number, (name, *_) in enumerate(DEVICES):
        house.send(
            name, *(reading(name, value, house.now + (number + at) * MINUTE) for at, value in enumerate([1, level])), run=run_
        )


async def test_events_name_their_incident_and_it_names_its_events(house):
    """Three rivers near each other are one; the one 150 km away is not."""
    flood(house)
    events = {one["device"]: one for one in (await house.ask("GET", "/api/events", role=Role.VIEWER))["items"]}
    about = events["g1"]["incident"]
    assert events["g2"]["incident"] == events["g3"]["incident"] == about
    assert events["far"]["incident"] is None
    assert about["title"] == {"zh": "水位（Xinglin、Haicang、3 台设备）", "en": "High water (Xinglin, Haicang, 3 devices)"}
    (listed,) = (await house.ask("GET", "/api/incidents"))["items"]
    assert (listed["id"], listed["severity"], listed["state"], listed["devices"]) == (about["id"], "warning", "open", 3)
    one = await house.ask("GET", f"/api/incidents/{about['id']}")
    assert [each["device"] for each in one["members"]] == ["g1", "g2", "g3"]
    assert [each["what"] for each in one["timeline"]] == ["began", "began", "began"]
    assert (await house.ask("GET", "/api/incidents", params={"state": "closed"}))["items"] == []
    assert (await house.ask("GET", "/api/incidents", params={"severity": "danger"}))["items"] == []
    assert (await house.ask("GET", f"/api/events/{events['g1']['id']}"))["incident"] == about
    await house.ask("GET", "/api/incidents/inc-000000000000", 404)
    await house.ask("GET", "/api/incidents/nothing", 404)


async def test_who_is_bound_to_an_area_sees_its_part_of_an_incident(house):
    """Title, members, severity and box are made of what may be seen; an incident elsewhere is not there."""
    flood(house)
    token = house.registry.create_token("haicang", Role.VIEWER, areas=["Haicang"], actor=TESTER).text
    headers = {"authorization": f"Bearer {token}"}
    async with house.client(None) as http:
        (listed,) = (await http.get("/api/incidents", headers=headers)).json()["items"]
        assert (listed["devices"], listed["areas"]) == (1, ["Haicang"])
        assert "Xinglin" not in json.dumps(listed)
        one = (await http.get(f"/api/incidents/{listed['id']}", headers=headers)).json()
        assert [each["device"] for each in one["members"]] == ["g3"]
        (event,) = (await http.get("/api/events", headers=headers)).json()["items"]
        assert "Xinglin" not in json.dumps(event)
        told = (await http.get(f"/api/events/{event['id']}", headers=headers)).json()
        assert "g1" not in json.dumps(told["story"])
        assert (await http.get("/api/shift", headers=headers)).status_code == 403


async def test_incidents_of_runs_never_mix(house):
    """P6: a drill's flood joins no real one."""
    flood(house)
    flood(house, "typhoon", 4.5)
    assert [one["run"] for one in (await house.ask("GET", "/api/incidents"))["items"]] == [""]
    (drill,) = (await house.ask("GET", "/api/incidents", params={"run": "typhoon"}))["items"]
    assert (drill["origin"], drill["severity"]) == ("simulated", "danger")


async def test_late_data_change_an_incident_and_its_old_name_is_still_known(house):
    """An earlier start makes another event, and another name; who asks for the old one gets what stands."""
    flood(house)
    before = (await house.ask("GET", "/api/incidents"))["items"][0]["id"]
    house.send("g1", reading("g1", 3.6, house.now - 5 * MINUTE), reading("g1", 3.0, house.now))
    after = (await house.ask("GET", "/api/incidents"))["items"][0]["id"]
    assert after != before
    assert (await house.ask("GET", f"/api/incidents/{before}"))["id"] == after


async def test_an_event_tells_its_story_in_plain_words(house):
    """What, where, since when, how it grew, what else, who looks after it, in both languages."""
    flood(house)
    (event,) = (await house.ask("GET", "/api/events", params={"device": "g1"}))["items"]
    story = (await house.ask("GET", f"/api/events/{event['id']}"))["story"]
    zh, en = "\n".join(story["zh"]), "\n".join(story["en"])
    assert "站 g1（g1，Xinglin）：水位超警戒，警戒" in zh
    assert "仍在持续" in zh
    assert "还没有人确认" in zh
    assert "站 g2" in zh
    assert "相距 2.0 km" in zh
    assert "water level high, warning" in en
    assert "worst 3.5 m" in en
    assert "2 other events" in en
    assert "DRILL" not in en
    flood(house, "typhoon")
    (drill,) = (await house.ask("GET", "/api/events", params={"device": "g1", "run": "typhoon"}))["items"]
    assert (await house.ask("GET", f"/api/events/{drill['id']}"))["story"]["en"][0].startswith("DRILL")


class Caps:
    """The writer over a house."""

    def __init__(self, house, **settings):
        self.house, self.settings = house, Settings(cap=Cap(**settings))
        self.store = house.reader()
        self.book = CapBook(house.data / "cap.db")
        self.writer = CapWriter(self.book, self.settings, lambda store, event: whereabouts(house.desk, store, event))

    def step(self):
        while self.writer.step(self.store):
            pass
        reader = CapReader(self.house.data / "cap.db")
        try:
            return [(one.word, one.device, one.run, one.number) for one in reversed(reader.listed(None, 100))]
        finally:
            reader.close()

    def close(self):
        self.store.close()
        self.book.close()


@pytest.fixture
def caps(house):
    with contextlib.closing(Caps(house)) as found:
        yield found


async def test_cap_messages_follow_the_events_each_once(house, caps):
    """Alert, update, end, each valid and with its references; looking again writes nothing."""
    flood(house)
    assert [one[0] for one in caps.step()] == ["alert"] * 4
    assert len(caps.step()) == 4
    house.send("g1", reading("g1", 4.5, house.now + 9 * MINUTE))
    caps.step()
    house.send("g1", reading("g1", 1, house.now + 10 * MINUTE))
    assert caps.step()[4:] == [("update", "g1", "", 2), ("ended", "g1", "", 3)]
    listed = (await house.ask("GET", "/api/cap", params={"format": "json"}))["items"]
    assert len(listed) == 6
    async with house.client(Role.VIEWER) as http:
        for one in listed:
            answer = await http.get(one["url"])
            assert answer.headers["content-type"] == "application/cap+xml"
            root = ET.fromstring(answer.content)
            assert faults(root) == []
            assert root.findtext(f"{NS}identifier") == one["id"]
            if one["word"] == "alert" and one["device"] != "far":
                assert root.findtext(f"{NS}incidents", "").startswith("inc-") or one["device"] == "g1"
        last = ET.fromstring((await http.get(listed[0]["url"])).content)
        assert len(last.findtext(f"{NS}references").split()) == 2
        feed = await http.get("/api/cap")
        assert feed.headers["content-type"] == "application/atom+xml"
        atom = "{http://www.w3.org/2005/Atom}"
        root = ET.fromstring(feed.content)
        assert [kid.tag for kid in root][:3] == [f"{atom}id", f"{atom}title", f"{atom}updated"]
        assert len(root.findall(f"{atom}entry")) == 6
        assert (await http.get("/api/cap/nothing.xml")).status_code == 404
        page = (await http.get("/api/cap", params={"format": "json", "limit": 2})).json()
        rest = (await http.get("/api/cap", params={"format": "json", "cursor": page["next"]})).json()
        assert [one["id"] for one in page["items"] + rest["items"]] == [one["id"] for one in listed]


async def test_what_later_data_take_back_is_cancelled_and_a_moved_start_is_not(house, caps):
    """No flood when things are found again: the thread goes on under its first identifier."""
    house.send("g1", *(reading("g1", value, house.now + at * MINUTE) for at, value in enumerate([1, 3.5, 3.6])))
    assert caps.step() == [("alert", "g1", "", 1)]
    house.send("g1", reading("g1", 3.4, house.now + 30 * 1_000_000))
    assert caps.step() == [("alert", "g1", "", 1)]
    house.send("g1", reading("g1", 4.2, house.now + 3 * MINUTE))
    assert caps.step() == [("alert", "g1", "", 1), ("update", "g1", "", 2)]


async def test_drills_are_exercises_and_asked_for_by_name(house, caps):
    """P6: they are not in the list unless asked for, and their time is the run's own."""
    flood(house, "typhoon")
    assert len(caps.step()) == 4
    assert (await house.ask("GET", "/api/cap", params={"format": "json"}))["items"] == []
    listed = (await house.ask("GET", "/api/cap", params={"format": "json", "run": "typhoon"}))["items"]
    async with house.client(Role.VIEWER) as http:
        root = ET.fromstring((await http.get(listed[0]["url"])).content)
    assert root.findtext(f"{NS}status") == "Exercise"
    assert faults(root) == []


def test_a_fall_while_writing_leaves_all_or_nothing(house, caps, monkeypatch):
    """Messages and cursor are one transaction: the second try writes each once."""
    flood(house)
    real = caps.book.threads.move
    monkeypatch.setattr(caps.book.threads, "move", lambda _changed: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        caps.writer.step(caps.store)
    monkeypatch.setattr(caps.book.threads, "move", real)
    assert [one[0] for one in caps.step()] == ["alert"] * 4


async def test_the_note_says_what_is_left_for_those_who_come(house):
    """Open events, those that nobody acknowledged first; dead letters, quarantine, ledger, disk; and it is kept of an hour."""
    flood(house)
    (event,) = (await house.ask("GET", "/api/events", params={"device": "g2"}))["items"]
    await house.ask("POST", "/api/commands", json={"op": "ack_event", "args": {"event": event["id"], "note": "crew sent"}})
    house.work = house.make_work()
    house.send("g1", b"not json")
    house.send("g1", reading("nobody", 1, house.now))
    found = await house.ask("GET", "/api/shift", params={"since": "2h"})
    assert {one["device"] for one in found["events"]["unacknowledged"]} == {"g1", "g3", "far"}
    assert [one["device"] for one in found["events"]["acknowledged"]] == ["g2"]
    assert [(one["word"], one["note"]) for one in found["events"]["said"]] == [("acknowledged", "crew sent")]
    assert found["dead_letters"] == [{"reason": "not_json", "frames": 1}]
    assert [one["native"] for one in found["quarantine"]] == ["nobody"]
    assert found["ledger"]["balanced"] is True
    text = markdown(found, "zh", lambda instant: instant[11:16])
    assert "## 未结束的事件 Open events: 4" in text
    assert text.index("未确认") < text.index("已确认")
    assert "- not_json: 1" in text
    assert "交接班" not in markdown(found, "en", str)
    hour = times.now() // HOUR * HOUR
    path = shift.keep(house.desk, hour)
    before = path.read_bytes()
    shift.keep(house.desk, hour)
    assert path.read_bytes() == before
    assert (await house.ask("GET", "/api/shift", params={"hour": times.rfc3339(hour + 5)}))["since"] == times.rfc3339(hour)
    await house.ask("GET", "/api/shift", 404, params={"hour": "2020-01-01T00:00:00Z"})
    await house.ask("GET", "/api/shift", 400, params={"since": "2090-01-01T00:00:00Z"})


def test_the_command_line_tells_stories_and_notes(house, monkeypatch):
    """`event show` in words on a terminal, `shift` as Markdown; both as JSON for programs."""
    flood(house)

    @contextlib.contextmanager
    def connect(_data=None, _environ=None, *, network=False):
        with httpx.Client(base_url="http://house", headers=house.headers(), transport=InProcess(house.app)) as http:
            yield client.Client(http, offline=True)

    monkeypatch.setattr(client, "connect", connect)
    told = run(app, ["-o", "json", "event", "list", "g1"])
    identity = json.loads(told.stdout)[0]["id"]
    shown = run(app, ["-o", "table", "event", "show", identity])
    assert shown.exit_code == 0, shown.output
    assert "water level high, warning" in shown.stdout
    assert "Nobody has acknowledged it yet." in shown.stdout
    note = run(app, ["shift", "--since", "2h"])
    assert note.exit_code == 0, note.output
    assert "# Hand-over note" in note.stdout
    assert json.loads(run(app, ["-o", "json", "shift"]).stdout)["events"]["open"] == 4
