"""`device test`: does it connect, do its frames arrive, do they decode, are the values plausible, are they stored?

Each step is true, false with reason and remedy, or null while an earlier one is missing. It only reads: registry, log, store.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from sensing import times, topics
from sensing.model import Frame, Quality
from sensing.registry import Device
from sensing.store.reader import Wanted

from .ask import Ask
from .desk import Desk
from .remedies import CHECK, Words, dead_letter_remedy, quality_remedy, words

STEPS = ("connected", "arrived", "decoded", "plausible", "stored")
_SINCE = 10 * times.MINUTE
_MOST_PLACES = 500_000
"""Frames of the log looked through: a second's work at most."""
_MOST_FRAMES = 200
_MOST_ROWS = 500
_MOST_DEAD = 5_000
_FINE = (Quality.GOOD, Quality.NOT_EVALUATED)


class Seen(Struct):
    """What the files say of a device since a time. unbounded: the log was too long to be looked through whole."""

    device: Device
    frames: Sequence[Frame] = ()
    unbounded: bool = False
    dead: Sequence[dict[str, Any]] = ()
    unknown: Sequence[dict[str, Any]] = ()
    rows: Sequence[dict[str, Any]] = ()
    refused: Counter[str] = Counter()


def device_test(desk: Desk, ask: Ask) -> dict[str, Any]:
    """The checklist of one device since a time (default ten minutes). Raises NotFoundError."""
    device = desk.registry.show_device(ask.path["id"])
    since = ask.since()
    begin = times.now() - _SINCE if since is None else since
    seen = look(desk, device, begin)
    steps = judge(seen)
    return {
        "device": device.id, "since": times.rfc3339(begin), "passed": all(step["ok"] is True for step in steps), "steps": steps,
        "topic": topics.up(device.adapter, device.principal), "native": device.native, "principal": device.principal,
    }  # fmt: skip


def look(desk: Desk, device: Device, since: int) -> Seen:
    """Read what there is."""
    seen = Seen(device)
    with desk.logs.take() as log:
        first = log.place_at(since)
        after = max(first, log.head() - _MOST_PLACES)
        seen.unbounded = after > first
        seen.frames = log.recent(device.principal, after, _MOST_FRAMES)
        hour = since // times.HOUR
        seen.refused = Counter()
        for (at, _, principal, reason), number in log.refusals().items():
            if principal == device.principal and at >= hour:
                seen.refused[reason] += number
    with desk.stores.take() as store:
        letters = store.dead(None, "open", _MOST_DEAD, (first, 1 << 30))
        seen.dead = [letter for letter in letters if letter["principal"] == device.principal]
        seen.unknown = [row for row in store.quarantine() if row["principal"] == device.principal and row["last"] > first]
        wanted = Wanted(devices=[device.id], runs=None, served=False)
        seen.rows = store.follow(store.seq_at(since), _MOST_ROWS, wanted)
    return seen


def judge(seen: Seen) -> list[dict[str, Any]]:
    """The five steps. Pure."""
    verdicts = (_connected(seen), _arrived(seen), _decoded(seen), _plausible(seen), _stored(seen))
    return [{"step": name, **verdict} for name, verdict in zip(STEPS, verdicts, strict=True)]


def _step(ok: bool | None, reason: str = "", remedy: Words | None = None, **more: Any) -> dict[str, Any]:
    return {"ok": ok, "reason": reason, "remedy": remedy, **more}


def _data(seen: Seen) -> list[Frame]:
    return [frame for frame in seen.frames if frame.source.kind == "up" and frame.source.adapter == seen.device.adapter]


def _connected(seen: Seen) -> dict[str, Any]:
    if seen.frames or seen.rows:
        last = times.rfc3339(seen.frames[0].received) if seen.frames else seen.rows[-1]["received"]
        return _step(True, last=last)
    if seen.refused:
        return _refusal(seen, connected=True)
    if seen.unbounded:
        return _step(None, "unbounded", words(CHECK["unbounded"]))
    return _step(False, "silent", words(CHECK["silent"]))


def _refusal(seen: Seen, *, connected: bool) -> dict[str, Any]:
    reason, number = seen.refused.most_common(1)[0]
    return _step(connected, reason, dead_letter_remedy(reason), refused=number)


def _arrived(seen: Seen) -> dict[str, Any]:
    data = _data(seen)
    if data or seen.rows:
        return _step(True, frames=len(data))
    if seen.refused:
        return _refusal(seen, connected=False)
    if any(frame.source.kind == "up" for frame in seen.frames):
        topic = topics.up(seen.device.adapter, seen.device.principal)
        return _step(False, "other_adapter", words(CHECK["other_adapter"], topic=topic), topic=seen.frames[0].source.topic)
    if seen.frames:
        return _step(False, "status_only", words(CHECK["status_only"]))
    return _step(None, "waiting", words(CHECK["waiting"]))


def _decoded(seen: Seen) -> dict[str, Any]:
    if seen.dead:
        letter = seen.dead[-1]
        told = {"id": letter["id"], "detail": letter["detail"], "dead_letters": len(seen.dead)}
        return _step(False, letter["reason"], dead_letter_remedy(letter["reason"]), **told)
    if seen.rows:
        return _step(True)
    if seen.unknown:
        native = seen.unknown[0]["native"]
        return _step(False, "other_native", words(CHECK["other_native"], native=native), native=native)
    return _step(True) if _data(seen) else _step(None, "waiting", words(CHECK["waiting"]))


def _plausible(seen: Seen) -> dict[str, Any]:
    if not seen.rows:
        return _step(None, "waiting", words(CHECK["waiting"]))
    newest: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in seen.rows:
        newest[row["property"], row["statistic"], row["channel"]] = row
    bad = [row for row in newest.values() if row["quality"] not in _FINE]
    if not bad:
        return _step(True)
    worst = max(bad, key=lambda row: (row["quality"] == 4, row["time"]))
    told = {name: worst[name] for name in ("property", "result", "unit", "time", "quality")}
    return _step(False, worst["reason"], quality_remedy(worst["reason"]), **told)


def _stored(seen: Seen) -> dict[str, Any]:
    if seen.rows:
        last = seen.rows[-1]
        return _step(True, rows=len(seen.rows), last={name: last[name] for name in ("property", "result", "unit", "time")})
    if _data(seen) and not seen.dead and not seen.unknown:
        return _step(False, "no_values", words(CHECK["no_values"], native=seen.device.native))
    return _step(None, "waiting", words(CHECK["waiting"]))
