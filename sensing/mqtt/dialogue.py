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

from sensing import logs
from sensing.errors import Reason
from sensing.model import Frame, Micros, Origin, Source

from . import packets as p
from .admission import RefusedError, Terms
from .aliases import Aliases
from .backlog import Backlog, Item, weight
from .control import answer, farewell, offer
from .desk import Desk, Line
from .limits import Bucket
from .packets import REFUSED_311, V5, V311, Code, Publish
from .peers import Presented
from .session import Session
from .wire import Decoder, WireError, encode
from .write import PINGRESP, short_ack

_log = logs.get("door")


class Dialogue:
    """A client's words in, ours out. `heard` is when it last spoke; `limit_s` how long it may be silent, None for ever."""

    terms: Terms
    session: Session

    def __init__(self, desk: Desk, line: Line) -> None:
        self.address = ""
        self.certificate: Presented | None = None
        """Where the client is, and what it showed to TLS: the connection says so before its first byte."""
        self.entered = False
        self.over = False
        self.paused = False
        self.heard = desk.clock()[0]
        self.limit_s: float | None = desk.settings.connect_timeout_s
        self._desk = desk
        self._line = line
        self._decoder = Decoder(desk.settings.max_packet)
        self._bucket: Bucket
        self._aliases = Aliases()
        self._backlog = Backlog()
        self._ended = False
        self._taking = False
        self._with_will = False
        self._unacked = 0
        self._groups = 0
        self._said: list[bytes] = []
        self._out: list[bytes] = []

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
        """The connection is gone, maybe because `_take` raised."""
        self._taking = False
        self._finish(with_will=not self._backlog.polite())

    def proceed(self) -> None:
        """Room again: read on where it stopped."""
        if self.over or not self._backlog:
            return
        self._take(*self._backlog.take(), *self._desk.clock())
        self._regulate()
        if self._ended and not self._backlog:
            self.lost()

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
            self._said.append(encode(p.Disconnect(code), V5))
        self._finish(with_will=with_will)

    def overdue(self, now: float) -> bool:
        """Whether the client has been silent for too long. While we do not read it, we cannot know."""
        return self.limit_s is not None and not self.paused and now - self.heard > self.limit_s

    def send_down(self, topic: str, payload: bytes) -> bool:
        """Offer a message; False when the client has not subscribed, leaves too much unacknowledged, or takes no such size."""
        there = self.entered and not self.over and not (self.terms.grant.reads and self._line.choked)  # of the feed nothing waits
        message = offer(self.session, self.terms, topic, payload) if there else None
        if message is not None:
            self._line.write(encode(message, self._decoder.version))
        return message is not None

    def _take(self, found: list[Item], size: int, seconds: float, stamp: Micros) -> None:
        """Read packets in order: publishes to the log in one group, everything else answered at once."""
        sources, unreleased, visit = self.terms.rights.known, self.session.unreleased, self.session.visits
        room = budget = self._room(seconds)
        frames: list[Frame] = []
        acks: list[bytes] = []
        again = False
        rest = iter(found)
        self._taking = True
        for packet in rest:
            if type(packet) is not Publish:
                self._other(packet)
            elif room > 0:
                room -= 1
                source = sources.get(packet.topic) if packet.properties is None else None
                if source is not None or (source := self._understood(packet, acks)) is not None:
                    if packet.qos == 1:
                        acks.append(short_ack(0x4002, packet.pid))
                    elif packet.qos:
                        acks.append(short_ack(0x5002, packet.pid))
                        if (came := unreleased.get(packet.pid)) is not None and (packet.dup or came == visit):
                            again = True
                            continue
                        unreleased[packet.pid] = visit
                    frames.append(Frame(source, stamp, packet.payload, packet.dup))
                    continue
            elif not self._dropped(packet, seconds, budget, len(acks)):
                size = self._keep([packet, *rest], size)
            if self.over:
                break
        self._bucket.spend(budget - room)
        self._submit(frames, acks, size, again=again)
        self._taking = False
        self._speak()
        if self.over:
            self._part()

    def _room(self, now: float) -> int:
        """Publishes that may be read now."""
        log = self._desk.committer.room(live=self.terms.grant.origin == Origin.LIVE)
        return max(0, min(log, self._bucket.available(now), self._desk.settings.receive_maximum - self._unacked))

    def _dropped(self, packet: Publish, now: float, used: int, acks: int) -> bool:
        """There is no room for a publish: True when it is dropped, else it waits, or the connection is over."""
        if self._bucket.available(now) <= used:
            if packet.qos == 0:
                self._desk.refuse(self.terms.grant.principal, Reason.RATE_LIMITED, packet.topic)
                return True
            self._desk.wait(self, self._bucket.wait_s(now, used))
        elif self._decoder.version == V5 and packet.qos and self._unacked + acks >= self._desk.settings.receive_maximum:
            self.fail(Code.RECEIVE_MAXIMUM_EXCEEDED, "receive_maximum_exceeded")
        else:
            self._desk.wait(self, None)
        return False

    def _understood(self, packet: Publish, acks: list[bytes]) -> Source | None:
        """The source of a publish whose topic is new here or has properties; None when it is refused."""
        try:
            packet.topic = self._aliases.topic(packet)
        except WireError as error:
            self.fail(error.code, error.what)
            return None
        source = self.terms.rights.source(packet.topic)
        if source is None:
            self._desk.refuse(self.terms.grant.principal, Reason.WRONG_TOPIC, packet.topic)
            if self._decoder.version != V5:
                self.fail(Code.NOT_AUTHORISED, "wrong_topic")
            elif packet.qos:
                kind = p.Puback if packet.qos == 1 else p.Pubrec
                acks.append(encode(kind(packet.pid, Code.NOT_AUTHORISED), V5))
        return source

    def _submit(self, frames: list[Frame], acks: list[bytes], size: int, *, again: bool) -> None:
        """Acknowledge when durable. Refusals alone go at once; a frame received `again` may be in a commit under way."""
        if not acks and not frames:
            return
        blob = b"".join(acks)
        if not frames and not again and not self._groups:
            if not self.over:
                self._said.append(blob)
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

    def _connect(self, first: Item) -> None:
        if not isinstance(first, p.Connect):
            if isinstance(first, WireError) and first.code is Code.UNSUPPORTED_VERSION:
                self._line.write(encode(p.Connack(code=REFUSED_311[first.code]), V311))
            self.fail(Code.PROTOCOL_ERROR, "no_connect")
            return
        try:
            self.session, present, self._bucket = self._desk.enter(self, first)
        except RefusedError as refusal:
            code = refusal.code if first.version == V5 else REFUSED_311.get(refusal.code)
            if code is not None:
                self._line.write(encode(p.Connack(code=code), first.version))
            self.fail(refusal.code, refusal.why)
            return
        self.entered = True
        self.limit_s = first.keep_alive * 1.5 or None
        self._line.write(encode(p.Connack(present, 0, self.terms.properties), first.version))
        for message in self.session.inflight.values():
            message.dup = True
            self._line.write(encode(message, first.version))

    def _other(self, packet: Item) -> None:
        if isinstance(packet, p.Disconnect):
            self._finish(with_will=farewell(packet, self.session))
            return
        try:
            if isinstance(packet, WireError):
                raise packet
            reply = answer(packet, self.session, self.terms.rights, self._decoder.version)
        except WireError as error:
            if error.code is Code.TOO_LARGE:
                self._desk.refuse(self.terms.grant.principal, Reason.TOO_LARGE, "")
            self.fail(error.code, error.what)
        else:
            if reply:
                self._said.append(reply)

    def _keep(self, left: list[Item], size: int) -> int:
        """Let packets wait of a read of `size` bytes; how many bytes of it do not."""
        waiting = min(size, weight(left))
        if not self.over:
            self._hold(left, waiting)
        return size - waiting

    def _hold(self, found: Iterable[Item], size: int) -> None:
        for packet in found:
            if isinstance(packet, p.Pingreq):
                self._said.append(PINGRESP)
            else:
                self._backlog.append(packet)
        self._backlog.size += size
        self._regulate()
        if not self._taking:
            self._speak()

    def _regulate(self) -> None:
        paused = self._backlog.full() and not self.over
        if paused != self.paused:
            self.paused = paused
            self.heard = self._desk.clock()[0]
            self._line.read_more(not paused)

    def _speak(self) -> None:
        """One write for all answers of one read: a flood of pings must not become a flood of system calls."""
        if self._said:
            self._line.write(b"".join(self._said))
            self._said.clear()

    def _finish(self, *, with_will: bool) -> None:
        if not self.over:
            self.over = True
            self._with_will = with_will
            self._backlog.clear()
            if not self._taking:
                self._part()

    def _part(self) -> None:
        self._speak()
        self._line.close()
        if self.entered:
            self._desk.leave(self, with_will=self._with_will)
