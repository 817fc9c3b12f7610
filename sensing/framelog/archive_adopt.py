"""The door's side of the archive: name the files that were sealed, delete the frames that they have, forget those past retention.

Each is a short transaction on the writer's thread, between two commits.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import apsw
import msgspec

from sensing import logs
from sensing.failpoints import reach
from sensing.model import Micros

from .archive import COLUMNS, Piece

_log = logs.get("archive")


def waiting(folder: Path) -> Iterator[tuple[Path, Piece]]:
    """Manifests that wait to be adopted, oldest first."""
    for path in sorted(folder.glob("*.json")):
        with suppress(FileNotFoundError):  # adopted in this moment
            yield path, msgspec.json.decode(path.read_bytes(), type=Piece)


class Keeping:
    """The writing end of the archive over the door's own connection."""

    def __init__(self, db: apsw.Connection, folder: Path) -> None:
        self._db = db
        self._folder = folder

    def adopt(self, place: int) -> int:
        """Name what waits, if it fits; returns how many frames were moved. place: work's cursor."""
        moved = 0
        try:
            found = list(waiting(self._folder))
        except (OSError, msgspec.DecodeError) as error:
            _log.warning("manifest_unreadable", error=str(error))
            return 0
        for path, piece in found:
            if self._is_sound(piece, place):
                reach("archive.before_adopt")
                with self._db:
                    self._db.execute(f"INSERT INTO archived({COLUMNS}) VALUES(?,?,?,?,?,?,?)", msgspec.structs.astuple(piece))
                reach("archive.after_adopt")
                moved += piece.last - piece.first + 1
                _log.info("frames_archived", frames=piece.last - piece.first + 1, bytes=piece.bytes, first=piece.first)
            path.unlink(missing_ok=True)
        return moved

    def _is_sound(self, piece: Piece, place: int) -> bool:
        """Whether it goes on where the archive ends, of frames that were worked, and its file is whole."""
        last = self._db.execute("SELECT ifnull(max(last), 0) FROM archived").get
        between = self._db.execute("SELECT 1 FROM frames WHERE place > ? AND place < ? LIMIT 1", (last, piece.first)).get
        if piece.first <= last or between or piece.last > place:
            return False
        here = self._db.execute("SELECT count(*) FROM frames WHERE place IN (?, ?)", (piece.first, piece.last)).get
        with suppress(OSError):
            return here == len({piece.first, piece.last}) and (self._folder / piece.file).stat().st_size == piece.bytes
        return False

    def sweep(self, most: int) -> int:
        """Delete up to `most` of the frames that the archive has; returns how many."""
        end = self._db.execute("SELECT last FROM archived ORDER BY first DESC LIMIT 1").get
        first = self._db.execute("SELECT min(place) FROM frames").get
        if end is None or first is None or first > end:
            return 0
        self._db.execute("DELETE FROM frames WHERE place <= ?", (min(end, first + most - 1),))
        reach("archive.swept")
        return int(self._db.changes())

    def drop(self, before: Micros, limit: int) -> int:
        """Forget files whose frames were all received before a time, about `limit` frames; returns how many."""
        gone, last = 0, 0
        for first, end, received in self._db.execute("SELECT first, last, last_received FROM archived ORDER BY first"):
            if int(str(received)) >= before or (gone and gone + int(str(end)) - int(str(first)) >= limit):
                break
            gone, last = gone + int(str(end)) - int(str(first)) + 1, int(str(end))
        if gone:
            with self._db:
                self._db.execute("DELETE FROM archived WHERE last <= ?", (last,))
                self._db.execute("INSERT OR REPLACE INTO marks VALUES('pruned', ?)", (last,))
        return gone
