"""The API to read: what is found by search, what a role may ask, both languages, and an example that a shell runs as it stands."""

import os
import subprocess

import pytest
from playwright.sync_api import expect

from tests.e2e.page_house import got, running, told

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with running(tmp_path_factory.mktemp("docs")) as found:
        yield found


def test_an_operation_is_found_and_its_example_runs_in_a_shell(house, browser):
    """Search narrows the list; one that is alone is unfolded; its curl line, with a token, gets what the API answers."""
    page = browser(house, "vw", language="en")
    page.goto("/account")
    page.get_by_role("link", name="The API").click()
    operations = page.locator("details.op")
    expect(operations.first).to_be_visible()
    every = sum(len(each) for each in got(house, "/api/openapi.json")["paths"].values())
    expect(operations).to_have_count(every)
    page.get_by_label("Search paths").fill("api/latest property")
    expect(operations).to_have_count(1)
    one = page.locator("#get_api_latest")
    expect(one.locator(".op-summary")).to_contain_text("newest")
    expect(one.get_by_role("row", name="property").first).to_contain_text("globs")
    one.get_by_role("button", name="Copy").click()
    command = page.evaluate("navigator.clipboard.readText()")
    assert command.startswith("curl ")
    token = told(house, "/api/tokens", {"name": "docs", "role": "viewer"})["token"]
    answer = subprocess.run(
        ["bash", "-c", f"{command} -s -f"], env=os.environ | {"SENSING_TOKEN": token}, capture_output=True, check=True
    )
    assert answer.stdout == b"[]" or b"items" in answer.stdout or b"device" in answer.stdout, answer.stdout


def test_a_role_sees_what_it_may_ask_in_its_own_language(house, browser):
    """Chosen by role, what needs a higher one is not listed; a link leads to one operation, unfolded; words are Chinese."""
    page = browser(house, "vw")
    page.goto("/api/docs#get_api_events")
    expect(page.locator("#get_api_events")).to_have_attribute("open", "")
    expect(page.locator("#get_api_events .op-summary")).to_have_text("事件，最新在前")
    page.get_by_label("以此角色可用").select_option("viewer")
    expect(page.locator("#post_api_users")).to_have_count(0)
    expect(page.locator("#get_api_events")).to_have_count(1)
    page.get_by_label("以此角色可用").select_option("admin")
    expect(page.locator("#post_api_users")).to_have_count(1)
    page.get_by_role("link", name="409").first.click()
