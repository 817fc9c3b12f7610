"""`sensing doctor`: who may touch the files, what is another's, what leads nowhere; and an answer that nothing of ours disturbs."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sensing import runfile
from sensing.cli import checks, checks_access, repairs
from sensing.cli.main import app
from tests.house import House

run = CliRunner(env={"SENSING_LANG": "en", "NO_COLOR": "1", "SENSING_MQTT__PORT": "0", "SENSING_HTTP__PORT": "0"}).invoke
NOBODY = 65534


@pytest.fixture
def data(tmp_path):
    found = tmp_path / "data"
    House(found).close()
    found.chmod(0o700)
    return found


def said(data):
    return {row["check"]: row for row in checks_access.access(data)}


def owned_by(monkeypatch, name, uid):
    """As if the file of this name were another user's: only root may make it so."""
    real = Path.lstat

    def lstat(path):
        found = list(real(path))
        return os.stat_result([*found[:4], uid, *found[5:]]) if path.name == name else real(path)

    monkeypatch.setattr(Path, "lstat", lstat)


def test_a_run_file_that_is_none_is_a_leftover(data):
    """Whatever stands in run.json, nothing runs, every check is made, and --repair takes it away."""
    for text in (b"", b"{", b"{}", b"[1]", b'{"pid": null}', b'{"pid": "7"}', b'{"pid": true}', b'{"roles": {}}', b"\xff"):
        (data / "run.json").write_bytes(text)
        assert runfile.running(data) is None, text
    found = {row["check"]: row for row in checks.examine(data)}
    assert (found["leftovers"]["ok"], found["leftovers"]["detail"], found["files"]["ok"]) == (None, "run.json", True)
    assert f"removed {data / 'run.json'}" in [row["detail"] for row in repairs.repair(data)]


def test_what_repair_does_is_said_on_stderr_and_stdout_is_the_answer(data):
    """An orphan of the lake is removed in words; stdout is JSON and nothing else."""
    (data / "lake").mkdir(exist_ok=True)
    (data / "lake" / "x.parquet").write_bytes(b"")
    answer = run(app, f"doctor --repair --data {data} -o json")
    assert isinstance(json.loads(answer.stdout), list)
    assert "removed x.parquet" in answer.stderr
    assert "orphans_removed" not in answer.output


def test_a_file_of_another_owner_is_named_and_given_back(data, monkeypatch):
    """`sudo sensing ...` leaves files that the service cannot open: which, whose, what to do; root's --repair does it."""
    assert said(data)["owner"]["ok"] is True
    owned_by(monkeypatch, "store.db", NOBODY)
    found = said(data)["owner"]
    assert (found["ok"], str(data / "store.db") in found["detail"]) == (False, True)
    assert "chown -R" in found["remedy"]
    given = []
    monkeypatch.setattr(os, "chown", lambda path, uid, gid, **_how: given.append((path.name, uid)))
    for me, expected in ((1000, []), (0, [("store.db", data.stat().st_uid)])):
        monkeypatch.setattr(os, "geteuid", lambda me=me: me)
        list(repairs.repair(data))
        assert given == expected


def test_settings_that_others_may_write_are_found_and_mended(data):
    """They say where the service listens and whom it tells everything."""
    (data / "config.toml").write_text("")
    (data / "config.toml").chmod(0o666)
    assert "others may write" in said(data)["secrets"]["detail"]
    list(repairs.repair(data))
    assert (data / "config.toml").stat().st_mode & 0o777 == 0o644
    assert "secrets" not in said(data)


def test_a_link_that_leads_nowhere_is_said_and_left(data):
    """A folder on a disk that is not mounted: perhaps it will be."""
    (data / "things").symlink_to("/nonexistent")
    assert said(data)["links"]["ok"] is None
    list(repairs.repair(data))
    assert (data / "things").is_symlink()


def test_every_database_of_the_folder_is_checked(data):
    """A damaged list of messages or of points is found as a damaged store is."""
    names = ("export.db", "cap.db", "alerts.db")
    for name in names:
        (data / name).write_bytes(b"SQLite format 3\0" + b"\xff" * 8000)
        found = [row for row in checks._guarded("files", checks.files, data) if name in row["detail"]]
        assert [row["ok"] for row in found] == [False]
        (data / name).unlink()
