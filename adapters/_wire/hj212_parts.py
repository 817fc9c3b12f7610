"""HJ 212 messages in several parts (PNUM, PNO): any order, duplicates, and what never came.

    CP=&&DataTime=..;a21026-Avg=4.2,a21026-Flag=N&&   CP=&&DataTime=..;a34013-Avg=8.8&&     stand by themselves
    CP=&&DataTime=..;a21026-Avg=4.2,a210&&            CP=&&26-Flag=N;a34013-Avg=8.8&&       are joined

Rules of this file
- A message is its MN, CN and QN. Devices cut between groups and state DataTime in each part, as the standard's examples do: such
  a part says what it says without the others, is read when it comes, and waits for nothing.
- Whether a cut is clean is seen on either side: data flag or `;` before it, or `DataTime=` behind it. Parts with any other cut between
  are read as one, once all are there; a part without a time waits for one that has it.
- A message waits `parts_timeout_s` (60) from its last new part by the door's stamp; then parts that still wait are missing_fragment.
  A part that came before is read again where it stands by itself; else it waits for nothing.
State is JSON: `groups` and `done`, by message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sensing.errors import DecodeError, Reason
from sensing.model import Context, JsonState, Micros, Rejection
from sensing.times import SECOND

from .hj212_fields import stated
from .hj212_frame import Telegram

TIMEOUT_S = 60.0
MOST_PARTS = 50
MOST_BYTES = 65_536
"""Of one message in parts that wait."""
MOST_GROUPS = 8
"""Messages in parts that one stream may have open."""
_FLAGGED = re.compile(r"(?:;|-E?Flag\s*=\s*\w{1,8})\s*\Z", re.IGNORECASE)


class Joined(NamedTuple):
    """What a part did. telegrams: what can be read now, each with the earlier frames that it also came in."""

    telegrams: list[tuple[Telegram, list[int]]]
    waiting: bool
    errors: list[Rejection]


def add(telegram: Telegram, context: Context, settings: Mapping[str, Any], state: JsonState, places: list[int]) -> Joined:
    """Take one part into `state`, which is changed. `places`: the frames its bytes came in, this one included."""
    if telegram.total > MOST_PARTS:
        raise DecodeError(Reason.TOO_LARGE, f"a message of {telegram.total} parts; {MOST_PARTS} are read")
    key = f"{telegram.mn}|{telegram.cn}|{telegram.qn}|{telegram.total}"
    groups, done = state.setdefault("groups", {}), state.setdefault("done", {})
    part, number, errors = _part(telegram), str(telegram.part), list[Rejection]()
    alone = part["starts"] and part["ends"] and bool(part["time"])
    if done.get(key, {}).get("crcs", {}).get(number) == telegram.crc:
        return Joined([(telegram, places)] if alone else [], waiting=False, errors=[])
    group = groups.get(key)
    known = group["parts"].get(number) if group else None
    if known and known["crc"] != telegram.crc:
        errors += _given_up(groups.pop(key), context.place)
        group = known = None
    if known:
        return Joined([(telegram, places)] if alone else [], waiting=False, errors=errors)
    if group is None:
        while len(groups) >= MOST_GROUPS:
            errors += _given_up(groups.pop(next(iter(groups))), context.place)
        group = groups[key] = {"total": telegram.total, "wait": _wait(settings), "parts": {}, "joined": False}
    group["parts"][number] = part
    group["last"] = context.received
    ready = [(telegram, places)] if alone else []
    if alone:
        part["text"] = None
    else:
        part["places"] = places
        group["joined"] = True
    if group["joined"]:
        ready += _ready(group, telegram)
    if group["joined"] and sum(len(each["text"] or "") for each in group["parts"].values()) > MOST_BYTES:
        errors += _given_up(
            groups.pop(key), context.place, Reason.TOO_LARGE, f"more than {MOST_BYTES} characters in parts that wait"
        )
        errors.append(Rejection(Reason.TOO_LARGE, f"more than {MOST_BYTES} characters in parts that wait"))
        return Joined(ready, waiting=False, errors=errors)
    if len(group["parts"]) == telegram.total:
        _finish(groups, done, key, context.received)
    return Joined(ready, part["text"] is not None, errors)


def _part(telegram: Telegram) -> dict[str, Any]:
    text = telegram.cp
    return {
        "crc": telegram.crc, "text": text, "places": [], "time": stated(text),
        "starts": telegram.part == 1 or text.lstrip().startswith(("DataTime", ";")),
        "ends": telegram.part == telegram.total or _FLAGGED.search(text[-40:]) is not None,
    }  # fmt: skip


def _wait(settings: Mapping[str, Any]) -> int:
    timeout = settings.get("parts_timeout_s", TIMEOUT_S)
    return int((timeout if isinstance(timeout, (int, float)) and 0 < timeout < 86_400 else TIMEOUT_S) * SECOND)


def _ready(group: dict[str, Any], telegram: Telegram) -> list[tuple[Telegram, list[int]]]:
    """Runs of parts between clean cuts that are whole and have a time; they are marked as read."""
    found, parts = list[tuple[Telegram, list[int]]](), group["parts"]
    runs = list(_runs(parts, group["total"]))
    for run in runs:  # a time that is itself cut in two rules the other runs as well
        if not any(parts[number]["time"] for number in run):
            parts[run[0]]["time"] = stated("".join(parts[number]["text"] or "" for number in run))
    for run in runs:
        unread = [number for number in run if parts[number]["text"] is not None]
        if not unread:
            continue
        text = "".join(parts[number]["text"] or "" for number in run)
        time = stated(text) or _time(parts, int(run[0]))
        if not time and len(parts) < group["total"]:
            continue
        cp = text if stated(text) or not time else f"DataTime={time};{text}"
        found.append((telegram._replace(cp=cp), [place for number in run for place in parts[number]["places"]]))
        for number in run:
            parts[number].update(text=None, places=[])
    return found


def _runs(parts: Mapping[str, Any], total: int) -> Iterator[list[str]]:
    """Neighbouring parts with a clean cut on either end and none between."""
    run: list[str] | None = None
    for at in sorted(map(int, parts)):
        number, before = str(at), parts.get(str(at - 1))
        if parts[number]["starts"] or (before and before["ends"]):
            run = []
        elif before is None:
            run = None
        if run is None:
            continue
        run.append(number)
        behind = parts.get(str(at + 1))
        if at == total or parts[number]["ends"] or (behind and behind["starts"]):
            yield run
            run = None


def _time(parts: Mapping[str, Any], at: int) -> str:
    """The time that rules part `at`: that of the nearest part before it, else of any behind it."""
    times = {int(number): part["time"] for number, part in parts.items() if part["time"]}
    nearest = max((number for number in times if number < at), default=min(times, default=0))
    return str(times.get(nearest, ""))


def _finish(groups: dict[str, Any], done: dict[str, Any], key: str, now: Micros) -> None:
    group = groups.pop(key)
    if group["joined"]:
        while len(done) >= MOST_GROUPS:
            del done[next(iter(done))]
        crcs = {number: part["crc"] for number, part in group["parts"].items()}
        done[key] = {"crcs": crcs, "until": now + group["wait"]}


def lapse(state: JsonState, now: Micros) -> list[Rejection]:
    """Give up what has waited too long; `state` is changed."""
    errors = list[Rejection]()
    for key, group in list(state.get("groups", {}).items()):
        if now >= group["last"] + group["wait"]:
            errors += _given_up(state["groups"].pop(key), None)
    for key, finished in list(state.get("done", {}).items()):
        if now >= finished["until"]:
            del state["done"][key]
    return errors


def deadlines(state: JsonState) -> Iterator[Micros]:
    """When `lapse` has something to do."""
    yield from (group["last"] + group["wait"] for group in state.get("groups", {}).values())
    yield from (finished["until"] for finished in state.get("done", {}).values())


def waiting(state: JsonState) -> set[int]:
    """Places of frames whose parts wait."""
    groups = state.get("groups", {}).values()
    return {place for group in groups for part in group["parts"].values() for place in part["places"]}


def _given_up(
    group: dict[str, Any], current: int | None, reason: Reason = Reason.MISSING_FRAGMENT, detail: str = ""
) -> list[Rejection]:
    """One rejection for each earlier frame that waited for a message that will not be whole."""
    parts, total = group["parts"], group["total"]
    missing = [str(number) for number in range(1, total + 1) if str(number) not in parts]
    why = detail or f"of {total} parts {', '.join(missing[:8])}{' ...' * (len(missing) > 8)} never came"
    places = sorted({place for part in parts.values() for place in part["places"]})
    return [Rejection(reason, why, place=place) for place in places if place != current]
