"""Pages' files, as they ship in `static/`: found by name, compressed once, kept by browsers for as long as they stay the same.

A page names its files under `/static/<hash of all of them>/`; modules that import their neighbours stay under it, so whatever a browser has under
such an address is what we have, and never asks again. The same name without the hash, or under another, is asked for each time (ETag).
Files are read when they are first asked for, and anew when they changed on disk: an edit is seen on reload.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import threading
from pathlib import Path

from msgspec import Struct
from starlette.responses import Response

STATIC = Path(__file__).resolve().parent / "static"
KINDS = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".geojson": "application/geo+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
    ".bin": "application/octet-stream",
}
"""What may be served at all. Anything else that lies in the folder does not exist for a browser."""
_PACKED = frozenset({".png", ".woff2"})
"""Compressed as they are."""
_NAME = re.compile(r"(?:[a-z0-9_-]+/)*[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.[a-z0-9]+")
"""Names that we give files; none has a dot first, so none leads out of the folder."""
_HASH = re.compile(r"[0-9a-f]{16}")
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK = "no-cache"


class Asset(Struct, frozen=True):
    """A file as it is sent. packed: gzip of it, b"" where that would not be smaller."""

    kind: str
    plain: bytes
    packed: bytes
    etag: str
    stamp: tuple[int, int]
    """When it was changed, nanoseconds, and its size: how an edit is noticed."""


class Assets:
    """The files of one folder. Safe for several threads."""

    def __init__(self, root: Path = STATIC) -> None:
        self._root = root
        self._read: dict[str, Asset] = {}
        self._version = ("", ())  # type: tuple[str, tuple[object, ...]]
        self._lock = threading.Lock()

    @property
    def version(self) -> str:
        """16 hex digits that change when any file does."""
        stamps = tuple((path, found.st_mtime_ns, found.st_size) for path in self._files() for found in [path.stat()])
        with self._lock:
            if self._version[1] != stamps:
                whole = hashlib.sha256()
                for path, *_ in stamps:
                    whole.update(f"{path.relative_to(self._root).as_posix()}\n".encode())
                    whole.update(hashlib.sha256(path.read_bytes()).digest())
                self._version = whole.hexdigest()[:16], stamps
            return self._version[0]

    def names(self) -> list[str]:
        """Every file that may be served, by name."""
        return [path.relative_to(self._root).as_posix() for path in self._files()]

    def find(self, name: str) -> Asset | None:
        """A file by name; None for what does not exist, or is no business of a browser's."""
        path = self._root / name
        if not _NAME.fullmatch(name) or path.suffix not in KINDS or not path.is_file():
            return None
        if not path.resolve().is_relative_to(self._root):  # a link that leads elsewhere
            return None
        found = path.stat()
        stamp = found.st_mtime_ns, found.st_size
        known = self._read.get(name)
        if known is None or known.stamp != stamp:
            known = asset(path.read_bytes(), path.suffix, stamp)
            self._read[name] = known
        return known

    def _files(self) -> list[Path]:
        return sorted(path for path in self._root.rglob("*") if path.suffix in KINDS and path.is_file())


def asset(plain: bytes, suffix: str, stamp: tuple[int, int] = (0, 0)) -> Asset:
    """A file's bytes, ready to be sent."""
    packed = b"" if suffix in _PACKED or len(plain) < 256 else gzip.compress(plain, 9, mtime=0)
    return Asset(KINDS[suffix], plain, packed if len(packed) < len(plain) else b"", hashlib.sha256(plain).hexdigest()[:24], stamp)


def split(address: str) -> tuple[str, str]:
    """What follows `/static/`, as (hash or "", name)."""
    first, _, rest = address.partition("/")
    return (first, rest) if _HASH.fullmatch(first) and rest else ("", address)


def send(found: Asset, *, accepts: str, known: str, for_ever: bool, headers: dict[str, str] | None = None) -> Response:
    """200 or, when the browser has it (`known` is its If-None-Match), 304. accepts: its Accept-Encoding."""
    packed = bool(found.packed) and _takes_gzip(accepts)
    etag = f'"{found.etag}-g"' if packed else f'"{found.etag}"'
    told = {"etag": etag, "cache-control": _FOR_EVER if for_ever else _ASK, "vary": "accept-encoding", **(headers or {})}
    if known and etag in (each.strip().removeprefix("W/") for each in known.split(",")):
        return Response(status_code=304, headers=told)
    if packed:
        told["content-encoding"] = "gzip"
    return Response(found.packed if packed else found.plain, 200, told, found.kind)


def _takes_gzip(accepts: str) -> bool:
    for part in accepts.lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() in ("gzip", "*"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
