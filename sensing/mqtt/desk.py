"""What a dialogue needs around it: a line to its client, and the desk of the door behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from sensing.model import Micros
from sensing.settings import Mqtt

from .committer import Committer
from .limits import Bucket
from .packets import Connect
from .session import Session

if TYPE_CHECKING:
    from .dialogue import Dialogue


class Line(Protocol):
    """The socket's side."""

    @property
    def choked(self) -> bool:
        """Whether the peer leaves what was written to it."""

    def write(self, data: bytes) -> None: ...

    def close(self) -> None:
        """Send what is written, then hang up."""

    def read_more(self, wanted: bool) -> None:
        """Whether to read the socket."""


class Desk(Protocol):
    """What a dialogue asks of the door."""

    settings: Mqtt
    committer: Committer

    def clock(self) -> tuple[float, Micros]:
        """Seconds that never step, and the wall clock."""

    def enter(self, dialogue: Dialogue, connect: Connect) -> tuple[Session, bool, Bucket]:
        """Let a client in and set its terms: its session, whether that was there before, its rate. Raises RefusedError."""

    def leave(self, dialogue: Dialogue, *, with_will: bool) -> None:
        """A client that was let in is gone."""

    def refuse(self, principal: str, reason: str, topic: str) -> None:
        """Count and audit a refused publish."""

    def turned_away(self, reason: str) -> None:
        """Count a connection that was not listened to."""

    def answered(self, dialogue: Dialogue) -> None:
        """Call `flush` after this commit."""

    def wait(self, dialogue: Dialogue, delay_s: float | None) -> None:
        """Call `proceed` after the next commit, or after a delay."""
