"""Events: pages of them, the newest first, one with its whole story, and what people say of one."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec.structs import replace
from pydantic import BaseModel, ConfigDict, Field

from sensing import times
from sensing.errors import NotFoundError, UsageError
from sensing.events import CLOSED, OPEN, STATES
from sensing.incidents.rules import shipped
from sensing.incidents.shape import summary
from sensing.incidents.story import Clock, story
from sensing.model import Micros
from sensing.store.event_reader import WantedEvents, told
from sensing.thresholds import SEVERITIES

from .answers import page
from .ask import Ask
from .desk import Desk
from .goods import laden
from .incidents import board, places, visible, with_incidents
from .scope import check_device
from .selection import Selection, select

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


class AssignEvent(BaseModel):
    """An event is somebody's task, until an instant (`due`)."""

    model_config = ConfigDict(extra="forbid")
    event: str
    to: Annotated[str, Field(min_length=1, max_length=64)]
    due: str | None = None
    note: str = Field("", max_length=500)


class EscalateEvent(BaseModel):
    """Somebody above must look after an event."""

    model_config = ConfigDict(extra="forbid")
    event: str
    note: str = Field("", max_length=500)


def events(desk: Desk, ask: Ask) -> dict[str, Any]:
    """A page of events. severity: that one or higher. state: open and closed ones when absent. from, to: those that stood then.

    assigned: those that are this person's task. changed: instead, events in the order of their last change after this one.
    """
    chosen = select(desk, ask)
    if ask.text("changed"):
        return _changes(desk, ask, chosen)
    state = ask.choice("state", "", *STATES, "all")
    states = () if state == "all" else (state,) if state else (OPEN, CLOSED)
    severity = SEVERITIES.index(ask.choice("severity", *SEVERITIES))
    wanted = WantedEvents(
        chosen.wanted.devices, chosen.wanted.properties, ask.words("kind"), states, severity, chosen.wanted.runs, ask.instant("from"),
        ask.instant("to"),
    )  # fmt: skip
    limit, after, person = ask.number("limit", _PAGE, 1, _MOST), _key(ask.text("cursor")), ask.text("assigned")
    items: list[dict[str, Any]] = []
    looked, more = 0, True
    while more and len(items) <= limit and looked < _MOST_LOOKED_AT:
        with desk.stores.take() as store:
            found = store.events(wanted, limit + 1, after)
            mine = [each for each in found if not person or each.marks.get("assigned", {}).get("to") == person]
            items += chosen.keep(with_incidents(desk, ask, store, mine))
        looked, more = looked + len(found), len(found) > limit
        after = (found[-1].start, found[-1].id) if found else after
    if len(items) > limit:
        last = items[limit - 1]
        return page(items[:limit], _cursor((times.parse_instant(last["start"]), last["id"])))
    return page(items, _cursor(after) if more and after else None)


def _changes(desk: Desk, ask: Ask, chosen: Selection) -> dict[str, Any]:
    """The feed of changes. `next` is the place from which the reader goes on, always given."""
    text = ask.text("changed")
    if not (text.isdecimal() and len(text) < 19):
        raise UsageError(f'changed "{text[:40]}" is not a number', "give 0, then `next` of each page")
    with desk.stores.take() as store:
        found = store.events_since(int(text), ask.number("limit", _PAGE, 1, _MOST), chosen.wanted.runs)
    devices, properties = chosen.wanted.devices, chosen.wanted.properties
    mine = [
        told(each)
        for each in found
        if each.device in (devices or (each.device,)) and each.property in (properties or (each.property,))
    ]
    return page(chosen.keep(mine), str(found[-1].changed) if found else text)


def event(desk: Desk, ask: Ask) -> dict[str, Any]:
    """One event, withdrawn ones too, with its incident, and its story in plain words."""
    identity = ask.path["id"]
    with desk.stores.take() as store:
        found = store.event(identity)
        if found is None:
            raise NotFoundError(f'event "{identity[:64]}" does not exist', "`sensing event list` shows them")
        check_device(desk, ask, found.device)
        whole = board(desk).of(store, [found]).get(found.id)
        part = visible(desk, ask, whole) if whole is not None else None
        place = places(desk, [found.device])[found.device]
        if part is not None:
            place = next((item.place for item in part.items if item.id == found.id), place)
        if not place.name:  # a ship says itself what it is called
            place = replace(place, name=store.ships().called(found.device, found.run))
        more = laden(store, found, place)
    words = told(found)
    about = summary(part, shipped()) if part is not None else None
    clock = Clock(desk.settings.timezone)
    return words | {"incident": about, "story": story(words, place, part, about["title"] if about else None, clock, more)}


def _cursor(key: Key) -> str:
    return f"{key[0]}.{key[1]}"


def _key(text: str) -> Key | None:
    if not text:
        return None
    start, _, identity = text.partition(".")
    if not (start.lstrip("-").isdecimal() and len(start) < 20 and identity.isalnum()):
        raise UsageError(f'cursor "{text[:60]}" is not a cursor', "give one as it came, or leave it out")
    return int(start), identity
