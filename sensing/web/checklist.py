"""`device test`: does it connect, do its frames arrive, do they decode, are the values plausible, are they stored?

Each step is true, false with reason and remedy, or null while an earlier one is missing; `warnings` beside it do not fail it. What is
wrong with place, name and number shows at once, before anything came. It only reads: registry, log, store.

Stored is true for one thing only: a row of this device that is committed and whose frame was received after `since`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import isfinite, nan
from typing import Any

import msgspec
from msgspec import Struct

from sensing import times, topics
from sensing.errors import UsageError
from sensing.model import Frame
from sensing.registry import Device
from sensing.store.reader import StoreReader, Wanted
from sensing.things import ThingType

from . import doubts, place_doubts
from .ask import Ask
from .desk import Desk
from .doubts import Doubt
from .remedies import CHECK, Words, dead_letter_remedy, words
from .scope import areas_of

STEPS = ("connected", "arrived", "decoded", "plausible", "stored")
_SINCE = 10 * times.MINUTE
_MOST_PLACES = 500_000
"""Frames of the log looked through: a second's work at most."""
_MOST_FRAMES = 200
_PAGE_ROWS = 2_000
_MOST_ROWS = 20_000
_MOST_DEAD = 5_000
_LORAWAN_LOGS = {"UPLINK_MIC": "lorawan_key", "OTAA": "lorawan_join", "UPLINK_CODEC": "lorawan_codec"}
"""What ChirpStack's log events name by code (api/integration.proto, LogCode), and what it means for who stands before the device."""
_RADIO = frozenset(("signal_strength", "lorawan_snr", "lorawan_margin"))


class Seen(Struct):
    """What the files say of a device since a time. unbounded: the log was too long to be looked through whole.

    refused: publishes that the door refused, by reason. knocked: connects that it refused, `bad_credentials` of this principal and
    `unknown_user` of anybody. repeated: readings that were stored before. odd: doubts about values and place; named: about names.
    """

    device: Device
    frames: Sequence[Frame] = ()
    unbounded: bool = False
    dead: Sequence[dict[str, Any]] = ()
    unknown: Sequence[dict[str, Any]] = ()
    rows: Sequence[dict[str, Any]] = ()
    refused: Counter[str] = Counter()
    knocked: Counter[str] = Counter()
    repeated: int = 0
    odd: Sequence[Doubt] = ()
    named: Sequence[Doubt] = ()


def device_test(desk: Desk, ask: Ask) -> dict[str, Any]:
    """The checklist of one device since a time (default ten minutes). Raises NotFoundError, UsageError."""
    since, dip = ask.since(), decimal(ask.text("dip"), "dip")
    return proven(desk, ask.path["id"], times.now() - _SINCE if since is None else since, dip, areas_of(ask))


def decimal(text: str, name: str) -> float | None:
    """A number such as 3.42; None for no text. Raises UsageError."""
    try:
        number = float(text) if text else None
    except ValueError:
        number = nan
    if number is not None and not isfinite(number):
        raise UsageError(f'{name} "{text[:40]}" is not a number', "write 3.42, in the property's own unit")
    return number


def proven(desk: Desk, device_id: str, since: int, dip: float | None = None, areas: Sequence[str] = ()) -> dict[str, Any]:
    """The checklist as `device test -o json` prints it. dip: what a hand measured, in the property's unit. Raises NotFoundError."""
    device = desk.registry.show_device(device_id)
    seen = look(desk, device, since, dip, areas)
    steps = judge(seen)
    return {
        "device": device.id, "since": times.rfc3339(since), "passed": all(step["ok"] is True for step in steps), "steps": steps,
        "topic": topics.up(device.adapter, device.principal), "native": device.native, "principal": device.principal,
    }  # fmt: skip


def look(desk: Desk, device: Device, since: int, dip: float | None = None, areas: Sequence[str] = ()) -> Seen:
    """Read what there is."""
    seen = Seen(device)
    hour = since // times.HOUR
    with desk.logs.take() as log:
        first = log.place_at(since)
        after = max(first, log.head() - _MOST_PLACES)
        seen.unbounded = after > first
        seen.frames = log.recent(device.principal, after, _MOST_FRAMES)
        seen.refused = _counted(log.refusals(), hour, {device.principal})
        seen.knocked = _counted(log.knocks(), hour, {device.principal, ""})
    with desk.stores.take() as store:
        letters = store.dead(None, "open", _MOST_DEAD, (first, 1 << 30))
        seen.dead = [letter for letter in letters if letter["principal"] == device.principal]
        seen.unknown = [row for row in store.quarantine() if row["principal"] == device.principal and row["last"] > first]
        seen.rows = stored_rows(store, device.id, since)
        if not seen.rows:
            booked = store.ledger("device", since).get("rows", ())
            seen.repeated = sum(row["duplicate"] for row in booked if row["device"] == device.id)
    kind: ThingType | None = desk.types.get(device.type)
    seen.named = place_doubts.names_of(device, desk.registry.database, desk.registry.version(), sorted(desk.adapters), areas)
    seen.odd = [
        *place_doubts.of_place(device, kind, seen.rows, seen.frames),
        *(doubts.of_values(device, kind, seen.rows, dip) if seen.rows else ()),
    ]
    return seen


def _counted(counts: Mapping[tuple[int, str, str, str], int], hour: int, principals: set[str]) -> Counter[str]:
    found = Counter[str]()
    for (at, _, principal, reason), number in counts.items():
        if principal in principals and at >= hour:
            found[reason] += number
    return found


def stored_rows(store: StoreReader, device: str, since: int) -> list[dict[str, Any]]:
    """What was stored of a device since: of frames that came since, so no older one that was read again. Live ones when there are any."""
    wanted = Wanted(devices=[device], runs=None, served=False)
    rows: list[dict[str, Any]] = []
    after = store.seq_at(since)
    while len(rows) < _MOST_ROWS:  # a talkative device: its newest rows are the ones that count
        page = store.follow(after, _PAGE_ROWS, wanted)
        rows += [row for row in page if times.parse_instant(row["received"]) >= since]
        if len(page) < _PAGE_ROWS:
            break
        after = page[-1]["seq"]
    return [row for row in rows if row["origin"] == "live"] or rows


def judge(seen: Seen) -> list[dict[str, Any]]:
    """The five steps. Pure."""
    verdicts = (_connected(seen), _arrived(seen), _decoded(seen), _plausible(seen), _stored(seen))
    return [{"step": name, **verdict} for name, verdict in zip(STEPS, verdicts, strict=True)]


def _step(ok: bool | None, reason: str = "", remedy: Words | None = None, **more: Any) -> dict[str, Any]:
    return {"ok": ok, "reason": reason, "remedy": remedy, **more}


def _said(reason: str, *, ok: bool | None = False, told: Mapping[str, Any] | None = None, **values: Any) -> dict[str, Any]:
    """A step with a reason of the table CHECK."""
    return _step(ok, reason, words(CHECK[reason], **values), **(told or {}))


def _waiting() -> dict[str, Any]:
    return _said("waiting", ok=None)


def _doubtful(step: dict[str, Any], odd: Iterable[Doubt]) -> dict[str, Any]:
    """A step with what is odd: the first that fails it fails it, the others stand beside it."""
    found = list(odd)
    grave = next((each for each in found if each.fails), None)
    if grave is not None and step["ok"] is not False:
        step = _step(False, grave.reason, grave.remedy, **grave.told)
    beside = [
        {"reason": each.reason, "remedy": each.remedy, "fails": each.fails, **each.told} for each in found if each is not grave
    ]
    return step | {"warnings": [*step.get("warnings", ()), *beside]} if beside else step


def _data(seen: Seen) -> list[Frame]:
    return [frame for frame in seen.frames if frame.source.kind == "up" and frame.source.adapter == seen.device.adapter]


def _connected(seen: Seen) -> dict[str, Any]:
    if seen.frames or seen.rows:
        last = times.rfc3339(seen.frames[0].received) if seen.frames else seen.rows[-1]["received"]
        return _step(True, last=last)
    if seen.refused:
        return _step(True, seen.refused.most_common(1)[0][0])
    user = seen.device.principal
    if wrong := seen.knocked["bad_credentials"]:
        return _said("bad_credentials", user=user, id=seen.device.id, told={"refused": wrong})
    if strangers := seen.knocked["unknown_user"]:
        return _said("unknown_user", user=user, number=strangers, told={"refused": strangers})
    return _said("unbounded", ok=None) if seen.unbounded else _said("silent")


def _arrived(seen: Seen) -> dict[str, Any]:
    data = _data(seen)
    if data or seen.rows:
        return _step(True, frames=len(data))
    topic = topics.up(seen.device.adapter, seen.device.principal)
    if seen.refused:
        reason, number = seen.refused.most_common(1)[0]
        if reason in CHECK:
            return _said(reason, topic=topic, told={"refused": number})
        return _step(False, reason, dead_letter_remedy(reason), refused=number)
    other = next((frame for frame in seen.frames if frame.source.kind == "up"), None)
    if other is not None:
        return _said("other_adapter", topic=topic, told={"topic": other.source.topic})
    return _said("status_only") if seen.frames else _waiting()


def _decoded(seen: Seen) -> dict[str, Any]:
    return _doubtful(_decoding(seen), seen.named)


def _decoding(seen: Seen) -> dict[str, Any]:
    device = seen.device
    if seen.dead:
        letter, number = seen.dead[-1], len(seen.dead)
        own = device.principal == device.id
        if not seen.rows or (own and letter["place"] >= seen.rows[-1]["frame"]):
            told = {"id": letter["id"], "detail": letter["detail"], "dead_letters": number}
            return _step(False, letter["reason"], dead_letter_remedy(letter["reason"], letter["adapter"], device.id), **told)
        warning = {"reason": "some_rejected", "fails": False, "remedy": words(
            CHECK["some_rejected"], number=number, reason=letter["reason"])}  # fmt: skip
        return _step(True) | {"warnings": [warning]}
    if seen.rows:
        return _only_radio(seen) or _step(True)
    if seen.unknown:
        native = seen.unknown[0]["native"]
        return _said("other_native", native=native, told={"native": native})
    data = _data(seen)
    if device.adapter == "lorawan" and (reason := next(filter(None, map(_network_says, data)), "")):
        return _said(reason, id=device.id)
    return _step(True) if data else _waiting()


def _network_says(frame: Frame) -> str:
    """What a network server's log event means; "" for any other frame."""
    try:
        tree = msgspec.json.decode(frame.payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return _LORAWAN_LOGS.get(str(tree.get("code")), "") if isinstance(tree, dict) and "level" in tree else ""


def _only_radio(seen: Seen) -> dict[str, Any] | None:
    """A LoRaWAN device of which only the network's own figures are stored: nobody reads its bytes."""
    if seen.device.adapter != "lorawan" or any(row["property"] not in _RADIO for row in seen.rows):
        return None
    return _said("no_codec", id=seen.device.id)


def _plausible(seen: Seen) -> dict[str, Any]:
    return _doubtful(_step(True) if seen.rows else _waiting(), seen.odd)


def _stored(seen: Seen) -> dict[str, Any]:
    if seen.rows:
        last = seen.rows[-1]
        told = {name: last[name] for name in ("property", "result", "unit", "time", "origin")}
        return _step(True, rows=len(seen.rows), last=told)
    if _data(seen) and not seen.dead and not seen.unknown:
        return _said("duplicate") if seen.repeated else _said("no_values", native=seen.device.native)
    return _waiting()
