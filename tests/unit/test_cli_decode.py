"""`sensing decode`: the lines that programs read, from real frames, without a service."""

import json
import threading
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sensing import app as composition
from sensing.cli import client
from sensing.cli.main import app
from sensing.cli.readings import COLUMNS, Lines, stand_in
from sensing.model import Decoded, Reading
from tests.cli_service import FakeService
from tests.contract import golden

run = CliRunner(env={"SENSING_LANG": "en", "NO_COLOR": "1"}).invoke
REAL = Path(__file__).resolve().parents[1] / "golden" / "sl651" / "bj-21-34" / "frame.hex"
GOOD = REAL.read_text("ascii").strip()
PARTS = (REAL.parents[1] / "con-m3-3pkt" / "frame.hex").read_text("ascii").split()
CASES = [case for case in golden.cases("sl651") if "context" not in golden.expected(case)]


def decode(text, *options, adapter="sl651"):
    answer = run(app, ["decode", adapter, "-", *options], input=text)
    return answer, [json.loads(line) for line in answer.stdout.splitlines()]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_real_frames_read_as_expected(case):
    """Every golden SL 651 case gives its lines, with results beside them, and 3 when one of them is an error."""
    answer, lines = decode((case / "frame.hex").read_text("ascii"), "--hex")
    wanted = golden.expected(case)["lines"]
    told = [{name: line[name] for name in expected} for line, expected in zip(lines, wanted, strict=True)]
    assert told == wanted
    assert answer.exit_code == (3 if any("error" in line for line in wanted) else 0)


def test_a_line_has_exactly_the_contract_s_keys():
    """Keys and their order are fixed; the result is canonical."""
    _, lines = decode(GOOD, "--hex")
    assert list(lines[0]) == list(COLUMNS)
    assert {line["result_unit"] for line in lines} == {"m", "V"}


def test_a_bad_line_never_stops_the_next():
    """Junk gives an error line with its number, reason and bytes; blank lines count but say nothing; good ones are read."""
    flipped = GOOD[:100] + ("0" if GOOD[100] != "0" else "1") + GOOD[101:]
    answer, lines = decode(f"not hex\n\n{GOOD}\n{flipped}\n{GOOD}\n", "--hex")
    errors = [line for line in lines if "error" in line]
    assert answer.exit_code == 3
    assert [(line["line"], line["error"]) for line in errors] == [(1, "bad_grammar"), (4, "bad_checksum")]
    assert errors[1]["hex"] == flipped.lower()
    assert {line["line"] for line in lines if "device" in line} == {3, 5}


def test_parts_are_joined_across_lines():
    """The readings of a message in three parts stand on the line of the last; parts whose rest never came are errors of their own lines."""
    answer, lines = decode("\n".join(PARTS), "--hex")
    assert (answer.exit_code, {line["line"] for line in lines}) == (0, {3})
    answer, lines = decode("\n".join(PARTS[:2]), "--hex")
    assert [(line["line"], line["error"]) for line in lines] == [(1, "missing_fragment"), (2, "missing_fragment")]
    assert [line["hex"] for line in lines] == [part.lower() for part in PARTS[:2]]
    assert answer.exit_code == 3


def test_text_is_read_as_it_is():
    """Without --hex a line is the payload itself."""
    text = '{"device": "x", "time": "2026-09-14T19:00:00Z", "water_level": 1.25}\r\n{"water_level": \n'
    answer, lines = decode(text, adapter="plainjson")
    assert (lines[0]["device"], lines[0]["result"], lines[0]["result_unit"]) == ("x", 1.25, "m")
    assert (lines[1]["line"], lines[1]["error"], answer.exit_code) == (2, "not_json", 3)


def test_other_forms():
    """A sheet has the columns as its header; a table has local time; errors go to stderr where rows would not fit."""
    sheet = run(app, ["decode", "sl651", "-", "--hex", "-o", "csv"], input=f"{GOOD}\nzz\n")
    assert sheet.stdout.splitlines()[0] == ",".join(COLUMNS)
    assert "line 2: bad_grammar" in sheet.stderr
    table = run(app, ["decode", "sl651", "-", "--hex", "-o", "table"], input=GOOD)
    assert "2026-07-01 05:05:00" in table.stdout
    assert json.loads(run(app, ["decode", "sl651", "-", "--hex", "-o", "json"], input=GOOD).stdout)[0]["code"] == "F5"


@pytest.mark.parametrize("line", ["decode nope", "decode sl651 no-such-file", "decode sl651 --model nope"])
def test_what_does_not_exist_ends_with_4(line):
    """An unknown adapter, file or type is told by name."""
    answer = run(app, line)
    assert answer.exit_code == 4
    assert line.split()[-1] in answer.stderr


def test_a_type_gives_the_mapping():
    """--model takes a type's settings and units; a type of another adapter is refused."""
    case = next(case for case in golden.cases("plainjson") if case.name == "ultrasonic-gauge")
    answer = run(app, ["decode", "plainjson", str(case / "frame.txt"), "--model", "ultrasonic-gauge"])
    lines = [json.loads(line) for line in answer.stdout.splitlines()]
    assert [line.get("code") for line in lines[:2]] == ["mm", "temp"]
    assert (lines[0]["value"], lines[0]["unit"], lines[0]["result"], lines[0]["result_unit"]) == (2310, "mm", 2.31, "m")
    assert run(app, ["decode", "sl651", str(REAL), "--hex", "--model", "ultrasonic-gauge"]).exit_code == 3


def test_a_registered_device_gives_unit_and_zero(monkeypatch):
    """--device takes the device's own unit and, from the day on which it holds, its zero."""
    config = {"offset": 0.0, "mount_height": None, "datum": "", "unit": {"supply_voltage": "mV"}, "period_rule": ""}
    configs = [config | {"valid_from": "1970-01-01T00:00:00Z", "generation": 0, "zero": None}]
    configs.append(config | {"valid_from": "2026-06-30T21:30:00Z", "generation": 1, "zero": 3.5})
    device = {
        "id": "g",
        "type": "generic",
        "native": "0030301490",
        "principal": "g",
        "settings": {},
        "unit": {},
        "configs": configs,
    }
    routes = {("GET", "/api/devices/g"): device, ("GET", "/api/devices/g/settings"): {}}
    monkeypatch.setattr(client, "connect", FakeService(routes).connect)
    _, lines = decode(GOOD, "--hex", "--device", "g")
    assert [line["result"] for line in lines if line["code"] == "F5"] == [0.0] * 5 + [3.5] * 7
    assert lines[-1]["result"] == 0.01232


class Crashing:
    """An adapter with a bug: it fails on `x`, else gives one reading of a code that is in no table."""

    NAME = "crashing"
    STATEFUL = False

    def decode(self, payload, context, _state=None):
        if payload == b"x":
            raise ZeroDivisionError("oh")
        return Decoded(readings=[Reading("n", "c", None, 5, "cm")], controls=["kept"], state=None)


def test_an_adapter_s_bug_costs_one_line():
    """What crashes is `parser_crash` of its line; unmapped codes have no property and no result; controls have their line."""
    lines = Lines(Crashing(), stand_in("crashing", "n", "n", {}, {}))
    told = [row for rows in lines.all([b"x\n", b"y\n"]) for row in rows]
    assert (told[0]["line"], told[0]["error"], told[0]["hex"]) == (1, "parser_crash", "78")
    assert (told[1]["property"], told[1]["value"], told[1]["result"]) == (None, 5, None)
    assert told[2] == {"line": 2, "control": "kept"}
    assert lines.bad


def test_lines_come_out_as_they_go_in():
    """A reading is printed before the next frame arrives: a live pipe is not held back."""
    gate, seen = threading.Event(), []

    def slow():
        yield GOOD.encode()
        seen.append(gate.wait(5))
        yield GOOD.encode()

    lines = Lines(composition.adapters()["sl651"], stand_in("sl651", "n", "n", {}, {})).all(slow(), "hex")
    first = next(lines)
    gate.set()
    assert first[0]["line"] == 1
    assert next(lines)[0]["line"] == 2
    assert seen == [True]


def test_long_files_are_quick():
    """Thousands of lines a second, whatever came before."""
    began = time.process_time()
    answer, lines = decode(f"{GOOD}\n" * 2000, "--hex")
    assert len(lines) == 2000 * 14
    assert answer.exit_code == 0
    assert time.process_time() - began < 4
