"""A process that can wait steps aside for those that cannot: the lake for the door and work, on the same few cores."""

from __future__ import annotations

import contextlib
import os

_LAST = 19
"""The most that a process can step back by `nice`."""


def step_aside() -> None:
    """Run only when none of ours wants the processor: this thread, and those that it starts from now on. Not to be taken back.

    `nice` alone still takes its turns, and an acknowledgement waits some milliseconds for each to end. What Linux runs as SCHED_IDLE is
    put off as soon as another is ready; beside one that is never done it gets 3 of 1,000. Elsewhere `nice` is what there is.
    """
    os.nice(_LAST)
    if hasattr(os, "SCHED_IDLE"):
        with contextlib.suppress(OSError):  # a sandbox may forbid it
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
