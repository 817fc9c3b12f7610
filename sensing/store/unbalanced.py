"""Events of the ledger (P3): an hour's account whose equations do not hold is told at once, and withdrawn when they do again.

Every batch is to balance in itself, so an account is looked up only when a batch did not, or when it is known not to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sensing import ledger, times
from sensing.events import WITHDRAWN, Episode, Step
from sensing.ledger import COLUMNS, FRAME_OUTCOMES, Account

from . import Batch, events
from .events import About, Seen

if TYPE_CHECKING:
    import apsw

UNBALANCED = "ledger_unbalanced"
_WARNING = 1
_FRAMES, _READINGS = 1 + len(FRAME_OUTCOMES), len(COLUMNS)
_COUNTS = f"""SELECT {", ".join(f"sum({name})" for name in COLUMNS)} FROM accounts
  WHERE hour=? AND adapter=? AND principal=? AND device=? AND run=?"""


class Unbalanced:
    """For one store. `take` is called in each transaction when its tally is entered."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        query = "SELECT device, channel, run, start FROM events WHERE kind=? AND state <> ?"
        self._known = {tuple(row) for row in db.execute(query, (UNBALANCED, WITHDRAWN))}

    def take(self, batch: Batch) -> None:
        """Look at the accounts that the batch has counted on."""
        for account, counts in batch.tally.accounts.items():
            fits = counts[0] == sum(counts[1:_FRAMES]) and counts[_FRAMES] == sum(counts[_FRAMES + 1 : _READINGS])
            if not fits or (self._known and self._key(account) in self._known):
                self._judge(account, batch)

    def _judge(self, account: Account, batch: Batch) -> None:
        row = self._db.execute(_COUNTS, (account.hour, account.adapter, account.principal, account.device, account.run)).get
        counts = {name: int(count or 0) for name, count in zip(COLUMNS, row, strict=True)}
        frames = counts["received"] - sum(counts[name] for name in FRAME_OUTCOMES)
        readings = counts["readings"] - sum(counts[name] for name in ledger.READING_OUTCOMES)
        device, channel, run, start = self._key(account)
        of = About(0, device, "", "", channel, run, "simulated" if run else "live", "1")
        missing = float(abs(frames) + abs(readings))
        found = [Episode(start, missing, start, [Step(_WARNING, start, missing)])] if missing else []
        old = [event for event in events.standing_of(self._db, of, UNBALANCED, start - 1, start + 1) if event.channel == channel]
        seen = Seen(batch.received or start, batch.received or start, batch.place, "")
        events.replace(self._db, of, UNBALANCED, old, found, {None: seen})
        (self._known.add if found else self._known.discard)(self._key(account))

    def _key(self, account: Account) -> tuple[str, str, str, int]:
        return account.device or account.principal, account.adapter, account.run, account.hour * times.HOUR
