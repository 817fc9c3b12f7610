"""The ledger's counts in the file: what a batch counted is added to the accounts, in its transaction.

An account is found by its row once it is known: thousands are added to with every batch, and five words to find each would cost as much as
the rows that they count.
"""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from sensing import sqlite
from sensing.ledger import COLUMNS, Account, Tally

from .schema import ACCOUNTS

_ADD = ", ".join(f"{name} = {name} + excluded.{name}" for name in COLUMNS)
_OPEN = f"INSERT INTO accounts VALUES(?,?,?,?,?,{','.join('?' * len(COLUMNS))}) ON CONFLICT DO UPDATE SET {_ADD} RETURNING rowid"
_INTAKE = "INSERT INTO intake VALUES(?,?,?,?,?,?) ON CONFLICT DO UPDATE SET received = received + excluded.received"
_MOST = 100_000
"""Accounts remembered: those of an hour or two of a large city."""


def words(account: Account) -> tuple[int, str, str, str, str]:
    """An account as columns."""
    return account.hour, account.adapter, account.principal, account.device, account.run


class Books:
    """The writing end of `accounts` and `intake`."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self._rows: dict[Account, int] = {}
        if db.execute("SELECT wr FROM pragma_table_list('accounts')").get:
            self._number_rows()

    def _number_rows(self) -> None:
        """Stores of the first version kept accounts without row numbers."""
        with self._db:
            self._db.execute(f"""ALTER TABLE accounts RENAME TO older; {ACCOUNTS}
              INSERT INTO accounts SELECT * FROM older; DROP TABLE older""")  # fmt: skip

    def forget(self) -> None:
        """Drop what is remembered of the file, after a transaction that failed."""
        self._rows.clear()

    def enter(self, tally: Tally) -> None:
        """Add the counts of a batch."""
        rows = self._rows
        if len(rows) > _MOST:
            rows.clear()
        known, new = list[tuple[int, list[int]]](), list[Account]()
        for account, counts in tally.accounts.items():
            row = rows.get(account)
            if row is None:
                new.append(account)
            else:
                known.append((row, counts))
        self._add(known)
        opened = self._db.executemany(_OPEN, [(*words(account), *tally.accounts[account]) for account in new])
        for account, (row,) in zip(new, opened, strict=True):
            rows[account] = int(str(row))
        self._db.executemany(_INTAKE, [(*words(account), number) for account, number in tally.intake.items()])

    def _add(self, known: Sequence[tuple[int, list[int]]]) -> None:
        """Add to accounts by their rows. Most batches count in three or four columns: only those are touched."""
        used = [index for index, column in enumerate(zip(*(counts for _, counts in known), strict=True)) if any(column)]
        names = [COLUMNS[index] for index in used]
        more = ", ".join(f"{name} = {name} + excluded.{name}" for name in names)

        def values(first: int, end: int) -> list[int]:
            found: list[int] = []
            for row, counts in known[first:end]:
                found.append(row)
                found += [counts[index] for index in used]
            return found

        if used:
            into = f"INSERT INTO accounts(rowid, {', '.join(names)})"
            sqlite.insert(self._db, into, 1 + len(used), len(known), values, f"ON CONFLICT(rowid) DO UPDATE SET {more}")
