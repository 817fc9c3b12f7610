"""One target's loop: changes of events become messages that wait in alerts.db, and those are sent in order until each was taken or refused.

Rules of this file
- Messages, threads and cursor are written in one transaction: a crash tells no change twice and leaves none out.
- A message leaves the line when the target took it (2xx), or refused it for good (4xx): then it is a dead letter. All else waits, for ever.
- So a message may be sent twice, and never changes: its key is the same (`Idempotency-Key`).
- Nothing that is not live goes out unless `simulated = true`, and then it says so in its first word.
- No URL and no secret is logged, kept, or told.
"""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from threading import Event as Flag
from typing import Any, Protocol

import msgspec

from sensing import logs, times
from sensing.export.verdict import Fate, Verdict, backoff
from sensing.incidents import Place
from sensing.incidents.story import Clock
from sensing.metrics import Metrics
from sensing.settings import Alert
from sensing.store.event_reader import told
from sensing.store.events import Event
from sensing.store.incidents import newest_change
from sensing.store.reader import StoreReader
from sensing.thresholds import SEVERITIES

from . import phrase
from .book import AlertBook, Letter
from .tell import Message, Word, news

_BATCH = 200
PAUSE_S = 30.0
"""How long a target that bars us, or whose address is wrong, is left alone."""
_WAITS = frozenset({Fate.BARRED, Fate.LOST})
_PAUSED_4XX = frozenset({401, 403, 404})
"""A person must mend token, rights or address: the message is not to blame."""
_log = logs.get("alerts")
Where = Callable[[str], Place]


class Way(Protocol):
    """How messages leave."""

    def __call__(self, letter: Letter) -> Verdict: ...


class Target:
    """See above. where: what the registry says of a device."""

    def __init__(
        self,
        settings: Alert,
        store: StoreReader,
        way: Way,
        book: AlertBook,
        where: Where,
        stop: Flag,
        metrics: Metrics,
        zone: str,
    ) -> None:
        self._settings, self._store, self._way, self._book = settings, store, way, book
        self._where, self._stop, self._metrics = where, stop, metrics
        self._threads = book.threads(settings.name)
        self._least = SEVERITIES.index(settings.severity)
        self._quiet = int(settings.quiet_min * times.MINUTE)
        self._clock = Clock(zone)
        self._failures = 0
        book.enter(settings.name)

    def gather(self) -> int:
        """Write down what the next changes say; returns how many changes there were. A new target begins with what happens from now on."""
        book = self._book
        with book.lock:
            cursor = self._threads.cursor()
            if cursor is None:
                with book.db:
                    self._threads.move(newest_change(self._store))
                return 0
        found = self._store.events_since(cursor, _BATCH)
        if not found:
            return 0
        with book.lock, book.db:
            for event in found:
                for message in news(event, self._threads, self._store.event, self._wants):
                    self._write(message)
            self._threads.move(found[-1].changed)
        return len(found)

    def deliver(self) -> bool:
        """Send the message whose turn it is; whether there was one. Waits after a failure, longer each time."""
        name = self._settings.name
        letter = self._book.first(name)
        if letter is None:
            return False
        verdict = self._way(letter)
        outcome = self._outcome(verdict)
        self._metrics.count("sensing_alerts_requests_total", target=name, outcome=outcome)
        if outcome == "taken":
            self._book.sent(name, letter)
            self._failures = 0
            self._book.state(name, "sending", "", times.now())
        elif outcome == "refused":
            self._book.refuse(name, letter, verdict.status, f"status {verdict.status}", times.now())
            _log.error("alert_refused", target=name, key=letter.key, status=verdict.status)
        else:
            self._wait(verdict, paused=outcome == "paused")
        return True

    def _outcome(self, verdict: Verdict) -> str:
        if verdict.fate is Fate.TAKEN:
            return "taken"
        if verdict.status in _PAUSED_4XX or (verdict.fate in _WAITS and not 400 <= verdict.status < 500):
            return "paused"
        if verdict.fate is Fate.LATER or verdict.fate is Fate.SILENT:
            return "later"
        return "refused"

    def _wait(self, verdict: Verdict, *, paused: bool) -> None:
        name, why = self._settings.name, f"status {verdict.status}" if verdict.status else verdict.reason
        self._book.state(name, "paused: needs a person" if paused else "waiting", why, times.now())
        wait_s = PAUSE_S if paused else max(verdict.wait_s or 0.0, backoff(self._failures))
        if self._failures == 0 or paused:
            _log.warning("alert_waits", target=name, reason=why, again_in_s=round(wait_s, 1))
        self._failures += 1
        self._stop.wait(wait_s)

    def _wants(self, event: Event) -> bool:
        """Whether a matter that was not told yet is to be."""
        wanted = self._settings
        if event.severity < self._least or (phrase.is_drill(event) and not wanted.simulated):
            return False
        if wanted.domains and event.domain not in wanted.domains:
            return False
        if wanted.kinds and not any(fnmatchcase(event.kind, one) for one in wanted.kinds):
            return False
        if wanted.areas and not _within(self._where(event.device).area, wanted.areas):
            return False
        last = self._book.told(wanted.name, event.run, event.device, event.kind)
        return last is None or event.severity > last[0] or not 0 <= event.start - last[1] < self._quiet

    def _write(self, message: Message) -> None:
        name, event = self._settings.name, message.event
        place = self._where(event.device)
        head = phrase.headline(event, message.word, place)
        text = phrase.description(event, message.word, place, self._clock)
        key = f"{name}:{message.thread}-{message.number}"
        drill = phrase.is_drill(event)
        body: dict[str, Any] = {
            "id": key, "word": str(message.word), "drill": drill, "thread": message.thread, "headline": head, "description": text,
            "place": {"lon": place.lon, "lat": place.lat, "name": place.name, "area": place.area}, "event": told(event),
        }  # fmt: skip
        self._book.add(name, Letter(
            0, key, msgspec.json.encode(body), f"{head['zh']} {head['en']}", f"{text['zh']}\n{text['en']}", drill, times.now(),
        ))  # fmt: skip
        if message.word in (Word.ALERT, Word.UPDATE):
            self._book.tell(name, event.run, event.device, event.kind, event.severity, event.start)


def _within(area: str, wanted: tuple[str, ...] | list[str]) -> bool:
    return any(area == each or area.startswith(f"{each}/") for each in wanted)
