"""A storm through somebody else's broker: whose run that is, when all that the broker holds has arrived, and what did.

Origin and run of what comes from a broker are set by the service (`[[brokers]]`), so the run of such a storm has the name that stands there, and
a broker is good for one run. When everything is sent, each gateway says a last word; when all of them are in our log, so is what went before.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from . import settings
from .errors import ValidationError
from .framelog.sqlite import SqliteLog
from .ledger import HOUSE
from .model import Frame
from .recordings import topic_of
from .settings import Broker
from .topics import LAST_WORD

_QUIET_S = 45.0
"""No frame for so long (a subscriber tries again after at most 30 s): what has not come is lost."""
_BATCH = 5_000
_EXAMPLE = 'write [[brokers]] host = "{host}", port = {port}, origin = "simulated", run = "drill-1" into config.toml, then start the service'


def broker_for(data: Path, host: str, port: int) -> Broker:
    """The service's own broker at an address, as a storm needs it. Raises ValidationError that says what to write."""
    here = [broker for broker in settings.load(data).settings.brokers if broker.port == port and _same(broker.host, host)]
    if not here:
        raise ValidationError(f"the service does not fetch from {host}:{port}", _EXAMPLE.format(host=host, port=port))
    broker = here[0]
    if broker.origin != "simulated":
        raise ValidationError(
            f"what comes from {host}:{port} is {broker.origin}, not simulated", _EXAMPLE.format(host=host, port=port)
        )
    if broker.principal:
        raise ValidationError(f"all of {host}:{port} belongs to {broker.principal}", "leave `principal` empty for a storm")
    return broker


def _same(one: str, other: str) -> bool:
    loopback = {"localhost", "127.0.0.1", "::1"}
    return one == other or (one in loopback and other in loopback)


def drained(data: Path, run: str, gateways: set[str], begin: int, tell: Callable[[int], None]) -> set[str]:
    """Wait until every gateway's last word is in the log after a place, or nothing has come for long; returns those whose is not."""
    log = SqliteLog(data / "log.db", write=False)
    try:
        waiting, place, heard = set(gateways), begin, time.monotonic()
        while waiting and time.monotonic() - heard < _QUIET_S:
            frames = log.read(place, _BATCH)
            for frame in frames:
                place = frame.place
                if _is_last(frame, run):
                    waiting.discard(frame.source.principal)
            if frames:
                heard = time.monotonic()
                tell(len(waiting))
            else:
                time.sleep(0.1)
        return waiting
    finally:
        log.close()


def _is_last(frame: Frame, run: str) -> bool:
    return frame.source.run == run and frame.source.adapter == "clock" and LAST_WORD in json.loads(frame.payload)


def arrived(data: Path, run: str, mark: Callable[[str, bytes], int]) -> Iterator[int]:
    """The marks of a run's frames in our log. mark: what a topic and a payload are known by (simulators.truth)."""
    log, place = SqliteLog(data / "log.db", write=False), 0
    try:
        while frames := log.read(place, _BATCH):
            for frame in frames:
                if frame.source.run == run and frame.source.adapter not in HOUSE:
                    yield mark(topic_of(frame), frame.payload)
            place = frames[-1].place
    finally:
        log.close()
