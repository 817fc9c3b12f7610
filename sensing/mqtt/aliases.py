"""Topic aliases of one MQTT 5 connection (section 3.3.2.3.4): a number that the client uses instead of a topic."""

from __future__ import annotations

from .packets import Code, Publish
from .reading import WireError

MOST = 16
"""Told to clients as Topic Alias Maximum."""


class Aliases:
    """What a client's numbers stand for. A connection starts with none."""

    def __init__(self) -> None:
        self._topics: dict[int, str] = {}

    def topic(self, packet: Publish) -> str:
        """The name behind a publish. Raises WireError for an alias that is too high or was never set."""
        more = packet.properties or {}
        if "subscription_identifier" in more:
            raise WireError(Code.PROTOCOL_ERROR, "PUBLISH of a client has a subscription identifier")
        alias: int | None = more.get("topic_alias")
        if alias is None:
            return packet.topic
        if alias > MOST:
            raise WireError(Code.BAD_ALIAS, f"topic alias {alias}; {MOST} are allowed")
        if packet.topic:
            self._topics[alias] = packet.topic
        elif alias not in self._topics:
            raise WireError(Code.PROTOCOL_ERROR, f"topic alias {alias} was never set")
        return self._topics[alias]
