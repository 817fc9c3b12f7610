"""Files that survive a power cut or are not there: written under a passing name, synced, renamed, the folder synced."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

PASSING = ".part"


def write(path: Path, fill: Callable[[Path], None], reached: Callable[[str], None] = lambda _step: None) -> None:
    """Have `fill` write a file, and give it its name once it is on disk. `reached` is told "written" and "named"."""
    passing = path.with_name(path.name + PASSING)
    fill(passing)
    reached("written")
    sync(passing)
    rename(passing, path)
    reached("named")
    sync_folder(path.parent)


def sha(path: Path) -> str:
    """SHA-256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Have a file's bytes on disk."""
    _sync(path, os.O_RDWR)


def rename(passing: Path, path: Path) -> None:
    """Give a file its name."""
    passing.rename(path)


def sync_folder(folder: Path) -> None:
    """Have a folder's names on disk."""
    _sync(folder, os.O_RDONLY)


def _sync(path: Path, mode: int) -> None:
    handle = os.open(path, mode)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
