"""Messages of several packets (SL 651-2014, mode M3): any order, duplicates, and what is missing asked for again.

A group is the packets of one message, by station, function and number of packets; serial and time stand in packet 1 only.
It waits `m3_timeout_s` (60) from its last new packet by the door's stamp; a third and two thirds on, missing packets are
asked for (NAK). A packet that is there already waits for nothing; nor do those of a finished message that come again within
that time (echoes): the station missed our confirm, and gets it when they make the message again.
State is JSON: `groups` and `done`, by group key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from sensing.errors import Reason
from sensing.model import Context, JsonState, Micros, Rejection, Reply
from sensing.times import SECOND

from .sl651_codes import PICTURE
from .sl651_frame import NAK, Telegram
from .sl651_message import downlink

TIMEOUT_S = 60.0
ROUNDS = 2
"""NAK rounds before a message is given up."""
MOST_ASKED = 8
"""Missing packets asked for in one round."""
MOST_BYTES = 65_536
"""Of one message in packets; pictures are not kept, so theirs do not count."""
MOST_GROUPS = 8
"""Messages in packets that one stream may have open."""


class Joined(NamedTuple):
    """What a packet did. telegram: the whole message, None while packets are missing. settled: earlier frames that were part of it."""

    telegram: Telegram | None
    settled: list[int]
    waiting: bool
    replies: list[Reply]
    errors: list[Rejection]


def add(telegram: Telegram, context: Context, settings: Mapping[str, Any], state: JsonState, places: list[int]) -> Joined:
    """Take one packet into `state`, which is changed. `places`: the frames its bytes came in, this one included."""
    key = f"{telegram.station}|{telegram.function:02X}|{telegram.total}|{'A' if telegram.text else 'H'}"
    groups, done = state.setdefault("groups", {}), state.setdefault("done", {})
    errors: list[Rejection] = []
    group, seq = groups.get(key), str(telegram.seq)
    echo = done.get(key, {}).get("crcs", {}).get(seq) == telegram.crc
    if group and seq in group["parts"] and group["parts"][seq][0] != telegram.crc:
        errors += _given_up(groups.pop(key), context.place)
        group = None
    if group is None:
        while len(groups) >= MOST_GROUPS:
            errors += _given_up(groups.pop(next(iter(groups))), context.place)
        group = groups[key] = _open(telegram, settings, context.received, echo)
    group["echo"] = group["echo"] and echo
    new = seq not in group["parts"]
    if new:
        keep = b"" if telegram.function == PICTURE and telegram.seq > 1 else telegram.body
        group["parts"][seq] = [telegram.crc, keep.hex()]
        group["bytes"] += len(keep)
        group["last"], group["naks"] = context.received, 0
    if len(group["parts"]) == telegram.total:
        del groups[key]
        return _finish(key, group, telegram, context, done, errors, places)
    waits = new and not group["echo"]
    if waits:
        group["places"] += places
    if group["bytes"] > MOST_BYTES:
        errors += _given_up(groups.pop(key), context.place, Reason.TOO_LARGE, f"more than {MOST_BYTES} bytes in packets")
        errors.append(Rejection(Reason.TOO_LARGE, f"more than {MOST_BYTES} bytes in packets"))
        return Joined(None, [], False, [], errors)
    replies = _ask(group, context.received) if waits and telegram.seq == telegram.total else []
    return Joined(None, [], waits, replies, errors)


def _open(telegram: Telegram, settings: Mapping[str, Any], received: Micros, echo: bool) -> dict[str, Any]:
    timeout = settings.get("m3_timeout_s", TIMEOUT_S)
    return {
        "parts": {}, "places": [], "bytes": 0, "last": received, "naks": 0, "echo": echo,
        "wait": int(timeout * SECOND) if isinstance(timeout, (int, float)) and 0 < timeout < 86_400 else int(TIMEOUT_S * SECOND),
        "answered": settings.get("confirm") is not False,
        "head": [telegram.text, telegram.centre, telegram.station, telegram.password, telegram.function, telegram.total],
    }  # fmt: skip


def _finish(
    key: str,
    group: dict[str, Any],
    last: Telegram,
    context: Context,
    done: dict[str, Any],
    errors: list[Rejection],
    places: list[int],
) -> Joined:
    parts = group["parts"]
    body = b"".join(bytes.fromhex(parts[str(seq)][1]) for seq in range(1, last.total + 1))
    while len(done) >= MOST_GROUPS:
        del done[next(iter(done))]
    done[key] = {"crcs": {seq: part[0] for seq, part in parts.items()}, "until": context.received + group["wait"]}
    whole = Telegram(
        last.text,
        False,
        last.centre,
        last.station,
        last.password,
        last.function,
        body,
        last.end,
        last.crc,
        last.total,
        last.total,
    )
    settled = sorted({place for place in group["places"] + places if place != context.place})
    return Joined(whole, settled, False, [], errors)


def lapse(state: JsonState, now: Micros) -> tuple[list[Reply], list[Rejection]]:
    """Ask for what is missing and give up what has waited too long; `state` is changed."""
    replies, errors = list[Reply](), list[Rejection]()
    for key, group in list(state.get("groups", {}).items()):
        if now >= group["last"] + group["wait"]:
            errors += _given_up(state["groups"].pop(key), None)
        elif now >= _next(group):
            group["naks"] += 1
            replies += _ask(group, now)
    for key, finished in list(state.get("done", {}).items()):
        if now >= finished["until"]:
            del state["done"][key]
    return replies, errors


def deadlines(state: JsonState) -> Iterator[Micros]:
    """When `lapse` has something to do."""
    yield from (_next(group) for group in state.get("groups", {}).values())
    yield from (finished["until"] for finished in state.get("done", {}).values())


def waiting(state: JsonState) -> set[int]:
    """Places of frames whose packets wait."""
    return {place for group in state.get("groups", {}).values() for place in group["places"]}


def _next(group: dict[str, Any]) -> Micros:
    rounds = ROUNDS if group["echo"] else min(group["naks"], ROUNDS)
    return int(group["last"] + group["wait"] * (rounds + 1) // (ROUNDS + 1))


def _ask(group: dict[str, Any], received: Micros) -> list[Reply]:
    """A NAK for each missing packet; none to a station that wants no answers (M1)."""
    if not group["answered"] or group["echo"]:
        return []
    text, centre, station, password, function, total = group["head"]
    asked = Telegram(text, True, centre, station, password, function, b"", NAK, "", total)
    missing = [seq for seq in range(1, total + 1) if str(seq) not in group["parts"]][:MOST_ASKED]
    return [Reply(downlink(asked, _serial(group, text), received, NAK, seq)) for seq in missing]


def _serial(group: dict[str, Any], text: bool) -> str:
    """The message's serial, which stands in packet 1; 0000 while that is missing."""
    opening = bytes.fromhex(group["parts"].get("1", ["", ""])[1])
    serial = opening[:4].decode("latin-1") if text else opening[:2].hex().upper()
    return serial if len(serial) == 4 and serial.isalnum() and serial.isascii() else "0000"


def _given_up(
    group: dict[str, Any], current: int | None, reason: Reason = Reason.MISSING_FRAGMENT, detail: str = ""
) -> list[Rejection]:
    """One rejection for each earlier frame of a message that will not be whole."""
    places = [place for place in sorted(set(group["places"])) if place != current]
    if not places:
        return []
    total = group["head"][-1]
    missing = list(islice((str(seq) for seq in range(1, total + 1) if str(seq) not in group["parts"]), MOST_ASKED + 1))
    why = detail or f"of {total} packets {', '.join(missing[:MOST_ASKED])}{' ...' * (len(missing) > MOST_ASKED)} never came"
    return [Rejection(reason, why, place=place) for place in places]
