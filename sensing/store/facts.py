"""Facts with history: text that is true of a thing from a time on. Only changes are kept.

A row says that a value held from `begin` and was last said at `seen`. A late fact that falls between the two splits the row; the later part
then begins at `seen`, for when else the value was said in between is not kept.
"""

from __future__ import annotations

from collections.abc import Iterable

import apsw
from msgspec import Struct

from . import Fact

_KEY = "thing=?1 AND run=?2 AND key=?3"
_BEFORE = f"SELECT begin, value, seen, place FROM facts WHERE {_KEY} AND begin <= ?4 ORDER BY begin DESC LIMIT 1"
_AFTER = f"SELECT begin, value, seen FROM facts WHERE {_KEY} AND begin > ?4 ORDER BY begin LIMIT 1"
_LAST = "SELECT begin, value, seen FROM facts WHERE thing=? AND run=? AND key=? ORDER BY begin DESC LIMIT 1"
_SEEN = f"UPDATE facts SET seen = ?4 WHERE {_KEY} AND begin = ?5"
_MOST = 200_000
"""Keys whose newest value is remembered: some 300 bytes each."""
_PUT = """INSERT INTO facts(thing, run, key, begin, value, place, seen) VALUES(?,?,?,?,?,?,?)
  ON CONFLICT(thing, run, key, begin) DO UPDATE SET value = excluded.value, place = excluded.place, seen = excluded.seen"""


class _Newest(Struct):
    """The newest row of a key."""

    begin: int
    value: str
    seen: int


class Facts:
    """The histories of one store. A vessel says its name every six minutes to each receiver: that costs no look at the file."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self._newest: dict[tuple[str, str, str], _Newest] = {}

    def forget(self) -> None:
        """Drop what is remembered of the file, after a transaction that failed."""
        self._newest.clear()

    def keep(self, facts: Iterable[Fact]) -> None:
        """Enter facts, in the order in which they came, inside a transaction."""
        said = dict[tuple[str, str, str], _Newest]()
        for fact in facts:
            key = (fact.thing, fact.run, fact.key)
            newest = self._newest.get(key)
            if newest is None or newest.value != fact.value or fact.begin < newest.begin:
                self._tell({key: said.pop(key)} if key in said else {})
                keep(self._db, fact)
                self._look(key)
            elif fact.begin > newest.seen:
                newest.seen = fact.begin
                said[key] = newest
        self._tell(said)
        if len(self._newest) > _MOST:
            self._newest.clear()

    def _look(self, key: tuple[str, str, str]) -> None:
        begin, value, seen = self._db.execute(_LAST, key).get
        self._newest[key] = _Newest(int(begin), str(value), int(seen))

    def _tell(self, said: dict[tuple[str, str, str], _Newest]) -> None:
        self._db.executemany(_SEEN, [(*key, newest.seen, newest.begin) for key, newest in said.items()])


def keep(db: apsw.Connection, fact: Fact) -> None:
    """Enter one fact into the history of its key. Of two values for one time, the greater text stays."""
    key = (fact.thing, fact.run, fact.key)
    before = db.execute(_BEFORE, (*key, fact.begin)).get
    if before is not None:
        begin, value, seen, place = before
        if value == fact.value:
            db.execute(f"UPDATE facts SET seen = max(seen, ?5) WHERE {_KEY} AND begin = ?4", (*key, begin, fact.begin))
            return
        if begin == fact.begin and str(value) > fact.value:
            return
        if seen > fact.begin:
            db.execute(_PUT, (*key, seen, value, place, seen))
            db.execute(f"UPDATE facts SET seen = ?4 WHERE {_KEY} AND begin = ?4", (*key, begin))
    after = db.execute(_AFTER, (*key, fact.begin)).get
    last = fact.begin
    if after is not None and after[1] == fact.value:
        last = int(str(after[2]))
        db.execute(f"DELETE FROM facts WHERE {_KEY} AND begin = ?4", (*key, after[0]))
    db.execute(_PUT, (*key, fact.begin, fact.value, fact.place, last))
