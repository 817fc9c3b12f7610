"""Where comparing stands in a transaction: rows are noted when they are written, hours judged when the clocks of runs are known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sensing.model import Micros

from . import Batch, Row
from .events import Seen
from .lake.late import At
from .ships import as_served
from .verdicts import Key, Verdicts

if TYPE_CHECKING:
    from .compare import Compare
    from .lake.late import Late
    from .maritime import Maritime
    from .watch import EventWatch


class Comparing:
    """Of one store. It brings numpy with the first row that is compared. watch, maritime: who looks again at rows whose flag is another."""

    def __init__(
        self, db: Any, watch: Callable[[], EventWatch], maritime: Callable[[], Maritime], late: Late | None = None, lake: Path | None = None
    ) -> None:  # fmt: skip
        self._db, self._late, self._lake = db, late, lake
        self._watch, self._maritime = watch, maritime
        self._compare: Compare | None = None

    def forget(self) -> None:
        """Drop what is remembered of the store."""
        if self._compare is not None:
            self._compare.forget()

    def note(self, rows: Sequence[Row], revised: Sequence[Row]) -> None:
        """Rows of a batch that are written, and such whose flag is another now. For ships these are looked at again."""
        if revised:
            last = rows[-1]
            seen = Seen(last.received, last.heard or last.received, last.place, "")
            self._maritime().look(as_served(self._db, [(row.series, row.time) for row in revised], seen))
        self._made().note([*revised, *rows] if revised else rows)

    def take(self, now: Mapping[str, Micros], told: Mapping[str, Micros], batch: Batch, commit: int) -> None:
        """Judge hours that the clocks of runs have passed. now: what time it is in each; told: in those whose clock this batch moved."""
        if self._compare is None and self._db.execute("SELECT 1 FROM unjudged LIMIT 1").get is None:
            return
        changed = self._made().take(now, told, commit)
        if changed:
            heard = max(told.values(), default=0)
            self._again(changed, Seen(batch.received or heard, heard, batch.place, ""))

    def _again(self, changed: Sequence[Key], seen: Seen) -> None:
        peers = self._made().peers
        sealed = self._late.versions([At(*key) for key in changed]) if self._late is not None else {}
        self._watch().again(changed, {series: peers[series].domain for series, _ in changed}, seen, sealed)
        self._maritime().look(as_served(self._db, changed, seen))

    def _made(self) -> Compare:
        if self._compare is None:
            from .compare import Compare

            self._compare = Compare(self._db, Verdicts(self._db, self._late), self._lake)
        return self._compare
