"""The Log port: raw frames, durable, in order. Everything between a device and a decoder is this and no more.

One process appends (the door); anyone reads. A `place` is a frame's position, dense from 1 and never used again,
so `head - tail + 1` frames are there and a reader that has counted fewer has lost one.
Principals fall into 64 partitions (`topics.partition`); a reader owns a range of them and keeps one place as its cursor.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sensing.model import Frame

PARTITIONS = range(64)


class Log(Protocol):
    """What every implementation does; `tests/contract/test_log.py` runs over each."""

    def append(self, frames: Sequence[Frame]) -> int:
        """Write frames in their order, durably, all or none; sets each frame's `place` and returns the last.

        On return the bytes survive a power cut. Raises LogFullError when there is no room: nothing was written.
        """

    def read(self, after: int, limit: int, partitions: range = PARTITIONS) -> Sequence[Frame]:
        """At most `limit` frames of `partitions` with place > `after`, in order."""

    def get(self, place: int) -> Frame | None:
        """The frame at a place; None when it is not there (yet, or any more)."""

    def twin(self, frame: Frame, within: int) -> Frame | None:
        """The first earlier frame of the same source with the same payload, at most `within` places back."""

    def recent(self, principal: str, after: int, limit: int, before: int = 1 << 62) -> list[Frame]:
        """Frames of a principal with after < place < before, the newest first."""

    def place_at(self, received: int) -> int:
        """The last place whose frame was received before a time (microseconds)."""

    def head(self) -> int:
        """The last place written; 0 when empty."""

    def tail(self) -> int:
        """The first place still kept; head + 1 when none is."""

    def prune(self, before: int, limit: int) -> int:
        """Forget at most `limit` of the oldest frames received before a time (microseconds); returns how many."""

    def close(self) -> None:
        """Release files; what was appended stays."""


class LogFullError(Exception):
    """No room to append: nothing was written, the same frames may be appended later."""


class LogBrokenError(Exception):
    """The file system failed to make bytes durable: what is on disk is not known, so this process must not go on."""
