"""Reading `store.db`, from any process, in short snapshots that slow nobody.

Rows come as dicts in the contract's words (CONTRACT "Lines that programs read"): times RFC 3339 UTC, `revision` 8 hex digits.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apsw
from msgspec import Struct

from sensing import ledger, sqlite, times
from sensing.ledger import COLUMNS
from sensing.model import QualityReason

from . import cursor, seq

_REASON = tuple(QualityReason)
_ROW = """SELECT h.seq, s.thing, s.property, s.statistic, s.channel, h.begin, h.time, h.received, h.result, s.unit,
  h.quality, h.reason, h.revision, s.origin, s.run, h.lon, h.lat, h.place, h.served FROM hot h JOIN series s ON s.id = h.series"""


class Wanted(Struct, frozen=True):
    """Which observations. Empty means any; `runs` lists run ids, "" being live; None any run.

    devices, properties: ids. begin, end: microseconds, begin <= time < end. served: only the revision readers are given.
    """

    devices: Sequence[str] = ()
    properties: Sequence[str] = ()
    statistics: Sequence[str] = ()
    channels: Sequence[str] = ()
    runs: Sequence[str] | None = ("",)
    begin: int | None = None
    end: int | None = None
    served: bool = True


class StoreReader:
    """Read-only view of a store. One object is one connection: use it from one thread. Raises NotFoundError when absent."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite.reader(path)

    def close(self) -> None:
        """Release the file."""
        self._db.close()

    def head(self) -> int:
        """The seq after which nothing is committed yet: where a follower of new rows starts."""
        return int(self._db.execute("SELECT ifnull(max(seq), 0) FROM hot").get)

    def seq_at(self, received: int) -> int:
        """The last seq whose row was received before a time (microseconds): where a follower of recent rows starts."""
        low, high = 0, self.head()
        while low < high:
            middle = (low + high + 1) // 2
            found = self._db.execute("SELECT seq, received FROM hot WHERE seq <= ? ORDER BY seq DESC LIMIT 1", (middle,)).get
            if found is None or found[1] < received:
                low = middle
            else:
                high = found[0] - 1
        return low

    def follow(self, after: int, limit: int, wanted: Wanted | None = None) -> list[dict[str, Any]]:
        """Rows committed after a seq, in commit order, every revision; `seq` is kept in each so that one may go on."""
        where, values = self._where(wanted) if wanted else ("", [])
        return [_row(row) | {"seq": row[0]} for row in self._db.execute(
            f"{_ROW} WHERE h.seq > ? {where} ORDER BY h.seq LIMIT ?", (after, *values, limit))]  # fmt: skip

    def observations(self, wanted: Wanted, limit: int, after: tuple[int, int] | None = None) -> list[dict[str, Any]]:
        """Rows by time, then commit; `after` is the (time microseconds, seq) of the last row of the page before."""
        where, values = self._where(wanted)
        page = "" if after is None else " AND (h.time, h.seq) > (?, ?)"
        return [_row(row) | {"seq": row[0], "time_us": row[6]} for row in self._db.execute(
            f"{_ROW} WHERE 1 {where}{page} ORDER BY h.time, h.seq LIMIT ?", (*values, *(after or ()), limit))]  # fmt: skip

    def latest(self, wanted: Wanted) -> list[dict[str, Any]]:
        """The newest good row of each datastream; times far ahead of their reception and tests never count."""
        where, values = self._where(wanted)
        return [_row(row) for row in self._db.execute(
            f"""SELECT h.seq, s.thing, s.property, s.statistic, s.channel, h.begin, h.time, h.received, h.result, s.unit,
              h.quality, h.reason, h.revision, s.origin, s.run, h.lon, h.lat, h.place, h.served
              FROM series s JOIN latest l ON l.series = s.id JOIN hot h ON h.time = l.time AND h.series = s.id
              WHERE h.served {where} ORDER BY s.thing, s.property, s.statistic, s.channel, s.run""", values)]  # fmt: skip

    def behind(self, after: int, most: int, wanted: Wanted | None = None) -> int:
        """How many wanted rows were committed after a seq; counting stops at `most`."""
        where, values = self._where(wanted) if wanted else ("", [])
        return int(self._db.execute(
            f"SELECT count(*) FROM (SELECT 1 FROM hot h JOIN series s ON s.id = h.series WHERE h.seq > ? {where} LIMIT ?)",
            (after, *values, most)).get)  # fmt: skip

    def nearest(self, wanted: Wanted, time: int, limit: int = 2) -> list[int]:
        """Times (microseconds) of wanted rows next to an instant, at most `limit` on each side, in order."""
        where, values = self._where(wanted)
        found: set[int] = set()
        for side, order in (("<=", "DESC"), (">", "ASC")):
            found.update(row[0] for row in self._db.execute(
                f"""SELECT DISTINCT h.time FROM hot h JOIN series s ON s.id = h.series WHERE h.time {side} ? {where}
                ORDER BY h.time {order} LIMIT ?""", (time, *values, limit)))  # fmt: skip
        return sorted(found)

    def _where(self, wanted: Wanted) -> tuple[str, list[Any]]:
        """Conditions, each beginning with AND, and their values."""
        parts, values = [], list[Any]()
        for column, words in (
            ("s.thing", wanted.devices), ("s.property", wanted.properties), ("s.statistic", wanted.statistics),
            ("s.channel", wanted.channels), ("s.run", wanted.runs or ()),
        ):  # fmt: skip
            if words:
                parts.append(f"AND {column} IN (SELECT value FROM json_each(?))")
                values.append(json.dumps(list(words)))
        for condition, bound in (("AND h.time >= ?", wanted.begin), ("AND h.time < ?", wanted.end)):
            if bound is not None:
                parts.append(condition)
                values.append(bound)
        if wanted.served:
            parts.append("AND h.served")
        return " ".join(parts), values

    def ledger(self, by: str = "", since: int | None = None) -> dict[str, Any]:
        """The ledger in the contract's words; `by` is "", device, hour or adapter. Frames of the house itself are left out.

        `balanced` also asks that every frame read from the log was booked, per hour and principal.
        """
        hour = 0 if since is None else since // times.HOUR
        with self._db:  # one snapshot: a commit between the two would look like a loss
            rows = self._dicts(
                f"SELECT hour, adapter, principal, device, run, {', '.join(COLUMNS)} FROM accounts WHERE hour >= ?", (hour,)
            )
            taken = self._dicts(
                "SELECT hour, adapter, principal, sum(received) AS received FROM intake WHERE hour >= ? GROUP BY 1,2,3", (hour,)
            )
        shown = [row for row in rows if row["adapter"] not in ledger.HOUSE]
        answer: dict[str, Any] = ledger.total(shown)
        answer["balanced"] = all(ledger.balanced(row) for row in rows) and _booked(rows) == _booked(taken)
        if by:
            groups: dict[Any, list[dict[str, Any]]] = {}
            for row in shown:
                key = times.rfc3339(row["hour"] * times.HOUR) if by == "hour" else (row[by] or row["principal"])
                groups.setdefault(key, []).append(row)
            answer["rows"] = [
                {by: key, **ledger.total(group), "balanced": all(ledger.balanced(row) for row in group)}
                for key, group in sorted(groups.items())
            ]
        return answer

    def place(self) -> int:
        """The last frame committed."""
        return int(self._db.execute("SELECT place FROM progress").get)

    def taken(self) -> int:
        """Frames counted as they left the log: equals `place` unless one was lost on the way."""
        return int(self._db.execute("SELECT ifnull(sum(received), 0) FROM intake").get)

    def dead(
        self, reason: str | None = None, state: str = "open", limit: int = 100, after: tuple[int, int] = (0, -1)
    ) -> list[dict[str, Any]]:
        """Dead letters in order of place; `id` is `<place>.<part>`."""
        return [{"id": f"{row['place']}.{row['part']}"} | row for row in self._dicts(
            """SELECT place, part, adapter, principal, device, run, counted, reason, detail, offset, length, attempts, state
            FROM dead WHERE state=? AND (?2 IS NULL OR reason=?2) AND (place, part) > (?3, ?4) ORDER BY place, part LIMIT ?5""",
            (state, reason, *after, limit))]  # fmt: skip

    def dead_counts(self) -> list[dict[str, Any]]:
        """Open dead letters by adapter and reason."""
        return self._dicts(
            "SELECT adapter, reason, count(*) AS open FROM dead WHERE state='open' GROUP BY 1, 2 ORDER BY 3 DESC", ()
        )

    def quarantine(self) -> list[dict[str, Any]]:
        """Unknown native ids with their open frames: adapter, native, principal, run, frames, first and last place."""
        return self._dicts(
            """SELECT adapter, native, principal, run, count(*) AS frames, min(place) AS first, max(place) AS last FROM held
            WHERE state='open' GROUP BY adapter, native, principal, run ORDER BY last DESC""", ())  # fmt: skip

    def command(self, identity: str) -> dict[str, Any] | None:
        """What a command did; None while it is not obeyed yet."""
        row = self._db.execute("SELECT result FROM commands WHERE id=?", (identity,)).get
        return json.loads(row) if row else None

    def outbox(self, after: int, limit: int) -> list[tuple[int, str, str, bytes]]:
        """Replies after an outbox id: (id, principal, topic, payload)."""
        return list(
            self._db.execute("SELECT id, principal, topic, payload FROM outbox WHERE id > ? ORDER BY id LIMIT ?", (after, limit))
        )

    def clock(self, run: str) -> int | None:
        """A run's own time, microseconds, as it was told last; None when it never was."""
        found = self._db.execute("SELECT time FROM clocks WHERE run=?", (run,)).get
        return None if found is None else int(found)

    def enrolled(self, thing: str) -> tuple[str, str, str] | None:
        """(type, adapter, native) of a thing that enrolled itself; None when it did not."""
        row = self._db.execute("SELECT type, adapter, native FROM enrolled WHERE thing=?", (thing,)).get
        return None if row is None else (str(row[0]), str(row[1]), str(row[2]))

    def witnesses(self, cursor_text: str) -> list[str]:
        """The principals that heard a shared thing's row too, beside the one whose frame it was stored from."""
        query = "SELECT w.principal FROM hot h JOIN witnesses w USING(series, time, revision) WHERE h.seq = ? ORDER BY w.place"
        return [str(name) for (name,) in self._db.execute(query, (seq(cursor_text),))]

    def facts(self, device: str) -> list[dict[str, Any]]:
        """What has been true of a device, oldest first."""
        rows = self._dicts(
            'SELECT thing AS device, key, value, begin AS "from", place AS frame, run FROM facts WHERE thing=? ORDER BY key, begin',
            (device,),
        )
        return [row | {"from": times.rfc3339(row["from"])} for row in rows]

    def _dicts(self, query: str, values: Sequence[Any]) -> list[dict[str, Any]]:
        found = self._db.execute(query, values)
        names: list[str] = []
        rows = []
        for row in found:
            names = names or [column[0] for column in found.get_description()]
            rows.append(dict(zip(names, row, strict=True)))
        return rows


def _booked(rows: Sequence[dict[str, Any]]) -> dict[tuple[Any, ...], int]:
    sums: dict[tuple[Any, ...], int] = {}
    for row in rows:
        key = row["hour"], row["adapter"], row["principal"]
        sums[key] = sums.get(key, 0) + row["received"]
    return {key: number for key, number in sums.items() if number}


def _row(row: tuple[Any, ...]) -> dict[str, Any]:
    (
        seq,
        thing,
        prop,
        statistic,
        channel,
        begin,
        time,
        received,
        result,
        unit,
        quality,
        reason,
        revision,
        origin,
        run,
        lon,
        lat,
        place,
        _,
    ) = row
    answer = {
        "cursor": cursor(seq), "device": thing, "property": prop, "statistic": statistic, "channel": channel,
        "begin": None if begin is None else times.rfc3339(begin), "time": times.rfc3339(time), "received": times.rfc3339(received),
        "result": result, "unit": unit, "quality": quality, "reason": str(_REASON[reason]), "revision": f"{revision:08x}",
        "origin": origin, "run": run, "frame": place,
    }  # fmt: skip
    if lon is not None:
        answer |= {"lon": lon, "lat": lat}
    return answer


def digest(connection: apsw.Connection, run: str | None = None) -> str:
    """One hash over what is stored (series, times, revisions, results), whatever the order in which it came (P5)."""
    total = hashlib.sha256()
    query = """SELECT s.thing, s.property, s.statistic, s.channel, s.run, h.time, h.begin, h.result, h.revision, h.served, h.lon, h.lat
      FROM hot h JOIN series s ON s.id = h.series WHERE ?1 IS NULL OR s.run = ?1 ORDER BY 1, 2, 3, 4, 5, 6, 9"""
    for *words, time, begin, result, revision, served, lon, lat in connection.execute(query, (run,)):
        total.update("\x1f".join(words).encode())
        total.update(struct.pack("<q", time))
        total.update(repr((begin, result, revision, served, lon, lat)).encode())
    return total.hexdigest()
