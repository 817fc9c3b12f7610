"""AIS messages in several sentences (IEC 61162-1, VDM): joined by channel, sequence number and total, in any order.

A message waits `WAIT_S` from its last new part by the door's stamp. A part that is there already waits for nothing; nor does
one of a message that was finished within that time, unless a message is open that lacks it: sequence numbers come round
within seconds in a busy port, and many ships send the same last part. When all parts of a finished message come again it is
read again, which changes nothing.
State is JSON: `groups` (open messages) and `done` (finished ones), by key.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sensing.errors import Reason
from sensing.model import JsonState, Micros, Rejection
from sensing.times import SECOND

from .nmea_stream import WAIT_S

MOST_GROUPS = 64
"""Open messages of one stream: 10 sequence numbers on 4 channels, and room."""
_WAIT = WAIT_S * SECOND


class Part(NamedTuple):
    """One sentence of a message: its number, armoured payload, fill bits, and the time of its tag block."""

    key: str
    total: int
    number: int
    payload: str
    fill: int
    time: Micros | None


class Joined(NamedTuple):
    """What a part did. whole: payload, fill bits, time; None while parts are missing. echo: it was there already."""

    whole: tuple[str, int, Micros | None] | None
    settled: list[int]
    errors: list[Rejection]
    echo: bool = False


def add(part: Part, received: Micros, place: int, state: JsonState) -> Joined:
    """Take one part into `state`, which is changed."""
    groups = state["groups"] = {**state.get("groups", {})}
    done = state["done"] = {**state.get("done", {})}
    errors, number, content = list[Rejection](), str(part.number), [part.payload, part.fill]
    group = groups.get(part.key)
    if group and group["parts"].get(number, content) != content:
        errors += _given_up(groups.pop(part.key), place, "another message took its number")
        group = None
    finished = done.get(part.key)
    if group is None and finished and finished["parts"].get(number) == content:
        return _again(part, finished, done, errors)
    if finished:
        done[part.key] = {**finished, "again": {}}
    if group and number in group["parts"]:
        return Joined(None, [], errors, echo=True)
    while group is None and len(groups) >= MOST_GROUPS:
        errors += _given_up(groups.pop(next(iter(groups))), place, f"more than {MOST_GROUPS} messages were open")
    came = finished["again"] if finished else {}  # parts that looked like echoes of the last message, and were this one's
    known = {at: finished["parts"][at] for at in came if at != number} if finished else {}
    old = group or {"total": part.total, "parts": known, "places": [], "time": None}
    time = part.time if old["time"] is None or (part.time is not None and part.number == 1) else old["time"]
    new = {**old, "parts": {**old["parts"], number: content}, "places": [*old["places"], place], "time": time, "last": received}
    if len(new["parts"]) < part.total:
        groups[part.key] = new
        return Joined(None, [], errors)
    groups.pop(part.key, None)
    done[part.key] = {"parts": new["parts"], "until": received + _WAIT, "again": {}}
    while len(done) > MOST_GROUPS:
        del done[next(iter(done))]
    return Joined(_whole(new["parts"], time), [one for one in new["places"] if one != place], errors)


def _again(part: Part, finished: dict[str, Any], done: dict[str, Any], errors: list[Rejection]) -> Joined:
    """A part of a finished message: the message once more when they are all there."""
    again = {**finished["again"], str(part.number): part.time}
    whole = len(again) == part.total
    done[part.key] = {**finished, "again": {} if whole else again}
    if not whole:
        return Joined(None, [], errors, echo=True)
    return Joined(_whole(finished["parts"], next((again[at] for at in sorted(again) if again[at] is not None), None)), [], errors)


def _whole(parts: dict[str, Any], time: Micros | None) -> tuple[str, int, Micros | None]:
    """Payload of all parts in order, the last one's fill bits, and the time."""
    total = len(parts)
    return "".join(parts[str(at)][0] for at in range(1, total + 1)), parts[str(total)][1], time


def lapse(state: JsonState, now: Micros) -> list[Rejection]:
    """Give up what has waited too long; `state` is changed."""
    errors = list[Rejection]()
    groups, done = state.get("groups", {}), state.get("done", {})
    late = [key for key, group in groups.items() if now >= group["last"] + _WAIT]
    over = [key for key, finished in done.items() if now >= finished["until"]]
    if late:
        state["groups"] = {key: group for key, group in groups.items() if key not in late}
        for key in late:
            errors += _given_up(groups[key], None, f"within {WAIT_S} s")
    if over:
        state["done"] = {key: finished for key, finished in done.items() if key not in over}
    return errors


def deadline(state: JsonState) -> Micros | None:
    """When `lapse` has something to do."""
    due = [group["last"] + _WAIT for group in state.get("groups", {}).values()]
    return min([*due, *(finished["until"] for finished in state.get("done", {}).values())], default=None)


def waiting(state: JsonState) -> set[int]:
    """The frames whose parts are waited for."""
    return set[int]().union(*(group["places"] for group in state.get("groups", {}).values()))


def _given_up(group: dict[str, Any], current: int | None, why: str) -> list[Rejection]:
    missing = [str(at) for at in range(1, group["total"] + 1) if str(at) not in group["parts"]]
    detail = f"part {', '.join(missing)} of {group['total']} never came: {why}"
    here = [Rejection(Reason.MISSING_FRAGMENT, detail)] if current is not None and current in group["places"] else []
    return here + [
        Rejection(Reason.MISSING_FRAGMENT, detail, place=one) for one in sorted(set(group["places"])) if one != current
    ]
