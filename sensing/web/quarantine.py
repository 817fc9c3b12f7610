"""The quarantine inbox: what knocks, what it may be, and taking it in: one id, several, or all that a pattern means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct, to_builtins
from starlette.concurrency import run_in_threadpool

from sensing import times
from sensing.access import check_area, new_token
from sensing.errors import ConflictError, NotFoundError, UsageError, ValidationError
from sensing.framelog.sqlite import SqliteLog
from sensing.guess.adapter import tried
from sensing.guess.samples import Sample
from sensing.guess.unknown import guess, told
from sensing.inbox import Chosen, is_pattern
from sensing.registry import Device, DeviceForm, described
from sensing.registry.natives import normal
from sensing.store.reader import StoreReader

from .answers import Answer, page
from .ask import Ask
from .desk import Desk
from .devices import told_registered
from .operations import told_frame
from .orders import give
from .scope import areas_of, keep_principals

_FIRST, _LAST = 4, 12
"""Frames of an id that a guess looks at: of its first, and of its newest."""
_MOST = 10_000
_NOT_FORM = ("match", "id_pattern", "dry_run")
_HINT = {
    "zh": "隔离区里有这个站码的报文，但由另一网关发来：用 `sensing quarantine accept` 接收，或把设备登记在该网关下",
    "en": "frames of this id wait in quarantine, sent by another principal: register the device under it (--principal), then accept",
}


def quarantine(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Native ids that nobody registered, with their frames and, when asked, what they may be. `lines`: readings of the newest frames."""
    limit, start = ask.number("limit", 1_000, 1, _MOST), ask.number("cursor", 0, 0, 1 << 40)
    chosen = Chosen(ask.text("adapter"), ask.query.get("match", ""))
    state = ask.choice("state", "open", "dropped")
    lines = ask.number("lines", 0, 0, 50)
    with desk.stores.take() as store, desk.logs.take() as log:
        every = [row for row in store.quarantine(state) if chosen.covers(row["adapter"], row["native"], row["principal"])]
        rows = keep_principals(desk, ask, every)
        items = [_dated(log, row) for row in rows[start : start + limit]]
        if ask.flag("guess"):
            items = [row | {"guess": _guess(desk, store, log, row, state)} for row in items]
        if lines:
            items = [row | _lines(desk, store, log, row, state, lines) for row in items]
    return page(items, str(start + limit) if len(rows) > start + limit else None, total=len(rows))


def _dated(log: SqliteLog, row: dict[str, Any]) -> dict[str, Any]:
    first, last = log.get(row["first"]), log.get(row["last"])
    return row | {
        "first_received": times.rfc3339(first.received) if first else None,
        "last_received": times.rfc3339(last.received) if last else None,
    }


def _samples(store: StoreReader, log: SqliteLog, row: Mapping[str, Any], state: str, first: int, last: int) -> list[Sample]:
    frames = (log.get(place) for place in store.held_places(row, state, first, last))
    return [Sample(frame.payload, frame.received, frame.source.topic) for frame in frames if frame is not None]


def _guess(desk: Desk, store: StoreReader, log: SqliteLog, row: Mapping[str, Any], state: str) -> Any:
    adapter = desk.adapters.get(row["adapter"])
    if adapter is None:
        return None
    return to_builtins(guess(row["native"], _samples(store, log, row, state, _FIRST, _LAST), adapter, desk.types))


def _lines(desk: Desk, store: StoreReader, log: SqliteLog, row: Mapping[str, Any], state: str, number: int) -> dict[str, Any]:
    adapter, newest = desk.adapters.get(row["adapter"]), log.get(row["last"])
    samples = _samples(store, log, row, state, 0, number)
    readings = tried(samples, adapter, {}, 0).readings if adapter else []
    said = [told(reading) for reading in readings if reading.native == row["native"]]
    return {"lines": said[-number:], "frame": told_frame(newest) if newest else None}


class Candidate(Struct):
    """One id to be taken in. device: what it is by now; form: what it would be registered as; problem: why it cannot be."""

    adapter: str
    native: str
    frames: int
    principals: list[str]
    device: Device | None = None
    form: DeviceForm | None = None
    problem: str = ""

    def told(self) -> dict[str, Any]:
        id_ = self.device.id if self.device else self.form.id if self.form else None
        kind = self.device.type if self.device else self.form.type if self.form else None
        known = self.device is not None
        return {"adapter": self.adapter, "native": self.native, "id": id_, "type": kind, "principals": self.principals,
                "frames": self.frames, "known": known, "problem": self.problem}  # fmt: skip


async def accept(desk: Desk, ask: Ask) -> Answer:
    """Register what stands in quarantine, unless it is registered already, and read its frames again. `match`: all ids of a pattern.

    `dry_run` tells what would be done. What was accepted before is no error: nothing new is found.
    """
    found, chosen, preview = await run_in_threadpool(_candidates, desk, ask)
    if preview:
        return Answer(page([each.told() for each in found], frames=sum(each.frames for each in found)))
    device = await run_in_threadpool(_register, desk, ask, found, chosen)
    args = {"adapter": chosen.adapter, "native": chosen.native, "principal": chosen.principal}
    answer = await give(desk, ask, "accept", args)
    told = [each.told() for each in found]
    more = (
        {"device": device} if chosen.named else {"devices": told[:1_000], "registered": sum(not each["known"] for each in told)}
    )
    return Answer(answer.data | more, answer.status)


def _candidates(desk: Desk, ask: Ask) -> tuple[list[Candidate], Chosen, bool]:
    """What is meant, what work is to be told, and whether this is a preview. Raises ValidationError, NotFoundError."""
    fields = {name: value for name, value in ask.fields().items() if value is not None}
    extra = {name: fields.pop(name, None) for name in _NOT_FORM}
    match, native, adapter = extra["match"], fields.get("native"), fields.get("adapter", "")
    if not isinstance(adapter, str) or not isinstance(match or native, str):
        raise ValidationError("adapter, native: they are needed", "`sensing quarantine list` shows adapter and native")
    if match is None and not is_pattern(str(native)):
        if not adapter:
            raise ValidationError("adapter: it is needed", "`sensing quarantine list` shows adapter and native")
        match = normal(adapter, str(native))
    chosen = Chosen(adapter, str(match or native), str(fields.get("principal") or ""))
    with desk.stores.take() as store:
        rows = [row for row in store.quarantine(beyond=True) if chosen.covers(row["adapter"], row["native"], row["principal"])]
    rows = keep_principals(desk, ask, rows)
    found: dict[tuple[str, str], Candidate] = {}
    for row in rows:
        one = found.setdefault((row["adapter"], row["native"]), Candidate(row["adapter"], row["native"], 0, []))
        one.frames += row["frames"]
        one.principals = sorted({*one.principals, row["principal"]})
    if not found and chosen.named and _registered(desk, adapter, chosen.named) is None:
        raise NotFoundError(f"{adapter} {chosen.named} is not in quarantine", "`sensing quarantine list` shows what is")
    if len(found) > _MOST:
        raise ValidationError(f"{len(found)} ids are meant", f"at most {_MOST} at once: a narrower pattern")
    candidates = [found[key] for key in sorted(found)]
    _fill(desk, ask, candidates, fields, extra["id_pattern"])
    return candidates, chosen, extra["dry_run"] is True


def _fill(desk: Desk, ask: Ask, found: Iterable[Candidate], fields: dict[str, Any], pattern: Any) -> None:
    """Say of each whether it is known, or what it would be."""
    plain = {name: value for name, value in fields.items() if name not in {"adapter", "native", "id"}}
    for one in found:
        one.device = _registered(desk, one.adapter, one.native)
        if one.device is not None:
            check_area(areas_of(ask), one.device.area, f"device {one.device.id}")
            continue
        if not fields.get("principal") and len(one.principals) > 1:
            one.problem = f"came by {', '.join(one.principals)}: say which (principal)"
            continue
        text = _id_of(one.native)
        id_ = str(pattern).replace("{native}", text) if pattern else fields.get("id") or text
        form = {"principal": one.principals[0], **plain, "adapter": one.adapter, "native": one.native, "id": id_}
        try:
            one.form = DeviceForm.read(form)
        except ValidationError as error:
            one.problem = str(error)


def _register(desk: Desk, ask: Ask, found: list[Candidate], chosen: Chosen) -> dict[str, Any] | None:
    """Register what is not known, all or none; returns what an exact id is. Raises UsageError, ValidationError, ConflictError."""
    bad = [one for one in found if one.problem]
    if bad and chosen.named:
        raise UsageError(f"{bad[0].native} {bad[0].problem}" if "came by" in bad[0].problem else bad[0].problem, "correct it")
    if bad:
        raise ValidationError(
            f"{bad[0].native}: {bad[0].problem}", f"{len(bad)} of {len(found)} ids cannot be taken in; nothing was"
        )
    forms = [one.form for one in found if one.form is not None]
    if len({form.id for form in forms}) < len(forms):
        raise ConflictError("several ids on the wire would be one device", "use {native} in the id pattern")
    if not chosen.named:
        desk.registry.register_devices(forms, actor=ask.actor)
        return None
    if forms:
        return told_registered(desk, desk.registry.register_device(forms[0], actor=ask.actor))
    device = found[0].device if found else _registered(desk, chosen.adapter, chosen.named)
    if device is None:
        raise NotFoundError(f"{chosen.named} is not there any more", "look again")
    return described(device)


def _registered(desk: Desk, adapter: str, native: str) -> Device | None:
    with desk.directories.take() as directory:
        directory.version()
        thing = directory.find(adapter, native)
    return desk.registry.show_device(thing.id) if thing else None


def _id_of(native: str) -> str:
    """An id here from an id on the wire."""
    return re.sub(r"[^a-z0-9-]+", "-", native.lower()).strip("-")[:64]


async def register(desk: Desk, ask: Ask) -> Answer:
    """Make a device known; its password is in this answer and never again. What it has sent before is read."""
    fields = ask.fields()
    label = fields.pop("label", None) or ""
    if not isinstance(label, str):
        raise ValidationError("label is not text", "give the 8 characters of a blank label, or leave it out")
    done = await run_in_threadpool(lambda: desk.registry.register_device(DeviceForm.read(fields), actor=ask.actor, label=label))
    told = await run_in_threadpool(told_registered, desk, done)
    return Answer(told | await claim(desk, ask, done.device), 201)


async def claim(desk: Desk, ask: Ask, device: Device) -> dict[str, Any]:
    """What a device that was registered just now has in quarantine is read; what others sent under its id is told. {} when there is none."""
    frames = await run_in_threadpool(_knocked, desk, device)
    if not frames:
        return {}
    mine = frames.pop(device.principal, 0)
    told: dict[str, Any] = {"frames": mine}
    if mine:
        args = {"adapter": device.adapter, "native": device.native, "principal": device.principal}
        answer = await give(desk, ask, "accept", args)
        told["command"] = answer.data
    if frames:
        told["others"] = {"frames": sum(frames.values()), "principals": sorted(frames), "hint": _HINT}
    return {"quarantine": told}


def _knocked(desk: Desk, device: Device) -> dict[str, int]:
    """Principal to the frames that wait of a device's native id."""
    try:
        with desk.stores.take() as store:
            rows = store.quarantine(beyond=True, adapter=device.adapter, native=device.native)
    except NotFoundError:  # nothing was ever stored here
        return {}
    found: dict[str, int] = {}
    for row in rows:
        found[row["principal"]] = found.get(row["principal"], 0) + row["frames"]
    return found


def claim_all(desk: Desk, ask: Ask) -> dict[str, Any] | None:
    """After an import: have work read whatever waits of devices that are registered now; None when nothing does. Does not wait for it."""
    try:
        with desk.stores.take() as store:
            rows = store.quarantine(beyond=True)
    except NotFoundError:
        return None
    with desk.directories.take() as directory:
        directory.version()
        ready = 0
        for row in rows:
            thing = directory.find(row["adapter"], row["native"])
            ready += row["frames"] if thing is not None and thing.owned_by(row["principal"]) else 0
    if not ready:
        return None
    identity = "x-" + new_token()[:16]
    desk.registry.record("command_given", identity, actor=ask.actor, details={"op": "accept", "native": "", "by": "import"})
    desk.publish({"id": identity, "op": "accept", "by": ask.actor.name, "at": times.now(), "args": {"adapter": "", "native": ""}})
    return {"frames": ready, "command": identity}
