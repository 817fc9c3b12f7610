"""Lines of a file through an adapter, as the lines that `decode` prints (CONTRACT "Lines that programs read").

What an adapter remembers is carried from line to line (of one topic), so parts are joined; a bad line never stops the ones after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from sensing import times
from sensing.errors import DecodeError, Reason
from sensing.model import Config, Context, Decoded, JsonState, Reading, Rejection, Span, Thing
from sensing.observe import observe
from sensing.ports import Adapter

from . import inputs

COLUMNS = (
    "line", "device", "code", "property", "statistic", "time", "begin", "end", "channel", "value", "unit", "result",
    "result_unit", "flag", "position",
)  # fmt: skip
NEVER = 1 << 62
_KEPT = 4_096
"""Lines whose bytes are kept, for the error of a part that waited in vain."""


class Told(NamedTuple):
    """What one line says. payload: its frame. rows: readings, errors and controls. waiting: whether it waits for other parts."""

    line: int
    payload: bytes
    rows: list[dict[str, Any]]
    waiting: bool = False


class Lines:
    """Decodes line after line. thing: stands in for the device that nobody registered; its settings and configuration hold."""

    def __init__(self, adapter: Adapter, thing: Thing) -> None:
        self.bad = False
        self._adapter = adapter
        self._thing = thing
        self._states: dict[str, JsonState] = {}
        self._port: int | None = None
        self._frames: dict[int, bytes] = {}
        settings: Mapping[str, Any] = thing.settings
        self._context = Context(
            principal=thing.principal,
            settings=self._settings,
            mappings=[settings] if settings else [],
            every_field=True,
        )

    def all(self, lines: Iterable[bytes], form: str = inputs.AUTO) -> Iterator[list[dict[str, Any]]]:
        """What each line says, and after the last what never got its other parts."""
        for told in self.each(lines, form):
            yield told.rows

    def each(self, lines: Iterable[bytes], form: str = inputs.AUTO) -> Iterator[Told]:
        """As `all`, with each line's frame; what never got its other parts has none."""
        number = 0
        for number, line in enumerate(lines, 1):
            told = self._line(number, line, form)
            if told is not None:
                yield told
        for state in self._states.values():
            yield Told(number, b"", self._told(number, self._adapter.expire(state, NEVER)))

    @property
    def adapter(self) -> str:
        """The adapter's word."""
        return self._adapter.NAME

    def spans(self, payload: bytes) -> list[Span] | None:
        """The frame byte by byte; None when the adapter cannot tell."""
        annotate = getattr(self._adapter, "annotate", None)
        return annotate(payload, self._context) if annotate and payload else None

    def _line(self, number: int, line: bytes, form: str) -> Told | None:
        """What one line says; None when there is no frame in it. Never raises."""
        try:
            found = inputs.read(line, form, self._adapter.NAME)
        except DecodeError as error:
            self.bad = True
            frame = line.rstrip(b"\r\n")
            return Told(number, b"", [_error(number, error.reason, error.detail, frame)])
        return None if found is None else self._frame(number, found)

    def _frame(self, number: int, found: inputs.Input) -> Told:
        frame, context = found.payload, self._context
        self._remember(number, frame)
        context.place, context.received = number, times.now() if found.received is None else found.received
        self._port = found.fport
        try:
            decoded = self._adapter.decode(frame, context, self._states.get(found.topic))
        except DecodeError as error:
            self.bad = True
            return Told(number, frame, [_error(number, error.reason, error.detail, frame)])
        except Exception as error:  # noqa: BLE001 a parser's own bug costs one line, as in the service
            self.bad = True
            return Told(number, frame, [_error(number, Reason.PARSER_CRASH, f"{type(error).__name__}: {error}"[:200], frame)])
        if decoded.state is not None:
            self._states[found.topic] = decoded.state
        else:
            self._states.pop(found.topic, None)
        return Told(number, frame, self._told(number, decoded), decoded.waiting)

    def _settings(self, _native: str) -> Mapping[str, Any]:
        """The stand-in's settings, with the port that a line states."""
        settings = self._thing.settings
        return settings if self._port is None else {**settings, "fport": self._port}

    def _told(self, number: int, decoded: Decoded) -> list[dict[str, Any]]:
        told = [_line(number, reading, self._thing, self._context.received) for reading in decoded.readings]
        told += [self._rejected(number, each) for each in decoded.errors]
        told += [{"line": number, "control": name} for name in decoded.controls]
        return told

    def _rejected(self, number: int, error: Rejection) -> dict[str, Any]:
        self.bad = True
        line = error.place or number
        return _error(line, error.reason, error.detail, self._frames.get(line, b""))

    def _remember(self, number: int, frame: bytes) -> None:
        if not self._adapter.STATEFUL:
            self._frames.clear()
        elif len(self._frames) >= _KEPT:
            del self._frames[next(iter(self._frames))]
        self._frames[number] = frame


def stand_in(adapter: str, native: str, principal: str, settings: Mapping[str, Any], units: Mapping[str, str]) -> Thing:
    """A thing for frames of a device that is not registered."""
    return Thing(native, "generic", adapter, native, principal, settings=settings, configs=(Config(units=units),))


def _line(number: int, reading: Reading, thing: Thing, received: int) -> dict[str, Any]:
    observed = observe(reading, thing, received)
    first = observed[0] if observed else None
    return {
        "line": number, "device": reading.native, "code": reading.code, "property": reading.property, "statistic": reading.statistic,
        "time": _text(reading.wire_time), "begin": _text(reading.begin), "end": _text(reading.time), "channel": reading.channel,
        "value": reading.value, "unit": reading.unit, "result": first.result if first else None,
        "result_unit": first.unit if first else None, "flag": reading.flag,
        "position": list(reading.position) if reading.position else None,
    }  # fmt: skip


def _error(number: int, reason: str, detail: str, frame: bytes) -> dict[str, Any]:
    return {"line": number, "error": str(reason), "detail": detail, "hex": frame.hex()}


@lru_cache(maxsize=4096)
def _text(time: int | None) -> str | None:
    return None if time is None else times.rfc3339(time)
