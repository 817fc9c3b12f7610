"""The scenarios there are: those that are shipped, under those of the site (`DATA/storms/*.toml`), which come first."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sensing.errors import ConflictError, UsageError
from sensing.paths import config_dir
from sensing.times import rfc3339

from .story import scenario, track

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def resolved(data: Path, name: str) -> str:
    """What `open_story` takes for a name: the site's own file when there is one, else the name, or a path as it is."""
    own = data / "storms" / f"{name}.toml"
    return str(own) if _NAME.fullmatch(name) and own.is_file() else name


def listed(data: Path) -> list[dict[str, Any]]:
    """Every scenario: name, zh, en, begin, end, rain, and whether it is the site's own. One that cannot be read says why."""
    own = {path.stem: str(path) for path in sorted((data / "storms").glob("*.toml"))}
    return [_row(name, own.get(name, name), own=name in own) for name in sorted({*scenario.names(), *own})]


def _row(name: str, where: str, *, own: bool) -> dict[str, Any]:
    try:
        found = scenario.load(where)
    except (UsageError, ValueError) as error:
        return {"name": name, "zh": "", "en": str(error), "begin": None, "end": None, "rain": "", "own": own}
    return {
        "name": name, "zh": found.zh, "en": found.en, "begin": rfc3339(found.begin), "end": rfc3339(found.end), "rain": found.rain,
        "own": own,
    }  # fmt: skip


def shown(data: Path, name: str, other_track: str | None = None) -> dict[str, Any]:
    """A scenario with its text and its best track. Raises UsageError, ValidationError."""
    found = scenario.load(resolved(data, name))
    path = Path(other_track) if other_track else found.track
    points = track.load(path).points if path else ()
    return {
        "name": found.name, "zh": found.zh, "en": found.en, "text": {"zh": found.text_zh, "en": found.text_en}, "begin": rfc3339(found.begin),
        "end": rfc3339(found.end), "landfall": rfc3339(found.landfall) if found.landfall else None, "rain": found.rain, "seed": found.seed,
        "sea_m": found.sea_m, "leak": bool(found.leak), "track": [
            {"time": rfc3339(point.time), "lat": point.lat, "lon": point.lon, "wind_m_s": round(point.wind, 1), "pressure_hpa": point.pressure}
            for point in points
        ],
    }  # fmt: skip


def new(data: Path, name: str, source: str) -> Path:
    """A copy of a scenario for the site to edit, its track beside it; returns its path. Raises UsageError, ConflictError."""
    if not _NAME.fullmatch(name):
        raise UsageError(f'name "{name}" does not fit', "use a-z, 0-9 and -")
    path = data / "storms" / f"{name}.toml"
    if path.exists():
        raise ConflictError(f"{path} is there already", "edit it, or take another name")
    where = resolved(data, source)
    found = scenario.load(where)
    text = (Path(where) if where.endswith(".toml") else config_dir() / "storms" / f"{where}.toml").read_text("utf-8")
    path.parent.mkdir(parents=True, exist_ok=True)
    if found.track is not None:
        beside = path.parent / found.track.name
        if not beside.exists():
            beside.write_bytes(found.track.read_bytes())
    path.write_text(text, "utf-8")
    return path
