"""Observed properties: the table is complete and coherent."""

import csv

import pytest

from sensing import properties, units
from sensing.errors import ValidationError
from sensing.paths import config_dir

CONTRACT = (
    "water_level water_level_downstream water_level_upstream groundwater_depth wave_height distance_to_surface rainfall evaporation flow_rate flow_velocity "
    "water_temperature air_temperature ground_temperature relative_humidity air_pressure wind_speed wind_direction ph dissolved_oxygen conductivity turbidity "
    "permanganate_index cod ammonia_nitrogen total_phosphorus total_nitrogen pm2_5 pm10 tsp so2 no2 no nox o3 co nmhc h2s nh3 hcl benzene sound_level soil_moisture_10 "
    "soil_moisture_20 soil_moisture_30 soil_moisture_40 soil_moisture_50 soil_moisture_60 soil_moisture_80 soil_moisture_100 position speed_over_ground course_over_ground "
    "heading rate_of_turn navigation_status draught supply_voltage battery_voltage battery_level signal_strength station_status"
)
UNITS = {
    "water_level": "m", "rainfall": "mm", "flow_rate": "m3/s", "air_temperature": "Cel", "air_pressure": "hPa", "turbidity": "{NTU}", "pm2_5": "ug/m3", "co": "mg/m3",
    "sound_level": "dB{A}", "speed_over_ground": "[kn_i]", "rate_of_turn": "deg/min", "signal_strength": "dBm", "conductivity": "uS/cm", "ph": "1", "station_status": "1",
}  # fmt: skip


@pytest.mark.parametrize("name", CONTRACT.split())
def test_every_named_property_is_there(name):
    """Each has a unit that is known, and both names."""
    found = properties.get(name)
    assert found
    assert units.parse(found.unit)
    assert found.name_zh
    assert found.name_en


@pytest.mark.parametrize(("name", "unit"), UNITS.items())
def test_units_are_the_agreed_ones(name, unit):
    """Rows carry these units for ever."""
    assert properties.unit_of(name) == unit


def test_directions_are_circular():
    """Means of directions go round."""
    assert {name for name, found in properties.all_properties().items() if found.circular} == {
        "wind_direction",
        "course_over_ground",
        "heading",
    }


def test_every_code_of_every_table_has_its_property():
    """What an adapter's table names exists, in a unit that its wire unit can become."""
    paths = sorted((config_dir() / "codes").glob("*.tsv"))
    rows = [(path.stem, row) for path in paths for row in csv.DictReader(path.read_text("utf-8").splitlines(), delimiter="\t")]
    assert len(rows) > 100
    for adapter, row in rows:
        name = row["property"] or properties.slug(adapter, next(iter(row.values())))
        found = properties.get(name)
        assert found, name
        if row["ucum"]:
            units.converter(row["ucum"], found.unit)


@pytest.mark.parametrize(
    ("wire", "name"),
    [
        ("Pump A/rpm", "senml_pump_a_rpm"),
        ("voltage", "senml_voltage"),
        ("x" * 200, None),
        ("水位", None),
        ("", None),
        ("...", None),
    ],
)
def test_a_wire_name_becomes_an_id(wire, name):
    """Always an id, the same each time; names that an id cannot hold are told apart by a checksum."""
    found = properties.slug("senml", wire)
    assert properties.ID.fullmatch(found)
    assert name is None or found == name
    assert properties.slug("senml", "水位") != properties.slug("senml", "流速")


def test_a_dynamic_property_is_kept_in_one_unit():
    """cm and mm of one code are one series in metres; an unknown unit is no property."""
    assert properties.dynamic("senml_depth", "cm").unit == properties.dynamic("senml_depth", "mm").unit == "m"
    assert properties.dynamic("senml_depth", None).unit == "1"
    assert properties.dynamic("senml_depth", "furlong") is None
    assert properties.unit_of("senml_depth") == "1"


@pytest.mark.parametrize(
    ("text", "match"),
    [('[property]\n"Bad Id" = { unit = "m", zh = "a", en = "b" }', "not an id"), ('[property]\nx = { unit = "furlong", zh = "a", en = "b" }', "furlong")],
)  # fmt: skip
def test_a_wrong_table_is_refused_by_file_and_name(tmp_path, text, match):
    """Whoever edits the table learns what is wrong, and where."""
    path = tmp_path / "properties.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ValidationError, match=match) as caught:
        properties._named(path)
    assert str(path) in str(caught.value)
