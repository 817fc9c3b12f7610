"""The demo's runs that are over are forgotten: events, facts, hours, tracks and whatever else was derived in them, a table a transaction.

Nothing follows from it but room: a run that is over hears nothing more, and no run is derived from another. Rows themselves go with the lake
(`retention.demo_h`), or here where there is none. The ledger stays, for it says that every frame was taken; of a run it keeps one account
for each adapter.
"""

from __future__ import annotations

from typing import Any

from sensing import drills
from sensing.ledger import COLUMNS

_OF_SERIES = ("watched", "samples", "verdicts", "behind", "compared", "hours", "unjudged", "witnesses", "airs")
_OF_RUN = ("calls", "ships", "stands", "facts", "events", "voices", "spans", "outages", "cargoes", "storms", "dead")
_SERIES = "series IN (SELECT id FROM series WHERE run = ?1)"
_KEY = "min(hour), adapter, '', '', run"
_SUMS = ", ".join(f"sum({name})" for name in COLUMNS)
STEPS = (
    *(f"DELETE FROM {table} WHERE {_SERIES}" for table in _OF_SERIES),
    "DELETE FROM fixes WHERE ship IN (SELECT ship FROM ships WHERE run = ?1)",
    *(f"DELETE FROM {table} WHERE run = ?1" for table in _OF_RUN),
)
FOLDED = tuple(
    (f"SELECT {_KEY}, {sums} FROM {table} WHERE run = ?1 GROUP BY adapter, run", table)
    for table, sums in (("accounts", _SUMS), ("intake", "sum(received)"))
)
"""Accounts of a run as one for each adapter, and the table that they go back to."""
ROWS = (*(f"DELETE FROM {table} WHERE {_SERIES}" for table in ("hot", "latest")),)
"""What else goes where rows lie in no lake."""
_RESTS_H = 24.0
"""How much longer names stay: until files that the rows were in are merged and dropped, and frames that came late were worked."""
_NAMED = (("latest", "series"), ("resting", "series"), ("amended", "series"), ("series", "id"))
_LAST = "DELETE FROM clocks WHERE run = ?1 OR run LIKE ?1 || '|%'"
"""A run without a clock has been forgotten."""


def forget_one(db: Any, keep_h: float, more: tuple[Any, ...] = ()) -> bool:
    """Forget the oldest of the demo's runs that are over; returns whether there was one. more: FOLDED or ROWS.

    The caller has no transaction open, and drops what it remembers afterwards.
    """
    if not keep_h:
        return False
    known = [str(run) for (run,) in db.execute("SELECT run FROM clocks WHERE run LIKE 'demo-%'").fetchall()]
    for run in drills.over(known, keep_h)[:1]:
        for step in (*STEPS, *more, _LAST):
            with db:
                if isinstance(step, tuple):
                    _fold(db, run, *step)
                else:
                    db.execute(step, (run,))
        return True
    return False


def forget_names(db: Any, keep_h: float) -> bool:
    """Forget the datastreams of runs that are long over, once no row of them is left, hot or in a file; returns whether there were any."""
    known = [str(run) for (run,) in db.execute("SELECT DISTINCT run FROM series WHERE run LIKE 'demo-%'").fetchall()]
    gone = False
    for run in drills.over(known, keep_h and keep_h + _RESTS_H):
        first, last = db.execute("SELECT min(id), max(id) FROM series WHERE run = ?", (run,)).fetchone()
        filed = db.execute("SELECT 1 FROM segments WHERE first_series <= ? AND last_series >= ? LIMIT 1", (last, first)).get
        if filed or db.execute(f"SELECT 1 FROM hot WHERE {_SERIES} LIMIT 1", (run,)).get:
            break
        with db:
            for table, column in _NAMED:
                db.execute(f"DELETE FROM {table} WHERE {column} IN (SELECT id FROM series WHERE run = ?)", (run,))
        gone = True
    return gone


def _fold(db: Any, run: str, sums: str, table: str) -> None:
    rows = db.execute(sums, (run,)).fetchall()
    db.execute(f"DELETE FROM {table} WHERE run = ?", (run,))
    db.executemany(f"INSERT INTO {table} VALUES({', '.join('?' * len(rows[0]))})" if rows else "SELECT 1", rows)
