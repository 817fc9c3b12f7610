"""Values that stand still: stays of `flat_line` verdicts of one datastream, as events of the kind `device_frozen`. Inside work's transaction.

What is doubted as stuck (sensing/checks/flats.py) stands in `verdicts`; doubted instants no further apart than `apart` are one stay, and one that
has lasted `for` is an event, from its first to its last. It ends once something newer came that is not doubted so. All of that is read from what
stands written, so it does not depend on the order of arrival (config/events.toml [frozen]).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sensing.events import WITHDRAWN, Episode, Step
from sensing.model import Micros, QualityReason
from sensing.times import SECOND
from sensing.watch import shipped

from . import Row, events
from .events import Event, Seen

FROZEN = "device_frozen"
_FLAT = list(QualityReason).index(QualityReason.FLAT_LINE)
_BEFORE = "SELECT time FROM verdicts WHERE series=? AND who='flat_line' AND time<? ORDER BY time DESC"
_LAST = "SELECT max(time) FROM verdicts WHERE series=? AND who='flat_line'"
_AFTER = "SELECT time FROM verdicts WHERE series=? AND who='flat_line' AND time>? ORDER BY time"
_WITHIN = "SELECT time FROM verdicts WHERE series=? AND who='flat_line' AND time>=? AND time<=? ORDER BY time"
_LASTING = 'SELECT series FROM events WHERE kind=? AND "end" IS NULL AND state <> ?'
_EVER = 1 << 62


class Frozen:
    """For one store. `look` is called in each transaction once rows are written and verdicts set."""

    def __init__(self, db: Any) -> None:
        self._db = db
        self.forget()

    def forget(self) -> None:
        """Make again what is remembered: of which datastreams an event is open, and the last instant that is doubted."""
        self._open: dict[int, Micros] = {}
        for (series,) in self._db.execute(_LASTING, (FROZEN, WITHDRAWN)).fetchall():
            last = self._db.execute(_LAST, (series,)).get
            self._open[int(series)] = -_EVER if last is None else int(last)

    def look(self, rows: Sequence[Row], revised: Sequence[Row], newest: Mapping[int, Micros]) -> None:
        """Take the rows of a batch. revised: those whose verdict is another now; newest: of each datastream before the batch."""
        changed: dict[int, set[Micros]] = {}
        for row in revised:
            changed.setdefault(row.series, set()).add(row.time)
        known, apart = self._open, shipped().frozen.apart
        for row in rows:
            last = known.get(row.series) if known else None
            if row.reason == _FLAT:
                if last is not None and last < row.time <= last + apart and row.series not in changed:
                    known[row.series] = row.time
                else:
                    changed.setdefault(row.series, set()).add(row.time)
            elif last is not None and row.time > last:
                changed.setdefault(row.series, set()).add(last)
        if changed:
            latest = {row.series: row for row in sorted(rows, key=lambda row: row.time) if row.series in changed}
            for series, instants in sorted(changed.items()):
                row = latest[series]
                self._again(series, instants, max(row.time, newest.get(series, row.time)), row)

    def _again(self, series: int, changed: set[Micros], newest: Micros, row: Row) -> None:
        """Find the stays around some instants again."""
        of = events.about(self._db, series)._replace(unit="s")
        done = -_EVER
        for time in sorted(changed):
            if time <= done:
                continue
            stands = [event for event in events.standing(self._db, series, -_EVER, None, FROZEN) if _near(event, time)]
            begin = self._walk(series, min([time, *(event.start for event in stands)]), -1)
            end = max([time, *(newest if event.end is None else event.end for event in stands)])
            done = self._walk(series, end, 1)
            old = events.standing(self._db, series, begin - 1, done + 1, FROZEN)
            found = self._stays(series, begin, done, newest)
            if not found and not old:
                continue
            seen = Seen(row.received, row.heard or row.received, row.place, row.watch.domain if row.watch is not None else "")
            events.replace(self._db, of, FROZEN, old, found, {None: seen})
            self._open.pop(series, None)
            if found and found[-1].end is None:
                self._open[series] = self._walk(series, found[-1].start, 1)

    def _walk(self, series: int, time: Micros, way: int) -> Micros:
        """The end of the stay that an instant lies in, to one side; itself when it lies in none."""
        apart = shipped().frozen.apart
        for (each,) in self._db.execute(_AFTER if way > 0 else _BEFORE, (series, time)).fetchall():
            if abs(int(each) - time) > apart:
                break
            time = int(each)
        return time

    def _stays(self, series: int, begin: Micros, end: Micros, newest: Micros) -> list[Episode]:
        told = shipped().frozen
        stays = list[list[Micros]]()
        for (time,) in self._db.execute(_WITHIN, (series, begin, end)).fetchall():
            if stays and int(time) - stays[-1][-1] <= told.apart:
                stays[-1].append(int(time))
            else:
                stays.append([int(time)])
        return [_episode(stay, told.least, newest) for stay in stays if stay[-1] - stay[0] >= told.least]


def _near(event: Event, time: Micros) -> bool:
    apart = shipped().frozen.apart
    return event.start - apart <= time and (event.end is None or time <= event.end + apart)


def _episode(stay: Sequence[Micros], least: Micros, newest: Micros) -> Episode:
    """Its value is the seconds that it lasted; while it lasts, those after which it was one, so that it need not be written again."""
    raised = next(time for time in stay if time - stay[0] >= least)
    ended = newest > stay[-1]
    at = (raised - stay[0]) / SECOND
    lasted = (stay[-1] - stay[0]) / SECOND if ended else at
    return Episode(stay[0], lasted, stay[-1] if ended else raised, [Step(0, raised, at)], stay[-1] if ended else None)
