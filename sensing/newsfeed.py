"""The live feed over MQTT: what is stored, normalised, as JSON to readers who are connected (`feed/v1/...`, QoS 0, nothing kept).

    feed/v1/DOMAIN/DEVICE/PROPERTY   a row as `tail` prints it       feed/v1/events/DEVICE/KIND   an event as the API tells it

It follows commits by reading: shown means stored. Nobody connected costs one look at a dictionary each tenth of a second; readers never slow the
door: beyond `_MOST` rows a look the rest waits for the next, and one that is too far behind begins again at the newest row.
A reader hears the run of its credential and no other (P6).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from . import logs, topics
from .errors import SensingError
from .metrics import Metrics
from .store.event_reader import told
from .store.incidents import newest_change
from .store.wanted import Wanted

if TYPE_CHECKING:
    from .mqtt.door import Door
    from .store.reader import StoreReader

_POLL_S = 0.1
_AGAIN_S = 1.0
_MOST = 1_000
_MOST_BEHIND = 20_000
_MOST_KNOWN = 50_000
_NO_DOMAIN = "other"
"""Of a device that nobody registered and that did not enrol itself."""
_log = logs.get("feed")
_encode = msgspec.json.Encoder().encode
News = tuple[str, str, bytes]
"""(run, topic, payload)."""


class Feed:
    """Over one door. opened: a reader of the store. domain: of a device."""

    def __init__(
        self,
        door: Door,
        opened: Callable[[], StoreReader],
        domain: Callable[[str], str],
        metrics: Metrics,
        poll_s: float = _POLL_S,
    ) -> None:
        self._door, self._opened, self._domain, self._metrics, self._poll_s = door, opened, domain, metrics, poll_s
        self._domains: dict[str, str] = {}
        self._store: StoreReader | None = None
        self._row = self._change = 0

    async def run(self) -> None:
        """Serve until cancelled."""
        while True:
            await asyncio.sleep(self._poll_s)
            try:
                await self.step()
            except SensingError as error:
                _log.warning("feed_waits", error=error.what)
                await self._pause()
            except Exception:  # noqa: BLE001 whatever it is, the door goes on and readers begin anew
                _log.exception("feed_failed")
                await self._pause()

    async def _pause(self) -> None:
        self._leave()
        await asyncio.sleep(_AGAIN_S)

    async def step(self) -> int:
        """Tell readers what was committed since the last look; returns how many messages were taken. Whoever comes hears what is new from then on."""
        readers = self._door.readers()
        if not readers:
            self._leave()
            return 0
        found = await asyncio.to_thread(self._look, sorted(readers))
        taken = sum(one.send_down(topic, payload) for run, topic, payload in found for one in readers.get(run, ()))
        self._metrics.count("sensing_feed_sent_total", taken)
        return taken

    def _leave(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None

    def _look(self, runs: Sequence[str]) -> list[News]:
        if self._store is None:
            store = self._opened()
            self._row, self._change = store.head(), newest_change(store)
            self._domains.clear()
            self._store = store
            return []
        return [*self._rows(self._store, runs), *self._events(self._store, runs)]

    def _rows(self, store: StoreReader, runs: Sequence[str]) -> list[News]:
        head = store.head()
        rows = store.follow(self._row, _MOST, Wanted(runs=runs, served=False))
        full = len(rows) == _MOST
        self._row = rows[-1]["seq"] if full else max(head, rows[-1]["seq"] if rows else 0)
        if full and store.behind(self._row, _MOST_BEHIND) >= _MOST_BEHIND:
            self._metrics.count("sensing_feed_skips_total")
            self._row = head
        found = []
        for row in rows:
            row.pop("seq")
            topic = topics.fed(self._domain_of(row["device"]), row["device"], row["property"])
            found.append((row["run"], topic, _encode(row)))
        return found

    def _events(self, store: StoreReader, runs: Sequence[str]) -> list[News]:
        events = store.events_since(self._change, _MOST, runs)
        if events:
            self._change = events[-1].changed
        return [(event.run, topics.fed("events", event.device or "house", event.kind), _encode(told(event))) for event in events]

    def _domain_of(self, device: str) -> str:
        if device not in self._domains:
            if len(self._domains) > _MOST_KNOWN:
                self._domains.clear()
            self._domains[device] = self._domain(device) or _NO_DOMAIN
        return self._domains[device]
