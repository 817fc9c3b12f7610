"""The drill of a leak through the real service: agents' lists, receivers, monitors, and the story that people read."""

import re

import pytest

from sensing.paths import config_dir
from tests.e2e.service import Sensing

SHIFT_H = 6.4
"""Played from shortly before the plume comes to the quay, with the same weather."""


@pytest.fixture(scope="module")
def leak(tmp_path_factory):
    """(the service's folder, the run) of an hour of the leak with all faults of values off."""
    sensing = Sensing(tmp_path_factory.mktemp("leak") / "data")
    text = (config_dir() / "storms" / "gulei-leak.toml").read_text("utf-8")
    text = text.replace("begin = 2026-05-10T00:00:00Z", "begin = 2026-05-10T06:24:00Z").replace("2026-05-11T00", "2026-05-10T08")
    for key in ("begin_h", "end_h", "arrives_h", "pilot_h"):
        text = re.sub(rf"(?m)^{key} = (.*)", lambda found, key=key: f"{key} = {float(found[1]) - SHIFT_H:.2f}", text)
    (sensing.data / "storms").mkdir(parents=True)
    (sensing.data / "storms" / "leak.toml").write_text(text, "utf-8")
    try:
        sensing.up()
        played = sensing.json("storm", "run", "leak", "--devices", "30", "--for", "50m")
        yield sensing, played["played"]["run"], played
    finally:
        sensing.down_if_up()


def test_the_drill_raises_who_is_downwind_of_the_tanker_and_tells_it(leak):
    """Cargo is declared for the run, gas comes to the quay: the rule rises once, and `event show` tells ship, goods, berth and wind, as a drill."""
    sensing, run, played = leak
    assert played["events"]["beside"]["gas_downwind"] == 1
    (gas,) = sensing.json("event", "list", "--run", run, "--kind", "gas_downwind")
    story = sensing.say("event", "show", gas["id"], "-o", "table")
    assert "【演练】" in story
    assert "ULSAN PIONEER 靠泊古雷港区南18#泊位，申报载有 UN 1301 醋酸乙烯" in story
    assert "to leeward of Gulei South 18#" in story
    assert "Harmful gas, dangerous goods" in story
    assert sensing.json("event", "list", "--kind", "gas_downwind") == []
