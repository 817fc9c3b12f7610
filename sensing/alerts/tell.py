"""Which changes of an event are worth telling: that it is there, that it rose or fell, that it ended, that it was none. Pure.

A thread is what was told of one matter. An event whose start moved is another event for the store, and the same thread here: its heir takes it
over, so that data that come late do not cancel and repeat what people have been told.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from sensing.events import CLOSED, WITHDRAWN
from sensing.store.events import Event

_HOPS = 100


class Word(StrEnum):
    """What a message says."""

    ALERT = "alert"
    UPDATE = "update"
    ENDED = "ended"
    CANCEL = "cancel"


class Thread(Struct):
    """What was told of a matter. event: that it is about now. number: of messages so far. over: `ended`, `cancel` or "".

    since: the number of the first message that stands: those before were cancelled.
    """

    id: str
    event: str
    severity: int
    number: int = 0
    over: str = ""
    since: int = 1


class Message(Struct):
    """One message to be told: the number-th of its thread, about an event as it is."""

    word: Word
    thread: str
    number: int
    since: int
    event: Event


class Threads(Protocol):
    """Where threads are kept: changed in the transaction that moves the cursor."""

    def of(self, event: str) -> Thread | None: ...

    def keep(self, thread: Thread) -> None: ...

    def hand_over(self, thread: Thread, heir: str) -> None:
        """The thread is about another event from now on."""


Find = Callable[[str], Event | None]
Wants = Callable[[Event], bool]


def news(event: Event, threads: Threads, find: Find, wants: Wants) -> list[Message]:
    """What is to be told of a changed event, in order; the threads are as after telling it."""
    thread = threads.of(event.id)
    if event.state == WITHDRAWN:
        if thread is None or thread.over == Word.CANCEL:
            return []
        heir = _heir(event, find)
        if heir is None or not wants(heir) or threads.of(heir.id) is not None:
            thread.over = Word.CANCEL
            return [_next(thread, Word.CANCEL, event, threads)]
        threads.hand_over(thread, heir.id)
        event = heir
    if thread is None:
        if not wants(event):
            return []
        thread = Thread(event.id, event.id, -1)
    return _said(event, thread, threads)


def _said(event: Event, thread: Thread, threads: Threads) -> list[Message]:
    first = thread.number == 0 or thread.over == Word.CANCEL
    if thread.over == Word.CANCEL:
        thread.since, thread.over = thread.number + 1, ""
    rose, ended = event.severity != thread.severity, event.state == CLOSED
    thread.severity = event.severity
    found = []
    if first:
        found.append(_next(thread, Word.ALERT, event, threads))
    elif not ended and (rose or thread.over):
        thread.over = ""
        found.append(_next(thread, Word.UPDATE, event, threads))
    if ended and not thread.over:
        thread.over = Word.ENDED
        found.append(_next(thread, Word.ENDED, event, threads))
    return found


def _next(thread: Thread, word: Word, event: Event, threads: Threads) -> Message:
    thread.number += 1
    threads.keep(thread)
    return Message(word, thread.id, thread.number, thread.since, event)


def _heir(event: Event, find: Find) -> Event | None:
    """What stands in the place of a withdrawn event now; None when it was none."""
    found: Event | None = event
    for _ in range(_HOPS):
        found = find(found.superseded_by) if found is not None and found.superseded_by else None
        if found is None or found.state != WITHDRAWN:
            return found
    return None
