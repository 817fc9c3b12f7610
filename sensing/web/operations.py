"""What operators look after: the ledger, dead letters and their frames."""

from __future__ import annotations

from typing import Any

from sensing import ledger as books
from sensing import times
from sensing.errors import NotFoundError, UsageError
from sensing.framelog.sqlite import SqliteLog
from sensing.model import Frame
from sensing.store.reader import StoreReader

from .again import Again, annotated
from .answers import page
from .ask import Ask
from .desk import Desk
from .remedies import dead_letter_remedy
from .scope import areas_of, check_principals, keep_principals

_MOST_LOOKED_AT = 20_000
"""Dead letters looked through for those that one who is bound to areas may see."""


def ledger(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Where every frame and reading went; `refused` counts publishes that were never frames."""
    by, since = ask.choice("by", "", "device", "hour", "adapter", "principal"), ask.since()
    with desk.stores.take() as store, desk.logs.take() as log:
        answer = store.ledger(by, since)
        refusals = log.refusals()
    refused: dict[str, int] = {}
    for (hour, adapter, principal, _), number in refusals.items():
        if since is None or hour >= since // times.HOUR:
            key = {"hour": times.rfc3339(hour * times.HOUR), "adapter": adapter}.get(by, principal)
            refused[key] = refused.get(key, 0) + number
    answer["refused"] = sum(refused.values())
    if by:
        known = {row[by] for row in answer["rows"]}
        answer["rows"] += [{by: key, **books.total(()), "balanced": True} for key in sorted(refused.keys() - known)]
        answer["rows"] = [row | {"refused": refused.get(row[by], 0)} for row in answer["rows"]]
    return answer


def dead_letters(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Frames, or parts of them, that could not be read, in order of their place in the log."""
    limit = ask.number("limit", 100, 1, 1_000 if ask.flag("again") else 10_000)
    reason = ask.text("reason") or None
    state = ask.choice("state", "open", "done")
    with desk.stores.take() as store, desk.logs.take() as log:
        after = place_part(ask.text("cursor"), "cursor") if ask.text("cursor") else (0, -1)
        if areas_of(ask):
            found = keep_principals(desk, ask, store.dead(reason, state, _MOST_LOOKED_AT, after))[: limit + 1]
        else:
            found = store.dead(reason, state, limit + 1, after)
        items = [letter | {"received": _received(log, letter["place"])} for letter in found[:limit]]
        counts = None if areas_of(ask) else store.dead_counts()
        if ask.flag("again"):
            items = _tried(desk, log, store, items)
    return page(items, items[-1]["id"] if len(found) > limit else None, counts=counts)


def _tried(desk: Desk, log: SqliteLog, store: StoreReader, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each letter with what would become of its frame if it were redriven now, and the reason that would still hold it."""
    with desk.directories.take() as directory:
        directory.version()
        again = Again(desk, log, store, directory)
        said: dict[int, tuple[str, str | None]] = {}
        for place in sorted({letter["place"] for letter in items}):
            found = log.get(place)
            read = again.read(found) if found else None
            errors = read.errors if read else ()
            said[place] = (read.outcome if read else "gone", str(errors[0].reason) if errors else None)
    return [letter | dict(zip(("becomes", "still"), said[letter["place"]], strict=True)) for letter in items]


def dead_letter(desk: Desk, ask: Ask) -> dict[str, Any]:
    """One dead letter with the bytes of its frame, what each of them is, and where they went wrong."""
    place, part = place_part(ask.path["id"], "id")
    with desk.stores.take() as store, desk.logs.take() as log:
        found = [each for state in ("open", "done") for each in store.dead(None, state, 1, (place, part - 1))]
        letter = next((each for each in found if (each["place"], each["part"]) == (place, part)), None)
        if letter is None:
            raise NotFoundError(f'dead letter "{place}.{part}" does not exist', "`sensing dlq list` shows them")
        check_principals(desk, ask, [letter["principal"]])
        frame = log.get(place)
        spans = None
        if frame is not None:
            with desk.directories.take() as directory:
                directory.version()
                spans = annotated(desk, directory, frame)
    return (
        letter
        | {"remedy": dead_letter_remedy(letter["reason"])}
        | {"frame": told_frame(frame) if frame else None, "spans": spans}
    )


def frame(desk: Desk, ask: Ask) -> dict[str, Any]:
    """One frame of the log with its bytes."""
    text = ask.path["place"]
    place = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
    with desk.logs.take() as log:
        found = log.get(place)
        if found is None:
            raise NotFoundError(f'frame "{text}" is not in the log', f"it has {log.tail()} to {log.head()}")
    check_principals(desk, ask, [found.source.principal])
    return told_frame(found)


def told_frame(found: Frame) -> dict[str, Any]:
    """A frame in JSON. text: its bytes as UTF-8 when they are, else null."""
    source = found.source
    return {
        "place": found.place, "received": times.rfc3339(found.received), "adapter": source.adapter, "principal": source.principal,
        "topic": source.topic, "kind": source.kind, "origin": source.origin, "run": source.run, "duplicate": found.duplicate,
        "size": len(found.payload), "hex": found.payload.hex(), "text": _text(found.payload),
    }  # fmt: skip


def _text(payload: bytes) -> str | None:
    try:
        return payload.decode()
    except UnicodeDecodeError:
        return None


def _received(log: SqliteLog, place: int) -> str | None:
    found = log.get(place)
    return times.rfc3339(found.received) if found else None


def place_part(text: str, name: str) -> tuple[int, int]:
    """Place and part of what is written `PLACE.PART`. Raises UsageError."""
    place, _, part = text.partition(".")
    part = part or "0"
    if not all(each.isascii() and each.isdigit() and len(each) < 19 for each in (place, part)):
        raise UsageError(f'{name} "{text[:40]}" is not PLACE.PART', "`sensing dlq list` shows them")
    return int(place), int(part)
