"""Who is missed: gaps in the event times of a device, and gateways of which nothing comes any more. Pure.

The times of a device's observations fall into spans in which no two neighbours are further apart than its limit. However they arrive, a set
of times has the same spans; between two lies a silence, and after the last one too once the run's clock has passed its end by the limit.
A gateway is down while all of its devices that have ever spoken are silent, two at least, for longer than the most patient one's limit;
and while its last will says so.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise

from msgspec import Struct

from .events import Episode, Step
from .model import Micros
from .times import SECOND

Span = tuple[Micros, Micros]
_FEWEST = 2


class Gap(Struct, array_like=True):
    """A silence: from the last observation to the next (None: it lasts). raised: when the limit was passed."""

    start: Micros
    raised: Micros
    end: Micros | None


def joined(spans: Sequence[Span], time: Micros, limit: Micros) -> tuple[list[Span], int]:
    """Spans with one more time, and the place of the one that it is in. They ascend."""
    at = bisect_right(spans, (time, 1 << 62))
    first = last = time
    begin = end = at
    if at and time - spans[at - 1][1] <= limit:
        begin, first, last = at - 1, spans[at - 1][0], max(last, spans[at - 1][1])
    if at < len(spans) and spans[at][0] - time <= limit:
        end, last = at + 1, spans[at][1]
    return [*spans[:begin], (first, last), *spans[end:]], begin


def gaps(spans: Sequence[Span], limit: Micros, now: Micros | None) -> list[Gap]:
    """Silences between spans, and after the last one when `now` (the run's clock; None where nobody tells the time) is past its limit."""
    found = [Gap(one[1], one[1] + limit, other[0]) for one, other in pairwise(spans) if other[0] - one[1] > limit]
    if spans and now is not None and now > spans[-1][1] + limit:
        found.append(Gap(spans[-1][1], spans[-1][1] + limit, None))
    return found


def episode(gap: Gap) -> Episode:
    """A silence as an event's episode: its value is the seconds that it lasted, of one that lasts the limit."""
    limit = (gap.raised - gap.start) / SECOND
    lasted = limit if gap.end is None else (gap.end - gap.start) / SECOND
    peak_time = gap.raised if gap.end is None else gap.end
    return Episode(gap.start, lasted, peak_time, [Step(0, gap.raised, limit)], gap.end)


def together(devices: Iterable[tuple[Micros, Sequence[Gap]]]) -> list[Gap]:
    """When all were silent. devices: for each the time of its first observation, and its silences in order."""
    points: list[tuple[Micros, int, Micros]] = []
    for first, silences in devices:
        points.append((first, 0, 0))
        for gap in silences:
            points.append((gap.start, 1, gap.raised))
            if gap.end is not None:
                points.append((gap.end, -1, gap.raised))
    known = silent = 0
    found: list[Gap] = []
    current: Gap | None = None
    raised: list[Micros] = []
    for time, what, limit in sorted(points, key=lambda point: (point[0], point[1])):
        if current is not None and what != 1:  # one speaks again, or one more than were silent speaks for the first time
            current.end = time
            found += [current] if time > current.raised else []
            current = None
        known += what == 0
        silent += what
        if what == 1:
            raised.append(limit)
        elif what == -1:
            raised.remove(limit)
        if current is None and silent == known and known >= _FEWEST:
            current = Gap(time, max(raised), None)
    return [*found, current] if current is not None else found


def united(one: Iterable[Gap], other: Iterable[Gap]) -> list[Gap]:
    """Both kinds of outage as one: those that touch are one."""
    found: list[Gap] = []
    for gap in sorted([*one, *other], key=lambda gap: (gap.start, gap.raised)):
        last = found[-1] if found else None
        if last is None or (last.end is not None and gap.start > last.end):
            found.append(Gap(gap.start, gap.raised, gap.end))
            continue
        last.raised = min(last.raised, gap.raised)
        last.end = None if last.end is None or gap.end is None else max(last.end, gap.end)
    return found
