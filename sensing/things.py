"""Thing types: what a kind of device is, as data. `config/things/*.toml` ship; `DATA/things/*.toml` add and override by id.

A new device without code is one file here (docs/things.md). The file's name is the id.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from . import properties, thresholds, units
from .checks import limits
from .errors import ValidationError
from .model import Domain
from .paths import config_dir
from .topics import ADAPTER, is_id

Limit = Annotated[tuple[float, float], Field(description="[low, high] in the property's unit")]


_STAGES = frozenset(("level", "sentinels", "thresholds", "silent", "checks"))
"""Settings that the stages read, whatever the adapter is."""


class ThingType(BaseModel):
    """A kind of device. limits: property id to (low, high), physical, in canonical units; outside is flagged `range`.

    adapter: the protocol it speaks; "" is any, named when a device is registered. settings: what the adapter and the stages
    read (a JSON mapping, `level`, `sentinels`); a device may override each.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    name_zh: str
    name_en: str
    adapter: str = ""
    domain: Domain = Domain.ENVIRONMENT
    cadence_s: int | None = Field(None, gt=0, le=31 * 86400, description="How often it reports; None when it does not say")
    properties: tuple[str, ...] = ()
    limits: dict[str, Limit] = {}
    units: dict[str, str] = Field({}, description="Property to the unit its wire values are in, when the wire does not say")
    settings: dict[str, Any] = {}
    checks: dict[str, Any] = Field({}, description="Fields that replace those of config/quality.toml (docs/quality.md)")
    stands: Literal["", "land", "shore", "sea"] = Field(
        "", description="Where its kind stands; the checklist holds its place against the coast. shore: on it, on either side"
    )
    datum: str = Field("", description="How its levels relate to a datum, for people")
    wiring: str = Field("", description="What the field engineer must know: cables, ports, menu settings")

    @field_validator("id")
    @classmethod
    def _id(cls, value: str) -> str:
        if not is_id(value):
            raise ValueError(f'"{value}" is not an id; use 1-64 of a-z 0-9 -')
        return value

    @field_validator("adapter")
    @classmethod
    def _adapter(cls, value: str) -> str:
        if value and not ADAPTER.fullmatch(value):
            raise ValueError(f'"{value}" is not an adapter; use a-z 0-9')
        return value

    @model_validator(mode="after")
    def _known(self) -> ThingType:
        for name in (*self.properties, *self.limits, *self.units):
            if properties.get(name) is None and not _is_dynamic(name, self.adapter):
                raise ValueError(
                    f'"{name}" is no property; see config/properties.toml, or write {self.adapter or "ADAPTER"}_{name}'
                )
        for name, (low, high) in self.limits.items():
            if not low < high:
                raise ValueError(f"limits.{name}: {low:g} is not below {high:g}")
        for name, unit in self.units.items():
            kept = properties.get(name)
            _fits(name, unit, kept.unit if kept else unit)
        return self

    @model_validator(mode="after")
    def _stage_settings(self) -> ThingType:
        level = self.settings.get("level", "absolute")
        if level not in ("absolute", "relative"):
            raise ValueError(f'settings.level: "{level}" is neither "absolute" nor "relative"')
        sentinels = self.settings.get("sentinels", {})
        if not isinstance(sentinels, Mapping) or not all(_are_numbers(values) for values in sentinels.values()):
            raise ValueError("settings.sentinels: write property = [numbers]")
        try:
            thresholds.read(self.settings.get("thresholds"))
            limits.read(self.checks)
            limits.read(self.settings.get("checks"), "settings.checks")
        except ValidationError as error:
            raise ValueError(f"settings.{error}") from None
        return self


def load_types(*folders: Path) -> dict[str, ThingType]:
    """Types by id, shipped ones first, then each folder's, which override. Raises ValidationError naming file and field."""
    types: dict[str, ThingType] = {}
    for folder in (config_dir() / "things", *folders):
        for path in sorted(folder.glob("*.toml")):
            found = read_type(path)
            types[found.id] = found
    return types


def read_type(path: Path) -> ThingType:
    """One type from its file. Raises ValidationError naming file and field."""
    try:
        tree = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValidationError(f"{path}: {error}", "mend the file; docs/things.md shows one") from None
    if tree.get("id", path.stem) != path.stem:
        raise ValidationError(f'{path}: id: "{tree["id"]}" is not the name of the file', f'leave id out, or write "{path.stem}"')
    try:
        return ThingType.model_validate({**tree, "id": path.stem})
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "type"
        raise ValidationError(
            f"{path}: {where}: {first['msg'].removeprefix('Value error, ')}", "docs/things.md lists the fields"
        ) from None


def check_settings(types: Iterable[ThingType], adapters: Mapping[str, Any]) -> None:
    """Ask each type's adapter whether it can read its settings (`check`, where the adapter has one). Raises ValidationError naming the type."""
    for kind in types:
        if kind.adapter and kind.adapter not in adapters:
            raise ValidationError(
                f'things/{kind.id}.toml: adapter "{kind.adapter}" does not exist', f"there are {', '.join(adapters)}"
            )
        check = getattr(adapters.get(kind.adapter), "check", None)
        own = {key: value for key, value in kind.settings.items() if key not in _STAGES}
        try:
            if check is not None:
                check(own)
        except ValidationError as error:
            raise ValidationError(f"things/{kind.id}.toml: {error.what}", error.hint) from None


def _is_dynamic(name: str, adapter: str) -> bool:
    return re.fullmatch(rf"{adapter or '[a-z0-9]{1,32}'}_[a-z0-9_]{{1,63}}", name) is not None


def _fits(name: str, unit: str, kept: str) -> None:
    try:
        units.converter(unit, kept)
    except units.UnitError as error:
        raise ValueError(f"units.{name}: {error}") from None


def _are_numbers(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)
