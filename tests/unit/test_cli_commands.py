"""Commands against a fake of the service's API: what they send, what they print, how they end."""

import json

import pytest
from typer.testing import CliRunner

from sensing.cli import client, commands, hexdump
from sensing.cli.main import app
from sensing.errors import Exit
from tests.cli_service import FakeService, page

run = CliRunner(env={"SENSING_LANG": "en", "NO_COLOR": "1"}).invoke
DONE = {"id": "x-1", "op": "redrive", "state": "done", "result": {"redriven": {"decoded": 2}}}


@pytest.fixture
def service(monkeypatch):
    fake = FakeService()
    monkeypatch.setattr(client, "connect", fake.connect)
    monkeypatch.setattr(commands, "_POLL_S", 0.01)
    return fake


LETTERS = [
    {"id": f"{place}.0", "adapter": "sl651", "principal": "p", "device": "", "reason": reason, "detail": "d", "attempts": 1}
    for place, reason in ((7, "bad_checksum"), (9, "bad_time"))
]


def test_redrive_takes_ids_from_a_pipe(service):
    """`dlq list -o ndjson | dlq redrive --ids -`: ids in NDJSON or bare; its result is counts by outcome."""
    service.routes["POST", "/api/commands"] = DONE
    lines = "\n".join(json.dumps(letter) for letter in LETTERS)
    answer = run(app, "dlq redrive --ids - -o json", input=f"{lines}\n12\n")
    assert json.loads(answer.stdout) == {"redriven": {"decoded": 2}}
    assert service.bodies() == [{"op": "redrive", "args": {"places": ["7.0", "9.0", "12.0"]}}]
    assert run(app, "dlq redrive --ids seven").exit_code == Exit.USAGE


def test_dry_run_does_nothing(service):
    """--dry-run lists what would be done and sends no command."""
    service.routes["GET", "/api/dead-letters"] = page(*LETTERS)
    answer = run(app, "dlq redrive --ids 9.0 --dry-run -o ndjson")
    assert [json.loads(line)["id"] for line in answer.stdout.splitlines()] == ["9.0"]
    assert "would redrive 1" in answer.stderr
    assert service.bodies() == []


def test_a_long_command_is_waited_for(service):
    """The service gives an id when a command takes long; its result is asked for until it is there."""
    service.routes["POST", "/api/commands"] = (202, DONE | {"state": "waiting", "result": None})
    service.routes["GET", "/api/commands/x-1"] = [(404, {"error": "no result", "hint": "", "code": 4}), DONE]
    answer = run(app, "dlq redrive --reason bad_time -o table")
    assert answer.exit_code == 0
    assert answer.stdout == "redriven: decoded 2\n"
    assert service.bodies()[0]["args"] == {"reason": "bad_time"}


def test_dropping_says_why(service):
    """Dropped letters carry a reason for the audit log."""
    service.routes["POST", "/api/commands"] = {"id": "x", "result": {"dropped": 2}}
    run(app, ["dlq", "drop", "--reason", "not_utf8", "--why", "lightning"])
    assert service.bodies() == [{"op": "drop", "args": {"reason": "not_utf8", "why": "lightning"}}]


def test_a_dead_letter_shows_its_bytes(service):
    """The dump marks the lines in which the bad part stands."""
    letter = LETTERS[0] | {
        "offset": 16,
        "length": 2,
        "remedy": {"zh": "查", "en": "look"},
        "frame": {"hex": bytes(range(40)).hex()},
    }
    service.routes["GET", "/api/dead-letters/7.0"] = letter
    text = run(app, "dlq show 7.0 -o table").stdout
    assert [line[0] for line in text.splitlines()[-3:]] == [" ", ">", " "]
    assert hexdump.dump(b"AB\x00", 1, 0) == "> 000000  41 42 00" + " " * 41 + "AB.\n"


QUARANTINED = {"adapter": "sl651", "native": "AB:01", "principal": "join-1", "run": "", "frames": 3, "first": 4, "last": 9}


def test_accepting_registers_under_who_sent_it(service):
    """The sender becomes its principal, the id comes from the wire; frames are read again."""
    service.routes["GET", "/api/quarantine"] = page(QUARANTINED)
    service.routes["POST", "/api/quarantine/accept"] = {
        "id": "x",
        "result": {"accepted": {"decoded": 3}},
        "device": {"id": "ab-01"},
    }
    answer = run(app, "quarantine accept AB:01 --type generic -o json")
    assert json.loads(answer.stdout) == {"device": "ab-01", "accepted": {"decoded": 3}}
    assert service.bodies() == [{"adapter": "sl651", "native": "AB:01", "principal": "join-1", "type": "generic", "id": "ab-01"}]


def test_quarantine_tells_ids_apart(service):
    """An id that nobody sent is 4; one that two adapters know needs --adapter."""
    service.routes["GET", "/api/quarantine"] = page(QUARANTINED, QUARANTINED | {"adapter": "senml"})
    service.routes["POST", "/api/commands"] = {"id": "x", "result": {"released": 3}}
    assert run(app, "quarantine drop nope").exit_code == Exit.NOT_FOUND
    assert run(app, "quarantine drop AB:01").exit_code == Exit.USAGE
    assert run(app, "quarantine drop AB:01 --adapter senml").exit_code == 0
    assert service.bodies()[0]["args"] == {"adapter": "senml", "native": "AB:01", "principal": "join-1", "why": "by hand"}


@pytest.mark.parametrize(("balanced", "code"), [(True, 0), (False, 7)])
def test_the_ledger_fails_when_it_does_not_balance(service, balanced, code):
    """JSON is the service's answer; people see both sums."""
    names = (
        "received",
        "decoded",
        "silent",
        "pending",
        "dead_lettered",
        "quarantined",
        "refused",
        "readings",
        "stored",
        "duplicate",
        "revised",
        "unmapped",
    )
    answer = dict.fromkeys(names, 0) | {"received": 3, "decoded": 3, "balanced": balanced}
    service.routes["GET", "/api/ledger"] = answer
    told = run(app, "ledger --by device --since 24h -o json")
    assert (json.loads(told.stdout), told.exit_code) == (answer, code)
    assert service.params()[0]["by"] == "device"
    assert "received 3 = decoded 3 + silent 0" in run(app, "ledger -o table").stdout


def test_annotations_carry_instants(service):
    """The range goes as UTC; an empty one and an unknown quality are usage errors."""
    service.routes["POST", "/api/commands"] = {"id": "x", "result": {"annotated": "x"}}
    line = "annotate gauge-1 -p water_level --from 2026-09-15T14:00:00+08:00 --to 2026-09-15T18:00:00+08:00"
    assert run(app, line).exit_code == 0
    sent = service.bodies()[0]["args"]
    assert (sent["from"], sent["to"], sent["quality"], sent["reason"]) == (
        "2026-09-15T06:00:00Z",
        "2026-09-15T10:00:00Z",
        4,
        "manual",
    )
    assert run(app, f"{line} --quality 5").exit_code == Exit.USAGE
    assert run(app, "annotate gauge-1 -p x --from 2026-09-15T14:00:00Z --to 2026-09-15T14:00:00Z").exit_code == Exit.USAGE


def test_tokens_are_shown_once(service):
    """For people the token alone is on stdout, so that it can be taken by a shell."""
    service.routes["POST", "/api/tokens"] = (
        201,
        {"id": "t-1", "name": "viewer", "role": "viewer", "token": "t-1.abc", "expires": None},
    )
    answer = run(app, "token create --role viewer --expires 90d -o table")
    assert answer.stdout == "t-1.abc\n"
    assert service.bodies()[0]["expires"].endswith("Z")


@pytest.mark.parametrize(("bad", "code"), [(None, 0), (17, 7)])
def test_a_broken_audit_chain_fails(service, bad, code):
    """The first bad line is named, and the command ends with 7."""
    service.routes["GET", "/api/audit/verify"] = {"whole": bad is None, "first_bad": bad}
    answer = run(app, "audit verify -o table")
    assert answer.exit_code == code
    assert bad is None or "first bad line 17" in answer.stdout


def test_explain_draws_the_steps(service):
    """Every step by its title, bytes as a dump; TIME without a zone is the city's."""
    steps = [
        {"step": "frame", "zh": "帧", "en": "the frame", "hex": "7e7e", "place": 3},
        {"step": "unit", "zh": "单位", "en": "unit", "to": "m"},
    ]
    service.routes["GET", "/api/explain"] = {"device": "gauge-1", "steps": steps}
    answer = run(app, "explain gauge-1 water_level 2026-09-15T03:00:00 -o table").stdout
    assert service.params()[0]["time"] == "2026-09-14T19:00:00Z"
    assert "the frame" in answer
    assert "7e 7e" in answer
    assert "to" in answer
