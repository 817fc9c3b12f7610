"""Registering in a real browser on a phone: from a code to green with a real MQTT client, labels, drafts without a network, undo."""

import asyncio
import json
import re
import threading
import time

import aiomqtt
import pytest
from playwright.sync_api import expect

from tests.e2e.browser import OFFLINE, kept, wide
from tests.e2e.page_house import PASSWORD, asking, got, make_device, running


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with running(tmp_path_factory.mktemp("register")) as found:
        yield found


def steps(page):
    """The checklist's steps with their state: good, bad or wait."""
    return [re.search(r"is-(\w+)", node.get_attribute("class")).group(1) for node in page.query_selector_all(".steps > li")]


def known(service, device):
    """Whether a device is registered."""
    with asking(service) as client:
        status = client.get(f"/api/devices/{device}").status_code
    assert status in (200, 404)
    return status == 200


def publish(service, secret, *payloads):
    """What the device does once the engineer has typed the credentials into it: a real client, QoS 1."""
    port = int(secret["broker"].rpartition(":")[2])

    async def speak():
        async with aiomqtt.Client("127.0.0.1", port, username=secret["username"], password=secret["password"]) as client:
            for payload in payloads:
                await client.publish(secret["topic"], json.dumps(payload), qos=1)

    talking = threading.Thread(target=lambda: asyncio.run(speak()))  # playwright has a loop of its own in this thread
    talking.start()
    talking.join(30)
    assert not talking.is_alive()


def reading(device, value=1.25):
    return {"device": device, "time": int(time.time()), "water_level": value}


def tell_what(page, native, device):
    """Screen 1 by hand: a code that nobody knows, a type by its picture, a protocol, an id."""
    page.goto("/m/register")
    page.fill("input[name=code]", native)
    page.tap("[data-act=look]")
    expect(page.locator(".shown .told")).to_be_visible()
    page.fill("input[name=type-search]", "generic")
    page.tap("[data-type=generic]")
    page.select_option("select[name=adapter]", "plainjson")
    page.fill("input[name=native]", native)
    expect(page.locator("input[name=id]")).not_to_have_value("")
    page.fill("input[name=id]", device)
    page.tap("[data-act=on]")


def tell_where(page):
    page.tap("[data-act=gps]")
    expect(page.locator("input[name=lat]")).to_have_value("24.5123")
    page.tap("[data-act=on]")


def read_secret(page):
    """Broker, topic, user and password as they stand on the screen."""
    page.wait_for_selector(".credentials .secret")
    words = [node.inner_text() for node in page.query_selector_all(".credentials .copyable-text")]
    return dict(zip(("broker", "topic", "username", "password"), words, strict=True))


def test_a_device_goes_from_its_code_to_green(service, browser):
    """Three screens on a phone, a real client, five green steps within 15 s; then the record is printed and the next one is like this."""
    page = browser(service, "eng", phone=True)
    tell_what(page, "JS-0031", "ponding-31")
    page.fill("input[name=name]", "西溪桥积水")
    begun = time.monotonic()
    tell_where(page)
    secret = read_secret(page)
    assert "bad" not in steps(page)
    publish(service, secret, reading("JS-0031"))
    page.wait_for_selector("[data-state=green]")
    took = time.monotonic() - begun
    print(f"registered to green: {took:.1f} s")
    assert took < 15
    assert steps(page) == ["good"] * 5
    assert secret["password"] not in kept(page)
    page.tap("text=投运记录")
    page.fill("input[name=dip]", "1.25")
    page.fill("input[name=by]", "王工")
    page.tap("[data-act=record]")
    link = page.wait_for_selector("a[href*='format=pdf']").get_attribute("href")
    printed = page.request.get(link)
    assert printed.headers["content-type"] == "application/pdf"
    assert printed.body().startswith(b"%PDF")
    page.tap("[data-act=next]")
    assert page.locator(".chosen").is_visible()
    assert page.input_value("input[name=native]") == ""
    told = got(service, "/api/devices/ponding-31")
    assert (told["name"], told["lat"], told["lon"]) == ("西溪桥积水", 24.5123, 117.6541)


def test_a_red_step_says_why_and_what_to_do(service, browser):
    """A device under another id is told by that id, and one touch takes it; then it is green."""
    page = browser(service, "eng", phone=True, language="en")
    tell_what(page, "JS-40", "red-40")
    tell_where(page)
    secret = read_secret(page)
    publish(service, secret, reading("JS-41"))
    page.wait_for_selector(".step.is-bad")
    assert "JS-41" in page.inner_text(".step.is-bad")
    page.tap(".step.is-bad button")
    publish(service, secret, reading("JS-41", 1.5))
    page.wait_for_selector("[data-state=green]")


def test_a_registration_is_undone_and_done_again(service, browser):
    """Within ten minutes the id and the native id are free again, and what was filled in is still there."""
    page = browser(service, "eng", phone=True)
    tell_what(page, "JS-50", "undone-50")
    tell_where(page)
    secret = read_secret(page)
    page.tap("[data-act=undo]")
    page.tap("dialog .danger")
    expect(page.locator("input[name=id]")).to_have_value("undone-50")
    assert not known(service, "undone-50")
    page.tap("[data-act=on]")
    page.tap("[data-act=on]")
    again = read_secret(page)
    assert again["password"] != secret["password"]


def test_a_label_that_the_camera_opens_leads_to_its_device(service, browser):
    """The plain address on a label: sign in, and the page has it filled in and ready to be placed and proven."""
    make_device(service, "desk-7", type="river-gauge", native="0062031507", name="后港水位")
    label = got(service, "/api/devices/desk-7")["label"]
    page = browser(service, phone=True)
    page.goto(f"/id/{label}")
    assert re.search(r"/signin\?next=", page.url)
    page.fill("input[name=user]", "eng")
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(".known-name")).to_have_text("后港水位")
    page.tap("[data-act=on]")
    page.fill("input[name=lat]", "117.6541")
    page.fill("input[name=lon]", "24.5123")
    page.tap("[data-act=swap]")
    expect(page.locator("input[name=lat]")).to_have_value("24.5123")
    page.tap("[data-act=on]")
    page.wait_for_selector(".steps > li")
    assert got(service, "/api/devices/desk-7")["lat"] == 24.5123


def test_a_draft_survives_reload_and_no_network(service, browser):
    """In a valley: the page opens again without a network, the draft is there, and it is sent when the network is back."""
    page = browser(service, "eng", phone=True, may_say=OFFLINE)
    page.goto("/m/register")
    page.wait_for_selector(".type")
    page.evaluate("navigator.serviceWorker.ready")
    page.wait_for_function("caches.match('/m/register').then(Boolean)")
    page.wait_for_function("caches.match('/words.json').then(Boolean)")
    page.reload()
    page.wait_for_selector(".type")
    tell_what(page, "JS-60", "valley-60")
    page.fill("input[name=name]", "山谷")
    page.context.set_offline(True)
    page.reload()
    expect(page.locator("input[name=name]")).to_have_value("山谷")
    page.tap("[data-act=on]")
    expect(page.locator(".told.is-info").first).to_be_visible()
    assert not known(service, "valley-60")
    page.context.set_offline(False)
    secret = read_secret(page)
    assert secret["username"] == "valley-60"
    assert secret["password"] not in kept(page)
    page.reload()
    expect(page.locator(".steps")).to_be_visible()
    assert page.locator(".secret").count() == 0


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_no_screen_is_wider_than_the_screen(service, browser, width):
    """Nothing has to be pushed sideways, from the narrowest phone to the desk."""
    page = browser(service, "eng", phone=True)
    page.set_viewport_size({"width": width, "height": 700})
    for path in ("/m/register", "/import", "/quarantine", "/devices", "/device?id=desk-7"):
        page.goto(path)
        page.wait_for_selector("#main h1")
        assert wide(page) <= 0, path
