"""What is dated of a device, changed for the past: tried (old beside new), done (with the observations it bears on), told, taken back.

Registry first, then the command `reobserve`: whoever repeats an edit whose command was lost has the command given again.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from msgspec import Struct
from starlette.concurrency import run_in_threadpool

from sensing import derive, times
from sensing.decode import Decoder
from sensing.errors import ConflictError, ValidationError
from sensing.events import Episode, Machine, event_id, severity_word
from sensing.model import Micros, Quality, Thing
from sensing.ports import Directory
from sensing.registry import Device, DeviceChanges, described
from sensing.registry.dated import Edit, Span
from sensing.registry.history import Planned
from sensing.reobserve import Anew, Reobserver, Window, outcome
from sensing.rules import Rule
from sensing.store.revisions import Key, Revision
from sensing.watch import Watch

from .answers import Answer, page
from .ask import Ask
from .configured import moment, told_config
from .desk import Desk
from .explain import thing_of
from .orders import give

FIELDS = ("valid_from", "valid_to", "undo", "reobserve")
"""Of a body, beside those of the form."""
_ADDABLE = ("zero", "offset", "mount_height")
_MOST_S = 8.0
_SHOWN = 1_000
_EVER = 1 << 62


class Wish(Struct):
    """What a body asks for. since: None is now."""

    changes: DeviceChanges
    by: dict[str, float]
    since: Micros | None
    until: Micros | None
    undo: bool
    reobserve: bool


def wish(ask: Ask) -> Wish:
    """Read it. `"zero": "+0.35"` adds to what is there. Raises ValidationError."""
    fields = ask.fields()
    found = {name: fields.pop(name, None) for name in FIELDS}
    by = {name: _number(name, fields.pop(name)) for name in _ADDABLE if str(fields.get(name, "")).startswith("+")}
    if found["undo"] and (fields or by):
        raise ValidationError("undo goes with no other field", "take the last change back first, then make another")
    changes = DeviceChanges.read(fields)
    return Wish(
        changes, by, _instant("valid_from", found["valid_from"]), _instant("valid_to", found["valid_to"]), found["undo"] is True,
        found["reobserve"] is not False,
    )  # fmt: skip


def _number(name: str, text: Any) -> float:
    try:
        return float(str(text)[1:])
    except ValueError:
        raise ValidationError(f"{name} {text!r} is not +NUMBER", "write +0.35, or +-0.35 to take away") from None


def _instant(name: str, text: Any) -> Micros | None:
    if text is not None and not isinstance(text, str):
        raise ValidationError(f"{name} {text!r} is not a time", "write 2026-09-14T19:00:00Z")
    return times.parse_instant(text) if text else None


def _planned(desk: Desk, device_id: str, asked: Wish, now: Micros) -> Planned:
    if asked.undo:
        return desk.registry.planned_undo(device_id)
    edit = Edit.read(asked.changes, now if asked.since is None else asked.since, asked.until, asked.by)
    return desk.registry.planned(device_id, asked.changes, edit)


async def edit(desk: Desk, ask: Ask) -> Answer:
    """Change the fields given; `valid_from` and `valid_to` date zero, datum, unit, offset, mount height and period rule.

    What that bears on of the past is observed anew; `reobserve` tells what became of it.
    """
    device, span, generation = await run_in_threadpool(_edit, desk, ask)
    told = described(device)
    if span is None:
        return Answer(told)
    args = {
        "device": device.id, "adapter": device.adapter, "native": device.native, "begin": span.begin, "end": span.end,
        "generation": generation,
    }  # fmt: skip
    answer = await give(desk, ask, "reobserve", args)
    return Answer(told | {"reobserve": answer.data}, answer.status)


def _edit(desk: Desk, ask: Ask) -> tuple[Device, Span | None, int]:
    """Make the change; returns the device, the span to observe anew, and the first generation of the change."""
    asked, now, device_id = wish(ask), times.now(), ask.path["id"]
    planned = _planned(desk, device_id, asked, now)
    if asked.undo:
        device = desk.registry.undo_edit(device_id, actor=ask.actor)
    else:
        device = desk.registry.edit_device(
            device_id, asked.changes, actor=ask.actor, valid_from=asked.since, valid_to=asked.until, by=asked.by
        )
    span = planned.span
    if span is None and asked.since is not None and not planned.added and (asked.by or asked.changes.model_fields_set):
        span = Span(asked.since, asked.until)  # said once more: whatever is not done of it yet
    past = asked.reobserve and span is not None and span.begin < now and device.state == "active"
    return device, span if past else None, planned.added[0].generation if planned.added else device.config.generation


def history(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Every dated configuration of a device, in the order in which they were made, with what they changed."""
    device_id = ask.path["id"]
    with desk.stores.take() as store:
        done = store.commands("reobserve", device_id)
    counts: dict[int, dict[str, Any]] = {}
    for each in done:
        counts.setdefault(int(each.get("generation") or 0), {}).update(each.get("reobserved") or {})
    return page(
        [told_config(one) | {"reobserved": counts.get(one.config.generation)} for one in desk.registry.history(device_id)]
    )


class _Supposed:
    """A directory in which one thing is as it would be."""

    def __init__(self, directory: Directory, thing: Thing) -> None:
        self._directory, self._thing = directory, thing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._directory, name)

    def find(self, adapter: str, native: str, at: Micros | None = None) -> Thing | None:
        found = self._directory.find(adapter, native, at)
        return self._thing if found is not None and found.id == self._thing.id else found


def preview(desk: Desk, ask: Ask) -> dict[str, Any]:
    """What an edit would change: old beside new, how many, events. A page is what a few seconds allow; `next` goes on."""
    asked, now = wish(ask), times.now()
    planned = _planned(desk, ask.path["id"], asked, now)
    device = replace(planned.device, configs=planned.configs)
    told: dict[str, Any] = {"device": device.id, "configurations": _added(planned), "from": None, "to": None}
    counts = dict.fromkeys(("changed", "same", "kept", "from_frame", "from_row", "frames"), 0)
    span = planned.span
    if span is None or span.begin >= now:
        return page([], None, **told, counts=counts, events=[], first=None, last=None)
    cursor = ask.number("cursor", span.begin, -_EVER, _EVER)
    thing = thing_of(desk, device)
    items: list[dict[str, Any]] = []
    curves = _Curves(thing)
    following: int | None = None
    deadline = time.monotonic() + _MOST_S
    with desk.logs.take() as log, desk.stores.take() as store, desk.directories.take() as directory:
        directory.version()
        supposed: Any = _Supposed(directory, thing)
        again = Reobserver(log, Decoder(desk.adapters, supposed), supposed, int(desk.settings.work.clock_ahead_s * times.SECOND))
        edition = store.edition(thing.id)
        curves.before(store.revisions(thing.id, cursor - times.DAY, cursor))
        for window in again.windows(store, thing, edition, cursor, _EVER if span.end is None else span.end):
            items += list(_window(window, counts, curves))
            if time.monotonic() > deadline:
                following = window.end
                break
    moments = [item["time"] for item in items]
    told |= {"from": moment(span.begin), "to": moment(span.end)}
    return page(
        items[: ask.number("limit", _SHOWN, 0, 100_000)], None if following is None else str(following), **told, counts=counts,
        events=curves.told(), first=min(moments, default=None), last=max(moments, default=None),
    )  # fmt: skip


def _added(planned: Planned) -> list[dict[str, Any]]:
    return [
        {
            "generation": one.generation, "valid_from": moment(one.valid_from), "zero": one.zero, "offset": one.offset,
            "mount_height": one.mount_height, "datum": one.datum, "unit": dict(one.units), "period_rule": one.period_rule,
        }
        for one in planned.added
    ]  # fmt: skip


def _window(window: Window, counts: dict[str, int], curves: _Curves) -> Iterator[dict[str, Any]]:
    best, served, changed = outcome(window)
    counts["changed"] += changed
    counts["same"] += len(best) - changed
    for each in window.made:
        counts["from_" + each.how] += 1
    counts["kept"] += window.kept
    counts["frames"] += window.frames
    curves.add(served, best)
    for key, each in sorted(best.items(), key=lambda pair: (pair[0][4], pair[0])):
        old = served.get(key)
        if old is None or (old.result, old.quality) != (each.one.result, each.one.quality):
            yield _item(key, old, each)


def _item(key: Key, old: Revision | None, each: Anew) -> dict[str, Any]:
    prop, statistic, channel, run, at = key
    return {
        "property": prop, "statistic": statistic, "channel": channel, "run": run, "time": times.rfc3339(at),
        "old": old.result if old else None, "old_quality": old.quality if old else None, "new": each.one.result,
        "new_quality": int(each.one.quality), "unit": old.unit if old else each.one.unit, "how": each.how, "frame": each.place,
    }  # fmt: skip


Points = dict[Micros, float]


class _Curves:
    """The watched series of a preview, as they are and as they would be: which events would differ."""

    def __init__(self, thing: Thing) -> None:
        self._thing, self._watch = thing, Watch()
        self._old: dict[tuple[str, str, str, str], Points] = {}
        self._new: dict[tuple[str, str, str, str], Points] = {}

    def before(self, revisions: Iterable[Revision]) -> None:
        """What went before the span, alike in both."""
        self.add({one.key: one for one in revisions if one.served}, {})

    def add(self, served: Mapping[Key, Revision], best: Mapping[Key, Anew]) -> None:
        for key in {*served, *best}:
            series, at = key[:4], key[4]
            if self._watch.over(self._thing, *series[:3]) is None:
                continue
            was, anew = served.get(key), best.get(key)
            if was is not None and was.result is not None and was.quality == Quality.GOOD:
                self._old.setdefault(series, {})[at] = was.result
                if anew is None:
                    self._new.setdefault(series, {})[at] = was.result
            if anew is not None and anew.one.result is not None and anew.one.quality == Quality.GOOD:
                self._new.setdefault(series, {})[at] = anew.one.result

    def told(self) -> list[dict[str, Any]]:
        """Events that there would be no more, or newly, or otherwise."""
        found = []
        for series in sorted({*self._old, *self._new}):
            watched = self._watch.over(self._thing, *series[:3])
            for rule in watched.rules if watched else ():
                old, new = (_episodes(rule, curve.get(series, {})) for curve in (self._old, self._new))
                for start in sorted({*old, *new}):
                    was, will = old.get(start), new.get(start)
                    if was != will:
                        change = "new" if was is None else "gone" if will is None else "changed"
                        found.append(self._event(series, rule, change, will or was))
        return found

    def _event(self, series: tuple[str, str, str, str], rule: Rule, change: str, episode: Episode | None) -> dict[str, Any]:
        if episode is None:
            raise ConflictError("an event of nothing", "this is a fault of the program")
        prop, statistic, channel, run = series
        return {
            "change": change, "kind": rule.kind, "id": event_id(rule.kind, self._thing.id, statistic, channel, run, episode.start),
            "property": prop, "start": times.rfc3339(episode.start), "end": moment(episode.end),
            "severity": severity_word(episode.severity), "peak": derive.shown(rule, episode.peak),
        }  # fmt: skip


def _episodes(rule: Rule, points: Points) -> dict[Micros, Episode]:
    machine, found, moments = Machine(), dict[Micros, Episode](), sorted(points)
    values = [points[at] for at in moments]
    for at in range(len(moments)):
        episode = derive.step(machine, rule, moments, values, at)
        if episode is not None:
            found[episode.start] = episode
    return found
