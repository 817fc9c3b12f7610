"""The export role: a thread for each target, and their numbers for /metrics each second. It writes export.db and nothing else."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping
from pathlib import Path

import apsw

from sensing import logs, times
from sensing.errors import SensingError
from sensing.metrics import Metrics
from sensing.registry import located
from sensing.settings import Export, Settings
from sensing.store.opening import open_reader
from sensing.things import ThingType

from .book import Book, BookReader
from .domains import Domains
from .feed import Feed, StoppedError
from .line import Line
from .progress import progress

_log = logs.get("export")
_REPORT_S = 1.0
_AGAIN_S = 5.0


class Exporter:
    """Every target of a data folder, until `stop` is set."""

    def __init__(self, data: Path, settings: Settings, types: Mapping[str, ThingType], stop: threading.Event) -> None:
        self._data = data
        self._settings = settings
        self._targets = settings.export
        self._registry = settings.registry
        self._types = types
        self._stop = stop
        self._metrics = Metrics()
        self._book = Book(data / "export.db")
        self._book.keep_only(target.name for target in self._targets)
        for target in self._targets:
            self._book.enter(target.name, target.kind, target.url, target.bucket)

    def run(self) -> None:
        """Serve until `stop`."""
        threads = [threading.Thread(target=self._serve, args=(target,), name=target.name) for target in self._targets]
        for thread in threads:
            thread.start()
        while not self._stop.wait(_REPORT_S):
            with contextlib.suppress(OSError, apsw.Error, SensingError):  # numbers can wait for room on the disk
                self._report()
        for thread in threads:
            thread.join()
        self._book.close()

    def _serve(self, target: Export) -> None:
        while not self._stop.is_set():
            try:
                self._feed(target)
            except StoppedError:
                return
            except Exception:  # noqa: BLE001 a full disk, a busy file, a defect: the cursor stands where the last confirmation left it
                _log.exception("export_failed", target=target.name, again_in_s=_AGAIN_S)
                self._stop.wait(_AGAIN_S)

    def _feed(self, target: Export) -> None:
        rows, line = open_reader(self._data, self._settings), Line(target)
        domains = Domains(located(self._data, self._registry), self._types, rows, self._book)
        try:
            feed = Feed(target, rows, line, self._book, domains.of, self._stop, self._metrics)
            while not self._stop.is_set():
                if not feed.step():
                    self._stop.wait(target.every_s)
        finally:
            line.close()
            domains.close()
            rows.close()

    def _report(self) -> None:
        book, store = BookReader(self._data / "export.db"), open_reader(self._data, self._settings)
        try:
            for each in progress(book, store, times.now()):
                for name in ("lag_s", "dead", "revised"):
                    unit = {"lag_s": "lag_seconds"}.get(name, f"{name}_points")
                    self._metrics.set(f"sensing_export_{unit}", each[name], target=each["name"])
        finally:
            book.close()
            store.close()
        self._metrics.write(self._data / "run" / "export.prom")
