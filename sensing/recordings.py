"""Recording the running service: its frame log is followed, frame by frame, as readers do. Nothing of the service is asked or slowed.

A frame's time is when it was received, by the clock of its run; clock frames and the service's own are left out. Before a gateway's first frame
stands who speaks through it, so that the file plays elsewhere too; keys and passwords are never in it.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from . import topics
from .framelog.sqlite import SqliteLog
from .ledger import HOUSE
from .model import Frame
from .registry import Device, Registry
from .registry.rows import HIDDEN
from .registry.things import DeviceFilter
from .streams import Past

_BATCH = 2_000
_IDLE_S = 0.2
_MOST_DEVICES = 100_000
"""Devices of one gateway that a recording names."""


class Recorder(Protocol):
    """What a recording is written with (simulators.record)."""

    frames: int

    def frame(self, t: int, topic: str, payload: bytes, qos: int = 1) -> None: ...

    def flush(self) -> None: ...


def follow(
    data: Path, out: Recorder, introduce: Callable[[str], None], *, since: int | None, run: str | None, until: Callable[[], bool]
) -> None:
    """Write frames as they arrive until `until` says so, or, of a finished run, until there are no more.

    since: from this reception time on, microseconds; None: from now on. run: only this run, from its beginning. introduce: called with each
    principal before its first frame. Raises NotFoundError when there is no log.
    """
    log = SqliteLog(data / "log.db", write=False)
    try:
        place = 0 if run else log.head() if since is None else log.place_at(since)
        past, known, end = Past(log), set[str](), log.head() if run else None
        while not until() and (end is None or place < end):
            frames = log.read(place, _BATCH)
            for frame in frames:
                place = frame.place
                if _wanted(frame, run):
                    if frame.source.principal not in known:
                        known.add(frame.source.principal)
                        introduce(frame.source.principal)
                    out.frame(past.at(frame), topic_of(frame), frame.payload)
            if not frames:
                out.flush()
                time.sleep(_IDLE_S)
    finally:
        log.close()


def _wanted(frame: Frame, run: str | None) -> bool:
    return frame.source.adapter not in HOUSE and (run is None or frame.source.run == run)


def topic_of(frame: Frame) -> str:
    """The topic of ours that a frame belongs to, whatever tree it came from."""
    source = frame.source
    return f"{topics.ROOT}/{source.adapter}/{source.principal}/{source.kind}"


@contextlib.contextmanager
def introductions(
    open_registry: Callable[[Path], Registry], data: Path
) -> Iterator[Callable[[str], tuple[str, Sequence[dict[str, Any]]]]]:
    """What tells a principal's kind and the registration fields of its devices, without secrets."""
    registry = open_registry(data)

    def told(principal: str) -> tuple[str, Sequence[dict[str, Any]]]:
        kind = registry.show_principal(principal).kind
        devices = registry.list_devices(DeviceFilter(principal=principal), limit=_MOST_DEVICES)
        return str(kind), [_form(device) for device in devices]

    try:
        yield told
    finally:
        registry.close()


def _form(device: Device) -> dict[str, Any]:
    config = device.config
    form = {
        "id": device.id, "type": device.type, "adapter": device.adapter, "native": device.native, "name": device.name, "lat": device.lat,
        "lon": device.lon, "area": device.area, "datum": config.datum, "zero": config.zero, "offset": config.offset,
        "mount_height": config.mount_height, "unit": dict(config.units), "period_rule": config.period_rule,
        "settings": {name: value for name, value in device.settings.items() if value != HIDDEN and "key" not in name.lower()},
    }  # fmt: skip
    return {name: value for name, value in form.items() if value not in (None, "", {}, 0.0)}
