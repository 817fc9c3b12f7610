"""From reading to observation: unit, datum, revision and first flags."""

import math
from itertools import pairwise

import pytest

from sensing import quality
from sensing.model import Config, QualityReason, Reading, Thing
from sensing.observe import observe, revision, steps
from sensing.times import DAY, HOUR, SECOND

T = 1_787_293_800 * SECOND


def thing(*configs, adapter="sl651", limits=(), **settings):
    return Thing("g1", "t", adapter, "1", "p", settings=settings, limits=dict(limits), configs=configs or (Config(),))


def reading(name="water_level", value=3.21, unit="m", **more):
    return Reading("1", more.pop("code", "39"), name, value, unit, time=more.pop("time", T), **more)


def one(*args, **more):
    (found,) = observe(*args, **more)
    return found


def test_a_reading_becomes_an_observation():
    """Canonical unit, time and begin as they are, the configuration's generation, sent and rank passed on."""
    found = one(reading(value=321.5, unit="cm", begin=T - HOUR, sent=T + 5, rank=3), thing(Config(generation=7)), T)
    assert (found.property, found.result, found.unit, found.begin, found.time) == ("water_level", 3.215, "m", T - HOUR, T)
    assert (found.generation, found.sent, found.rank, found.quality, found.reason) == (7, T + 5, 3, 1, QualityReason.NONE)


@pytest.mark.parametrize("odd", [reading(None), reading(value="text"), reading(unit="V"), reading("senml_x", unit="furlong")])
def test_what_fits_no_property_is_unmapped(odd):
    """No property, text, or a unit of another dimension: nothing is observed."""
    assert observe(odd, thing(), T) == ()


def test_the_devices_unit_wins():
    """`--unit` beats what the wire says; without either the property's own unit is meant."""
    assert one(reading(value=321.5, unit="m"), thing(Config(units={"water_level": "cm"})), T).result == 3.215
    assert one(reading(value=3.2, unit=None), thing(), T).result == 3.2


def test_a_dynamic_property_keeps_its_own_unit():
    """What only the wire knows is stored in the preferred unit of its dimension."""
    found = one(reading("senml_voltage", 120.1, "V"), thing(), T)
    assert (found.result, found.unit) == (120.1, "V")
    assert one(reading("senml_depth", 250, "mm"), thing(), T).result == 0.25
    assert one(reading("plainjson_rpm", 1450, None), thing(), T).unit == "1"


def test_an_adapters_result_is_taken_as_it_is():
    """A wind code 5 is 90 degrees, and only the adapter knows."""
    assert one(reading("wind_direction", 5, None, result=90.0), thing(), T).result == 90.0


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_what_is_no_number_is_missing(value):
    """Never 0, never NaN: null, quality 9."""
    found = one(reading(value=value), thing(), T)
    assert (found.result, found.quality, found.reason) == (None, 9, "missing")


def test_not_available_keeps_the_wires_value_and_no_result():
    """NaN as the adapter's result says: the value is a word for nothing."""
    found = one(reading("heading", 511, "deg", result=math.nan), thing(), T)
    assert (found.result, found.quality) == (None, 9)


def test_without_a_clock_reception_is_the_time():
    """A protocol without time takes the first receive time."""
    assert one(reading(time=None), thing(), T + 9).time == T + 9


@pytest.mark.parametrize(
    ("adapter", "channel", "config", "settings", "wanted"),
    [
        ("sl651", "", Config(zero=5.2), {}, 1.1),
        ("sl651", "F5", Config(zero=2.2), {}, 3.3),
        ("sl651", "FC", Config(zero=2.2, offset=-0.1), {}, 3.2),
        ("sl651", "F5", Config(), {}, 1.1),
        ("sl651", "3C", Config(zero=2.2, offset=0.1), {}, 1.2),
        ("plainjson", "", Config(zero=2.2), {"level": "relative"}, 3.3),
        ("plainjson", "F5", Config(zero=2.2), {}, 1.1),
    ],
)
def test_levels_are_put_on_their_datum(adapter, channel, config, settings, wanted):
    """Relative levels rise by the zero, absolute ones do not; the offset applies to both; sums are decimal."""
    assert one(reading(value=1.1, channel=channel), thing(config, adapter=adapter, **settings), T).result == wanted


def test_the_offset_is_for_levels_only():
    """A correction of the level does not reach the battery."""
    assert one(reading("battery_voltage", 12.6, "V"), thing(Config(offset=1.0)), T).result == 12.6


@pytest.mark.parametrize(
    ("config", "level"),
    [(Config(zero=5.2), 4.0), (Config(mount_height=3.0), 1.8), (Config(zero=2.2, mount_height=3.0, offset=0.01), 4.01)],
)
def test_distance_gives_a_level_as_well(config, level):
    """water_level = zero + mount height - distance + offset, as soon as either is known."""
    distance, derived = observe(reading("distance_to_surface", 1200, "mm"), thing(config), T)
    assert (distance.property, distance.result) == ("distance_to_surface", 1.2)
    assert (derived.property, derived.result, derived.unit, derived.time) == ("water_level", level, "m", T)


def test_distance_alone_stays_alone():
    """Nothing is known of the mount: no level is made up."""
    assert len(observe(reading("distance_to_surface", 1200, "mm"), thing(), T)) == 1


def test_a_doubtful_distance_gives_a_doubtful_level():
    """The flag goes along, a missing one stays missing, and the least distance is the highest water."""
    bad, level = observe(
        reading("distance_to_surface", 20, "m"), thing(Config(zero=5), limits={"distance_to_surface": (0, 15)}), T
    )
    assert (bad.quality, level.quality, level.reason) == (4, 4, "range")
    _, level = observe(reading("distance_to_surface", None), thing(Config(zero=5)), T)
    assert (level.result, level.quality) == (None, 9)
    _, level = observe(reading("distance_to_surface", 1, "m", statistic="min/PT1H"), thing(Config(zero=5)), T)
    assert level.statistic == "max/PT1H"


def test_configurations_are_dated():
    """A zero that was levelled anew counts from its day on."""
    dated = thing(Config(zero=1.0), Config(valid_from=T, zero=2.0, generation=1))
    assert one(reading(channel="F5", value=1, time=T - 1), dated, T).result == 2.0
    after = one(reading(channel="F5", value=1, time=T), dated, T)
    assert (after.result, after.generation) == (3.0, 1)


def test_a_position_has_no_result():
    """lon and lat are its content; without them it is missing."""
    found = one(reading("position", None, None, position=(117.6, 24.5)), thing(), T)
    assert (found.lon, found.lat, found.result, found.quality) == (117.6, 24.5, None, 1)
    assert one(reading("position", None, None), thing(), T).quality == 9


FLAGS = [
    ({"value": 9999.999}, 4, "sentinel"),
    ({"value": 9999.0}, 4, "sentinel"),
    ({"value": 77.0}, 4, "sentinel"),
    ({"value": 25.0}, 4, "range"),
    ({"value": -5.0}, 1, ""),
    ({"flag": "N"}, 1, ""),
    ({"flag": "D"}, 4, "device"),
    ({"flag": "T"}, 3, "device"),
    ({"flag": "?"}, 3, "device"),
    ({"time": T + 600 * SECOND}, 1, ""),
    ({"time": T + 600 * SECOND + 1}, 3, "clock"),
    ({"time": T - 30 * DAY}, 1, ""),
    ({"time": T - 401 * DAY}, 3, "clock"),
    ({"test": True}, 2, "test"),
    ({"test": True, "value": None}, 2, "test"),
    ({"value": None, "flag": "D"}, 9, "missing"),
    ({"value": 9999.999, "flag": "D", "time": T + DAY}, 4, "sentinel"),
]


@pytest.mark.parametrize(("more", "flag", "reason"), FLAGS)
def test_the_first_reason_decides(more, flag, reason):
    """test, missing, sentinel, range, device, clock: in this order."""
    found = one(reading(**more), thing(limits={"water_level": (-5, 20)}, sentinels={"water_level": [77]}), T)
    assert (found.quality, found.reason) == (flag, reason)
    assert found.result is not None or more.get("value", 0) is None


def test_a_typhoon_is_no_error():
    """890 hPa in the eye and 95 m/s are physical."""
    assert one(reading("air_pressure", 890, "hPa"), thing(), T).quality == 1
    assert one(reading("wind_speed", 95, "m/s"), thing(), T).quality == 1


def test_limits_leave_running_totals_alone():
    """A type's limit of a five-minute sum says nothing about the total since installation."""
    gauge = thing(limits={"rainfall": (0, 500)})
    assert one(reading("rainfall", 501, "mm", statistic="sum/PT5M"), gauge, T).reason == "range"
    assert one(reading("rainfall", 50_100, "mm", statistic="sum/total"), gauge, T).quality == 1


def test_the_limit_ahead_is_given():
    """`work.clock_ahead_s` sets how far ahead a clock may be."""
    assert one(reading(time=T + 5 * SECOND), thing(), T, ahead=SECOND).reason == "clock"


def test_a_revision_is_the_content():
    """The same content has the same hash, whoever asks and when; any part of it changes it."""
    assert revision(3.21, None) == 0xFAAD2A47 == one(reading(), thing(Config(generation=3)), T + DAY).revision
    contents = [(1.0, None), (1.0, 0), (None, None), (2.0, None), (1.0, None, 117.0, 24.0), (None, None, 117.0, 24.0)]
    assert len({revision(*content) for content in contents}) == len(contents)
    assert revision(-0.0, None) == revision(0.0, None)


@pytest.mark.parametrize(
    ("told", "kinds"),
    [
        (reading(value=321.5, unit="cm"), ["reading", "unit", "datum", "flags"]),
        (reading("distance_to_surface", 1.2), ["reading", "unit", "datum", "datum", "flags", "flags"]),
        (reading("battery_voltage", 12.6, "V"), ["reading", "unit", "flags"]),
        (reading("wind_direction", 5, None, result=90.0), ["reading", "unit", "flags"]),
        (reading(unit="V"), ["reading", "unit"]),
        (reading(None), ["reading", "unit"]),
        (reading(time=10**18), ["reading", "unit", "datum", "flags"]),
    ],
)
def test_every_step_can_be_told(told, kinds):
    """`sensing explain` shows the same way that the forward path went."""
    gauge = thing(Config(zero=5.2, datum="1985"))
    tale = steps(told, gauge, T)
    assert [step["step"] for step in tale] == kinds
    observed = observe(told, gauge, T)
    assert [step["revision"] for step in tale if step["step"] == "flags"] == [f"{each.revision:08x}" for each in observed]
    assert all(first is not second for first, second in pairwise(tale))


def test_steps_say_where_the_unit_came_from():
    """Device, wire, property or adapter."""
    sources = [
        steps(reading(), thing(Config(units={"water_level": "cm"})), T),
        steps(reading(), thing(), T),
        steps(reading(unit=None), thing(), T),
        steps(reading("wind_direction", 5, None, result=90.0), thing(), T),
    ]
    assert [tale[1]["by"] for tale in sources] == ["device", "wire", "property", "adapter"]
    assert sources[0][1]["result"] == 0.0321
    assert sources[3][1]["result"] == 90.0


def test_an_unknown_device_flag_is_suspect():
    """What the table does not know is not trusted, and not thrown away."""
    assert quality.device_verdict("S") == quality.GOOD
    assert quality.device_verdict("Z") == quality.DEVICE_SUSPECT
