"""Room on the disk of the data folder: what to do as it fills up, and a ballast file to get out again.

    WARN    used beyond warn_percent                             status, log and /metrics say so
    PAUSE   used beyond pause_percent                            the door acknowledges no drill and no replay
    FULL    used beyond full_percent and little free             the door acknowledges nothing; connections stay
    back    one percent (a tenth of the free room) below         by itself

The ballast is let go when the disk is FULL, so that work, sealing and pruning have room to make room. Levels are measured as if it were
still there: the room that it gave is for recovery, not for more frames. It is made anew when the disk is no longer FULL.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

from .settings import Disk

NAME = "ballast"
_SHARE = 0.05
"""The ballast takes at most so much of what is free."""
_SLACK_PERCENT = 1.0
_SLACK_FREE = 1.1
_CHUNK = 1_048_576
_LEAST = 1_048_576


class Level(IntEnum):
    """How full it is. The higher, the less is taken in."""

    FINE = 0
    WARN = 1
    PAUSE = 2
    FULL = 3


class Room(NamedTuple):
    """used: bytes taken; free: bytes that this user may still take."""

    used: int
    free: int

    @property
    def percent(self) -> float:
        """Used, of what can be used: as `df` counts."""
        return 100.0 * self.used / max(1, self.used + self.free)

    def without(self, size: int) -> Room:
        """As if `size` more bytes were taken."""
        taken = min(size, self.free)
        return Room(self.used + taken, self.free - taken)


def measure(data: Path) -> Room:
    """The room on the disk of a folder that may not be there yet. Raises OSError."""
    above = next(path for path in (data, *data.absolute().parents) if path.exists())
    found = shutil.disk_usage(above)
    return Room(found.used, found.free)


def level(room: Room, settings: Disk, before: Level = Level.FINE) -> Level:
    """How full a disk is; a level that was reached is left a little below where it was entered."""
    found = Level.FINE
    for each, percent in (
        (Level.WARN, settings.warn_percent),
        (Level.PAUSE, settings.pause_percent),
        (Level.FULL, settings.full_percent),
    ):
        held = before >= each
        beyond = room.percent >= percent - (_SLACK_PERCENT if held else 0.0)
        if each is Level.FULL:
            beyond = beyond and room.free < settings.full_free_gb * 1e9 * (_SLACK_FREE if held else 1.0)
        if beyond:
            found = each
    return found


class Guard:
    """The disk of a data folder, watched by one process. `look` says what it has come to; `measure` may be a test's own."""

    def __init__(self, data: Path, settings: Disk, measure: Callable[[Path], Room] = measure) -> None:
        self.level = Level.FINE
        self.room = Room(0, 0)
        self._data = data
        self._ballast = data / NAME
        self._settings = settings
        self._measure = measure
        self._let_go = 0

    def look(self) -> Level:
        """Measure, let the ballast go or make it. Blocks for a moment where files are not made at a stroke. Raises OSError."""
        self.room = self._measure(self._data)
        self.level = level(self.room.without(self._let_go), self._settings, self.level)
        if self.level is Level.FULL:
            self._drop()
        else:
            self._make()
        return self.level

    def _drop(self) -> None:
        if not self._let_go and self._ballast.exists():
            self._let_go = self._ballast.stat().st_size
            self._ballast.unlink()

    def _make(self) -> None:
        """The ballast again, once there is room; a smaller one on a small disk, none where it would not help."""
        if self._ballast.exists():
            if not self._settings.ballast_mb:
                self._ballast.unlink()
            return
        size = int(min(self._settings.ballast_mb * 1e6, _SHARE * self.room.free))
        if size < min(_LEAST, self._settings.ballast_mb * 1e6) or not size:
            self._let_go = 0
            return
        temporary = self._ballast.with_suffix(".tmp")
        try:
            _fill(temporary, size)
            temporary.replace(self._ballast)
        except OSError:  # no room for it yet: it is tried again
            temporary.unlink(missing_ok=True)
        else:
            self._let_go = 0


def _fill(path: Path, size: int) -> None:
    """A file whose blocks are really taken. Raises OSError when there is no room for it."""
    with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as out:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(out.fileno(), 0, size)
            return
        for start in range(0, size, _CHUNK):  # macOS: bytes that no file system can leave out
            out.write(os.urandom(min(_CHUNK, size - start)))
