"""`config/incidents.toml`: which families of events join, and how near they must be."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import msgspec
from msgspec import Struct

from sensing.errors import ValidationError
from sensing.model import Micros
from sensing.paths import config_dir
from sensing.times import DAY, HOUR, MINUTE


class Join(Struct, frozen=True, forbid_unknown_fields=True):
    """See the file."""

    window_min: float
    linger_h: float
    devices: int
    longest_d: float

    @property
    def window(self) -> Micros:
        return int(self.window_min * MINUTE)

    @property
    def linger(self) -> Micros:
        return int(self.linger_h * HOUR)

    @property
    def longest(self) -> Micros:
        return int(self.longest_d * DAY)


class Family(Struct, frozen=True, forbid_unknown_fields=True):
    """See the file. joins: `with`."""

    name: dict[str, str]
    kinds: tuple[str, ...]
    km: float
    joins: tuple[str, ...] = msgspec.field(default=(), name="with")
    follows: bool = False


class Rules(Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that joining goes by."""

    join: Join
    family: dict[str, Family]

    def of(self, kind: str) -> str:
        """The family of a kind; "" for one that joins nothing."""
        return next((name for name, each in self.family.items() if any(fnmatchcase(kind, one) for one in each.kinds)), "")

    def reach_m(self, one: str, other: str) -> float:
        """How near events of two families must be to join, metres; -1 when they never do."""
        mine, yours = self.family[one], self.family[other]
        if one != other and other not in mine.joins and one not in yours.joins:
            return -1.0
        return max(mine.km, yours.km) * 1000


@cache
def shipped() -> Rules:
    """The rules as they ship."""
    return read(config_dir() / "incidents.toml")


def read(path: Path) -> Rules:
    """Raises ValidationError naming what is wrong."""
    try:
        found = msgspec.convert(tomllib.loads(path.read_text("utf-8")), Rules)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ValidationError(f"{path.name}: {error}"[:300], "mend the file") from None
    for name, family in found.family.items():
        unknown = [other for other in family.joins if other not in found.family]
        if unknown:
            raise ValidationError(
                f'{path.name}: family.{name}.with names "{unknown[0]}"', f"families are {', '.join(found.family)}"
            )
    return found
