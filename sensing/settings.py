"""Settings: defaults < `config/default.toml` < `DATA/config.toml` < environment (`SENSING_MQTT__PORT=1884`).

`load` gives the values; `provenance` says where each came from. Secrets are not settings: they live in the registry,
in files with mode 0600, or in the environment variable that a setting names.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import pydantic
from pydantic import BaseModel, Field

from .errors import ValidationError
from .paths import config_dir
from .sections import (
    Archive,
    Broker,
    Commit,
    Disk,
    Export,
    Foreign,
    Http,
    Lake,
    Mqtt,
    RegistrySettings,
    Retention,
    Section,
    Store,
    Work,
)
from .telling import Alert, Cap

__all__ = [
    "ENV",
    "Alert",
    "Archive",
    "Broker",
    "Cap",
    "Commit",
    "Disk",
    "Export",
    "Foreign",
    "Http",
    "Lake",
    "Loaded",
    "Mqtt",
    "RegistrySettings",
    "Retention",
    "Settings",
    "Store",
    "Work",
    "config_dir",
    "leaves",
    "load",
]

ENV = "SENSING_"


class Settings(Section):
    """Everything that can be set, with its default."""

    city: str = Field("Zhangzhou", description="Shown in titles")
    timezone: str = Field("+08:00", description="How people see time")
    language: Literal["zh", "en"] = Field("zh", description="Of pages and alerts")
    mqtt: Mqtt = Mqtt()
    commit: Commit = Commit()
    http: Http = Http()
    work: Work = Work()
    store: Store = Store()
    lake: Lake = Lake()
    registry: RegistrySettings = RegistrySettings()
    archive: Archive = Archive()
    retention: Retention = Retention()
    disk: Disk = Disk()
    cap: Cap = Cap()
    brokers: list[Broker] = Field(default_factory=list)
    export: list[Export] = Field(default_factory=list)
    alerts: list[Alert] = Field(default_factory=list)
    foreign_topics: list[Foreign] = Field(default_factory=list)

    @pydantic.model_validator(mode="after")
    def _told_apart(self) -> Settings:
        for what, names in (("export", [one.name for one in self.export]), ("alerts", [one.name for one in self.alerts])):
            if len(set(names)) < len(names):
                raise ValueError(f"{what}: names must differ, these do not: {', '.join(names)}")
        return self


class Loaded(BaseModel):
    """Settings and where each leaf came from: `default`, a file's path, or an environment variable's name."""

    settings: Settings
    provenance: dict[str, str]


def load(data: Path, environ: Mapping[str, str] = os.environ) -> Loaded:
    """Read every layer for a data folder. Raises ValidationError naming the file or variable and the field."""
    merged: dict[str, Any] = {}
    origin = {path: "default" for path, _ in leaves(Settings().model_dump(mode="json"))}
    for layer, name in _layers(data, environ):
        try:
            Settings.model_validate(_merge(merged, layer))
        except pydantic.ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise ValidationError(f"{name}: {where}: {first['msg']}", "see `sensing config show` for the names") from None
        merged = _merge(merged, layer)
        origin.update({path: name for path, _ in leaves(layer)})
    return Loaded(settings=Settings.model_validate(merged), provenance=origin)


def leaves(tree: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Dotted path and value of every leaf."""
    found: list[tuple[str, Any]] = []
    for key, value in tree.items():
        path = f"{prefix}{key}"
        found += leaves(value, path + ".") if isinstance(value, Mapping) else [(path, value)]
    return found


def _layers(data: Path, environ: Mapping[str, str]) -> list[tuple[dict[str, Any], str]]:
    layers = [(_read_toml(path), str(path)) for path in (config_dir() / "default.toml", data / "config.toml") if path.is_file()]
    for name, text in sorted(environ.items()):
        if not name.startswith(ENV) or "__" not in name:
            continue
        tree: Any = text
        for part in reversed(name[len(ENV) :].lower().split("__")):
            tree = {part: tree}
        layers.append((tree, name))
    return layers


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValidationError(f"{path}: {error}", "mend the file or move it away") from None


def _merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _merge(below, value) if isinstance(below, dict) and isinstance(value, Mapping) else value
    return merged
