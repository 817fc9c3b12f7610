"""`explain`: the whole way of one value, from the bytes of its frame to the result, its flags and its revisions.

Nothing is remembered of it: the frame is decoded again, by the adapter and the configuration of today. When that gives another revision than
the stored one, the answer says so instead of hiding it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from sensing import observe, times
from sensing.access import check_area
from sensing.decode import Decoder, Lane
from sensing.errors import NotFoundError, UsageError
from sensing.framelog.sqlite import SqliteLog
from sensing.model import Decoded, Frame, Micros, Reading, Thing
from sensing.ports import Directory
from sensing.registry import Device
from sensing.registry.rows import SERIAL
from sensing.registry.types import limits_of, settings_of, units_of
from sensing.store.reader import StoreReader, Wanted
from sensing.streams import Past
from sensing.wordbook import pair

from . import configured
from .again import annotated
from .answers import public
from .ask import Ask
from .desk import Desk
from .operations import told_frame
from .remedies import quality_remedy
from .scope import areas_of, seen_principals

_TITLES = {
    "frame": ("收到的帧", "the frame as it arrived"),
    "decode": ("解码", "decoded by its adapter"),
    "reading": ("报文所述", "what the wire says"),
    "unit": ("单位换算", "into the canonical unit"),
    "datum": ("基面", "onto the datum"),
    "flags": ("质量标记", "the first quality flags"),
    "checks": ("前后比对", "what later checks say of it, with their thresholds and what they compared"),
    "configuration": ("当时的配置", "the configuration that it was observed with"),
    "shifted": ("按配置改正", "shifted, for its configuration was changed"),
    "stored": ("存储", "as it is stored"),
    "revisions": ("版本", "every content that came for this time"),
}
_PARTS_BACK = 5_000
"""Frames of the log looked through for the earlier parts of a message."""
_MOST_PARTS = 64
_MOST_REVISIONS = 100


class Explained(Struct):
    """A frame decoded again. parts: places of earlier frames that the message began in."""

    decoded: Decoded
    parts: list[int]


def explain(desk: Desk, ask: Ask) -> dict[str, Any]:
    """The way of one observation. Raises UsageError without its names, NotFoundError with the nearest times in the hint."""
    wanted, time = _wanted(desk, ask)
    with desk.stores.take() as store:
        thing = _known(desk, store, ask.text("device"))
        check_area(areas_of(ask), thing.area, f"device {thing.id}")
        row, revisions = _rows(store, wanted, time)
        witnesses = store.witnesses(row["cursor"])
        every = configured.revisions(store, thing, row)
        said = store.verdicts(row["cursor"], times.parse_instant(row["time"]))
    steps: list[dict[str, Any]] = []
    with desk.logs.take() as log, desk.directories.take() as directory:
        directory.version()
        frame = log.get(row["frame"]) if row["frame"] is not None else None
        if row["frame"] is None:
            steps.append(_step("frame", gone="it came through another node: ask there"))
        elif frame is None:
            steps.append(_step("frame", place=row["frame"], gone="the log keeps frames for retention.frames_d days"))
        else:
            steps += _steps(desk, log, directory, thing, frame, row)
            if frame.source.principal not in seen_principals(desk, ask, [frame.source.principal]):
                steps[0] |= {"hex": None, "text": None, "spans": None}  # others' values stand beside this one's
    if (force := configured.in_force(desk, thing, every)) is not None:
        steps.append(_step("configuration", **force))
    if steps[0].get("gone") and (shift := configured.shifted(thing, every)) is not None:
        steps.append(_step("shifted", **shift))
    numbers = {f"{one.revision:08x}": one.configuration for one in every}
    revisions = [each | {"configuration": numbers.get(each["revision"])} for each in revisions]
    steps += _checks(said)
    steps.append(_step("stored", **_stored(row), **({"also_heard_by": witnesses} if witnesses else {})))
    steps.append(_step("revisions", revisions=revisions, served=row["revision"]))
    return {"device": thing.id, "observation": row, "steps": steps}


def _known(desk: Desk, store: StoreReader, device: str) -> Thing:
    """A registered device, or a thing that enrolled itself. Raises NotFoundError."""
    enrolled = store.enrolled(device)
    if enrolled is None:
        return thing_of(desk, desk.registry.show_device(device))
    kind, adapter, native = enrolled
    with desk.directories.take() as directory:
        return directory.newcomer(kind, device, adapter, native)


def thing_of(desk: Desk, device: Device) -> Thing:
    """A device, active or retired, as the forward path sees one."""
    units = units_of(desk.types, device.type)
    configs = tuple(replace(one, units={**units, **one.units}) for one in device.configs)
    rule = {"period_rule": configs[-1].period_rule} if configs[-1].period_rule else {}
    settings = {**settings_of(desk.types, device.type), **device.settings, **rule}
    limits = limits_of(desk.types, device.type)
    return Thing(
        device.id, device.type, device.adapter, device.native, device.principal, device.domain, device.name, device.lon, device.lat,
        device.area, settings, limits, configs,
    )  # fmt: skip


def _wanted(desk: Desk, ask: Ask) -> tuple[Wanted, int]:
    for name in ("device", "property", "time"):
        if not ask.text(name):
            raise UsageError(f"{name} is missing", "explain DEVICE PROPERTY TIME")
    time = ask.instant("time") or 0
    wanted = Wanted(
        devices=[ask.text("device")], properties=[ask.text("property")], statistics=ask.words("statistic"),
        channels=ask.words("channel"), runs=desk.runs(ask.text("run")), served=False,
    )  # fmt: skip
    return wanted, time


def _rows(store: StoreReader, wanted: Wanted, time: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The served row at a time (or within its second, when only the second was given), and every revision of it."""
    for width in (1, times.SECOND) if time % times.SECOND == 0 else (1,):
        bounded = Wanted(
            wanted.devices, wanted.properties, wanted.statistics, wanted.channels, wanted.runs, time, time + width, served=True
        )
        served = store.observations(bounded, 2)
        if served:
            row = served[0]
            exact = Wanted(
                wanted.devices, wanted.properties, [row["statistic"]], [row["channel"]], [row["run"]], row["time_us"], row["time_us"] + 1,
                served=False,
            )  # fmt: skip
            revisions = store.observations(exact, _MOST_REVISIONS)
            return public(row), [_told_revision(each, row) for each in revisions]
    near = [times.rfc3339(each) for each in store.nearest(wanted, time)]
    hint = f"nearest are {', '.join(near)}" if near else "it has no observation of this property in these runs"
    raise NotFoundError(f"{wanted.devices[0]} has no {wanted.properties[0]} at {times.rfc3339(time)}", hint)


def _told_revision(each: dict[str, Any], served: dict[str, Any]) -> dict[str, Any]:
    names = ("cursor", "revision", "result", "begin", "quality", "reason", "received", "frame")
    return {name: each[name] for name in names} | {"served": each["cursor"] == served["cursor"]}


def _steps(
    desk: Desk, log: SqliteLog, directory: Directory, thing: Thing, frame: Frame, row: dict[str, Any]
) -> list[dict[str, Any]]:
    heard = Past(log).at(frame)
    again = decode_again(desk, log, directory, frame)
    mine = [
        reading
        for reading in again.decoded.readings
        if reading.native == thing.native or _was(directory, frame, reading.native, thing)
    ]
    told = [
        _step("frame", **told_frame(frame), spans=annotated(desk, directory, frame), parts=again.parts),
        _step(
            "decode", adapter=frame.source.adapter, readings=len(again.decoded.readings), of_this_device=len(mine),
            hardware=_hardware(desk, thing, frame.received),
            errors=[{"reason": str(each.reason), "detail": each.detail} for each in again.decoded.errors],
        ),
    ]  # fmt: skip
    reading, same = matching(mine, thing, heard, row)
    if reading is None:
        told[-1]["note"] = (
            "no reading of today's decoder gives this observation: adapter, settings or native id have changed since"
        )
        return told
    told += [_titled(step) for step in observe.steps(reading, thing, heard)]
    if not same:
        told[-1]["note"] = "decoded today it gives another revision: the device's configuration or the decoder has changed since"
    return told


def _hardware(desk: Desk, thing: Thing, at: Micros) -> dict[str, Any] | None:
    """Native id and serial number that stood for the thing when the frame came in; None for one that enrolled itself."""
    if thing.shared:
        return None
    codes = desk.registry.show_device(thing.id).codes
    held = {each.scheme: each for each in codes if each.valid_from <= at and (each.valid_to is None or at < each.valid_to)}
    native, serial = held.get(thing.adapter), held.get(SERIAL)
    told = [each.valid_from for each in (native, serial) if each is not None and each.valid_from]
    return {
        "native": native.code if native else None, "serial": serial.code if serial else None,
        "since": times.rfc3339(max(told)) if told else None,
    }  # fmt: skip


def _was(directory: Directory, frame: Frame, native: str, thing: Thing) -> bool:
    """Whether this native id was the thing's when the frame came in."""
    found = directory.find(frame.source.adapter, native, frame.received)
    return found is not None and found.id == thing.id


def decode_again(desk: Desk, log: SqliteLog, directory: Directory, frame: Frame) -> Explained:
    """Decode a frame; when it ends a message of several parts, with the earlier ones before it."""
    decoder = Decoder(desk.adapters, directory)
    lane = decoder.lane(frame.source)
    heard = Past(log).at(frame)
    alone = decoder.decode(lane, frame, None, heard)
    if alone.readings or not lane.stateful:
        return Explained(alone, [])
    earlier = _same_stream(log, frame)
    for count in range(1, len(earlier) + 1):
        decoded = _through(decoder, lane, earlier[-count:], frame, heard)
        if decoded.readings:
            return Explained(decoded, [each.place for each in earlier[-count:]])
    return Explained(alone, [])


def _same_stream(log: SqliteLog, frame: Frame) -> list[Frame]:
    found = log.recent(frame.source.principal, max(0, frame.place - _PARTS_BACK), _MOST_PARTS, frame.place)
    return [each for each in reversed(found) if each.source == frame.source]


def _through(decoder: Decoder, lane: Lane, parts: Sequence[Frame], last: Frame, heard: Micros) -> Decoded:
    state = None
    for part in parts:
        state = decoder.decode(lane, part, state, heard if part.source.run else None).state
    return decoder.decode(lane, last, state, heard)


def matching(readings: Sequence[Reading], thing: Thing, heard: Micros, row: dict[str, Any]) -> tuple[Reading | None, bool]:
    """The reading that the row came from, and whether it gives the same revision today. heard: by the run's clock."""
    near, time = None, times.parse_instant(row["time"])
    for reading in readings:
        for one in observe.observe(reading, thing, heard):
            series = (one.property, one.statistic, one.channel) == (row["property"], row["statistic"], row["channel"])
            if not series or one.time != time:
                continue
            if f"{one.revision:08x}" == row["revision"]:
                return reading, True
            near = near or reading
    return near, False


def _checks(said: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A step for what checks over the series (and its neighbours) say; none when they have nothing to say."""
    told = [
        {"check": one["who"], **pair("verdict", one["who"]), "quality": one["quality"], "reason": one["reason"], **(msgspec.json.decode(one["told"]) if one["told"] else {})}
        for one in said
    ]  # fmt: skip
    return [_step("checks", verdicts=told)] if told else []


def _stored(row: dict[str, Any]) -> dict[str, Any]:
    names = ("time", "begin", "result", "unit", "quality", "reason", "revision", "origin", "run", "received", "cursor")
    return {name: row[name] for name in names} | {"remedy": quality_remedy(row["reason"])}


def _step(name: str, /, **told: Any) -> dict[str, Any]:
    return _titled({"step": name, **told})


def _titled(step: dict[str, Any]) -> dict[str, Any]:
    zh, en = _TITLES.get(step["step"], ("", step["step"]))
    return {"step": step["step"], "zh": zh, "en": en, **step}
