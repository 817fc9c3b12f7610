"""Commands: what people ask work to do, given to it as frames like any other, and what came of each."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from sensing import properties, times
from sensing.access import Role, new_token, permits
from sensing.errors import ConflictError, Exit, NotFoundError, ValidationError
from sensing.model import Quality, QualityReason
from sensing.store.wanted import Wanted

from .answers import Answer, error_response
from .ask import Ask, checked
from .desk import Desk
from .events import AckEvent, AssignEvent, CloseEvent, EscalateEvent
from .operations import place_part
from .redecode import choose
from .scope import check_command

_WAIT_S = 30.0


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

    op: Literal[
        "redrive",
        "redecode",
        "drop",
        "release",
        "retake",
        "annotate",
        "ack_event",
        "close_event",
        "assign_event",
        "escalate_event",
    ]
    args: dict[str, Any] = {}


_OPS: dict[str, type[BaseModel]] = {
    "redrive": Redrive, "redecode": Redecode, "drop": Drop, "release": Release, "retake": Retake, "annotate": Annotate,
    "ack_event": AckEvent, "close_event": CloseEvent, "assign_event": AssignEvent, "escalate_event": EscalateEvent,
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
        args["places"] = [list(place_part(text, "places")) for text in found.places]
    if isinstance(found, Redecode):
        chosen = choose(desk, found.device or "", found.adapter or "")
        device = desk.registry.show_device(found.device) if found.device else None
        natives = sorted({each.code for each in device.codes if each.scheme == device.adapter}) if device else []
        since = times.since(found.since, times.now()) if found.since else 0
        args = {"adapter": chosen.adapter, "principal": chosen.principal, "natives": natives, "since": since}
    if isinstance(found, AssignEvent) and found.due is not None:
        args["due"] = times.parse_instant(found.due)
    if isinstance(found, Annotate):
        desk.registry.show_device(found.device)
        begin, end = times.parse_instant(found.begin), times.parse_instant(found.end)
        if begin >= end:
            raise ValidationError(f'from "{found.begin}" is not before to "{found.end}"', "swap them")
        _check_property(desk, found.device, found.property)
        args |= {"from": begin, "to": end}
    return args


def _check_property(desk: Desk, device: str, prop: str) -> None:
    """A slip of the pen would be a verdict on nothing. Raises NotFoundError for what is in no table and never came from the device."""
    if properties.get(prop) is None:
        with desk.stores.take() as store:
            if not store.latest(Wanted(devices=(device,), properties=(prop,), runs=None)):
                raise NotFoundError(f'{device} has no "{prop[:60]}"', f"`sensing query {device}` shows what it has")


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
