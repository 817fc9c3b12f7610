"""What is known of the things met lately, so that a reading costs no more than what is new in it: how each of their datastreams is
observed, its number in the store, and what watches it.

All of it follows from the thing as the registry has it; a thing that changed is another object, and is found out about anew.
"""

from __future__ import annotations

from msgspec import Struct

from .checks.chosen import Chosen
from .checks.limits import Limits
from .events import Watched
from .ledger import Account
from .model import Micros, QualityReason, Source, Thing
from .observe import Observed, Ways
from .store import Row, SeriesKey, Store
from .watch import Watch

_MOST = 20_000
_REASONS = {reason: number for number, reason in enumerate(QualityReason)}
_NOT_CURRENT = (QualityReason.CLOCK, QualityReason.TEST)


class Known(Struct):
    """What is known of one thing. lines: (run, property, statistic, channel) to the datastream's number, what watches and what checks it."""

    thing: Thing
    ways: Ways
    lines: dict[tuple[str, str, str, str], tuple[int, Watched | None, Limits | None]]


class Datastreams:
    """For one worker. Numbers hold until the store forgets: then make a new one."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._watch = Watch()
        self._chosen = Chosen()
        self._known: dict[str, Known] = {}

    def of(self, thing: Thing) -> Known:
        """What is known of a thing."""
        known = self._known.get(thing.id)
        if known is None or known.thing is not thing:
            if len(self._known) >= _MOST:
                self._known.clear()
            known = self._known[thing.id] = Known(thing, {}, {})
        return known

    def whereabouts(self, thing: str) -> tuple[float, float] | None:
        """Where a thing that was met lately stands: (lon, lat)."""
        known = self._known.get(thing)
        if known is None or known.thing.lon is None or known.thing.lat is None:
            return None
        return known.thing.lon, known.thing.lat

    def row(
        self, known: Known, o: Observed, source: Source, received: Micros, place: int, heard: Micros, account: Account | None
    ) -> Row:
        """One observation as a row of a batch. Its generation holds the edition. source: for run and origin. heard: by the run's clock."""
        words = (source.run, o.property, o.statistic, o.channel)
        line = known.lines.get(words)
        if line is None:
            line = known.lines[words] = self._line(known.thing, o, source)
        number, watched, limits = line
        reason = o.reason
        return Row(
            number, o.time, o.begin, o.result, o.quality, _REASONS[reason], o.revision, o.generation, o.sent, o.rank, received, place,
            o.lon, o.lat, (reason == "" or reason not in _NOT_CURRENT) and (o.result is not None or o.lon is not None), account,
            known.thing.shared, watched, heard if watched is not None or limits is not None else 0, limits,
        )  # fmt: skip

    def _line(self, thing: Thing, o: Observed, source: Source) -> tuple[int, Watched | None, Limits | None]:
        key = SeriesKey(thing.id, o.property, o.statistic, o.channel, source.run)
        watched = self._watch.over(thing, o.property, o.statistic, o.channel, source)
        return self._store.series(key, source.origin, o.unit), watched, self._chosen.limits(thing, o.property, o.statistic)
