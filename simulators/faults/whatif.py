"""What if: the same storm without a device, or with a slower way in. Both leave everything else as it was, to the byte."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from heapq import heappop, heappush

from sensing.errors import UsageError
from sensing.model import Micros
from sensing.times import parse_duration

from ..said import Device, Saying, Sent, Speaker
from .line import Break

ALL = "mqtt"
"""Every way in."""


class Without:
    """A speaker some of whose devices were never built. Raises UsageError at once for one that it does not have (`check`)."""

    def __init__(self, speaker: Speaker, missing: Collection[str]) -> None:
        self._speaker = speaker
        self._missing = frozenset(missing)

    @property
    def gateways(self) -> Sequence[str]:
        return self._speaker.gateways

    @property
    def devices(self) -> Sequence[Device]:
        return [device for device in self._speaker.devices if device.id not in self._missing]

    def sayings(self, begin: Micros, end: Micros) -> Iterator[Saying]:
        return (saying for saying in self._speaker.sayings(begin, end) if saying.device.id not in self._missing)

    def encode(self, saying: Saying) -> bytes:
        return self._speaker.encode(saying)


def without(speakers: Sequence[Speaker], missing: Collection[str]) -> list[Speaker]:
    """The speakers without some devices. Raises UsageError for a device that nobody has."""
    known = {device.id for speaker in speakers for device in speaker.devices}
    unknown = sorted(set(missing) - known)
    if unknown:
        raise UsageError(f'without "{unknown[0]}": no such device in this storm', "`storm show` lists its devices")
    return [Without(speaker, missing) for speaker in speakers]


def parse_delays(words: Iterable[str]) -> dict[str, Micros]:
    """`mqtt=40m`, `sl651=2h`, `GATEWAY=10m` as microseconds by name. Raises UsageError."""
    delays = {}
    for word in words:
        name, equals, span = word.partition("=")
        if not equals or not name:
            raise UsageError(f'delay "{word}" does not say how long', "write mqtt=40m, ADAPTER=40m or GATEWAY=40m")
        delays[name] = parse_duration(span)
    return delays


def delay(frames: Iterable[Sent | Break], delays: Mapping[str, Micros]) -> Iterator[Sent | Break]:
    """The same frames, those of a gateway, an adapter or `mqtt` (all) later by so much; the first of these names that fits holds.

    Each way keeps its order; what comes out is in order of time. Memory: what is under way.
    """
    ways: dict[Micros, deque[tuple[int, Sent | Break]]] = {}
    front: list[tuple[Micros, int, Micros]] = []
    for turn, frame in enumerate(frames):
        while front and front[0][0] <= frame.time:
            yield _pop(front, ways)
        by = _by(frame, delays)
        if not by:
            yield frame
            continue
        way = ways.setdefault(by, deque())
        way.append((turn, frame._replace(time=frame.time + by)))
        if len(way) == 1:
            heappush(front, (frame.time + by, turn, by))
    while front:
        yield _pop(front, ways)


def _pop(front: list[tuple[Micros, int, Micros]], ways: dict[Micros, deque[tuple[int, Sent | Break]]]) -> Sent | Break:
    _, _, by = heappop(front)
    way = ways[by]
    _, frame = way.popleft()
    if way:
        turn, following = way[0]
        heappush(front, (following.time, turn, by))
    return frame


def _by(frame: Sent | Break, delays: Mapping[str, Micros]) -> Micros:
    adapter = frame.topic.split("/", 3)[2] if isinstance(frame, Sent) else ""
    for name in (frame.gateway, adapter, ALL):
        if name in delays:
            return delays[name]
    return 0
