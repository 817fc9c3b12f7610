"""Signing in as people do, in a real browser: by link, by password, with a one-time password, and out again. Nothing of another host is asked for."""

import os
import subprocess
import sys

import pytest

from sensing import app, runfile
from sensing.access import Role
from sensing.audit import Actor

pytestmark = pytest.mark.slow
TESTER = Actor("tester")
GOOD = "many plain words 42"


class Web:
    """The web role alone, over a house with people."""

    def __init__(self, url, registry):
        self.url, self.registry = url, registry

    def about(self):
        return {"http": self.url}


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    data = tmp_path_factory.mktemp("data")
    app.prepare(data)
    registry = app.open_registry(data)
    registry.add_user("li", Role.VIEWER, password=GOOD, actor=TESTER)
    process = subprocess.Popen(
        [sys.executable, "-m", "sensing.app", "web", str(data)], env=os.environ | {"SENSING_HTTP__PORT": "0"}
    )
    try:
        yield Web(runfile.wait_for(data, "run/web.json", process.pid, 30)["url"], registry)
    finally:
        process.kill()
        process.wait()
        registry.close()


@pytest.fixture
def tab(web, browser):
    """A page as narrow as a phone; chromium itself says aloud when it is refused."""
    return browser(web, viewport={"width": 390, "height": 800}, may_say="401|429")


def enter(tab, user, password):
    tab.fill("#user", user)
    tab.fill("#password", password)
    tab.click("#go")


def test_a_page_leads_in_and_back(tab):
    """A wrong password is told in words and the name stays; the right one leads to where somebody wanted to go; signing out leads out."""
    tab.goto("/account?x=1#y")
    tab.wait_for_url("**/signin?next=**")
    enter(tab, "li", "wrong wrong wrong")
    tab.wait_for_selector("#error:not(:empty)")
    assert "不正确" in tab.inner_text("#error")
    enter(tab, "Li", GOOD)
    tab.wait_for_url("**/account?x=1")
    tab.wait_for_selector("h1")
    assert "查看" in tab.inner_text("dl.facts")
    assert tab.evaluate("document.cookie") == ""
    tab.get_by_role("button", name="English").first.click()
    tab.wait_for_selector("text=Signed in as")
    tab.get_by_role("button", name="Sign out").last.click()
    tab.wait_for_url("**/signin?**why=left**")
    assert "signed out" in tab.inner_text("#told")


def test_back_is_only_ever_a_path_of_ours(tab, web):
    """Whatever `next` says, one stays on this host."""
    for wanted in ("//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "/%2f/evil.example"):
        tab.context.clear_cookies()
        tab.goto(f"/signin?next={wanted}")
        enter(tab, "li", GOOD)
        tab.wait_for_url(lambda url: "/signin" not in url)
        assert tab.evaluate("location.origin") == web.url


def test_a_link_opens_once_and_leaves_the_address(tab, web):
    """The key is gone from the address at once; a second time it is told to be over."""
    key, asked = web.registry.make_link("li", actor=TESTER).text, []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(f"/signin?next=/account#k={key}")
    tab.wait_for_url(f"{web.url}/account")
    tab.wait_for_selector("dl.facts")
    assert key not in tab.evaluate("JSON.stringify([location.href, history.length, document.referrer])")
    assert not [url for url in asked if key in url]
    tab.context.clear_cookies()
    tab.goto(f"/signin#k={key}")
    tab.wait_for_selector("#error:not(:empty)")
    assert "已用过" in tab.inner_text("#error")


def test_a_one_time_password_is_replaced_first(tab, web):
    """Every page leads to the account page until it is; then on to the map."""
    setup = web.registry.add_user("new-one", Role.ENGINEER, actor=TESTER)
    tab.goto("/account")
    enter(tab, "new-one", setup.password)
    tab.wait_for_url("**/account")
    tab.wait_for_selector(".warn")
    tab.goto("/devices")
    tab.wait_for_url("**/account")
    tab.wait_for_selector("#old")
    for name, text in (("#old", setup.password), ("#new", GOOD), ("#again", GOOD + "x")):
        tab.fill(name, text)
    tab.click("form button[type=submit]")
    assert "不一致" in tab.inner_text("#error")
    tab.fill("#again", GOOD)
    tab.click("form button[type=submit]")
    tab.wait_for_url(web.url + "/")
    assert web.registry.right_password("new-one", GOOD)


def test_too_many_attempts_are_told_to_wait(tab):
    """The wait counts down, and the button waits with it."""
    tab.goto("/signin")
    for _ in range(12):
        enter(tab, "nobody-here", "wrong wrong wrong")
        tab.wait_for_selector("#go:not(.busy)")
        if tab.is_disabled("#go"):
            break
    assert tab.is_disabled("#go")
    assert "请等" in tab.inner_text("#error")
