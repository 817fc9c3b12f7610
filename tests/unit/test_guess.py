"""Guessing a type from samples: adapter, pointers, units, time and cadence of what makers really send; and what the file does afterwards."""

import json
import tomllib

import pytest
from typer.testing import CliRunner

import adapters
from sensing.cli.main import app
from sensing.errors import Exit, ValidationError
from sensing.guess import kind, samples, toml
from sensing.guess.words import parts, properties_of, unit_of
from sensing.paths import config_dir
from sensing.registry.export import CHINESE, form_of
from sensing.things import load_types
from sensing.times import parse_instant
from tests.contract.golden import GOLDEN, payloads

ADAPTERS = adapters.discover()
TYPES = load_types(config_dir() / "things")
NOW = parse_instant("2026-09-14T19:00:00Z")
run = CliRunner(env={"SENSING_LANG": "en", "NO_COLOR": "1"}).invoke


def guessed(*payloads, adapter=""):
    data = b"\n".join(each if isinstance(each, bytes) else json.dumps(each).encode() for each in payloads)
    return kind.guess(samples.samples(data), ADAPTERS, TYPES, NOW, adapter)


def rows(found):
    return {row["property"]: row for row in found.tree["settings"]["values"]}


# --- words and wrappings ---


@pytest.mark.parametrize(
    ("key", "first"),
    [
        ("waterLevel", "water_level"), ("WaterTemp", "water_temperature"), ("temp", "air_temperature"), ("PM2_5", "pm2_5"), ("pm25", "pm2_5"),
        ("batVoltage", "battery_voltage"), ("水位(m)", "water_level"), ("电池电压", "battery_voltage"), ("windDir", "wind_direction"),
        ("rssi", "signal_strength"), ("humidity1", "relative_humidity"), ("rainFall", "rainfall"), ("NH3-N", "ammonia_nitrogen"),
    ],
)  # fmt: skip
def test_a_key_says_its_property(key, first):
    """Words in capitals, dashes, numbers or Chinese; the longest matching word first."""
    assert properties_of(key)[0] == first


def test_keys_that_say_nothing_of_ours_are_left_alone():
    """No guess is better than a wild one; a suffix says the unit."""
    assert properties_of("foo") == []
    assert parts("waterLevel_cm") == ["water", "level", "cm"]
    assert (unit_of("level_cm"), unit_of("tempC"), unit_of("水位(mm)"), unit_of("level")) == ("cm", "Cel", "mm", None)


def test_samples_come_wrapped_in_anything():
    """Hex, base64, a recorder's lines, a whole document over several lines, raw bytes; comments and empty lines are passed over."""
    assert [each.payload for each in samples.samples(b"7E7E0100\n# note\n\n7e 7e 01 01\n")] == [
        b"\x7e\x7e\x01\x00",
        b"\x7e\x7e\x01\x01",
    ]
    assert samples.samples(b'{\n "a": 1\n}')[0].payload == b'{\n "a": 1\n}'
    line = b'{"t": 1789412400, "topic": "sensing/v1/sl651/gw/up", "payload_b64": "fn4B"}'
    assert samples.samples(line)[0] == samples.Sample(b"~~\x01", 1_789_412_400_000_000, "sensing/v1/sl651/gw/up")
    assert samples.samples(b"\xff\xfe\x00")[0].payload == b"\xff\xfe\x00"
    with pytest.raises(ValidationError, match="empty"):
        samples.samples(b" \n")


# --- a vendor's JSON ---


def test_a_vendor_s_json_is_mapped():
    """Device, seconds since 1970, centimetres by magnitude, numbers in quotes, which message it is, and the cadence of three samples."""
    found = guessed(*(
        {"sn": "JS-0031", "ts": 1787293800 + 300 * n, "type": "ponding", "data": {"depth": 37.5 + n, "bat": "3.61", "rssi": -71}} for n in range(3)
    ))  # fmt: skip
    settings = found.tree["settings"]
    assert (found.adapter, settings["device"], settings["time"], settings["match"]) == (
        "plainjson", "/sn", {"at": "/ts", "format": "epoch_s"}, {"/type": "ponding"})  # fmt: skip
    assert rows(found)["water_level"] == {"at": "/data/depth", "property": "water_level", "unit": "cm"}
    assert rows(found)["battery_voltage"]["text"] is True
    assert (found.tree["cadence_s"], found.native) == (300, "JS-0031")


def test_records_naive_times_swapped_places_and_scales():
    """An array of records, a time without a zone (assumed, and said so), lat and lon under each other's name, tenths of a degree."""
    said = {"imei": "868120200000017", "gps": {"lat": 117.65, "lng": 24.51},
            "list": [{"time": "2026-08-21 14:30:00", "level_mm": 2310, "temp": 283}, {"time": "2026-08-21 14:40:00", "level_mm": 2311, "temp": 282}]}  # fmt: skip
    found = guessed(said)
    settings = found.tree["settings"]
    assert (settings["each"], settings["time"]["zone"], settings["position"]) == (
        "/list",
        "+08:00",
        {"lon": "/gps/lat", "lat": "/gps/lng"},
    )
    assert rows(found)["water_level"]["unit"] == "mm"
    assert rows(found)["air_temperature"]["scale"] == 0.1
    assert "swapped" in found.notes["position"]
    assert "+08:00 is assumed" in found.notes["time"]
    assert found.tree["cadence_s"] == 600


def test_named_values_and_registers():
    """Lists of {name, value, unit} keep their names as conditions; two words become a float whose digits make sense."""
    found = guessed({"devId": "A1", "tm": "20260821143000", "params": [
        {"name": "水位", "value": "2.31", "unit": "m"}, {"name": "电压", "value": 12.6, "unit": "V"}]})  # fmt: skip
    assert rows(found)["water_level"] == {
        "at": "/params/0/value", "property": "water_level", "text": True, "when": {"/params/0/name": "水位"}}  # fmt: skip
    assert found.tree["settings"]["time"]["format"] == "%Y%m%d%H%M%S"
    found = guessed({"sn": "D1", "ts": 1787293800, "slave": 1, "func": 3, "regs": [16544, 0]})
    assert rows(found)["plainjson_register_0"]["registers"] == {"type": "f32", "index": 0, "order": "ABCD"}
    assert rows(found)["plainjson_register_0"]["when"] == {"/slave": 1, "/func": 3}


def test_nothing_to_read_is_said():
    """Text that is no protocol, and JSON without a number."""
    with pytest.raises(ValidationError, match="no adapter"):
        guessed(b"hello there")
    with pytest.raises(ValidationError, match="no value"):
        guessed({"hello": "there"})


CASES = ["sl651/fj-06-33", "hj212/01-32-2011", "lorawan/chirpstack-tilt", "senml/senml-515", "nmea0183/rmc", "ais/type-01", "gpsd/gpsd-scaled",
         "plainjson/ultrasonic-gauge", "plainjson/ponding-sensor", "plainjson/generic"]  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_each_protocol_is_known_by_its_frames(case, tmp_path):
    """Golden frames of an adapter are guessed to be its own, and the file that is written is a type that reads them."""
    found = kind.guess([samples.Sample(each) for each in payloads(GOLDEN / case)], ADAPTERS, TYPES, NOW)
    assert found.adapter == case.partition("/")[0]
    (tmp_path / "x-1.toml").write_text(toml.written(found, "某", "x"), "utf-8")
    assert load_types(tmp_path)["x-1"].properties == tuple(found.tree["properties"])


def test_a_codec_is_found_by_the_bytes():
    """Of bytes without an envelope the codec that reads most is taken, and the others are named."""
    found = kind.guess([samples.Sample(bytes.fromhex("01755C03670101046865"))], ADAPTERS, TYPES, NOW, "lorawan")
    assert found.tree["settings"]["codec"].startswith("milesight/")
    assert {"air_temperature", "relative_humidity", "battery_level"} <= set(found.tree["properties"])
    assert "plate" in found.notes["codec"]


# --- the command, its golden test, and config check ---


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A data folder with a file of three payloads."""
    monkeypatch.setenv("SENSING_DATA", str(tmp_path / "data"))
    lines = [json.dumps({"sn": "A7", "ts": 1787293800 + 60 * n, "depth_cm": 31 + n}) for n in range(3)]
    (tmp_path / "p.txt").write_text("\n".join(lines), "utf-8")
    return tmp_path


def test_a_type_of_the_site_is_written_with_its_test(site):
    """TYPE.toml and TYPE.golden.json stand in DATA/things, config check runs the test, and a second time needs --replace."""
    answer = run(app, ["device", "template", str(site / "p.txt"), "--id", "acme", "--name-zh", "液位计", "--name-en", "Level"])
    assert answer.exit_code == 0, answer.output
    assert tomllib.loads((site / "data/things/acme.toml").read_text("utf-8"))["name_zh"] == "液位计"
    told = json.loads((site / "data/things/acme.golden.json").read_text("utf-8"))["lines"]
    assert [(row["device"], row["property"], row["result"]) for row in told] == [
        ("A7", "water_level", 0.31 + n / 100) for n in range(3)
    ]
    checked = json.loads(run(app, "config check -o json").stdout)
    assert (checked["tests"], checked["readings"]) == (1, 3)
    assert run(app, ["device", "template", str(site / "p.txt"), "--id", "acme"]).exit_code == Exit.CONFLICT
    assert run(app, ["device", "template", str(site / "p.txt"), "--id", "acme", "--replace"]).exit_code == 0


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [('unit = "cm"', 'unit = "mm"', "result"), ('at = "/ts"', 'at = "ts"', "time.at"), ('device = "/sn"', 'device = "/id"', "was 'A7'"),
     ('adapter = "plainjson"', 'adapter = "plainjsn"', "plainjsn")],
)  # fmt: skip
def test_an_edit_that_breaks_a_type_is_noticed(site, old, new, named):
    """config check ends with 3 and names what reads otherwise, or which field its adapter cannot read."""
    run(app, ["device", "template", str(site / "p.txt"), "--id", "acme"])
    path = site / "data/things/acme.toml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    answer = run(app, "config check")
    assert answer.exit_code == Exit.VALIDATION
    assert "acme" in answer.stderr
    assert named in answer.stderr


def test_without_an_id_the_type_is_only_shown(site):
    """To stdout, from stdin as well; nothing is written."""
    answer = run(app, "device template -", input=(site / "p.txt").read_bytes())
    assert answer.exit_code == 0
    assert 'device = "/sn"' in answer.stdout
    assert not (site / "data").exists()
    assert run(app, "device template").exit_code == Exit.USAGE
    assert run(app, "device template none.txt").exit_code == Exit.NOT_FOUND
    assert run(app, ["device", "template", str(site / "p.txt"), "--adapter", "nope"]).exit_code == Exit.NOT_FOUND


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_spreadsheet_s_example_rows_can_be_imported(site, language):
    """One row a type, in the header's language, each a form without a mistake."""
    import csv
    import io

    found = list(csv.DictReader(io.StringIO(run(app, "device template --csv", env={"SENSING_LANG": language}).stdout)))
    assert ("编号" in found[0]) == (language == "zh")
    assert len(found) == len(TYPES)
    assert set(CHINESE) == set(found[0]) or language == "en"
    assert {form_of(row).type for row in found} == set(TYPES)
