"""Blank labels over HTTP: made in batches at the office, printed as sheets, revoked; a registration names the one that it uses."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from sensing import labels, times
from sensing.errors import NotFoundError, UsageError, ValidationError
from sensing.registry import DeviceForm
from sensing.registry.blanks import LASTS, STATES, Blank

from .answers import Answer, page
from .ask import Ask
from .desk import Desk
from .printed import file, public_base

_PAGE, _MOST = 1_000, 1_200


class NewLabels(BaseModel):
    """count: how many, 24 fill a sheet. lasts: how long they may be stuck on, a duration; a year when left out. note: printed on each."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    count: Annotated[int, Field(ge=1, le=_MOST)] = 24
    lasts: str = ""
    note: Annotated[str, Field(max_length=200)] = ""


class Registration(DeviceForm):
    """A device as the form has it. label: the code of a blank label that sticks on it."""

    label: Annotated[str, Field(max_length=40)] = ""


def listed(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Blank labels, the newest first, with what became of each."""
    limit, state = ask.number("limit", _PAGE, 1, _MOST), ask.text("state")
    if state and state not in STATES:
        raise UsageError(f'state "{state[:20]}" is none of a label', f"write {', '.join(STATES)}")
    found = desk.registry.list_blanks(batch=ask.text("batch"), state=state, after=ask.text("cursor"), limit=limit + 1)
    return page([_told(each) for each in found[:limit]], found[limit - 1].code if len(found) > limit else None)


def make(desk: Desk, ask: Ask) -> Answer:
    """A batch of blank labels: codes that no device has, each for one device."""
    asked = ask.form(NewLabels)
    lasts = times.parse_duration(asked.lasts) if asked.lasts else LASTS
    found = desk.registry.make_blanks(asked.count, lasts=lasts, note=asked.note.strip(), actor=ask.actor)
    return Answer({"batch": found[0].batch, "items": [_told(each) for each in found]}, 201)


def revoke(desk: Desk, ask: Ask) -> dict[str, Any]:
    """End the free labels of a batch, or one by its code: nothing can be registered with them."""
    which = ask.fields().get("which")
    if not isinstance(which, str) or not which.strip():
        raise ValidationError("which is needed", 'send {"which": "b-1a2b3c4d"}, or a code')
    return {"which": which, "revoked": desk.registry.revoke_blanks(which.strip(), actor=ask.actor)}


def sheet(desk: Desk, ask: Ask) -> Response:
    """The free labels of a batch to print: A4 PDF, 3 x 8 of 70 x 37 mm. Raises NotFoundError."""
    batch = ask.text("batch")
    if not batch:
        raise UsageError("which batch?", "batch=b-1a2b3c4d, as the list of labels says")
    found = desk.registry.list_blanks(batch=batch, state="free", limit=_MOST)
    if not found:
        raise NotFoundError(f'batch "{batch[:64]}" has no free label', "`sensing label list` shows them")
    base = public_base(desk)
    made = [
        labels.Label(
            each.code, each.note or "________________", f"≤ {times.rfc3339(each.ends)[:10]}", labels.url(base, each.code)
        )
        for each in reversed(found)
    ]
    return file(labels.sheet(made, ask.number("skip", 0, 0, labels.COLUMNS * labels.ROWS - 1)), "application/pdf", f"{batch}.pdf")


def told_blank(desk: Desk, code: str) -> dict[str, Any]:
    """`{"blank": ...}` of a code that was printed as a blank label; {} for any other."""
    found = desk.registry.find_blank(code)
    return {"blank": _told(found)} if found else {}


def _told(each: Blank) -> dict[str, Any]:
    return {
        "code": each.code, "batch": each.batch, "note": each.note, "state": each.state, "device": each.thing or None,
        "made": times.rfc3339(each.made), "by": each.by, "ends": times.rfc3339(each.ends),
        "used": times.rfc3339(each.used) if each.used else None,
    }  # fmt: skip
