"""Named points at which a test may kill a process: `SENSING_FAIL_AT=work.before_commit:7` dies there the 7th time.

Without that variable `reach` is one comparison. The points are listed so that a test can walk them all.
"""

from __future__ import annotations

import os

POINTS = ("work.before_commit", "work.after_commit", "door.before_commit", "door.after_commit", "door.before_reply")

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
