"""What ships' agents declare in a drill: from the story's calls, given to the service before the first frame."""

import argparse

import pytest

from sensing.agents import declare
from sensing.errors import UnreachableError
from sensing.maritime import manifest
from simulators.cast import Cast
from simulators.vessels.agents import CHINESE
from simulators.vessels.trade import CARGOES


def cast(storm, devices=150):
    return Cast(argparse.Namespace(storm=storm, seed=None, track=None, devices=devices, vessels=None, faults="none", delay=[], without=[],
                                   now=False, lasts=None))  # fmt: skip


def test_what_is_dangerous_aboard_is_listed_and_nothing_else():
    """A row a call, as the importer reads it: every ship whose cargo has a UN number, and the tanker from Busan with its three thousand tonnes."""
    story = cast("gulei-leak")
    rows = list(manifest.read(story.roster()["cargo"].encode()))
    assert all(isinstance(row, manifest.Consignment) and row.un and row.arrival for row in rows)
    dangerous = {(str(call.mmsi), call.un_number) for call in story._ships.calls() if call.un_number}
    assert {(row.mmsi, row.un) for row in rows} == dangerous
    (tanker,) = [row for row in rows if row.mmsi == "440702000"]
    assert (tanker.name, tanker.goods, tanker.tonnes, tanker.last_port) == (
        "ULSAN PIONEER", "醋酸乙烯 vinyl acetate", 3000.0, "Busan 釜山")  # fmt: skip
    assert tanker.arrival > story.begin


def test_a_storm_that_does_not_say_so_declares_nothing():
    """Only where the scenario has it: `[ships] declared = true`."""
    assert cast("calm-day", 30).roster()["cargo"] == ""


def test_everything_dangerous_has_a_chinese_name():
    """A cargo that is added to the trade needs one here."""
    assert {goods for listed in CARGOES.values() for goods, un in listed if un} == set(CHINESE)


def test_a_service_that_takes_no_list_is_said_so(tmp_path):
    """Nobody listens; and without a list nobody is asked."""
    (tmp_path / "admin.token").write_text("x")
    assert declare(tmp_path, {"http": "http://127.0.0.1:9"}, "r", {"cargo": ""}) == 0
    with pytest.raises(UnreachableError, match="could not be declared"):
        declare(tmp_path, {"http": "http://127.0.0.1:9"}, "r", {"cargo": "MMSI\n"})
