"""Named points at which a test may kill a process: `SENSING_FAIL_AT=work.before_commit:7` dies there the 7th time.

Without that variable `reach` is one comparison. The points are listed so that a test can walk them all.
"""

from __future__ import annotations

import os

POINTS = ("work.before_commit", "work.after_commit", "door.before_commit", "door.after_commit", "door.before_reply")
LAKE_POINTS = (
    "lake.file_written", "lake.file_named", "lake.after_manifest", "lake.before_adopt", "lake.after_adopt", "lake.swept",
    "lake.before_unlink", "lake.after_unlink",
)  # fmt: skip
"""Of these `before_adopt`, `after_adopt` and `swept` are reached by work, the others by lake."""
ARCHIVE_POINTS = (
    "archive.file_written", "archive.file_named", "archive.after_manifest", "archive.before_adopt", "archive.after_adopt",
    "archive.swept", "archive.before_unlink", "archive.after_unlink",
)  # fmt: skip
"""Of these `before_adopt`, `after_adopt` and `swept` are reached by the door, the others by lake."""

_point, _, _count = os.environ.get("SENSING_FAIL_AT", "").partition(":")
_left = int(_count or 1)


def reach(point: str) -> None:
    """Die as `kill -9` would, if this is the point and the time."""
    global _left  # noqa: PLW0603 one number for the process is what it is
    if point != _point:
        return
    _left -= 1
    if _left <= 0:
        os._exit(137)
