"""Adapters alone, in this process: bytes to readings, beside the best decoder there is, or what reading JSON costs anyway."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
import pyais
import pynmea2  # type: ignore[import-untyped]
from pyais.exceptions import AISBaseException

from sensing import app
from sensing.errors import DecodeError
from sensing.model import Context
from sensing.ports import Adapter
from tests.bench import messages, protocols
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
    for case, (name, frames, settings) in _others().items():
        found = app.adapters()[name]
        readings = _feed(found, frames, settings)
        rate = _rate(partial(_feed, found, frames, settings), seconds)
        yield {"case": case, "frames_s": rate, "us_frame": 1e6 / rate, "readings": readings / _DIFFERENT}
    yield from _beside(seconds)


def _others() -> Mapping[str, tuple[str, Sequence[bytes], Mapping[str, Any]]]:
    """By case: adapter, a thousand payloads of one stream, the device's settings."""
    return {
        "hj212": ("hj212", protocols.air(), {}),
        "ais": ("ais", protocols.positions(), {}),
        "ais capture": ("ais", protocols.capture(), {}),
        "nmea0183": ("nmea0183", protocols.ship(), {}),
        "gpsd": ("gpsd", protocols.heard(), {}),
        "lorawan": ("lorawan", protocols.uplinks(), {"codec": "milesight/em500-swl"}),
    }


def _beside(seconds: float) -> Iterator[dict[str, Any]]:
    """What others do with the same bytes: none of them converts, dates or refuses anything."""
    positions, capture, ships = protocols.positions(), protocols.capture(), protocols.ship()
    for case, call in (
        ("pyais.decode of positions", partial(_read_all, pyais.decode, positions)),
        ("pyais.IterMessages of the capture", partial(_iterated, capture)),
        ("pynmea2.parse", partial(_read_all, _sentences, ships)),
        ("json.loads of an uplink", partial(_read_all, json.loads, protocols.uplinks())),
    ):
        rate = _rate(call, seconds)
        yield {"case": case, "frames_s": rate, "us_frame": 1e6 / rate}
    texts = [messages.json_message(n, messages.START_MS + n) for n in range(_DIFFERENT)]
    for name, read in (("json.loads", json.loads), ("msgspec.json", msgspec.json.decode)):
        rate = _rate(partial(_read_all, read, texts), seconds)
        yield {"case": name, "frames_s": rate, "us_frame": 1e6 / rate}


def _iterated(sentences: Sequence[bytes]) -> None:
    for message in pyais.IterMessages(sentences):
        with contextlib.suppress(AISBaseException):
            message.decode()


def _sentences(payload: bytes) -> object:
    return [pynmea2.parse(line) for line in payload.decode().splitlines()]


def _feed(adapter: Adapter, payloads: Sequence[bytes], settings: Mapping[str, Any]) -> int:
    """Payloads of one stream, one after the other; returns how many readings they said."""
    context, state, readings = Context("bench", settings=lambda _native: settings), None, 0
    for payload in payloads:
        try:
            decoded = adapter.decode(payload, context, state)
        except DecodeError:
            continue  # a capture has what a receiver mangled
        state = decoded.state
        readings += len(decoded.readings)
    return readings


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
