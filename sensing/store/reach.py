"""How far in time reaches what has come of a run, gateway by gateway: what silences are judged by. Inside work's transaction.

The newest time that anybody has told is ahead of what is still under way from others: at two hundred times the clock, three seconds in a queue
are ten minutes. What a gateway has told itself is exact, for its frames come in the order of one connection (decision 0008): all that it
sent before is here. So that is what counts, while it tells. Of one that has told nothing for `QUIET` of the door's stamps, or whose last will
says that it is away, and of one that never tells, it is as far as everybody reaches who does tell. Live, it is the door's stamp.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sensing.model import Micros
from sensing.times import SECOND

from . import Batch

if TYPE_CHECKING:
    import apsw

QUIET = 20 * SECOND
"""Longer than a connection takes to be made again, and than a busy service is behind."""
_BETWEEN = "|"
_TOLD = "SELECT run, time FROM clocks"


class Reach:
    """For one store. newest: the newest time that was told in each run; told: those of the last batch. away: (principal, run) of last wills."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self.away = set[tuple[str, str]]()
        self.forget()

    def forget(self) -> None:
        """Make again what is remembered, from the store. Nobody is quiet at first."""
        self.newest: dict[str, Micros] = {}
        self.told: dict[str, Micros] = {}
        self._own: dict[str, dict[str, Micros]] = {}
        self._heard: dict[tuple[str, str], Micros] = {}
        self._least: dict[str, Micros] = {}
        self._received: Micros = 0
        for name, time in self._db.execute(_TOLD):
            self._note(str(name), int(str(time)))

    def _note(self, name: str, time: Micros) -> None:
        run, between, principal = name.partition(_BETWEEN)
        if between:
            own = self._own.setdefault(run, {})
            own[principal] = max(time, own.get(principal, time))
            self._heard[run, principal] = self._received
        else:
            self.newest[run] = max(time, self.newest.get(run, time))

    def take(self, batch: Batch) -> None:
        """What a batch tells of time."""
        self._received = max(self._received, batch.received)
        self._least.clear()
        self.told = {run: at for run, at in batch.clocks.items() if _BETWEEN not in run}
        if batch.received:
            self.told[""] = self.newest[""] = max(batch.received, self.newest.get("", 0))
        for name, time in batch.clocks.items():
            self._note(name, time)
        for name in batch.clocks:
            self.told.setdefault(name.partition(_BETWEEN)[0], 0)

    def of(self, run: str, principal: str) -> Micros | None:
        """Up to when all is here that a gateway has said in a run; None where nobody tells the time."""
        own = self._own.get(run)
        if own is None:
            return self.newest.get(run)
        told = own.get(principal)
        return told if told is not None and self._tells(run, principal) else max(told or 0, self._all(run))

    def _tells(self, run: str, principal: str) -> bool:
        heard = self._heard[run, principal]
        if not heard:  # before the restart: as if just now
            heard = self._heard[run, principal] = self._received
        return self._received - heard < QUIET and (principal, run) not in self.away

    def _all(self, run: str) -> Micros:
        """As far as all reach who tell."""
        least = self._least.get(run)
        if least is None:
            telling = [time for principal, time in self._own[run].items() if self._tells(run, principal)]
            least = self._least[run] = min(telling, default=self.newest.get(run, 0))
        return least
