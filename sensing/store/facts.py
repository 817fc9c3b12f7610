"""Facts with history: text that is true of a thing from a time on. Only changes are kept, whatever the order in which they come.

A row says that a value held from `begin` and was last said at `seen`. A late fact that falls between the two splits the row.
"""

from __future__ import annotations

import apsw

from . import Fact

_KEY = "thing=?1 AND run=?2 AND key=?3"
_BEFORE = f"SELECT begin, value, seen, place FROM facts WHERE {_KEY} AND begin <= ?4 ORDER BY begin DESC LIMIT 1"
_AFTER = f"SELECT begin, value, seen FROM facts WHERE {_KEY} AND begin > ?4 ORDER BY begin LIMIT 1"
_PUT = "INSERT OR REPLACE INTO facts(thing, run, key, begin, value, place, seen) VALUES(?,?,?,?,?,?,?)"


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
