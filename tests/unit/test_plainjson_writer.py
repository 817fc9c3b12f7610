"""A vendor's JSON written by its mapping is read back by it: what simulated sensors of other makers speak."""

import json

import pytest

from adapters import plainjson
from sensing.errors import ValidationError
from sensing.model import Context, Reading
from sensing.things import load_types
from sensing.times import MINUTE, SECOND

TYPES = load_types()
TIME = 1_787_293_800 * SECOND


def reading(code, value, time=TIME, channel=""):
    return Reading("JS-0031", code, None, value, channel=channel, time=time)


def read(payload, settings):
    found = plainjson.decode(payload, Context("p", received=TIME, mappings=[settings]))
    assert not found.errors
    return [(one.native, one.code, one.value, one.time) for one in found.readings]


def test_a_ponding_sensor_is_written_as_its_maker_does():
    """Device, time and the constant that tells the kind stand where the shipped mapping says; numbers in quotes stay in quotes."""
    settings = TYPES["ponding-sensor"].settings
    payload = plainjson.writer(settings)([reading("data/depth", 37.5), reading("data/bat", 3.61), reading("data/rssi", -71)])
    assert json.loads(payload) == {
        "sn": "JS-0031", "ts": 1_787_293_800, "type": "ponding", "data": {"depth": 37.5, "bat": "3.61", "rssi": -71},
    }  # fmt: skip
    assert read(payload, settings) == [
        ("JS-0031", "data/depth", 37.5, TIME), ("JS-0031", "data/bat", 3.61, TIME), ("JS-0031", "data/rssi", -71, TIME),
    ]  # fmt: skip


def test_records_stand_in_an_array_and_scales_are_taken_out():
    """One record a time, dated in the mapping's zone; a tenth of a degree is written as a whole number."""
    settings, later = TYPES["ultrasonic-gauge"].settings, TIME + MINUTE
    said = [reading("mm", 2310), reading("temp", 28.3), reading("mm", 2305, later), reading("temp", -0.4, later)]
    payload = plainjson.writer(settings)(said)
    assert json.loads(payload)["list"] == [
        {"time": "2026-08-21 14:30:00", "mm": 2310, "temp": 283}, {"time": "2026-08-21 14:31:00", "mm": 2305, "temp": -4},
    ]  # fmt: skip
    assert read(payload, settings) == [(one.native, one.code, one.value, one.time) for one in said]


def test_a_payload_that_is_an_array_holds_its_device():
    """Where records are the payload itself, each names its device."""
    settings = {
        "device": "/id", "each": "", "time": {"at": "/t", "format": "epoch_ms"}, "values": [{"at": "/v", "property": "water_level"}],
    }  # fmt: skip
    payload = plainjson.writer(settings)([reading("v", 1.5, TIME + 250_000), reading("v", 1.6, TIME + SECOND)])
    assert [record["id"] for record in json.loads(payload)] == ["JS-0031", "JS-0031"]
    assert [one[2:] for one in read(payload, settings)] == [(1.5, TIME + 250_000), (1.6, TIME + SECOND)]


def test_a_missing_value_is_the_makers_word_for_it():
    """What has no value is written as the mapping's sentinel, and read as missing."""
    settings = TYPES["ponding-sensor"].settings
    payload = plainjson.writer(settings)([reading("data/depth", None)])
    assert json.loads(payload)["data"]["depth"] == -1
    (found,) = plainjson.decode(payload, Context("p", mappings=[settings])).readings
    assert found.result != found.result  # NaN: stored as missing


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ([reading("depth", 1.0)], 'no place for "depth"'),
        ([reading("data/depth", 1.0), reading("data/depth", 1.1, TIME + MINUTE)], "no array"),
    ],
)
def test_what_the_mapping_has_no_place_for_is_refused(said, told):
    """A code without a row, and several times without an array, are named."""
    with pytest.raises(ValueError, match=told):
        plainjson.writer(TYPES["ponding-sensor"].settings)(said)


def test_a_number_that_means_no_value_cannot_be_said():
    """A depth of -1 cm is this maker's word for none: whoever wants to say it hears so, and nothing is stored as missing by mistake."""
    say = plainjson.writer(TYPES["ponding-sensor"].settings)
    with pytest.raises(ValueError, match="means no value"):
        say([reading("data/depth", -1.0)])
    assert json.loads(say([reading("data/depth", -0.9)]))["data"]["depth"] == -0.9


def test_a_time_finer_than_its_format_is_refused():
    """Patterns have whole seconds."""
    with pytest.raises(ValueError, match="fractions of a second"):
        plainjson.writer(TYPES["ultrasonic-gauge"].settings)([reading("mm", 1, TIME + 1)])


def test_settings_that_are_no_mapping_are_refused():
    """The same words as when a type is read."""
    with pytest.raises(ValidationError, match=r"settings\.colour"):
        plainjson.writer({"colour": "blue"})
