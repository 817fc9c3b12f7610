"""What people fill in, and how a mistake is told: the field, the value, the remedy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple, Self

import pydantic
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from sensing import properties, thresholds, topics
from sensing.checks import limits
from sensing.coordinates import CHINA, Crs, in_china
from sensing.errors import ValidationError
from sensing.units import UnitError, code, converter, preferred

from .natives import LONGEST

_LONGEST_TEXT = 2_000


class Problem(NamedTuple):
    """One mistake: `field` as the form and the CSV call it."""

    field: str
    value: Any
    what: str
    hint: str


class FormError(ValidationError):
    """Every mistake of one form, for a page that marks each field; its text names them all."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        first = problems[0]
        rest = "".join(f"; also {_told(problem)}" for problem in problems[1:])
        super().__init__(_told(first), f"{first.hint}{rest}")


def _told(problem: Problem) -> str:
    return f"{problem.field} {problem.value!r}: {problem.what}"


def _id(text: str) -> str:
    if not topics.is_id(text):
        raise PydanticCustomError("form", "is not an id", {"hint": "use 1 to 64 of a-z, 0-9 and -"})
    return text


def _printable(text: str) -> str:
    if not text.isprintable():
        raise PydanticCustomError("form", "has control characters", {"hint": "retype it on one line"})
    return text


def _blank_is_none(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _units(value: Any) -> Any:
    """`PROP=UNIT` pairs between blanks, commas or semicolons, as a mapping."""
    if not isinstance(value, str):
        return value
    pairs = [pair.partition("=") for pair in re.split(r"[\s,;]+", value.strip()) if pair]
    if any(not prop or not unit for prop, _, unit in pairs):
        raise PydanticCustomError("form", "is not PROPERTY=UNIT", {"hint": "write water_level=cm, several with a blank between"})
    return {prop: unit for prop, _, unit in pairs}


def _fitting(units: dict[str, str]) -> dict[str, str]:
    """The units in their UCUM spelling; each must be able to become its property's own."""
    found = {}
    for prop, unit in units.items():
        try:
            known = properties.get(prop)
            converter(unit, known.unit if known else preferred(unit))
            found[prop] = code(unit)
        except UnitError as error:
            raise PydanticCustomError("form", "{what}", {"what": error.what, "hint": error.hint}) from None
        if known is None and not properties.ID.fullmatch(prop):
            hint = {"what": f"{prop!r} is not a property", "hint": "write its id, such as water_level"}
            raise PydanticCustomError("form", "{what}", hint)
    return found


def _watchable(settings: dict[str, Any]) -> dict[str, Any]:
    try:
        thresholds.read(settings.get("thresholds"))
        limits.read(settings.get("checks"))
    except ValidationError as error:
        raise PydanticCustomError("form", "{what}", {"what": error.what, "hint": error.hint}) from None
    return settings


Id = Annotated[str, AfterValidator(_id)]
Text = Annotated[str, Field(max_length=_LONGEST_TEXT), AfterValidator(_printable)]
Serial = Annotated[str, Field(max_length=128), AfterValidator(_printable)]
Word = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_printable)]
Number = Annotated[float, Field(allow_inf_nan=False)]
MaybeNumber = Annotated[Number | None, BeforeValidator(_blank_is_none)]
Settings = Annotated[dict[str, Any], AfterValidator(_watchable)]
Units = Annotated[dict[Word, Word], BeforeValidator(_units), AfterValidator(_fitting)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, hide_input_in_errors=True)

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> Self:
        """The form with these fields; raises FormError with every mistake in them."""
        try:
            return cls.model_validate(dict(fields))
        except pydantic.ValidationError as error:
            raise FormError([_problem(dict(fields), each) for each in error.errors()]) from None


class DeviceForm(_Form):
    """A device as a field engineer states it.

    lat, lon: degrees in `crs`. zero: station zero above `datum`, m. offset: added to the result. mount_height: sensor above the zero, m.
    unit: property id to the UCUM unit on the wire. settings: override the type's. principal: who carries it; None gives it its own.
    """

    id: Id
    type: Id
    adapter: Annotated[str | None, BeforeValidator(_blank_is_none)] = None
    native: Annotated[Annotated[str, Field(max_length=LONGEST)] | None, BeforeValidator(_blank_is_none)] = None
    name: Text = ""
    lat: MaybeNumber = None
    lon: MaybeNumber = None
    crs: Crs = Crs.WGS84
    area: Text = ""
    datum: Text = ""
    zero: MaybeNumber = None
    offset: Number = 0.0
    mount_height: MaybeNumber = None
    unit: Units = Field(default_factory=dict)
    period_rule: Text = ""
    principal: Annotated[Id | None, BeforeValidator(_blank_is_none)] = None
    settings: Settings = Field(default_factory=dict)
    note: Text = ""
    serial: Serial = ""

    @model_validator(mode="after")
    def _in_the_world(self) -> DeviceForm:
        check_position(self.lat, self.lon, self.crs)
        return self


class DeviceChanges(_Form):
    """Fields of a device that change; a field that is absent stays. lat, lon and crs change together."""

    type: Id | None = None
    native: Annotated[str, Field(max_length=LONGEST)] | None = None
    name: Text | None = None
    lat: MaybeNumber = None
    lon: MaybeNumber = None
    crs: Crs = Crs.WGS84
    area: Text | None = None
    datum: Text | None = None
    zero: MaybeNumber = None
    offset: Number | None = None
    mount_height: MaybeNumber = None
    unit: Units | None = None
    period_rule: Text | None = None
    principal: Id | None = None
    settings: Settings | None = None
    note: Text | None = None
    serial: Serial | None = None

    @model_validator(mode="after")
    def _in_the_world(self) -> DeviceChanges:
        check_position(self.lat, self.lon, self.crs)
        return self


def check_position(lat: float | None, lon: float | None, crs: Crs) -> None:
    """Refuse half a position, one outside the world, and one where its system means nothing."""
    if lat is None and lon is None:
        return
    if lat is None or lon is None:
        raise _place("lat" if lat is None else "lon", None, "lat and lon go together", "give both, or neither")
    swapped = "lat and lon look swapped" if abs(lon) <= 90 < abs(lat) <= 180 else "give degrees, latitude first (--at LAT,LON)"
    if abs(lat) > 90:
        raise _place("lat", lat, "latitude must be -90 to 90", swapped)
    if abs(lon) > 180:
        raise _place("lon", lon, "longitude must be -180 to 180", swapped)
    if crs is not Crs.WGS84 and not in_china((lon, lat)):
        west, south, east, north = CHINA
        hint = f"{crs} is defined in {west:.0f}-{east:.0f} E, {south:.0f}-{north:.0f} N; a GPS gives wgs84"
        raise _place("crs", str(crs), "the position is outside China", swapped if in_china((lat, lon)) else hint)


def _place(name: str, value: Any, what: str, hint: str) -> PydanticCustomError:
    return PydanticCustomError("form", "{what}", {"what": what, "hint": hint, "field": name, "value": value})


def _problem(fields: Mapping[str, Any], error: Any) -> Problem:
    context = error.get("ctx") or {}
    name = str(context.get("field") or (error["loc"][0] if error["loc"] else "form"))
    value = context.get("value", fields.get(name))
    return Problem(
        name, value, error["msg"], context.get("hint") or _HINTS.get(error["type"]) or _FIELD_HINTS.get(name, "correct it")
    )


_HINTS = {
    "missing": "it is needed",
    "extra_forbidden": "no such field; see `sensing device template`",
    "float_parsing": "write a number such as 5.25",
    "finite_number": "write a number such as 5.25",
    "string_too_long": "shorten it",
}
_FIELD_HINTS = {
    "crs": "write wgs84, gcj02 or bd09",
    "settings": "write a JSON object",
    "unit": "write water_level=cm, several with a blank between",
}
