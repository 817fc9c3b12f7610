"""A mistake is told with its field, its value and its remedy."""

import pytest

from sensing.errors import Exit, ValidationError
from sensing.registry import DeviceChanges, DeviceForm, FormError, form_of
from sensing.registry.natives import normal

GOOD = {"id": "gauge-1", "type": "river-gauge"}


def mistakes(**fields):
    with pytest.raises(FormError) as caught:
        DeviceForm.read(GOOD | fields)
    return caught.value


def test_the_least_that_a_device_needs():
    form = DeviceForm.read(GOOD)
    assert (form.crs, form.zero, form.unit, form.principal) == ("wgs84", None, {}, None)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"id": "Gauge 1"}, "id 'Gauge 1': is not an id; use 1 to 64 of a-z, 0-9 and -"),
        ({"id": "gauge-1\n\n0"}, "is not an id"),
        ({"type": ""}, "type '': is not an id"),
        ({"lat": 117.65, "lon": 24.5}, "lat 117.65: latitude must be -90 to 90; lat and lon look swapped"),
        ({"lat": 24.5, "lon": 200}, "lon 200.0: longitude must be -180 to 180; give degrees, latitude first"),
        ({"lat": 24.5}, "lon None: lat and lon go together; give both, or neither"),
        ({"lon": 117.5, "lat": ""}, "lat None: lat and lon go together"),
        ({"lat": "24,5", "lon": 117}, "lat '24,5': .*; write a number such as 5.25"),
        ({"lat": float("nan"), "lon": 117}, "lat nan: .*finite.*; write a number"),
        ({"crs": "gps"}, "crs 'gps': .*; write wgs84, gcj02 or bd09"),
        ({"crs": "gcj02", "lat": 51.5, "lon": -0.1}, "crs 'gcj02': the position is outside China; gcj02 is defined in 72-138 E"),
        ({"unit": "water_level"}, "unit 'water_level': is not PROPERTY=UNIT; write water_level=cm"),
        ({"unit": "water_level=parsec"}, 'unit "parsec" is not known; write a UCUM code'),
        ({"unit": "water_level=hPa"}, 'unit "hPa" cannot become "m"; they measure different things'),
        ({"unit": "Water-Level=m"}, "'Water-Level' is not a property; write its id"),
        ({"name": "a\x1b[2Jb"}, "has control characters; retype it on one line"),
        ({"note": "x" * 2_001}, "shorten it"),
        ({"settings": [1]}, "settings .*; write a JSON object"),
        ({"zeor": 1}, "zeor 1: .*; no such field"),
    ],
)
def test_mistakes_are_told(fields, message):
    error = mistakes(**fields)
    assert error.exit_code == Exit.VALIDATION
    with pytest.raises(ValidationError, match=message):
        raise error


def test_every_mistake_of_a_form_is_told_at_once():
    error = mistakes(id="X", zero="high", crs="gps")
    assert [problem.field for problem in error.problems] == ["id", "crs", "zero"]
    assert all(problem.hint for problem in error.problems)
    assert "'X'" in str(error)
    assert "'high'" in str(error)


def test_units_are_kept_in_their_ucum_spelling():
    form = DeviceForm.read(GOOD | {"unit": "water_temperature=℃; water_level=cm,flow_rate=m³/s"})
    assert form.unit == {"water_temperature": "Cel", "water_level": "cm", "flow_rate": "m3/s"}


def test_a_csv_row_may_have_chinese_columns_and_empty_cells():
    row = {
        "编号": "gauge-1",
        "类型": "river-gauge",
        "名称": "九龙江桥",
        "纬度": "24.5",
        "经度": "117.65",
        "零点": "",
        "settings": '{"a": 1}',
    }
    form = form_of(row)
    assert (form.id, form.name, form.lat, form.lon, form.zero, form.settings) == (
        "gauge-1",
        "九龙江桥",
        24.5,
        117.65,
        None,
        {"a": 1},
    )
    with pytest.raises(FormError, match=r"settings '\{': is not JSON"):
        form_of(row | {"settings": "{"})


def test_changes_keep_what_they_do_not_name():
    changes = DeviceChanges.read({"zero": None, "name": "x"})
    assert changes.model_fields_set == {"zero", "name"}
    with pytest.raises(FormError, match="lat and lon go together"):
        DeviceChanges.read({"lat": 24.5})
    with pytest.raises(FormError, match="no such field"):
        DeviceChanges.read({"adapter": "senml"})


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("62031500", "0062031500"),
        ("0062031500", "0062031500"),
        ("350681abcd", "350681ABCD"),
        ("350681ABCD", "350681ABCD"),
        ("35068100001", "3506810001"),
        ("35068160000", "350681EA60"),
        ("350681043981", "350681ABCD"),
    ],
)
def test_an_sl651_station_has_one_spelling(written, meant):
    """SL 651-2014 6.2.3.2: 8 digits, or 6 digits and a number up to 60000, are five bytes, which people write as 10 hex characters."""
    assert normal("sl651", written) == meant


@pytest.mark.parametrize("wrong", ["gauge-1", "6203150", "35068160001", "35068100000", "006203150G"])
def test_anything_else_is_no_sl651_station(wrong):
    with pytest.raises(ValidationError, match="10 hex characters"):
        normal("sl651", wrong)


@pytest.mark.parametrize("wrong", ["", " a", "a ", "a\n", "x" * 129, "a\x00"])
def test_native_ids_are_printable_and_short(wrong):
    with pytest.raises(ValidationError, match="1 to 128 printable"):
        normal("senml", wrong)
