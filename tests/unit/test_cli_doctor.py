"""`sensing doctor`: each check finds what it is there for."""

import json
import os
import socket

import pytest
from typer.testing import CliRunner

from sensing import sqlite
from sensing.cli import checks
from sensing.cli.main import app
from sensing.errors import Exit
from sensing.settings import Broker, Http, Mqtt, Settings

run = CliRunner(env={"SENSING_LANG": "en", "NO_COLOR": "1", "SENSING_MQTT__PORT": "0", "SENSING_HTTP__PORT": "0"}).invoke


def only(findings):
    found = list(findings)
    assert len(found) == 1
    return found[0]


def test_a_fit_folder_is_well(tmp_path):
    """On a sound folder every check passes or cannot be known, and the command ends with 0."""
    tmp_path.chmod(0o700)
    sqlite.writer(tmp_path / "store.db").close()
    answer = run(app, f"doctor --data {tmp_path} -o json")
    rows = json.loads(answer.stdout)
    assert answer.exit_code == 0, [row for row in rows if row["ok"] is False]
    assert {"python", "sqlite", "settings", "folder", "secrets", "space", "clock", "exposure", "files"} <= {
        row["check"] for row in rows
    }


def test_a_failing_check_ends_with_7_and_says_what_to_do(tmp_path):
    """Others may read the admin token: mark, word, remedy, exit code 7."""
    (tmp_path / "admin.token").write_text("x")
    (tmp_path / "admin.token").chmod(0o644)
    answer = run(app, f"doctor --data {tmp_path} -o table")
    assert answer.exit_code == Exit.CHECK_FAILED
    assert "✖ failed  secrets" in answer.stdout
    assert "chmod 600" in answer.stdout


def test_settings_that_do_not_fit_are_a_finding(tmp_path):
    """The other checks still run, with the defaults."""
    (tmp_path / "config.toml").write_text('mqtt = "x"\n')
    found = {row["check"]: row for row in checks.examine(tmp_path)}
    assert found["settings"]["ok"] is False
    assert found["sqlite"]["ok"] is True


def test_a_damaged_file_is_found(tmp_path):
    """quick_check is SQLite's own word."""
    connection = sqlite.writer(tmp_path / "log.db")
    connection.execute("CREATE TABLE t(x)")
    connection.executemany("INSERT INTO t VALUES (hex(randomblob(?)))", [(500,)] * 200)
    connection.close()
    with (tmp_path / "log.db").open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xff" * 4096)
    assert only(checks.files(tmp_path))["ok"] is False


def test_a_taken_port_is_found(free_port):
    """Only asked when nothing runs here."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", free_port))
        other.listen()
        found = list(checks.ports(Settings(mqtt=Mqtt(port=free_port), http=Http(port=0))))
    assert [row["ok"] for row in found] == [False]
    assert str(free_port) in found[0]["detail"]


@pytest.mark.parametrize(
    ("part", "ok"), [(Mqtt(), True), (Mqtt(host="0.0.0.0"), False), (Mqtt(host="0.0.0.0", insecure_plain=True), None)]
)
def test_plain_mqtt_outside_loopback_is_found(part, ok):
    """Loopback is fine, plain elsewhere is not, and what was allowed in so many words is said to be so."""
    assert next(iter(checks.exposure(Settings(mqtt=part))))["ok"] is ok


def test_a_clock_behind_the_files_is_found(tmp_path):
    """Files from the future mean that the clock went back."""
    (tmp_path / "log.db").write_bytes(b"")
    assert only(checks.clock(tmp_path))["ok"] is True
    os.utime(tmp_path / "log.db", (4_000_000_000, 4_000_000_000))
    assert only(checks.clock(tmp_path))["ok"] is False


def test_a_folder_open_to_everybody_is_found(tmp_path):
    """World-writable is a failure; a folder that is not there yet is not."""
    tmp_path.chmod(0o777)
    assert next(checks.folder(tmp_path))["ok"] is False
    assert only(checks.folder(tmp_path / "new"))["ok"] is True


def test_a_certificate_that_cannot_be_read_is_found(tmp_path):
    """The setting and the file are named."""
    found = only(checks.certificates(Settings(mqtt=Mqtt(tls_cert=tmp_path / "none.pem"))))
    assert found["ok"] is False
    assert "mqtt.tls_cert" in found["detail"]


def test_a_broker_that_does_not_answer_is_found(free_port):
    """Each configured broker is asked whether it keeps what we miss."""
    found = list(checks.brokers(Settings(brokers=[Broker(host="127.0.0.1", port=free_port, principal="b")])))
    assert [row["ok"] for row in found] == [False]


def test_a_check_that_breaks_hides_no_other():
    """It becomes a finding of its own that nobody can know."""

    def broken():
        raise ZeroDivisionError("oh")

    assert only(checks._guarded("odd", broken))["ok"] is None
