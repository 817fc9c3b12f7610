"""`severity` of the stream: rows that stand within an event of that severity or higher, and no others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sensing import times
from sensing.model import Micros
from sensing.store.event_reader import WantedEvents
from sensing.store.events import Event
from sensing.thresholds import SEVERITIES

from .ask import Ask
from .desk import Desk
from .selection import Row

_MOST = 5_000


class Alarmed:
    """Looks up the events that stand over a page of rows."""

    def __init__(self, desk: Desk, least: int) -> None:
        """least: the place of the severity among SEVERITIES."""
        self._desk, self._least = desk, least

    def keep(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Those of the rows that an event of their own device, property and run stands over, from the step that reached the severity on.

        An event of no property (a silence, a wrong clock) stands over all of its device.
        """
        if not rows:
            return rows
        at = [times.parse_instant(row["time"]) for row in rows]
        wanted = WantedEvents(
            devices=sorted({row["device"] for row in rows}), severity=self._least, runs=sorted({row["run"] for row in rows}),
            begin=min(at), end=max(at) + 1,
        )  # fmt: skip
        standing = defaultdict[tuple[str, str], list[Event]](list)
        with self._desk.stores.take() as store:
            for event in store.events(wanted, _MOST):
                standing[event.device, event.run].append(event)
        return [
            row for row, time in zip(rows, at, strict=True)
            if any(self._over(event, row["property"], time) for event in standing.get((row["device"], row["run"]), ()))
        ]  # fmt: skip

    def _over(self, event: Event, prop: str, time: Micros) -> bool:
        begin = min((step.time for step in event.steps if step.severity >= self._least), default=event.start)
        closed = event.marks.get("closed")
        end = event.end if event.end is not None or closed is None else closed["at"]
        return event.property in ("", prop) and begin <= time and (end is None or time < end)


def alarmed(desk: Desk, ask: Ask) -> Alarmed | None:
    """What `severity` asks for; None when it is absent. Raises UsageError for a word that is none."""
    word = ask.choice("severity", "", *SEVERITIES)
    return Alarmed(desk, SEVERITIES.index(word)) if word else None
