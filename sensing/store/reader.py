"""Reading `store.db`, from any process, in short snapshots that slow nobody.

Rows come as dicts in the contract's words (CONTRACT "Lines that programs read"): times RFC 3339 UTC, `revision` 8 hex digits.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sensing import ledger, sqlite, times
from sensing.errors import Reason
from sensing.ledger import COLUMNS

from . import events, seq
from .digest import digest as digest  # noqa: PLC0414 readers of the store find all of it here
from .event_reader import WantedEvents, changed, listed
from .events import Event
from .revisions import Revisions
from .ship_reader import ShipReader
from .wanted import Wanted as Wanted  # noqa: PLC0414 as above

_KNOCKING = """SELECT adapter, {native} AS native, principal, run, count(*) AS frames, min(place) AS first, max(place) AS last FROM {table}
  WHERE state=?{more} GROUP BY adapter, {native}, principal, run ORDER BY last DESC"""


class StoreReader(Revisions):
    """Read-only view of a store. One object is one connection: use it from one thread. Raises NotFoundError when absent."""

    def __init__(self, path: Path) -> None:
        super().__init__(sqlite.reader(path), path)

    def close(self) -> None:
        """Release the file."""
        self._db.close()

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
            """SELECT place, part, adapter, principal, device, run, counted, reason, detail, "offset", length, attempts, state
            FROM dead WHERE state=? AND (?2 IS NULL OR reason=?2) AND (place, part) > (?3, ?4) ORDER BY place, part LIMIT ?5""",
            (state, reason, *after, limit))]  # fmt: skip

    def dead_counts(self) -> list[dict[str, Any]]:
        """Open dead letters by adapter and reason."""
        return self._dicts(
            "SELECT adapter, reason, count(*) AS open FROM dead WHERE state='open' GROUP BY 1, 2 ORDER BY 3 DESC", ()
        )

    def quarantine(
        self, state: str = "open", *, beyond: bool = False, adapter: str = "", native: str = ""
    ) -> list[dict[str, Any]]:
        """Unknown native ids with their frames, the newest first: adapter, native, principal, run, frames, first and last place.

        beyond: those too that the inbox had no room for. adapter, native: of one id only.
        """
        one, values = (" AND adapter=? AND native=?", (adapter, native)) if native else ("", ())
        rows = self._dicts(_KNOCKING.format(native="native", table="held", more=one), (state, *values))
        if beyond:
            more = f" AND reason='{Reason.UNKNOWN_DEVICE}'{one.replace('native', 'detail')}"
            rows += self._dicts(_KNOCKING.format(native="detail", table="dead", more=more), (state, *values))
        return rows

    def held_places(self, row: Mapping[str, Any], state: str, first: int, last: int) -> list[int]:
        """Places of frames of one entry of `quarantine`, in order: so many of the first, and of the newest."""
        values = (state, row["adapter"], row["native"], row["principal"], row["run"])
        query = "SELECT place FROM held WHERE state=? AND adapter=? AND native=? AND principal=? AND run=? ORDER BY place"
        found = {int(place) for (place,) in self._db.execute(f"{query} LIMIT ?", (*values, first))}
        return sorted(found | {int(place) for (place,) in self._db.execute(f"{query} DESC LIMIT ?", (*values, last))})

    def commands(self, op: str, device: str) -> list[dict[str, Any]]:
        """Results of the commands of a kind that were about a device, in the order in which they were done."""
        rows = self._db.execute("SELECT result FROM commands WHERE op=? ORDER BY place", (op,)).fetchall()
        found = [json.loads(str(row[0])) for row in rows]
        return [each for each in found if each.get("device") == device]

    def underway(self, identity: str) -> dict[str, Any] | None:
        """How far a long command is: done, total, counts; None when it has not begun or has ended."""
        row = self._db.execute("SELECT done, total, counts FROM underway WHERE id=?", (identity,)).get
        return None if row is None else {"done": row[0], "total": row[1], "counts": json.loads(row[2])}

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
        number = seq(cursor_text)
        rows, _ = self._following(number - 1, 1, None)
        query = "SELECT principal FROM witnesses WHERE series = ? AND time = ? AND revision = ? ORDER BY place"
        return [str(name) for row in rows if row[0] == number for (name,) in self._db.execute(query, (row[1], row[3], row[8]))]

    def verdicts(self, cursor_text: str, time: int) -> list[dict[str, Any]]:
        """What later checks say of a row: time, who, quality, reason, told (JSON or "")."""
        from .verdicts import Verdicts

        number = seq(cursor_text)
        rows, _ = self._following(number - 1, 1, None)
        return [one for row in rows if row[0] == number for one in Verdicts(self._db).told(row[1], time, time)]

    def events(self, wanted: WantedEvents, limit: int, after: tuple[int, str] | None = None) -> list[Event]:
        """Events, the newest first; `after` is the (start, id) of the last one of the page before."""
        return listed(self._db, wanted, limit, after)

    def events_since(self, seq: int, limit: int, runs: Sequence[str] | None = None) -> list[Event]:
        """Events as they are now, in the order of their last change, after the change `seq` (0 is the first); withdrawn ones too.

        `changed` of the last one is where to go on. Changes are numbered in the order of commits.
        """
        return changed(self._db, seq, limit, runs)

    def event(self, identity: str) -> Event | None:
        """One event, withdrawn ones too."""
        return events.find(self._db, identity)

    def ships(self) -> ShipReader:
        """Ships, their calls and what was said of them."""
        return ShipReader(self._db)

    def facts(self, device: str) -> list[dict[str, Any]]:
        """What has been true of a device, oldest first."""
        rows = self._dicts(
            'SELECT thing AS device, key, value, begin AS "from", place AS frame, run FROM facts WHERE thing=? ORDER BY key, begin, run',
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
