"""A label from the office's printer to a device in the field, in a real browser: made, printed, stuck on, scanned, registered, used once."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.page_house import asking, got, running
from tests.e2e.test_register_pages import tell_where

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with running(tmp_path_factory.mktemp("labels")) as found:
        yield found


def scan(page, code):
    """The phone's camera opens what the QR says; the service leads to the page."""
    page.goto(f"/id/{code}")
    page.wait_for_url("**/m/register")


def test_a_printed_label_becomes_a_devices_own(service, browser):
    """A batch is made and its sheet is a PDF; a scanned label waits on the form while type and id are chosen; registered, it finds the device."""
    desk = browser(service, "eng")
    desk.goto("/labels")
    desk.get_by_label("张数").fill("3")
    desk.get_by_label("标签上的备注").fill("北溪")
    desk.get_by_role("button", name="制作").click()
    row = desk.locator("tr[data-batch]")
    expect(row.locator("[data-state=free]")).to_have_text("3")
    sheet = desk.context.request.get(row.get_by_role("link", name="打印").get_attribute("href"))
    assert sheet.body().startswith(b"%PDF")
    code = got(service, "/api/labels")["items"][0]["code"]

    phone = browser(service, "eng", phone=True, language="en")
    scan(phone, code)
    expect(phone.locator(".shown .told")).to_contain_text("it becomes this device's")
    phone.fill("input[name=type-search]", "generic")
    phone.tap("[data-type=generic]")
    phone.select_option("select[name=adapter]", "plainjson")
    phone.fill("input[name=id]", "bank-1")
    expect(phone.locator(f"[data-label='{code}']")).to_be_visible()
    phone.tap("[data-act=on]")
    tell_where(phone)
    phone.wait_for_selector(".credentials .secret")
    assert got(service, "/api/devices/bank-1")["label"] == code
    desk.reload()
    expect(row.locator("[data-state=used]")).to_have_text("1")
    expect(row.get_by_role("link", name="bank-1")).to_be_visible()
    scan(phone, code)
    expect(phone.locator(".known-name")).to_have_text("bank-1")


def test_a_revoked_label_says_so_and_registers_nothing(service, browser):
    """The page names why; without it the form goes on; the service refuses it whoever asks."""
    desk = browser(service, "eng", language="en")
    with asking(service) as client:
        made = client.post("/api/labels", json={"count": 2, "note": "south"}).json()
    desk.goto("/labels")
    row = desk.locator(f"[data-batch='{made['batch']}']")
    row.get_by_role("button", name="Revoke").click()
    desk.get_by_role("dialog").get_by_role("button", name=re.compile("Revoke")).click()
    expect(row.locator("[data-state=revoked]")).to_have_text("2")
    code = made["items"][0]["code"]
    phone = browser(service, "eng", phone=True, language="en")
    scan(phone, code)
    expect(phone.locator(".shown .told")).to_contain_text("was revoked")
    assert phone.locator("[data-label]").count() == 0
    with asking(service) as client:
        answer = client.post("/api/devices", json={"id": "bank-9", "type": "generic", "adapter": "plainjson", "label": code})
    assert (answer.status_code, "was revoked" in answer.json()["error"]) == (409, True)


def test_the_command_prints_a_sheet(service, tmp_path):
    """`label new --pdf`, `label list`, `label revoke`."""
    service.say("label", "new", "-n", "2", "--note", "hand", "--pdf", str(tmp_path / "sheet.pdf"))
    assert (tmp_path / "sheet.pdf").read_bytes().startswith(b"%PDF")
    rows = [each for each in got(service, "/api/labels")["items"] if each["note"] == "hand"]
    assert [each["state"] for each in rows] == ["free", "free"]
    service.say("label", "revoke", rows[0]["code"])
    assert rows[0]["code"] not in service.say("label", "list", "--state", "free", "-o", "csv")
