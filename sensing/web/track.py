"""The storm of a run, for the map: its best track, and how far its winds reach.

A simulated run is named after its scenario; the scenario (`DATA/storms`, then `config/storms`) names its track. Any run, live data too, has the one
that somebody imported (`vessel track import`), which also tells who should lie in shelter. What `storm run --track` put in the scenario's place is not told here. Positions follow the cubic that the simulator's storm follows, half an hour apart.

Radii are those of force 7, 10 and 12 as the China Meteorological Administration draws them (GB/T 19201-2006, GB/T 28591-2012): 13.9, 24.5 and 32.7 m/s.
How a track is read and what it leaves out: sensing.maritime.storms.
"""

from __future__ import annotations

import csv
import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool

from sensing import times
from sensing.errors import ValidationError
from sensing.maritime.storms import Point, between, reach_km, read
from sensing.paths import config_dir

from .answers import Answer
from .ask import Ask
from .desk import Desk
from .orders import give

FORCES = {"r7": 13.9, "r10": 24.5, "r12": 32.7}
"""m/s, 10-minute mean."""
_UPLOAD, _MOST_POINTS = 1 << 20, 2_000
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def track(desk: Desk, ask: Ask) -> dict[str, Any]:
    """`{run, storm, name: {zh, en}, landfall, points: [{time, lon, lat, wind, pressure, r7, r10, r12}]}` of `run`; `points` is [] without a storm.

    time, landfall: milliseconds; wind: m/s; pressure: hPa; r7, r10, r12: km, 0 where no wind is that strong. Absent, `run` is the demo's.
    """
    wanted = [each for each in desk.runs(ask.text("run")) or [] if each]
    found = next((run for run in desk.registry.list_runs() if run.id in wanted), None)
    if found is not None and found.origin == "simulated" and _NAME.fullmatch(found.name):
        return {"run": found.id, "storm": found.name, **_told(desk.data, found.name)}
    with desk.stores.take() as store:
        told = store.ships().storms(desk.runs(ask.text("run")))
    if not told:
        return {"run": "", "storm": "", "name": None, "landfall": None, "points": []}
    run, storm, points = told[-1]
    shown = [_point(each) for each in between(points)]
    return {"run": run, "storm": storm, "name": {"zh": storm, "en": storm}, "landfall": None, "points": shown}


async def bulletin(desk: Desk, ask: Ask) -> Answer:
    """The body is a best track or a forecast, IBTrACS-like CSV; it takes the place of what was told of that storm. Raises ValidationError."""
    storm, points = await run_in_threadpool(_read, ask)
    rows = [[point.time, point.lon, point.lat, point.wind, point.pressure] for point in points]
    done = [
        await give(desk, ask, "track", {"run": run, "storm": storm, "points": rows}) for run in desk.runs(ask.text("run")) or [""]
    ]
    return done[-1]


def _read(ask: Ask) -> tuple[str, list[Point]]:
    storm = ask.text("storm")
    if not _NAME.fullmatch(storm):
        raise ValidationError(f'storm "{storm[:40]}"', "a name of small letters, digits and hyphens, such as meranti-2016")
    if ask.upload is None:
        raise ValidationError("there is no file", "send it as the body of the request")
    with ask.upload as file:
        data = file.read(_UPLOAD + 1)
    if len(data) > _UPLOAD:
        raise ValidationError(f"the file is larger than {_UPLOAD >> 10} kB", "cut it to one storm")
    try:
        points = read(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, csv.Error):
        raise ValidationError("not a CSV file in UTF-8", "save it as CSV UTF-8") from None
    if not 2 <= len(points) <= _MOST_POINTS:
        raise ValidationError(
            f"{len(points)} points of a track", "columns time,lat,lon,wmo_wind_kt_10min,wmo_pres_hpa, two points or more"
        )
    return storm, points


@lru_cache(maxsize=16)
def _told(data: Path, name: str) -> dict[str, Any]:
    nothing: dict[str, Any] = {"name": None, "landfall": None, "points": []}
    folder = next((each for each in (data / "storms", config_dir() / "storms") if (each / f"{name}.toml").is_file()), None)
    if folder is None:
        return nothing
    told = tomllib.loads((folder / f"{name}.toml").read_text("utf-8"))
    file = str(told.get("track") or "")
    path = next((each for each in (folder / file, config_dir() / "tracks" / file) if file and each.is_file()), None)
    if path is None:
        return {**nothing, "name": {"zh": told.get("zh", name), "en": told.get("en", name)}}
    landfall = told.get("landfall")
    return {
        "name": {"zh": told.get("zh", name), "en": told.get("en", name)},
        "landfall": times.from_datetime(landfall) // 1000 if landfall else None,
        "points": [_point(each) for each in between(read(path.read_text("utf-8-sig")))],
    }


def _point(point: Point) -> dict[str, Any]:
    radii = {name: round(reach_km(point, speed), 1) for name, speed in FORCES.items()}
    return {
        "time": point.time // 1000, "lon": round(point.lon, 4), "lat": round(point.lat, 4), "wind": round(point.wind, 1),
        "pressure": round(point.pressure, 1), **radii,
    }  # fmt: skip
