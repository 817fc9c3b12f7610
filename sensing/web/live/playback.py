"""The city as it was: the newest served value of each datastream at an instant, out of the table and the files, and events that stood then.

A stretch is its first instant and a frame for each step after it, each what has changed within its step: the shape of the live batches, so
that a page applies both alike. All rows of the stretch are read once; the last of each datastream and step is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sensing import times
from sensing.errors import UsageError
from sensing.model import Micros
from sensing.web.ask import Ask
from sensing.web.desk import Desk

from .batches import Batches
from .hub import Hub
from .position import Position
from .replay import Replay
from .snapshot import head, hub_of
from .view import View, view_of

_LONGEST = times.DAY
_MOST_FRAMES = 360


def past(desk: Desk, ask: Ask) -> dict[str, Any]:
    """What `at`, or `from`, `to` and `every`, ask for. Raises UsageError."""
    view, instants, hub = view_of(desk, ask), _instants(ask), hub_of(desk)
    with hub.seen(view) as now:
        replays = [Replay(city.run, instants, hub, {one.id for one in city.standings.values() if one.heard}) for city in now]
    with desk.stores.take() as store:
        for replay in replays:
            replay.read(store)
    with hub.lock:
        made = Batches(hub)
        frames = [_frame(hub, made, view, replays, number, instant) for number, instant in enumerate(instants)]
    return frames[0] if len(instants) == 1 else {"snapshot": frames[0], "frames": frames[1:]}


def _frame(hub: Hub, made: Batches, view: View, replays: list[Replay], number: int, instant: Micros) -> dict[str, Any]:
    """The city at the first instant, whole; at the others what has changed since the one before."""
    changed = {thing for replay in replays for thing in replay.step(number, instant)}
    cities = [replay.city for replay in replays]
    kpi = made.kpi(view.wide, cities, "unknown") | {"rate": None, "lag_ms": None, "lag_p99_ms": None}
    if not number:
        told = head(view, cities) | {"clock": instant // 1000, "playback": True, "cursor": None, "kpi": kpi}
        return told | {"things": made.things(view, cities), "events": made.events(view, cities)}
    since = Position(number - 1, number - 1, hub.position.version, replays[0].turn(number - 1))
    return {
        "clock": instant // 1000, "kpi": kpi, "things": list(_things(made, view, replays, changed, since)),
        "events": [
            event.told for city in cities for event in city.events.values() if event.mark == number and made.sees(view, event.device)
        ],
    }  # fmt: skip


def _things(made: Batches, view: View, replays: list[Replay], changed: set[str], since: Position) -> Iterator[Any]:
    cities = [replay.city for replay in replays]
    for thing in sorted(changed):
        raw = made.entry(view, cities, thing, since, exact=False)
        if raw is not None:
            yield raw


def _instants(ask: Ask) -> list[Micros]:
    at, begin, end = ask.instant("at"), ask.instant("from"), ask.instant("to")
    if at is not None:
        return [at]
    if begin is None or end is None or not ask.text("every"):
        raise UsageError("a stretch needs from, to and every", "write from=INSTANT&to=INSTANT&every=60s, or at=INSTANT")
    every = times.parse_duration(ask.text("every"))
    if end < begin or end - begin > _LONGEST:
        raise UsageError("from and to are not at most a day apart, in order", "ask for less time")
    if every < times.SECOND or (end - begin) // every >= _MOST_FRAMES:
        raise UsageError(
            f"every {ask.text('every')[:20]} makes more than {_MOST_FRAMES} frames, or is below a second", "make it longer"
        )
    return list(range(begin, end + 1, every))
