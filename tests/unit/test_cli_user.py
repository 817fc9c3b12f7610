"""People, tokens, certificates and the audit from the command line, against the service itself while nothing runs."""

import json
import sqlite3

import pytest
from cryptography import x509
from typer.testing import CliRunner

from sensing import audit
from sensing.cli.main import app
from sensing.errors import Exit

invoke = CliRunner(env={"SENSING_LANG": "en", "NO_COLOR": "1", "COLUMNS": "200"}).invoke


@pytest.fixture(scope="module")
def data(tmp_path_factory, quick_hashes):
    return tmp_path_factory.mktemp("data")


def run(data, *words, code=0, typed=None):
    """The JSON answer of a command."""
    answer = invoke(app, ["--data", str(data), *words, "-o", "json"], input=typed)
    assert answer.exit_code == code, answer.output
    return json.loads(answer.stdout) if answer.stdout.strip() else None


def test_a_person_from_added_to_restored(data):
    """A one-time password, shown once; roles and areas; another password from standard input; out and back."""
    made = run(data, "user", "add", "wang", "--role", "engineer", "--area", "漳州", "--area", "厦门", "--name", "王工")
    assert (made["role"], made["areas"], made["must_change"], len(made["password"])) == ("engineer", ["漳州", "厦门"], True, 26)
    assert run(data, "user", "add", "wang", "--role", "viewer", code=Exit.CONFLICT) is None
    own = run(data, "user", "add", "li", "--role", "viewer", "--password-stdin", typed="many plain words 42\n")
    assert "password" not in own
    assert own["must_change"] is False
    assert run(data, "user", "add", "zhao", "--role", "viewer", "--password-stdin", typed="short\n", code=Exit.VALIDATION) is None
    assert run(data, "user", "add", "zhao", "--role", "viewer", "--password-stdin", typed="", code=Exit.USAGE) is None
    assert run(data, "user", "role", "wang", "operator")["areas"] == []
    assert len(run(data, "user", "password", "li")["password"]) == 26
    assert run(data, "user", "remove", "wang", "--yes")["removed"]
    assert [each["id"] for each in run(data, "user", "list")] == ["li"]
    assert [each["id"] for each in run(data, "user", "list", "--removed")] == ["li", "wang"]
    assert run(data, "user", "restore", "wang")["removed"] is None


def test_a_token_bound_to_an_area_is_rotated(data):
    made = run(data, "token", "create", "--role", "viewer", "--name", "wall", "--area", "漳州")
    turned = run(data, "token", "rotate", made["id"], "--overlap", "10m")
    assert (turned["name"], turned["areas"]) == ("wall", ["漳州"])
    listed = {each["id"]: each for each in run(data, "token", "list")}
    assert listed[made["id"]]["expires"]
    assert listed[turned["id"]]["expires"] is None


def test_certificates_go_into_files(data, tmp_path):
    """The key 0600 and nowhere else; one that exists is taken note of; a request is read from its file."""
    run(data, "principal", "register", "dtu-1")
    told = run(data, "principal", "certificate", "dtu-1", "--days", "30", "--to-dir", str(tmp_path))
    assert told["key"] is None
    assert (tmp_path / "dtu-1.key").stat().st_mode & 0o777 == 0o600
    assert x509.load_pem_x509_certificate((tmp_path / "dtu-1.crt").read_bytes())
    assert (tmp_path / "ca.crt").read_text() == (data / "ca.crt").read_text()
    known = run(data, "principal", "certificate", "dtu-1", "--existing", str(tmp_path / "dtu-1.crt"), code=Exit.CONFLICT)
    assert known is None
    assert run(data, "principal", "certificate", "dtu-1", "--csr", str(tmp_path / "none"), code=Exit.NOT_FOUND) is None
    assert run(data, "principal", "certificate", "dtu-1", "--csr", str(tmp_path / "dtu-1.crt"), code=Exit.VALIDATION) is None


def test_the_audit_is_exported_whole_and_verified(data, tmp_path):
    """Every line with its hashes; an edit is found at its line and ends with 7."""
    run(data, "audit", "export", "--to-file", str(tmp_path / "audit.ndjson"))
    lines = [json.loads(line) for line in (tmp_path / "audit.ndjson").read_text("utf-8").splitlines()]
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert {"user_added", "token_rotated", "certificate_added", "audit_exported"} <= {line["what"] for line in lines}
    assert run(data, "audit", "verify") == {"whole": True, "first_bad": None}
    with sqlite3.connect(data / "registry.db") as file:
        file.execute("UPDATE audit SET who = 'nobody' WHERE seq = 4")
    file.close()
    assert audit.verify(data / "registry.db") == 4
    assert run(data, "audit", "verify", code=Exit.CHECK_FAILED)["first_bad"] == 4
