"""One connection's protocol, from its first packet to its end: no socket, no timer.

Rules of this file
- Acknowledgements leave in the order in which publishes were read, after the commit that holds them; a refusal waits its turn.
- A client that is ahead of us (log busy, rate spent, window full) is still read, up to READ_AHEAD bytes, so that its PINGREQ
  is seen and answered; its other packets wait in order. Beyond that its socket is not read, and it is not timed out meanwhile.
- Refused publish: MQTT 5 is told the reason, MQTT 3.1.1 loses the connection; it is never acknowledged, never logged.
- After `over` nothing more is written: a client that came back on another connection gets no acknowledgement of the old one.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Protocol

from sensing import logs, topics
from sensing.errors import Reason
from sensing.model import Frame, Micros, Source
from sensing.settings import Mqtt

from . import packets as p
from .admission import TOPIC_ALIASES, RefusedError, Terms
from .committer import Committer
from .control import answer
from .limits import Bucket
from .packets import REFUSED_311, V5, V311, Code, Packet, Publish
from .session import Session
from .wire import Decoder, WireError, encode
from .write import PINGRESP, short_ack

READ_AHEAD = 65_536
_Item = Packet | WireError
_log = logs.get("door")


class Line(Protocol):
    """The socket's side."""

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

    def enter(self, dialogue: Dialogue, connect: p.Connect) -> tuple[Session, bool, Bucket]:
        """Let a client in and set its terms: its session, whether that was there before, its rate. Raises RefusedError."""

    def leave(self, dialogue: Dialogue, *, with_will: bool) -> None:
        """A client that was let in is gone."""

    def refuse(self, principal: str, reason: str, topic: str) -> None:
        """Count and audit a refused publish."""

    def answered(self, dialogue: Dialogue) -> None:
        """Call `flush` after this commit."""

    def wait(self, dialogue: Dialogue, delay_s: float | None) -> None:
        """Call `proceed` after the next commit, or after a delay."""


class Dialogue:
    """A client's words in, ours out. `heard` is when it last spoke; `limit_s` how long it may be silent, None for ever."""

    terms: Terms
    session: Session

    def __init__(self, desk: Desk, line: Line) -> None:
        self.entered = False
        self.over = False
        self.paused = False
        self.heard = desk.clock()[0]
        self.limit_s: float | None = desk.settings.connect_timeout_s
        self._desk = desk
        self._line = line
        self._decoder = Decoder(desk.settings.max_packet)
        self._bucket: Bucket
        self._aliases: dict[int, str] = {}
        self._backlog: list[_Item] = []
        self._backlog_size = 0
        self._ended = False
        self._taking = False
        self._with_will = False
        self._unacked = 0
        self._groups = 0
        self._out: list[bytes] = []

    # What the socket tells

    def receive(self, data: bytes) -> None:
        """Bytes from the client."""
        if self.over:
            return
        found = self._decoder.feed(data)
        if not self.entered:
            if not found:
                return  # `heard` stays: a CONNECT in drops is late all the same
            self._connect(found.pop(0))
        seconds, stamp = self._desk.clock()
        self.heard = seconds
        if self._backlog:
            self._hold(found, len(data))
        elif found and not self.over:
            self._take(found, len(data), seconds, stamp)

    def end(self) -> bool:
        """The client will send no more. True when packets of it still wait: hang up when they are read."""
        self._ended = bool(self._backlog) and not self.over
        return self._ended

    def lost(self) -> None:
        """The connection is gone."""
        polite = any(isinstance(item, p.Disconnect) and item.code != Code.WITH_WILL for item in self._backlog)
        self._finish(with_will=not polite)

    def proceed(self) -> None:
        """Room again: read on where it stopped."""
        if self.over or not self._backlog:
            return
        found, size = self._backlog, self._backlog_size
        self._backlog, self._backlog_size = [], 0
        self._take(found, size, *self._desk.clock())
        self._regulate()
        if self._ended and not self._backlog:
            self.lost()
            self._line.close()

    def flush(self) -> None:
        """Write what was acknowledged, in one piece."""
        out, self._out = self._out, []
        if not self.over:
            self._line.write(b"".join(out))

    def fail(self, code: Code, why: str, *, with_will: bool = True) -> None:
        """Hang up on the client, telling MQTT 5 why."""
        if self.over:
            return
        _log.info("connection_closed", reason=why, principal=self.terms.grant.principal if self.entered else "")
        if self.entered and self._decoder.version == V5:
            self._line.write(encode(p.Disconnect(code), V5))
        self._finish(with_will=with_will)
        self._line.close()

    def overdue(self, now: float) -> bool:
        """Whether the client has been silent for too long. While we do not read it, we cannot know."""
        return self.limit_s is not None and not self.paused and now - self.heard > self.limit_s

    # What the service says

    def send_down(self, topic: str, payload: bytes) -> bool:
        """Offer a message; False when the client has not subscribed, leaves too much unacknowledged, or takes no such size."""
        if self.over or not self.entered:
            return False
        granted = [qos for name, qos in self.session.subscriptions.items() if topics.matches(name, topic)]
        if not granted or len(payload) + len(topic) + 16 > self.terms.max_packet:
            return False
        message = Publish(topic, payload)
        if max(granted):
            if len(self.session.inflight) >= self.terms.window:
                return False
            message = Publish(topic, payload, 1, self.session.next_pid())
            self.session.inflight[message.pid] = message
        self._line.write(encode(message, self._decoder.version))
        return True

    # The hot path

    def _take(self, found: list[_Item], size: int, seconds: float, stamp: Micros) -> None:
        """Read packets in order: publishes to the log in one group, everything else answered at once."""
        sources, unreleased = self.terms.rights.known, self.session.unreleased
        room = budget = self._room(seconds)
        frames: list[Frame] = []
        acks: list[bytes] = []
        rest = iter(found)
        self._taking = True
        for packet in rest:
            if type(packet) is not Publish:
                self._other(packet)
            else:
                room -= 1
                if room < 0 and not self._dropped(packet, seconds, budget, len(acks)):
                    left = [packet, *rest]
                    size = self._left(left, size)
                    break
                source = sources.get(packet.topic) if room >= 0 and packet.properties is None else None
                if source is None and (room < 0 or (source := self._understood(packet, acks)) is None):
                    pass
                elif packet.qos == 1:
                    acks.append(short_ack(0x4002, packet.pid))
                    frames.append(Frame(source, stamp, packet.payload, packet.dup))
    def _room(self, now: float) -> int:
        """Publishes that may be read now."""
        window = self._desk.settings.receive_maximum - self._unacked
        return max(0, min(self._desk.committer.room(), self._bucket.available(now), window))

    def _spent(self, packet: Publish, now: float, used: int) -> bool:
        """There is no room for a publish: True when it was dropped, else it waits, or the connection is over."""
        tokens = self._bucket.available(now) - used
        if tokens <= 0:
            if packet.qos == 0:
                self._desk.refuse(self, Reason.RATE_LIMITED, packet.topic)
                return True
            self._desk.wait(self, self._bucket.wait_s(now))
        elif self._decoder.version == V5 and self._unacked + used > self._desk.settings.receive_maximum:
            self.fail(Code.RECEIVE_MAXIMUM_EXCEEDED, "receive_maximum_exceeded")
        else:
            self._desk.wait(self, None)
        return False

    def _submit(self, frames: list[Frame], acks: list[bytes], size: int) -> None:
        """Acknowledge when durable; at once when nothing of this client waits before."""
        blob = b"".join(acks)
        if not frames and not self._groups:
            if blob and not self.over:
                self._line.write(blob)
            return
        self._groups += 1
        self._unacked += len(acks)
        self._desk.committer.submit_many(frames, size, partial(self._durable, blob, len(acks)))

    def _durable(self, blob: bytes, acked: int, _place: int) -> None:
        self._groups -= 1
        self._unacked -= acked
        if blob and not self.over:
            if not self._out:
                self._desk.answered(self)
            self._out.append(blob)

    # Waiting

    def _hold(self, found: Iterable[_Item], size: int) -> None:
        for packet in found:
            if isinstance(packet, p.Pingreq):
                self._line.write(PINGRESP)
            else:
                self._backlog.append(packet)
        self._backlog_size += size
        self._regulate()

    def _regulate(self) -> None:
        paused = self._backlog_size > READ_AHEAD and not self.over
        if paused != self.paused:
            self.paused = paused
            self.heard = self._desk.clock()[0]
            self._line.read_more(not paused)

    def _finish(self, *, with_will: bool) -> None:
        if not self.over:
            self.over = True
            self._backlog.clear()
            self._desk.leave(self, with_will=with_will)
