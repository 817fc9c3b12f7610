"""`redecode`, tried without doing it: frames of the log read with today's decoders and configuration, beside what is served.

A page is so many frames (`limit`), or as many as a request may look at; `more` says that there are further ones and `next` where.
A datastream's time is judged with the frame that its served row came from, and once; where several frames of a page tell it, the
one that would be served is compared.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from sensing import times
from sensing.errors import UsageError
from sensing.framelog.sqlite import SqliteLog
from sensing.ledger import HOUSE
from sensing.model import Frame
from sensing.observe import Observed
from sensing.store.annotations import Annotations
from sensing.store.reader import StoreReader, Wanted
from sensing.store.verdicts import NUMBERS, base

from .again import Again
from .answers import page
from .ask import Ask
from .desk import Desk
from .scope import check_principals

PAGE = 500
MOST = 5_000
_MOST_PLACES = 50_000
_MOST_S = 5.0
_MOST_ROWS = 500_000
_PARTS = 100
"""Frames beyond the limit that are read to finish a message in parts."""
_CHUNK = 500
_MARGIN = times.DAY
"""How far from what frames say today their stored rows are looked for: a wrong zone moves times by hours."""

Key = tuple[str, str, str, str, str, int]
"""(device, property, statistic, channel, run, time in microseconds)."""


class Chosen(Struct):
    """Which frames, and of which device only; "" is any."""

    adapter: str = ""
    principal: str = ""
    device: str = ""

    def covers(self, frame: Frame) -> bool:
        """Whether a redecode would read this frame."""
        source = frame.source
        return (
            source.kind == "up"
            and source.adapter not in HOUSE
            and self.adapter in ("", source.adapter)
            and self.principal in ("", source.principal)
        )


class Best(Struct):
    """What would be served for a key, of which frame."""

    order: tuple[int, int, int, int]
    one: Observed
    frame: int


class Today(Struct):
    """What a page's frames say today. judged: places whose stored rows must be among it. at: the last place looked at."""

    best: dict[Key, Best]
    judged: set[int]
    received: list[int]
    outcomes: dict[str, int]
    at: int
    frames: int = 0


def redecode(desk: Desk, ask: Ask) -> dict[str, Any]:
    """One page of the comparison. Raises NotFoundError for a device that is not there, UsageError."""
    chosen = choose(desk, ask.text("device"), ask.text("adapter"))
    check_principals(desk, ask, [chosen.principal])
    limit = ask.number("limit", PAGE, 1, MOST)
    with desk.logs.take() as log, desk.stores.take() as store, desk.directories.take() as directory:
        directory.version()
        start = log.place_at(ask.since() or 0)
        head = store.place()
        today = _read(Again(desk, log, store, directory), log, chosen, ask.number("cursor", start, 0, 1 << 62), head, limit)
        items, counts = _compare(store, chosen, today, start)
    more = today.at < head
    progress = {"from": start, "at": today.at, "to": head}
    return page(
        items,
        str(today.at) if more else None,
        counts=counts,
        frames=today.frames,
        outcomes=today.outcomes,
        more=more,
        progress=progress,
    )


def choose(desk: Desk, device: str, adapter: str) -> Chosen:
    """The frames that a device's readings come in, or all of an adapter. Raises NotFoundError, UsageError."""
    if adapter and adapter not in desk.adapters:
        raise UsageError(f'adapter "{adapter[:40]}" does not exist', f"there are {', '.join(desk.adapters)}")
    if not device:
        return Chosen(adapter)
    found = desk.registry.show_device(device)
    return Chosen(adapter or found.adapter, found.principal, device)


def _read(again: Again, log: SqliteLog, chosen: Chosen, after: int, head: int, limit: int) -> Today:
    """Read frames until the page is full; what is left over of a message in parts is not judged."""
    today = Today({}, set(), [], {}, after)
    waiting: set[str] = set()
    for frame in _frames(log, chosen, today, head):
        if today.frames >= limit + (_PARTS if waiting else 0):
            break
        today.frames += 1
        said = again.read(frame)
        today.outcomes[said.outcome] = today.outcomes.get(said.outcome, 0) + 1
        (waiting.add if said.waiting else waiting.discard)(frame.source.stream)
        if not said.waiting:
            today.judged.add(frame.place)
            today.received.append(frame.received)
        for reading, thing in said.pairs:
            if chosen.device not in ("", thing.id):
                continue
            for one in again.observed(frame, reading, thing):
                _keep(today, (thing.id, one.property, one.statistic, one.channel, frame.source.run, one.time), one, frame.place)
    return today


def _frames(log: SqliteLog, chosen: Chosen, today: Today, head: int) -> Iterator[Frame]:
    """Frames that are chosen, until the request has looked at enough; `today.at` follows what was taken or passed over."""
    begin = place = today.at
    deadline = time.monotonic() + _MOST_S
    while place < head and place - begin < _MOST_PLACES and time.monotonic() < deadline:
        frames = log.read(place, min(_CHUNK, head - place))
        if not frames:
            today.at = head
            return
        for frame in frames:
            if chosen.covers(frame):
                yield frame
            today.at = place = frame.place


def _keep(today: Today, key: Key, one: Observed, place: int) -> None:
    order = (one.generation, one.sent, one.rank, one.revision)
    found = today.best.get(key)
    if found is None or order > found.order:
        today.best[key] = Best(order, one, place)


def _compare(store: StoreReader, chosen: Chosen, today: Today, start: int) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Changed, new and gone rows, and how many of each."""
    counts = {"same": 0, "changed": 0, "new": 0, "gone": 0}
    served, noted = _served(store, chosen, today), Annotations.read(store.connection)
    items: list[dict[str, Any]] = []
    for key, best in today.best.items():
        row = served.get(key)
        if row is not None and row["frame"] not in today.judged and row["frame"] > start:
            continue  # it is judged with the frame that it came from
        change = "new" if row is None else "same" if _is_same(row, best.one, noted) else "changed"
        counts[change] += 1
        if change != "same":
            items.append(_item(change, key, row, best))
    for key, row in served.items():
        if key not in today.best and row["frame"] in today.judged:
            counts["gone"] += 1
            items.append(_item("gone", key, row, None))
    items.sort(key=lambda item: (item["device"], item["time"], item["property"], item["channel"]))
    return items, counts


def _served(store: StoreReader, chosen: Chosen, today: Today) -> dict[Key, dict[str, Any]]:
    """The served rows of the page's devices, from a day before what is said to a day after."""
    moments = [key[5] for key in today.best] + today.received
    if not moments:
        return {}
    devices: Sequence[str] = [chosen.device] if chosen.device else ()
    wanted = Wanted(devices=devices, runs=None, begin=min(moments) - _MARGIN, end=max(moments) + _MARGIN)
    rows = store.observations(wanted, _MOST_ROWS)
    return {_key(row): row for row in rows if row["frame"] in today.judged or _key(row) in today.best}


def _key(row: dict[str, Any]) -> Key:
    return row["device"], row["property"], row["statistic"], row["channel"], row["run"], row["time_us"]


def _is_same(row: dict[str, Any], one: Observed, noted: Annotations) -> bool:
    """Whether what is stored would not be written anew. What people and later checks say of a row stands over its first flag, which
    is compared; under a person's verdict it is not seen.
    """
    if row["revision"] != f"{one.revision:08x}":
        return False
    if noted.over(row["device"], row["property"], row["time_us"]) is not None:
        return True
    return base(row["quality"], NUMBERS[row["reason"]])[0] == one.quality


def _item(change: str, key: Key, row: dict[str, Any] | None, best: Best | None) -> dict[str, Any]:
    """Old and new: canonical results, or [lon, lat] of a position."""
    device, prop, statistic, channel, run, at = key
    one = best.one if best else None
    old = None if row is None else _value(row["result"], row.get("lon"), row.get("lat"))
    return {
        "change": change, "device": device, "property": prop, "statistic": statistic, "channel": channel, "run": run,
        "time": times.rfc3339(at), "old": old, "old_quality": row["quality"] if row else None,
        "new": _value(one.result, one.lon, one.lat) if one else None, "new_quality": int(one.quality) if one else None,
        "unit": one.unit if one else row["unit"] if row else "", "frame": best.frame if best else row["frame"] if row else None,
    }  # fmt: skip


def _value(result: float | None, lon: float | None, lat: float | None) -> float | list[float] | None:
    return [lon, lat] if result is None and lon is not None and lat is not None else result
