"""Panels and tables in a real browser at a real service: what stands behind a value, events looked after in place, lists that stay calm."""

import csv
import io
import json
import re
import time

import pytest
from playwright.sync_api import expect

from tests.e2e.page_house import got, import_sheet, make_device, running, speaker
from tests.e2e.service import eventually

NAME = "<img src=x onerror=window.hacked=1> 河口站"
LEVELS = {"water_level": {"watch": 2.8, "warning": 3.2, "danger": 4.0, "hysteresis": 0.1}}
OTHERS = 140
KEY = re.compile(r"\b(?:events|thing|values|chart|kpi|ledger|explain|frames|about|table|port|worklist|telling)\.[a-z_]+\b")


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """A gauge with a day of values (one of them a dead sensor's) that flooded, two more with events, and many that only stand there."""
    with running(tmp_path_factory.mktemp("panels")) as found, speaker(found, "gw") as gateway:
        found.gateway = gateway
        plain = {"type": "generic", "adapter": "plainjson", "principal": "gw", "area": "芗城", "settings": {"thresholds": LEVELS}}
        for number, name in ((1, NAME), (2, "北门"), (3, "南门")):
            make_device(found, f"gauge-{number}", name=name, lat=24.5 + number / 100, lon=117.6 + number / 100, **plain)
        lines = [f"other-{i:03d},generic,plainjson,gw,其他 {i},{24.2 + i / 1000},{117.4 + i / 1000}" for i in range(OTHERS)]
        import_sheet(found, "\n".join(["id,type,adapter,principal,name,lat,lon", *lines]))
        flood(found)
        yield found


def flood(service):
    now = int(time.time())
    day = [(now - 600 * k, 3.3 if k < 6 else 2.0 + (k % 7) / 50) for k in range(140)]
    day[50] = (day[50][0], 9999.99)
    said = [{"device": "gauge-1", "time": at, "water_level": value} for at, value in reversed(day)]
    said += [
        {"device": f"gauge-{n}", "time": now - 600 * k, "water_level": 4.2 if k < 3 else 1.0}
        for n in (2, 3)
        for k in reversed(range(9))
    ]
    service.gateway.publish(*(json.dumps(each) for each in said))
    eventually(lambda: len(events(service)) == 3, "three events stand", 30)


def events(service):
    return {each["device"]: each for each in got(service, "/api/events")["items"]}


def card(page, device):
    return page.locator(f".ev[data-event='{device}']")


def unfold(page):
    for head in page.locator(".ev-group-head[aria-expanded=false]:visible").all():
        head.click()


def inked(page):
    """How many colours the chart has: an empty canvas has one."""
    return page.evaluate(
        """() => { const c = document.querySelector('.chart-canvas');
        const data = new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer); return new Set(data).size; }"""
    )


def test_a_thing_shows_values_chart_quality_story_and_bytes(service, browser):
    """Selecting a gauge shows its newest value and state, a chart with levels and doubted values, every step of a value, and its frame in hex."""
    page = browser(service, "vw")
    page.goto("/#sel=gauge-1")
    panel = page.locator(".board-thing")
    expect(panel.locator(".thing-name")).to_contain_text("河口站")
    expect(panel.locator("tr[data-key=water_level] .values-value")).to_have_text("3.300 m")
    expect(panel.locator("tr[data-key=water_level] .quality")).to_contain_text("良好")
    expect(panel.locator(".chart-note")).to_contain_text("140")
    expect(panel.locator(".chart-note")).to_contain_text("存疑 1")
    assert inked(page) > 20
    steps = panel.locator(".story-step")
    expect(steps.first).to_contain_text("gw")
    assert [each.get_attribute("data-step") for each in steps.all()][:3] == ["frame", "decode", "reading"]
    expect(panel.locator(".story-step[data-step=stored]")).to_contain_text("3.300 m")
    panel.locator("#tab-frames").click()
    expect(panel.locator(".frame").first).to_contain_text("帧")
    expect(panel.locator(".frame table.values").first).to_contain_text("水位")
    panel.locator(".frame .bytes-more summary").first.click()
    first = panel.locator(".hex-bytes").first.inner_text().split()
    assert bytes.fromhex("".join(first)).startswith(b"{")
    panel.locator("#tab-about").click()
    expect(panel.locator("#thing-about")).to_contain_text("gauge-1")
    expect(panel.locator("#thing-about")).to_contain_text("3.200")


def test_the_chart_is_read_by_keys_and_tells_how_a_value_came(service, browser):
    """Arrow keys read values with time, unit and quality; the dead sensor's value is told as what it is; Enter tells its story."""
    page = browser(service, "vw")
    page.goto("/#sel=gauge-1")
    canvas, read = page.locator(".chart-canvas"), page.locator(".chart-readout")
    expect(page.locator(".chart-note")).to_contain_text("140")
    canvas.focus()
    page.keyboard.press("End")
    expect(read).to_contain_text("3.300 m")
    for _ in range(60):
        page.keyboard.press("ArrowLeft")
        if "占位值" in read.inner_text():
            break
    assert "9,999" in read.inner_text().replace("9999", "9,999")
    page.keyboard.press("Enter")
    expect(page.locator(".story-step[data-step=stored]")).to_contain_text("占位值")


def test_names_are_text_wherever_they_stand(service, browser):
    """A device called like a piece of HTML is shown as that text, on the map's panels and in the table; nothing of it runs."""
    page = browser(service, "vw")
    for path, where in (("/#sel=gauge-1", ".thing-name"), ("/table?q=gauge-1", ".grid tbody tr")):
        page.goto(path)
        expect(page.locator(where).first).to_contain_text("onerror=window.hacked=1")
        assert page.evaluate("[window.hacked, document.querySelectorAll('main img').length]") == [None, 0]


def test_an_event_is_acknowledged_assigned_and_closed_in_place(service, browser):
    """What an operator does is shown at once, can be taken back for a moment, and stands in the service with their name."""
    ids = {device: each["id"] for device, each in events(service).items()}
    page = browser(service, "op")
    page.goto("/")
    page.wait_for_selector(".ev-group")
    unfold(page)
    two = card(page, ids["gauge-2"])
    expect(two).to_contain_text("4.200 m")
    expect(two).to_contain_text("4.000 m")
    two.locator("[data-deed=ack]").click()
    expect(two.locator(".chip-busy")).to_be_visible()
    two.get_by_role("button", name="撤销").click()
    expect(two.locator("[data-deed=ack]")).to_be_visible()
    assert events(service)["gauge-2"]["acknowledged"] is None
    two.locator("[data-deed=ack]").click()
    expect(two.locator(".chip-done")).to_contain_text("op")
    assert got(service, f"/api/events/{ids['gauge-2']}")["acknowledged"]["by"] == "op"
    two.locator("[data-deed=assign]").click()
    two.locator("form input").first.fill("wang")
    two.locator("form .primary").click()
    expect(two).to_contain_text("→ wang")
    expect(two.locator(".ev-chips")).to_contain_text("前处理")
    two.locator("[data-deed=close]").click()
    two.locator("textarea").fill("闸门已关")
    two.locator("form .primary").click()
    expect(card(page, ids["gauge-2"])).to_have_count(0, timeout=25_000)
    page.locator("[data-filter=state]").select_option("closed")
    expect(card(page, ids["gauge-2"])).to_contain_text("闸门已关")


def test_keys_go_through_events_and_a_failed_deed_is_said(service, browser):
    """j and a acknowledge without a mouse; when the service refuses, the card says so and offers to try again, which then works."""
    identity = events(service)["gauge-3"]["id"]
    page = browser(service, "op", may_say="net::ERR_FAILED")
    page.goto("/")
    page.wait_for_selector(".ev-group")
    unfold(page)
    refused = []
    page.route("**/api/commands", lambda route: (refused.append(1), route.abort()))
    page.locator(".ev-groups").focus()
    for _ in range(12):
        page.keyboard.press("j")
        if page.evaluate("document.activeElement.dataset.event") == identity:
            break
    page.keyboard.press("a")
    expect(card(page, identity).locator(".chip-late")).to_contain_text("失败")
    assert refused
    page.unroute("**/api/commands")
    card(page, identity).get_by_role("button", name="重试").click()
    expect(card(page, identity).locator(".chip-done")).to_contain_text("op")


def test_a_viewer_sees_why_not(service, browser):
    """Who may not act on events sees them with the buttons off and the reason beside them."""
    page = browser(service, "vw")
    page.goto("/")
    page.wait_for_selector(".ev-group")
    unfold(page)
    assert page.locator(".ev [data-deed=close]").first.is_disabled()
    expect(page.locator(".ev-why").first).to_contain_text("值班")


def test_figures_are_true_and_lead_to_what_they_count(service, browser):
    """The strip agrees with the service; the ledger's two equations come out; a press on a figure opens its list."""
    page = browser(service, "vw")
    page.goto("/")
    worst = [each for each in events(service).values() if each["severity"] == "danger" and each["state"] == "open"]
    expect(page.locator("[data-kpi=danger] .kpi-value")).to_have_text(str(len(worst)))
    page.locator("[data-kpi=ledger]").click()
    told = got(service, "/api/ledger")
    expect(page.locator(".ledger tfoot").first).to_contain_text("✔")
    expect(page.locator(".ledger-table").first).to_contain_text(str(told["received"]))
    page.keyboard.press("Escape")
    page.locator("[data-kpi=online]").click()
    page.wait_for_url("**/table?*state=online*")
    expect(page.locator(".grid tbody tr")).to_have_count(3)


def test_the_table_sorts_filters_pages_and_downloads(service, browser):
    """All devices a page at a time, sorted by a head that says so, found by a word; the CSV has a mark for Excel and every row that fits."""
    page = browser(service, "vw")
    page.goto("/table")
    body = page.locator(".grid tbody tr")
    expect(body).to_have_count(100)
    expect(page.locator(".grid-said")).to_contain_text(str(OTHERS + 3))
    assert page.locator(".grid").get_attribute("aria-rowcount") == str(OTHERS + 4)
    page.get_by_role("button", name="下一页").click()
    expect(body).to_have_count(OTHERS + 3 - 100)
    page.locator("[data-column=id] button").click()
    expect(body.first).to_contain_text("gauge-1")
    page.locator("[data-column=id] button").click()
    expect(page.locator("[data-column=id]")).to_have_attribute("aria-sort", "descending")
    expect(body.first).to_contain_text(f"other-{OTHERS - 1:03d}")
    page.locator("#table-find").fill("other-13")
    expect(body).to_have_count(10)
    with page.expect_download() as taken:
        page.locator("#table-csv").click()
    data = taken.value.path().read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    assert len(list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))) == 10
    page.reload()
    expect(body).to_have_count(10)


def test_the_table_is_alive_and_does_not_jump(service, browser):
    """A new value shows within seconds in the row that somebody has the focus in, which stays in its place."""
    page = browser(service, "vw")
    page.goto("/table?q=gauge&sort=-value")
    page.locator(".grid tbody a").last.focus()
    place = "[...document.querySelectorAll('.grid tbody tr')].findIndex((row) => row.contains(document.activeElement))"
    before, name = page.evaluate(place), page.evaluate("document.activeElement.textContent")
    service.gateway.publish(json.dumps({"device": "gauge-1", "time": int(time.time()), "water_level": 8.765}))
    expect(page.locator(".grid tbody")).to_contain_text("8.765 m")
    assert (page.evaluate(place), page.evaluate("document.activeElement.textContent")) == (before, name)


def test_both_languages_say_everything(service, browser):
    """No key of the words shows in either language on the panels and the tables; a press changes all of it."""
    for language, title in (("zh", "事件"), ("en", "Events")):
        page = browser(service, "op", language=language)
        page.goto("/#sel=gauge-1")
        expect(page.locator(".board-events h2")).to_have_text(title)
        expect(page.locator(".story-step").first).to_be_visible()
        assert not KEY.findall(page.locator("main").inner_text())
        page.locator(".chrome-tools button").first.click()
        expect(page.locator(".board-events h2")).not_to_have_text(title)
        for tab in ("devices", "vessels", "events", "calls", "worklist", "deadletters", "quarantine"):
            page.goto(f"/table?tab={tab}")
            page.wait_for_selector(".grid thead th")
            assert not KEY.findall(page.locator("main").inner_text()), tab


def test_scales_are_sane(service, browser):
    """One point makes no absurd axis, far levels and dead sensors do not flatten the line, thinning keeps least and greatest."""
    page = browser(service, "vw")
    page.goto("/table")
    found = page.evaluate(
        """async () => { const s = await import('/static/js/chart/scale.js');
        const many = Array.from({length: 100000}, (_, i) => [i, i === 777 ? 9 : i === 778 ? -9 : Math.sin(i), 1]);
        const few = s.thin(many, 0, 100000, 300);
        return {one: s.reach([[0, 3.3, 1]], []), far: s.reach([[0, 1, 1], [1, 2, 1], [2, 9999, 4]], [{value: 80}, {value: 3}]),
          few: [few.length, Math.max(...few.map((p) => p[1])), Math.min(...few.map((p) => p[1]))], none: s.reach([], []),
          gap: s.gapOf([[0], [60000], [120000], [180000], [9e6]], 60), near: s.nearest([[0], [10], [20]], 14), ticks: s.ticks(0, 1, 5).values}; }"""
    )
    low, high = found["one"]
    assert low < 3.3 < high
    assert 0.05 < high - low < 1
    assert found["far"][1] < 4
    assert found["few"][0] < 1300
    assert found["few"][1:] == [9, -9]
    assert found["none"] == [0, 1]
    assert found["gap"] == 156_000
    assert found["near"] == 1
    assert found["ticks"] == [0, 0.2, 0.4, 0.6, 0.8, 1]
