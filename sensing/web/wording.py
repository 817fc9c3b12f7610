"""The words that pages show, from `config/words.toml` and `config/properties.toml`: one flat table, `{key: {zh, en}}`.

`[page]` goes in under its own keys; what else a page names goes in under the name of its table: `severity.danger`, `quality.3`, `reason.spike`,
`event_state.open`, `origin.simulated`, `step.stored`, `column.device`, and `property.water_level`.
"""

from __future__ import annotations

import threading
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from sensing import properties
from sensing.paths import config_dir

from .answers import encode
from .assets import Asset, asset

TABLES = ("quality", "severity", "kind", "level", "event_state", "reason", "origin", "step", "check", "disk", "export", "column")
"""Those of the catalogue that pages show beside their own."""
_lock = threading.Lock()
_kept: tuple[tuple[int, int], Asset] | None = None


def catalogue() -> Asset:
    """The table as it is sent; read anew when the file was changed."""
    global _kept  # noqa: PLW0603 one table a process, whoever asks first reads it
    path = config_dir() / "words.toml"
    found = path.stat()
    stamp = found.st_mtime_ns, found.st_size
    with _lock:
        if _kept is None or _kept[0] != stamp:
            _kept = stamp, asset(encode(read(tomllib.loads(path.read_text("utf-8")))), ".json")
        return _kept[1]


def read(tables: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Every word of the pages by key."""
    found = dict(_leaves(tables.get("page", {}), ""))
    for name in TABLES:
        found |= _leaves(tables.get(name, {}), f"{name}.")
    return found | {
        f"property.{each.id}": {"zh": each.name_zh, "en": each.name_en} for each in properties.all_properties().values()
    }


def _leaves(table: Mapping[str, Any], before: str) -> Iterator[tuple[str, dict[str, str]]]:
    """`map.title = {zh, en}` as TOML reads it is a table in a table."""
    for key, value in table.items():
        if isinstance(value.get("zh"), str) and isinstance(value.get("en"), str):
            yield before + key, {"zh": value["zh"], "en": value["en"]}
        else:
            yield from _leaves(value, f"{before}{key}.")
