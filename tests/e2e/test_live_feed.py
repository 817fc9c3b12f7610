"""The live feed of a running service: through a killed web role, and in a real browser, two tabs of it."""

import json
import os
import signal
import threading
import time

import httpx
import pytest

from sensing import times
from tests.e2e.browser import OFFLINE
from tests.e2e.page_house import asking, make_device, running, speaker
from tests.e2e.service import eventually

pytestmark = pytest.mark.slow
NO_ICON = "404"  # JSON shown as a page has none
GAUGES = 3
BEGIN = """async () => {
  const { Live } = await import("/static/js/live.js");
  const live = (window.live = new Live());
  window.said = [];
  live.addEventListener("state", ({ detail }) => said.push(detail));
  await live.start();
}"""
VALUE = "(id) => live.things.get(id)?.values.water_level?.value ?? null"


@pytest.fixture(scope="module")
def sensing(tmp_path_factory):
    """A service with a gateway that carries a few gauges."""
    with running(tmp_path_factory.mktemp("live")) as found, speaker(found, "gateway-1") as gateway:
        found.gateway = gateway
        for number in range(GAUGES):
            plain = {"type": "generic", "adapter": "plainjson", "principal": "gateway-1", "lat": 24.5, "lon": 117 + number}
            make_device(found, f"gauge-{number}", **plain)
        yield found


def say(sensing, number, value):
    """One value of one gauge, acknowledged."""
    payload = {"device": f"gauge-{number}", "time": times.rfc3339(times.now()), "water_level": value}
    sensing.gateway.publish(json.dumps(payload).encode())


def kill_web(sensing):
    """kill -9; the supervisor brings another one up."""
    before = sensing.pids()["web"]
    os.kill(before, signal.SIGKILL)
    eventually(lambda: sensing.pids()["web"] not in (0, before), "web is back", 20)


class Viewer(threading.Thread):
    """Takes a snapshot and follows, coming back with the last id whenever the connection breaks, as a browser does."""

    def __init__(self, sensing):
        super().__init__(daemon=True)
        self.sensing = sensing
        self.ended = threading.Event()
        self.values, self.told, self.breaks, self.resets = {}, [], 0, 0
        with asking(sensing) as client:
            snapshot = client.get("/api/map").json()
        self.cursor = snapshot["cursor"]
        self._take(snapshot)

    def _take(self, batch):
        for thing in batch["things"]:
            for key, value in thing.get("values", {}).items():
                self.told.append((thing["id"], key, value[1]))
                self.values[thing["id"], key] = value

    def run(self):
        while not self.ended.is_set():
            try:
                with asking(self.sensing) as client:
                    self._follow(client)
            except httpx.HTTPError:
                self.breaks += 1
                time.sleep(0.1)

    def _follow(self, client):
        with client.stream("GET", "/api/live", headers={"last-event-id": self.cursor}) as answer:
            answer.raise_for_status()
            identity = ""
            for line in answer.iter_lines():
                name, _, text = line.partition(": ")
                if name == "id":
                    identity = text
                elif name == "event":
                    self.resets += text == "reset"
                elif name == "data":
                    self._take(json.loads(text))
                elif not line and identity:
                    self.cursor, identity = identity, ""
                if self.ended.is_set():
                    return


def test_a_feed_goes_on_through_a_killed_web_without_gap_or_duplicate(sensing):
    """Every value that was told is a row of the store, none is told twice, and in the end the viewer has what the store has."""
    say(sensing, 0, 0.0)
    viewer = Viewer(sensing)
    viewer.start()
    sent = 0
    for _ in range(2):
        for _ in range(30):
            sent += 1
            say(sensing, sent % GAUGES, sent / 100)
        kill_web(sensing)
        for _ in range(30):
            sent += 1
            say(sensing, sent % GAUGES, sent / 100)
    eventually(
        lambda: len(viewer.values) == GAUGES and max(value[0] for value in viewer.values.values()) == sent / 100,
        "the last value",
        30,
    )
    viewer.ended.set()
    say(sensing, 0, sent / 100 + 1)  # so that the viewer's thread sees that it is over
    viewer.join(20)
    rows = {
        (row["device"], row["property"], times.parse_instant(row["time"]) // 1000): row["result"]
        for row in sensing.rows("query", "gauge-*", "--property", "water_level", "--from", "1h")
    }
    assert viewer.breaks >= 2
    assert viewer.resets == 0
    assert len(viewer.told) == len(set(viewer.told))
    assert {told for told in viewer.told if told not in rows} == set()
    for (device, key), value in viewer.values.items():
        assert rows[device, key, value[1]] == value[0]


def tab(page):
    """Our feed on an empty page of ours, in a browser that lets a test wait within it."""
    page.goto("/health")
    page.evaluate(BEGIN)
    return page


def readers(sensing):
    with asking(sensing) as client:
        lines = client.get("/metrics").text.splitlines()
    return next(float(line.rpartition(" ")[2]) for line in lines if line.startswith("sensing_stream_readers"))


def test_tabs_of_a_browser_share_one_stream_and_see_the_same(sensing, browser):
    """Two tabs cost the server one stream; when the one that holds it closes the other goes on, through a killed web as well."""
    first = tab(browser(sensing, "vw", bypass_csp=True, may_say=f"{OFFLINE}|{NO_ICON}"))
    second = tab(first.context.new_page())
    say(sensing, 1, 5.25)
    for page in (first, second):
        page.wait_for_function(f"() => ({VALUE})('gauge-1') === 5.25")
        page.wait_for_function("() => live.state === 'live'")
    assert readers(sensing) == 1
    assert 0 <= first.evaluate("live.lag") < 2_000
    first.close()
    say(sensing, 1, 5.5)
    second.wait_for_function(f"() => ({VALUE})('gauge-1') === 5.5")
    kill_web(sensing)
    say(sensing, 1, 5.75)
    second.wait_for_function(f"() => ({VALUE})('gauge-1') === 5.75", timeout=30_000)
    assert "offline" in second.evaluate("said")
    assert second.evaluate("live.state") == "live"


def test_a_page_looks_back_and_returns(sensing, browser):
    """`at` shows what was, a loaded stretch is stepped through without asking, and null is live again."""
    page = tab(browser(sensing, "vw", bypass_csp=True, may_say=NO_ICON))
    say(sensing, 2, 7.0)
    page.wait_for_function(f"() => ({VALUE})('gauge-2') === 7")
    then = page.evaluate("Date.now()")
    time.sleep(1.1)  # the next row is to be a second later
    say(sensing, 2, 8.0)
    page.wait_for_function(f"() => ({VALUE})('gauge-2') === 8")
    page.evaluate("(then) => live.at(then)", then)
    assert (page.evaluate(VALUE, "gauge-2"), page.evaluate("live.state")) == (7, "playback")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate("(then) => live.frames(then, then + 3000, 1000)", then)
    seen = [page.evaluate("async (ms) => { await live.at(ms); return live.things.get('gauge-2').values.water_level.value; }", then + step)
            for step in (0, 3_000, 1_000, 0, 3_000)]  # fmt: skip
    assert (seen[0], seen[1], seen[3], seen[4]) == (7, 8, 7, 8)
    assert len(asked) == 1
    page.evaluate("live.at(null)")
    page.wait_for_function("() => live.state === 'live'")
    say(sensing, 2, 9.0)
    page.wait_for_function(f"() => ({VALUE})('gauge-2') === 9")
