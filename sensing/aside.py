"""A process that can wait steps aside for those that cannot: the door and work on the same few cores."""

from __future__ import annotations

import contextlib
import os

LAST = 19
"""The most that a process can step back by `nice`."""


def step_aside() -> None:
    """Run when nobody else wants the processor, this thread and those that it starts from now on. Not to be taken back.

    nice alone still takes turns: a slice of some milliseconds each time, while an acknowledgement waits. Linux's SCHED_IDLE is put off
    as soon as anyone else is ready, and gets about 3 in 1,000 of a core that is always busy; elsewhere nice is what there is.
    """
    os.nice(LAST)
    if hasattr(os, "SCHED_IDLE"):
        with contextlib.suppress(OSError):  # a container may forbid it
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
