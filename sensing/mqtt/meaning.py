"""What a message of somebody else's broker means here: which source it is of, or why it is refused.

The broker decides who may publish where, so a topic's own principal is believed; when the broker cannot be trusted
with that, `Broker.principal` puts all its frames under one client of the registry. Origin and run are the broker's (P6).
"""

from __future__ import annotations

from collections.abc import Sequence

from sensing import topics
from sensing.errors import Reason
from sensing.model import Source
from sensing.settings import Broker
from sensing.topics import ForeignTopic

from .rights import SERVICE_ADAPTERS

_REMEMBERED = 100_000


class Meaning:
    """One broker's messages. `known` maps topic to Source for those already asked about: the hot path reads it directly."""

    def __init__(self, broker: Broker, adapters: frozenset[str], foreign: Sequence[ForeignTopic], max_payload: int) -> None:
        self.known: dict[str, Source] = {}
        self._broker = broker
        self._adapters = adapters - SERVICE_ADAPTERS
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

    def judge(self, topic: str, size: int) -> Source | Reason:
        """The source of a payload of `size` bytes, or the reason why it is refused."""
        source = self.source(topic)
        if source is None:
            return Reason.WRONG_TOPIC
        return Reason.TOO_LARGE if size > self._max_payload else source

    def claimed(self, topic: str) -> str:
        """The principal that a refusal is counted under."""
        read = topics.parse(topic) or topics.foreign(topic, self._foreign)
        return self._broker.principal or (read.principal if read else "")
