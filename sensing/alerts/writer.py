"""Follows the changes of events into cap.db: each change that is worth telling once, messages and cursor in one transaction.

A crash before the commit leaves the cursor where it was; the same changes then give the same identifiers, and each exists once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from sensing import logs, times
from sensing.incidents import Place
from sensing.model import Micros
from sensing.settings import Settings
from sensing.store.events import Event
from sensing.store.reader import StoreReader
from sensing.thresholds import SEVERITIES

from . import phrase
from .cap import Office, document, identifier, sent_text
from .caps import CapBook, Sent
from .kinds import of
from .tell import Message, news

_BATCH = 200
_EVERY_S = 1.0
_AGAIN_S = 5.0
_log = logs.get("cap")
Where = Callable[[StoreReader, Event], tuple[Place, str]]
"""Where an event is, and the id of its incident or ""."""


def office(settings: Settings) -> Office:
    """Who sends, of the settings."""
    cap = settings.cap
    city = "".join(sign for sign in settings.city.lower() if sign.isascii() and sign.isalnum()) or "city"
    name = {"zh": cap.sender_name or f"{settings.city} 城市感知", "en": cap.sender_name or f"{settings.city} Urban Sensing"}
    return Office(
        cap.sender or f"urban-sensing.{city}.invalid", name, cap.scope, cap.restriction, settings.timezone,
        int(cap.expires_h * times.HOUR),
    )  # fmt: skip


class CapWriter:
    """One batch at a time. clock: the wall's, for what is live; a run's messages carry the run's own time."""

    def __init__(self, book: CapBook, settings: Settings, where: Where, clock: Callable[[], Micros] = times.now) -> None:
        self._book, self._office, self._where, self._clock = book, office(settings), where, clock
        self._least = SEVERITIES.index(settings.cap.severity)

    def step(self, store: StoreReader) -> int:
        """Look at the next changes; returns how many there were."""
        threads = self._book.threads
        with self._book.db:
            cursor = threads.cursor() or 0
            found = store.events_since(cursor, _BATCH)
            for event in found:
                for message in news(event, threads, store.event, self._wants):
                    self._write(store, message)
            if found:
                threads.move(found[-1].changed)
        return len(found)

    def _wants(self, event: Event) -> bool:
        """Not what was over long before anybody wrote messages: a service that is upgraded does not tell its history."""
        past = not event.run and event.end is not None and event.end < self._clock() - self._office.expires
        return event.severity >= self._least and of(event.kind) is not None and not past

    def _write(self, store: StoreReader, message: Message) -> None:
        event, kind = message.event, of(message.event.kind)
        assert kind is not None  # `_wants` asked
        place, incident = self._where(store, event)
        at = self._clock() if not event.run else store.clock(event.run) or self._clock()
        before = self._book.before(message.thread, message.since, message.number)
        xml = document(message, kind, self._office, place, at, before, incident)
        words = phrase.headline(event, message.word, place)
        self._book.add(Sent(
            0, identifier(message), message.thread, message.number, event.id, event.device, event.run, event.origin, str(message.word),
            event.severity, self._office.sender, sent_text(at, self._office.zone), at, words["zh"], words["en"],
        ), xml)  # fmt: skip


def follow(path: Path, settings: Settings, where: Where, take: Callable[[], StoreReader], stop: threading.Event) -> None:
    """Write until `stop`. What goes wrong (a full disk, a store that is away) is logged and tried again."""
    while not stop.is_set():
        try:
            _follow(path, settings, where, take, stop)
        except Exception:  # noqa: BLE001 the cursor stands where the last commit left it
            _log.exception("cap_failed", again_in_s=_AGAIN_S)
            stop.wait(_AGAIN_S)


def _follow(path: Path, settings: Settings, where: Where, take: Callable[[], StoreReader], stop: threading.Event) -> None:
    book, store = CapBook(path), take()
    try:
        writer = CapWriter(book, settings, where)
        while not stop.is_set():
            if writer.step(store) < _BATCH:
                stop.wait(_EVERY_S)
    finally:
        store.close()
        book.close()
