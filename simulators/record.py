"""Recordings: what was sent, when, on which topic; zstd-compressed lines of JSON (CONTRACT "Files").

    {"format": "sensing-record/1", ...}                                        the header: what it is of
    {"gateway": "gw-01", "kind": "gateway", "devices": [{...}, ...]}           who speaks through it, before its first frame; may be absent
    {"t": 1473800000000000, "topic": "sensing/v1/sl651/gw-01/up", "payload_b64": "fn4B...", "qos": 1}

`t` is microseconds since 1970: when the frame was received, by the clock of its run. A live recording can be read while it is written, and
after a crash up to its last FLUSH_S; one that is not gives the same bytes for the same frames.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple, Self

from sensing import topics
from sensing.errors import NotFoundError, ValidationError
from sensing.model import Micros

FORMAT = "sensing-record/1"
MAGIC = b"\x28\xb5\x2f\xfd"
FLUSH_S = 5.0
_BLOCK = 1 << 18


class Entry(NamedTuple):
    """A frame of a recording."""

    t: Micros
    topic: str
    payload: bytes
    qos: int = 1


class Gateway(NamedTuple):
    """Who spoke through a gateway. devices: registration fields, without secrets."""

    id: str
    kind: str
    devices: Sequence[Mapping[str, Any]]


class Recorder:
    """Writes a recording; use it in `with`, or close it. Raises ValidationError for a path that cannot be written."""

    def __init__(self, path: Path, about: Mapping[str, Any], *, live: bool = True) -> None:
        import pyarrow as pa  # only who records needs it

        try:
            self._file = path.open("wb")
        except OSError as error:
            raise ValidationError(f"{path}: {error.strerror}", "name a file that can be written") from None
        self._zstd = pa.CompressedOutputStream(pa.PythonFile(self._file, mode="w"), "zstd")
        self._lines: list[bytes] = []
        self._size, self._live = 0, live
        self._flushed = time.monotonic()
        self.frames = 0
        self._line({"format": FORMAT, **about})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def gateway(self, gateway: Gateway) -> None:
        """Say who speaks through a gateway."""
        self._line({"gateway": gateway.id, "kind": gateway.kind, "devices": list(gateway.devices)})

    def gateway_of(self, name: str, kind: str, devices: Sequence[Mapping[str, Any]]) -> None:
        """The same, in words."""
        self.gateway(Gateway(name, kind, devices))

    def frame(self, t: Micros, topic: str, payload: bytes, qos: int = 1) -> None:
        """Write one frame."""
        self.frames += 1
        line = b'{"t":%d,"topic":%b,"payload_b64":"%b","qos":%d}\n'
        self._put(line % (t, json.dumps(topic).encode(), base64.b64encode(payload), qos))

    def flush(self) -> None:
        """Let readers see what is written so far."""
        self._write()
        self._zstd.flush()
        self._file.flush()
        self._flushed = time.monotonic()

    def close(self) -> None:
        """End the file properly."""
        if not self._file.closed:
            self._write()
            self._zstd.close()
            self._file.close()

    def _line(self, row: Mapping[str, Any]) -> None:
        self._put(json.dumps(row, ensure_ascii=False).encode() + b"\n")

    def _put(self, line: bytes) -> None:
        self._lines.append(line)
        self._size += len(line)
        if self._size >= _BLOCK:
            self._write()
        if self._live and time.monotonic() - self._flushed > FLUSH_S:
            self.flush()

    def _write(self) -> None:
        if self._lines:
            self._zstd.write(b"".join(self._lines))
            self._lines.clear()
            self._size = 0


class Recording:
    """Reads a recording, compressed or not. about: its header. Raises NotFoundError, ValidationError for what is none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        first = next(self._lines(), None)
        if first is None or not str(first.get("format", "")).startswith("sensing-record/"):
            raise ValidationError(f"{path} is not a recording", "its first line says format sensing-record/1")
        if first["format"] != FORMAT:
            raise ValidationError(
                f"{path} has format {first['format']}, this program knows {FORMAT}", "install the newer program"
            )
        self.about: Mapping[str, Any] = first

    def entries(self) -> Iterator[Entry | Gateway]:
        """Its lines in order. Raises ValidationError for a line that is none of ours, naming it."""
        for number, row in enumerate(self._lines(), 1):
            if "payload_b64" in row:
                try:
                    yield Entry(int(row["t"]), str(row["topic"]), base64.b64decode(row["payload_b64"]), int(row.get("qos", 1)))
                except (KeyError, ValueError, TypeError) as error:
                    raise ValidationError(f"{self.path} line {number}: {error!r}", "mend or remove the line") from None
            elif "gateway" in row:
                yield Gateway(str(row["gateway"]), str(row.get("kind", "gateway")), row.get("devices", ()))

    def frames(self) -> Iterator[Entry]:
        """Its frames in order."""
        return (entry for entry in self.entries() if isinstance(entry, Entry))

    def _lines(self) -> Iterator[dict[str, Any]]:
        with opened(self.path) as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                try:
                    row = json.loads(line)
                except ValueError:
                    if not line.endswith(b"\n"):
                        return  # it was cut here
                    raise ValidationError(f"{self.path} line {number} is not JSON", "is it a recording?") from None
                if isinstance(row, dict):
                    yield row


@contextlib.contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """A file to read lines of, unpacked when it is packed; one that was cut short ends where it was cut. Raises NotFoundError."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise NotFoundError(f"{path}: {error.strerror}", "name a recording") from None
    with file:
        magic = file.read(4)
        file.seek(0)
        if magic != MAGIC:
            yield file
            return
        yield io.BufferedReader(_Tolerant(path), _BLOCK)


class _Tolerant(io.RawIOBase):
    """A packed file as bytes, ending where it was cut.

    Unpacking fails as a whole for a read that reaches over the cut, so what is left before it is then read byte by byte.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._given, self._step = 0, _BLOCK
        self._packed = self._open()

    def _open(self) -> Any:
        import pyarrow as pa  # only who reads a packed one needs it

        return pa.CompressedInputStream(pa.OSFile(str(self._path)), "zstd")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._packed.read(min(len(buffer), self._step))
        except OSError:
            if self._step == 1:
                return 0
            self._packed, self._step = self._open(), 1
            left = self._given
            while left:
                left -= len(self._packed.read(min(left, _BLOCK)))
            return self.readinto(buffer)
        buffer[: len(data)] = data
        self._given += len(data)
        return len(data)


def gateway_of(topic: str) -> str:
    """The principal of a topic of ours; "" for one of somebody else's tree."""
    found = topics.parse(topic)
    return found.principal if found else ""
