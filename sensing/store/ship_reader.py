"""Reading ships: what they are, where they are, their calls, what was said of them. The same SQL for both stores."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import apsw

from sensing.maritime.storms import Point as Centre
from sensing.maritime.worklist import aboard, serves
from sensing.model import Micros
from sensing.times import rfc3339

from . import Cargo, Inspection, calls, declared, gales
from .calls import Call

_FACTS = (
    "name", "callsign", "imo", "flag", "ship_type", "ship_type_code", "dangerous_goods", "length_m", "beam_m", "destination", "eta",
    "draught",
)  # fmt: skip
_IN = "IN (SELECT value FROM json_each(?))"
Key = tuple[str, str]
"""(thing, run)."""


class ShipReader:
    """Over a reader's own connection, inside its snapshot. runs: as in Wanted, None for any."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db

    def facts(self, runs: Sequence[str] | None, things: Sequence[str] = ()) -> dict[Key, dict[str, str]]:
        """What ships said of themselves last, by key."""
        query = f"SELECT thing, run, key, value FROM facts WHERE key {_IN}"
        values: list[Any] = [json.dumps(_FACTS)]
        for column, wanted in (("run", runs), ("thing", things or None)):
            if wanted is not None:
                query += f" AND {column} {_IN}"
                values.append(json.dumps(list(wanted)))
        found: dict[Key, dict[str, str]] = {}
        for thing, run, key, value in self._db.execute(f"{query} ORDER BY thing, run, key, begin", values):
            found.setdefault((thing, run), {})[key] = value
        return found

    def calls(
        self,
        runs: Sequence[str] | None,
        things: Sequence[str] = (),
        ports: Sequence[str] = (),
        begin: Micros | None = None,
        end: Micros | None = None,
        *,
        open_only: bool = False,
        limit: int = 1000,
    ) -> list[Call]:
        """Calls that lasted in [begin, end), the newest first."""
        parts, values = ["1=1"], list[Any]()
        for column, wanted in (("run", runs), ("thing", things or None), ("port", ports or None)):
            if wanted is not None:
                parts.append(f"{column} {_IN}")
                values.append(json.dumps(list(wanted)))
        if begin is not None:
            parts.append("(departed IS NULL OR departed >= ?)")
            values.append(begin)
        if end is not None:
            parts.append("first < ?")
            values.append(end)
        if open_only:
            parts.append("departed IS NULL")
        return calls.rows(self._db, " AND ".join(parts), values)[:limit]

    def cargoes(self, runs: Sequence[str] | None, things: Sequence[str] = ()) -> list[Cargo]:
        """What was declared, in order of arrival."""
        parts, values = ["1=1"], list[Any]()
        for column, wanted in (("run", runs), ("thing", things or None)):
            if wanted is not None:
                parts.append(f"{column} {_IN}")
                values.append(json.dumps(list(wanted)))
        return declared.cargoes(self._db, " AND ".join(parts), values)

    def inspections(self, things: Sequence[str]) -> list[Inspection]:
        """Who was aboard these ships, the newest first."""
        return declared.inspections(self._db, f"thing {_IN}", (json.dumps(list(things)),))

    def storms(self, runs: Sequence[str] | None) -> list[tuple[str, str, list[Centre]]]:
        """(run, name, points in order of time) of the storms that somebody told of."""
        return gales.storms(self._db, runs)

    def named(self, name: str, runs: Sequence[str] | None) -> list[str]:
        """The ships that go by a name now."""
        wanted = " ".join(name.upper().split())
        return sorted({thing for (thing, _), told in self.facts(runs).items() if told.get("name", "").upper() == wanted})

    def called(self, thing: str, run: str) -> str:
        """What a ship says that it is called; "" for one that does not say, and for what is no ship."""
        return self.facts((run,), (thing,)).get((thing, run), {}).get("name", "")

    def newest(self, thing: str) -> dict[str, Micros]:
        """When a ship was last heard, by run."""
        query = "SELECT s.run, max(f.time) FROM ships s JOIN fixes f ON f.ship = s.ship WHERE s.thing=? GROUP BY s.run"
        return {str(run): int(time) for run, time in self._db.execute(query, (thing,))}


def kind_of(facts: Mapping[str, str]) -> int:
    """The AIS ship type; 0 when nobody said."""
    text = facts.get("ship_type_code", "")
    return int(text) if text.isdecimal() else 0


def is_served(facts: Mapping[str, str]) -> bool:
    """Whether the stays of such a ship at berths are port calls."""
    return not serves(kind_of(facts))


def cargo_of(call: Call, cargoes: Sequence[Cargo]) -> list[Cargo]:
    """The cargoes declared for a call: of one ship and run, the newest declaration of each."""
    return [
        one for one in cargoes
        if (one.thing, one.run) == (call.thing, call.run) and aboard(one.time, call.first, call.departed)
    ]  # fmt: skip


def told_cargo(one: Cargo) -> dict[str, Any]:
    return {
        "un": one.un, "goods": one.goods, "tonnes": one.tonnes, "last_port": one.last_port, "time": rfc3339(one.time), "by": one.by,
    }  # fmt: skip


def told_call(call: Call, facts: Mapping[str, str], cargoes: Sequence[Cargo]) -> dict[str, Any]:
    """A call in the API's words: times RFC 3339, null for what has not happened or nobody saw."""

    def clock(time: Micros | None) -> str | None:
        return None if time is None else rfc3339(time)

    return {
        "id": call.id, "vessel": call.thing, "name": facts.get("name", ""), "flag": facts.get("flag", ""), "port": call.port,
        "arrived": clock(call.arrived), "anchored": clock(call.anchored), "berth": call.berth or None, "berthed": clock(call.berthed),
        "unberthed": clock(call.unberthed), "departed": clock(call.departed),
        "in_port_h": _hours(call.first, call.departed), "alongside_h": _alongside(call),
        "stays": [{"kind": one.kind, "place": one.place or None, "begin": clock(one.begin), "end": clock(one.end)} for one in call.stays],
        "cargo": [told_cargo(one) for one in cargoes], "run": call.run,
    }  # fmt: skip


def _hours(begin: Micros, end: Micros | None) -> float | None:
    return None if end is None else round((end - begin) / 3.6e9, 2)


def _alongside(call: Call) -> float | None:
    stays = [stay for stay in call.stays if stay.kind == "berth"]
    if not stays or any(stay.end is None for stay in stays):
        return None
    return round(sum((stay.end or 0) - stay.begin for stay in stays) / 3.6e9, 2)
