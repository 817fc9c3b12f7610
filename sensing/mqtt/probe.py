"""What `sensing doctor` asks a broker: does it keep our session and what we miss? With throwaway sessions, cleaned up after.

Never subscribes with `$share`: that would take messages from the subscriber that runs.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Any

from msgspec import Struct
from paho.mqtt.client import Client, MQTTMessage

from sensing.errors import ValidationError
from sensing.settings import Broker

from . import client as paho

QUEUED = 1_200
"""More than mosquitto's default `max_queued_messages 1000`, and than what may be in flight beside it."""
WINDOW = 100
"""Least messages in flight with which a group commit pays."""
ROOT = "sensing/probe"
_ANSWER_S = 10.0
_QUIET_S = 1.5
_SETTINGS = "docs/brokers.md has settings that are known to work"


class Finding(Struct, frozen=True):
    """One thing asked of a broker: whether it is well, what was seen, and what to do."""

    ok: bool
    what: str
    remedy: str = ""


def probe(broker: Broker, queued: int = QUEUED) -> list[Finding]:
    """Ask a broker everything, in some seconds; stops at the first finding that makes the next pointless.

    `queued`: messages published while nobody is connected. Raises nothing that a broker can cause.
    """
    try:
        return list(_findings(broker, queued))
    except ValidationError as error:
        return [Finding(ok=False, what=error.what, remedy=error.hint)]
    except (OSError, TimeoutError) as error:
        what = f"{broker.host}:{broker.port} does not answer: {error}"
        return [Finding(ok=False, what=what, remedy="check host, port, tls and the way there")]


def durable(findings: Sequence[Finding]) -> bool:
    """Whether everything that was asked is well."""
    return all(finding.ok for finding in findings)


def _findings(broker: Broker, queued: int) -> Iterator[Finding]:
    name = f"{broker.client_id}-probe-{secrets.token_hex(4)}"
    topic = f"{ROOT}/{name}"
    with _visit(broker, f"{name}-a", keep=False) as first:
        if first.refused:
            yield Finding(
                ok=False, what=f"refuses us: {first.refused}", remedy="check username, password_env and the broker's rights"
            )
            return
        yield Finding(ok=True, what="reachable, and lets us in")
        yield _granted(broker, first.subscribe(broker.topics))
    try:
        with _visit(broker, name, keep=True) as before:
            heard = before.subscribe([topic]) == [1] and before.publish(topic, 1) == 1 and before.collect(1)
        if not heard:
            yield Finding(
                ok=False,
                what=f"session and queue cannot be tried: what we publish to {topic} does not come back",
                remedy=f'give "{broker.username or "us"}" the right to publish and subscribe to {ROOT}/#',
            )
            return
        with _visit(broker, f"{name}-b", keep=False) as publisher:
            taken = publisher.publish(topic, queued)
        with _visit(broker, name, keep=True, acknowledge=False) as after:
            window = after.collect(queued) if after.session_present else 0
        with _visit(broker, name, keep=True) as last:
            present, kept = last.session_present, last.collect(taken + 1) if last.session_present else 0
    finally:
        with _visit(broker, name, keep=False):  # a clean start is what ends a session
            pass
    yield _session(present)
    if present:
        yield _queue(queued, taken, kept)
        yield _window(window, min(WINDOW, queued, broker.receive_maximum))
    yield Finding(ok=True, what="whether it writes to disk before it acknowledges cannot be seen from outside", remedy=_SETTINGS)


def _granted(broker: Broker, qos: list[int]) -> Finding:
    short = [
        f"{name}: {'refused' if got >= 0x80 else f'QoS {got}'}" for name, got in zip(broker.topics, qos, strict=False) if got != 1
    ]
    if short or len(qos) != len(broker.topics):
        return Finding(
            ok=False, what=f"does not grant QoS 1 ({', '.join(short) or 'no answer'})", remedy="allow QoS 1 and these filters"
        )
    return Finding(ok=True, what=f"grants QoS 1 to {', '.join(broker.topics)}")


def _session(present: bool) -> Finding:
    if present:
        return Finding(ok=True, what="keeps our session while we are away")
    return Finding(ok=False, what="forgets our session when we go", remedy="allow persistent sessions (session expiry above 0)")


def _queue(queued: int, taken: int, kept: int) -> Finding:
    if taken < queued:
        what = f"acknowledged only {taken} of {queued} messages to try its queue with"
        return Finding(ok=False, what=what, remedy="look for limits of rate, quota or memory in the broker's log")
    if kept >= taken:
        return Finding(ok=True, what=f"kept all of {taken} messages for us")
    what = f"acknowledged {taken} messages while we were away and kept {kept}"
    return Finding(ok=False, what=what, remedy="max_queued_messages 0 with max_queued_bytes set (mosquitto); the like elsewhere")


def _window(window: int, enough: int) -> Finding:
    if window >= enough:
        return Finding(ok=True, what=f"sends {window} messages ahead of our acknowledgement")
    what = f"sends only {window} messages ahead of our acknowledgement, so every commit waits for the next {window}"
    return Finding(
        ok=False, what=what, remedy="max_inflight_messages 1000 (mosquitto); or version 5 and a larger receive_maximum"
    )


class _Visit:
    """One connection: counts what it is sent, each packet once."""

    def __init__(self, client: Client, *, acknowledge: bool) -> None:
        self.session_present = False
        self.refused = ""
        self._client = client
        self._acknowledge = acknowledge
        self._changed = threading.Condition()
        self._answered = False
        self._granted: list[int] | None = None
        self._pubacks: list[bool] = []
        self._bodies: set[bytes] = set()
        self._last = monotonic()
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message

    def greet(self) -> None:
        self._client.reconnect()
        self._client.loop_start()
        if not self._wait(lambda: self._answered):
            raise TimeoutError("connected, but no CONNACK")

    def subscribe(self, topics: Sequence[str]) -> list[int]:
        self._client.subscribe([(name, 1) for name in topics])
        self._wait(lambda: self._granted is not None)
        return self._granted or []

    def publish(self, topic: str, count: int) -> int:
        """How many of `count` were acknowledged without an error."""
        for number in range(count):
            self._client.publish(topic, b"%d of %d" % (number, count), qos=1)
        self._wait(lambda: len(self._pubacks) >= count)
        return sum(self._pubacks)

    def collect(self, count: int) -> int:
        """Messages that came until there were `count`, or none for a while."""
        self._last = monotonic()
        while len(self._bodies) < count and (left := self._last + _QUIET_S - monotonic()) > 0:
            with self._changed:
                self._changed.wait(left)
        return len(self._bodies)

    def _wait(self, met: Any) -> bool:
        with self._changed:
            return bool(self._changed.wait_for(met, _ANSWER_S))

    def _on_connect(self, _client: Client, _data: Any, flags: Any, reason: Any, _properties: Any) -> None:
        with self._changed:
            self._answered, self.session_present = True, flags.session_present
            self.refused = str(reason) if reason.is_failure else ""
            self._changed.notify_all()

    def _on_subscribe(self, _client: Client, _data: Any, _mid: int, reasons: list[Any], _properties: Any) -> None:
        with self._changed:
            self._granted = [reason.value for reason in reasons]
            self._changed.notify_all()

    def _on_publish(self, _client: Client, _data: Any, _mid: int, reason: Any, _properties: Any) -> None:
        with self._changed:
            self._pubacks.append(not reason.is_failure)
            self._changed.notify_all()

    def _on_message(self, client: Client, _data: Any, message: MQTTMessage) -> None:
        if self._acknowledge:
            client.ack(message.mid, message.qos)
        with self._changed:
            if message.topic.startswith(ROOT):
                self._bodies.add(bytes(message.payload))
            self._last = monotonic()
            self._changed.notify_all()


@contextmanager
def _visit(broker: Broker, name: str, *, keep: bool, acknowledge: bool = True) -> Iterator[_Visit]:
    client = paho.make(broker, name, keep=keep)
    visit = _Visit(client, acknowledge=acknowledge)
    try:
        visit.greet()
        yield visit
    finally:
        client.disconnect()
        client.loop_stop()
