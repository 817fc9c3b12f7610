"""Units against exact rational arithmetic."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from sensing import units

LENGTHS = ["m", "mm", "cm", "km", "[ft_i]", "[nmi_i]"]
OTHERS = [("Cel", "K"), ("[degF]", "Cel"), ("m3/h", "L/s"), ("hPa", "kPa"), ("uS/cm", "S/m"), ("deg", "rad")]
finite = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15)


@given(finite, st.sampled_from([*OTHERS, *((a, b) for a in LENGTHS for b in LENGTHS)]))
def test_the_result_is_the_nearest_float(value, pair):
    """Exactly the shortest decimal of the value, scaled and shifted as rationals, rounded once."""
    source, target = (units.parse(unit) for unit in pair)
    exact = (Fraction(repr(value)) * source.scale + source.offset - target.offset) / target.scale
    assert units.convert(value, *pair) == float(exact)


@given(st.integers(-(10**9), 10**9), st.integers(0, 6))
def test_decimals_come_back(digits, places):
    """A reading written with a few decimals survives cm and mm and back."""
    value = float(Fraction(digits, 10**places))
    for unit in ("mm", "cm", "km"):
        assert units.convert(units.convert(value, "m", unit), unit, "m") == value


@given(st.text(max_size=70))
def test_any_text_is_a_unit_or_a_unit_error(text):
    """Nothing that a wire writes as a unit breaks the table."""
    try:
        code = units.code(text)
    except units.UnitError:
        return
    assert units.parse(code) == units.parse(text)
