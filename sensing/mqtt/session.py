"""What outlives a connection (MQTT 5 section 4.1), in memory: a restart of the process forgets it, and says so in CONNACK.

A session belongs to (principal, run, client id): nobody can take over, or read, a session of another principal.
"""

from __future__ import annotations

from collections.abc import Iterator

from sensing.model import Source

from .packets import Publish

Key = tuple[str, str, str]
LONGEST_S = 86_400
"""Session expiry granted at most; MQTT 3.1.1 sessions that are not clean get it too."""


class Session:
    """One client's state.

    unreleased: packet ids of QoS 2 publishes that are logged and not yet released, and in which visit they came. A redelivery is
        not logged again; the same id in a later visit and without DUP is a client that forgot its state: a new publish.
    inflight: QoS 1 publishes to the client that it has not acknowledged, in order.
    will: what is still to be said of a client that vanished, and when (seconds of the loop's clock).
    """

    def __init__(self, key: Key) -> None:
        self.key = key
        self.unreleased: dict[int, int] = {}
        self.visits = 0
        self.subscriptions: dict[str, int] = {}
        self.inflight: dict[int, Publish] = {}
        self.expiry_s = 0
        self.ends = float("inf")
        self.will: tuple[Source, bytes, float] | None = None
        self._pid = 0

    def next_pid(self) -> int:
        """A packet id that is not in flight."""
        while True:
            self._pid = self._pid % 65_535 + 1
            if self._pid not in self.inflight:
                return self._pid


class Sessions:
    """Every session, connected or waiting to expire; at most `most` of them, oldest departures go first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: dict[Key, Session] = {}

    def get(self, key: Key) -> Session | None:
        return self._found.get(key)

    def open(self, key: Key, *, clean: bool) -> tuple[Session, bool]:
        """The session to go on with, and whether it was there before."""
        session = None if clean else self._found.get(key)
        present = session is not None
        if session is None:
            session = self._found[key] = Session(key)
        session.visits += 1
        session.ends = float("inf")
        session.will = None
        return session, present

    def leave(self, session: Session, now: float) -> None:
        """The client is gone: keep the session for its expiry, at the end of the line of those that wait."""
        if self._found.get(session.key) is not session:
            return
        del self._found[session.key]
        if session.expiry_s or session.will:
            session.ends = now + session.expiry_s
            self._found[session.key] = session

    def expired(self, now: float) -> Iterator[tuple[Source, bytes]]:
        """Forget what is over, and yield the wills that are due."""
        surplus = len(self._found) - self._most
        for session in list(self._found.values()):
            crowded = surplus > 0 and session.ends != float("inf")
            over = session.ends <= now or crowded
            if session.will and (over or session.will[2] <= now):
                yield session.will[:2]
                session.will = None
            if over:
                surplus -= 1
                del self._found[session.key]

    def __len__(self) -> int:
        return len(self._found)
