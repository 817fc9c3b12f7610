"""`make bench` runs, counts right and puts the baseline beside; how fast anything was is not asked here."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def bench(tmp_path, *arguments):
    """What a quick run writes to its file, and prints."""
    out = tmp_path / "bench.json"
    line = [sys.executable, "-m", "tests.bench", "--quick", "--dir", str(tmp_path), "--out", str(out), *arguments]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    left = [path.name for path in tmp_path.iterdir() if path != out]
    assert not left, "it cleans up behind itself"
    return json.loads(out.read_text()), done.stdout


def rounds(found, part):
    return [row for case in found["parts"][part].values() for row in case["rounds"]]


def test_every_frame_becomes_its_rows_once(tmp_path):
    """The parts over work and over both roles: each message sent is stored, once, and the ledger balances."""
    found, shown = bench(tmp_path, "fsync", "work", "whole")
    assert not found["wrong"]
    assert {row["case"] for row in rounds(found, "work")} == {"json", "sl651", "senml"}
    for row in rounds(found, "work"):
        assert row["frames"] == row["sent"] == row["instants"]
        assert row["balanced"] is True
    (whole,) = rounds(found, "whole")
    assert whole["sent"] == whole["acked"] == whole["rows"] == whole["distinct"] == whole["stored"] > 0
    assert {"cores", "python", "sqlite", "stolen_s", "stolen_percent"} <= found["host"].keys()
    assert "the host stole" in shown


def test_the_baseline_stands_beside_the_door(tmp_path):
    """Door and both baselines take the same load; what the door acknowledged is in its log, and the ratios are told."""
    found, shown = bench(tmp_path, "door", "paho", "hand", "--case", "json 200 x 10")
    assert not found["wrong"]
    (door,) = rounds(found, "door")
    assert door["logged"] >= door["acked"] > 0
    assert all(row["rows"] == row["sent"] for part in ("paho", "hand") for row in rounds(found, part))
    assert all(found["ratios"][over]["json 200 x 10"]["best"] > 0 for over in ("paho", "hand"))
    assert [one["case"] for one in found["floors"]] == ["json 200 x 10"]
    assert "door / paho" in shown
