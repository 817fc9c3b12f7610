"""Events: pages of them, the newest first, one with its whole story, and what people say of one."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from sensing import times
from sensing.errors import NotFoundError, UsageError
from sensing.events import CLOSED, OPEN, STATES
from sensing.model import Micros
from sensing.store.event_reader import WantedEvents, told
from sensing.thresholds import SEVERITIES

from .answers import page
from .ask import Ask
from .desk import Desk
from .scope import check_device
from .selection import select

_PAGE = 100
_MOST = 1_000
_MOST_LOOKED_AT = 20_000
Key = tuple[Micros, str]


class AckEvent(BaseModel):
    """Somebody has seen an event and looks after it. `event` is its id; of one that was replaced, what took its place."""

    model_config = ConfigDict(extra="forbid")
    event: str
    note: str = Field("", max_length=500)


class CloseEvent(BaseModel):
    """Somebody says that an event is over, and why. It is open again when it rises above the severity that they saw."""

    model_config = ConfigDict(extra="forbid")
    event: str
    note: Annotated[str, Field(min_length=1, max_length=500)]


def events(desk: Desk, ask: Ask) -> dict[str, Any]:
    """A page of events. severity: that one or higher. state: open and closed ones when absent. from, to: those that stood then."""
    chosen = select(desk, ask)
    state = ask.choice("state", "", *STATES, "all")
    states = () if state == "all" else (state,) if state else (OPEN, CLOSED)
    severity = SEVERITIES.index(ask.choice("severity", *SEVERITIES))
    wanted = WantedEvents(
        chosen.wanted.devices, chosen.wanted.properties, ask.words("kind"), states, severity, chosen.wanted.runs, ask.instant("from"),
        ask.instant("to"),
    )  # fmt: skip
    limit, after = ask.number("limit", _PAGE, 1, _MOST), _key(ask.text("cursor"))
    items: list[dict[str, Any]] = []
    looked, more = 0, True
    while more and len(items) <= limit and looked < _MOST_LOOKED_AT:
        with desk.stores.take() as store:
            found = store.events(wanted, limit + 1, after)
        items += chosen.keep([told(each) for each in found])
        looked, more = looked + len(found), len(found) > limit
        after = (found[-1].start, found[-1].id) if found else after
    if len(items) > limit:
        last = items[limit - 1]
        return page(items[:limit], _cursor((times.parse_instant(last["start"]), last["id"])))
    return page(items, _cursor(after) if more and after else None)


def event(desk: Desk, ask: Ask) -> dict[str, Any]:
    """One event, withdrawn ones too."""
    identity = ask.path["id"]
    with desk.stores.take() as store:
        found = store.event(identity)
    if found is None:
        raise NotFoundError(f'event "{identity[:64]}" does not exist', "`sensing event list` shows them")
    check_device(desk, ask, found.device)
    return told(found)


def _cursor(key: Key) -> str:
    return f"{key[0]}.{key[1]}"


def _key(text: str) -> Key | None:
    if not text:
        return None
    start, _, identity = text.partition(".")
    if not (start.lstrip("-").isdecimal() and len(start) < 20 and identity.isalnum()):
        raise UsageError(f'cursor "{text[:60]}" is not a cursor', "give one as it came, or leave it out")
    return int(start), identity
