"""The demo plays its storm again when it has played out: as another run, on the page that is open, and `down` ends it at any moment."""

import pytest
from playwright.sync_api import expect

from tests.e2e.page_house import got, make_people
from tests.e2e.service import Sensing, eventually, gone

pytestmark = pytest.mark.slow
SHORT = """zh = "短雨"
en = "A short rain"
begin = 2026-06-08T00:00:00Z
end = 2026-06-08T02:00:00Z
seed = 7
rain = "plum"
wind_ms = 3.5
wind_from = 200
"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Two hours of rain over a few devices, played in seconds."""
    service = Sensing(tmp_path_factory.mktemp("demo") / "data")
    (service.data / "storms").mkdir(parents=True)
    (service.data / "storms" / "short.toml").write_text(SHORT, "utf-8")
    service.say("up", "--demo", "--storm", "short", "--speed", "900", "--devices", "12", "--detach", *service.ports)
    make_people(service)
    yield service
    pids = service.about()["roles"].values()
    service.say("down")  # in the middle of a run, or of the rest between two
    assert all(gone(pid) for pid in pids)
    assert not (service.data / "run.json").exists()


def test_the_page_goes_over_to_the_next_run_without_being_loaded_again(demo, browser):
    """The banner says DRILL all along, with the new run's id; devices show values of the new run; the old run's credentials are over."""
    page = browser(demo, "op")
    page.goto("/")
    first = demo.about()["demo_run"]
    expect(page.locator("#drill .drill-run")).to_have_text(first)
    page.evaluate("window.sameDocument = true")
    second = eventually(lambda: (run := demo.about()["demo_run"]) != first and run, "another run", 90)
    expect(page.locator("#drill .drill-run")).to_have_text(second)
    assert page.evaluate("window.sameDocument")
    assert second > first
    assert got(demo, "/api/status")["runs"] == [second]
    eventually(
        lambda: any(thing["run"] == second and thing["values"] for thing in got(demo, "/api/map")["things"]), "its values", 30
    )
    assert not any(thing["run"] == first for thing in got(demo, "/api/map")["things"])
    assert got(demo, "/ready")["balanced"]
