"""Who sails: kinds of ships, and each one's name, numbers and size. All invented; ship n is the same in a fleet of any size.

The first is the ship of the port call that everything else is told around: a Korean chemical tanker bound for Gulei South 18#.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import NamedTuple

from ..clock import dice


class Kind(NamedTuple):
    """What ships of a kind have in common. share: of a fleet. codes: AIS ship types (M.1371-5 table 53). duty: what they do all day.

    length: m; speed: knots; draught: m of the shortest and the longest, loaded. class_b: carries a class B transponder.
    """

    share: float
    duty: str
    codes: tuple[int, ...]
    length: tuple[int, int]
    speed: tuple[float, float]
    draught: tuple[float, float]
    goods: str = ""
    class_b: bool = False


KINDS: Mapping[str, Kind] = {
    "container": Kind(0.09, "calls", (70, 71), (120, 366), (12, 17), (7.0, 14.5), "container"),
    "bulk": Kind(0.07, "calls", (70,), (90, 225), (9, 12.5), (5.5, 13.0), "bulk"),
    "general": Kind(0.12, "calls", (70, 79), (55, 110), (8, 11), (3.2, 6.0), "general"),
    "oil": Kind(0.05, "calls", (80, 83, 89), (85, 240), (10, 13), (5.5, 13.5), "oil"),
    "chemical": Kind(0.05, "calls", (81, 82), (85, 145), (10, 13), (5.4, 9.0), "chemical"),
    "passing": Kind(0.13, "passes", (70, 71, 74, 80, 81, 82), (90, 300), (10, 18), (6.0, 13.5)),
    "fishing": Kind(0.36, "fishes", (30,), (18, 45), (7, 9.5), (1.8, 3.4), class_b=True),
    "ferry": Kind(0.03, "ferries", (60, 69), (24, 48), (12, 20), (1.4, 2.4)),
    "tug": Kind(0.025, "tows", (52,), (28, 38), (9, 12), (3.2, 4.4)),
    "pilot": Kind(0.015, "pilots", (50,), (14, 24), (14, 20), (1.2, 1.8)),
    "patrol": Kind(0.03, "patrols", (55,), (25, 62), (12, 18), (1.8, 3.2)),
    "yacht": Kind(0.03, "roams", (36, 37), (9, 18), (5, 7), (1.6, 2.8), class_b=True),
}
FLAGS: Mapping[str, tuple[tuple[int, ...], float]] = {
    "CN": ((412, 413, 414), 0.44), "HK": ((477,), 0.14), "PA": ((351, 352, 370), 0.12), "LR": ((636,), 0.09), "MH": ((538,), 0.07),
    "SG": ((563, 565), 0.05), "KR": ((440, 441), 0.05), "VN": ((574,), 0.02), "JP": ((431,), 0.02),
}  # fmt: skip
"""Maritime identification digits and share of ships in trade (ITU appendix 43)."""
PORTS: Mapping[str, tuple[str, ...]] = {
    "north": ("SHANGHAI", "NINGBO", "QINGDAO", "BUSAN", "ULSAN", "YEOSU", "NAGOYA", "FUZHOU"),
    "south": ("HONG KONG", "SHENZHEN", "SHANTOU", "SINGAPORE", "HAIPHONG", "GUANGZHOU", "PORT KLANG"),
    "east": ("KAOHSIUNG", "TAICHUNG"),
}
_FIRST = ("XIN", "HUA", "HAI", "MIN", "JIN", "TONG", "FU", "SHUN", "YONG", "HE", "ZHONG", "RUI", "AN", "DA", "CHANG", "BO")
_SECOND = (
    "YUAN",
    "HANG",
    "YANG",
    "LONG",
    "SHENG",
    "FENG",
    "PING",
    "TAI",
    "DE",
    "HONG",
    "XING",
    "YU",
    "LIAN",
    "HUI",
    "JIANG",
    "MING",
)
_ABROAD = ("PACIFIC", "ORIENT", "GOLDEN", "BLUE", "EASTERN", "STELLAR", "NORDIC", "SUN", "CORAL", "JADE", "GRAND", "MARINE")
_NOUNS = ("HOPE", "PEARL", "TRADER", "PIONEER II", "GLORY", "STAR", "WAVE", "HORIZON", "CHAMPION", "VOYAGER", "SPIRIT", "BRIDGE")
_FISHING = ("MIN ZHANG YU", "MIN LONG YU", "MIN XIA YU", "MIN JIN YU", "YUE NAN AO YU", "MIN DONG YU")
_TEAMS = {"tug": "XIA GANG TUO", "pilot": "XIA YIN", "patrol": "HAI XUN", "ferry": "XIN LU JIANG", "yacht": "FAN"}


class Ship(NamedTuple):
    """One ship. imo: 0 for those that have none. draught: loaded, m; light: empty, m. beam: m. speed: knots. deadweight: tonnes."""

    number: int
    kind: str
    mmsi: int
    imo: int
    name: str
    callsign: str
    flag: str
    code: int
    length: int
    beam: int
    draught: float
    light: float
    speed: float
    deadweight: int

    @property
    def traits(self) -> Kind:
        return KINDS[self.kind]

    @property
    def thing(self) -> str:
        """The registry's id of it."""
        return f"mmsi-{self.mmsi}"


SEED_SHIP = Ship(0, "chemical", 440_702_000, 9_402_184, "ULSAN PIONEER", "D7UP", "KR", 82, 92, 15, 5.9, 4.1, 12.0, 3497)
"""蔚山先锋: 3,497 dwt; numbers invented, check digit right. Type 82: a tanker with category Y cargo, as vinyl acetate is (MARPOL II)."""


def fleet(seed: int, count: int) -> list[Ship]:
    """The first `count` ships. Raises ValueError for less than one."""
    if count < 1:
        raise ValueError(f"{count} vessels: there is at least the one of the seed story")
    return [SEED_SHIP, *(_ship(seed, number) for number in range(1, count))]


def imo_number(first_six: int) -> int:
    """Six digits and their check digit: the last digit of 7a + 6b + 5c + 4d + 3e + 2f (IMO resolution A.1117(30))."""
    return (
        first_six * 10 + sum(int(digit) * weight for digit, weight in zip(f"{first_six:06d}", range(7, 1, -1), strict=True)) % 10
    )


def _ship(seed: int, number: int) -> Ship:
    chance = dice(seed, "ship", number)
    name = _kind_of(number)
    kind = KINDS[name]
    trades = kind.duty in ("calls", "passes")
    flag = _drawn(chance) if trades else "CN"
    if name == "general":
        flag = "CN" if chance.random() < 0.85 else flag
    mid = chance.choice(FLAGS[flag][0])
    share = chance.random() ** 1.6
    length = round(kind.length[0] + (kind.length[1] - kind.length[0]) * share)
    draught = round(kind.draught[0] + (kind.draught[1] - kind.draught[0]) * share, 1)
    beam = max(4, round(length / (6.4 if length > 60 else 4.2)))
    return Ship(
        number, name, mid * 1_000_000 + 100_000 + number * 41 % 900_000,
        imo_number(910_000 + number * 7 % 80_000) if trades else 0, _called(chance, name, flag, number), _callsign(chance, flag),
        flag, chance.choice(kind.codes), length, beam, draught, round(draught * 0.62, 1) if trades else draught,
        round(chance.uniform(*kind.speed), 1), round((length / 10) ** 2.75 * 8.0),
    )  # fmt: skip


def _kind_of(number: int) -> str:
    """Kinds in their shares whatever the fleet's size: the golden-ratio sequence leaves no kind waiting for long."""
    where = number * 0.6180339887498949 % 1.0
    for name, kind in KINDS.items():
        where -= kind.share
        if where < 0:
            return name
    return "fishing"


def _drawn(chance: random.Random) -> str:
    where = chance.random() * sum(share for _, share in FLAGS.values())
    for flag, (_, share) in FLAGS.items():
        where -= share
        if where < 0:
            return flag
    return "CN"


def _called(chance: random.Random, kind: str, flag: str, number: int) -> str:
    if kind == "fishing":
        return f"{chance.choice(_FISHING)} {60000 + number}"
    if kind in _TEAMS:
        return f"{_TEAMS[kind]} {number}"
    if flag in ("CN", "HK"):
        return f"{chance.choice(_FIRST)} {chance.choice(_SECOND)} {number}"
    return f"{chance.choice(_ABROAD)} {chance.choice(_NOUNS)} {number}"[:20]


def _callsign(chance: random.Random, flag: str) -> str:
    first = {"CN": "B", "HK": "VR", "PA": "H3", "LR": "A8", "MH": "V7", "SG": "9V", "KR": "D7", "VN": "3W", "JP": "JD"}[flag]
    return (first + "".join(chance.choice("ABCDEFGHKLMNPRSTUXYZ") for _ in range(4)))[:7]
