"""A guess as the file of a thing type: TOML with its doubts as comments. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from .kind import Guess

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def written(found: Guess, name_zh: str, name_en: str) -> str:
    """The file."""
    notes, tree = found.notes, found.tree
    lines = [
        f"# Guessed from {found.samples} sample{'s' * (found.samples != 1)}, {found.read} of them read. Confidence {found.confidence:.2f}: read every line.",
        f"# 由 {found.samples} 个样本猜测，请逐行核对。A native id looks like {_text(found.native)}.",
    ]
    if found.alternatives:
        lines.append(f"# Other adapters that read something: {', '.join(found.alternatives)}")
    lines += [f"name_zh = {_text(name_zh)}", f"name_en = {_text(name_en)}"]
    lines += [_line(key, tree[key], "") for key in ("adapter", "domain") if key in tree]
    if "cadence_s" in tree:
        lines.append(_line("cadence_s", tree["cadence_s"], notes.get("cadence_s", "")))
    elif "cadence_s" in notes:
        lines.append(f"# {notes['cadence_s']}")
    lines += _commented("properties", tree["properties"], notes)
    lines.append('# stands = "land"     # land, shore or sea: the checklist holds the place against the coast')
    lines.append('# wiring = ""         # what the field engineer must know: cables, ports, menu settings')
    if tree["limits"]:
        lines += ["", "[limits]  # physically impossible outside"]
        lines += [_line(key, value, notes.get(f"limits.{key}", "")) for key, value in tree["limits"].items()]
    return "\n".join(lines + _settings(tree["settings"], notes)) + "\n"


def _settings(settings: Mapping[str, Any], notes: Mapping[str, str]) -> list[str]:
    plain = {key: value for key, value in settings.items() if key != "values"}
    missing = [f"# {note}" for key, note in notes.items() if key in {"device", "time", "match", "codec"} and key not in plain]
    lines = ["", "[settings]"] if plain or missing or "values" in settings else []
    lines += missing
    for key, value in plain.items():
        lines += _commented(key, value, notes)
    for row in settings.get("values", ()):
        lines += ["", "[[settings.values]]"]
        note = notes.get(f"values {row['at']}{row.get('when', '')}{row.get('registers', {}).get('index', '')}")
        lines += [f"# {_plain(note)}"] if note else []
        lines += [_line(key, value, "") for key, value in row.items()]
    return lines


def _commented(key: str, value: Any, notes: Mapping[str, str]) -> list[str]:
    note = notes.get(key)
    return [*([f"# {_plain(note)}"] if note else []), _line(key, value, "")]


def _line(key: str, value: Any, note: str) -> str:
    return f"{_key(key)} = {_value(value)}" + (f"  # {_plain(note)}" if note else "")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_value(each)}" for key, each in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_value(each) for each in value) + "]"
    return f"{value:g}" if isinstance(value, float) and value.is_integer() and abs(value) < 1e6 else str(value)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _plain(text: str | None) -> str:
    """A comment stays on its line."""
    return "".join(sign if sign.isprintable() else " " for sign in text or "")
