"""Which topics a grant opens (CONTRACT "Topics and ports"): its own `up` and `status`, foreign ones mapped to it, its own `down`.

Origin and run come from the grant, never from the topic (P6).
"""

from __future__ import annotations

from collections.abc import Sequence

from sensing import topics
from sensing.model import Grant, Origin, Source
from sensing.topics import ForeignTopic

SERVICE = "web"
"""The principal of our own web role: commands come from it alone."""
SERVICE_ADAPTERS = frozenset({"command", "clock"})
CLOCK = frozenset({"clock"})
"""A simulated or replayed run tells its own time; nobody tells the live time but the door itself."""
_REMEMBERED = 256


class Rights:
    """One grant's topics. `known` maps topic to Source for those already asked about: the hot path reads it directly."""

    def __init__(self, grant: Grant, adapters: frozenset[str], foreign: Sequence[ForeignTopic]) -> None:
        self.known: dict[str, Source] = {}
        self._grant = grant
        self.reads = grant.reads
        if grant.principal == SERVICE:
            self._adapters = adapters | SERVICE_ADAPTERS
        else:
            self._adapters = (adapters - SERVICE_ADAPTERS) | (CLOCK if grant.origin != Origin.LIVE else frozenset())
        self._foreign = [entry for entry in foreign if entry.principal == grant.principal]

    def source(self, topic: str) -> Source | None:
        """What a frame published to `topic` is marked with; None when the grant does not reach it."""
        if topic in self.known:
            return self.known[topic]
        meaning = topics.parse(topic) or topics.foreign(topic, self._foreign)
        if (
            self._grant.reads
            or meaning is None
            or meaning.principal != self._grant.principal
            or meaning.adapter not in self._adapters
        ):
            return None
        grant = self._grant
        found = Source(meaning.adapter, grant.principal, topic, meaning.kind, grant.origin, grant.run)
        if len(self.known) < _REMEMBERED:
            self.known[topic] = found
        return found

    def may_subscribe(self, topic_filter: str) -> bool:
        """Own `down` only, of one adapter or of all (`+`); of a reader, the live feed and nothing else."""
        parts = topic_filter.split("/")
        if self._grant.reads:
            return len(parts) > 2 and parts[:2] == topics.FEED.split("/")
        if len(parts) != 5:
            return False
        adapter = parts[2]
        return topic_filter == topics.down(adapter, self._grant.principal) and (adapter == "+" or adapter in self._adapters)
