"""`config/cap.toml`: how kinds of events are told as CAP."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import msgspec
from msgspec import Struct

from sensing.errors import ValidationError
from sensing.paths import config_dir

CATEGORIES = ("Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE", "Other")
RESPONSES = ("Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None")


class Kind(Struct, frozen=True, forbid_unknown_fields=True):
    """See the file."""

    kinds: tuple[str, ...]
    category: str
    response: str
    km: float
    instruction: dict[str, str]


class _Kinds(Struct, frozen=True, forbid_unknown_fields=True):
    kind: tuple[Kind, ...]


@cache
def shipped() -> tuple[Kind, ...]:
    """The kinds as they ship."""
    return read(config_dir() / "cap.toml")


def read(path: Path) -> tuple[Kind, ...]:
    """Raises ValidationError naming what is wrong."""
    try:
        found = msgspec.convert(tomllib.loads(path.read_text("utf-8")), _Kinds).kind
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ValidationError(f"{path.name}: {error}"[:300], "mend the file") from None
    for each in found:
        if each.category not in CATEGORIES or each.response not in RESPONSES:
            raise ValidationError(
                f"{path.name}: {each.kinds[0]}: {each.category}, {each.response}", "use the words of CAP 1.2, 3.2.2"
            )
    return found


def of(kind: str) -> Kind | None:
    """How a kind is told; None when it is not."""
    return next((each for each in shipped() if any(fnmatchcase(kind, one) for one in each.kinds)), None)
