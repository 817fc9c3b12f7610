"""What an MMSI and the static fields of AIS say about a ship, as facts: text that is true from a time on.

Sources: ITU-R M.585 (forms of MMSI), appendix 43 (country digits), ITU-R M.1371-5 tables 52, 53 (ship type, dangerous goods), 74.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sensing.model import Micros, WireFact
from sensing.paths import config_dir

LARGEST = 999_999_999
"""An MMSI has nine digits; the field could hold more."""
_GOODS = {1: "X", 2: "Y", 3: "Z", 4: "OS"}
_CARRIERS = (2, 4, 6, 7, 8, 9)
"""First digits of ship types whose second digit is the category of dangerous goods carried."""


def _rows(name: str) -> list[dict[str, str]]:
    with (config_dir() / "ais" / f"{name}.tsv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


_FLAGS = {int(row["mid"]): row["iso"] for row in _rows("mid")}
_SHIPS = {code: row["name"] for row in _rows("ship_types") for code in range(int(row["first"]), int(row["last"]) + 1)}
_AIDS = {int(row["code"]): row["name"] for row in _rows("aid_types")}


def known(mmsi: int) -> bool:
    """Whether a number can be somebody's MMSI."""
    return 0 < mmsi <= LARGEST


def thing_type(native: str) -> str:
    """The type of thing (`config/things`) that the form of an MMSI tells: ITU-R M.585."""
    digits = native.zfill(9)
    if digits.startswith(("970", "972", "974")):
        return "distress-beacon"
    if digits.startswith("111"):
        return "sar-aircraft"
    if digits.startswith("99"):
        return "aid-to-navigation"
    return "ais-base-station" if digits.startswith("00") else "vessel"


@lru_cache(4096)
def flag(mmsi: int) -> str | None:
    """ISO 3166-1 code of the country whose digits an MMSI carries; None where it carries none that we know."""
    digits = f"{mmsi:09d}"
    start = 2 if digits.startswith(("00", "98", "99")) else 3 if digits.startswith("111") else 1 if digits[0] in "08" else 0
    return _FLAGS.get(int(digits[start : start + 3]))


def goods(ship_type: int) -> str:
    """Category of dangerous goods, harmful substances or pollutants carried: X, Y, Z, OS, or none."""
    return _GOODS.get(ship_type % 10, "none") if ship_type < 100 and ship_type // 10 in _CARRIERS else "none"


def facts(fields: Mapping[str, Any], time: Micros | None) -> list[WireFact]:
    """Facts in the fields of one message, by pyais' names; what is "not available" says nothing."""
    mmsi = fields["mmsi"]
    said = _identity(fields) | _size(fields) | _voyage(fields)
    if not said:
        return []
    country = flag(mmsi)
    if country:
        said["flag"] = country
    return [WireFact(str(mmsi), key, value, time) for key, value in said.items()]


def _identity(fields: Mapping[str, Any]) -> dict[str, str]:
    texts = {"name": _name(fields), "callsign": clean(fields.get("callsign")), "safety_text": clean(fields.get("text"))}
    said = {key: text for key, text in texts.items() if text}
    ship, aid = fields.get("ship_type"), fields.get("aid_type")
    if ship:
        said |= {"ship_type": _SHIPS.get(ship, "unknown"), "ship_type_code": str(int(ship)), "dangerous_goods": goods(ship)}
    if aid is not None:
        said |= {"aid_type": _AIDS.get(aid, "unknown"), "virtual_aid": "yes" if fields.get("virtual_aid") else "no"}
    for name, key in (("imo", "imo"), ("mothership_mmsi", "mothership")):
        if fields.get(name):
            said[key] = str(fields[name])
    return said


def _name(fields: Mapping[str, Any]) -> str:
    extended = str(fields.get("name") or "") + str(fields.get("name_ext") or "")
    return clean(fields.get("shipname")) or clean(extended)


def _size(fields: Mapping[str, Any]) -> dict[str, str]:
    sides = [fields.get(name) or 0 for name in ("to_bow", "to_stern", "to_port", "to_starboard")]
    if not any(sides):
        return {}
    bow, stern, port, starboard = sides
    return {
        "dimensions": f"{bow},{stern},{port},{starboard}",
        "length_m": f"{bow + stern}",
        "beam_m": f"{port + starboard}",
    }


def _voyage(fields: Mapping[str, Any]) -> dict[str, str]:
    said = {}
    destination, draught = clean(fields.get("destination")), fields.get("draught")
    if destination and "month" in fields:
        said["destination"] = destination
    if draught:
        said["draught"] = f"{draught:g}"
    month, day, hour, minute = (fields.get(name) for name in ("month", "day", "hour", "minute"))
    if "destination" in fields and month and day and month <= 12 and hour is not None and minute is not None:
        at = f"T{hour:02d}:{minute:02d}Z" if hour < 24 and minute < 60 else ""
        said["eta"] = f"{month:02d}-{day:02d}{at}"
    return said


def clean(text: Any) -> str:
    """Text up to the first @, which fills what is not used, without blanks."""
    return text.partition("@")[0].strip() if isinstance(text, str) else ""
