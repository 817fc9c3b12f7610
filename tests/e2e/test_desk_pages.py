"""The desk in a real browser: a spreadsheet with errors taken in and taken back, quarantine, dated settings."""

import csv
import io
import json
import time

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import waits
from tests.e2e.page_house import got, running, speaker, told
from tests.e2e.service import eventually

HEAD = "设备号,类型,测站编码,站名,北纬,经度,行政区,厂家"


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with running(tmp_path_factory.mktemp("desk")) as found:
        yield found


def rows(number, first=0):
    return [
        f"g-{i},river-gauge,{71_000_000 + i:010d},站{i},{24.2 + i / 20_000:.5f},{117.3 + i / 20_000:.5f},漳州芗城,某厂"
        for i in range(first, number)
    ]


def spoken(service, gateway, *payloads):
    """What a new gateway sends of devices that are not registered."""
    with speaker(service, gateway) as client:
        client.publish(*(json.dumps(payload) for payload in payloads))


def devices(service):
    return got(service, "/api/devices", limit=500)["items"]


def knocking(service):
    return {each["native"] for each in got(service, "/api/quarantine")["items"]}


def test_a_sheet_with_errors_is_matched_imported_and_taken_back(service, browser, tmp_path):
    """GB18030, a header that nobody knows, three bad rows: corrected, explained by cause, the good ones taken in, and undone as a whole."""
    bad = [
        "g-x,river-gauge,0072000001,反,117.6,24.5,漳州,",
        "g-y,riever-gauge,0072000002,错,24.5,117.6,漳州,",
        "g-3,river-gauge,0072000003,重,24.5,117.6,漳州,",
    ]
    sheet = tmp_path / "list.csv"
    sheet.write_text("\n".join([HEAD.replace("设备号", "本局代号"), *rows(20), *bad]), "gb18030")
    page = browser(service, "eng")
    page.goto("/import")
    page.set_input_files("#file", sheet)
    page.select_option("select[data-header=本局代号]", "id")
    page.click("[data-act=preview]")
    page.wait_for_selector("[data-part=preview]")
    assert page.inner_text(".count.new .figure") == "20"
    assert page.inner_text(".count.bad .figure") == "3"
    causes = page.inner_text(".causes")
    for words in ("纬度须在", "没有类型 riever-gauge", "第 5 行已出现", "117.6"):
        assert words in causes
    with page.expect_download() as taken:
        page.click("[data-act=bad]")
    mended = list(csv.DictReader(io.StringIO(taken.value.path().read_text("utf-8-sig"))))
    assert [each["row"] for each in mended] == ["22", "23", "24"]
    assert devices(service) == []
    page.click("[data-act=apply]")
    page.wait_for_selector("[data-part=done]")
    assert len(devices(service)) == 20
    with page.expect_download() as secrets:
        page.click("[data-act=secrets]")
    told = list(csv.DictReader(io.StringIO(secrets.value.path().read_text("utf-8-sig"))))
    assert len(told) == 20
    assert all(each["password"] for each in told)
    assert told[0]["password"] not in page.content()
    page.click("[data-part=done] [data-undo]")
    page.click("dialog .danger")
    expect(page.locator(".past tbody tr").first).to_contain_text("已撤销")
    assert devices(service) == []


def test_five_thousand_rows_are_previewed_and_imported_within_ten_seconds(service, browser, tmp_path):
    """Preview and import together, as the page itself measured them."""
    sheet = tmp_path / "many.csv"
    sheet.write_text("\n".join([HEAD.replace("设备号", "编号"), *rows(5_100, 100)]), "utf-8")
    page = browser(service, "eng")
    page.goto("/import")
    before = waits()
    page.set_input_files("#file", sheet)
    looked = float(page.wait_for_selector("[data-part=preview]", timeout=60_000).get_attribute("data-seconds"))
    page.click("[data-act=apply]")
    took = float(page.wait_for_selector("[data-part=done]", timeout=60_000).get_attribute("data-seconds"))
    slowed = (before + waits()) / 2
    print(f"5,000 rows: preview {looked:.1f} s, import {took:.1f} s, on a machine {slowed:.1f} times slower than alone")
    assert (looked + took) / slowed < 10
    page.click("[data-act=secrets]")


def test_who_knocks_is_accepted_with_all_it_sent(service, browser):
    """Unknown ids of a gateway: one is accepted by one press and its frames are read; another is dropped, and taken back."""
    now = int(time.time())
    spoken(
        service,
        "gw1",
        *({"device": name, "time": now - 60 * k, "water_level": 1.5 + k / 100} for name in ("KN-1", "KN-2") for k in range(5)),
    )
    page = browser(service, "eng")
    eventually(lambda: {"KN-1", "KN-2"} <= knocking(service), "both stand in quarantine", 30)
    page.goto("/quarantine")
    card = page.locator("[data-native='KN-1']")
    expect(card).to_contain_text("水位")
    card.locator("select[name=type]").select_option("generic")
    card.locator("[data-act=accept]").click()
    expect(page.locator(".told.is-good").first).to_contain_text("5")
    assert len(service.rows("query", "kn-1", "--property", "water_level")) == 5
    other = page.locator("[data-native='KN-2']")
    other.locator("[data-act=drop]").click()
    page.click("dialog .danger")
    page.click("[data-act=undo]")
    expect(page.locator("[data-native='KN-2']")).to_be_visible()


def test_a_zero_is_dated_tried_and_written(service, browser):
    """What a changed zero would do is seen before it is done; then values since then are revisions, and the history tells it."""
    now = int(time.time())
    spoken(service, "gw2", *({"device": "ZERO-1", "time": now - 60 * k, "water_level": 2.0} for k in range(4)))
    eventually(lambda: "ZERO-1" in knocking(service), "it stands in quarantine", 30)
    chosen = {"adapter": "plainjson", "native": "ZERO-1", "principal": "gw2"}
    told(service, "/api/quarantine/accept", {**chosen, "type": "generic", "id": "zero-1"})
    page = browser(service, "eng", language="en")
    page.goto("/device?id=zero-1")
    page.fill("input[name=offset]", "0.5")
    page.fill("input[name=valid_from]", time.strftime("%Y-%m-%dT00:00:00", time.gmtime(now - 86_400 + 8 * 3600)))
    page.click("[data-act=try]")
    assert page.wait_for_selector("[data-changed]").get_attribute("data-changed") == "4"
    page.click("[data-act=write]")
    page.click("dialog .primary")
    expect(page.locator(".story")).to_contain_text("0.5")
    eventually(
        lambda: {row["result"] for row in service.rows("query", "zero-1", "--property", "water_level")} == {2.5},
        "observed anew",
        30,
    )
    page.click("[data-act=retire]")
    page.click("dialog .danger")
    page.click("[data-act=restore]")
    expect(page.locator("[data-act=retire]")).to_be_visible()
