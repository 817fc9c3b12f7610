"""`sensing device` and `sensing principal` against a fake of the service's API: what they send, print, and end with."""

import json

import pytest
from typer.testing import CliRunner

from sensing.cli import checklist, client
from sensing.cli.main import app
from sensing.errors import Exit
from tests.cli_service import FakeService

run = CliRunner(env={"SENSING_LANG": "en", "NO_COLOR": "1"}).invoke
CREDENTIAL = {
    "id": "gauge-1", "adapter": "sl651", "native": "0012345678", "principal": "gauge-1", "username": "gauge-1",
    "password": "once-only", "topic": "sensing/v1/sl651/gauge-1/up", "broker": "mqtt://127.0.0.1:1883", "device": {"id": "gauge-1"},
}  # fmt: skip
STEPS = ("connected", "arrived", "decoded", "plausible", "stored")
TEST = ("GET", "/api/devices/gauge-1/test")


@pytest.fixture
def service(monkeypatch):
    fake = FakeService()
    monkeypatch.setattr(client, "connect", fake.connect)
    monkeypatch.setattr(checklist, "_POLL_S", 0.01)
    return fake


def checked(*answers, remedy=None):
    answers = (*answers, *([None] * (5 - len(answers))))
    return {
        "steps": [{"step": name, "ok": ok, "reason": "why", "remedy": remedy} for name, ok in zip(STEPS, answers, strict=True)]
    }


def test_register_prints_the_contract_s_keys(service):
    """The credential is on stdout once, in exactly the contract's keys; the form has what was given and nothing else."""
    service.routes["POST", "/api/devices"] = (201, CREDENTIAL)
    line = "device register gauge-1 --type generic --adapter sl651 --native 0012345678 --at 24.51,117.65 --unit water_level=cm --unit rainfall=mm"
    answer = run(app, f"{line} --set tolerate=length_off_by_one --set limit=3 --zero 0 -o json")
    assert list(json.loads(answer.stdout)) == ["id", "adapter", "native", "principal", "username", "password", "topic", "broker"]
    assert "once-only" not in answer.stderr
    assert service.bodies() == [{
        "id": "gauge-1", "type": "generic", "adapter": "sl651", "native": "0012345678", "lat": 24.51, "lon": 117.65, "zero": 0.0,
        "unit": {"water_level": "cm", "rainfall": "mm"}, "settings": {"tolerate": "length_off_by_one", "limit": 3},
    }]  # fmt: skip


@pytest.mark.parametrize("option", ["--at 24.5", "--at here", "--unit water_level", "--set =3", "--wait soon"])
def test_what_does_not_fit_is_told_before_anything_is_sent(service, option):
    """A pair that is none is a usage error that shows what was given."""
    answer = run(app, f"device register gauge-1 --type generic {option}")
    assert answer.exit_code == Exit.USAGE
    assert option.split()[1].strip("=") in answer.stderr
    assert service.asked == []


def test_waiting_tells_each_step_as_it_comes_true(service):
    """--wait polls the checklist, tells what changes, and ends with 0 when all is true."""
    service.routes["POST", "/api/devices"] = (201, CREDENTIAL)
    service.routes[TEST] = [checked(False), checked(True, True), checked(True, True, True, True, True)]
    answer = run(app, "device register gauge-1 --type generic --wait 5s -o json")
    assert answer.exit_code == 0
    assert json.loads(answer.stdout)["password"] == "once-only"
    told = answer.stderr
    assert told.index("✖ failed  connected") < told.index("✔ passed  connected") < told.index("✔ passed  stored")
    assert service.params()[1]["since"].endswith("Z")


def test_waiting_in_vain_ends_with_8(service):
    """When the time is over, the first missing step and its remedy are named; the credential was printed all the same."""
    service.routes["POST", "/api/devices"] = (201, CREDENTIAL)
    service.routes[TEST] = checked(True, False, remedy={"zh": "看主题", "en": "look at the topic"})
    answer = run(app, "device register gauge-1 --type generic --wait 50ms -o json")
    assert answer.exit_code == Exit.TIMED_OUT
    assert json.loads(answer.stdout)["id"] == "gauge-1"
    assert "not arrived within 0.05 s" in answer.stderr
    assert "look at the topic" in answer.stderr


def test_nothing_can_be_waited_for_when_nothing_runs(service):
    """--wait without a service ends with 5 before anything is registered."""
    service.offline = True
    assert run(app, "device register gauge-1 --type generic --wait 1s").exit_code == Exit.UNREACHABLE
    assert service.asked == []


@pytest.mark.parametrize(("answers", "code"), [((True,) * 5, 0), ((True, False), 7), ((True, None), 7)])
def test_device_test_fails_unless_all_is_true(service, answers, code):
    """Each step with mark and word; a step that is false or unknown ends it with 7."""
    service.routes[TEST] = checked(*answers)
    answer = run(app, "device test gauge-1 -o table")
    assert answer.exit_code == code
    assert answer.stdout.count("✔ passed") == sum(each is True for each in answers)


def test_edit_sends_what_was_named(service):
    """Only named fields travel, with the instant from which they hold; naming none is a usage error."""
    service.routes["PATCH", "/api/devices/gauge-1"] = {"id": "gauge-1", "zero": 3.25}
    counts = dict.fromkeys(("changed", "same", "kept", "from_frame", "from_row", "frames"), 0)
    tried = {"items": [], "next": None, "counts": counts | {"changed": 2}, "events": [], "first": None, "last": None}
    service.routes["POST", "/api/devices/gauge-1/preview"] = tried
    assert run(app, "device edit gauge-1 --zero 3.25 --note= --valid-from 2026-09-01T00:00:00Z --yes").exit_code == 0
    assert service.bodies("PATCH") == [{"zero": 3.25, "note": "", "valid_from": "2026-09-01T00:00:00Z"}]
    assert run(app, "device edit gauge-1 --zero +0.35 --valid-from 2026-09-01T00:00:00Z --dry-run").exit_code == 0
    assert service.bodies()[-1] == {"zero": "+0.35", "valid_from": "2026-09-01T00:00:00Z"}
    assert run(app, "device edit gauge-1 --zero high").exit_code == Exit.USAGE
    assert run(app, "device edit gauge-1").exit_code == Exit.USAGE


def test_ids_are_one_segment_of_a_path(service):
    """An id with a slash reaches no other route."""
    run(app, ["device", "show", "../tokens"])
    assert service.asked[0].url.raw_path == b"/api/devices/..%2Ftokens"


def test_export_writes_what_the_service_gives(service):
    """CSV as it is; NDJSON as an array when JSON is wanted."""

    def exported(request):
        import httpx

        return httpx.Response(200, text="id\na\n" if request.url.params["format"] == "csv" else '{"id": "a"}\n{"id": "b"}\n')

    service.routes["GET", "/api/export/devices"] = exported
    assert run(app, "device export -o csv").stdout == "id\na\n"
    assert json.loads(run(app, "device export -o json").stdout) == [{"id": "a"}, {"id": "b"}]
    assert run(app, "device export -o ndjson").stdout.count("\n") == 2


def test_principals(service):
    """Registering and rotating show the password once; rotating says how long the old one lives; revoking may name one credential."""
    shown = {
        "id": "dtu",
        "kind": "gateway",
        "credential": "c-1",
        "username": "dtu",
        "password": "secret",
        "origin": "live",
        "run": "",
    }
    service.routes["POST", "/api/principals"] = (201, shown)
    service.routes["POST", "/api/principals/dtu/rotate"] = shown
    service.routes["POST", "/api/principals/dtu/revoke"] = {"id": "dtu", "revoked": 1}
    assert json.loads(run(app, "principal register dtu --kind gateway --name 网关").stdout)["password"] == "secret"
    run(app, "principal rotate dtu --overlap 10m")
    run(app, "principal revoke dtu --credential c-1 --yes")
    assert service.bodies() == [{"id": "dtu", "kind": "gateway", "name": "网关"}, {"overlap": "10m"}, {"credential": "c-1"}]
