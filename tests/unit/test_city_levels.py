"""Thresholds come from the physics: a storm crosses them and a calm day does not. Seeds are none that a score is made on."""

import numpy as np
import pytest

from sensing.times import HOUR, MINUTE
from simulators.city import measures
from simulators.city.levels import PROPERTY
from simulators.city.roster import groups
from simulators.city.world import World
from simulators.story import open_story

SEED = 101


def crossed(storm, severity="watch"):
    """Kinds by how many of their devices see a level at any time of a storm."""
    story = open_story(storm, seed=SEED)
    times = np.arange(story.begin, story.end, 10 * MINUTE)
    found = {}
    for group in groups(SEED, 1_000):
        if not group.devices[0].thresholds:
            continue
        world = World(story, group)
        level = world.sample("voc", times) if group.kind == "voc" else measures.level(world, times)
        floor = np.array([device.thresholds[PROPERTY[group.kind]][severity] for device in group.devices])
        found[group.kind] = found.get(group.kind, 0) + int((level.max(axis=1) >= floor).sum())
    return found


def test_a_calm_day_crosses_nothing():
    """No gauge, camera or monitor sees its lowest level."""
    assert set(crossed("calm-day").values()) == {0}


@pytest.mark.parametrize(
    ("storm", "severity", "kinds"),
    [
        ("meranti-2016", "danger", {"river", "ponding"}),
        ("meranti-2016", "watch", {"reservoir", "camera"}),
        ("spring-tide", "warning", {"tide"}),
        ("gulei-leak", "danger", {"voc"}),
    ],
)
def test_what_a_storm_brings_is_seen(storm, severity, kinds):
    """Each kind of danger is seen by somebody in the storm that brings it."""
    found = crossed(storm, severity)
    assert all(found[kind] for kind in kinds), found


def test_a_sensor_over_water_sees_low_water_and_danger():
    """A sensor that looks down hangs high enough for its danger level and low enough for low water."""
    story = open_story("meranti-2016", seed=SEED)
    times = np.arange(story.begin, story.end, HOUR)
    for group in groups(SEED, 400):
        if "mount_height" in group.devices[0].form_more and group.kind != "weather":
            lowest = measures.level(World(story, group), times).min(axis=1)
            for device, low in zip(group.devices, lowest, strict=True):
                mount, levels = device.form_more["mount_height"], device.thresholds["water_level"]
                assert levels["danger"] < mount - 0.3
                assert mount - low <= (9.9 if device.adapter == "lorawan" else 14.9)
