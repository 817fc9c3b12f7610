"""The lake role: seal, merge, drop, tidy, look again some seconds later. It writes files and manifests, never `store.db`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path

import apsw

from sensing import drills, logs, sqlite
from sensing.errors import SensingError
from sensing.metrics import Metrics
from sensing.model import Origin
from sensing.settings import Retention, Settings

from . import FOLDER, catalogue
from .seal import KeepDays, sizes

_log = logs.get("lake")


def keep_days(retention: Retention, domain: Callable[[str], str]) -> KeepDays:
    """Days to keep a series: the demo's, a run's own, else by property, else by the domain of its thing, else the rest's."""

    def days(words: tuple[str, ...]) -> float:
        thing, prop, _, _, _, origin, run = words
        if retention.demo_h and drills.is_drill(run):
            return retention.demo_h / 24
        if run or origin != Origin.LIVE:
            return retention.runs_d
        if prop in retention.properties:
            return retention.properties[prop]
        if retention.domains and (found := retention.domains.get(domain(thing))) is not None:
            return found
        return retention.observations_d

    return days


def step(store: Path, settings: Settings, keep: KeepDays, metrics: Metrics) -> bool:
    """One look at the lake; returns whether something was left for work to adopt."""
    from .compact import compact
    from .seal import seal
    from .tidy import tidy

    tidy(store)
    done = [seal(store, settings.lake), compact(store, settings.lake, keep)]
    for made in done:
        if made is not None:
            rows, size = sizes(made.segments)
            metrics.count(f"sensing_lake_{made.kind}s_total")
            metrics.count("sensing_lake_rows_written_total", rows)
            metrics.count("sensing_lake_bytes_written_total", size)
            _log.info("segments_written", kind=made.kind, files=len(made.segments), rows=rows, bytes=size)
    return any(made is not None for made in done)


def measure(store: Path, metrics: Metrics) -> None:
    """How much there is, for /metrics."""
    with closing(sqlite.reader(store)) as db:
        now = catalogue.read(db)
    rows, size = sizes(now.segments)
    metrics.set("sensing_lake_segments", len(now.segments))
    metrics.set("sensing_lake_rows", rows)
    metrics.set("sensing_lake_bytes", size)
    metrics.set("sensing_lake_manifests", len(list((store.parent / FOLDER).glob("*.json"))))


def run(
    store: Path, settings: Settings, domain: Callable[[str], str], stop: threading.Event, report: Path, turn: AbstractContextManager[object],
) -> None:  # fmt: skip
    """Until `stop`. A full disk and a busy file are waited out: what was begun is an orphan, and removed.

    turn: held while it works, so that it and the archive do not take two cores at a time.
    """
    metrics, keep = Metrics(), keep_days(settings.retention, domain)
    while not stop.is_set():
        wait_s = settings.lake.check_s
        try:
            with turn:
                made = step(store, settings, keep, metrics)
            wait_s = min(1.0, wait_s) if made else wait_s
            measure(store, metrics)
            metrics.write(report)
        except (OSError, apsw.Error, SensingError) as error:
            _log.warning("lake_waits", error=str(error)[:200])
        stop.wait(wait_s)
