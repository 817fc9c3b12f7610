"""Commands that change the store: frames of the `command` adapter, from web's own credential, obeyed once.

    {"id": "...", "op": "redrive", "by": "engineer wang", "at": micros, "args": {...}}

    redrive  {places?: [[place, part]], reason?}   dead letters through the path again
    drop     {places?, reason?, why}                dead letters closed unread
    redecode {adapter?, principal?, native?, since?} frames since a time decoded anew; what they say now outranks what they said
    accept   {adapter, native, principal?}          quarantined frames of a device that is registered now
    release  {adapter, native, why}                 quarantined frames closed unread
    annotate {device, property, from, to, quality, reason}

The id makes a command sent twice one command. Results stand in the table `commands`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from . import logs
from .ledger import HOUSE, Account
from .model import Frame, JsonState, Micros, Quality, QualityReason
from .store import JOINED, Batch

if TYPE_CHECKING:
    from .work import Work

WAITING = "waiting"
"""What `Work.again` says of a part whose message goes on in a later frame: nothing of it is booked, and what is held stays held."""

_log = logs.get("commands")
_CHUNK = 500
"""Frames gone through again in one transaction of a long command."""
_ACCOUNT = "hour, adapter, principal, device, run"


class Command(msgspec.Struct):
    """A command as it travels."""

    id: str
    op: str
    by: str = ""
    at: Micros = 0
    args: dict[str, Any] = {}


def obey(work: Work, frame: Frame, batch: Batch) -> None:
    """Do what a command frame says and write down the result; a bad command's result is its error."""
    try:
        command = msgspec.json.decode(frame.payload, type=Command)
    except msgspec.DecodeError as error:
        _log.warning("command_unreadable", frame=frame.place, error=str(error))
        return
    if work.store.connection.execute("SELECT 1 FROM commands WHERE id=?", (command.id,)).get:
        return
    act = _OPS.get(command.op)
    try:
        result = act(work, command, frame, batch) if act else {"error": f'no operation "{command.op}"'}
    except (KeyError, TypeError, ValueError) as error:
        result = {"error": f"{command.op}: {error!r}"}
    _log.info("command_obeyed", frame=frame.place, op=command.op, by=command.by, result=result)
    at = command.at or frame.received
    batch.results.append((command.id, command.op, command.by, at, frame.place, msgspec.json.encode(result).decode()))


def _selected(work: Work, args: dict[str, Any]) -> list[tuple[int, int]]:
    """(place, part) of the open dead letters that a command names."""
    if "places" in args:
        wanted = [(int(place), int(part)) for place, part in args["places"]]
        return [key for key in wanted if _open(work, "dead", *key)]
    rows = work.store.connection.execute(
        "SELECT place, part FROM dead WHERE state='open' AND (?1 IS NULL OR reason=?1) ORDER BY place, part",
        (args.get("reason"),),
    )
    return list(rows)


def _open(work: Work, table: str, place: int, part: int) -> bool:
    query = f"SELECT 1 FROM {table} WHERE place=? AND part=? AND state='open'"
    return bool(work.store.connection.execute(query, (place, part)).get)


def _counted(work: Work, place: int) -> tuple[Account, str] | None:
    """How a frame counts now, when it counts as dead-lettered or quarantined; its holds count it no longer."""
    for table, outcome in (("dead", "dead_lettered"), ("held", "quarantined")):
        query = f"SELECT {_ACCOUNT} FROM {table} WHERE place=? AND counted AND state='open'"
        for hour, adapter, principal, device, run in work.store.connection.execute(query, (place,)):
            return Account(int(hour), str(adapter), str(principal), str(device), str(run)), outcome
    return None


def _parts(work: Work, table: str, place: int, only: str) -> list[int]:
    """The open holds of a frame; of quarantined ones, those of one native id where one is meant."""
    query = f"SELECT part FROM {table} WHERE place=? AND state='open'"
    values: tuple[int | str, ...] = (place,)
    if only and table == "held":
        query, values = query + " AND native=?", (place, only)
    return [int(str(part)) for (part,) in work.store.connection.execute(query, values)]


def _through_again(work: Work, batch: Batch, frame: Frame | None, states: dict[str, JsonState | None], only: str = "") -> str:
    """One frame through the path again; its old holds are closed, what is still wrong is held anew, its count moves.

    The earlier frames of a message that it completes go with it; until then they are WAITING and stay as they are.
    """
    if frame is None:
        return "gone"
    outcome, joined = work.again(frame, batch, states, only)
    if outcome != WAITING:
        for place in (frame.place, *joined):
            was = _move(work, batch, place, outcome, only)
            if was is not None and place != frame.place:
                work.hold_with(frame.place, place, was, batch)
    return outcome


def _move(work: Work, batch: Batch, place: int, outcome: str, only: str) -> Account | None:
    """Close a frame's holds and move its count; returns what it is booked on, None when it was not counted as held."""
    was = None if place in batch.uncounted else _counted(work, place)
    batch.uncounted.append(place)
    for table in ("dead", "held"):
        batch.released += [(table, place, part) for part in _parts(work, table, place, only)]
    if was is not None and outcome != was[1]:
        batch.tally.moved(was[0], was[1], outcome)
    return was[0] if was is not None else None


def _each(work: Work, command_place: int, places: Iterable[int], only: str = "") -> dict[str, int]:
    """Frames through the path again, in order, a transaction every `_CHUNK`; counts by outcome."""
    counts: dict[str, int] = {}
    joined = _joined(work)
    part = Batch(place=command_place - 1)
    for number, place in enumerate(sorted(set(places)), 1):
        states: dict[str, JsonState | None] = {}  # a message's own: what else is held must not change how it reads
        for earlier in joined.get(place, ()):
            if (frame := work.log.get(earlier)) is not None:
                work.recall(frame, states)
        outcome = _through_again(work, part, work.log.get(place), states, only)
        counts[outcome] = counts.get(outcome, 0) + 1
        if number % _CHUNK == 0:
            work.commit(part)
            part = Batch(place=command_place - 1)
    work.commit(part)
    return counts


def _joined(work: Work) -> dict[int, list[int]]:
    """The earlier frames of messages that are held whole, by the place of the last one."""
    found: dict[int, set[int]] = {}
    for table in ("dead", "held"):
        query = f"SELECT place, part / {JOINED} FROM {table} WHERE state='open' AND part >= {JOINED}"
        for earlier, last in work.store.connection.execute(query):
            found.setdefault(int(str(last)), set()).add(int(str(earlier)))
    return {last: sorted(earlier) for last, earlier in found.items()}


def _redrive(work: Work, command: Command, frame: Frame, _batch: Batch) -> dict[str, Any]:
    return {"redriven": _each(work, frame.place, (place for place, _ in _selected(work, command.args)))}


def _redecode(work: Work, command: Command, frame: Frame, _batch: Batch) -> dict[str, Any]:
    """Every kept frame of an adapter and principal since a time, for one native id or for all that they speak of."""
    args = command.args
    native, states, counts = str(args.get("native") or ""), dict[str, JsonState | None](), dict[str, int]()
    place = work.log.place_at(int(args.get("since") or 0))
    with work.mending(frame.place):
        while place < frame.place - 1:
            part = Batch(place=frame.place - 1)
            for each in work.log.read(place, min(_CHUNK, frame.place - 1 - place)):
                place = each.place
                if _covered(each, args):
                    outcome = _through_again(work, part, each, states, native)
                    counts[outcome] = counts.get(outcome, 0) + 1
            work.commit(part)
    return {"redecoded": counts}


def _covered(frame: Frame, args: dict[str, Any]) -> bool:
    source = frame.source
    wanted = all(args.get(name) in (None, "", getattr(source, name)) for name in ("adapter", "principal"))
    return wanted and source.kind == "up" and source.adapter not in HOUSE


def _drop(work: Work, command: Command, _frame: Frame, batch: Batch) -> dict[str, Any]:
    keys = _selected(work, command.args)
    batch.released += [("dead", place, part) for place, part in keys]
    return {"dropped": len(keys)}


def _held(work: Work, args: dict[str, Any]) -> list[tuple[int, int]]:
    rows = work.store.connection.execute(
        "SELECT place, part FROM held WHERE state='open' AND adapter=?1 AND native=?2 AND (?3 IS NULL OR principal=?3) ORDER BY place",
        (args["adapter"], args["native"], args.get("principal")),
    )
    return list(rows)


def _accept(work: Work, command: Command, frame: Frame, _batch: Batch) -> dict[str, Any]:
    native = str(command.args["native"])
    places = [place for place, _ in _held(work, command.args)]
    return {"accepted": _each(work, frame.place, places, native)}


def _release(work: Work, command: Command, _frame: Frame, batch: Batch) -> dict[str, Any]:
    keys = _held(work, command.args)
    batch.released += [("held", place, part) for place, part in keys]
    return {"released": len(keys)}


def _annotate(_work: Work, command: Command, frame: Frame, batch: Batch) -> dict[str, Any]:
    args = command.args
    quality, reason = Quality(int(args["quality"])), QualityReason(args.get("reason", QualityReason.MANUAL))
    batch.annotations.append({
        "id": command.id, "device": str(args["device"]), "property": str(args["property"]), "from": int(args["from"]),
        "to": int(args["to"]), "quality": int(quality), "reason": str(reason), "by": command.by, "at": command.at or frame.received,
        "place": frame.place})  # fmt: skip
    return {"annotated": command.id}


_OPS: dict[str, Callable[[Work, Command, Frame, Batch], dict[str, Any]]] = {
    "redrive": _redrive,
    "redecode": _redecode,
    "drop": _drop,
    "accept": _accept,
    "release": _release,
    "annotate": _annotate,
}
