"""Restoring a backup: unpacked beside the data folder, examined, and only then put in its place. Each step says how long it took."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path

import apsw
from msgspec import Struct

from sensing import runfile, sqlite
from sensing.errors import CheckFailedError, ConflictError, NotFoundError
from sensing.framelog import archive
from sensing.framelog.sqlite import SqliteLog
from sensing.store import lake
from sensing.store.digest import digest
from sensing.store.lake import catalogue
from sensing.store.reader import StoreReader

from . import DATABASES, KEPT_APART, Manifest, Tell
from .bundle import Bundle
from .take import schema

_KNOWN = {
    "store.db": "sensing.store.schema", "export.db": "sensing.export.book", "cap.db": "sensing.alerts.caps",
    "alerts.db": "sensing.alerts.book",
}  # fmt: skip
_TAKE = "this backup cannot be relied on: take another one"


class Step(Struct):
    """What was done: its name in the catalogue of words, how it went, seconds."""

    step: str
    detail: str
    seconds: float


class Restored(Struct):
    """How a restore went. aside: where the folder that was there lies now, "" when there was none."""

    manifest: Manifest
    steps: list[Step]
    aside: str = ""


Done = Callable[[Step], None]


class _Steps:
    def __init__(self, done: Done) -> None:
        self.steps: list[Step] = []
        self._done = done
        self._began = time.monotonic()

    def finished(self, step: str, detail: str) -> None:
        """The next one begins here."""
        now = time.monotonic()
        self.steps.append(Step(step, detail, round(now - self._began, 3)))
        self._began = now
        self._done(self.steps[-1])


def verify(path: Path, beside: Path, tell: Tell, done: Done) -> Restored:
    """Everything that a restore does but the last step; `beside` is a folder with room for it. Raises CheckFailedError."""
    steps = _Steps(done)
    with Bundle(path) as bundle, _passing(beside) as folder:
        _examined(bundle, folder, steps, tell)
        return Restored(bundle.manifest, steps.steps)


def restore(
    path: Path,
    data: Path,
    tell: Tell,
    done: Done,
    *,
    first_run: Callable[[Path], None],
    keys: Path | None = None,
    force: bool = False,
) -> Restored:
    """Make a data folder of a backup. first_run: gives a folder its admin token. keys: the folder that KEPT_APART are kept in.

    Raises ConflictError when the folder has something in it, unless `force` moves that aside, or when a service runs in it;
    CheckFailedError when the backup is not what its manifest says. Until the last step nothing of the folder is touched.
    """
    steps = _Steps(done)
    data = data.absolute()
    with Bundle(path) as bundle, _locked(data):
        there = [each for each in data.iterdir() if each.name != "lock"] if data.is_dir() else []
        if there and not force:
            raise ConflictError(
                f"{data} has {there[0].name} in it", "name a new folder with --data, or --force to move this one aside"
            )
        with _passing(data.parent) as folder:
            _examined(bundle, folder, steps, tell)
            given = _keys(keys, folder) if keys else []
            steps.finished("keys", " ".join(given) or "–")
            first_run(folder)
            steps.finished("token", str(data / "admin.token"))
            aside = _put(folder, data, aside=bool(there))
        steps.finished("placed", f"{data}" + (f" ({aside})" if aside else ""))
        return Restored(bundle.manifest, steps.steps, aside)


def _locked(data: Path) -> AbstractContextManager[None]:
    return runfile.only_one(data) if data.is_dir() else nullcontext()


@contextmanager
def _passing(parent: Path) -> Iterator[Path]:
    folder = parent / f".restore-{os.getpid()}.tmp"
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _keys(keys: Path, folder: Path) -> list[str]:
    """Bring back keys that are kept apart. Raises NotFoundError when there is none of them."""
    found = [name for name in KEPT_APART if (keys / name).is_file()]
    if not found:
        raise NotFoundError(f"{keys} has none of {', '.join(KEPT_APART)}", "name the folder that they are kept in")
    for name in found:
        with os.fdopen(os.open(folder / name, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "wb") as out:
            out.write((keys / name).read_bytes())
            out.flush()
            os.fsync(out.fileno())
    return found


def _put(folder: Path, data: Path, *, aside: bool) -> str:
    moved = ""
    try:
        if aside:
            there = data.with_name(f"{data.name}.before-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}")
            data.rename(there)
            moved = str(there)
        elif data.is_dir():
            (data / "lock").unlink(missing_ok=True)
            data.rmdir()
        folder.rename(data)
    except OSError as error:
        raise ConflictError(f"{data} cannot be replaced: {error.strerror}", "restore into a new folder with --data") from None
    sqlite.keep_names(data.parent)
    return moved


def _examined(bundle: Bundle, folder: Path, steps: _Steps, tell: Tell) -> None:
    """Unpack into a folder, and hold everything against the manifest. Raises CheckFailedError, ConflictError."""
    about = bundle.manifest
    needed, free = sum(member.bytes for member in about.members), shutil.disk_usage(folder).free
    if free < needed:
        raise ConflictError(f"{needed / 1e9:.1f} GB are needed beside {folder.parent}, {free / 1e9:.1f} GB are free", "make room")
    steps.finished("opened", f"{about.taken}, frame {about.place}, {about.rows} rows")
    for member in about.members:
        bundle.unpack(member, folder, tell)
    steps.finished("unpacked", f"{len(about.members)} files, {needed / 1e6:.1f} MB")
    for name in DATABASES:
        if (folder / name).exists():
            _sound(folder / name, about)
    steps.finished("integrity", ", ".join(f"{name} {version}" for name, version in about.schemas.items()))
    _named(folder)
    steps.finished("named", "")
    _digest(folder, about, tell)
    steps.finished("digest", about.digest[:16] or "–")
    _ledger(folder, about)
    steps.finished("ledger", f"{about.log_head - about.place}")


def _sound(path: Path, about: Manifest) -> None:
    with closing(sqlite.reader(path)) as db:
        try:
            said = db.execute("PRAGMA integrity_check(1)").get
        except apsw.Error as error:
            said = str(error)
    if said != "ok":
        raise CheckFailedError(f"{path.name}: {said}", _TAKE)
    found = schema(path)
    if found != about.schemas.get(path.name, found):
        raise CheckFailedError(f"{path.name} has schema {found}, the manifest says {about.schemas[path.name]}", _TAKE)
    if path.name in _KNOWN:
        from importlib import import_module

        ours = int(import_module(_KNOWN[path.name]).VERSION)
        if found > ours:
            raise CheckFailedError(f"{path.name} has schema {found}, this program knows {ours}", "restore with the newer program")


def _named(folder: Path) -> None:
    """Every file that the store and the log name is there, as long as it was."""
    with closing(sqlite.reader(folder / "store.db")) as db:
        wanted = [(folder / lake.FOLDER / one.file, one.bytes) for one in catalogue.read(db).segments]
    with closing(SqliteLog(folder / "log.db", write=False)) as log:
        wanted += [(folder / archive.FOLDER / one.file, one.bytes) for one in log.archive.pieces()]
    for path, size in wanted:
        if not path.exists() or path.stat().st_size != size:
            raise CheckFailedError(f"{path.parent.name}/{path.name} is named and not there as it was", _TAKE)


def _digest(folder: Path, about: Manifest, tell: Tell) -> None:
    if not about.digest:
        return
    tell("digest", 0)
    with closing(sqlite.reader(folder / "store.db")) as db:
        found = digest(db)
    if found != about.digest:
        raise CheckFailedError(f"the store's digest is {found[:16]}, the manifest says {about.digest[:16]}", _TAKE)


def _ledger(folder: Path, about: Manifest) -> None:
    """The store balances at its mark, and the log has every frame after it."""
    with closing(StoreReader(folder / "store.db")) as store, closing(SqliteLog(folder / "log.db", write=False)) as log:
        if store.place() != about.place or not store.ledger()["balanced"]:
            raise CheckFailedError(f"the ledger does not balance at frame {store.place()}", _TAKE)
        if log.head() != about.log_head or log.count(about.place) != log.head() - about.place:
            raise CheckFailedError(f"the log lacks frames after {about.place}", _TAKE)
