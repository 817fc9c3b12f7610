"""What a client said while we could not take it: packets in their order, and how many bytes were read for them."""

from __future__ import annotations

from collections.abc import Iterable

from .packets import Code, Disconnect, Packet, Publish
from .wire import WireError

READ_AHEAD = 65_536
Item = Packet | WireError


class Backlog(list[Item]):
    """Packets that wait. size: the bytes of the reads that brought them, as far as they wait."""

    size = 0

    def full(self) -> bool:
        """Whether no more is to be read."""
        return self.size > READ_AHEAD

    def take(self) -> tuple[list[Item], int]:
        """All that waits and its size; nothing waits any more."""
        found, size = self[:], self.size
        self.clear()
        self.size = 0
        return found, size

    def polite(self) -> bool:
        """Whether a DISCONNECT waits that wants no will published."""
        return any(isinstance(item, Disconnect) and item.code != Code.WITH_WILL for item in self)


def weight(items: Iterable[Item]) -> int:
    """About how many bytes publishes take up."""
    return sum(len(item.payload) + 64 for item in items if isinstance(item, Publish))
