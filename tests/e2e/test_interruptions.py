"""What comes between a page and its service: a web role that is killed, a session that is over. The page says so, and goes on where it was."""

import json
import os
import signal
import time

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import OFFLINE, until
from tests.e2e.page_house import PASSWORD, got, make_device, running, sign_in, speaker, told
from tests.e2e.service import eventually

LEVELS = {"water_level": {"warning": 3.2, "danger": 4.0}}
KEEP = """() => { window.heard = []; window.states = [];
  city.live.addEventListener('batch', ({detail}) => detail.things.forEach((id) => heard.push([id, city.live.things.get(id)?.values.water_level?.value])));
  city.live.addEventListener('snapshot', () => heard.push(['all anew', null]));
  city.live.addEventListener('state', ({detail}) => states.push(detail)); }"""


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """Three gauges with a threshold, all of them low."""
    with running(tmp_path_factory.mktemp("between")) as found, speaker(found, "gw") as gateway:
        found.gateway = gateway
        plain = {"type": "generic", "adapter": "plainjson", "principal": "gw", "settings": {"thresholds": LEVELS}}
        for number in (1, 2, 3):
            make_device(found, f"gauge-{number}", name=f"{number}号站", lat=24.5 + number / 20, lon=117.6, **plain)
            say(found, number, *[(-600 * k, 1.0) for k in (9, 8, 7, 6, 5, 4)])
        eventually(lambda: len(got(found, "/api/latest")["items"]) == 3, "all three are stored", 30)
        yield found


def say(service, number, *values):
    """Levels of a gauge: (seconds from now, m)."""
    now = int(time.time())
    said = [{"device": f"gauge-{number}", "time": now + after, "water_level": level} for after, level in values]
    service.gateway.publish(*map(json.dumps, said))


def value(number):
    return f"() => city.live.things.get('gauge-{number}')?.values.water_level?.value"


def opened(service, browser, person="op"):
    page = browser(service, person, may_say=OFFLINE)
    page.goto("/")
    until(page, "() => Boolean(window.city && city.live.state === 'live' && city.scene.coast)")
    page.evaluate(KEEP)
    return page


def test_a_map_goes_on_when_its_web_is_killed(service, browser):
    """It says that it is offline, then goes on in the same page without a new snapshot: what was stored meanwhile is there, each change once."""
    page = opened(service, browser)
    page.evaluate("window.mine = 1")
    for number in (1, 2, 3):
        say(service, number, (-1800, 1.1))
    until(page, value(3), 1.1)
    before = service.pids()["web"]
    os.kill(before, signal.SIGKILL)
    expect(page.locator(".map-note.offline")).to_be_visible()
    say(service, 1, (-1200, 4.2), (-600, 4.3), (0, 4.4))
    say(service, 2, (0, 1.2))
    eventually(lambda: service.pids()["web"] not in (0, before), "web is back", 30)
    until(page, value(1), 4.4)
    until(page, value(2), 1.2)
    until(page, "() => city.live.state", "live")
    expect(page.locator(".map-note")).to_be_hidden()
    say(service, 3, (0, 1.3))
    until(page, value(3), 1.3)
    expect(page.locator(".ev")).to_contain_text("1号站")
    heard, states = page.evaluate("[heard, states]")
    assert page.evaluate("window.mine") == 1
    assert "offline" in states
    assert ["all anew", None] not in heard
    levels = [level for each, level in heard if each == "gauge-1"]
    assert levels == sorted(levels)
    assert levels[0] == 1.1


def test_a_session_that_is_over_leads_to_sign_in_and_back(service, browser):
    """Somebody is signed out elsewhere: the next thing that a page asks leads to /signin, which says so, and signing in leads back to the same place."""
    page = browser(service, may_say="401")
    mine = sign_in(service, "vw")
    base = service.about()["http"]
    page.context.add_cookies([{"name": name, "value": text, "url": base} for name, text in mine.items()])
    page.goto("/table?tab=devices&q=gauge-2")
    expect(page.locator(".grid tbody tr")).to_have_count(1)
    closed = page.context.request.delete(
        "/api/session", headers={"x-csrf-token": page.context.request.get("/api/session").json()["csrf"]}
    )
    assert closed.ok
    page.context.add_cookies([{"name": name, "value": text, "url": base} for name, text in mine.items()])
    page.locator("#table-find").fill("gauge-3")
    page.wait_for_url("**/signin?next=**why=ended**")
    expect(page.locator("#told")).not_to_be_empty()
    page.fill("#user", "vw")
    page.fill("#password", PASSWORD)
    page.click("#go")
    page.wait_for_url("**/table?**")
    assert "q=gauge-3" in page.url
    expect(page.locator(".grid tbody tr")).to_have_count(1)
    expect(page.locator(".grid tbody tr")).to_contain_text("gauge-3")


def test_a_person_who_is_removed_is_out_within_seconds(service, browser):
    """A page of somebody who may no longer see the city leaves for /signin by itself, its stream as well."""
    told(service, "/api/users", {"id": "gone", "role": "viewer", "password": PASSWORD})
    page = browser(service, "gone", may_say=f"401|{OFFLINE}")
    page.goto("/")
    until(page, "() => Boolean(window.city && city.live.state === 'live')")
    told(service, "/api/users/gone/remove", {})
    page.wait_for_url("**/signin**", timeout=60_000)
