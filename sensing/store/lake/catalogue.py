"""The catalogue: which files hold what, as `store.db` names them; and manifests, by which lake asks work to name more.

A manifest is a file `<name>.json` in the lake's folder; the Parquet files that it brings are on disk before it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import apsw
import msgspec
from msgspec import Struct

from sensing.model import Micros

from .files import write


class Segment(Struct, frozen=True):
    """One Parquet file. Bounds are inclusive; times are microseconds; `slot` is the day that it holds, "" when it is not one day's.

    keep: days that its rows are kept after they came; 0 for ever. level: 0 as sealed, 1 merged.
    """

    file: str
    level: int
    slot: str
    keep: float
    first_commit: int
    last_commit: int
    begin: Micros
    end: Micros
    first_received: Micros
    last_received: Micros
    first_series: int
    last_series: int
    rows: int
    bytes: int
    sha: str
    id: int = 0


COLUMNS = ("file", "level", "slot", "keep", "first_commit", "last_commit", "begin", "end", "first_received", "last_received",
           "first_series", "last_series", "rows", "bytes", "sha")  # fmt: skip
_NAMES = ", ".join(f'"{name}"' for name in COLUMNS)


class Catalogue(Struct, frozen=True):
    """What is sealed at one moment: commits up to `sealed` are in the segments, all later ones in the table `hot`."""

    sealed: int
    version: int
    segments: Sequence[Segment]


class Folded(Struct, frozen=True, array_like=True):
    """A row of `amended` that a file has taken in, as it was at a commit."""

    series: int
    time: Micros
    seq: int


class Manifest(Struct):
    """What lake asks work to adopt.

    seen: the last commit whose changes to rows the new files have. newest: (series, newest time) of the rows that are sealed.
    replaces: files that the new ones stand for. folded: amendments that the new files have, unless they changed after `seen`.
    """

    kind: str
    """`seal`, `compact` or `drop`."""
    segments: list[Segment] = []
    seen: int = 0
    newest: list[tuple[int, Micros]] = []
    replaces: list[str] = []
    folded: list[Folded] = []


def read(db: apsw.Connection, known: Catalogue | None = None) -> Catalogue:
    """The catalogue as this connection sees it; `known` itself when nothing has changed since."""
    sealed, version = db.execute("SELECT sealed, version FROM lake").fetchone()  # type: ignore[misc]
    if known is not None and known.version == version:
        return known
    rows = db.execute(f'SELECT {_NAMES}, id FROM segments WHERE replaced_at IS NULL ORDER BY "begin"')
    return Catalogue(int(str(sealed)), int(str(version)), [Segment(*row) for row in rows])


def named(db: apsw.Connection) -> set[str]:
    """Every file that the catalogue names, replaced ones included."""
    return {str(file) for (file,) in db.execute("SELECT file FROM segments")}


def add(db: apsw.Connection, segment: Segment, now: Micros) -> int:
    """Name a file; returns its number."""
    marks = ", ".join("?" * len(COLUMNS))
    values = [getattr(segment, name) for name in COLUMNS]
    db.execute(f"INSERT INTO segments({_NAMES}, adopted_at) VALUES({marks}, ?)", (*values, now))
    return db.last_insert_rowid()


def leave(folder: Path, name: str, manifest: Manifest) -> Path:
    """Write a manifest so that it outlives a power cut."""
    path = folder / f"{name}.json"
    write(path, lambda passing: _fill(passing, msgspec.json.encode(manifest)))
    return path


def _fill(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def waiting(folder: Path) -> Iterator[tuple[Path, Manifest]]:
    """Manifests that wait to be adopted, oldest first."""
    for path in sorted(folder.glob("*.json")):
        yield path, msgspec.json.decode(path.read_bytes(), type=Manifest)
