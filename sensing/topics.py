"""Topics of our own tree (CONTRACT "Topics and ports"), ids, and the map from foreign topics onto it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

ID = re.compile(r"[a-z0-9-]{1,64}")
ADAPTER = re.compile(r"[a-z0-9]{1,32}")
ROOT = "sensing/v1"
FEED = "feed/v1"
KINDS = ("up", "status")
LAST_WORD = "last"
"""The key of the clock frame that is a gateway's last word in a run."""


class Topic(Struct, frozen=True):
    """A topic understood: whose it is and which adapter reads it."""

    adapter: str
    principal: str
    kind: str


class ForeignTopic(Struct, frozen=True):
    """A topic filter of somebody else's tree, and what it means here.

    filter: MQTT topic filter with `+` and `#`. principal: the registry's client that it belongs to.
    """

    filter: str
    adapter: str
    principal: str


def is_id(text: str) -> bool:
    """Whether `text` is a valid id of a principal, device or type."""
    return ID.fullmatch(text) is not None


def up(adapter: str, principal: str) -> str:
    """Where a principal publishes its protocol's bytes."""
    return f"{ROOT}/{adapter}/{principal}/up"


def down(adapter: str, principal: str) -> str:
    """Where the service answers a principal."""
    return f"{ROOT}/{adapter}/{principal}/down"


def fed(domain: str, device: str, name: str) -> str:
    """Where readers find the normalised observations of a device's property; `events` for a domain: its events of a kind."""
    return f"{FEED}/{domain}/{device}/{name}"


def parse(topic: str) -> Topic | None:
    """Our own topic in its parts, or None when it is not of our tree or not one that a principal publishes to."""
    parts = topic.split("/")
    if len(parts) != 5 or parts[0] != "sensing" or parts[1] != "v1":
        return None
    adapter, principal, kind = parts[2], parts[3], parts[4]
    if kind not in KINDS or not is_id(principal) or not ADAPTER.fullmatch(adapter):
        return None
    return Topic(adapter, principal, kind)


def matches(topic_filter: str, topic: str) -> bool:
    """Whether an MQTT topic filter covers a topic name (MQTT 5 section 4.7)."""
    wanted, given = topic_filter.split("/"), topic.split("/")
    if topic.startswith("$") and wanted[0] in ("+", "#"):
        return False
    for index, level in enumerate(wanted):
        if level == "#":
            return True
        if index >= len(given) or level not in ("+", given[index]):
            return False
    return len(wanted) == len(given)


def foreign(topic: str, table: Sequence[ForeignTopic]) -> Topic | None:
    """The meaning of a foreign topic by the first entry of `table` that covers it."""
    for entry in table:
        if matches(entry.filter, topic):
            return Topic(entry.adapter, entry.principal, "up")
    return None


def partition(principal: str) -> int:
    """The logical partition, 0-63, of a principal's frames: stable for ever (FNV-1a), on laptop and cluster alike."""
    value = 0x811C9DC5
    for byte in principal.encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return (value ^ (value >> 16)) & 63


def foreign_table(rows: Sequence[Mapping[str, Any]]) -> tuple[ForeignTopic, ...]:
    """Settings rows `{filter, adapter, principal}` as a table, in their order."""
    return tuple(ForeignTopic(row["filter"], row["adapter"], row["principal"]) for row in rows)
