"""Units: UCUM codes (ucum.org, version 2.2) with exact, dimension-checked conversion.

A unit is a scale and an offset to the coherent unit of its dimension: `base = value * scale + offset`, both rationals.
A float stands for its shortest decimal, which is what a person or an instrument wrote, and a result is that decimal
converted and rounded once: 125 cm is 1.25 m, 0.3 mm is 0.0003 m, 300 K is 26.85 Cel, never an ulp beside it.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable
from decimal import Context, Decimal
from fractions import Fraction
from functools import lru_cache

from msgspec import Struct

from .errors import ValidationError
from .unit_names import ALIASES, BASE, DEFINED, FOLDED, METRIC, PREFERRED, PREFIXES

Convert = Callable[[float], float]
Dimension = tuple[tuple[str, int], ...]
"""Powers of base dimensions, sorted by name, without zeros: m3/s is (("m", 3), ("s", -1))."""


class UnitError(ValidationError):
    """An unknown unit, or two units that measure different things."""


class Unit(Struct, frozen=True):
    """A unit understood. scale, offset: to the coherent unit of its dimension."""

    dimension: Dimension
    scale: Fraction
    offset: Fraction = Fraction(0)


_PI = Fraction("3.14159265358979323846264338327950288419716939937510")
_EXACT = Context(prec=60)
_TERM = re.compile(r"([./]?)(10\*|[0-9]+|(?:[^./0-9+\-\[\]{}()\s]|\[[^\[\]]*\]|\{[^{}]*\})+)([+-]?[0-9]{1,2})?")
_PEOPLE = str.maketrans({"μ": "u", "·": ".", "⋅": ".", "^": None, "−": "-"})


def convert(value: float, source: str, target: str) -> float:
    """`value` of unit `source` in unit `target`, rounded once. Raises UnitError when unknown or of another dimension."""
    change = converter(source, target)
    return change(value) if change else float(value)


@lru_cache(maxsize=4096)
def converter(source: str, target: str) -> Convert | None:
    """What turns `source` into `target`; None when the numbers are the same. Raises UnitError as `convert` does."""
    if source == target:
        return None
    given, wanted = parse(source), parse(target)
    if given.dimension != wanted.dimension:
        raise UnitError(
            f'unit "{source}" cannot become "{target}"',
            f"they measure different things ({_spell(given.dimension)} and {_spell(wanted.dimension)}): set the unit that the device sends",
        )
    return linear(given.scale / wanted.scale, (given.offset - wanted.offset) / wanted.scale)


def linear(scale: Fraction, offset: Fraction = Fraction(0)) -> Convert | None:
    """`value * scale + offset` on the shortest decimal of value, rounded once; None when it changes nothing."""
    if scale == 1 and offset == 0:
        return None
    power = _power_of_ten(scale)
    numerator = Decimal(scale.numerator * offset.denominator)
    constant = Decimal(offset.numerator * scale.denominator)
    denominator = Decimal(scale.denominator * offset.denominator)

    def exact(value: float) -> float:
        if not math.isfinite(value):
            return value
        grown = _EXACT.fma(Decimal(repr(value)), numerator, constant)
        return float(_EXACT.divide(grown, denominator))

    if power is None or offset:
        return exact
    suffix = f"e{power}"

    def shift(value: float) -> float:
        try:
            return float(repr(value) + suffix)
        except ValueError:  # it has an exponent already, or is not finite
            return exact(value)

    return shift


def total(*values: float) -> float:
    """The sum of numbers as the decimals that they stand for, rounded once: 1.1 + 2.2 is 3.3."""
    if not all(math.isfinite(value) for value in values):
        return sum(values)
    exact = Decimal(0)
    for value in values:
        exact = _EXACT.add(exact, Decimal(repr(value)))
    return float(exact)


@lru_cache(maxsize=4096)
def parse(text: str) -> Unit:
    """A UCUM code or any spelling of it, understood. Raises UnitError."""
    found = _understood(text)
    if found is None:
        raise UnitError(
            f'unit "{text}" is not known', "write a UCUM code such as m, cm, mm, m3/s, Cel, %, hPa, mg/L, ug/m3, uS/cm, V"
        )
    return found[1]


@lru_cache(maxsize=4096)
def code(text: str) -> str:
    """The UCUM spelling of a unit as people write it (`℃` is `Cel`, `m³/s` is `m3/s`). Raises UnitError."""
    found = _understood(text)
    if found is None:
        raise UnitError(
            f'unit "{text}" is not known', "write a UCUM code such as m, cm, mm, m3/s, Cel, %, hPa, mg/L, ug/m3, uS/cm, V"
        )
    return found[0]


@lru_cache(maxsize=4096)
def preferred(text: str) -> str:
    """The unit that a property without a table entry is kept in when its wire says `text`. Raises UnitError.

    One for each dimension, so that a device may change between cm and mm; ratios stay as they are written.
    """
    unit = parse(text)
    if not unit.dimension:
        return code(text)
    return _PREFERRED.get(unit.dimension) or _spell(unit.dimension)


def _understood(text: str) -> tuple[str, Unit] | None:
    if len(text) > 64:
        return None
    plain = unicodedata.normalize("NFKC", text).strip()
    machine = plain.replace("10^", "10*").translate(_PEOPLE)
    for candidate in (ALIASES.get(text), ALIASES.get(plain), plain, machine, FOLDED.get(machine.casefold())):
        unit = _read(candidate) if candidate is not None else None
        if unit is not None and candidate is not None:
            return candidate, unit
    return None


def _read(expression: str) -> Unit | None:
    """An expression of atoms: terms joined by `.` and `/` from left to right. None when an atom is not known."""
    alone = _atom(expression)
    if alone is not None:
        return alone
    scale, powers, at = Fraction(1), dict[str, int](), 0
    while at < len(expression):
        term = _TERM.match(expression, at)
        if term is None or (term[1] == "." if at == 0 else not term[1]):
            return None
        unit = _atom(term[2])
        if unit is None or unit.offset:
            return None
        at, power = term.end(), int(term[3] or 1) * (-1 if term[1] == "/" else 1)
        scale *= unit.scale**power
        for name, number in unit.dimension:
            powers[name] = powers.get(name, 0) + number * power
    return Unit(_dimension(powers), scale) if expression else None


def _atom(name: str) -> Unit | None:
    if name in _ATOMS:
        return _ATOMS[name]
    if name[:1] == "{" and name[-1:] == "}" and name.count("{") == 1:
        return Unit(((name, 1),), Fraction(1))  # an annotation that we have no word for mixes with nothing
    if name.endswith("}") and "{" in name:
        return _atom(name[: name.index("{")])
    if name.isdigit():
        return Unit((), Fraction(int(name))) if len(name) < 10 and int(name) else None
    prefix, rest = PREFIXES.get(name[:1]), name[1:]
    if prefix is None or (rest not in METRIC and rest not in ("m[Hg]", "m[H2O]")):
        return None
    unit = _ATOMS[rest]
    return Unit(unit.dimension, unit.scale * Fraction(10) ** prefix)


def _dimension(powers: dict[str, int]) -> Dimension:
    return tuple(sorted((name, power) for name, power in powers.items() if power))


def _spell(dimension: Dimension) -> str:
    return ".".join(name if power == 1 else f"{name}{power}" for name, power in dimension) or "1"


def _power_of_ten(scale: Fraction) -> int | None:
    big = max(scale.numerator, scale.denominator)
    digits = len(str(big)) - 1
    if scale <= 0 or min(scale.numerator, scale.denominator) != 1 or big != 10**digits:
        return None
    return digits if scale.numerator == big else -digits


def _table() -> dict[str, Unit]:
    _ATOMS.update({name: Unit(((name, 1),), Fraction(1)) for name in BASE})
    _ATOMS["[pi]"] = Unit((), _PI)
    for name, number, expression in DEFINED:
        unit = _read(expression) if expression else Unit((), Fraction(1))
        assert unit is not None, name
        _ATOMS[name] = Unit(unit.dimension, unit.scale * Fraction(number))
    kelvin = (("K", 1),)
    _ATOMS["Cel"] = Unit(kelvin, Fraction(1), Fraction("273.15"))
    _ATOMS["[degF]"] = Unit(kelvin, Fraction(5, 9), Fraction("459.67") * Fraction(5, 9))
    _ATOMS["[psi]"] = Unit(_ATOMS["Pa"].dimension, Fraction("6894.757293168361") * 1000)
    _ATOMS["dBW"] = Unit((("dBm", 1),), Fraction(1), Fraction(30))
    return _ATOMS


_ATOMS: dict[str, Unit] = {}
_table()
_PREFERRED: dict[Dimension, str] = {parse(name).dimension: name for name in reversed(PREFERRED)}
