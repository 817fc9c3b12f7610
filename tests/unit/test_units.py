"""Units: spellings, dimensions, and conversions that are exact for the decimals people write."""

import math

import pytest

from sensing import units
from sensing.errors import ValidationError
from sensing.unit_names import ALIASES, DEFINED, FOLDED, PREFERRED

EXACT = [
    (125, "cm", "m", 1.25), (0.3, "mm", "m", 0.0003), (1e-7, "mm", "m", 1e-10), (25.4, "mm", "cm", 2.54), (1.2, "km", "m", 1200.0),
    (300, "K", "Cel", 26.85), (20.1, "Cel", "K", 293.25), (212, "[degF]", "Cel", 100.0), (-40, "[degF]", "Cel", -40.0),
    (98765, "Pa", "hPa", 987.65), (101.325, "kPa", "hPa", 1013.25), (1.01325, "bar", "hPa", 1013.25), (1, "mmHg", "hPa", 1.33322),
    (36, "km/h", "m/s", 10.0), (1, "[kn_i]", "m/s", 1852 / 3600), (12.5, "m/s", "[kn_i]", 12.5 * 3600 / 1852),
    (3600, "m3/h", "m3/s", 1.0), (250, "L/s", "m3/s", 0.25), (7.2, "m3/h", "L/s", 2.0),
    (35, "ug/m3", "mg/m3", 0.035), (0.035, "mg/m3", "ug/m3", 35.0), (12, "ng/m3", "ug/m3", 0.012), (5, "ug/L", "mg/L", 0.005), (1, "mg/L", "mg/m3", 1000.0),
    (1.5, "mS/cm", "uS/cm", 1500.0), (0.05, "S/m", "uS/cm", 500.0),
    (0.45, "1", "%", 45.0), (45, "%", "1", 0.45), (3200, "mV", "V", 3.2), (4.2, "mA", "A", 0.0042), (1.5, "kW", "W", 1500.0), (1, "kWh", "J", 3.6e6),
    (180, "deg", "rad", math.pi), (math.pi, "rad", "deg", 180.0), (90, "min", "h", 1.5), (2, "d", "h", 48.0), (1, "dBW", "dBm", 31.0), (1, "Bspl", "dB{A}", 10.0),
    (2, "10*4.t", "kg", 2e7), (1, "m3/s.s", "m3", 1.0), (0, "cm", "m", 0.0),
]  # fmt: skip


@pytest.mark.parametrize(("value", "source", "target", "wanted"), EXACT)
def test_a_conversion_is_rounded_once(value, source, target, wanted):
    """The result is the float nearest to the decimal converted exactly."""
    assert units.convert(value, source, target) == wanted


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("℃", "Cel"), ("°C", "Cel"), ("C", "Cel"), ("摄氏度", "Cel"), ("m³/s", "m3/s"), ("m^3/s", "m3/s"), ("立方米/秒", "m3/s"), ("%RH", "%"), ("％", "%"), ("dB(A)", "dB{A}"),
        ("分贝", "dB{A}"), ("kn", "[kn_i]"), ("lon", "deg"), ("μg/m³", "ug/m3"), ("µg/m3", "ug/m3"), ("µS/cm", "uS/cm"), ("微西门/厘米", "uS/cm"), ("NTU", "{NTU}"), ("FNU", "{NTU}"),
        ("10^4 t", "10*4.t"), ("KPa", "kPa"), ("MV", "MV"), ("l/s", "l/s"), ("", "1"), ("/", "1"), ("无量纲", "1"), (" m ", "m"), ("ｍ", "m"), ("mm{rain}", "mm{rain}"), ("1/min", "1/min"),
    ],
)  # fmt: skip
def test_spellings_of_people_are_understood(text, code):
    """Chinese, SenML, full-width and mis-cased spellings mean one UCUM code."""
    assert units.code(text) == code


@pytest.mark.parametrize("text", [*ALIASES.values(), *FOLDED.values(), *PREFERRED, *(name for name, _, _ in DEFINED)])
def test_every_unit_of_the_tables_is_known(text):
    """No alias leads nowhere."""
    assert units.parse(text)


SENML = (
    "m kg g s A K cd mol Hz rad sr N Pa J W V Ohm S Wb T H Cel lm lx Bq Gy Sv kat m2 m3 l m/s m/s2 m3/s l/s W/m2 cd/m2 bit bit/s lat lon pH dB dBW Bspl "
    "count / % %RH %EL EL 1/s 1/min beat/min beats S/m B VA VAs var vars J/m kg/m3 deg NTU ms min h MHz kW kVA kvar Ah Wh kWh varh kvarh kVAh Wh/km KiB GB "
    "Mbit/s B/s MB/s mV mA dBm ug/m3 mm/h m/h ppm /100 /1000 hPa mm cm km km/h ppb g/l"
)


@pytest.mark.parametrize("text", SENML.split())
def test_every_unit_of_the_senml_registry_is_known(text):
    """RFC 8428 section 12.1 and RFC 8798."""
    assert units.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "furlong",
        "m//s",
        "m.",
        "..",
        "Cel/m",
        "kCel",
        "{",
        "}",
        "{{}}",
        "m99999",
        "m m",
        "0",
        "9" * 20,
        "m" * 65,
        "kmin",
        "\0",
        "nan",
    ],
)
def test_what_is_no_unit_is_refused(text):
    """Unknown words, prefixes where none may stand, offsets inside products, and absurd lengths."""
    with pytest.raises(units.UnitError) as caught:
        units.parse(text)
    assert isinstance(caught.value, ValidationError)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("one", "other"), [("m", "s"), ("ppm", "ug/m3"), ("{NTU}", "1"), ("dBm", "dB"), ("Cel", "%"), ("{score}", "1")]
)
def test_different_things_do_not_mix(one, other):
    """A dimension mismatch names both units."""
    with pytest.raises(units.UnitError, match="cannot become"):
        units.convert(1, one, other)


def test_the_same_unit_costs_nothing():
    """No function to call where nothing changes, however it is spelt."""
    assert units.converter("m", "m") is None
    assert units.converter("℃", "Cel") is None
    assert units.convert(3, "m", "m") == 3.0


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_infinity_stays(value):
    """What is not finite passes, for others to judge."""
    assert units.convert(value, "cm", "m") == value
    assert units.convert(value, "K", "Cel") == value
    assert math.isnan(units.convert(math.nan, "cm", "m"))


@pytest.mark.parametrize(
    ("text", "kept"),
    [("cm", "m"), ("K", "Cel"), ("mV", "V"), ("%", "%"), ("ratio", "1"), ("ug/m3", "mg/m3"), ("kPa", "Pa"), ("[kn_i]", "m/s"), ("{score}", "{score}"), ("J/m", "g.m.s-2")],
)  # fmt: skip
def test_each_dimension_has_one_preferred_unit(text, kept):
    """A property that only the wire knows is kept in one unit, whatever its device sends."""
    assert units.preferred(text) == kept
    assert units.parse(kept).dimension == units.parse(text).dimension


def test_sums_are_decimal():
    """1.1 + 2.2 is 3.3."""
    assert units.total(1.1, 2.2) == 3.3
    assert units.total(1e308, 1e308) == math.inf
    assert units.total(1.0, math.inf) == math.inf
