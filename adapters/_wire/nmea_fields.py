"""Sentences of NMEA 0183 / IEC 61162-1 by formatter: their fields in order, by pynmea2's names (MIT), and when they are valid.

What a field becomes stands in `config/codes/nmea0183.tsv`; `special` names those that need a closer look.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from sensing.errors import DecodeError, Reason
from sensing.model import Micros
from sensing.times import DAY, SECOND

from . import codes

_LAYOUTS = """
GGA timestamp lat lat_dir lon lon_dir gps_qual num_sats horizontal_dil altitude altitude_units geo_sep geo_sep_units age_gps_data ref_station_id
GNS timestamp lat lat_dir lon lon_dir mode_indicator num_sats hdop altitude geo_sep age_gps_data diferential
GLL lat lat_dir lon lon_dir timestamp status faa_mode
RMC timestamp status lat lat_dir lon lon_dir spd_over_grnd true_course datestamp mag_variation mag_var_dir mode_indicator nav_status
VTG true_track true_track_sym mag_track mag_track_sym spd_over_grnd_kts spd_over_grnd_kts_sym spd_over_grnd_kmph spd_over_grnd_kmph_sym faa_mode
ZDA timestamp day month year local_zone local_zone_minutes
HDT heading hdg_true
HDM heading magnetic
HDG heading deviation dev_dir variation var_dir
ROT rate_of_turn status
VHW heading_true true heading_magnetic magnetic water_speed_knots knots water_speed_km kilometers
DPT depth offset range
DBT depth_feet unit_feet depth_meters unit_meters depth_fathoms unit_fathoms
DBS depth_feet feets depth_meter meters depth_fathoms fathoms
MTW temperature units
MTA temperature units
MHU rel_humidity abs_humidity dew_point d_celsius
MMB b_pressure_inch inches b_pressure_bar bars
MWD direction_true true direction_magnetic magnetic wind_speed_knots knots wind_speed_meters meters
MWV wind_angle reference wind_speed wind_speed_units status
MDA b_pressure_inch inches b_pressure_bar bars air_temp a_celsius water_temp w_celsius rel_humidity abs_humidity dew_point d_celsius \
direction_true true direction_magnetic magnetic wind_speed_knots knots wind_speed_meters meters
XDR
"""
FIELDS: Mapping[str, tuple[str, ...]] = {
    words[0]: tuple(words[1:]) for words in (line.split() for line in _LAYOUTS.replace("\\\n", "").splitlines()) if words
}
VALID: Mapping[str, tuple[tuple[str, str], ...]] = {
    "RMC": (("status", "A"), ("mode_indicator", "ADEFPRM")),
    "GLL": (("status", "A"), ("faa_mode", "ADEFPRM")),
    "VTG": (("faa_mode", "ADEFPRM"),),
    "GGA": (("gps_qual", "1234567"),),
    "MWV": (("status", "A"),),
    "ROT": (("status", "A"),),
}
"""What a field must be for the sentence to be valid; an empty mode (before NMEA 2.3) is. N is no fix, S a simulator."""
INSTEAD: Mapping[tuple[str, str], tuple[str, str]] = {
    ("MDA", "wind_speed_knots"): ("wind_speed_meters", "[kn_i]"),
    ("MWD", "wind_speed_knots"): ("wind_speed_meters", "[kn_i]"),
    ("VTG", "spd_over_grnd_kmph"): ("spd_over_grnd_kts", "km/h"),
    ("DBT", "depth_feet"): ("depth_meters", "[ft_i]"),
}
"""The same in another unit: taken when the first is empty."""
SPEEDS = {"N": "[kn_i]", "K": "km/h", "M": "m/s", "S": "[mi_i]/h"}
TRANSDUCERS = {
    ("C", "C"): ("air_temperature", "Cel"),
    ("H", "P"): ("relative_humidity", "%"),
    ("P", "B"): ("air_pressure", "bar"),
    ("P", "P"): ("air_pressure", "Pa"),
}
"""XDR: (type, unit) of a transducer whose name says AIR, BARO or HUMID; the others are kept by name."""
XDR_UNITS = {
    "C": "Cel",
    "D": "deg",
    "M": "m",
    "B": "bar",
    "P": "%",
    "N": "N",
    "K": "K",
    "V": "V",
    "A": "A",
    "R": "/min",
    "I": "L/s",
}


class Meaning(NamedTuple):
    """What a field becomes."""

    property: str
    unit: str
    rank: int


def _meaning(row: Mapping[str, str]) -> Meaning:
    return Meaning(row["property"], row["ucum"], int(row["rank"]))


MEANINGS = codes.load("nmea0183", "code", _meaning)

_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,15}(?:\.[0-9]{0,15})?|\.[0-9]{1,15})")
_CLOCK = re.compile(r"([01][0-9]|2[0-3])([0-5][0-9])([0-5][0-9]|60)(?:\.([0-9]{0,9}))?")
_ANGLE = re.compile(r"([0-9]{1,3}?)([0-9]{2}(?:\.[0-9]{0,12})?)")


def number(text: str) -> float | None:
    """A decimal number; None for text that is none."""
    return float(text) if _NUMBER.fullmatch(text) else None


def clock(text: str) -> Micros | None:
    """`hhmmss[.sss]` as microseconds since midnight; None when empty. Raises DecodeError bad_time."""
    if not text:
        return None
    found = _CLOCK.fullmatch(text)
    if not found:
        raise DecodeError(Reason.BAD_TIME, f'"{text[:20]}" is no time of day (hhmmss)', path=("timestamp",))
    hour, minute, second = int(found[1]), int(found[2]), int(found[3])
    return (hour * 3600 + minute * 60 + second) * SECOND + int((found[4] or "0")[:6].ljust(6, "0"))


def nearest_day(of_day: Micros, around: Micros) -> Micros:
    """The instant nearest to `around` at this time of day."""
    time = around // DAY * DAY + of_day
    if time - around > DAY // 2:
        return time - DAY
    return time + DAY if around - time >= DAY // 2 else time


def degrees(text: str, side: str, most: int) -> float | None:
    """`dddmm.mmm` and N S E W as degrees, to six decimals; None when empty. Raises DecodeError bad_number."""
    if not text:
        return None
    found = _ANGLE.fullmatch(text)
    if not found or float(found[2]) >= 60 or side not in ("NS" if most == 90 else "EW") or not side:
        detail = f'"{text[:20]}{side[:2]}" is no {"latitude" if most == 90 else "longitude"}'
        axis = "lat" if most == 90 else "lon"
        raise DecodeError(Reason.BAD_NUMBER, detail, path=(axis if not found or float(found[2]) >= 60 else f"{axis}_dir",))
    whole = round(int(found[1]) + float(found[2]) / 60, 6)
    if whole > most:
        raise DecodeError(Reason.BAD_NUMBER, f"{whole} degrees; the most is {most}", path=("lat" if most == 90 else "lon",))
    return -whole if side in "SW" else whole
