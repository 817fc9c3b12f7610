"""What operators look after: ledger, dead letters, quarantine, frames, and the commands that mend them."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from sensing import ledger as books
from sensing import times
from sensing.access import Role, new_token, permits
from sensing.errors import ConflictError, Exit, NotFoundError, UsageError, ValidationError
from sensing.framelog.sqlite import SqliteLog
from sensing.model import Frame, Quality, QualityReason
from sensing.store.reader import StoreReader

from .again import Again, annotated
from .answers import Answer, error_response, page
from .ask import Ask, checked
from .desk import Desk
from .events import AckEvent, CloseEvent
from .redecode import choose
from .remedies import dead_letter_remedy
from .scope import areas_of, check_command, check_principals, keep_principals

_WAIT_S = 30.0
_MOST_LOOKED_AT = 20_000
"""Dead letters looked through for those that one who is bound to areas may see."""


def ledger(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Where every frame and reading went; `refused` counts publishes that were never frames."""
    by, since = ask.choice("by", "", "device", "hour", "adapter", "principal"), ask.since()
    with desk.stores.take() as store, desk.logs.take() as log:
        answer = store.ledger(by, since)
        refusals = log.refusals()
    refused: dict[str, int] = {}
    for (hour, adapter, principal, _), number in refusals.items():
        if since is None or hour >= since // times.HOUR:
            key = {"hour": times.rfc3339(hour * times.HOUR), "adapter": adapter}.get(by, principal)
            refused[key] = refused.get(key, 0) + number
    answer["refused"] = sum(refused.values())
    if by:
        known = {row[by] for row in answer["rows"]}
        answer["rows"] += [{by: key, **books.total(()), "balanced": True} for key in sorted(refused.keys() - known)]
        answer["rows"] = [row | {"refused": refused.get(row[by], 0)} for row in answer["rows"]]
    return answer


def dead_letters(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Frames, or parts of them, that could not be read, in order of their place in the log."""
    limit = ask.number("limit", 100, 1, 1_000 if ask.flag("again") else 10_000)
    reason = ask.text("reason") or None
    state = ask.choice("state", "open", "done")
    with desk.stores.take() as store, desk.logs.take() as log:
        after = _place_part(ask.text("cursor"), "cursor") if ask.text("cursor") else (0, -1)
        if areas_of(ask):
            found = keep_principals(desk, ask, store.dead(reason, state, _MOST_LOOKED_AT, after))[: limit + 1]
        else:
            found = store.dead(reason, state, limit + 1, after)
        items = [letter | {"received": _received(log, letter["place"])} for letter in found[:limit]]
        counts = None if areas_of(ask) else store.dead_counts()
        if ask.flag("again"):
            items = _tried(desk, log, store, items)
    return page(items, items[-1]["id"] if len(found) > limit else None, counts=counts)


def _tried(desk: Desk, log: SqliteLog, store: StoreReader, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each letter with what would become of its frame if it were redriven now, and the reason that would still hold it."""
    with desk.directories.take() as directory:
        directory.version()
        again = Again(desk, log, store, directory)
        said: dict[int, tuple[str, str | None]] = {}
        for place in sorted({letter["place"] for letter in items}):
            found = log.get(place)
            read = again.read(found) if found else None
            errors = read.errors if read else ()
            said[place] = (read.outcome if read else "gone", str(errors[0].reason) if errors else None)
    return [letter | dict(zip(("becomes", "still"), said[letter["place"]], strict=True)) for letter in items]


def dead_letter(desk: Desk, ask: Ask) -> dict[str, Any]:
    """One dead letter with the bytes of its frame, what each of them is, and where they went wrong."""
    place, part = _place_part(ask.path["id"], "id")
    with desk.stores.take() as store, desk.logs.take() as log:
        found = [each for state in ("open", "done") for each in store.dead(None, state, 1, (place, part - 1))]
        letter = next((each for each in found if (each["place"], each["part"]) == (place, part)), None)
        if letter is None:
            raise NotFoundError(f'dead letter "{place}.{part}" does not exist', "`sensing dlq list` shows them")
        check_principals(desk, ask, [letter["principal"]])
        frame = log.get(place)
        spans = None
        if frame is not None:
            with desk.directories.take() as directory:
                directory.version()
                spans = annotated(desk, directory, frame)
    return (
        letter
        | {"remedy": dead_letter_remedy(letter["reason"])}
        | {"frame": told_frame(frame) if frame else None, "spans": spans}
    )


def frame(desk: Desk, ask: Ask) -> dict[str, Any]:
    """One frame of the log with its bytes."""
    text = ask.path["place"]
    place = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
    with desk.logs.take() as log:
        found = log.get(place)
        if found is None:
            raise NotFoundError(f'frame "{text}" is not in the log', f"it has {log.tail()} to {log.head()}")
    check_principals(desk, ask, [found.source.principal])
    return told_frame(found)


def told_frame(found: Frame) -> dict[str, Any]:
    """A frame in JSON. text: its bytes as UTF-8 when they are, else null."""
    source = found.source
    return {
        "place": found.place, "received": times.rfc3339(found.received), "adapter": source.adapter, "principal": source.principal,
        "topic": source.topic, "kind": source.kind, "origin": source.origin, "run": source.run, "duplicate": found.duplicate,
        "size": len(found.payload), "hex": found.payload.hex(), "text": _text(found.payload),
    }  # fmt: skip


def _text(payload: bytes) -> str | None:
    try:
        return payload.decode()
    except UnicodeDecodeError:
        return None


def _received(log: SqliteLog, place: int) -> str | None:
    found = log.get(place)
    return times.rfc3339(found.received) if found else None


def _place_part(text: str, name: str) -> tuple[int, int]:
    place, _, part = text.partition(".")
    part = part or "0"
    if not all(each.isascii() and each.isdigit() and len(each) < 19 for each in (place, part)):
        raise UsageError(f'{name} "{text[:40]}" is not PLACE.PART', "`sensing dlq list` shows them")
    return int(place), int(part)


class _Args(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Redrive(_Args):
    """Dead letters through the path again: those of `places` ("PLACE.PART"), or of a reason, or all."""

    places: list[str] | None = Field(None, max_length=100_000)
    reason: str | None = None


class Drop(Redrive):
    """Dead letters closed unread."""

    why: Annotated[str, Field(min_length=1, max_length=500)]


class Redecode(_Args):
    """Frames since a time (a duration back, or an instant) decoded anew: of a device, of an adapter, or all."""

    device: str | None = None
    adapter: str | None = None
    since: str | None = None


class Retake(_Args):
    """Quarantined frames that were dropped, open again. native: an id, or a pattern."""

    adapter: str = ""
    native: Annotated[str, Field(min_length=1)]
    principal: str | None = None


class Release(Retake):
    """Quarantined frames of a native id or a pattern, closed unread."""

    why: Annotated[str, Field(min_length=1, max_length=500)]


class Annotate(_Args):
    """A later verdict over a range of times."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    device: str
    property: str
    begin: str = Field(alias="from")
    end: str = Field(alias="to")
    quality: Quality
    reason: QualityReason = QualityReason.MANUAL
    note: str = Field("", max_length=500)


class Order(_Args):
    """What `POST /api/commands` takes."""

    op: Literal["redrive", "redecode", "drop", "release", "retake", "annotate", "ack_event", "close_event"]
    args: dict[str, Any] = {}


_OPS: dict[str, type[BaseModel]] = {
    "redrive": Redrive, "redecode": Redecode, "drop": Drop, "release": Release, "retake": Retake, "annotate": Annotate,
    "ack_event": AckEvent, "close_event": CloseEvent,
}  # fmt: skip


async def command(desk: Desk, ask: Ask) -> Answer | Response:
    """Give work a command and wait up to 30 s for what it did; 202 with the id when it takes longer."""
    order = ask.form(Order)
    if order.op == "redecode" and not permits(ask.identity, Role.ENGINEER):
        return error_response(
            "redecode takes the role engineer", "ask an administrator for a token of that role", Exit.USAGE, 403
        )
    args = await run_in_threadpool(_arguments, desk, order)
    await run_in_threadpool(check_command, desk, ask, order.op, args)
    return await give(desk, ask, order.op, args)


def _arguments(desk: Desk, order: Order) -> dict[str, Any]:
    """The arguments as work wants them. Raises ValidationError, NotFoundError."""
    found = checked(_OPS[order.op], order.args)
    args = found.model_dump(mode="json", by_alias=True, exclude_none=True)
    if isinstance(found, Redrive) and found.places is not None:
        args["places"] = [list(_place_part(text, "places")) for text in found.places]
    if isinstance(found, Redecode):
        chosen = choose(desk, found.device or "", found.adapter or "")
        device = desk.registry.show_device(found.device) if found.device else None
        natives = sorted({each.code for each in device.codes if each.scheme == device.adapter}) if device else []
        since = times.since(found.since, times.now()) if found.since else 0
        args = {"adapter": chosen.adapter, "principal": chosen.principal, "natives": natives, "since": since}
    if isinstance(found, Annotate):
        desk.registry.show_device(found.device)
        begin, end = times.parse_instant(found.begin), times.parse_instant(found.end)
        if begin >= end:
            raise ValidationError(f'from "{found.begin}" is not before to "{found.end}"', "swap them")
        args |= {"from": begin, "to": end}
    return args


async def give(desk: Desk, ask: Ask, op: str, args: dict[str, Any]) -> Answer:
    """Audit a command, hand it over, wait for its result."""
    identity = "x-" + new_token()[:16]
    order = {"id": identity, "op": op, "by": ask.actor.name, "at": times.now(), "args": args}

    def hand_over() -> None:
        told = {name: value for name, value in args.items() if name != "places"}
        if "places" in args:
            told["places"] = len(args["places"])
        desk.registry.record("command_given", identity, actor=ask.actor, details={"op": op, **told})
        desk.publish(order)

    await run_in_threadpool(hand_over)
    deadline, pause = time.monotonic() + _WAIT_S, 0.02
    while (result := await run_in_threadpool(_result, desk, identity)) is None:
        if time.monotonic() > deadline:
            return Answer({"id": identity, "op": op, "state": "waiting", "result": None}, 202)
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, 0.5)
    return _told(identity, op, result)


def command_result(desk: Desk, ask: Ask) -> Answer:
    """What a command did; while it is at it, how far it is."""
    identity = ask.path["id"]
    result = _result(desk, identity)
    if result is None:
        with desk.stores.take() as store:
            underway = store.underway(identity)
        if underway is not None:
            return Answer({"id": identity, "state": "working", "result": None, **underway}, 202)
        raise NotFoundError(
            f'command "{identity[:64]}" has no result', "work has not come to it yet, or there is none of this id"
        )
    return _told(identity, None, result)


def _result(desk: Desk, identity: str) -> dict[str, Any] | None:
    with desk.stores.take() as store:
        return store.command(identity)


def _told(identity: str, op: str | None, result: dict[str, Any]) -> Answer:
    if "error" in result:
        for known in (NotFoundError, ConflictError):
            if result.get("code") == known.exit_code:
                raise known(result["error"], result.get("hint", ""))
        raise ValidationError(f"command {identity}: {result['error']}", "correct its arguments")
    return Answer({"id": identity, **({"op": op} if op else {}), "state": "done", "result": result})
