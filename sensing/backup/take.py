"""Taking a backup: snapshots into a passing folder of the data folder, its digest, all of it into one file."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import apsw

from sensing import __version__, settings, sqlite, times
from sensing.errors import UsageError
from sensing.framelog.sqlite import SqliteLog
from sensing.store import ROW_BITS
from sensing.store.digest import digest
from sensing.store.lake import catalogue

from . import DATABASES, FOLDERS, FORMAT, SINGLE, Manifest, Tell
from .bundle import BundleWriter
from .snapshot import snapshot

PASSING = "backup-"
"""Begins the name of the passing folder; the process id follows."""
DIGEST_ROWS = 20_000_000
"""Up to so many rows the digest is reckoned unless it is asked otherwise: some minutes."""


def take(data: Path, path: Path, tell: Tell, *, with_digest: bool | None = None) -> tuple[Manifest, int]:
    """Write a backup of a data folder, whose service may run; returns what it holds and its size in bytes.

    with_digest: None reckons the store's digest up to DIGEST_ROWS rows. Raises NotFoundError, UsageError (the store is no file), ConflictError (the file exists, no room),
    ValidationError (cannot be written). Whatever goes wrong leaves nothing behind.
    """
    if settings.load(data).settings.store.url:
        raise UsageError(
            "the store is a PostgreSQL database", "back it up with pg_dump; the data folder holds only log and registry"
        )
    with BundleWriter(path) as bundle, _passing(data) as folder:
        left_out = snapshot(data, folder, tell)
        manifest = _about(folder, with_digest, tell)
        manifest.keys_left_out = left_out
        manifest.members = [bundle.add(name, source, tell) for name, source in _files(data, folder)]
        return manifest, bundle.finish(manifest)


@contextmanager
def _passing(data: Path) -> Iterator[Path]:
    folder = data / f"{PASSING}{os.getpid()}.tmp"
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def size(data: Path) -> int:
    """About how many bytes will be told of: databases twice, files once."""
    databases = sum((data / name).stat().st_size for name in DATABASES if (data / name).exists())
    return 2 * databases + sum(path.stat().st_size for name in FOLDERS for path in (data / name).rglob("*") if path.is_file())


def _about(folder: Path, with_digest: bool | None, tell: Tell) -> Manifest:
    with closing(sqlite.reader(folder / "store.db")) as db:
        place, commit = db.execute("SELECT place, commit_no FROM progress").fetchone()  # type: ignore[misc]
        sealed = catalogue.read(db)
        hot = int(db.execute("SELECT count(*) FROM hot WHERE seq >= ?", ((sealed.sealed + 1) << ROW_BITS,)).get)
        rows = hot + sum(one.rows for one in sealed.segments)
        found = ""
        if with_digest or (with_digest is None and rows <= DIGEST_ROWS):
            tell("digest", 0)
            found = digest(db)
    with closing(SqliteLog(folder / "log.db", write=False)) as log:
        head = log.head()
    return Manifest(
        FORMAT, __version__, times.rfc3339(times.now()), int(str(place)), int(str(commit)), head, rows, found,
        {name: schema(folder / name) for name in DATABASES if (folder / name).exists()}, [], [],
    )  # fmt: skip


def schema(path: Path) -> int:
    """The schema version of a database; 0 when it has none."""
    with closing(sqlite.reader(path)) as db:
        if path.name == "registry.db":
            with suppress(apsw.SQLError):
                return int(db.execute("SELECT schema FROM changes").get or 0)
        return int(db.pragma("user_version"))


def _files(data: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    """Name in the data folder, and where its bytes are now."""
    for name in DATABASES:
        if (folder / name).exists():
            yield name, folder / name
    yield from ((name, data / name) for name in SINGLE if (data / name).is_file())
    for name in FOLDERS:
        home = folder if (folder / name).exists() else data
        for path in sorted((home / name).rglob("*")):
            if path.is_file():
                yield path.relative_to(home).as_posix(), path
