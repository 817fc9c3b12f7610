"""Thresholds as they are written, and the machine that steps from sample to sample: no store, no clock."""

import msgspec
import pytest

from sensing import thresholds
from sensing.errors import ValidationError
from sensing.events import Machine, event_id
from sensing.quality import TEST
from sensing.registry import DeviceForm
from sensing.registry.forms import DeviceChanges, FormError
from sensing.things import ThingType
from sensing.times import SECOND

RIVER = {"watch": 2.8, "warning": 3.2, "danger": 4.0, "hysteresis": 0.1}


def rule(**fields):
    return thresholds.read({"water_level": fields})["water_level"][0]


def played(fields, *values, every=60):
    """Every state in which an event was told, one sample a minute: (start, severities with minutes, peak, end)."""
    machine, told = Machine(), []
    for minute, value in enumerate(values):
        found = machine.step(rule(**fields), minute * every * SECOND, value)
        if found is not None:
            steps = [(step.severity, step.time // (every * SECOND)) for step in found.steps]
            end = None if found.end is None else found.end // (every * SECOND)
            told.append((found.start // (every * SECOND), steps, found.peak, end))
    return told


def test_an_event_climbs_and_ends():
    """It begins at its first level, climbs step by step, keeps its peak and ends below the hysteresis."""
    assert played(RIVER, 1.0, 2.8, 3.0, 3.3, 3.1, 2.75, 2.69)[-1] == (1, [(0, 1), (1, 3)], 3.3, 6)


def test_to_touch_a_level_is_to_reach_it():
    """Equal to the lowest level begins; equal to the level less the hysteresis does not end."""
    assert played(RIVER, 2.7999999, 2.8) == [(1, [(0, 1)], 2.8, None)]
    assert played(RIVER, 2.8, 2.7)[-1][3] is None
    assert played({"watch": 2.8}, 2.8, 2.7999)[-1][3] == 1


def test_nothing_flaps_within_the_hysteresis():
    """A level that is crossed a hundred times is one event with one step."""
    told = played(RIVER, *[2.85, 2.75] * 100)
    assert told == [(0, [(0, 0)], 2.85, None)]


def test_a_jump_is_one_step():
    """What is in danger at once was in no other severity before."""
    assert played(RIVER, 1.0, 4.5, 2.0)[-1] == (1, [(2, 1)], 4.5, 2)


def test_a_level_must_last_where_the_rule_says_so():
    """With `for`, an event exists once every value was there so long, and starts when the first was; a dip begins anew."""
    lasting = {**RIVER, "for": 120}
    assert played(lasting, 2.9, 2.9, 2.75, 2.9, 2.9) == []
    assert played(lasting, 2.9, 2.9, 2.75, 2.9, 2.9, 3.5)[0] == (3, [(0, 5)], 3.5, None)
    assert played(lasting, 2.9, 3.5, 3.5, 3.5)[-1] == (0, [(0, 2), (1, 3)], 3.5, None)
    assert played(lasting, 2.9, 2.9, 1.0, 2.9, 2.9) == []


def test_low_values_can_be_the_bad_ones():
    """`below` mirrors everything, the peak too."""
    low = {"watch": 2.0, "danger": 1.0, "hysteresis": 0.5, "below": True}
    assert played(low, 3.0, 2.0, 0.8, 2.4, 2.6)[-1] == (1, [(0, 1), (2, 2)], 0.8, 4)
    assert rule(**low).kind == "water_level_low"


def test_a_machine_goes_through_json():
    """What the store keeps of it goes on as if nothing had been."""
    lasting = rule(**{**RIVER, "for": 120})
    one, values = Machine(), [2.9, 3.3, 3.3, 3.3, 3.5, 2.0]
    other = Machine()
    for minute, value in enumerate(values):
        other = msgspec.json.decode(msgspec.json.encode(other), type=Machine)
        assert one.step(lasting, minute * 60 * SECOND, value) == other.step(lasting, minute * 60 * SECOND, value)
    assert one == other


def test_an_id_is_of_what_it_names():
    """12 hex digits, another for each part that differs."""
    parts = ("water_level_high", "g1", "instant", "", "", 60)
    assert event_id(*parts) == event_id(*parts) == "a2a6819315ec"
    others = [
        ("water_level_low", *parts[1:]),
        ("water_level_high", "g2", *parts[2:]),
        (*parts[:3], "F5", "", 60),
        (*parts[:4], "drill", 60),
    ]
    assert len({event_id(*each) for each in [parts, *others, (*parts[:5], 61)]}) == 6


def test_one_datastream_of_a_property_is_watched_unless_told():
    """The instant values without a channel; a station that says its level on 39H and in a block of F5H has one flood, not two."""
    assert rule(watch=1).covers("instant", "")
    assert not rule(watch=1).covers("instant", "F5")
    assert not rule(watch=1).covers("sum/total", "")
    assert rule(watch=1, statistic="sum/PT1H").covers("sum/PT1H", "")
    assert not rule(watch=1, statistic="mean/PT1H").covers("instant", "")
    assert rule(watch=1, channel="F5").covers("instant", "F5")
    assert not rule(watch=1, channel="F5").covers("instant", "")
    assert rule(watch=1, channel="*").covers("instant", "F6")
    assert TEST[0] == 2, "a test message is not evaluated, and only what is good makes events"


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ([], "not an object"),
        ({"water_levl": {"watch": 1}}, "did you mean water_level?"),
        ({"Wasser": {"watch": 1}}, "not a property"),
        ({"water_level": 2.8}, "not an object"),
        ({"water_level": {}}, "no level"),
        ({"water_level": {"level": {"watch": 1}, "slow": 3}}, 'no field "level"'),
        ({"water_level": {"hysteresis": 1}}, "no level"),
        ({"water_level": {"watch": "2,8"}}, "thresholds.water_level.watch '2,8'"),
        ({"water_level": {"watch": float("nan")}}, "not a number"),
        ({"water_level": {"watch": True}}, "not a number"),
        ({"water_level": {"watch": 3, "warning": 3}}, "warning 3 is not above watch 3"),
        ({"water_level": {"watch": 3, "danger": 2}}, '"below": true'),
        ({"water_level": {"watch": 2, "danger": 3, "below": True}}, "danger 3 is not below watch 2"),
        ({"water_level": {"watch": 3, "hysteresis": -1}}, "from 0 up"),
        ({"water_level": {"watch": 3, "for": 1e9}}, "from 0 to"),
        ({"water_level": {"watch": 3, "alarm": 4}}, 'no field "alarm"'),
        ({"water_level": {"watch": 3, "below": "yes"}}, "neither true nor false"),
        ({"water_level": {"watch": 3, "statistic": "hourly!"}}, "not a statistic"),
    ],
)
def test_a_wrong_threshold_is_refused_where_it_is_written(told, words):
    """Registering, editing and reading a type all say which value is wrong and what to write."""
    with pytest.raises(ValidationError) as refused:
        thresholds.read(told)
    assert words in str(refused.value)
    form = {"id": "g1", "type": "generic", "adapter": "sl651", "settings": {"thresholds": told}}
    for read in (DeviceForm.read, lambda fields: DeviceChanges.read({"settings": fields["settings"]})):
        with pytest.raises(FormError) as refused:
            read(form)
        assert words in str(refused.value)
    with pytest.raises(ValueError, match=r"settings\.thresholds"):
        ThingType(id="t", name_zh="t", name_en="t", settings={"thresholds": told})


def test_good_ones_are_let_through():
    """A form and a type keep them as they were written."""
    told = {"water_level": RIVER, "plainjson_gate_gap": {"danger": 3}}
    assert DeviceForm.read({"id": "g1", "type": "t", "settings": {"thresholds": told}}).settings == {"thresholds": told}
    assert ThingType(id="t", name_zh="t", name_en="t", settings={"thresholds": told}).settings["thresholds"] == told
    assert thresholds.read(None) == {}
