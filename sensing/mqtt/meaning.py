"""What a message of somebody else's broker means here: which source it is of, or why it is refused.

The broker decides who may publish where, so a topic's own principal is believed; when the broker cannot be trusted
with that, `Broker.principal` puts all its frames under one client of the registry. Origin and run are the broker's (P6).
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from paho.mqtt.client import MQTTMessage

from sensing import times, topics
from sensing.errors import Reason
from sensing.model import Frame, Source
from sensing.settings import Broker
from sensing.topics import ForeignTopic

from .rights import CLOCK, SERVICE_ADAPTERS

_REMEMBERED = 100_000


class Batch(Struct):
    """What one burst of reading brought, refusals included.

    generation: of the connection that it came on. mids: packet ids to acknowledge, in order of delivery.
    refused: principal, reason, topic. size: payload bytes in `frames`. count: messages in all.
    """

    generation: int
    mids: list[int]
    frames: list[Frame]
    refused: list[tuple[str, str, str]]
    size: int = 0
    count: int = 0


class Meaning:
    """One broker's messages. `known` maps topic to Source for those already asked about: the hot path reads it directly."""

    def __init__(self, broker: Broker, adapters: frozenset[str], foreign: Sequence[ForeignTopic], max_payload: int) -> None:
        self.known: dict[str, Source] = {}
        self._broker = broker
        self._adapters = (adapters - SERVICE_ADAPTERS) | (CLOCK if broker.origin != "live" else frozenset())
        self._foreign = foreign
        self._max_payload = max_payload

    def source(self, topic: str) -> Source | None:
        """What a frame from `topic` is marked with; None when the topic is not understood or its adapter not known."""
        found = self.known.get(topic)
        if found is not None:
            return found
        read = topics.parse(topic) or topics.foreign(topic, self._foreign)
        if read is None or read.adapter not in self._adapters:
            return None
        broker = self._broker
        found = Source(read.adapter, broker.principal or read.principal, topic, read.kind, broker.origin, broker.run)
        if len(self.known) >= _REMEMBERED:
            self.known.clear()
        self.known[topic] = found
        return found

    def take(self, message: MQTTMessage, batch: Batch) -> None:
        """Add a message to a batch, as a frame or as a refusal.

        A retained message is the broker's copy of an old one, so it is marked like one that is sent again: where the
        log has the first delivery, its receive time holds.
        """
        batch.count += 1
        if message.qos:
            batch.mids.append(message.mid)
        try:
            topic = message.topic
        except UnicodeDecodeError:
            batch.refused.append(("", Reason.WRONG_TOPIC, ""))
            return
        payload = bytes(message.payload)
        judged = self.judge(topic, len(payload))
        if isinstance(judged, Reason):
            batch.refused.append((self._claimed(topic), judged, topic))
            return
        batch.frames.append(Frame(judged, times.now(), payload, message.dup or message.retain))
        batch.size += len(payload)

    def judge(self, topic: str, size: int) -> Source | Reason:
        """The source of a payload of `size` bytes, or the reason why it is refused."""
        source = self.source(topic)
        if source is None:
            return Reason.WRONG_TOPIC
        return Reason.TOO_LARGE if size > self._max_payload else source

    def _claimed(self, topic: str) -> str:
        read = topics.parse(topic) or topics.foreign(topic, self._foreign)
        return self._broker.principal or (read.principal if read else "")
