"""`sensing device replace`, `find` and `code` against a fake of the service's API: what they send, print, and end with."""

import json

import pytest
from typer.testing import CliRunner

from sensing.cli import client
from sensing.cli.main import app
from sensing.errors import Exit
from tests.cli_service import FakeService

run = CliRunner(env={"SENSING_LANG": "en", "NO_COLOR": "1"}).invoke
CODES = [{"scheme": "sl651", "code": "0012345678", "from": None, "to": "2026-09-14T10:00:00Z"}]
THING = {
    "id": "g-1",
    "name": "",
    "type": "t",
    "state": "active",
    "label": "4tj0hz2c",
    "urn": "u",
    "matched": [{"scheme": "label", "code": "4tj0hz2c"}],
}


@pytest.fixture
def service(monkeypatch):
    fake = FakeService()
    monkeypatch.setattr(client, "connect", fake.connect)
    return fake


def test_replace_sends_what_is_given_and_shows_the_codes(service):
    """New native id, serial number and the time go out; the codes with their dates come back."""
    service.routes["POST", "/api/devices/g-1/replace"] = (200, {"codes": CODES})
    done = run(app, ["device", "replace", "g-1", "--native", "0099", "--at", "2026-09-14T10:00:00Z", "-o", "json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == CODES
    assert json.loads(service.asked[-1].content) == {"native": "0099", "at": "2026-09-14T10:00:00Z"}


@pytest.mark.parametrize("answer", [(200, THING), (300, {"code": "x", "things": [THING, THING]})])
def test_find_shows_one_thing_or_all_that_a_code_stands_for(service, answer):
    """Whatever the code is made of, it goes as one piece of the path."""
    service.routes["GET", "/id/wire/1:x"] = answer
    done = run(app, ["device", "find", "wire/1:x", "-o", "json"])
    assert done.exit_code == 0, done.output
    assert [each["matched"] for each in json.loads(done.stdout)] == ["label:4tj0hz2c"] * (1 if answer[0] == 200 else 2)


def test_an_unknown_code_ends_with_not_found(service):
    service.routes["GET", "/id/nobody"] = (404, {"error": "is no code", "hint": "", "code": 4})
    assert run(app, ["device", "find", "nobody"]).exit_code == Exit.NOT_FOUND


@pytest.mark.parametrize(("option", "path"), [([], "codes"), (["--end"], "codes/end")])
def test_further_codes_are_added_and_ended(service, option, path):
    service.routes["POST", f"/api/devices/g-1/{path}"] = (200, {"codes": CODES})
    done = run(app, ["device", "code", "g-1", "station", "62031500", *option])
    assert done.exit_code == 0, done.output
    assert json.loads(service.asked[-1].content) == {"scheme": "station", "code": "62031500"}
