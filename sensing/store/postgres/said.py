"""What a batch says beside its observations, in PostgreSQL: states, clocks, replies, facts, annotations, results of commands."""

from __future__ import annotations

import json
from typing import Any, cast

import msgspec

from sensing import times
from sensing.store import Batch, facts

from .session import Session

_STATE = """INSERT INTO states VALUES(?,?,?,?,?) ON CONFLICT (stream) DO UPDATE SET source = excluded.source,
  state = excluded.state, deadline = excluded.deadline, received = excluded.received"""
_EDITION = "INSERT INTO editions VALUES(?,?) ON CONFLICT (thing) DO UPDATE SET edition = excluded.edition"
_CLOCK = "INSERT INTO clocks VALUES(?,?) ON CONFLICT (run) DO UPDATE SET time = excluded.time"
_ENROL = "INSERT INTO enrolled VALUES(?,?,?,?,?,?) ON CONFLICT DO NOTHING"
_UNDERWAY = """INSERT INTO underway VALUES(?,?,?,?) ON CONFLICT (id) DO UPDATE SET done = excluded.done, total = excluded.total,
  counts = excluded.counts"""


def keep(db: Session, batch: Batch, number: int) -> None:
    """Write it down. number: of the commit."""
    for change in batch.states.values():
        if change.state is None:
            db.execute("DELETE FROM states WHERE stream=?", (change.stream,))
        else:
            source, state = msgspec.json.encode(change.source), json.dumps(change.state).encode()
            db.execute(_STATE, (change.stream, source, state, change.deadline, change.received))
    db.executemany(_ENROL, [(n.thing, n.type, n.adapter, n.native, n.principal, n.at) for n in batch.enrolled])
    db.executemany(_EDITION, batch.editions.items())
    db.executemany(_CLOCK, batch.clocks.items())
    at = times.now() // times.SECOND
    db.executemany("INSERT INTO outbox(principal, topic, payload, at) VALUES(?,?,?,?)", [(*reply, at) for reply in batch.replies])
    for fact in batch.facts:
        facts.keep(cast(Any, db), fact)
    names = ("id", "device", "property", "from", "to", "quality", "reason", "by", "at")
    db.executemany(
        "INSERT INTO annotations VALUES(?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING",
        [(*(note[name] for name in names), number) for note in batch.annotations],  # of all nodes, in the order of commits
    )
    db.executemany("INSERT INTO commands VALUES(?,?,?,?,?,?) ON CONFLICT DO NOTHING", batch.results)
    if batch.underway is not None:
        db.execute(_UNDERWAY, batch.underway)
    db.executemany("DELETE FROM underway WHERE id=?", [(result[0],) for result in batch.results])
