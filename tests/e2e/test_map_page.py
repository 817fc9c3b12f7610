"""The one map in a real browser at a real service: what is stored is seen, chosen, linked to, looked back at; faces, languages, phone, wall."""

import json
import re
import time

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import until, wide
from tests.e2e.page_house import got, make_device, running, speaker
from tests.e2e.service import eventually

NAME = "<img src=x onerror=window.hacked=1> 河口站"
LEVELS = {"water_level": {"watch": 2.8, "warning": 3.2, "danger": 4.0}}
TYPE = 'name_zh = "水位计"\nname_en = "level gauge"\nadapter = "plainjson"\nproperties = ["water_level"]\n[checks]\nwater_level = false\n'
KEY = re.compile(r"\b(?:map|kpi|events|port|thing)\.[a-z]\w+\b")
PICKED = "() => city.map.selected"


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """Three gauges in a row, one in danger, with two hours of values, of a type of the site's own."""
    house = running(tmp_path_factory.mktemp("map"), types={"level-gauge": TYPE})
    with house as found, speaker(found, "gw") as gateway:
        kept = {"type": "level-gauge", "principal": "gw", "area": "芗城", "settings": {"thresholds": LEVELS}}
        for number, name in ((1, NAME), (2, "北门"), (3, "南门")):
            make_device(found, f"gauge-{number}", name=name, lat=24 + number / 10, lon=117.6 + number / 10, **kept)
        found.gateway, now = gateway, int(time.time())
        day = [("gauge-1", now - 600 * k, 4.5 if k < 6 else 1.0) for k in reversed(range(12))]
        say(found, *day, ("gauge-2", now, 1.0), ("gauge-3", now, 1.0))
        eventually(lambda: len(got(found, "/api/events")["items"]) == 1, "one event stands", 60)
        yield found


def say(service, *values):
    service.gateway.publish(*(json.dumps({"device": device, "time": at, "water_level": value}) for device, at, value in values))


@pytest.fixture
def desk(service, browser):
    """A viewer's page with the map on it."""

    def opened(path="/", **more):
        page = browser(service, "vw", **more)
        page.goto(path)
        until(page, "() => Boolean(window.city && city.live.clock && city.scene.coast)")
        return page

    return opened


def where(page, identity):
    """The middle of a mark on the page, pixels."""
    x, y = page.evaluate("(id) => city.map.pixel(city.map.marks.slot.get(id))", identity)
    box = page.locator("#map").bounding_box()
    return box["x"] + x, box["y"] + y


def colours(page):
    """How many colours the map has: an empty one has few."""
    return page.evaluate(
        """() => { const c = document.querySelector('#map canvas');
        return new Set(new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer)).size; }"""
    )


def test_a_gauge_is_found_by_pointer_and_keyboard_and_linked_to(desk):
    """A click chooses what is under it, n the worst first, Escape lets go; the address then leads somebody else to the same, at the same place."""
    page = desk()
    eventually(lambda: colours(page) > 20, "the map is painted")
    page.mouse.click(*where(page, "gauge-2"))
    until(page, PICKED, "gauge-2")
    page.focus("#map")
    page.keyboard.press("Escape")
    until(page, PICKED, None)
    page.keyboard.press("n")
    until(page, PICKED, "gauge-1")
    expect(page.locator("#pane-device")).to_contain_text("河口站")
    page.keyboard.press("+")
    until(page, "() => location.hash.includes('sel=gauge-1') && location.hash.includes(`z=${city.map.view.zoom.toFixed(2)}`)")
    link, zoom = page.evaluate("[location.hash, city.map.view.zoom]")
    assert page.evaluate("window.hacked") is None
    page = desk("/" + link)
    until(page, PICKED, "gauge-1")
    assert page.evaluate("city.map.view.zoom") == pytest.approx(zoom, abs=0.01)


def test_what_is_stored_is_seen_within_a_second_and_nothing_else_is(service, desk):
    """A value that is stored changes its mark without a reload; a device that is refused is on no map."""
    page = desk()
    until(page, "() => city.live.things.get('gauge-3').severity", -1)
    service.gateway.publish(json.dumps({"device": "not-known", "time": int(time.time()), "water_level": 9.0}))
    say(service, ("gauge-3", int(time.time()), 4.4))
    until(page, "() => city.map.marks.severity[city.map.marks.slot.get('gauge-3')]", 3)
    assert page.evaluate("[...city.live.things.keys()].sort()") == ["gauge-1", "gauge-2", "gauge-3"]
    say(service, ("gauge-3", int(time.time()) + 1, 1.0))


def test_looking_back_says_that_it_is_not_now_and_leads_back(desk):
    """An hour and a half ago gauge-1 stood low: the map shows that, says so, and goes live again; the link holds the instant."""
    page = desk()
    page.locator(".timeline .rail input").focus()
    at = page.evaluate("city.live.clock") - 5_400_000
    page.evaluate("(at) => city.timeline.at(at)", at)
    until(page, "() => city.live.things.get('gauge-1')?.values.water_level?.value", 1)
    expect(page.locator(".map-note")).to_contain_text("不是实时")
    expect(page.locator(".timeline .now")).to_contain_text("不是实时")
    until(page, "() => /at=/.test(location.hash)")
    page.keyboard.press("ArrowLeft")
    page.click(".timeline .buttons .primary")
    until(page, "() => city.live.things.get('gauge-1').values.water_level.value", 4.5)
    expect(page.locator(".map-note")).to_be_hidden()


@pytest.mark.parametrize("path", ["/map/flood", "/map/safety", "/map/port"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_face_speaks_both_languages(desk, path, language):
    """A face shows what is its own, says when there is nothing, and leaves no key of a word unsaid; English pages say nothing in Chinese of their own."""
    page = desk(path, language=language)
    wanted = 3 if path == "/map/flood" else 0
    until(page, "() => city.layers.kinds.size > 0")
    until(page, "() => [...city.live.things.values()].filter((thing) => city.layers.shown(thing)).length", wanted)
    if not wanted:
        expect(page.locator(".map-empty")).to_be_visible()
    assert not KEY.search(page.inner_text("body"))
    expect(page.locator(".map-title h1")).not_to_be_empty()


def test_a_layer_that_is_switched_off_stays_off_in_the_link(desk):
    """Types are switched by domain, are counted, and the address remembers it."""
    page = desk()
    page.click(".layers .fold")
    page.locator(".layers input[data-layer=level-gauge]").uncheck()
    until(page, "() => city.map.marks.seen[city.map.marks.slot.get('gauge-1')]", 0)
    until(page, "() => /off=level-gauge/.test(location.hash)")
    page.reload()
    until(page, "() => Boolean(window.city && city.live.clock)")
    assert page.evaluate("city.map.marks.seen[city.map.marks.slot.get('gauge-1')]") == 0


def test_a_phone_has_the_whole_map_and_sheets_over_it(desk):
    """At devicePixelRatio 2 the canvas has twice the pixels; a tap opens the device's sheet, tabs open and close others; nothing is wider than the screen."""
    page = desk("/", phone=True)
    assert page.evaluate("document.querySelector('#map canvas').width / document.querySelector('#map').clientWidth") == 2
    page.touchscreen.tap(*where(page, "gauge-1"))
    expect(page.locator("#pane-device")).to_be_visible()
    page.click(".tabs [data-tab=events]")
    expect(page.locator("#pane-events")).to_be_visible()
    expect(page.locator("#pane-device")).to_be_hidden()
    page.click(".tabs [data-tab=events]")
    expect(page.locator("#pane-events")).to_be_hidden()
    assert wide(page) <= 0


def test_the_wall_turns_through_the_faces_without_controls(desk):
    """Each face has its turn; there is nothing to press."""
    page = desk("/wall?rotate=5")
    expect(page.locator(".map-tools")).to_be_hidden()
    first = page.inner_text(".map-title h1")
    eventually(lambda: page.inner_text(".map-title h1") != first, "the next face", 20)
    assert page.evaluate("city.layers.face") == "flood"
