"""`sensing device import`, `undo` and `imports` over the real app, in this process: what is printed, written and ended with."""

import csv
import json
import stat

import pytest
from typer.testing import CliRunner

from sensing.cli.main import app
from sensing.errors import Exit

run = CliRunner(env={"SENSING_LANG": "en", "NO_COLOR": "1"}).invoke
GOOD = "编号;类型;站码;纬度;经度;厂家\ng-1;river-gauge;0012345678;24.5;117.6;x\ng-2;river-gauge;0012345679;117.6;24.5;y\n"


@pytest.fixture
def sensing(tmp_path):
    def ask(line, **more):
        answer = run(app, f"--data {tmp_path / 'data'} {line}", **more)
        assert "Traceback" not in answer.output
        return answer

    return ask


def test_a_sheet_is_previewed_imported_and_taken_back(sensing, tmp_path):
    """The whole way of a field engineer: preview, import with errors and passwords in files, mend, undo, export as before."""
    sheet, bad, secret = tmp_path / "list.csv", tmp_path / "bad.csv", tmp_path / "passwords.csv"
    sheet.write_bytes(GOOD.encode("gb18030"))
    before = sensing("device export -o csv").stdout
    preview = sensing(f"device import {sheet} --dry-run -o json")
    assert preview.exit_code == Exit.VALIDATION
    told = json.loads(preview.stdout)
    assert (told["new"], told["bad"], told["state"], told["unknown"]) == (1, 1, "preview", ["厂家"])
    assert sensing("device export -o csv").stdout == before
    done = sensing(f"device import {sheet} --errors {bad} --credentials {secret} -o json")
    assert done.exit_code == Exit.VALIDATION
    told = json.loads(done.stdout)
    assert told["credentials"] == []
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    (credential,) = csv.DictReader(secret.read_text("utf-8").splitlines())
    assert (credential["username"], len(credential["password"]) > 20) == ("g-1", True)
    assert credential["password"] not in done.output
    (row,) = csv.DictReader(bad.read_text("utf-8-sig").splitlines())
    assert (row["id"], row["row"], row["hint"]) == ("g-2", "3", "lat and lon look swapped")
    mended = bad.read_text("utf-8-sig").replace("117.6,24.5", "24.5,117.6")
    again = sensing("device import - -o json", input=mended)
    assert (again.exit_code, json.loads(again.stdout)["new"], json.loads(again.stdout)["unknown"]) == (0, 1, ["厂家"])
    same = sensing("device import - -o json", input=sensing("device export -o csv").stdout)
    assert (json.loads(same.stdout)["same"], same.exit_code) == (2, 0)
    listed = json.loads(sensing("device imports -o json").stdout)
    assert [each["new"] for each in listed] == [0, 1, 1]
    sensing(f"device undo {listed[1]['id']}")
    sensing(f"device import undo {listed[2]['id']}")
    assert sensing("device export -o csv").stdout == before
    assert sensing(f"device undo {listed[2]['id']}").exit_code == Exit.CONFLICT
    assert sensing("device undo i-nothing").exit_code == Exit.NOT_FOUND


def test_what_cannot_be_imported_is_told_and_leaves_nothing(sensing, tmp_path):
    """No file, no sheet, passwords into a file that is there: an error each, no device and no empty file of passwords."""
    sheet, secret = tmp_path / "list.csv", tmp_path / "passwords.csv"
    assert sensing("device import nowhere.csv").exit_code == Exit.NOT_FOUND
    sheet.write_text("nothing of ours\n")
    assert sensing(f"device import {sheet} --credentials {secret}").exit_code == Exit.VALIDATION
    assert not secret.exists()
    secret.write_text("mine")
    sheet.write_text("id,type\ng-1,river-gauge\n")
    assert sensing(f"device import {sheet} --credentials {secret}").exit_code == Exit.CONFLICT
    assert secret.read_text() == "mine"
    assert sensing(f"device import {sheet} --on-exists maybe").exit_code == Exit.USAGE
    assert json.loads(sensing("device list -o json").stdout) == []
