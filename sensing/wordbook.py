"""The catalogue of what people read (`config/words.toml`), in both languages: for those who write whole sentences."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Any

from .paths import config_dir

Words = Mapping[str, str]
"""`{zh, en}`."""
_BOTH = re.compile(r"(.*[\u3400-\u9fff]\S*)\s+([A-Z][a-z]{2}[^\u3400-\u9fff]*)")


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


def halves(text: str) -> Words:
    """A name that is written in both languages, Chinese first, in each: "芗城 Xiangcheng" is 芗城 and Xiangcheng. One of one language stays as it
    is, and so does one with a mark behind it: "水位站 G2".
    """
    found = _BOTH.fullmatch(text)
    return {"zh": found[1].strip(), "en": found[2].strip()} if found else {"zh": text, "en": text}
