"""What came of a file of devices: a row's verdict, and the import as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from sensing.model import Micros

from .records import Credential


class Verdict(StrEnum):
    """What an import makes of a row."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    SKIPPED = "skipped"
    BAD = "bad"


class OnExists(StrEnum):
    """What to do with a device that is registered already and differs."""

    UPDATE = "update"
    SKIP = "skip"
    ERROR = "error"


class Outcome(Struct, omit_defaults=True):
    """One row of the file. what, hint: of a bad one. changes: column to (before, after), as the file writes them."""

    row: int
    id: str
    verdict: Verdict
    what: str = ""
    hint: str = ""
    changes: Mapping[str, tuple[str, str]] = {}
    cells: Mapping[str, str] = {}
    credential: Credential | None = None


class Imported(Struct):
    """An import as a whole. id: what undo names; "" for a preview."""

    id: str
    at: Micros
    by: str
    name: str
    state: str
    counts: dict[str, int]
