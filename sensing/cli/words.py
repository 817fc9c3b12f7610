"""What people read, from one catalogue (`config/words.toml`): Chinese first and English after it, or English alone.

The language is SENSING_LANG, else the data folder's `language`, else LANG when it names one of ours, else the shipped default.
Read without the settings' machinery: a command that only says a word must start at once.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from datetime import timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

from sensing.paths import config_dir

from .root import data_folder

LANGUAGES = ("zh", "en")
_ZONE = re.compile(r"([+-])(\d\d):(\d\d)")


def say(key: str, **values: object) -> str:
    """A message of the catalogue's `[cli]`, filled in: `登记成功 registered`, or `registered`."""
    return phrase("cli", key).format(**values)


def phrase(table: str, key: str) -> str:
    """An entry of a table of the catalogue in the person's language; the key itself when there is none."""
    found = entry(table, key)
    if found is None:
        return key
    return f"{found['zh']} {found['en']}".strip() if language() == "zh" else str(found["en"])


def entry(table: str, key: str) -> Mapping[str, str] | None:
    """An entry of a table of the catalogue in both languages, `{zh, en}`; None when there is none."""
    found: Mapping[str, str] | None = _catalogue().get(table, {}).get(key)
    return found


def both(text: Mapping[str, str] | str | None) -> str:
    """What the service says in both languages, `{zh, en}`, as `phrase` would."""
    if not isinstance(text, Mapping):
        return text or ""
    return f"{text['zh']} {text['en']}" if language() == "zh" else text["en"]


def language(environ: Mapping[str, str] = os.environ) -> str:
    """`zh` or `en`."""
    asked = environ.get("SENSING_LANG", "")[:2].lower()
    own, shipped = _own(data_folder()).get("language"), _shipped().get("language", "zh")
    system = environ.get("LANG", "")[:2].lower()
    return next(str(word) for word in (asked, own, system, shipped, "zh") if word in LANGUAGES)


def zone() -> timezone:
    """The zone in which people see times."""
    text = str(_own(data_folder()).get("timezone") or _shipped().get("timezone", "+08:00"))
    found = _ZONE.fullmatch(text)
    if not found:
        return timezone(timedelta(hours=8), "+08:00")
    offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return timezone(-offset if found[1] == "-" else offset, text)


@cache
def _catalogue() -> dict[str, Any]:
    return _table(config_dir() / "words.toml")


@cache
def _shipped() -> dict[str, Any]:
    return _table(config_dir() / "default.toml")


@cache
def _own(data: Path) -> dict[str, Any]:
    return _table(data / "config.toml")


def _table(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}  # `config check` names what is wrong with it; a word must not fail for that
