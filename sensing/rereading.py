"""Frames of the log through the path again, for a command: in order, so many a transaction, each hold closed with what it became.

What is held anew is held anew, what could be read moves its count to the device that it turned out to be of, in the hour in which it was
received: a dated transfer, so that the ledger balances after every transaction. A command that was killed is obeyed again from the
log; what it had committed is done, and how far it was stands in `underway`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from .errors import Reason
from .ledger import Account
from .model import Frame, JsonState
from .store import JOINED, Batch

if TYPE_CHECKING:
    from .work import Work

WAITING = "waiting"
"""What `Work.again` says of a part whose message goes on in a later frame: nothing of it is booked, and what is held stays held."""
CHUNK = 500
"""Frames gone through again in one transaction of a long command."""
_ACCOUNT = "hour, adapter, principal, device, run"
_ALL: Collection[str] = ()


class Progress:
    """How far a long command is, and what it has counted, over a kill and a new beginning."""

    def __init__(self, work: Work, identity: str) -> None:
        self.identity = identity
        row = work.store.connection.execute("SELECT done, total, counts FROM underway WHERE id=?", (identity,)).get
        self.before = int(row[0]) if row else 0
        self.counts: dict[str, Any] = json.loads(row[2]) if row else {}

    def count(self, name: str, by: int = 1) -> None:
        self.counts[name] = self.counts.get(name, 0) + by

    def into(self, batch: Batch, done: int, total: int) -> None:
        """Have it committed with a batch."""
        batch.underway = (self.identity, done, total, json.dumps(self.counts))


def through_again(
    work: Work, batch: Batch, frame: Frame | None, states: dict[str, JsonState | None], only: Collection[str] = _ALL
) -> str:
    """One frame through the path again; its old holds are closed, what is still wrong is held anew, its count moves.

    The earlier frames of a message that it completes go with it; until then they are WAITING and stay as they are.
    only: native ids that are meant; () for all.
    """
    if frame is None:
        return "gone"
    outcome, device, joined = work.again(frame, batch, states, only)
    if outcome != WAITING:
        for place in (frame.place, *joined):
            was = _move(work, batch, place, outcome, device, only)
            if was is not None and place != frame.place:
                work.hold_with(frame.place, place, was, batch)
    return outcome


def each(
    work: Work, command_place: int, places: Iterable[int], progress: Progress, only: Collection[str] = _ALL
) -> dict[str, int]:
    """Frames through the path again, in order, a transaction every `CHUNK`; counts by outcome."""
    wanted, joined = sorted(set(places)), _joined(work)
    part = Batch(place=command_place - 1)
    total = progress.before + len(wanted)
    for number, place in enumerate(wanted, 1):
        states: dict[str, JsonState | None] = {}  # a message's own: what else is held must not change how it reads
        for earlier in joined.get(place, ()):
            if (frame := work.log.get(earlier)) is not None:
                work.recall(frame, states)
        progress.count(through_again(work, part, work.log.get(place), states, only))
        if number % CHUNK == 0:
            progress.into(part, progress.before + number, total)
            work.commit(part)
            part = Batch(place=command_place - 1)
    progress.into(part, total, total)
    work.commit(part)
    return progress.counts


def _counted(work: Work, place: int) -> tuple[Account, str] | None:
    """How a frame counts now, when it counts as dead-lettered or quarantined; its holds count it no longer."""
    for table, outcome in (("dead", "dead_lettered"), ("held", "quarantined")):
        query = f"SELECT {_ACCOUNT} FROM {table} WHERE place=? AND counted AND state='open'"
        for hour, adapter, principal, device, run in work.store.connection.execute(query, (place,)):
            return Account(int(hour), str(adapter), str(principal), str(device), str(run)), outcome
    return None


def _parts(work: Work, table: str, place: int, only: Collection[str]) -> list[int]:
    """The open holds of a frame; of quarantined ones, and of what there was no room for, those of the native ids that are meant."""
    columns = "part, native, 'unknown_device'" if table == "held" else "part, detail, reason"
    query = f"SELECT {columns} FROM {table} WHERE place=? AND state='open'"
    rows = work.store.connection.execute(query, (place,)).fetchall()
    return [int(str(part)) for part, native, reason in rows if not only or native in only or reason != Reason.UNKNOWN_DEVICE]


def _move(work: Work, batch: Batch, place: int, outcome: str, device: str, only: Collection[str]) -> Account | None:
    """Close a frame's holds and move its count; returns what it is booked on, None when it was not counted as held."""
    was = None if place in batch.uncounted else _counted(work, place)
    batch.uncounted.append(place)
    for table in ("dead", "held"):
        batch.released += [(table, place, part) for part in _parts(work, table, place, only)]
    if was is None:
        return None
    account, before = was
    if outcome != before:
        after = replace(account, device=device) if device and not account.device else account
        for name, by, column in ((account, -1, before), (after, 1, outcome)):
            batch.tally.add(name, "received", by)
            batch.tally.add(name, column, by)
    return account


def _joined(work: Work) -> dict[int, list[int]]:
    """The earlier frames of messages that are held whole, by the place of the last one."""
    found: dict[int, set[int]] = {}
    for table in ("dead", "held"):
        query = f"SELECT place, part / {JOINED} FROM {table} WHERE state='open' AND part >= {JOINED}"
        for earlier, last in work.store.connection.execute(query):
            found.setdefault(int(str(last)), set()).add(int(str(earlier)))
    return {last: sorted(earlier) for last, earlier in found.items()}
