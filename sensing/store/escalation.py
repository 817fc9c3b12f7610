"""Events that nobody looks after are escalated, on the run's own clock: a level higher for each time that their severity allows (events.toml).

Unacknowledged at its severity since it was first seen, or since it rose above what was acknowledged; or overdue with whom it was assigned to.
It is a mark (`escalated`) with the instant at which it fell due, so that it does not matter how often the clock is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from sensing.events import OPEN
from sensing.model import Micros
from sensing.times import MINUTE
from sensing.watch import shipped

from . import events
from .events import MOST_ESCALATED, SELECT, Event

if TYPE_CHECKING:
    import apsw

_OPEN = f"{SELECT} WHERE e.state=? AND e.run=?  ORDER BY e.start"


class Escalation:
    """For one store. Looks once a minute of each run's clock."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self._looked: dict[str, Micros] = {}

    def take(self, now: Mapping[str, Micros], runs: Iterable[str]) -> list[int]:
        """Escalate what is due in runs whose clock has gone on; returns the datastreams of those events."""
        touched = []
        for run in runs:
            at = now[run]
            if at - self._looked.get(run, at - MINUTE) < MINUTE:
                continue
            self._looked[run] = at
            for event in events.rows(self._db, _OPEN, (OPEN, run)):
                mark = due(event, at)
                if mark is not None:
                    marks = event.marks | {"escalated": mark}
                    events.put(self._db, replace(event, marks=marks, version=event.version + 1))
                    touched.append(event.series)
        return touched


def due(event: Event, now: Micros) -> dict[str, Any] | None:
    """The mark of an event that is to be escalated at `now`; None of one that is not."""
    level = int(event.marks.get("escalated", {}).get("level", 0))
    if level >= MOST_ESCALATED or event.group:
        return None
    limit, said, task = shipped().escalate[event.severity], event.marks.get("acknowledged"), event.marks.get("assigned")
    instants: list[tuple[Micros, str]] = []
    if limit is not None and (said is None or said["severity"] < event.severity):
        since = event.heard if said is None else max(event.heard, event.steps[-1].time)
        instants.append((since + limit * (level + 1), "unacknowledged"))
    if task is not None and task.get("due") is not None:
        instants.append((task["due"] + (limit or 0) * level, "overdue"))
    instant, why = min(instants, default=(now, ""))
    if instant >= now or not why:
        return None
    return {"by": "clock", "at": instant, "note": why, "severity": event.severity, "level": level + 1}
