"""A data folder as a source of answers: opened for reading only, from any process, while the service runs or not.

The registry is opened when somebody asks for what only it knows (types, areas, domains, places, names).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sensing import runfile
from sensing.store.opening import open_reader

from . import answer
from .asked import Request, zone
from .keep import Devices
from .known import UNKNOWN, Known, fetch


class Source:
    """One data folder. One object is one connection: use it from one thread. Raises NotFoundError when there is no store."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.reader = open_reader(data)
        self._database: Any = None
        self._known: dict[str, Known] = {}

    def close(self) -> None:
        """Release files."""
        self.reader.close()
        if self._database is not None:
            self._database.close()

    def look(self, ids: Iterable[str]) -> Mapping[str, Known]:
        """What the registry says of devices; nothing of any where there is no registry."""
        missing = sorted(set(ids).difference(self._known))
        if missing:
            self._known |= self._fetch(missing)
        return self._known

    def _fetch(self, ids: list[str]) -> dict[str, Known]:
        from sensing.errors import NotFoundError
        from sensing.registry import located
        from sensing.registry.database import Database
        from sensing.settings import load

        try:
            if self._database is None:
                self._database = Database(located(self.data, load(self.data).settings.registry))
            with self._database.read() as connection:
                return fetch(connection, ids)
        except NotFoundError:
            return dict.fromkeys(ids, UNKNOWN)

    def runs(self, run: str) -> tuple[str, ...] | None:
        """Run ids that a word means: "" is live and the demo that runs here, `all` is None (any)."""
        if run == "all":
            return None
        if run:
            return ("" if run == "live" else run,)
        demo = str((runfile.running(self.data) or {}).get("demo_run") or "")
        return ("", demo) if demo else ("",)

    def zone(self) -> int:
        """The settings' time zone, microseconds east of UTC."""
        from sensing.settings import load

        return zone(load(self.data).settings.timezone)

    def narrowed(self, request: Request, devices: Devices) -> Request | None:
        """The request with the devices that words name as ids; None when there is none of them."""
        return answer.narrowed(request, devices, self.reader, self.look)
