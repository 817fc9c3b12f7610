"""Pages while a storm of 2016 is played: states and ages by the storm's own clock, names in the reader's language, figures that fit."""

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import until
from tests.e2e.page_house import got, running
from tests.e2e.service import eventually

WALL = {"width": 1280, "height": 720}
SPILLS = """() => [...document.querySelectorAll('.kpi')].filter((each) => each.scrollWidth > each.clientWidth
  || each.querySelector('.kpi-value').getBoundingClientRect().right > each.getBoundingClientRect().right + 0.5).map((each) => each.textContent)"""


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with running(
        tmp_path_factory.mktemp("drill"), "--demo", "--storm", "meranti-2016", "--speed", "60", "--devices", "20"
    ) as found:
        eventually(lambda: got(found, "/api/map")["kpi"]["online"] >= 10, "the storm plays", 60)
        yield found


def test_the_desk_says_of_a_drills_devices_what_the_map_says(service, browser):
    """What reports in the storm is online in the list too, and its newest value is minutes old, not years."""
    page = browser(service, "eng")
    page.goto("/devices")
    expect(page.locator(".health-word.online").first).to_have_text("● 在线")
    shown = page.locator(".newest").all_inner_texts()
    assert any("前" in text or "刚" in text for text in shown)
    assert not [text for text in shown if "天前" in text]


def test_names_of_two_languages_are_read_in_one(service, browser):
    """芗城空气站 to one, Xiangcheng air station to the other; the list and a device's own page."""
    page = browser(service, "eng")
    page.goto("/devices")
    name = page.locator("tr[data-device] td:nth-child(3)").first
    expect(name).not_to_have_text("")
    assert not [letter for letter in name.inner_text() if letter.isascii() and letter.isalpha()]
    page.locator(".chrome-tools button").first.click()
    expect(page.locator("h1")).to_have_text("Devices")
    page.locator("tr[data-device] a").first.click()
    expect(page.locator(".device-head h1")).not_to_have_text("")
    assert page.locator(".device-head h1").inner_text().isascii()


def test_the_walls_figures_fit(service, browser):
    """However large: none runs out of its place on a small wall."""
    page = browser(service, "vw", viewport=WALL)
    page.goto("/wall?rotate=0")
    until(page, "() => Boolean(window.city && city.live.kpi && city.live.kpi.rate)")
    until(page, "() => document.querySelector('[data-kpi=rate] .kpi-value').textContent !== '—'")
    assert page.evaluate(SPILLS) == []


def test_an_empty_sheet_is_had_from_the_page(service, browser):
    """Its head is the one that the import knows, with a mark for Excel."""
    page = browser(service, "eng")
    page.goto("/import")
    with page.expect_download() as taken:
        page.click("[data-act=template]")
    text = taken.value.path().read_text("utf-8")
    assert text.startswith("\ufeff编号,类型,协议,站码")
    page.set_input_files("#file", taken.value.path())
    page.wait_for_selector(".match")
    assert page.locator(".match select").count() == 15
    assert page.locator(".match th.unread").count() == 0


def test_only_what_has_been_heard_looks_well(service, browser):
    """Without an event: filled is who reports; who is silent, and who was never heard, is hollow."""
    page = browser(service, "vw")
    page.goto("/table")
    middles = page.evaluate(
        """async () => { const { drawFixed } = await import('/static/js/map/draw.js');
        const pen = new OffscreenCanvas(300, 40).getContext('2d'), zeros = [0, 0, 0];
        const marks = { size: 3, seen: [1, 1, 1], mover: zeros, severity: zeros, state: [0, 1, 2], x: [50, 150, 250], y: [20, 20, 20] };
        drawFixed(pen, marks, { left: 0, top: 0, scale: 1, width: 300, height: 40, zoom: 13 }, { none: '#00ff00', silent: '#888888', halo: '#000000' }, 3);
        return marks.x.map((x) => pen.getImageData(x, 20, 1, 1).data[1]); }"""
    )
    assert middles == [255, 0, 0]


def test_any_past_hour_is_one_step_away(service, browser):
    """An instant long before what the timeline holds is typed, in the service's zone; the timeline goes along, says that it is past, and leads back."""
    page = browser(service, "vw")
    page.goto("/map/flood")
    until(page, "() => Boolean(window.city && city.live.clock && city.scene.coast)")
    page.click(".timeline [aria-expanded]")
    page.fill(".jump input", "2016-09-10T08:30")
    page.click(".jump button")
    until(page, "() => city.live.state === 'playback' && city.live.clock", 1_473_467_400_000)
    assert page.evaluate("city.timeline.begin < city.timeline.instant && city.timeline.instant < city.timeline.end")
    expect(page.locator(".timeline .now")).to_contain_text("09-10 08:30")
    expect(page.locator(".jump")).to_be_hidden()
    page.locator(".timeline input[type=range]").focus()
    page.keyboard.press("PageDown")
    until(page, "() => city.live.clock", 1_473_463_800_000)
    page.keyboard.press("End")
    until(page, "() => city.live.state !== 'playback' && city.timeline.instant", None)
