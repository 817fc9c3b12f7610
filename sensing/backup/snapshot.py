"""Copies of what a running service writes, each of one moment, in the order that makes them one whole (see the package)."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw

from sensing import sqlite
from sensing.errors import ConflictError, NotFoundError
from sensing.framelog import archive
from sensing.store import lake
from sensing.store.lake import catalogue

from . import FIRST, Tell

_PAGES = 2_000
_TRIES = 5
_ROOM = 1.1
"""How much more room than the databases take there must be: copies lie in the data folder while the backup is written."""


class Vanished(Exception):  # noqa: N818 it says what happened
    """A file that a snapshot names was removed before it could be linked: take the snapshot again."""


def snapshot(data: Path, folder: Path, tell: Tell) -> list[str]:
    """Put copies of all databases, and links to the files that they name, into a folder of the same file system.

    Returns the devices whose payload keys were left out.

    Raises NotFoundError without a store, ConflictError without room.
    """
    if not (data / "store.db").exists():
        raise NotFoundError(f"{data / 'store.db'} is not there", "name a data folder that has run, with --data")
    _room(data)
    for name in FIRST:
        if (data / name).exists():
            copy(data / name, folder / name, tell)
    _again(lambda: _store(data, folder, tell))
    _again(lambda: _log(data, folder, tell))
    if not (data / "registry.db").exists():
        return []
    return _registry(data / "registry.db", folder / "registry.db", tell)


def _room(data: Path) -> None:
    needed = int(_ROOM * sum(path.stat().st_size for path in data.glob("*.db*")))
    free = shutil.disk_usage(data).free
    if free < needed:
        raise ConflictError(
            f"{needed / 1e9:.1f} GB must be free in {data} while the backup is taken, {free / 1e9:.1f} GB are",
            "make room; the copies are removed afterwards",
        )


def _again(attempt: Any) -> None:
    for left in range(_TRIES - 1, -1, -1):
        try:
            attempt()
        except Vanished as error:
            if not left:
                raise NotFoundError(f"{error} is named and not there", "`sensing doctor` tells which files are missing") from None
        else:
            return


def copy(source: Path, target: Path, tell: Tell) -> None:
    """A database as it is at this moment, without its WAL. The snapshot lasts only while pages are copied."""
    target.unlink(missing_ok=True)
    os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o600))
    with closing(sqlite.reader(source)) as db, closing(apsw.Connection(str(target))) as out:
        out.pragma("synchronous", "off")
        size = int(db.pragma("page_size"))
        with db:
            db.execute("SELECT count(*) FROM sqlite_master").get  # noqa: B018 the snapshot begins with the first read
            with out.backup("main", db, "main") as backup:
                before = 0
                while not backup.done:
                    backup.step(_PAGES)
                    done = backup.page_count - backup.remaining
                    tell(source.name, (done - before) * size)
                    before = done
        out.pragma("journal_mode", "delete")


def _store(data: Path, folder: Path, tell: Tell) -> None:
    copy(data / "store.db", folder / "store.db", tell)
    with closing(apsw.Connection(str(folder / "store.db"))) as db:
        names = [segment.file for segment in catalogue.read(db).segments]
    _link(data / lake.FOLDER, folder / lake.FOLDER, names)


def _log(data: Path, folder: Path, tell: Tell) -> None:
    copy(data / "log.db", folder / "log.db", tell)
    with closing(apsw.Connection(str(folder / "store.db"))) as store:
        answered = store.execute("SELECT ifnull(max(seq), 0) FROM sqlite_sequence WHERE name='outbox'").get
    with closing(apsw.Connection(str(folder / "log.db"))) as db:
        # replies to frames after the mark will be made again: they must not pass for sent
        db.execute("UPDATE marks SET value = min(value, ?) WHERE name='outbox'", (answered,))
        names = [piece.file for piece in archive.Archive(db, data / archive.FOLDER).pieces()]
    _link(data / archive.FOLDER, folder / archive.FOLDER, names)


def _link(source: Path, target: Path, names: Sequence[str]) -> None:
    """Hard links: what a role unlinks stays here."""
    target.mkdir(mode=0o700, exist_ok=True)
    for name in names:
        if (target / name).exists():
            continue
        try:
            os.link(source / name, target / name)
        except FileNotFoundError:
            raise Vanished(source / name) from None
        except OSError:  # a file system without hard links
            shutil.copyfile(source / name, target / name)


def _registry(source: Path, target: Path, tell: Tell) -> list[str]:
    """The registry as it is, packed anew so that nothing deleted is left in it, without keys of payloads and without sessions."""
    os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o600))
    with closing(apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READONLY)) as db:
        db.set_busy_timeout(sqlite.BUSY_MS)
        db.execute("VACUUM INTO ?", (str(target),))
    tell(source.name, target.stat().st_size)
    with closing(apsw.Connection(str(target))) as db:
        db.pragma("journal_mode", "memory")
        db.pragma("secure_delete", True)
        with db:
            left_out = strip(db)
            if db.execute("SELECT 1 FROM sqlite_master WHERE name='sessions'").get:
                db.execute("DELETE FROM sessions")
        return left_out


def strip(db: apsw.Connection) -> list[str]:
    """Take settings that are keys (names that end in `_key`) out of every JSON column; returns the things that had one."""
    found: set[str] = set()
    for table, column in list(_json_columns(db)):
        which = "id" if table == "things" else "''"
        query = f"""SELECT rowid, {which}, "{column}" FROM "{table}" WHERE "{column}" LIKE '%\\_key"%' ESCAPE '\\'"""  # noqa: S608 our own names
        for row, thing, text in db.execute(query).fetchall():
            before = json.loads(str(text))
            after = _without(before)
            if after != before:
                db.execute(f'UPDATE "{table}" SET "{column}"=? WHERE rowid=?', (json.dumps(after, ensure_ascii=False), row))  # noqa: S608
                found.add(str(thing))
    return sorted(found - {""})


def _json_columns(db: apsw.Connection) -> Iterator[tuple[str, str]]:
    tables = [str(name) for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type='table'")]
    for table in tables:
        if table.startswith("audit"):  # chained by hash, and without secrets
            continue
        for row in db.execute("SELECT name FROM pragma_table_info(?) WHERE upper(type)='JSON'", (table,)):
            yield table, str(row[0])


def _without(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {name: _without(value) for name, value in tree.items() if not name.endswith("_key")}
    return [_without(each) for each in tree] if isinstance(tree, list) else tree
