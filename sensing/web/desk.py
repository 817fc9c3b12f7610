"""What every request may reach: the data folder's files, the registry, the adapters, and a way to give work a command."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any, Generic, Protocol, TypeVar

from sensing import runfile
from sensing.errors import NotFoundError, UnreachableError
from sensing.framelog.sqlite import SqliteLog
from sensing.metrics import Metrics
from sensing.ports import Adapter
from sensing.registry import Registry, RegistryDirectory
from sensing.settings import Settings
from sensing.store.opening import open_reader
from sensing.things import ThingType

from .auth import Guard
from .catalogue import Catalogue
from .patience import Patience

_FILES, _DATABASE = 64, 16
"""Readers at once: files are cheap, connections to a database are counted."""
Publish = Callable[[dict[str, Any]], None]
"""Hands a command to the log and returns once it is durable there. Raises UnreachableError, TimedOutError."""


class _Closing(Protocol):
    def close(self) -> None: ...


Reader = TypeVar("Reader", bound=_Closing)


class Pool(Generic[Reader]):
    """Readers that one thread at a time holds: as many as were ever wanted at once, and at most `most`."""

    def __init__(self, make: Callable[[], Reader], most: int = 64) -> None:
        self._make = make
        self._places = BoundedSemaphore(most)
        self._free: deque[Reader] = deque()

    @contextmanager
    def take(self) -> Iterator[Reader]:
        """One reader, the caller's until the block ends. Raises UnreachableError while its file is not there."""
        with self._places:
            reader = self._one()
            try:
                yield reader
            finally:
                self._free.append(reader)

    def _one(self) -> Reader:
        try:
            return self._free.pop()
        except IndexError:
            pass
        try:
            return self._make()
        except NotFoundError as error:
            raise UnreachableError(error.what, error.hint) from None

    def close(self) -> None:
        while self._free:
            self._free.pop().close()


class Desk:
    """Handed to every handler. `publish` gives work a command (over MQTT when the service runs, straight to the log when not)."""

    def __init__(
        self, data: Path, settings: Settings, registry: Registry, adapters: Mapping[str, Adapter], types: Mapping[str, ThingType],
        publish: Publish, metrics: Metrics | None = None,
    ) -> None:  # fmt: skip
        self.data = data
        self.settings = settings
        self.registry = registry
        self.adapters = adapters
        self.types = types
        self.publish = publish
        self.metrics = metrics or Metrics()
        self.guard = Guard(registry, self.metrics, rate=settings.http.max_rate, burst=settings.http.max_burst)
        self.patience = Patience(registry.signed_in_from)
        self.catalogue = Catalogue(registry)
        self.pulse: object = None
        self.balance: object = None
        self.hub: object = None
        self.beat: object = None
        self.incidents: object = None
        self.followers = 0
        self.closing = False
        """Set when the process ends: streams take it as their end."""
        self.stores = Pool(lambda: open_reader(data, settings), _DATABASE if settings.store.url else _FILES)
        self.logs = Pool(lambda: SqliteLog(data / "log.db", write=False))
        self.directories = Pool(lambda: RegistryDirectory(registry.database.engine, types), most=4)

    def about(self) -> dict[str, Any]:
        """run.json of the running service; {} when none runs here."""
        return runfile.running(self.data) or {}

    def runs(self, text: str) -> list[str] | None:
        """Run ids that the parameter `run` means: absent is live and the service's own demo, `all` is None (any)."""
        if text == "all":
            return None
        if text:
            return ["" if text == "live" else text]
        demo = str(self.about().get("demo_run") or "")
        return ["", demo] if demo else [""]

    def close(self) -> None:
        """Release every file."""
        for pool in (self.stores, self.logs, self.directories):
            pool.close()
        self.registry.close()
