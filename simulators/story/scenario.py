"""A scenario: which storm, when, and what else happens. Read from config/storms/*.toml or a file of one's own.

zh, en, text_zh, text_en    what people read
begin, end                  the window that is played, UTC
landfall                    when it comes ashore, for people and reports; the physics does not look at it
track                       the best track: a file beside the scenario, of config/tracks, or a path
rain                        typhoon | plum | none
seed                        of all that is left to chance
wind_ms, wind_from          the wind when no storm blows: m/s, degrees
sea_m                       how much higher than the tide the sea stands without a storm, m
[leak]                      lat lon rate_kg_s begin_h end_h height_m: what escapes, from and until how long after begin
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sensing.errors import SensingError, UsageError, ValidationError
from sensing.model import Micros
from sensing.paths import config_dir
from sensing.times import HOUR, from_datetime

RAINS = ("typhoon", "plum", "none")
NOT_SCENARIOS = ("faults",)
"""Files of config/storms that are something else."""


@dataclass(frozen=True)
class Leak:
    """What escapes. begin, end: microseconds UTC. rate: kg/s. height: of the source, m."""

    lat: float
    lon: float
    rate: float
    begin: Micros
    end: Micros
    height: float = 2.0


@dataclass(frozen=True)
class Scenario:
    """See the top. Times in microseconds UTC. more: tables of the file that are not the physics' own (ships, faults ...)."""

    name: str
    zh: str
    en: str
    begin: Micros
    end: Micros
    text_zh: str = ""
    text_en: str = ""
    landfall: Micros | None = None
    track: Path | None = None
    rain: str = "none"
    seed: int = 7
    wind_ms: float = 4.0
    wind_from: float = 60.0
    sea_m: float = 0.0
    leak: Leak | None = None
    more: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def moved(self, begin: Micros, end: Micros | None = None) -> Scenario:
        """Another window. A leak keeps its distance from the begin; a track stays where it is in time."""
        by = begin - self.begin
        leak = replace(self.leak, begin=self.leak.begin + by, end=self.leak.end + by) if self.leak else None
        return replace(self, begin=begin, end=end if end is not None else self.end + by, leak=leak)


def names() -> tuple[str, ...]:
    """The scenarios that are shipped."""
    return tuple(sorted(path.stem for path in (config_dir() / "storms").glob("*.toml") if path.stem not in NOT_SCENARIOS))


def load(name_or_path: str) -> Scenario:
    """A shipped scenario by name, or a file by path. Raises UsageError for one that is not there, ValidationError for a bad one."""
    path = Path(name_or_path)
    if path.suffix != ".toml":
        path = config_dir() / "storms" / f"{name_or_path}.toml"
        if name_or_path not in names():
            raise UsageError(
                f'there is no storm "{name_or_path}"', f"take one of {', '.join(names())}, or the path of a .toml file"
            )
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {error}", "give the path of a scenario, UTF-8") from None
    return read(text, path)


def read(text: str, path: Path) -> Scenario:
    """A scenario from its text; path: where it came from, for names, tracks and errors. Raises ValidationError: file, line, remedy."""
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValidationError(f"{path}: {error}", "mend the TOML") from None
    try:
        return _scenario(tree, path)
    except _FieldError as wrong:
        raise ValidationError(f"{path}{_line(text, wrong.key)}: {wrong.what}", wrong.hint) from None


class _FieldError(SensingError):
    def __init__(self, key: str, what: str, hint: str) -> None:
        super().__init__(what, hint)
        self.key = key


def _line(text: str, key: str) -> str:
    for number, line in enumerate(text.splitlines(), 1):
        if line.split("=")[0].strip() == key or line.strip() == f"[{key}]":
            return f" line {number}"
    return ""


_KINDS: Mapping[str, tuple[type, ...]] = {"str": (str,), "float": (int, float), "int": (int,)}


def _scenario(tree: dict[str, Any], path: Path) -> Scenario:
    known = {each.name: str(each.type) for each in fields(Scenario) if each.name not in {"name", "more"}}
    values: dict[str, Any] = {"name": path.stem}
    for key, value in tree.items():
        if isinstance(value, dict) and key != "leak":
            continue
        if key not in known:
            raise _FieldError(key, f"key {key} is unknown", f"keys are {', '.join(known)}")
        values[key] = _value(key, value, known[key], path)
    for key in ("zh", "en", "begin", "end"):
        if key not in values:
            raise _FieldError(key, f"{key} is missing", "add it")
    if values["end"] <= values["begin"]:
        raise _FieldError("end", "end is not after begin", "give a later one")
    if values.get("rain", "none") not in RAINS:
        raise _FieldError("rain", f"rain = {values['rain']!r}", f"use one of {', '.join(RAINS)}")
    if values.get("rain") == "typhoon" and not values.get("track"):
        raise _FieldError("rain", 'rain = "typhoon" without a track', "add track")
    if "leak" in values:
        values["leak"] = _leak(values["leak"], values["begin"])
    values["more"] = MappingProxyType({key: value for key, value in tree.items() if isinstance(value, dict) and key != "leak"})
    return Scenario(**values)


def _value(key: str, value: Any, kind: str, path: Path) -> Any:
    if key == "leak":
        if not isinstance(value, dict):
            raise _FieldError(key, "leak is not a table", "write [leak]")
        return value
    if kind.startswith("Micros"):
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise _FieldError(key, f"{key} = {value}", "write a time with its zone, as 2016-09-14T19:00:00Z")
        return from_datetime(value)
    if key == "track":
        return _track(value, path)
    if isinstance(value, bool) or not isinstance(value, _KINDS[kind]):
        raise _FieldError(key, f"{key} = {value!r}", "write text in quotes and numbers without")
    return value


def _track(value: Any, path: Path) -> Path:
    if not isinstance(value, str):
        raise _FieldError("track", f"track = {value!r}", "name a file")
    for folder in (path.parent, config_dir() / "tracks"):
        if (folder / value).is_file():
            return folder / value
    raise _FieldError("track", f"track {value}: there is no such file", "put it beside the scenario, or give the whole path")


def _leak(table: dict[str, Any], begin: Micros) -> Leak:
    wanted = {"lat", "lon", "rate_kg_s", "begin_h", "end_h", "height_m"}
    for key, value in table.items():
        if key not in wanted or isinstance(value, bool) or not isinstance(value, int | float):
            raise _FieldError(key, f"leak: {key} = {value!r}", f"give numbers for {', '.join(sorted(wanted))}")
    missing = wanted - {"height_m"} - set(table)
    if missing:
        raise _FieldError("leak", f"leak: {', '.join(sorted(missing))} is missing", "add it")
    return Leak(
        table["lat"],
        table["lon"],
        table["rate_kg_s"],
        begin + int(table["begin_h"] * HOUR),
        begin + int(table["end_h"] * HOUR),
        table.get("height_m", 2.0),
    )
