"""What `doctor` looks at in the files of a data folder: schemas, segments and archived frames, what was left behind, whose clock is right.

As in `checks`: generators of findings that write nothing and slow nobody.
"""

from __future__ import annotations

import ctypes
import sqlite3
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from sensing import runfile

from .checks import Finding, finding

_WAL_MOST = 512 * 1024 * 1024
_RESET_BUG = (3, 51, 3)
_SKEW_S = 120.0
_LEAST_THINGS = 5
_LAST_ROWS = 5_000
_LONG_S = 600.0
_TIME_ERROR = 5
"""What adjtimex answers when nothing keeps the clock right (STA_UNSYNC)."""


def schemas(data: Path) -> Iterator[Finding]:
    """Versions of the files, and of the program: older files are brought up by the service, newer ones it must not touch."""
    from sensing.backup.take import schema
    from sensing.export.book import VERSION as EXPORT
    from sensing.registry.schema import SCHEMA
    from sensing.store.schema import VERSION as STORE

    for name, ours in (("store.db", STORE), ("registry.db", SCHEMA), ("export.db", EXPORT)):
        if (data / name).exists():
            found = schema(data / name)
            yield finding(
                "schemas", found <= ours, f"{name}: {found}, this program {ours}", "install the newer program that wrote it"
            )


def registry_journal(data: Path) -> Iterator[Finding]:
    """The registry is read with the interpreter's own SQLite, which may have the WAL-reset bug: it must not be in WAL mode."""
    path = data / "registry.db"
    if not path.exists():
        return
    with path.open("rb") as file:
        wal = file.read(20)[18:] == b"\x02\x02"
    fit = not wal or sqlite3.sqlite_version_info >= _RESET_BUG
    yield finding("journal", fit, f"registry.db, {'WAL' if wal else 'rollback journal'}, SQLite {sqlite3.sqlite_version}",
                  "stop the service, then `sqlite3 registry.db 'PRAGMA journal_mode=DELETE'`")  # fmt: skip


def lake(data: Path) -> Iterator[Finding]:
    """Every segment that the store names is there, as long as it was; what nobody names is removed by the lake role."""
    from sensing.sqlite import reader
    from sensing.store.lake import FOLDER, catalogue
    from sensing.store.lake.files import PASSING

    if not (data / "store.db").exists() or not (data / FOLDER).is_dir():
        return
    present = {path.name for path in (data / FOLDER).iterdir()}
    waiting = {segment.file for _, manifest in catalogue.waiting(data / FOLDER) for segment in manifest.segments}
    with closing(reader(data / "store.db")) as db:
        live = [(one.file, one.bytes) for one in catalogue.read(db).segments]
        named = catalogue.named(db)
    orphans = [name for name in present if name.endswith(PASSING) or (name.endswith(".parquet") and name not in named | waiting)]
    yield _kept("lake", data / FOLDER, live, orphans)


def archive(data: Path) -> Iterator[Finding]:
    """Every file of archived frames is there and opens; what nobody names is removed by the lake role."""
    from sensing.errors import CheckFailedError
    from sensing.framelog.archive import FOLDER
    from sensing.framelog.archive_seal import orphans
    from sensing.framelog.framefile import FrameFile
    from sensing.framelog.sqlite import SqliteLog

    if not (data / "log.db").exists() or not (data / FOLDER).is_dir():
        return
    unnamed = [path.name for path in orphans(data)]
    with closing(SqliteLog(data / "log.db", write=False)) as log:
        pieces = log.archive.pieces()
    found = _kept("archive", data / FOLDER, [(one.file, one.bytes) for one in pieces], unnamed)
    if found["ok"]:
        try:
            for one in pieces:
                FrameFile(data / FOLDER / one.file).close()
        except CheckFailedError as error:
            found = finding("archive", False, error.what, error.hint)
    yield found


def _kept(check: str, folder: Path, named: list[tuple[str, int]], orphans: list[str]) -> Finding:
    bad = [name for name, size in named if not (folder / name).exists() or (folder / name).stat().st_size != size]
    if bad:
        return finding(
            check,
            False,
            f"{len(bad)} of {len(named)} files missing or cut off: {bad[0]}",
            f"take them out of a backup into {folder}",
        )
    size = sum(size for _, size in named)
    more = f", {len(orphans)} that nobody names" if orphans else ""
    return finding(check, True, f"{len(named)} files, {size / 1e6:.1f} MB{more}")


def leftovers(data: Path) -> Iterator[Finding]:
    """What a killed command or service left behind. It does no harm, and `--repair` removes it."""
    found = [path.name for path in stale(data)]
    yield finding(
        "leftovers", None if found else True, " ".join(found[:5]) if found else "none", "`sensing doctor --repair` removes it"
    )
    for path in data.glob("*.db-wal"):
        if path.stat().st_size > _WAL_MOST:
            yield finding("wal", None, f"{path.name} has {path.stat().st_size / 1e6:.0f} MB",
                          "a reader holds it open; stop the service and `sensing doctor --repair`")  # fmt: skip


def stale(data: Path) -> list[Path]:
    """Passing files of commands that are gone, and run files of a service that is."""
    passing = [*data.glob("*.tmp"), *data.glob("*.part"), *data.absolute().parent.glob(".restore-*.tmp")]
    found = [path for path in passing if _is_left(path)]
    if runfile.running(data) is None:
        found += [
            path for path in (data / "run.json", *(data / "run").glob("*.json"), *(data / "run").glob("*.tmp")) if path.exists()
        ]
    return sorted(found)


def _is_left(path: Path) -> bool:
    """Whether the process in the name of a passing file is gone; one without is left when it has not changed for long."""
    name = path.stem.rpartition("-")[2]
    with suppress(FileNotFoundError):
        return not runfile.alive(int(name)) if name.isdigit() else time.time() - path.stat().st_mtime > _LONG_S
    return False


def clocks(data: Path) -> Iterator[Finding]:
    """The clock of this machine against who keeps it, against the log's last stamp, and against what devices say now."""
    remedy = "keep the clock right (`timedatectl set-ntp true`): devices without a clock are dated by it"
    kept = _kept_right()
    if kept is not None:
        yield finding(
            "clock_sync", True if kept else None, "kept by a time service" if kept else "no time service keeps it", remedy
        )
    if (data / "log.db").exists():
        yield _last_stamp(data, remedy)
    if (data / "store.db").exists():
        yield from _devices(data, remedy)


def _kept_right() -> bool | None:
    """Whether the kernel says that a time service keeps the clock; None where it cannot be asked."""
    if not sys.platform.startswith("linux"):
        return None
    with suppress(OSError, AttributeError):
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(512))
        return None if state < 0 else state != _TIME_ERROR
    return None


def _last_stamp(data: Path, remedy: str) -> Finding:
    from sensing.framelog.sqlite import SqliteLog

    with closing(SqliteLog(data / "log.db", write=False)) as log:
        last = log.get(log.head())
    ahead = 0.0 if last is None else last.received / 1e6 - time.time()
    return finding(
        "clock_log",
        ahead < 5,
        f"the last frame came {ahead:.0f} s from now" if ahead >= 5 else "goes on from the log's last stamp",
        remedy,
    )


def _devices(data: Path, remedy: str) -> Iterator[Finding]:
    """The middle of what live devices' own clocks say against the door's stamps, over the last rows."""
    from sensing.sqlite import reader

    with closing(reader(data / "store.db")) as db:
        rows: list[Any] = db.execute(
            """SELECT s.thing, min(h.received - h.time) FROM (SELECT * FROM hot ORDER BY seq DESC LIMIT ?) h
            JOIN series s ON s.id = h.series WHERE s.origin='live' AND s.statistic='instant' AND abs(h.received - h.time) > 1000
            GROUP BY s.thing""", (_LAST_ROWS,)).fetchall()  # fmt: skip
    if len(rows) < _LEAST_THINGS:
        return
    skew = statistics.median(float(each) for _, each in rows) / 1e6
    fit = abs(skew) < _SKEW_S
    yield finding(
        "clock_devices",
        True if fit else None,
        f"{len(rows)} devices, {skew:+.0f} s in the middle",
        f"if most devices are right, we are not: {remedy}",
    )
