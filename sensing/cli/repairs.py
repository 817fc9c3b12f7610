"""What `doctor --repair` does: only what can do no harm, and it says what it did. Yields findings {check, ok, detail, remedy}.

always            modes: the folder 0700, secrets and databases 0600; files of another owner (as root); passing files of commands that are gone
nothing runs      run files of a service that is gone, orphans of the lake and the archive, the WAL written back
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sensing import logs, runfile
from sensing.errors import ConflictError

from .checks import Finding, finding
from .checks_access import open_to_others, owner_name, strangers, written_by_others
from .checks_files import stale


def repair(data: Path) -> Iterator[Finding]:
    """Mend a data folder."""
    if not data.is_dir():
        return
    logs.setup("cli", "warning")  # what was done is said once, in words
    yield from _modes(data)
    for path in stale(data):
        _remove(path)
        yield _done("leftovers", f"removed {path}")
    try:
        with runfile.only_one(data):
            yield from _orphans(data)
            yield from _checkpoints(data)
    except ConflictError:
        yield finding("repair", None, "a service runs here: what needs it stopped was left", "`sensing down`, then again")


def _done(check: str, detail: str) -> Finding:
    return finding(check, True, detail)


def _modes(data: Path) -> Iterator[Finding]:
    if data.stat().st_mode & 0o077:
        data.chmod(0o700)
        yield _done("folder", f"{data}: mode 700")
    for path in open_to_others(data):
        path.chmod(0o600)
        yield _done("secrets", f"{path}: mode 600")
    for path in written_by_others(data):
        path.chmod(path.stat().st_mode & 0o755)
        yield _done("secrets", f"{path}: mode {path.stat().st_mode & 0o777:o}")
    if foreign := strangers(data):
        about = data.stat()
        for path in foreign if os.geteuid() == 0 else ():  # nobody else may give files away
            os.chown(path, about.st_uid, about.st_gid, follow_symlinks=False)
            yield _done("owner", f"{path}: {owner_name(about.st_uid)}'s again")


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _orphans(data: Path) -> Iterator[Finding]:
    """The roles that write these folders are not there, so nobody is in the middle of anything."""
    from sensing.framelog import archive_seal
    from sensing.store.lake.tidy import tidy

    if (data / "store.db").exists():
        yield from (_done("lake", f"removed {name}, which nobody names") for name in tidy(data / "store.db"))
    if (data / "log.db").exists():
        yield from (_done("archive", f"removed {name}, which nobody names") for name in archive_seal.tidy(data))


def _checkpoints(data: Path) -> Iterator[Finding]:
    from sensing.sqlite import writer

    for path in sorted(data.glob("*.db-wal")):
        size = path.stat().st_size
        if size and path.stem != "registry":
            with closing(writer(path.with_name(path.name.removesuffix("-wal")))) as db:
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            yield _done("wal", f"{path.name}: {size / 1e6:.1f} MB written back")
