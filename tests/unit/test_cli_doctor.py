"""`sensing doctor`: each check finds what it is there for."""

import json
import os
import socket
from contextlib import closing

import pytest
from typer.testing import CliRunner

from sensing import runfile, sqlite, times
from sensing.cli import checks, checks_files
from sensing.cli.main import app
from sensing.errors import Exit
from sensing.framelog.archive_seal import seal as seal_frames
from sensing.framelog.sqlite import SqliteLog
from sensing.model import Frame, Source
from sensing.settings import Archive, Broker, Http, Lake, Mqtt, Settings
from sensing.store.lake.seal import seal
from tests.house import House, reading

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


def found_by(data):
    return {row["check"]: row for row in checks.examine(data)}


def test_files_that_are_missing_or_cut_off_are_found(tmp_path):
    """A segment that the store names and a file of the archive: gone or shorter is a failure, one too many is not."""
    house = House(tmp_path / "data")
    house.device("g1")
    for number in range(3):
        house.send("g1", reading("g1", number, times.now()))
    seal_frames(house.data, Archive(after_h=0, every_h=0), 3)
    house.log.adopt(3)
    seal(house.data / "store.db", Lake(seal_after_min=0, seal_rows=1, seal_every_min=0))
    house.work.store.tend_lake()
    (house.data / "lake" / "x.parquet").write_bytes(b"")
    house.close()
    fit = found_by(house.data)
    assert all(fit[name]["ok"] for name in ("lake", "archive", "schemas", "journal", "leftovers", "clock_log")), fit
    assert "1 that nobody names" in fit["lake"]["detail"]
    for path in (*(house.data / "lake").glob("seal*.parquet"), *(house.data / "frames").glob("*.zst")):
        path.write_bytes(path.read_bytes()[:-1])
    hurt = found_by(house.data)
    assert (hurt["lake"]["ok"], hurt["archive"]["ok"]) == (False, False)


def test_a_newer_schema_and_a_clock_behind_the_log_are_found(tmp_path):
    """Files that a newer program wrote, and a last frame from the future."""
    with closing(SqliteLog(tmp_path / "log.db")) as log:
        log.append([Frame(Source("sl651", "a", "t", "up"), times.now() + 600 * times.SECOND, b"x")])
    with closing(sqlite.writer(tmp_path / "store.db")) as store:
        store.pragma("user_version", 99)
    found = {row["check"]: row["ok"] for row in (*checks_files.schemas(tmp_path), checks_files._last_stamp(tmp_path, ""))}
    assert found == {"schemas": False, "clock_log": False}


def test_a_clock_that_devices_contradict_is_said(tmp_path):
    """The middle of five live devices is ten minutes from the door's stamps: worth a look, no failure."""
    house = House(tmp_path / "data")
    for number in range(5):
        house.device(f"g{number}")
        house.send(f"g{number}", reading(f"g{number}", 1.0, times.now() - 600 * times.SECOND))
    house.close()
    found = only(checks_files._devices(house.data, ""))
    assert (found["ok"], "+600 s" in found["detail"]) == (None, True)


def test_repair_mends_what_is_safe_and_says_so(tmp_path):
    """Modes, what killed commands left, orphans, the WAL; a live command's passing files and a live service's run file stay."""
    data = tmp_path / "data"
    House(data).close()
    data.chmod(0o755)
    (data / "admin.token").chmod(0o644)
    (data / "run.json").write_text('{"pid": 999999999}')
    (data / "backup-999999999.tmp").mkdir()
    (data / f"backup-{os.getpid()}.tmp").mkdir()
    (data / "b.zip.part").write_bytes(b"x")
    os.utime(data / "b.zip.part", (1, 1))
    (data / "c.zip.part").write_bytes(b"x")
    (data / "lake").mkdir()
    (data / "lake" / "seal-1.parquet.part").write_bytes(b"x")
    connection = sqlite.writer(data / "log.db")
    connection.execute("INSERT INTO marks VALUES('x', 1)")
    answer = run(app, f"doctor --repair --data {data} -o json")
    assert answer.exit_code == 0, answer.output
    assert answer.stderr.count("repaired") == 8, answer.stderr
    assert sorted(path.name for path in data.glob("*.tmp")) == [f"backup-{os.getpid()}.tmp"]
    assert [path.name for path in data.glob("*.part")] == ["c.zip.part"]
    assert (data.stat().st_mode & 0o777, (data / "admin.token").stat().st_mode & 0o777) == (0o700, 0o600)
    assert (list((data / "lake").iterdir()), (data / "run.json").exists(), (data / "log.db-wal").stat().st_size) == ([], False, 0)
    connection.close()
    with runfile.only_one(data):
        assert "left" in run(app, f"doctor --repair --data {data} -o json").stderr
