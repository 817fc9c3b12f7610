"""Our MQTT endpoint: devices publish, the log commits, then they are acknowledged. It never decodes (DESIGN section 4).

It is no general broker: nothing is retained, nothing goes from device to device. Sessions live in memory.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

from sensing import logs, times, topics
from sensing.metrics import Metrics
from sensing.model import Frame, Micros, Origin, Source
from sensing.ports import Gatekeeper
from sensing.settings import Settings

from . import limits
from .admission import Admission, RefusedError
from .arrivals import Arrivals
from .committer import Committer
from .connection import Connection
from .dialogue import Dialogue
from .limits import Bucket, Buckets
from .listeners import wanted
from .packets import Code, Connect
from .session import Key, Session, Sessions

OnRefused = Callable[[str, str, str], None]
"""Called with principal, reason and topic of a publish that was refused; with "bad_credentials" for a connect, whose name may be anybody's."""
_TICK_S = 0.5
_TICK_LATE_S = 0.5
_DRAIN_S = 5.0
_BACKLOG = 4_096
_LAST_WORDS = 100
_CLOCK = Source("clock", "door", topics.up("clock", "door"), "up", Origin.LIVE, "")
_log = logs.get("door")


def _nothing(_principal: str, _reason: str, _topic: str) -> None:
    """Nobody wants to know of refusals."""


class Door:
    """Listens, lets in, and answers. It submits to a committer that others may share and that its owner stops.

    adapters: names allowed in topics. clock: append a frame of the `clock` adapter when a second passed without a commit.
    """

    def __init__(
        self,
        settings: Settings,
        committer: Committer,
        gatekeeper: Gatekeeper,
        adapters: frozenset[str],
        metrics: Metrics,
        *,
        on_refused: OnRefused = _nothing,
        clock: bool = True,
    ) -> None:
        self.settings = settings.mqtt
        self.committer = committer
        self.port = 0
        self.tls_port = 0
        self._gatekeeper = gatekeeper
        self._metrics = metrics
        self._on_refused = on_refused
        self._with_clock = clock
        foreign = topics.foreign_table([row.model_dump() for row in settings.foreign_topics])
        self._admission = Admission(settings.mqtt, gatekeeper, adapters, foreign)
        self._sessions = Sessions(2 * settings.mqtt.max_connections)
        self._buckets = Buckets(settings.mqtt.max_rate, settings.mqtt.max_burst)
        self._arrivals = Arrivals(settings.mqtt.max_connects)
        self._connections: set[Connection] = set()
        self._live: dict[Key, Dialogue] = {}
        self._of: dict[str, dict[Dialogue, None]] = {}
        self._answered: list[Dialogue] = []
        self._waiting: dict[Dialogue, None] = {}
        self._servers: list[asyncio.Server] = []
        self._stopping = False
        self._tick: asyncio.TimerHandle | None = None
        self._ticks = 0
        self._credentials = -1

    # Life

    async def start(self) -> None:
        """Listen. Raises ValidationError for unsafe settings, OSError when a port is taken."""
        self._loop = asyncio.get_running_loop()
        listeners = wanted(self.settings)
        limits.open_files(self.settings.max_connections + 256)
        self.committer.start()
        self.committer.after_commit.append(self._committed)
        self._credentials = self._gatekeeper.version()
        for listener in listeners:
            server = await self._loop.create_server(
                lambda: Connection(self, self._connections, self.settings.max_connections, self._arrivals),
                listener.host,
                listener.port,
                ssl=listener.tls,
                ssl_handshake_timeout=20.0 if listener.tls else None,
                backlog=_BACKLOG,
            )
            self._servers.append(server)
            port = server.sockets[0].getsockname()[1]
            if listener.tls is None:
                self.port = port
            else:
                self.tls_port = port
        self._due = self._loop.time() + _TICK_S
        self._tick = self._loop.call_at(self._due, self._on_tick)
        _log.info("door_opened", port=self.port, tls_port=self.tls_port)

    async def stop(self) -> None:
        """Accept and read no more, commit and acknowledge what was read, hang up. Wills are not published: nobody vanished."""
        self._stopping = True
        if self._tick is not None:
            self._tick.cancel()
        for server in self._servers:
            server.close()
        for connection in self._connections:
            connection.read_more(wanted=False)
        try:
            await asyncio.wait_for(self.committer.drain(), _DRAIN_S)
        except TimeoutError:
            _log.error("drain_timed_out", waited_s=_DRAIN_S)
        for connection in list(self._connections):
            connection.dialogue.fail(Code.SHUTTING_DOWN, "shutting_down", with_will=False)
            connection.close()
        for _ in range(_LAST_WORDS):
            if not self._connections:
                break
            await asyncio.sleep(0.01)
        for connection in list(self._connections):
            connection.abort()
        self.committer.after_commit.remove(self._committed)

    def send_down(self, principal: str, topic: str, payload: bytes, run: str | None = None) -> bool:
        """Offer a message to a principal's subscribed connections (of one run, if given); whether any took it.

        QoS 1 where granted: it is sent again when the client resumes its session. At most once a connection otherwise.
        """
        found = [one for one in self._of.get(principal, ()) if run is None or one.terms.grant.run == run]
        taken = sum(one.send_down(topic, payload) for one in found)
        self._metrics.count("sensing_messages_sent_total", taken)
        return taken > 0

    def readers(self) -> dict[str, list[Dialogue]]:
        """Those who hear the live feed now, by run."""
        found: dict[str, list[Dialogue]] = {}
        for one in self._live.values():
            if one.terms.grant.reads and one.session.subscriptions:
                found.setdefault(one.terms.grant.run, []).append(one)
        return found

    def connected(self) -> int:
        """Clients let in now."""
        return len(self._live)

    # What dialogues ask

    def clock(self) -> tuple[float, Micros]:
        return self._loop.time(), times.now()

    def enter(self, dialogue: Dialogue, connect: Connect) -> tuple[Session, bool, Bucket]:
        try:
            terms = self._admission.terms(connect, dialogue.certificate)
        except RefusedError as refusal:
            self._arrivals.refused(dialogue.address, self._loop.time())
            self._metrics.count("sensing_connects_refused_total", reason=refusal.why)
            if refusal.topic:
                self.refuse(refusal.principal, "wrong_topic", refusal.topic)
            elif refusal.code == Code.BAD_CREDENTIALS:
                self._on_refused(refusal.principal, "bad_credentials", "")
            raise
        dialogue.terms = terms
        before = self._live.pop(terms.key, None)
        if before is not None:
            before.fail(Code.TAKEN_OVER, "taken_over")
        old = self._sessions.get(terms.key)
        if old is not None and old.will and connect.clean:
            self._say(*old.will[:2])
        session, present = self._sessions.open(terms.key, clean=connect.clean)
        session.expiry_s = terms.expiry_s
        self._live[terms.key] = dialogue
        self._of.setdefault(terms.grant.principal, {})[dialogue] = None
        self._metrics.count("sensing_connects_accepted_total")
        return session, present, self._buckets.of(terms.grant.principal, self._loop.time())

    def leave(self, dialogue: Dialogue, *, with_will: bool) -> None:
        key, principal = dialogue.terms.key, dialogue.terms.grant.principal
        if self._live.get(key) is dialogue:
            del self._live[key]
        others = self._of.get(principal, {})
        others.pop(dialogue, None)
        if not others:
            self._of.pop(principal, None)
        self._waiting.pop(dialogue, None)
        session, will, now = dialogue.session, dialogue.terms.will, self._loop.time()
        if will and with_will and not self._stopping:
            source, payload, delay_s = will
            delay_s = min(delay_s, session.expiry_s)
            if delay_s:
                session.will = (source, payload, now + delay_s)
            else:
                self._say(source, payload)
        self._sessions.leave(session, now)

    def refuse(self, principal: str, reason: str, topic: str) -> None:
        self._metrics.count("sensing_publishes_refused_total", reason=reason)
        self._on_refused(principal, reason, topic)

    def turned_away(self, reason: str) -> None:
        self._metrics.count("sensing_connects_refused_total", reason=reason)

    def answered(self, dialogue: Dialogue) -> None:
        self._answered.append(dialogue)

    def wait(self, dialogue: Dialogue, delay_s: float | None) -> None:
        if delay_s is None:
            self._waiting[dialogue] = None
        else:
            self._loop.call_later(delay_s, dialogue.proceed)

    # What time and commits bring

    def _committed(self) -> None:
        answered, self._answered = self._answered, []
        for dialogue in answered:
            dialogue.flush()
        if self._waiting and not self._stopping:
            waiting, self._waiting = self._waiting, {}
            for dialogue in waiting:
                if self.committer.pressure:
                    self._waiting[dialogue] = None
                else:
                    dialogue.proceed()

    def _on_tick(self) -> None:
        now = self._loop.time()
        late_s, self._due = now - self._due, now + _TICK_S
        self._tick = self._loop.call_at(self._due, self._on_tick)
        self._ticks += 1
        # after a stall of our own (a stopped process) the clients' words are still in the sockets: read them first
        if late_s < _TICK_LATE_S:
            for connection in [one for one in self._connections if one.check(now)]:
                connection.dialogue.fail(Code.KEEP_ALIVE_TIMEOUT, "silent")
                connection.close()
        if self._ticks % 2 == 0:
            self._each_second(now)

    def _each_second(self, now: float) -> None:
        self._revoke()
        for source, payload in self._sessions.expired(now):
            self._say(source, payload)
        self._buckets.forget(set(self._of), now)
        self._arrivals.forget(now)
        self._metrics.set("sensing_connections", len(self._live))
        self._metrics.set("sensing_sessions", len(self._sessions))
        if self._with_clock and now - self.committer.last_commit >= 0.9 and not self.committer.pressure:
            self._say(_CLOCK, json.dumps({"time": times.now()}).encode())

    def _revoke(self) -> None:
        version, stamp = self._gatekeeper.version(), times.now()
        moved, self._credentials = version != self._credentials, version
        for dialogue in list(self._live.values()):
            grant = dialogue.terms.grant
            over = grant.expires is not None and grant.expires <= stamp
            if over or (moved and not self._gatekeeper.still_valid(grant)):
                dialogue.fail(Code.NOT_AUTHORISED, "revoked", with_will=False)

    def _say(self, source: Source, payload: bytes) -> None:
        """Log a frame that no client waits for."""
        self.committer.submit(Frame(source, times.now(), payload), lambda _place: None)
