"""The work role's loop: batch after batch until told to stop, and its numbers for /metrics each second."""

from __future__ import annotations

import contextlib
import threading
import time
from pathlib import Path

import apsw

from . import logs, times
from .settings import Settings
from .store import StoreBusyError
from .work import Work

_log = logs.get("worker")
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 5.0
_REPORT_EVERY_S = 1.0
_SWEEP, _SWEEP_EVERY_S = 2_000, 0.03
"""Sealed rows deleted at once, and how often, while there is little to do: more than work can store, and between two the disk is the door's.
Without the pause a million of them kept it busy for seconds, and one acknowledgement in twenty waited a third longer."""
_SWEEP_BUSY = 30_000
"""At full speed: as many as a batch may have, after each."""


def run(work: Work, settings: Settings, stop: threading.Event, report: Path) -> None:
    """Batches until `stop`; a full disk or a busy file is waited out, everything else ends the process."""
    idle_s, pause_s, reported, tended, swept = settings.work.poll_ms / 1000, _FIRST_PAUSE_S, 0.0, 0.0, 0.0
    work.store.lake.grace_s = settings.lake.grace_min * 60
    tend_s = min(_REPORT_EVERY_S, settings.lake.check_s)
    while not stop.is_set():
        try:
            taken = work.step()
            busy = taken >= settings.work.batch
            if busy or time.monotonic() - swept > _SWEEP_EVERY_S:
                work.store.lake.sweep(_SWEEP_BUSY if busy else _SWEEP)
                swept = time.monotonic()
            pause_s = _FIRST_PAUSE_S
        except (apsw.FullError, apsw.BusyError, apsw.IOError, StoreBusyError) as error:
            _log.warning("batch_refused", error=str(error), retry_s=pause_s)
            stop.wait(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
            continue
        if time.monotonic() - reported > _REPORT_EVERY_S:
            reported = time.monotonic()
            with contextlib.suppress(OSError, apsw.Error, StoreBusyError):  # numbers can wait for room on the disk
                _report(work, report)
                work.store.trim_outbox(int(time.time() - settings.retention.outbox_h * 3600))
                work.store.forget_drills(settings.retention.demo_h)
                work.tidy()
        if time.monotonic() - tended > tend_s:
            tended = time.monotonic()
            with contextlib.suppress(OSError, apsw.FullError, apsw.BusyError, apsw.IOError, StoreBusyError):  # so can the lake
                work.store.tend_lake()
        if not taken:
            stop.wait(idle_s)


def _report(work: Work, path: Path) -> None:
    head, place = work.log.head(), work.store.place()
    waiting = work.log.read(place, 1)
    lag_ms = (times.now() - waiting[0].received) / 1000 if waiting else 0
    work.metrics.set("sensing_log_head", head)
    work.metrics.set("sensing_work_place", place)
    work.metrics.set("sensing_work_lag_ms", max(0, lag_ms))
    work.metrics.write(path)
