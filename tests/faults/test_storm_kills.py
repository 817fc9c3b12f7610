"""A storm with every fault at once and kills of door and work: nothing that was acknowledged is lost or doubled, and the books balance."""

import json

import pytest

from tests.e2e.service import Sensing
from tests.faults.city import FULL

DEVICES, SPAN, FLOOR_CLEAN, FLOOR_FAULTS = (2500, "48h", 200, 60) if FULL else (50, "2h", 200, 60)
KILLS, SPEED = (5, "max") if FULL else (2, "900")
"""A short storm is over before the first kill has come about: it is played no faster than that."""


@pytest.fixture
def sensing(tmp_path):
    made = Sensing(tmp_path / "data")
    made.environ["SENSING_LANG"] = "en"
    yield made
    made.down_if_up()


def storm(sensing, faults, speed="max"):
    """The score of a whole storm as fast as it goes; the service is its own."""
    out, _ = told(
        sensing,
        "storm",
        "run",
        "meranti-2016",
        "--devices",
        DEVICES,
        "--for",
        SPAN,
        "--seed",
        7,
        "--faults",
        faults,
        "--speed",
        speed,
    )
    result = json.loads(out)
    print(json.dumps(result["played"] | {name: result[name] for name in ("loss", "duplicates", "recovery", "frames")}))
    return result


def told(sensing, *words):
    running = sensing.begin(*words, "-o", "json", stdout=-1, stderr=-1)
    out, talk = running.communicate(timeout=3600 if FULL else 300)
    assert running.returncode == 0, talk
    return out, talk


def test_every_fault_and_the_kills(sensing):
    """All faults and kills of door and work: lost 0, doubled 0, ledger balanced, every broken frame a dead letter, and not slower than the floor."""
    result = storm(sensing, f"all,door-kill={KILLS},work-kill={KILLS},disk-full=0,broker-kill=0", SPEED)
    kinds = [strike["kind"] for strike in result["played"]["strikes"] if "recovered_s" in strike]
    assert sorted(kinds) == ["door-kill"] * KILLS + ["work-kill"] * KILLS
    assert result["played"]["lost_connections"] > 2 * KILLS
    assert (result["loss"], result["duplicates"]) == (0, 0)
    assert result["values"]["unexplained"] == result["values"]["different"] == 0
    assert result["ledger"]["balanced"]
    assert result["dead_letters"]["missing"] == 0
    assert result["played"]["ratio"] >= FLOOR_FAULTS


def test_a_clean_storm_is_fast(sensing):
    """Without faults: lost 0, doubled 0, and at least 200 times as fast as the world, say, encode, door, decode and store in one."""
    result = storm(sensing, "none")
    assert (result["loss"], result["duplicates"]) == (0, 0)
    assert result["ledger"]["balanced"]
    assert result["dead_letters"]["found"] == 0
    assert result["played"]["ratio"] >= FLOOR_CLEAN
