"""Every face in a real browser: both languages, dark and light, desk and phone; words, names, contrast, keyboard, and names that would be code."""

import json
import time
from pathlib import Path

import pytest

from adapters._wire.ais_encode import report
from sensing import times
from tests.e2e.browser import LOCALES, NARROW, file_name, picture, until, wide
from tests.e2e.page_house import asking, got, make_device, running, speaker
from tests.e2e.service import eventually

EVIL = "<img src=x onerror=hacked=1><script>hacked=1</script>"
SHIP = "<SCRIPT>ALERT(1)"
MMSI = 413372870
LEVELS = {"water_level": {"watch": 2.8, "warning": 3.2, "danger": 4.0}}
READY = {
    "/table": ".grid tbody tr", "/m/register": ".type", "/import": ".past tbody tr", "/quarantine": "[data-native]", "/devices": ".health:not(:empty)",
    "/account": "tbody tr", "/device?id=gauge-1": ".story li", "/api/docs": "details.op", "/labels": "tbody tr",
}  # fmt: skip
"""What a face has when it is done."""
MAPS = ("/", "/map/flood", "/map/safety", "/map/port", "/wall?rotate=30")
PAGES = ("/table", "/m/register", "/import", "/quarantine", "/devices", "/account",
         "/api/docs", "/labels", "/signin", "/device?id=gauge-1")  # fmt: skip
AUDIT = (Path(__file__).parent / "audit.js").read_text("utf-8")
NAMED = {"button", "link", "textbox", "searchbox", "combobox", "checkbox", "radio", "slider", "tab", "spinbutton", "switch", "listbox", "image",
         "application", "dialog"}  # fmt: skip
"""Roles that say nothing without a name."""
STOPS = """() => [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')].filter((node) =>
  node.tabIndex >= 0 && !node.disabled && node.type !== 'radio' && node.checkVisibility({checkVisibilityCSS: true}) && node.getClientRects().length)
  .map((node) => { window.stops ??= []; if (!window.stops.includes(node)) window.stops.push(node); return window.stops.indexOf(node); })"""
AT = """() => { const node = document.activeElement, style = getComputedStyle(node);
  const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
  return [window.stops.indexOf(node), ring || node === document.body, node.outerHTML.slice(0, 90)]; }"""


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """Gauges, a plant's monitor, a ship and somebody who knocks: all of them called like a piece of HTML; one of them in danger."""
    with (
        running(tmp_path_factory.mktemp("faces")) as found,
        speaker(found, "gw") as gateway,
        speaker(found, "rx", "ais", "receiver") as ears,
    ):
        plain = {"type": "generic", "adapter": "plainjson", "principal": "gw"}
        for number in (1, 2, 3):
            where = {"lat": 24.4 + number / 20, "lon": 117.6 + number / 20, "area": EVIL, "note": EVIL}
            make_device(found, f"gauge-{number}", name=f"{EVIL} {number}", settings={"thresholds": LEVELS}, **where, **plain)
        with asking(found) as client:
            client.post("/api/labels", json={"note": EVIL[:200]}).raise_for_status()
            client.post(
                "/api/devices/import", content=b"id,type,native\nfrom-file,river-gauge,0062031599\n", params={"name": EVIL}
            ).raise_for_status()
        now = int(time.time())
        said = [("gauge-1", now - 600 * k, 4.4 if k < 3 else 1.0) for k in reversed(range(24))] + [
            ("gauge-2", now, 1.0),
            (EVIL, now, 1.0),
        ]
        gateway.publish(*(json.dumps({"device": device, "time": at, "water_level": value}) for device, at, value in said))
        gateway.publish(EVIL)
        at = times.now() // times.SECOND * times.SECOND
        spot = {
            "msg_type": 1,
            "mmsi": MMSI,
            "lon": 117.62,
            "lat": 23.75,
            "speed": 3.0,
            "course": 40.0,
            "heading": 40,
            "status": 0,
            "turn": 0,
            "second": 1,
        }
        about = {"msg_type": 5, "mmsi": MMSI, "shipname": SHIP, "destination": "<B>X", "ship_type": 80}
        ears.publish(*(b"\r\n".join(report(fields, time=at)) + b"\r\n" for fields in (spot, about)))
        eventually(
            lambda: got(found, "/api/events")["items"] and got(found, "/api/quarantine")["items"], "it has all been read", 30
        )
        eventually(lambda: SHIP in json.dumps(got(found, "/api/map")), "the ship is on the map", 30)
        found.prefixes = sorted({key.split(".")[0] for key in got(found, "/words.json") if "." in key})
        yield found


def settle(page, path):
    """Open a face, and wait until it shows what it has."""
    page.goto(path)
    if path in MAPS:
        until(page, "() => Boolean(window.city && city.live.clock && city.scene.coast && city.live.things.size)")
    page.locator("h1:visible").first.wait_for()
    if path in READY:
        page.locator(READY[path]).first.wait_for()
    until(page, "() => document.querySelectorAll('.busy').length", 0)


def audit(page, house, language, *, least=0):
    """What is wrong with it as it stands."""
    wanted = {"lang": LOCALES[language].replace("en-GB", "en"), "prefixes": house.prefixes, "least": least}
    return page.evaluate(AUDIT, wanted) + nameless(page)


def nameless(page):
    """Controls and pictures that the browser itself has no name for, as it tells a screen reader."""
    session = page.context.new_cdp_session(page)
    found = []
    for node in session.send("Accessibility.getFullAXTree")["nodes"]:
        role, name = node.get("role", {}).get("value"), node.get("name", {}).get("value", "")
        if role in NAMED and not node.get("ignored") and not name.strip():
            html = session.send("DOM.describeNode", {"backendNodeId": node["backendDOMNodeId"]})["node"]
            found.append(f"{role} without a name: {html['nodeName']} {html.get('attributes')}")
    session.detach()
    return found


def other_language(page):
    page.evaluate("() => (document.querySelector('#language') ?? document.querySelector('.chrome-tools button')).click()")


def looked_at(page, house, path, languages, *, least=0):
    """The audits of a face in both languages and both colours, the second language and colour by switching; what is wrong by view."""
    wrong, size = {}, "phone" if least else "desk"
    for language in languages:
        if language != languages[0]:
            other_language(page)
        for theme in ("dark", "light"):
            page.emulate_media(color_scheme=theme)
            if found := audit(page, house, language, least=least):
                wrong[language, theme] = found
            picture(page, f"face-{file_name(path)}-{size}-{language}-{theme}")
    return wrong


@pytest.mark.parametrize("path", MAPS + PAGES)
def test_a_face_at_the_desk(service, browser, path):
    """Words in both languages, names for screen readers, contrast in both colours, no pushing sideways at 320 px; a name that is code stays a name."""
    page = browser(service, None if path == "/signin" else "eng")
    settle(page, path)
    assert not looked_at(page, service, path, ("zh", "en"))
    page.set_viewport_size(NARROW)
    assert wide(page) <= 0


@pytest.mark.parametrize("path", MAPS + PAGES)
def test_a_face_on_a_phone(service, browser, path):
    """The same at devicePixelRatio 2, with a finger: what is pressed is at least 44 px high."""
    page = browser(service, None if path == "/signin" else "eng", phone=True, language="en")
    settle(page, path)
    assert page.evaluate("devicePixelRatio") == 2
    assert wide(page) <= 0
    assert not looked_at(page, service, path, ("en", "zh"), least=44)


@pytest.mark.parametrize("path", [path for path in MAPS + PAGES if not path.startswith("/wall")])
def test_a_face_by_keyboard(service, browser, path):
    """Tab comes to the skip link first (a form that has the focus keeps it), then to every control in turn, and one sees where one is; nothing holds it."""
    page = browser(service, None if path == "/signin" else "eng")
    settle(page, path)
    begins = page.evaluate("document.activeElement === document.body")
    wanted, reached, ringless = set(page.evaluate(STOPS)), [], []
    for _ in range(len(wanted) + 20):
        page.keyboard.press("Tab")
        at, ring, html = page.evaluate(AT)
        if not reached and begins:
            assert "skip" in html
        if at in reached and at >= 0 and at != reached[-1]:
            break  # around once; a date has several stops of its own
        reached.append(at)
        if not ring:
            ringless.append(html)
    assert not ringless
    assert not [
        page.evaluate("(at) => window.stops[at].isConnected && window.stops[at].outerHTML.slice(0, 90)", at)
        for at in wanted - set(reached)
    ]


@pytest.mark.parametrize(("path", "where"), [("/", ".ev-groups"), ("/table?tab=devices", ".grid"), ("/devices", "table"), ("/device?id=gauge-1", "main"),
                                             ("/quarantine", "main"), ("/import", ".past"), ("/table?tab=vessels", ".grid")])  # fmt: skip
def test_a_name_that_is_code_is_read_as_a_name(service, browser, path, where):
    """Where names stand, they stand as they are written, angle brackets and all."""
    page = browser(service, "eng")
    settle(page, path)
    for head in page.locator(".ev-group-head[aria-expanded=false]:visible").all():
        head.click()
    page.locator(where, has_text=SHIP if "vessels" in path else "onerror=hacked=1").first.wait_for()
    assert page.evaluate("[window.hacked ?? null, document.querySelectorAll('img[src=x]').length]") == [None, 0]


def test_the_audit_sees_what_is_wrong(service, browser):
    """Each kind of fault, put into a page that had none, is told."""
    page = browser(service)
    settle(page, "/signin")
    assert audit(page, service, "zh") == []
    page.evaluate(
        """() => { const add = (tag, props, style = {}) => { const node = document.createElement(tag); Object.assign(node, props);
        Object.assign(node.style, style); document.querySelector('main').append(node); };
        add('p', {textContent: 'map.no_such_word'}); add('p', {textContent: 'undefined'}); add('p', {textContent: 'pale'}, {color: '#444'});
        add('button', {type: 'button'}, {height: '20px', width: '20px'}); add('img', {}); add('p', {id: 'user'}); add('h1', {textContent: 'two'}); }"""
    )
    told = "; ".join(audit(page, service, "zh", least=44))
    for words in (
        "a key: map.no_such_word",
        "says undefined",
        '"pale": contrast',
        "button without a name",
        "no alt",
        "id user 2 times",
        "h1: ",
        "px high",
    ):
        assert words in told
