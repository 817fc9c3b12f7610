"""Parameters of the query as JSON schemas, by name; `PATH NAME` where a route means something of its own by it."""

from __future__ import annotations

from typing import Any


def _text(about: str, *words: str) -> dict[str, Any]:
    return {"type": "string", "description": about} | ({"enum": list(words)} if words else {})


def _number(about: str, low: int, high: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": low, "maximum": high, "description": about}


def _flag(about: str) -> dict[str, Any]:
    return {"type": "string", "enum": ["0", "1"], "description": about}


def _time(about: str) -> dict[str, Any]:
    return {
        "type": "string",
        "description": f"{about}; RFC 3339 with an offset, or a duration before now",
        "examples": ["2026-11-22T06:00:00Z"],
    }


_SINCE = {"type": "string", "description": "A duration before now (`90s 10m 2h 7d`) or an instant", "examples": ["10m"]}
PARAMETERS: dict[str, dict[str, Any]] = {
    "device": _text("Ids, globs or parts of names, between commas"),
    "property": _text("Ids or globs, between commas"),
    "statistic": _text("Exact, between commas"),
    "channel": _text("Exact, between commas"),
    "type": _text("Thing type; several between commas where rows are chosen"),
    "area": _text("Area of the device: its name, what it begins with, or one of its words"),
    "domain": _text("Domains of the device, between commas: people, city, environment, industry, safety"),
    "bbox": {"type": "string", "description": "W,S,E,N in degrees", "examples": ["117.5,24.2,118.3,24.7"]},
    "where": _text("A test of a row: `value>2.5 and quality<3`"),
    "run": _text("Absent: live and the service's own demo; `live`, a run's id, or `all`"),
    "from": _time("Begin, included"),
    "to": _time("End, not included"),
    "at": _time("As it was then"),
    "as_of": _time("As it was known then"),
    "time": _time("Of the observation"),
    "hour": _time("An hour whose note was kept"),
    "since": _SINCE,
    "every": {"type": "string", "description": "Stretches of time: `5m 1h 1d`", "examples": ["1h"]},
    "agg": {
        "type": "string",
        "description": "What is made of each stretch: `mean,max,min,sum,count,first,last`",
        "examples": ["mean"],
    },
    "quality": {"type": "string", "description": "Flags to take: `1,2`", "examples": ["1,2"]},
    "fill": _flag("Lines for stretches without rows too"),
    "served": _flag("0 shows superseded revisions too"),
    "once": _flag("End at the newest row"),
    "all": _flag("What is done too"),
    "assigned": _text("To whom it is assigned"),
    "changed": _flag("In the order of their last change"),
    "port": _text("Port, by its code or name"),
    "berth": _text("Berth, by its code or name"),
    "vessel": _text("A vessel's id, MMSI or name"),
    "service": _text("Berth or service"),
    "maybe": _flag("Answer an empty list for a code that nothing has, rather than 404"),
    "bom": _flag("A byte order mark before CSV, as Excel wants it"),
    "limit": _number("Most items of a page", 1, 10_000),
    "cursor": _text("`next` of the page before"),
    "/api/observations format": _text("json is a page; the others stream", "json", "ndjson", "csv", "parquet"),
    "/api/export/devices format": _text("Columns that people fill in, or everything", "csv", "json"),
    "format": _text("Layout of the answer"),
    "kind": _text("Which kind"),
    "severity": _text("The least", "watch", "warning", "danger"),
    "/api/events state": _text("Absent: all but withdrawn", "open", "closed", "withdrawn", "all"),
    "/api/incidents state": _text("Absent: both", "open", "closed"),
    "/api/labels state": _text("Absent: all", "free", "used", "revoked", "over"),
    "batch": _text("A batch of blank labels"),
    "/api/cap format": _text("An Atom feed, or JSON", "atom", "json"),
    "state": _text("State"),
    "query": _text("Part of an id, native id, name or area"),
    "adapter": _text("Adapter"),
    "principal": _text("Who carries it"),
    "retired": _flag("Retired ones too"),
    "removed": _flag("Removed ones too"),
    "revoked": _flag("Revoked ones too"),
    "by": _text("How it is cut", "device", "hour", "adapter", "principal"),
    "reason": _text("Reason"),
    "again": _flag("What would become of each now"),
    "match": _text("A native id or a pattern of them (`0012*`)"),
    "guess": _flag("What each may be"),
    "lines": _number("How many of the newest frames are told", 0, 100),
    "on_exists": _text("What becomes of known devices"),
    "dry_run": _flag("Only say what would be done"),
    "name": _text("What the file is called"),
    "storm": _text("Which storm the track is of: small letters, digits, hyphens"),
    "columns": _text("Which column is which field, JSON"),
    "dip": {"type": "number", "description": "A level measured by hand, m"},
    "subject": _text("Who or what a line is about"),
    "lat": {"type": "number", "minimum": -90, "maximum": 90},
    "lon": {"type": "number", "minimum": -180, "maximum": 180},
    "crs": _text("Of lat and lon", "wgs84", "gcj02", "bd09"),
    "native": _text("Native id"),
    "serial": _text("Serial number"),
    "like": _text("An id of the same family"),
    "id": _text("Ids, between commas"),
    "skip": _number("Places on the sheet that are used", 0, 1_000),
}
PLACES: dict[str, dict[str, Any]] = {
    "id": {"type": "string", "minLength": 1, "maxLength": 200},
    "place": {"type": "integer", "minimum": 1},
    "code": {"type": "string", "minLength": 1, "maxLength": 200},
}
"""Names in a path."""
