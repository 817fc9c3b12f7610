"""What a key of a vendor's JSON may mean: its words against `config/guess.toml`. Pure but for that file, which is read once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sensing.paths import config_dir

_SPLIT = re.compile(r"[^a-z0-9]+|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", re.ASCII)
_CJK = re.compile(r"[\u4e00-\u9fff]+")


@lru_cache(maxsize=1)
def table() -> Mapping[str, Any]:
    """The whole of `config/guess.toml`."""
    return tomllib.loads((config_dir() / "guess.toml").read_text("utf-8"))


def parts(key: str) -> list[str]:
    """Words of a key: `waterLevel_cm` is water, level, cm."""
    marked = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", key)
    return [part for part in re.split(r"[^a-z0-9]+", marked.lower()) if part]


def rank(key: str, words: list[str]) -> int | None:
    """How early in a list of words a key's meaning stands; None when it is not there. The whole key, then runs of its words."""
    whole = re.sub(r"[^a-z0-9]+", "", key.lower())
    pieces = parts(key)
    runs = {"".join(pieces[start:stop]) for start in range(len(pieces)) for stop in range(start + 1, len(pieces) + 1)}
    runs |= {re.sub(r"\d+$", "", run) for run in runs} | {whole}
    found = [place for place, word in enumerate(words) if (word in key if _CJK.search(word) else _plain(word) in runs)]
    return min(found) if found else None


def properties_of(key: str) -> list[str]:
    """Properties that a key may mean, the longest matching word first: `watertemp` is water temperature before air temperature."""
    found: list[tuple[int, int, str]] = []
    for name, words in table()["words"].items():
        place = rank(key, words)
        if place is not None:
            found.append((-len(_plain(words[place])), place, name))
    return [name for _, _, name in sorted(found)]


def unit_of(key: str) -> str | None:
    """The unit that a key's last word says: level_cm, tempC, 水位(cm)."""
    inside = re.search(r"[(（\[]([^)）\]]+)[)）\]]", key)
    if inside:
        return inside[1]
    pieces = parts(key)
    found: str | None = table()["suffixes"].get(pieces[-1]) if len(pieces) > 1 else None
    return found


def _plain(word: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", word.lower()) or word
