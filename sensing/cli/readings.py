"""Lines of a file through an adapter, as the lines that `decode` prints (CONTRACT "Lines that programs read").

What an adapter remembers is carried from line to line, so parts are joined; a bad line never stops the ones after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from sensing import times
from sensing.errors import DecodeError, Reason
from sensing.model import Config, Context, Decoded, JsonState, Reading, Rejection, Thing
from sensing.observe import observe
from sensing.ports import Adapter

COLUMNS = (
    "line", "device", "code", "property", "statistic", "time", "begin", "end", "channel", "value", "unit", "result",
    "result_unit", "flag", "position",
)  # fmt: skip
NEVER = 1 << 62
_KEPT = 4_096
"""Lines whose bytes are kept, for the error of a part that waited in vain."""


def payload(line: bytes, *, in_hex: bool) -> bytes:
    """The frame of a line. Raises DecodeError when it should be hex and is not."""
    text = line.rstrip(b"\r\n")
    if not in_hex:
        return text
    try:
        return bytes.fromhex(text.decode("ascii").strip().removeprefix("0x"))
    except (UnicodeDecodeError, ValueError):
        raise DecodeError(Reason.BAD_GRAMMAR, "the line is not hex") from None


class Lines:
    """Decodes line after line. thing: stands in for the device that nobody registered; its settings and configuration hold."""

    def __init__(self, adapter: Adapter, thing: Thing) -> None:
        self.bad = False
        self._adapter = adapter
        self._thing = thing
        self._state: JsonState | None = None
        self._frames: dict[int, bytes] = {}
        settings: Mapping[str, Any] = thing.settings
        self._context = Context(
            principal=thing.principal,
            settings=lambda _native: settings,
            mappings=[settings] if settings else [],
            every_field=True,
        )

    def all(self, lines: Iterable[bytes], *, in_hex: bool) -> Iterator[list[dict[str, Any]]]:
        """What each line says, and after the last what never got its other parts."""
        number = 0
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield self.read(number, line, in_hex=in_hex)
        if self._state is not None:
            yield self._told(number, self._adapter.expire(self._state, NEVER))

    def read(self, number: int, line: bytes, *, in_hex: bool) -> list[dict[str, Any]]:
        """What one line says; never raises."""
        frame = line.rstrip(b"\r\n")
        try:
            frame = payload(line, in_hex=in_hex)
            self._remember(number, frame)
            self._context.place, self._context.received = number, times.now()
            decoded = self._adapter.decode(frame, self._context, self._state)
        except DecodeError as error:
            self.bad = True
            return [_error(number, error.reason, error.detail, frame)]
        except Exception as error:  # noqa: BLE001 a parser's own bug costs one line, as in the service
            self.bad = True
            return [_error(number, Reason.PARSER_CRASH, f"{type(error).__name__}: {error}"[:200], frame)]
        self._state = decoded.state
        return self._told(number, decoded)

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
