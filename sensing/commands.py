"""Commands that change the store: frames of the `command` adapter, from web's own credential, obeyed once.

    {"id": "...", "op": "redrive", "by": "engineer wang", "at": micros, "args": {...}}

    redrive   {places?: [[place, part]], reason?}   dead letters through the path again
    drop      {places?, reason?, why}                dead letters closed unread
    redecode  {adapter?, principal?, natives?, since?} frames since a time decoded anew; what they say now outranks what they said
    reobserve {device, adapter, native, begin, end?}  what a device said in a span of time, under the configuration that is dated so now
    accept    {adapter?, native, principal?}          quarantined frames of devices that are registered now; native: an id, a pattern, ""
    release   {adapter?, native?, principal?, why}    quarantined frames closed unread
    retake    {adapter?, native?, principal?}         and open again
    annotate  {device, property, from, to, quality, reason}
    cargo     {run, rows: [{thing, name, un?, goods, tonnes?, last_port, time}]}  what ships carry
    inspect   {thing, time, note}                   somebody was aboard a ship
    track     {run, storm, points: [[time, lon, lat, wind, pressure]]}  where a storm is expected; replaces what was told of it
    ack_event, close_event {event, note}           what somebody says of an event; of one that was replaced, it goes to what stands now
    assign_event {event, to, due?, note}           it is somebody's task until then
    escalate_event {event, note}                   somebody above must look after it

The id makes a command sent twice one command. Results stand in the table `commands`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Any

import msgspec

from . import logs, times
from .errors import NotFoundError, SensingError
from .inbox import Chosen, beyond, waiting
from .ledger import HOUSE, Account
from .model import Frame, JsonState, Micros, Quality, QualityReason
from .reobserve import outcome
from .rereading import CHUNK, Progress, each, through_again
from .store import Batch, Bulletin, Cargo, Inspection, Mark
from .store.events import markable

if TYPE_CHECKING:
    from .work import Work

_log = logs.get("commands")
_EVER = 1 << 62


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
    except SensingError as error:
        result = {"error": error.what, "hint": error.hint, "code": int(error.exit_code)}
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


def _redrive(work: Work, command: Command, frame: Frame, _batch: Batch) -> dict[str, Any]:
    places = (place for place, _ in _selected(work, command.args))
    return {"redriven": each(work, frame.place, places, Progress(work, command.id))}


def _redecode(work: Work, command: Command, frame: Frame, _batch: Batch) -> dict[str, Any]:
    """Every kept frame of an adapter and principal since a time, for these native ids (a device has several over time) or for all that they speak of."""
    args = command.args
    natives = frozenset(args.get("natives") or ([args["native"]] if args.get("native") else ()))
    states, counts = dict[str, JsonState | None](), dict[str, int]()
    place = begin = work.log.place_at(int(args.get("since") or 0))
    progress = Progress(work, command.id)
    with work.editions.mending(frame.place):
        while place < frame.place - 1:
            part = Batch(place=frame.place - 1)
            for one in work.log.read(place, min(CHUNK, frame.place - 1 - place)):
                place = one.place
                if _covered(one, args):
                    outcome = through_again(work, part, one, states, natives)
                    counts[outcome] = counts.get(outcome, 0) + 1
            progress.into(part, place - begin, frame.place - 1 - begin)
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


def _accept(work: Work, command: Command, frame: Frame, _batch: Batch) -> dict[str, Any]:
    """Frames of devices that are registered now, whoever sent them waits no longer. native "" is all that are."""
    chosen = Chosen.read({"native": command.args["native"], **command.args})
    places: list[int] = []
    natives: set[str] = set()
    for place, _, adapter, native, principal in (*waiting(work.store.connection, chosen), *beyond(work.store.connection, chosen)):
        if _is_known(work, adapter, native, principal):
            places.append(place)
            natives.add(native)
    counts = each(work, frame.place, places, Progress(work, command.id), natives)
    return {"accepted": counts}


def _is_known(work: Work, adapter: str, native: str, principal: str) -> bool:
    thing = work.directory.find(adapter, native)
    return thing is not None and thing.owned_by(principal)


def _release(work: Work, command: Command, _frame: Frame, batch: Batch) -> dict[str, Any]:
    batch.dropped += [key[:2] for key in waiting(work.store.connection, Chosen.read(command.args))]
    return {"released": len(batch.dropped)}


def _retake(work: Work, command: Command, _frame: Frame, batch: Batch) -> dict[str, Any]:
    batch.reopened += [key[:2] for key in waiting(work.store.connection, Chosen.read(command.args), "dropped")]
    return {"retaken": len(batch.reopened)}


def _reobserve(work: Work, command: Command, frame: Frame, _batch: Batch) -> dict[str, Any]:
    """Raises NotFoundError for a device that is not in service."""
    args = command.args
    thing = work.directory.find(str(args["adapter"]), str(args["native"]))
    if thing is None or thing.id != args["device"]:
        raise NotFoundError(f"device {args['device']} is not in service", "restore it, and give the change again")
    begin, end = int(args["begin"]), min(int(args.get("end") or _EVER), _EVER)
    progress = Progress(work, command.id)
    with closing(work.store.reader()) as reader:
        edition, last = reader.edition(thing.id), frame.received
        for window in work.reobserver().windows(reader, thing, edition, begin, end):
            part = Batch(place=frame.place - 1)
            for one in window.made:
                account = Account(one.received // times.HOUR, thing.adapter, one.source.principal, thing.id, one.source.run)
                if one.head:
                    part.tally.add(account, "readings")
                progress.count("from_" + one.how)
                known, booked = work.datastreams.of(thing), account if one.head else None
                part.rows.append(work.datastreams.row(known, one.one, one.source, one.received, one.place, one.heard, booked))
            best, _, changed = outcome(window)
            progress.count("changed", changed)
            progress.count("same", len(best) - changed)
            progress.count("kept", window.kept)
            progress.count("frames", window.frames)
            progress.into(part, window.end - begin, max(last, window.end) - begin)
            work.commit(part)
    counts = dict.fromkeys(("changed", "same", "from_frame", "from_row", "kept", "frames"), 0) | progress.counts
    told = {name: args.get(name) for name in ("device", "generation", "begin", "end")}
    return {"reobserved": counts, **told}


def _annotate(_work: Work, command: Command, frame: Frame, batch: Batch) -> dict[str, Any]:
    args = command.args
    quality, reason = Quality(int(args["quality"])), QualityReason(args.get("reason", QualityReason.MANUAL))
    batch.annotations.append({
        "id": command.id, "device": str(args["device"]), "property": str(args["property"]), "from": int(args["from"]),
        "to": int(args["to"]), "quality": int(quality), "reason": str(reason), "by": command.by, "at": command.at or frame.received,
        "place": frame.place})  # fmt: skip
    return {"annotated": command.id}


def _cargo(_work: Work, command: Command, frame: Frame, batch: Batch) -> dict[str, Any]:
    at, run = command.at or frame.received, str(command.args.get("run", ""))
    for row in command.args["rows"]:
        un, tonnes = row.get("un"), row.get("tonnes")
        batch.cargoes.append(Cargo(
            str(row["thing"]), run, str(row.get("name", "")), None if un is None else int(un), str(row.get("goods", "")),
            None if tonnes is None else float(tonnes), str(row.get("last_port", "")), int(row["time"]), command.by, at, frame.place,
        ))  # fmt: skip
    return {"cargoes": len(batch.cargoes)}


def _inspect(_work: Work, command: Command, frame: Frame, batch: Batch) -> dict[str, Any]:
    args, at = command.args, command.at or frame.received
    batch.inspections.append(
        Inspection(command.id, str(args["thing"]), int(args.get("time") or at), str(args["note"]), command.by, at, frame.place)
    )
    return {"inspected": str(args["thing"])}


def _track(_work: Work, command: Command, frame: Frame, batch: Batch) -> dict[str, Any]:
    args, at = command.args, command.at or frame.received
    points = [
        (int(time), float(lon), float(lat), float(wind), float(pressure)) for time, lon, lat, wind, pressure in args["points"]
    ]
    batch.bulletins.append(Bulletin(str(args.get("run", "")), str(args["storm"]), points, command.by, at, frame.place))
    return {"storm": str(args["storm"]), "points": len(points)}


def _mark(word: str) -> Callable[[Work, Command, Frame, Batch], dict[str, Any]]:
    def act(work: Work, command: Command, frame: Frame, batch: Batch) -> dict[str, Any]:
        """Raises NotFoundError, ConflictError."""
        event = markable(work.store.connection, str(command.args["event"]), word)
        at = command.at or frame.received
        more = {"to": str(command.args["to"]), "due": command.args.get("due")} if word == "assigned" else {}
        batch.marks.append(Mark(event.id, word, command.by, at, str(command.args.get("note", "")), more))
        return {word: event.id}

    return act


_OPS: dict[str, Callable[[Work, Command, Frame, Batch], dict[str, Any]]] = {
    "redrive": _redrive,
    "redecode": _redecode,
    "drop": _drop,
    "accept": _accept,
    "release": _release,
    "retake": _retake,
    "reobserve": _reobserve,
    "annotate": _annotate,
    "cargo": _cargo,
    "inspect": _inspect,
    "track": _track,
    "ack_event": _mark("acknowledged"),
    "close_event": _mark("closed"),
    "assign_event": _mark("assigned"),
    "escalate_event": _mark("escalated"),
}
