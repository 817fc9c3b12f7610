"""Annotations: a later verdict over a range of a device's property, applied on read. Of two that overlap, the later one holds."""

from __future__ import annotations

import apsw
from msgspec import Struct

from sensing.model import Micros


class Note(Struct, frozen=True):
    """One verdict: begin <= time <= end, both ends named by whoever said it; property "" is all of the device's."""

    id: str
    device: str
    property: str
    begin: Micros
    end: Micros
    quality: int
    reason: str


class Annotations:
    """The verdicts that hold at one moment, by device."""

    def __init__(self, notes: list[Note]) -> None:
        self.notes = notes
        self._by_device: dict[str, list[Note]] = {}
        for note in notes:
            self._by_device.setdefault(note.device, []).append(note)

    @classmethod
    def read(cls, db: apsw.Connection, as_of: Micros | None = None) -> Annotations:
        """Those of a store, in the order in which they were said; as_of: only those said by then."""
        rows = db.execute(
            """SELECT id, device, property, begin, time, quality, reason FROM annotations WHERE ?1 IS NULL OR at <= ?1
            ORDER BY place, id""", (as_of,))  # fmt: skip
        return cls([Note(*row) for row in rows])

    def __bool__(self) -> bool:
        return bool(self.notes)

    def over(self, device: str, prop: str, time: Micros) -> Note | None:
        """The verdict that holds of a row; None when there is none."""
        for note in reversed(self._by_device.get(device, ())):
            if note.property in ("", prop) and note.begin <= time <= note.end:
                return note
        return None
