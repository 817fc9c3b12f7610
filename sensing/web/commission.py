"""Commissioning records over HTTP: made of what the service itself sees, never of what a client claims to have seen."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from sensing import times
from sensing.registry import Device, described
from sensing.registry.commissions import Record, keep, records

from .answers import Answer, page
from .ask import Ask
from .checklist import proven, stored_rows
from .desk import Desk
from .doubts import measured

FORMAT = "sensing-commission/1"
_FIRST = 10
_FRESH = times.DAY


def _printable(text: str) -> str:
    if not all(sign.isprintable() or sign == "\n" for sign in text):
        raise ValueError("has control characters")
    return text


Text = Annotated[str, Field(max_length=2_000), AfterValidator(_printable)]


class Photo(BaseModel):
    """A picture that stays where it is: its path as the engineer names it, and what proves that it is the same."""

    model_config = ConfigDict(extra="forbid")

    path: Text
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    size: Annotated[int, Field(ge=0)]


class Form(BaseModel):
    """What a person adds to what the service sees. dip: measured by hand, in the property's unit."""

    model_config = ConfigDict(extra="forbid")

    by: Text = ""
    dip: Annotated[float | None, Field(allow_inf_nan=False)] = None
    photo: Photo | None = None
    note: Text = ""
    since: str | None = None


def make(desk: Desk, ask: Ask) -> Answer:
    """Keep a record: checklist, first stored values, dip test against the measured value, configuration in force."""
    form = ask.form(Form)
    device = desk.registry.show_device(ask.path["id"])
    now = times.now()
    since = times.since(form.since, now) if form.since else _begin(device, now)
    checklist = proven(desk, device.id, since, form.dip, ask.actor.areas)
    with desk.stores.take() as store:
        rows = stored_rows(store, device.id, since)
    kind = desk.types.get(device.type)
    tree = {
        "format": FORMAT,
        "at": times.rfc3339(now),
        "by": form.by or ask.actor.name,
        "account": ask.actor.name,
        "device": described(device),
        "type": {"id": device.type, "name_zh": kind.name_zh if kind else "", "name_en": kind.name_en if kind else ""},
        "checklist": checklist,
        "first": [_told(row) for row in rows[:_FIRST]],
        "config": _config(device, now),
        "dip": None if form.dip is None else _dip(form.dip, measured(rows)),
        "photo": form.photo.model_dump() if form.photo else None,
        "note": form.note,
    }
    return Answer(told(keep(desk.registry.database, device.id, tree, str(tree["by"]), actor=ask.actor)), 201)


def listed(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Records of a device, newest first; `whole` says whether nobody has touched one."""
    return page([told(record) for record in records(desk.registry.database, ask.path["id"])])


def told(record: Record) -> dict[str, Any]:
    """A record as the API gives it."""
    return {
        "id": record.id, "device": record.thing, "at": times.rfc3339(record.at), "by": record.by, "sha256": record.sha256,
        "whole": record.whole, "document": json.loads(record.document),
    }  # fmt: skip


def _begin(device: Device, now: int) -> int:
    """A device that was registered within a day is proven since then, an older one within the last hour."""
    return device.created if now - device.created < _FRESH else now - times.HOUR


def _told(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: row[name]
        for name in ("property", "statistic", "channel", "time", "received", "result", "unit", "quality", "origin")
    }


def _config(device: Device, now: int) -> dict[str, Any]:
    """The configuration in force."""
    found = next((each for each in reversed(device.configs) if each.valid_from <= now), device.configs[0])
    return {
        "generation": found.generation, "valid_from": times.rfc3339(found.valid_from), "zero": found.zero, "offset": found.offset,
        "mount_height": found.mount_height, "datum": found.datum, "unit": dict(found.units), "period_rule": found.period_rule,
    }  # fmt: skip


def _dip(value: float, row: Any) -> dict[str, Any]:
    if row is None:
        return {"value": value, "property": None, "measured": None, "unit": None, "time": None, "difference": None}
    return {
        "value": value, "property": row["property"], "measured": row["result"], "unit": row["unit"], "time": row["time"],
        "difference": round(row["result"] - value, 6),
    }  # fmt: skip
