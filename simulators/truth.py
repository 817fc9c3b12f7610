"""The truth channel: what really was, and what was done to the telling of it. Written by the simulator's side; only the score reads it.

    DATA/truth/<run>/run.json         scenario, seed, plan, window, counts, sha256 of the frames as sent
                     devices.ndjson   who speaks: id, type, adapter, kind, gateway, place, thresholds
                     values.parquet   one row a true value (COLUMNS), in row groups of ROWS
                     faults.ndjson    one line a fault that came about, and what befell the service
                     frames.parquet   by number of a frame, the mark of its bytes: only of a run that went through somebody else's broker

Nobody else may look. When the folder is taken away during a run, the run goes on as before.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sys
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain, repeat
from pathlib import Path
from typing import Any, Protocol, Self, TextIO

from sensing.model import Micros

from .said import Device, Saying, Sent, Truth

SENT, SILENT, BROKEN = 0, 1, 2
"""What became of a message: it was sent whole, its device was dead, it was damaged on its way."""
ROWS = 65_536
COLUMNS = (
    "speaker", "device", "property", "statistic", "channel", "begin", "time", "result", "lon", "lat",
    "said_time", "said", "kinds", "sent", "frame", "fate",
)  # fmt: skip
"""speaker: whose message. said, said_time: what was claimed instead of result and time. kinds: bits of faults. sent: virtual µs when the
message set off. frame: its number, in the order they were said. A place has no result."""


class Told(Protocol):
    """An episode of a fault."""

    def told(self) -> dict[str, Any]: ...


class Truths(Protocol):
    """Who is told the truth."""

    def devices(self, devices: Sequence[Device]) -> None:
        """Everyone who may speak."""

    def said(
        self, saying: Saying, sent: Micros, fate: int = SENT, kinds: int = 0, changes: Mapping[int, Any] | None = None
    ) -> None:
        """A message, as it is true. changes: (index, said, said_time, kinds) by index of its truth."""

    def sent(self, frame: Sent) -> None:
        """A frame sets off."""

    def repeated(self) -> None:
        """One more copy of a frame is under way."""

    def damaged(self, kind: str, adapter: str) -> None:
        """A frame goes out broken."""

    def bytes_of(self, frame: Sent, fate: int) -> None:
        """What the message said last became on the wire."""

    def fault(self, episode: Told, **more: object) -> None:
        """A fault came about."""


class Nothing:
    """Tells nobody."""

    def devices(self, devices: Sequence[Device]) -> None: ...

    def said(
        self, saying: Saying, sent: Micros, fate: int = SENT, kinds: int = 0, changes: Mapping[int, Any] | None = None
    ) -> None: ...

    def sent(self, frame: Sent) -> None: ...

    def repeated(self) -> None: ...

    def damaged(self, kind: str, adapter: str) -> None: ...

    def bytes_of(self, frame: Sent, fate: int) -> None: ...

    def fault(self, episode: Told, **more: object) -> None: ...


class TruthFile:
    """Writes a run's truth. Close it, or use it in `with`: a Parquet file without its end cannot be read.

    about: what run.json says beside the counts (run, scenario, seed, faults, devices, begin, end, speed ...). marks: whether to keep
    which bytes each message became, so that a frame can be looked for in a log.
    """

    def __init__(self, folder: Path, about: Mapping[str, Any], *, marks: bool = False) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._about = dict(about)
        self._rows: list[Truth] = []
        self._messages: list[tuple[str, int, Micros, int, int]] = []
        self._changes: dict[int, Any] = {}
        self._counts: Counter[str] = Counter()
        self._broken: Counter[tuple[str, str]] = Counter()
        self._hash = hashlib.sha256()
        self._said = 0
        self._marks = _Marks() if marks else None
        self._file = (folder / "values.parquet").open("wb")
        self._writer: Any = None
        self._faults: TextIO = (folder / "faults.ndjson").open("w", encoding="utf-8")
        self._save({"finished": False})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def devices(self, devices: Sequence[Device]) -> None:
        with contextlib.suppress(FileNotFoundError), (self.folder / "devices.ndjson").open("w", encoding="utf-8") as lines:
            lines.writelines(json.dumps(_device(device), ensure_ascii=False) + "\n" for device in devices)

    def said(
        self, saying: Saying, sent: Micros, fate: int = SENT, kinds: int = 0, changes: Mapping[int, Any] | None = None
    ) -> None:
        if changes:
            at = len(self._rows)
            for index, change in changes.items():
                self._changes[at + index] = change
        self._rows += saying.truth
        self._messages.append((saying.device.id, len(saying.truth), sent, kinds, fate))
        if fate:
            self._counts["silent" if fate == SILENT else "broken"] += 1
        if len(self._rows) >= ROWS:
            self._flush()

    def sent(self, frame: Sent) -> None:
        update = self._hash.update
        update(b"%d\x1f%b\x1f" % (frame.time, frame.topic.encode()))
        update(frame.payload)
        self._counts["sent"] += 1

    def repeated(self) -> None:
        self._counts["copies"] += 1

    def damaged(self, kind: str, adapter: str) -> None:
        self._broken[str(kind), adapter] += 1

    def bytes_of(self, frame: Sent, fate: int) -> None:
        if self._marks is not None:
            self._marks.note(self._said + len(self._messages) - 1, frame, fate)

    def fault(self, episode: Told, **more: object) -> None:
        self._line(episode.told() | more)

    def service(self, kind: str, **more: object) -> None:
        """Something befell the service: `at` virtual µs, `wall` µs when it was done, `recovered_s` where whoever did it knows."""
        self._line({"kind": kind, **more})

    def _line(self, line: Mapping[str, Any]) -> None:
        self._faults.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._faults.flush()

    def _flush(self) -> None:
        if not self._messages:
            return
        import pyarrow.parquet as pq  # only who plays a storm needs it

        table = _table(self._rows, self._messages, self._changes, self._said)
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._file, table.schema, compression="zstd", compression_level=1)
        self._writer.write_table(table, row_group_size=len(table) or 1)
        self._counts["values"] += len(self._rows)
        self._said += len(self._messages)
        self._rows.clear()
        self._messages.clear()
        self._changes.clear()

    def close(self, played_until: Micros | None = None, **more: object) -> None:
        """Write what is left. played_until: virtual µs before which everything was sent, for a run that was stopped; more: for run.json."""
        if self._file.closed:
            return
        self._flush()
        if self._writer is not None:
            self._writer.close()
        self._file.close()
        self._faults.close()
        if self._marks is not None:
            with contextlib.suppress(FileNotFoundError):
                self._marks.save(self.folder / "frames.parquet")
        self._save({"finished": True, "played_until": played_until, **more})

    def _save(self, more: Mapping[str, Any]) -> None:
        broken = [{"kind": kind, "adapter": adapter, "frames": n} for (kind, adapter), n in sorted(self._broken.items())]
        counts = {name: self._counts[name] for name in ("values", "sent", "copies", "silent", "broken")}
        told = {**self._about, "said": self._said, **counts, "damaged": broken, "sha256": self._hash.hexdigest(), **more}
        with contextlib.suppress(FileNotFoundError):
            path = self.folder / "run.json"
            (new := path.with_suffix(".new")).write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", "utf-8")
            new.replace(path)


def _device(device: Device) -> dict[str, Any]:
    return {
        "id": device.id, "type": device.type, "adapter": device.adapter, "kind": device.kind, "name": device.name, "lat": device.lat,
        "lon": device.lon, "area": device.area, "gateway": device.gateway, "thresholds": dict(device.thresholds),
    }  # fmt: skip


def _table(rows: list[Truth], messages: list[tuple[str, int, Micros, int, int]], changes: Mapping[int, Any], first: int) -> Any:
    """The rows as an Arrow table of COLUMNS."""
    import numpy as np
    import pyarrow as pa

    speakers, counts, sents, kinds, fates = zip(*messages, strict=True)
    each = np.array(counts, np.int64)
    names, numbers = np.unique(np.array(speakers), return_inverse=True)
    speaker = pa.DictionaryArray.from_arrays(np.repeat(numbers.astype(np.int32), each), pa.array(names.tolist(), pa.string()))
    columns = zip(*rows, strict=True) if rows else repeat((), 8)
    prop, statistic, channel, begin, time, result, thing, place = columns
    whose = speaker
    if any(thing):
        own = chain.from_iterable(repeat(name, count) for name, count in zip(speakers, counts, strict=True))
        whose = _words([a or b for a, b in zip(thing, own, strict=True)])
    times, results = np.array(time, np.int64), pa.array(result, pa.float64())
    said_time, said = times.copy(), results.to_numpy(zero_copy_only=False).copy()
    bits = np.repeat(np.array(kinds, np.int32), each)
    for at, change in changes.items():
        _, said_at, said_time[at], more = change
        said[at] = np.nan if said_at is None else said_at
        bits[at] |= more
    lon, lat = (pa.array([where and where[n] for where in place], pa.float64()) for n in (0, 1))
    return pa.table({
        "speaker": speaker, "device": whose, "property": _words(prop), "statistic": _words(statistic), "channel": _words(channel),
        "begin": pa.array(begin, pa.int64()), "time": times, "result": results, "lon": lon, "lat": lat, "said_time": said_time,
        "said": pa.array(said, from_pandas=True), "kinds": bits, "sent": np.repeat(np.array(sents, np.int64), each),
        "frame": np.repeat(np.arange(first, first + len(counts), dtype=np.int64), each),
        "fate": np.repeat(np.array(fates, np.int8), each),
    })  # fmt: skip


def _words(column: Sequence[str]) -> Any:
    import pyarrow as pa

    return pa.array(column, pa.string()).dictionary_encode()


class _Marks:
    """Which bytes each frame became: some 20 bytes of memory a frame."""

    def __init__(self) -> None:
        self._frames, self._marks, self._fates = array("q"), array("Q"), array("b")
        self._adapters: list[str] = []

    def note(self, number: int, frame: Sent, fate: int) -> None:
        self._frames.append(number)
        self._marks.append(mark(frame.topic, frame.payload))
        self._fates.append(fate)
        self._adapters.append(sys.intern(frame.topic.split("/")[2]))

    def save(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pa.table({
            "frame": pa.array(self._frames, pa.int64()), "mark": pa.array(self._marks, pa.uint64()), "fate": pa.array(self._fates, pa.int8()),
            "adapter": _words(self._adapters),
        })  # fmt: skip
        pq.write_table(table, path, compression="zstd")


def mark(topic: str, payload: bytes) -> int:
    """What a frame is known by: 64 bits of its topic and bytes."""
    return int.from_bytes(hashlib.blake2b(b"%b\0%b" % (topic.encode(), payload), digest_size=8).digest(), "big")
