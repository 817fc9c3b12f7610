"""A storm whose drill fills the service's disk: what it acknowledged meanwhile is none, what it acknowledged at all is stored once."""

import json
import os
import subprocess

import pytest

from tests.e2e.service import Sensing
from tests.faults.city import FULL

DEVICES, SPAN, TIMES = (250, "6h", 3) if FULL else (30, "40m", 1)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 256 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid():
        pytest.fail("mounting a tmpfs needs root: run `make faults` as root")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256m", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def played(sensing, *words):
    running = sensing.begin(
        "storm", "run", "meranti-2016", "--devices", DEVICES, "--for", SPAN, "--seed", 7, "--speed", "400", *words, "-o", "json",
        stdout=-1, stderr=-1,
    )  # fmt: skip
    try:
        out, talk = running.communicate(timeout=300)
        assert running.returncode == 0, talk
        return json.loads(out)
    finally:
        sensing.down_if_up()


def test_the_disk_is_full_for_a_while(small_disk):
    """Filled to the brim for some seconds, the service loses and doubles nothing, its ledger balances, and it takes frames again."""
    result = played(Sensing(small_disk / "data"), "--faults", f"all,door-kill=0,work-kill=0,disk-full={TIMES}")
    print(json.dumps({name: result[name] for name in ("played", "loss", "duplicates", "recovery")}))
    strikes = result["played"]["strikes"]
    assert [(strike["kind"], "recovered_s" in strike) for strike in strikes] == [("disk-full", True)] * TIMES, strikes
    assert (result["loss"], result["duplicates"], result["values"]["unexplained"]) == (0, 0, 0)
    assert result["ledger"]["balanced"]
    assert not (small_disk / "data" / "storm-ballast").exists()


def test_a_large_disk_is_never_filled(tmp_path):
    """On a disk that is shared with others the strike is skipped, and the score says so."""
    strikes = played(Sensing(tmp_path / "data"), "--faults", "disk-full=1")["played"]["strikes"]
    assert [strike["kind"] for strike in strikes] == ["disk-full"]
    assert "skipped" in strikes[0]
