"""Sealing frames: those that work has read, and that are some hours old, become one file; a manifest asks the door to adopt it.

The role that calls `step` is the only one that writes DATA/frames. Frames are read in short snapshots, and the file is read back and compared
with them before the manifest says that it is there: they are about to be deleted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

import apsw
import msgspec

from sensing import logs, sqlite, times
from sensing.errors import CheckFailedError
from sensing.failpoints import reach
from sensing.metrics import Metrics
from sensing.model import Frame, Micros, Source
from sensing.settings import Archive as Settings
from sensing.store.lake import files

from .archive import FOLDER, SUFFIX, Piece
from .archive_adopt import waiting
from .framefile import BLOCK, FrameFile, Row, Writer
from .sqlite import SqliteLog

_log = logs.get("archive")
_PART = 2_000
"""Frames after which the snapshot of the log is let go, so that its WAL stays small."""
_ROWS = "SELECT place, source, received, duplicate, payload FROM frames WHERE place >= ? AND place <= ? ORDER BY place"
_SOURCE = "SELECT adapter, principal, topic, kind, origin, run FROM sources WHERE id=?"


def step(data: Path, settings: Settings, place: Callable[[], int], metrics: Metrics) -> bool:
    """One look at the log of a data folder; returns whether frames were left for the door to adopt. place: work's cursor."""
    if not (data / "log.db").exists():
        return False
    tidy(data)
    made = seal(data, settings, place())
    if made is not None:
        frames = made.last - made.first + 1
        metrics.count("sensing_archive_frames_total", frames)
        metrics.count("sensing_archive_bytes_total", made.bytes)
        _log.info("frames_sealed", frames=frames, bytes=made.bytes, first=made.first)
    return made is not None


def seal(data: Path, settings: Settings, place: int, now: Micros | None = None) -> Piece | None:
    """Seal what is old enough up to a place, if it is enough; None when it is not, or while a manifest waits to be adopted.

    Raises CheckFailedError when the file does not read back as it was written: nothing was lost, it is tried again.
    """
    folder = data / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    if any(waiting(folder)):
        return None
    bounds = _range(data, settings, place, times.now() if now is None else now)
    if bounds is None:
        return None
    first, last = bounds
    name = f"frames-{first:013d}-{last:013d}"
    path = folder / f"{name}{SUFFIX}"
    seen = _Seen()
    with closing(sqlite.reader(data / "log.db")) as db:
        files.write(path, lambda passing: _fill(db, passing, first, last, seen), lambda step: reach(f"archive.file_{step}"))
    _read_back(path, seen)
    with path.open("rb") as written:
        sha = hashlib.file_digest(written, "sha256").hexdigest()
    piece = Piece(first, last, seen.least, seen.greatest, path.stat().st_size, sha, path.name)
    files.write(folder / f"{name}.json", lambda passing: _put(passing, msgspec.json.encode(piece)))
    reach("archive.after_manifest")
    return piece


def _range(data: Path, settings: Settings, place: int, now: Micros) -> tuple[int, int] | None:
    """First and last place to seal."""
    with closing(SqliteLog(data / "log.db", write=False)) as log:
        first = max(log.tail(), log.archive.ends()[1] + 1)
        last = min(place, first + settings.file_frames - 1)
        old = now - int(settings.after_h * times.HOUR)
        if settings.after_h:
            last = min(last, log.place_at(old))
        if last < first:
            return None
        oldest = log.get(first)
    waited = oldest is not None and oldest.received <= old - int(settings.every_h * times.HOUR)
    return (first, last) if waited or last - first + 1 >= settings.file_frames else None


class _Seen:
    """What was written: a hash over frames in their order, and when they were received."""

    def __init__(self) -> None:
        self.hash = hashlib.sha256()
        self.count = 0
        self.least, self.greatest = 1 << 62, -(1 << 62)

    def add(self, source: Source, received: Micros, duplicate: bool, payload: bytes) -> None:
        words = (source.adapter, source.principal, source.topic, source.kind, source.origin, source.run)
        self.hash.update(f"{words}\x1e{received}\x1e{int(duplicate)}\x1e{len(payload)}\x1e".encode())
        self.hash.update(payload)
        self.count += 1
        self.least, self.greatest = min(self.least, received), max(self.greatest, received)


def _fill(db: apsw.Connection, passing: Path, first: int, last: int, seen: _Seen) -> None:
    with passing.open("wb") as out:
        passing.chmod(0o600)
        _write(db, out, first, last, seen)


def _write(db: apsw.Connection, out: BinaryIO, first: int, last: int, seen: _Seen) -> None:
    writer, numbers, sources = Writer(out, first), dict[int, int](), list[Source]()
    block: list[Row] = []
    for place, source, received, duplicate, payload in _rows(db, first, last):
        if place != first + seen.count:
            raise CheckFailedError(f"frame {first + seen.count} is not in the log, frame {place} is", "`sensing doctor`")
        if source not in numbers:
            numbers[source] = len(sources)
            sources.append(Source(*db.execute(_SOURCE, (source,)).get))
        seen.add(sources[numbers[source]], received, bool(duplicate), payload)
        block.append((numbers[source], received, duplicate, payload))
        if len(block) == BLOCK:
            writer.add(block)
            block = []
    if block:
        writer.add(block)
    writer.close(sources)


def _rows(db: apsw.Connection, first: int, last: int) -> Iterator[tuple[int, int, int, int, bytes]]:
    """Rows of the log, a few thousand in a snapshot."""
    for start in range(first, last + 1, _PART):
        yield from db.execute(_ROWS, (start, min(last, start + _PART - 1))).fetchall()  # type: ignore[misc]


def _read_back(path: Path, seen: _Seen) -> None:
    again = _Seen()
    with closing(FrameFile(path)) as file:
        frame: Frame
        for frame in file.frames():
            again.add(frame.source, frame.received, frame.duplicate, frame.payload)
    if (again.count, again.hash.digest()) != (seen.count, seen.hash.digest()):
        path.unlink()
        raise CheckFailedError(
            f"{path} does not read back as it was written", "a defect of ours, or of the disk: `sensing doctor`"
        )


def _put(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o600)


def tidy(data: Path) -> list[str]:
    """Remove files that neither the log nor a manifest names; returns their names. Between two calls of `seal`, by the same role."""
    folder = data / FOLDER
    if not folder.is_dir():
        return []
    gone = []
    for path in orphans(data):
        reach("archive.before_unlink")
        path.unlink(missing_ok=True)
        reach("archive.after_unlink")
        gone.append(path.name)
    if gone:
        _log.info("orphans_removed", files=len(gone))
    return gone


def orphans(data: Path) -> list[Path]:
    """Files of the archive that nobody names: what was cut short, and what is past retention."""
    folder = data / FOLDER
    found = {path.name: path for path in folder.iterdir()}  # before what is named is read: a file is there before its name is
    kept = {piece.file for _, piece in waiting(folder)}
    with closing(SqliteLog(data / "log.db", write=False)) as log:
        kept |= {piece.file for piece in log.archive.pieces()}
    return [path for name, path in sorted(found.items())
            if name.endswith(files.PASSING) or (path.suffix == SUFFIX and name not in kept)]  # fmt: skip
