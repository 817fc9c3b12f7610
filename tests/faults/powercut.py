"""A disk that forgets: an apsw VFS under which bytes reach the real file only when they are synced.

`kill -9` proves nothing about fsync: the kernel keeps what was written. Under this VFS a process's unsynced writes live in
its own memory, so that killing it is a power cut: written but unsynced bytes of the database, its WAL and new directory entries
are gone, and what was synced is on the real disk. Deliberately harsher than most file systems: nothing unsynced ever survives.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

import apsw


@dataclass
class Disk:
    """One file as the running process sees it; `dirty` are the byte ranges that a power cut would lose."""

    path: str
    content: bytearray
    dirty: list[tuple[int, int]] = field(default_factory=list)
    shorter: bool = False

    def write(self, data: bytes, offset: int) -> None:
        end = offset + len(data)
        if end > len(self.content):
            self.content.extend(bytes(end - len(self.content)))
        self.content[offset:end] = data
        self.dirty.append((offset, end))

    def truncate(self, size: int) -> None:
        self.shorter = self.shorter or size < len(self.content)
        del self.content[size:]

    def sync(self) -> None:
        """What a power cut cannot take any more."""
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            for start, end in self.dirty:
                os.pwrite(handle, self.content[start:end], start)
            if self.shorter:
                os.ftruncate(handle, len(self.content))
        finally:
            os.close(handle)
        self.dirty.clear()
        self.shorter = False


_disks: dict[str, Disk] = {}
_owned: set[str] = set()
"""Databases that this process writes. Files of others it reads as they are."""


class ForgetfulFile(apsw.VFSFile):
    """Reads and writes the process's own picture of the file; locks and shared memory are the real file's."""

    def __init__(self, base: str, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        if path is not None and flags[0] & apsw.SQLITE_OPEN_MAIN_DB and flags[0] & apsw.SQLITE_OPEN_READWRITE:
            _owned.add(path)
        super().__init__(base, name, flags)
        self._disk = _picture(path) if path is not None and path.removesuffix("-wal").removesuffix("-journal") in _owned else None

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802
        if self._disk is None:
            return super().xRead(amount, offset)
        return bytes(self._disk.content[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        if self._disk is None:
            super().xWrite(data, offset)
        else:
            self._disk.write(bytes(data), offset)

    def xTruncate(self, size: int) -> None:  # noqa: N802
        if self._disk is None:
            super().xTruncate(size)
        else:
            self._disk.truncate(size)

    def xFileSize(self) -> int:  # noqa: N802
        return super().xFileSize() if self._disk is None else len(self._disk.content)

    def xSync(self, flags: int) -> None:  # noqa: N802
        if self._disk is not None:
            self._disk.sync()
        super().xSync(flags)


def _picture(path: str) -> Disk:
    if path not in _disks:
        _disks[path] = Disk(path, bytearray(Path(path).read_bytes()))
    return _disks[path]


class ForgetfulVFS(apsw.VFS):
    """Makes itself the default, so that code under test need not know."""

    def __init__(self) -> None:
        super().__init__("forgetful", "unix", makedefault=True)

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> ForgetfulFile:  # noqa: N802
        return ForgetfulFile("unix", name, flags)

    def xDelete(self, name: str, sync: bool) -> None:  # noqa: N802
        _disks.pop(name, None)
        super().xDelete(name, sync)


def main(arguments: list[str]) -> None:
    """Run a role on the disk that forgets: `python -m tests.faults.powercut ROLE DATA [SYNCHRONOUS]`."""
    from sensing import app, sqlite
    from tests.faults import forgetful_files

    vfs = ForgetfulVFS()
    role, data, *mode = arguments
    if role == "lake":
        forgetful_files.forget(Path(data))
        if mode == ["careless"]:
            forgetful_files.never_sync()
    if mode and mode != ["careless"]:
        ours = sqlite.writer

        def weaker(path: Path, checkpoint_pages: int = 4_000) -> apsw.Connection:
            connection = ours(path, checkpoint_pages)
            connection.pragma("synchronous", mode[0])
            return connection

        sqlite.writer = weaker
    app.main([role, data])
    del vfs


if __name__ == "__main__":
    main(sys.argv[1:])
