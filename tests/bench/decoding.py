"""Adapters alone, in this process: bytes to readings, beside what reading JSON costs anyway."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import msgspec

from sensing import app
from sensing.model import Context
from sensing.ports import Adapter
from tests.bench import messages
from tests.bench.place import Place

_DIFFERENT = 1_000


def adapters(place: Place) -> Iterator[dict[str, Any]]:
    """Frames a second of each adapter on one core."""
    seconds = place.long(1.5, 0.3)
    place.say("adapters")
    for form, name in messages.FORMATS.items():
        found, contexts = app.adapters()[name], [Context(messages.principal(n)) for n in range(_DIFFERENT)]
        payloads = [messages.MESSAGE[form](n, messages.START_MS + n * messages.STEP_MS[form]) for n in range(_DIFFERENT)]
        readings = sum(len(found.decode(payload, context).readings) for payload, context in zip(payloads, contexts, strict=True))
        rate = _rate(partial(_decode_all, found, payloads, contexts), seconds)
        yield {"case": name, "frames_s": rate, "us_frame": 1e6 / rate, "readings": readings / _DIFFERENT}
    payloads = [messages.json_message(n, messages.START_MS + n) for n in range(_DIFFERENT)]
    for name, read in (("json.loads", json.loads), ("msgspec.json", msgspec.json.decode)):
        rate = _rate(partial(_read_all, read, payloads), seconds)
        yield {"case": name, "frames_s": rate, "us_frame": 1e6 / rate}


def _decode_all(adapter: Adapter, payloads: Sequence[bytes], contexts: Sequence[Context]) -> None:
    for payload, context in zip(payloads, contexts, strict=True):
        adapter.decode(payload, context)


def _read_all(read: Callable[[bytes], object], payloads: Sequence[bytes]) -> None:
    for payload in payloads:
        read(payload)


def _rate(call: Callable[[], object], seconds: float) -> float:
    """Payloads a second of a call that reads `_DIFFERENT` of them."""
    rounds, began = 0, time.perf_counter()
    while (took := time.perf_counter() - began) < seconds:
        call()
        rounds += 1
    return rounds * _DIFFERENT / took
