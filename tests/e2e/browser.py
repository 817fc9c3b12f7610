"""A real browser: one chromium for a module, a fresh profile for each page, and a watch over both.

    page = browser(house, "op", phone=True, language="en", theme="light")

On leaving, the test fails for anything that stood in the console, broke in a script, or was asked of another host; what the page looked like in
the end is in artefacts/browser/<test>.png. Failing tests leave theirs as well.
"""

import json
import re
import shutil
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.e2e.page_house import sign_in
from tests.e2e.service import ROOT, eventually

PICTURES = ROOT / "artefacts" / "browser"
PATIENCE_MS = 15_000
"""For a page to show something: a machine of CI has other things to do as well."""
DESK, PHONE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 844}, {"width": 320, "height": 640}
LOCALES = {"zh": "zh-CN", "en": "en-GB"}
HERE = {"latitude": 24.5123, "longitude": 117.6541, "accuracy": 8}
OFFLINE = r"net::ERR_(INTERNET_DISCONNECTED|CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE|INCOMPLETE_CHUNKED_ENCODING|NETWORK_CHANGED)"
"""What chromium says of itself when nobody answers."""
expect.set_options(timeout=PATIENCE_MS)


def program(play):
    """Where chromium is: the system's, else the one that playwright keeps."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None and Path(play.chromium.executable_path).exists():
        found = play.chromium.executable_path
    if found is None:
        pytest.fail(
            "no chromium: `make e2e` installs it where apt is at hand; else `.venv/bin/playwright install chromium`",
            pytrace=False,
        )
    return found


@pytest.fixture(scope="module")
def chromium():
    """The browser itself. Of a module, not of a session: playwright holds an asyncio loop, which other tests want to run themselves."""
    with sync_playwright() as play:
        running = play.chromium.launch(executable_path=program(play), args=["--no-sandbox"])
        running.signed = {}  # (address, person): cookies; so that a module costs one hash of a password a person
        yield running
        running.close()


class Watch:
    """What pages of a test said and asked that they should not have."""

    def __init__(self):
        self.wrong, self.foreign, self.contexts = [], [], []

    def over(self, context, base, may_say):
        quiet = re.compile(may_say) if may_say else None
        self.contexts.append(context)
        context.on("console", lambda said: self.say(said.text, quiet) if said.type == "error" else None)
        context.on("weberror", lambda error: self.wrong.append(str(error.error)))
        context.on("dialog", lambda shown: (self.wrong.append(f"a dialog: {shown.message}"), shown.dismiss()))
        context.on("request", lambda asked: self.ask(asked.url, base))

    def say(self, text, quiet):
        if not (quiet and quiet.search(text)):
            self.wrong.append(text)

    def ask(self, url, base):
        if not url.startswith((base, "data:", "blob:")):
            self.foreign.append(url)

    def close(self, name):
        """Take the last pictures and close every profile."""
        number = 0
        for context in self.contexts:
            for page in context.pages:
                if page.url != "about:blank":
                    number += 1
                    picture(page, name if number == 1 else f"{name}-{number}")
            context.close()


@pytest.fixture
def browser(chromium, request):
    """Opens pages: browser(house, person | None, phone=, language=, theme=, may_say=, **of the context) gives one with an empty profile."""
    watch = Watch()

    def open_page(house, who=None, *, phone=False, language="zh", theme=None, may_say=None, **more):
        base = house.about()["http"]
        context = chromium.new_context(**{
            "base_url": base, "viewport": PHONE if phone else DESK, "has_touch": phone, "is_mobile": phone, "locale": LOCALES[language],
            "color_scheme": theme or "dark", "device_scale_factor": 2 if phone else 1, "geolocation": HERE,
            "permissions": ["geolocation", "clipboard-read", "clipboard-write"], **more,
        })  # fmt: skip
        context.set_default_timeout(PATIENCE_MS)
        watch.over(context, base, may_say)
        if who:
            if (base, who) not in chromium.signed:
                chromium.signed[base, who] = sign_in(house, who)
            context.add_cookies([{"name": name, "value": text, "url": base} for name, text in chromium.signed[base, who].items()])
        return context.new_page()

    yield open_page
    watch.close(file_name(request.node.name))
    assert not watch.wrong, watch.wrong
    assert not watch.foreign, watch.foreign


def file_name(text):
    """A test's name as a file's."""
    return re.sub(r"[^\w.-]+", "-", text.removeprefix("test_")).strip("-")


def picture(page, name, *, whole=False):
    """Keep what a page looks like now."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png", full_page=whole, animations="disabled")


def until(page, script, wanted=True, timeout_s=40):
    """Wait for what a script tells. (Playwright's own wait evaluates text within the page, which the pages' policy forbids.)"""
    eventually(lambda: page.evaluate(script) == wanted, f"{script} is {wanted}", timeout_s)


def wide(page):
    """How many pixels a page is wider than its screen."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def kept(page):
    """Everything that the page left in the browser's storage, as text."""
    return json.dumps(page.evaluate("({...localStorage, ...sessionStorage})"))


def waits():
    """How much longer than its own work anything takes just now, because others want the processor too: 1 on a machine that is ours."""
    wall, own = time.perf_counter(), time.process_time()
    while time.process_time() - own < 0.2:
        sum(range(1_000))
    return max(1.0, (time.perf_counter() - wall) / 0.2)
