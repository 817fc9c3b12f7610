"""LoRaWAN: every value of the vectors and of the makers' examples, envelopes, and what a level gauge's payload becomes."""

import base64
import json

import pytest

from adapters import lorawan
from adapters._wire import payload_codecs
from sensing import properties, units
from sensing.errors import DecodeError, Reason, ValidationError
from sensing.model import Config, Context, Thing
from sensing.observe import observe
from sensing.registry import natives
from sensing.things import load_types
from sensing.times import SECOND, parse_instant
from tests.contract import golden

EUI = "24e124136b502217"
ENVELOPE = {
    "time": "2026-09-14T18:59:58Z",
    "deviceInfo": {"devEui": EUI.upper()},
    "fCnt": 7,
    "fPort": 85,
    "rxInfo": [{"rssi": -110, "snr": -3.5}, {"rssi": -97, "snr": 7.25, "location": {"latitude": 24.6, "longitude": 117.7}}],
}
NAMES = {  # what the vectors call a value, where the makers' decoder has another word
    "accelerometer": "accelerometer_", "lat": "latitude", "lon": "longitude", "alt": "altitude", "battery_percent": "batteryLevel",
    "battery_V": "battery_voltage", "pm1_0": "pm1_0_mass_concentration", "pm2_5": "pm2_5_mass_concentration", "pm4": "pm4_mass_concentration",
    "pm10": "pm10_mass_concentration", "humidity": "_humidity", "pressure_Pa": "barometric_pressure", "pressure_kPa": "atmospheric_pressure",
    "lightning_strikes": "lightning_strike_count", "wind_max": "maximum_wind_speed", "north_wind": "north_wind_speed",
    "east_wind": "east_wind_speed", "temperature": "_temperature",
}  # fmt: skip
ABOUT = {"device", "time", "mac_hex"}


def uplink(data, **members):
    return json.dumps({**ENVELOPE, "data": base64.b64encode(bytes.fromhex(data)).decode(), **members}).encode()


def context(**settings):
    return Context("gw", settings=lambda _native: settings)


def read(payload, **settings):
    return lorawan.decode(payload, context(**settings))


def by_code(decoded):
    return {reading.code: reading for reading in decoded.readings}


def leaves(tree, name=""):
    if isinstance(tree, dict | list):
        for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from leaves(value, key if isinstance(tree, dict) else name)
    else:
        yield name.rpartition("/")[2], tree


def is_called(code, name):
    """Whether a code is what a vector calls a value: the same word, with its unit behind it, or as NAMES says."""
    words = {name, name.rsplit("_", 1)[0], NAMES.get(name, name)}
    return code in words or any(word.startswith("_") and code.endswith(word) for word in words) or code[:-1] in words


def vectors():
    return [case for case in golden.cases("lorawan") if "vector" in golden.expected(case)]


@pytest.mark.parametrize("case", vectors(), ids=lambda case: case.name)
def test_values_are_those_of_the_vectors(case):
    """Each value of a public vector is read, under the maker's name for it."""
    told = golden.expected(case)
    said = lorawan.decode(golden.payloads(case)[0], golden.context(told.get("context")))
    assert not said.errors
    found = [(reading.code, reading.value) for reading in said.readings]
    for name, value in leaves(told["vector"]["expected"]):
        if name in ABOUT or (name == "payload_hex" and "codec" in told.get("context", {}).get("settings", {})):
            continue
        exact = value if isinstance(value, str) else pytest.approx(value, abs=1e-9)
        assert any(
            is_called(code, name) and got == exact for code, got in found if isinstance(got, str) == isinstance(value, str)
        ), name
    for name in ("device", "time"):
        if name in told["vector"]["expected"]:
            assert {"device": said.readings[0].native, "time": golden.iso(said.readings[0].time)}[name] == told["vector"][
                "expected"
            ][name]


README = json.loads((golden.GOLDEN / "milesight_readmes.json").read_text("utf-8"))["examples"]


@pytest.mark.parametrize("example", README, ids=lambda example: f"{example['model']}-{example['hex'][:12]}")
def test_the_makers_examples_are_read(example):
    """Each example in Milesight's own documents reads as it says, to the last byte."""
    said = read(bytes.fromhex(example["hex"]), codec=f"milesight/{example['model']}")
    found = [(reading.code, reading.value) for reading in said.readings]
    assert not said.errors
    assert not [(name, value) for name, value in example["expected"].items() if (name.rpartition(".")[2], value) not in found]


def test_codecs_are_coherent():
    """Each field of each table measures what its property measures, in a unit that can become the property's."""
    for name in payload_codecs.models():
        codec = payload_codecs.find(name)
        for row in codec.members.values():
            for spec in (row, *row.parts):
                kept = properties.get(spec.property or "") or properties.dynamic(spec.property or "", spec.unit)
                assert spec.property is None or properties.ID.fullmatch(spec.property), spec.key
                assert kept is not None, (name, spec.key, spec.unit)
                if spec.property and spec.unit:
                    units.converter(spec.unit, kept.unit)


def test_shipped_types_have_their_codec():
    """A type of LoRaWAN names a codec that is there, and its settings are fine."""
    kinds = [kind for kind in load_types().values() if kind.adapter == "lorawan"]
    assert len(kinds) > 15
    for kind in kinds:
        lorawan.check(kind.settings)
        assert "codec" in kind.settings, kind.id


def test_the_best_gateway_speaks_and_none_is_a_place():
    """Signal is that of the gateway that heard best; where gateways stand is not where the device is."""
    said = by_code(read(uplink("01755C"), codec="em310-udl"))
    assert (said["rssi"].value, said["rssi"].property, said["snr"].value) == (-97, "signal_strength", 7.25)
    assert all(reading.position is None for reading in said.values())


def test_time_and_count_rank_revisions():
    """An uplink's time is the server's; its counter ranks what else claims that time."""
    battery = by_code(read(uplink("01755C"), codec="em310-udl"))["battery"]
    assert (battery.native, battery.time, battery.sent, battery.rank) == (
        EUI,
        parse_instant("2026-09-14T18:59:58Z"),
        battery.time,
        7,
    )


def test_older_readings_keep_their_own_time():
    """History in a payload is dated by itself, what stands beside it by the uplink."""
    readings = read(uplink("20CE9E744663640001755C"), codec="em500-swl").readings
    assert [(r.code, r.time) for r in readings[:3]] == [
        ("timestamp", 1665561758 * SECOND), ("depth", 1665561758 * SECOND), ("battery", parse_instant("2026-09-14T18:59:58Z")),
    ]  # fmt: skip


def test_a_level_comes_of_a_distance_and_of_a_depth():
    """Millimetres down to the water and centimetres of water become metres above the datum."""
    distance = by_code(read(uplink("0382D007"), codec="em500-udl"))["distance"]
    thing = Thing("udl", "em500-udl", "lorawan", EUI, "gw", configs=(Config(zero=3.0, mount_height=5.0),))
    assert [(o.property, o.result) for o in observe(distance, thing, distance.time)] == [
        ("distance_to_surface", 2.0),
        ("water_level", 6.0),
    ]
    depth = by_code(read(uplink("03776400"), codec="em500-swl"))["depth"]
    thing = Thing("swl", "em500-swl", "lorawan", EUI, "gw", settings={"level": "relative"}, configs=(Config(zero=-2.0),))
    assert [(o.property, o.result, o.quality) for o in observe(depth, thing, depth.time)] == [("water_level", -1.0, 1)]


def test_no_reading_is_missing_never_a_number():
    """A sentinel is shown as it came and stored as missing; a tilted sensor's level is suspect."""
    thing = Thing("swl", "em500-swl", "lorawan", EUI, "gw", configs=(Config(zero=0.0, mount_height=9.0),))
    lost = by_code(read(uplink("0377FFFF"), codec="em500-swl"))["depth"]
    assert lost.value == 65535
    assert [(o.result, o.quality) for o in observe(lost, thing, lost.time)] == [(None, 9)]
    tilted = by_code(read(uplink("03824408040001"), codec="em310-udl"))["distance"]
    assert [(o.result, o.quality, o.reason) for o in observe(tilted, thing, tilted.time)] == [
        (2.116, 3, "device"),
        (6.884, 3, "device"),
    ]


def test_an_error_points_at_the_bytes_in_the_envelope():
    """What is wrong in the device's bytes is shown where it stands in the MQTT payload."""
    payload = uplink("01756499AA01")
    error = read(payload, codec="em300-th").errors[0]
    assert error.reason == Reason.UNKNOWN_FUNCTION
    assert payload[error.offset :].startswith(b"mao")  # base64 of 99AA
    assert "byte 3" in error.detail


def test_another_port_is_another_language():
    """A codec that is for one port leaves the bytes of others alone; a codec that is not there costs the payload, with its name."""
    said = by_code(read(uplink("0E1C0B05", fPort=5), codec="ldds75"))
    assert said["payload_hex"].value == "0E1C0B05"
    with pytest.raises(DecodeError, match="em999") as caught:
        read(uplink("01755C"), codec="em999")
    assert caught.value.reason == Reason.UNKNOWN_FUNCTION


def test_what_the_console_made_up_is_a_test():
    """The Things Stack's simulated uplinks never count as measured (P6)."""
    tree = {"end_device_ids": {"dev_eui": EUI}, "simulated": True, "uplink_message": {"frm_payload": "AXVk", "f_port": 85}}
    assert all(reading.test for reading in read(json.dumps(tree).encode(), codec="em300-th").readings)


def test_versions_are_facts():
    """What a device says about itself is kept as facts, not as numbers."""
    said = read(uplink("FF090100FF0A0101FF166746D38802580000"), codec="ct103")
    assert {fact.key: fact.value for fact in said.facts} == {
        "hardware_version": "v1.0", "firmware_version": "v1.1", "sn": "6746d38802580000",
    }  # fmt: skip
    assert {reading.property for reading in said.readings if reading.code == "sn"} == {None}


def test_protocol_buffers_say_what_json_says():
    """The same uplink in ChirpStack's two encodings gives the same readings."""
    case = golden.GOLDEN / "lorawan" / "chirpstack-protobuf"
    binary = lorawan.decode(golden.payloads(case)[0], context(codec="em500-udl"))
    text = read(uplink("01756403821E00", time="2026-09-14T18:59:58.123456Z"), codec="em500-udl")
    assert binary.readings == text.readings


def test_a_devices_own_words_come_last():
    """A type says what a code measures, for one channel or for all."""
    rows = [{"code": "temperature", "channel": "3", "property": "water_temperature"}]
    assert [r.property for r in read(bytes.fromhex("03670110056700FF"), codec="lpp", values=rows).readings] == [
        "water_temperature", "air_temperature",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "field"),
    [({"codec": "em999"}, "em999"), ({"values": {}}, "values"), ({"values": [{"code": "a"}]}, "property"), ({"values": [{"code": "a", "property": "nothing"}]}, "nothing"), ({"values": [{"code": "a", "property": "water_level", "unit": "V"}]}, "V")],
)  # fmt: skip
def test_wrong_settings_are_named(settings, field):
    """Whoever edits a type learns what is wrong."""
    with pytest.raises(ValidationError, match=field):
        lorawan.check(settings)


def test_models_are_known_by_their_names():
    """`--model` takes a model's name alone, with its maker, or an alias."""
    assert lorawan.model("em500-udl") == {"codec": "em500-udl"}
    assert payload_codecs.find("EM400-MUD") == payload_codecs.find("milesight/em400-udl")
    assert lorawan.model("em999") is None


@pytest.mark.parametrize("native", [EUI, EUI.upper(), "24-E1-24-13-6B-50-22-17", "24:e1:24:13:6b:50:22:17"])
def test_a_device_is_registered_in_one_spelling(native):
    """Labels, servers and people spell an EUI in many ways; it is one device."""
    assert natives.normal("lorawan", native) == EUI


def test_a_name_that_is_no_eui_is_refused_or_a_device_id():
    """The Things Stack's device ids are names; other things are not."""
    assert natives.normal("lorawan", "gauge-7") == "gauge-7"
    with pytest.raises(ValidationError, match="EUI"):
        natives.normal("lorawan", "24E1:nothing")


def test_an_uplink_is_written_in_a_codecs_bytes():
    """Simulators speak a device's own bytes: what is written is read again."""
    said = read(uplink("01756403821E00"), codec="em500-udl").readings
    payload = lorawan.encode(said, codec="em500-udl")[0]
    assert base64.b64decode(json.loads(payload)["data"]).hex() == "01756403821e00"
    assert read(payload, codec="em500-udl").readings == said
    with pytest.raises(ValueError, match="nothing"):
        lorawan.payload_bytes("em500-udl", [("nothing", "", 1)])
