"""The file of a backup: written to the end or not at all, read with every byte checked. Memory does not grow with it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import msgspec

from sensing import sqlite
from sensing.errors import CheckFailedError, ConflictError, NotFoundError, ValidationError

from . import CHUNK, DATABASES, FOLDERS, FORMAT, MANIFEST, PACKED, SINGLE, Manifest, Member, Tell

_PACK = (*DATABASES, *SINGLE)
_NAME = re.compile(rf"({'|'.join(map(re.escape, _PACK))}|({'|'.join(FOLDERS)})/[\w.][\w.\-/ ]*)")
_OTHER = "take another one: this one cannot be relied on"


class BundleWriter:
    """Writes `path`, mode 0600; use it in `with`. It is there once `finish` returned, and otherwise never.

    Raises ConflictError when it exists, ValidationError when it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        if path.exists():
            raise ConflictError(f"{path} exists already", "name another file: a backup is never written over")
        self._path = path
        self._passing = path.with_name(path.name + ".part")
        try:
            handle = os.open(self._passing, os.O_CREAT | os.O_RDWR | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ValidationError(f"{path}: {error.strerror}", "name a file in a folder that can be written") from None
        self._file = os.fdopen(handle, "w+b")
        self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_STORED, allowZip64=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        with contextlib.suppress(ValueError, OSError):  # what was not finished is nobody's
            self._zip.close()
        self._file.close()
        self._passing.unlink(missing_ok=True)

    def add(self, name: str, source: Path, tell: Tell) -> Member:
        """One file of the data folder."""
        stored = name + PACKED if name in _PACK else name
        digest, size = hashlib.sha256(), 0
        with source.open("rb") as file, self._member(stored) as out:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
                out.write(chunk)
                tell(name, len(chunk))
        return Member(name, stored, size, digest.hexdigest())

    @contextlib.contextmanager
    def _member(self, stored: str) -> Iterator[Any]:
        about = zipfile.ZipInfo(stored)
        about.external_attr = 0o600 << 16
        with self._zip.open(about, "w", force_zip64=True) as member:
            if not stored.endswith(PACKED) or stored.startswith(FOLDERS):
                yield member
                return
            import pyarrow as pa

            with pa.CompressedOutputStream(pa.PythonFile(member, mode="w"), "zstd") as packed:
                yield packed

    def finish(self, manifest: Manifest) -> int:
        """Write the manifest, sync, give the file its name; returns its size in bytes."""
        with self._zip.open(zipfile.ZipInfo(MANIFEST), "w") as out:
            out.write(msgspec.json.format(msgspec.json.encode(manifest), indent=1))
        self._zip.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        size = self._file.tell()
        if self._path.exists():
            raise ConflictError(f"{self._path} exists already", "name another file: a backup is never written over")
        self._passing.rename(self._path)
        sqlite.keep_names(self._path.parent)
        return size


class Bundle:
    """Reads a backup; use it in `with`. Raises NotFoundError, CheckFailedError for a file that is cut off, altered or none of ours."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except FileNotFoundError:
            raise NotFoundError(f"{path} is not there", "name the file that `sensing backup` wrote") from None
        except (zipfile.BadZipFile, OSError) as error:
            raise CheckFailedError(f"{path} is cut off, or is no backup: {error}", _OTHER) from None
        try:
            self.manifest = self._read()
        except BaseException:
            self._zip.close()
            raise

    def _read(self) -> Manifest:
        try:
            manifest = msgspec.json.decode(self._zip.read(MANIFEST), type=Manifest)
        except (KeyError, zipfile.BadZipFile, msgspec.MsgspecError, OSError) as error:
            raise CheckFailedError(f"{self._path} has no manifest of ours: {error}", _OTHER) from None
        if manifest.format != FORMAT:
            raise CheckFailedError(
                f'{self._path} has format "{manifest.format}", this program knows {FORMAT}', "use the newer program"
            )
        stored = set(self._zip.namelist())
        for member in manifest.members:
            if not _NAME.fullmatch(member.name) or ".." in member.name.split("/"):
                raise CheckFailedError(f'{self._path}: "{member.name[:80]}" is no file of a data folder', _OTHER)
            if member.stored not in stored:
                raise CheckFailedError(f"{self._path}: {member.name} is missing", _OTHER)
        return manifest

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._zip.close()

    def unpack(self, member: Member, folder: Path, tell: Tell) -> None:
        """Write a member into a folder, mode 0600, and hold it against the manifest. Raises CheckFailedError."""
        path = folder / member.name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        digest, size = hashlib.sha256(), 0
        with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as out:
            for chunk in self._chunks(member):
                digest.update(chunk)
                size += len(chunk)
                if size > member.bytes:
                    break
                out.write(chunk)
                tell(member.name, len(chunk))
            out.flush()
            os.fsync(out.fileno())
        if (size, digest.hexdigest()) != (member.bytes, member.sha256):
            raise CheckFailedError(f"{self._path}: {member.name} is altered", _OTHER)

    def _chunks(self, member: Member) -> Iterator[bytes]:
        try:
            with contextlib.ExitStack() as stack:
                file: IO[bytes] | Any = stack.enter_context(self._zip.open(member.stored))
                if member.stored != member.name:
                    import pyarrow as pa

                    file = stack.enter_context(pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd"))
                while chunk := file.read(CHUNK):
                    yield chunk
        except (zipfile.BadZipFile, EOFError, OSError, ValueError) as error:
            raise CheckFailedError(f"{self._path}: {member.name} is damaged: {str(error)[:120]}", _OTHER) from None
