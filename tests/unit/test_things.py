"""Thing types are data: what ships is right, what a site adds is checked by file and field."""

import pytest

import adapters
from sensing.errors import ValidationError
from sensing.things import load_types

SHIPPED = {
    "generic",
    "river-gauge",
    "rain-gauge",
    "tide-gauge",
    "reservoir-gauge",
    "weather-station",
    "ponding-sensor",
    "ultrasonic-gauge",
    "modbus-dtu",
}
GOOD = 'name_zh = "甲"\nname_en = "A"\nadapter = "plainjson"\n'


def write(folder, name, text):
    (folder / name).write_text(text, "utf-8")
    return folder


def test_shipped_types_load():
    """Each is known by its file's name, and speaks an adapter that is there or any."""
    types = load_types()
    assert set(types) >= SHIPPED
    assert {kind.adapter for kind in types.values()} <= {"", *adapters.discover()}
    assert types["generic"].adapter == ""
    assert all(kind.wiring and kind.name_zh for kind in types.values())


def test_a_site_adds_and_overrides(tmp_path):
    """DATA/things comes last; a folder that is not there is empty."""
    write(tmp_path, "my-probe.toml", GOOD)
    write(tmp_path, "river-gauge.toml", GOOD + "cadence_s = 60\n")
    types = load_types(tmp_path, tmp_path / "absent")
    assert types["my-probe"].name_zh == "甲"
    assert types["river-gauge"].cadence_s == 60


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("name_zh = ", "my-probe.toml"),
        ('name_en = "A"\n', "name_zh"),
        (GOOD + "odd = 1\n", "odd"),
        (GOOD + 'properties = ["depth"]\n', "depth"),
        (GOOD + 'properties = ["senml_depth"]\n', "senml_depth"),
        (GOOD + "[limits]\nwater_level = [5, 1]\n", "water_level"),
        (GOOD + "[limits]\nwater_level = [5]\n", "limits.water_level"),
        (GOOD + '[units]\nwater_level = "V"\n', "units.water_level"),
        (GOOD + 'domain = "moon"\n', "domain"),
        (GOOD + 'id = "other"\n', "id"),
        (GOOD + "cadence_s = 0\n", "cadence_s"),
        (GOOD.replace("plainjson", "Plain JSON"), "adapter"),
        (GOOD + '[settings]\nlevel = "high"\n', "settings.level"),
        (GOOD + "[settings.sentinels]\nph = 5\n", "settings.sentinels"),
    ],
)
def test_a_wrong_type_names_file_and_field(tmp_path, text, field):
    """Whoever edits it learns where."""
    with pytest.raises(ValidationError) as caught:
        load_types(write(tmp_path, "my-probe.toml", text))
    assert "my-probe.toml" in str(caught.value)
    assert field in str(caught.value)
    assert caught.value.hint


def test_the_file_name_is_an_id(tmp_path):
    """A type's name goes into commands and topics."""
    with pytest.raises(ValidationError, match="My Probe"):
        load_types(write(tmp_path, "My Probe.toml", GOOD))


def test_dynamic_properties_may_be_named(tmp_path):
    """What only the wire knows is written with its adapter."""
    assert load_types(write(tmp_path, "my-probe.toml", GOOD + 'properties = ["plainjson_rpm"]\n'))["my-probe"].properties == (
        "plainjson_rpm",
    )
