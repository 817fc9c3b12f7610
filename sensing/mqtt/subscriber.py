"""A client of somebody else's broker: each frame is acknowledged there after it is in our log (P1 from the broker on).

Rules of this file
- One thread per connection owns the paho client: only it reads, writes and reconnects. What others want of it (acknowledge
  what is durable, publish a reply, stop) lies in queues until that thread takes it; a byte on a socket wakes it.
- What was delivered on one connection is acknowledged on that connection or never: packet ids start again, so an old
  acknowledgement would tell the broker that a message is safe which nobody has stored. Each batch carries its
  connection's generation, and only the owning thread moves the generation, before it opens a socket.
- Acknowledgements leave in the order of delivery, refused messages' in their place among them.
- At most about twice `receive_maximum` messages are on their way to the log: beyond, nothing is read and nobody reconnects.
- Counting, refusing and submitting happen on the loop's thread, as the door's do.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import threading
from collections import deque
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from sensing import logs, times, topics
from sensing.metrics import Metrics
from sensing.model import Micros
from sensing.settings import Broker, Settings

from . import client as paho
from .bell import READ, WRITE, Bell
from .committer import Committer
from .meaning import Batch, Meaning

OnRefused = Callable[[str, str, str], None]
"""Called on the loop's thread with principal, reason and topic of a message that was refused."""
BACKOFF_FIRST_S, BACKOFF_LONGEST_S = 1.0, 30.0
_STABLE_S = 10.0
"""A connection that lasted this long was a good one: the next is tried soon. Two services under one client id throw each
other out at once, and so slow down."""
_BURST = 512
_IDLE_S = 1.0
_LAST_WORDS_S = 3.0
_PRINCIPALS = 100_000
_REPLIES = 10_000
_log = logs.get("subscriber")


class Subscriber:
    """One connection (slot) to one broker, for ever. `start` and `send_down` belong to the event loop's thread."""

    def __init__(
        self,
        broker: Broker,
        slot: int,
        meaning: Meaning,
        committer: Committer,
        metrics: Metrics,
        on_refused: OnRefused,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self.name = f"{broker.client_id}-{slot}"
        self._broker = broker
        self._labels = {"broker": f"{broker.host}:{broker.port}", "client": self.name}
        self._meaning = meaning
        self._committer = committer
        self._metrics = metrics
        self._on_refused = on_refused
        self._client = paho.make(broker, self.name, environ=environ)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._client.on_disconnect = self._on_disconnect
        self._generation = 0
        self._batch = Batch(0, [], [], [])
        self._outstanding = 0
        self._connected = False
        self._last_seen: Micros | None = None
        self._principals: dict[str, None] = {}
        self._durable: deque[Batch] = deque()
        self._replies: deque[tuple[str, bytes]] = deque()
        self._stop_by: float | None = None
        self._thread = threading.Thread(target=self._live, name=f"subscriber-{self.name}", daemon=True)

    def start(self) -> None:
        """Connect, and stay so; returns at once. Must be called on the committer's loop."""
        self._loop = asyncio.get_running_loop()
        self._bell = Bell()
        self._thread.start()

    def stop(self) -> None:
        """Read no more; what is still on its way to the log is acknowledged for a moment longer. Returns at once."""
        self._stop_by = monotonic() + _LAST_WORDS_S
        if self._thread.ident is not None:
            self._bell.ring()

    def join(self, timeout_s: float = _LAST_WORDS_S + 1.0) -> bool:
        """Wait, off the loop's thread, until the thread has ended after `stop`; whether it has."""
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def send_down(self, principal: str, topic: str, payload: bytes) -> bool:
        """Publish with QoS 1 if this connection is up and was where the principal was seen last; whether it was taken.

        What was taken is sent again after a reconnection, and lost if this process ends first.
        """
        if not self._connected or principal not in self._principals or len(self._replies) >= _REPLIES:
            return False
        self._replies.append((topic, payload))
        self._bell.ring()
        return True

    # On the loop's thread

    def _submit(self, batch: Batch) -> None:
        self._metrics.count("sensing_broker_messages_received_total", batch.count, **self._labels)
        for principal, reason, topic in batch.refused:
            self._metrics.count("sensing_publishes_refused_total", reason=reason)
            self._on_refused(principal, reason, topic)
        for principal in dict.fromkeys(frame.source.principal for frame in batch.frames):
            self._principals.pop(principal, None)
            self._principals[principal] = None
        while len(self._principals) > _PRINCIPALS:
            del self._principals[next(iter(self._principals))]
        live = self._broker.origin == "live"
        self._committer.submit_many(batch.frames, batch.size, lambda _place: self._settled(batch), live=live)

    def _settled(self, batch: Batch) -> None:
        self._durable.append(batch)
        self._bell.ring()

    # From any thread

    def _on_loop(self, call: Callable[..., Any], *args: Any, **labels: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the process ends, nothing is acknowledged
            self._loop.call_soon_threadsafe(lambda: call(*args, **labels))

    # On our own thread

    def _live(self) -> None:
        failures = 0
        while self._stop_by is None:
            began = monotonic()
            try:
                self._serve()
            except OSError as error:
                _log.warning("broker_unreachable", **self._labels, error=str(error))
            except Exception:  # noqa: BLE001 whatever it is, a later connection may do better
                _log.exception("subscriber_failed", **self._labels)
            failures = 0 if monotonic() - began > _STABLE_S else failures + 1
            self._rest(_backoff(failures))
        self._bell.close()

    def _serve(self) -> None:
        """One connection, from before its socket is opened to its end. Raises OSError when it cannot be opened."""
        self._generation += 1
        self._batch = self._empty()
        self._client.reconnect()  # forgets what was queued for the old connection, then opens the new one
        while (connection := self._client.socket()) is not None:
            if self._stop_by is not None and (not self._outstanding or monotonic() > self._stop_by):
                self._client.disconnect()
                break
            if self._bell.wait(_IDLE_S, connection, self._events()):
                self._read()
            self._acknowledge()
            self._reply()
            if self._client.want_write():
                self._client.loop_write()
            self._client.loop_misc()

    def _rest(self, wait_s: float) -> None:
        """Between connections: the back-off, and longer while the old one's frames wait for the log."""
        until = monotonic() + wait_s
        while self._stop_by is None and (monotonic() < until or self._outstanding >= self._broker.receive_maximum):
            self._bell.wait(min(_IDLE_S, max(0.01, until - monotonic())))
            self._acknowledge()

    def _events(self) -> int:
        """What to wait for: nothing to read while too much is on its way to the log, or when we stop."""
        full = self._outstanding >= 2 * self._broker.receive_maximum
        return (0 if full or self._stop_by is not None else READ) | (WRITE if self._client.want_write() else 0)

    def _read(self) -> None:
        """A burst of packets, then all of them at once to the loop."""
        while self._client.socket() is not None and self._batch.count < _BURST:
            before = self._batch.count
            self._client.loop_read()
            if self._batch.count == before:
                break
        if self._batch.count:
            batch, self._batch = self._batch, self._empty()
            self._outstanding += batch.count
            self._last_seen = times.now()
            self._on_loop(self._submit, batch)

    def _acknowledge(self) -> None:
        stale = 0
        while self._durable:
            batch = self._durable.popleft()
            self._outstanding -= batch.count
            if self._is_stale(batch.generation):
                stale += len(batch.mids)
                continue
            for mid in batch.mids:
                self._client.ack(mid, 1)
        if stale:
            self._on_loop(self._metrics.count, "sensing_acks_stale_total", stale, **self._labels)

    def _is_stale(self, generation: int) -> bool:
        return generation != self._generation or self._client.socket() is None

    def _reply(self) -> None:
        while self._replies:
            topic, payload = self._replies.popleft()
            self._client.publish(topic, payload, qos=1)
            self._on_loop(self._metrics.count, "sensing_messages_sent_total", 1)

    def _empty(self) -> Batch:
        return Batch(self._generation, [], [], [])

    # What paho calls, on our own thread

    def _on_connect(
        self, _client: Client, _data: Any, flags: ConnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.is_failure:
            _log.error("broker_refused", **self._labels, reason=str(reason))
            return
        if not flags.session_present:
            self._without_session()
        self._connected = True
        self._on_loop(self._metrics.set, "sensing_broker_connected", 1, **self._labels)
        _log.info("broker_connected", **self._labels, session_present=flags.session_present)
        wanted = [f"$share/{self._broker.share}/{name}" if self._broker.share else name for name in self._broker.topics]
        self._client.subscribe(paho.filters(self._broker, wanted))

    def _without_session(self) -> None:
        """The broker knew nothing of us: what was published since it last sent us something may be lost."""
        if self._last_seen is None:
            _log.info("session_new", **self._labels)
            return
        window = {"since": times.rfc3339(self._last_seen), "until": times.rfc3339(times.now())}
        _log.error("session_lost", **self._labels, **window, hint="messages may be lost: see docs/brokers.md")
        self._on_loop(self._metrics.count, "sensing_sessions_lost_total", 1, **self._labels)

    def _on_subscribe(
        self, _client: Client, _data: Any, _mid: int, reasons: list[ReasonCode], _properties: Properties | None
    ) -> None:
        self._last_seen = times.now()
        durable = all(reason.value == 1 for reason in reasons)
        if not durable:
            granted = dict(zip(self._broker.topics, map(str, reasons), strict=False))
            _log.error("not_durable", **self._labels, granted=granted, hint="the broker must grant QoS 1 to every filter")
        self._on_loop(self._metrics.set, "sensing_broker_durable", int(durable), **self._labels)

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        self._meaning.take(message, self._batch)

    def _on_disconnect(
        self, _client: Client, _data: Any, _flags: DisconnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if not self._connected:
            return
        self._connected = False
        self._on_loop(self._metrics.set, "sensing_broker_connected", 0, **self._labels)
        log = _log.info if self._stop_by is not None else _log.warning
        log("broker_disconnected", **self._labels, reason=str(reason))


def _backoff(failures: int) -> float:
    """Seconds before the next connection: doubling, half of it at random, so that many services do not come at once."""
    longest = min(BACKOFF_LONGEST_S, BACKOFF_FIRST_S * 2.0 ** min(failures, 10))
    return longest * random.uniform(0.5, 1.0)


def subscribers(
    settings: Settings, committer: Committer, adapters: frozenset[str], metrics: Metrics, on_refused: OnRefused
) -> list[Subscriber]:
    """Every slot of every broker in the settings, not yet started. Raises ValidationError for unreadable secrets."""
    foreign = topics.foreign_table([row.model_dump() for row in settings.foreign_topics])
    return [
        Subscriber(broker, slot, Meaning(broker, adapters, foreign, settings.mqtt.max_packet), committer, metrics, on_refused)
        for broker in settings.brokers
        for slot in range(broker.slots)
    ]
