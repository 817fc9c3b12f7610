"""The archive behind `log.db`: frames that were worked hours ago, in compressed files that readers find through the log itself.

    seal    the lake role writes DATA/frames/frames-<first>-<last>.zst of frames below work's cursor, and a manifest (archive_seal.py)
    adopt   the door names the file in the table `archived`: one transaction; it is durable from then on (archive_adopt.py)
    sweep   the door deletes the frames that the file has, some hundreds at a time, between its commits
    drop    the door forgets files past retention; the lake role removes what nobody names

A reader asks the table `frames` first and `archived` after it: a frame leaves the one only after it is in the other. Whoever reads at the
head of the log never comes here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import apsw
from msgspec import Struct

from sensing import topics
from sensing.errors import CheckFailedError
from sensing.model import Frame, Micros

from .framefile import FrameFile

FOLDER = "frames"
SUFFIX = ".zst"
_OPEN = 4
"""Files that one reader holds open."""
SCHEMA = """
CREATE TABLE IF NOT EXISTS archived(
  first INTEGER PRIMARY KEY, last INTEGER, first_received INTEGER, last_received INTEGER, bytes INTEGER, sha TEXT, file TEXT);
"""
COLUMNS = "first, last, first_received, last_received, bytes, sha, file"


class Piece(Struct, frozen=True):
    """A file of the archive. first, last: places, all between are there. Times: of reception, least and greatest."""

    first: int
    last: int
    first_received: Micros
    last_received: Micros
    bytes: int
    sha: str
    file: str


class Archive:
    """The archived frames of one log, over that log's own connection. Raises CheckFailedError for a file that is damaged or missing."""

    def __init__(self, db: apsw.Connection, folder: Path) -> None:
        self._db = db
        self.folder = folder
        self._files: dict[str, FrameFile] = {}
        self._there = False

    def _is_there(self) -> bool:
        """Whether the log has an archive's table: one that only older programs wrote has none."""
        if not self._there:
            self._there = bool(self._db.execute("SELECT 1 FROM sqlite_master WHERE name='archived'").get)
        return self._there

    def pieces(self) -> list[Piece]:
        """Every file that is named, oldest first."""
        if not self._is_there():
            return []
        return [Piece(*row) for row in self._db.execute(f"SELECT {COLUMNS} FROM archived ORDER BY first")]

    def ends(self) -> tuple[int, int]:
        """First and last place archived; (0, 0) when none is."""
        if not self._is_there():
            return 0, 0
        first = self._db.execute("SELECT first FROM archived ORDER BY first LIMIT 1").get
        last = self._db.execute("SELECT last FROM archived ORDER BY first DESC LIMIT 1").get
        return (0, 0) if first is None else (int(first), int(last))

    def _piece(self, condition: str, *values: int) -> Piece | None:
        row = self._db.execute(f"SELECT {COLUMNS} FROM archived WHERE {condition} LIMIT 1", values).fetchone()
        return Piece(*row) if row else None

    def _from(self, place: int) -> Piece | None:
        """The file that has a place, else the next one."""
        if not self._is_there():
            return None
        found = self._piece("first <= ? ORDER BY first DESC", place)
        return found if found and found.last >= place else self._piece("first > ? ORDER BY first", place)

    def _open(self, piece: Piece) -> FrameFile | None:
        """A file, open; None when it was dropped in this moment."""
        found = self._files.pop(piece.file, None)
        if found is None:
            try:
                found = FrameFile(self.folder / piece.file)
            except FileNotFoundError:
                if self._piece("first = ?", piece.first) is None:
                    return None
                raise CheckFailedError(f"{self.folder / piece.file} is not there", "take the file out of a backup") from None
        self._files[piece.file] = found
        if len(self._files) > _OPEN:
            self._files.pop(next(iter(self._files))).close()
        return found

    def after(self, place: int) -> Iterator[Frame]:
        """Archived frames after a place, in order."""
        while (piece := self._from(place + 1)) is not None:
            file = self._open(piece)
            if file is not None:
                start = max(place + 1, piece.first)
                for number in range(file.number(start), len(file.index.blocks)):
                    yield from (frame for frame in file.block(number) if frame.place >= start)
            place = piece.last

    def read(self, after: int, limit: int, partitions: range, whole: bool) -> list[Frame]:
        """See `Log.read`. whole: the partitions are all that there are."""
        found: list[Frame] = []
        parts: dict[str, int] = {}
        for frame in self.after(after):
            if not whole:
                principal = frame.source.principal
                if principal not in parts:
                    parts[principal] = topics.partition(principal)
                if parts[principal] not in partitions:
                    continue
            found.append(frame)
            if len(found) == limit:
                break
        return found

    def get(self, place: int) -> Frame | None:
        """See `Log.get`."""
        piece = self._from(place)
        if piece is None or piece.first > place:
            return None
        file = self._open(piece)
        if file is None:
            return None
        number = file.number(place)
        return file.block(number)[place - file.first_of(number)]

    def twin(self, frame: Frame, within: int) -> Frame | None:
        """See `Log.twin`."""
        source, place, end = frame.source, frame.place - within, frame.place
        while (piece := self._from(place)) is not None and piece.first < end:
            file = self._open(piece)
            for number in range(file.number(max(place, piece.first)), len(file.index.blocks)) if file else ():
                if file is None or not file.holds(number, frame.payload):
                    continue
                for each in file.block(number):
                    known = each.source
                    if frame.place - within <= each.place < end and each.payload == frame.payload and (
                        known.principal, known.topic, known.origin, known.run) == (
                        source.principal, source.topic, source.origin, source.run):  # fmt: skip
                        return each
            place = piece.last + 1
        return None

    def recent(self, principal: str, after: int, before: int) -> Iterator[Frame]:
        """Frames of a principal with after < place < before, the newest first."""
        while before > after + 1 and self._is_there():
            piece = self._piece("first < ? ORDER BY first DESC", before)
            if piece is None or piece.last <= after:
                return
            file = self._open(piece)
            for number in range(file.number(min(before - 1, piece.last)), -1, -1) if file else ():
                if file is None or file.first_of(number) + file.index.blocks[number].frames <= after:
                    break
                yield from (
                    each for each in reversed(file.block(number))
                    if after < each.place < before and each.source.principal == principal
                )  # fmt: skip
            before = piece.first

    def place_at(self, received: Micros) -> int | None:
        """The last place received before a time, by what files and blocks say of themselves; None when none of these was."""
        piece = self._piece("first_received < ? ORDER BY first DESC", received) if self._is_there() else None
        file = self._open(piece) if piece else None
        if piece is None or file is None:
            return None
        blocks = file.index.blocks
        number = max((at for at, block in enumerate(blocks) if block.received < received), default=0)
        before = [frame.place for frame in file.block(number) if frame.received < received]
        return max(before, default=piece.first - 1)

    def close(self) -> None:
        """Release every file."""
        while self._files:
            self._files.popitem()[1].close()
