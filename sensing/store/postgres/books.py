"""The books in PostgreSQL: accounts and intake of one log among those of all, and the frames that are held."""

from __future__ import annotations

from sensing.ledger import COLUMNS, Account, Tally
from sensing.store import Batch, Held

from .session import Session

_ACCOUNT = "hour, adapter, principal, device, run"
_ADD = ", ".join(f"{name} = accounts.{name} + excluded.{name}" for name in COLUMNS)
_ACCOUNTS = f"""INSERT INTO accounts(log, {_ACCOUNT}, {", ".join(COLUMNS)}) VALUES(?,?,?,?,?,?,{",".join("?" * len(COLUMNS))})
  ON CONFLICT (log, {_ACCOUNT}) DO UPDATE SET {_ADD}"""
_INTAKE = f"""INSERT INTO intake(log, {_ACCOUNT}, received) VALUES(?,?,?,?,?,?,?)
  ON CONFLICT (log, {_ACCOUNT}) DO UPDATE SET received = intake.received + excluded.received"""
_DEAD = f"""INSERT INTO dead(place, part, {_ACCOUNT}, counted, reason, detail, "offset", length) VALUES(?,?,?,?,?,?,?,?,?,?,?,?)
  ON CONFLICT (place, part) DO UPDATE SET state='open', attempts = dead.attempts + 1, counted = excluded.counted,
  reason = excluded.reason, detail = excluded.detail"""
_HELD = f"""INSERT INTO held(place, part, {_ACCOUNT}, counted, native) VALUES(?,?,?,?,?,?,?,?,?)
  ON CONFLICT (place, part) DO UPDATE SET state='open', counted = excluded.counted"""
_PENDING = f"""INSERT INTO pending(place, {_ACCOUNT}) VALUES(?,?,?,?,?,?) ON CONFLICT (place) DO UPDATE SET hour = excluded.hour,
  adapter = excluded.adapter, principal = excluded.principal, device = excluded.device, run = excluded.run"""


def enter(db: Session, tally: Tally, log: int) -> None:
    """Add what a batch counted. log: its number among the logs."""
    db.executemany(_ACCOUNTS, ((log, *_account(key), *counts) for key, counts in tally.accounts.items()))
    db.executemany(_INTAKE, ((log, *_account(key), count) for key, count in tally.intake.items()))


def hold(db: Session, batch: Batch) -> None:
    """Frames that did not end well, those that wait, and what became of them."""
    for table in ("dead", "held"):
        done = [(place, part) for name, place, part in batch.released if name == table]
        db.executemany(f"UPDATE {table} SET state='done' WHERE place=? AND part=?", done)
    for state, keys in (("dropped", batch.dropped), ("open", batch.reopened)):
        db.executemany("UPDATE held SET state=? WHERE place=? AND part=?", [(state, *key) for key in keys])
    for table in ("dead", "held"):
        db.executemany(f"UPDATE {table} SET counted=false WHERE place=?", [(place,) for place in batch.uncounted])
    db.executemany(_DEAD, [
        (h.place, h.part, *_account(h.account), bool(h.counted), h.reason, h.detail, h.offset, h.length) for h in batch.dead
    ])  # fmt: skip
    db.executemany(_HELD, [_held(h) for h in batch.quarantined])
    db.executemany(_PENDING, [(h.place, *_account(h.account)) for h in batch.pending])
    db.executemany("DELETE FROM pending WHERE place=?", [(place,) for place in batch.settled])


def _account(account: Account) -> tuple[int, str, str, str, str]:
    return account.hour, account.adapter, account.principal, account.device, account.run


def _held(h: Held) -> tuple[object, ...]:
    return (h.place, h.part, *_account(h.account), bool(h.counted), h.native)
