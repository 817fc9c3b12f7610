"""Who plays in a run: registered once, changed only when a simulation brought it; ids of runs; scenarios on the shelf."""

import pytest

from sensing.audit import Actor
from sensing.errors import ConflictError, UsageError
from sensing.registry import DeviceForm, Registry
from sensing.registry.casts import enrol
from sensing.storms import new_id
from sensing.topics import is_id
from simulators import shelf
from simulators.cast import merged
from simulators.player import Cue
from simulators.said import Sent
from tests.house import TYPES

ACTOR = Actor("tester")
GATEWAYS = {"gw-01": "gateway", "rx-01": "receiver"}


@pytest.fixture
def registry(tmp_path):
    made = Registry(tmp_path / "registry.db", TYPES)
    yield made
    made.close()


def form(number, **more):
    return {"id": f"sim-{number}", "type": "gauge", "native": str(number), "principal": "gw-01", "note": "simulated", **more}


def test_a_cast_is_registered_once(registry):
    """The second run finds gateways and devices there, and gets passwords of its own that end with it."""
    first = enrol(registry, "storm-1", "simulated", "storm", GATEWAYS, [form(n) for n in range(700)], ACTOR)
    before = registry.count_devices()
    second = enrol(registry, "storm-2", "simulated", "storm", GATEWAYS, [form(n) for n in range(700)], ACTOR)
    assert (before, registry.count_devices()) == (700, 700)
    assert set(first) == set(second) == set(GATEWAYS)
    assert not set(first.values()) & set(second.values())
    assert registry.show_principal("rx-01").kind == "receiver"
    assert registry.end_run("storm-1", actor=ACTOR) == 2
    live = [one.run for one in registry.show_principal("gw-01").credentials if one.revoked is None]
    assert live == ["storm-2"]


def test_a_device_that_a_simulation_brought_follows_the_next_one(registry):
    """Another zero, place or setting holds from the beginning of time, so that a storm of 2016 has it; a retired one comes back."""
    enrol(registry, "storm-1", "simulated", "storm", GATEWAYS, [form(1), form(2)], ACTOR)
    registry.retire_device("sim-2", actor=ACTOR)
    changed = form(1, zero=2.5, lat=24.5, lon=117.9, settings={"thresholds": {"water_level": {"watch": 3.0}}})
    enrol(registry, "storm-2", "simulated", "storm", GATEWAYS, [changed, form(2)], ACTOR)
    device = registry.show_device("sim-1")
    assert (device.config.zero, device.config.valid_from, device.lat, device.settings["thresholds"]["water_level"]["watch"]) == (
        2.5, 0, 24.5, 3.0)  # fmt: skip
    assert registry.show_device("sim-2").state == "active"
    version = registry.version()
    enrol(registry, "storm-3", "simulated", "storm", GATEWAYS, [changed, form(2)], ACTOR)
    assert registry.show_device("sim-1").config == device.config
    assert registry.version() > version


def test_somebodys_own_device_is_never_touched(registry):
    """A device that people registered under an id of the cast stops the run, with a remedy; it stays as it is."""
    registry.register_principal("gw-01", "gateway", actor=ACTOR)
    registry.register_device(DeviceForm.read(form(1, note="", name="Wang's gauge")), actor=ACTOR)
    with pytest.raises(ConflictError, match="sim-1"):
        enrol(registry, "storm-1", "simulated", "storm", GATEWAYS, [form(1, name="simulated gauge")], ACTOR)
    assert registry.show_device("sim-1").name == "Wang's gauge"


def test_run_ids_are_ids_and_never_the_same():
    """Whatever a storm is called, its runs have valid ids of their own."""
    for name in ("meranti-2016", "air_beijing_usembassy_pm25_2013-01_hourly", "台风", "-"):
        assert is_id(new_id(name))
    assert len({new_id("meranti-2016") for _ in range(50)}) == 50


def test_the_sites_own_scenario_comes_first(tmp_path):
    """`storm new` copies a scenario and its track; from then on its name means the copy, and another of that name is refused."""
    assert shelf.resolved(tmp_path, "meranti-2016") == "meranti-2016"
    path = shelf.new(tmp_path, "worst-case", "meranti-2016")
    assert path == tmp_path / "storms" / "worst-case.toml"
    assert shelf.resolved(tmp_path, "worst-case") == str(path)
    assert len(shelf.shown(tmp_path, "worst-case")["track"]) > 20
    assert {row["name"]: row["own"] for row in shelf.listed(tmp_path)}["worst-case"] is True
    with pytest.raises(ConflictError):
        shelf.new(tmp_path, "worst-case", "calm-day")
    for name in ("../x", "A", ""):
        with pytest.raises(UsageError):
            shelf.new(tmp_path, name, "calm-day")


def test_cues_stand_between_the_frames():
    """What befalls the service comes at its time, and frames keep their order."""
    frames = [Sent(time, "gw", "t", b"") for time in (1, 1, 3, 5)]
    assert [each.time for each in merged(frames, [Cue(2, "a"), Cue(9, "b")])] == [1, 1, 2, 3, 5, 9]
    assert list(merged(frames, [])) == frames
