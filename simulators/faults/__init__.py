"""What goes wrong: value faults change readings before they are encoded, frame faults change bytes, line faults change the sequence.

    plan = parse("all,late=0")
    for sent in apply(speakers, plan, seed, truth, begin, end): ...     # Sent and Break, in order of virtual time

Deterministic by (seed, kind, victim). Memory: one heap of the frames that wait, and a few numbers an episode. What is planted goes to
the truth, and to nothing else.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence

from sensing.model import Micros

from ..said import Saying, Sent, Speaker, topic
from ..truth import BROKEN, SENT, SILENT, Truths
from .episodes import Strike, strikes
from .kinds import SERVICES, Kind
from .line import Break, Due, GatewayLine, on_device
from .plan import Plan, parse
from .victims import Victim, gateway_lines, victims

__all__ = ["SERVICES", "Break", "Kind", "Plan", "Strike", "apply", "parse", "strikes"]

_Held = tuple[Micros, int, Sent | Break]


def apply(
    speakers: Sequence[Speaker], plan: Plan, seed: int, truth: Truths, begin: Micros, end: Micros
) -> Iterator[Sent | Break]:
    """All frames of all speakers said in [begin, end), as they are sent, in order of time; what still waits at the end is sent at `end`."""
    truth.devices([device for speaker in speakers for device in speaker.devices])
    ill = victims(plan, seed, speakers, truth, begin, end)
    lines = gateway_lines(plan, seed, speakers, truth, begin, end)
    if not ill and not lines:
        yield from _undisturbed(speakers, truth, begin, end)
    else:
        yield from _Disturbed(speakers, ill, lines, truth, end).frames(begin)
    for line in lines.values():
        for episode, frames in line.waited():
            truth.fault(episode, backlog=frames)


def said_by(speakers: Sequence[Speaker], begin: Micros, end: Micros) -> Iterator[tuple[Saying, Speaker]]:
    """What all speakers say, in order of time; at one time, in the order of the speakers."""
    if len(speakers) == 1:
        yield from ((saying, speakers[0]) for saying in speakers[0].sayings(begin, end))
        return
    streams = [_numbered(number, speaker, begin, end) for number, speaker in enumerate(speakers)]
    yield from ((saying, speakers[who]) for _, who, _, saying in heapq.merge(*streams))


def _numbered(who: int, speaker: Speaker, begin: Micros, end: Micros) -> Iterator[tuple[Micros, int, int, Saying]]:
    return ((saying.time, who, turn, saying) for turn, saying in enumerate(speaker.sayings(begin, end)))


def _undisturbed(speakers: Sequence[Speaker], truth: Truths, begin: Micros, end: Micros) -> Iterator[Sent]:
    topics: dict[str, str] = {}
    for saying, speaker in said_by(speakers, begin, end):
        device = saying.device
        name = topics.get(device.id) or topics.setdefault(device.id, topic(device))
        frame = Sent(saying.time, device.gateway, name, speaker.encode(saying))
        truth.said(saying, saying.time)
        truth.bytes_of(frame, SENT)
        truth.sent(frame)
        yield frame


class _Disturbed:
    """A run with faults. `waiting` is the heap of frames that are not due yet."""

    def __init__(
        self, speakers: Sequence[Speaker], ill: dict[str, Victim], lines: dict[str, GatewayLine], truth: Truths, end: Micros
    ) -> None:
        self.speakers, self.ill, self.lines, self.truth, self.end = speakers, ill, lines, truth, end
        self.waiting: list[_Held] = []
        self._turn = 0
        self._topics = {device.id: topic(device) for speaker in speakers for device in speaker.devices}
        for name in sorted(lines):
            for each in lines[name].breaks():
                self._wait(each.time, each)

    def frames(self, begin: Micros) -> Iterator[Sent | Break]:
        for number, (saying, speaker) in enumerate(said_by(self.speakers, begin, self.end)):
            while self.waiting and self.waiting[0][0] <= saying.time:
                yield self._next()
            victim, line = self.ill.get(saying.device.id), self.lines.get(saying.device.gateway)
            if victim is None and line is None:
                self.truth.said(saying, saying.time)
                out = self._frame(saying, speaker.encode(saying))
                self.truth.bytes_of(out, SENT)
                yield self._on_its_way(saying.time, out)
            else:
                yield from self._suffer(saying, number, speaker, victim, line)
        while self.waiting:
            yield self._next()

    def _suffer(
        self, saying: Saying, number: int, speaker: Speaker, victim: Victim | None, line: GatewayLine | None
    ) -> Iterator[Sent | Break]:
        if victim is None:
            frame, due = None, Due(saying.time, (), 0)
            payload: bytes | None = speaker.encode(saying)
        else:
            frame = victim.frame(saying, number, speaker.encode)
            saying, payload = frame.saying, frame.payload
            due = on_device(victim.line, saying.time, number)
        broken = frame.broken if frame else None
        when, held = line.when(due.time) if line else (due.time, 0)
        when = min(when, self.end)
        kinds = due.kinds | held | (frame.kinds if frame else 0)
        fate = SILENT if payload is None else BROKEN if broken else SENT
        self.truth.said(saying, when, fate, kinds, frame.changes if frame else {})
        if payload is None:
            return
        out = self._frame(saying, payload)
        self.truth.bytes_of(out, fate)
        copies = () if broken else due.copies  # a repeat of half a frame would be its other half to whoever joins halves
        for copy in copies:
            again = min(line.when(copy)[0] if line else copy, self.end)
            self._wait(max(again, when), out._replace(time=max(again, when)))
            self.truth.repeated()
        if broken:
            self.truth.damaged(broken, saying.device.adapter)
        if when <= saying.time:
            yield self._on_its_way(when, out)
        else:
            self._wait(when, out._replace(time=when))

    def _frame(self, saying: Saying, payload: bytes) -> Sent:
        return Sent(saying.time, saying.device.gateway, self._topics[saying.device.id], payload)

    def _on_its_way(self, when: Micros, frame: Sent) -> Sent:
        frame = frame if frame.time == when else frame._replace(time=when)
        self.truth.sent(frame)
        return frame

    def _wait(self, when: Micros, what: Sent | Break) -> None:
        self._turn += 1
        heapq.heappush(self.waiting, (when, self._turn, what))

    def _next(self) -> Sent | Break:
        what = heapq.heappop(self.waiting)[2]
        if isinstance(what, Sent):
            self.truth.sent(what)
        return what
