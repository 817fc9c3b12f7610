"""The archive's loop: seal what is old enough, look again some seconds later. It runs beside the lake, in the same process."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, closing
from pathlib import Path

import apsw
import msgspec

from sensing import logs
from sensing.errors import SensingError
from sensing.metrics import Metrics
from sensing.settings import Settings
from sensing.store.opening import open_reader

from .archive_seal import step
from .sqlite import SqliteLog

_log = logs.get("archive")


def run(data: Path, settings: Settings, stop: threading.Event, turn: AbstractContextManager[object]) -> None:
    """Until `stop`. A full disk and a busy file are waited out: what was begun is an orphan, and removed.

    turn: held while it works, so that it and the lake do not take two cores at a time.
    """
    metrics = Metrics()
    while not stop.is_set():
        wait_s = settings.archive.check_s
        try:
            with turn:
                made = step(data, settings.archive, lambda: _place(data), metrics)
            wait_s = min(1.0, wait_s) if made else wait_s
            measure(data, metrics)
            metrics.write(data / "run" / "archive.prom")
        except (OSError, apsw.Error, msgspec.MsgspecError, SensingError) as error:
            _log.warning("archive_waits", error=str(error)[:200])
        stop.wait(wait_s)


def _place(data: Path) -> int:
    with closing(open_reader(data)) as store:
        return store.place()


def measure(data: Path, metrics: Metrics) -> None:
    """How much there is, for /metrics."""
    with closing(SqliteLog(data / "log.db", write=False)) as log:
        pieces = log.archive.pieces()
    metrics.set("sensing_archive_files", len(pieces))
    metrics.set("sensing_archive_frames", sum(one.last - one.first + 1 for one in pieces))
    metrics.set("sensing_archive_bytes", sum(one.bytes for one in pieces))
