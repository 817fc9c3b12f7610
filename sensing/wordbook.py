"""The catalogue of what people read (`config/words.toml`), in both languages: for those who write whole sentences."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Any

from .paths import config_dir

Words = Mapping[str, str]
"""`{zh, en}`."""


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads((config_dir() / "words.toml").read_text("utf-8"))


def pair(table: str, key: str) -> Words:
    """An entry of a table in both languages; the key itself, its underlines as blanks, where there is none."""
    found = _tables().get(table, {}).get(key)
    if isinstance(found, dict) and "zh" in found and "en" in found:
        return found
    plain = key.replace("_", " ")
    return {"zh": plain, "en": plain}
