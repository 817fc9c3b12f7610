"""Ships: where they are, their port calls, what they carry, who looks at them first. Vessels stand in no area: they are the whole house's."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from sensing import times
from sensing.errors import NotFoundError, ValidationError
from sensing.maritime import manifest
from sensing.maritime.worklist import Caller, worklist
from sensing.query.keep import inside
from sensing.query.known import UNKNOWN
from sensing.registry import sheets
from sensing.store.reader import StoreReader, Wanted
from sensing.store.ship_reader import cargo_of, is_served, kind_of, told_call, told_cargo
from sensing.store.ships import SHIP

from .answers import Answer, page
from .ask import Ask
from .desk import Desk
from .orders import give

_PAGE, _MOST = 500, 5_000
_SHOWN = {"speed_over_ground": "speed", "course_over_ground": "course", "heading": "heading", "navigation_status": "status"}
_SAID = ("name", "callsign", "imo", "flag", "ship_type", "dangerous_goods", "length_m", "beam_m", "destination", "eta", "draught")
_UPLOAD = 8 << 20
Row = dict[str, Any]


class Inspected(BaseModel):
    """Somebody was aboard. at: a duration ago or an instant; now when it is left out."""

    model_config = ConfigDict(extra="forbid")
    note: Annotated[str, Field(min_length=1, max_length=2000)]
    at: str = ""


def vessels(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Ships that were heard: newest position, what they say of themselves, the call that they are on. By name or MMSI, port, box."""
    runs, limit, after = desk.runs(ask.text("run")), ask.number("limit", _PAGE, 1, _MOST), ask.text("cursor")
    query, port, box = ask.text("query").upper(), ask.text("port"), ask.box()
    with desk.stores.take() as store:
        found = _ships(store, runs)
    found = [row for row in found if (not query or query in row["name"].upper() or query in row["id"].upper())
             and (not port or (row["call"] or {}).get("port") == port) and (box is None or inside(box, row, UNKNOWN))]  # fmt: skip
    found = [row for row in found if f"{row['id']}~{row['run']}" > after]
    shown = found[:limit]
    return page(shown, f"{shown[-1]['id']}~{shown[-1]['run']}" if len(found) > limit else None)


def vessel(desk: Desk, ask: Ask) -> dict[str, Any]:
    """One ship, by its id, MMSI or name: all that is known, its calls, cargoes and inspections. Raises NotFoundError."""
    runs = desk.runs(ask.text("run"))
    with desk.stores.take() as store:
        thing = _named(store, ask.path["id"], runs)
        ships = store.ships()
        found = _ships(store, runs, thing)
        facts, declared = ships.facts(runs, [thing]), ships.cargoes(runs, [thing])
        calls = ships.calls(runs, [thing])
        looked = ships.inspections([thing])
    if not found:
        raise NotFoundError(f"vessel {thing} was not heard", "`sensing vessel list` shows those that were; --run all for drills")
    return {
        **found[0],
        "calls": [told_call(call, facts.get((call.thing, call.run), {}), cargo_of(call, declared)) for call in calls],
        "cargo": [told_cargo(one) for one in declared],
        "inspections": [{"time": times.rfc3339(one.time), "note": one.note, "by": one.by} for one in looked],
    }


def calls(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Port calls, the newest first. state: `open` for ships that are in port. Pilots, tugs and patrols are left out unless service=1."""
    runs, limit = desk.runs(ask.text("run")), ask.number("limit", _PAGE, 1, _MOST)
    with desk.stores.take() as store:
        ships = store.ships()
        things = [_named(store, name, runs) for name in ask.words("vessel")]
        found = ships.calls(
            runs, things, ask.words("port"), ask.instant("from"), ask.instant("to"),
            open_only=ask.choice("state", "all", "open", "all") == "open", limit=100_000,
        )  # fmt: skip
        facts, declared = ships.facts(runs, things), ships.cargoes(runs, things)
    berths = frozenset(ask.words("berth"))
    rows = [
        told_call(call, facts.get((call.thing, call.run), {}), cargo_of(call, declared)) for call in found
        if (ask.flag("service") or is_served(facts.get((call.thing, call.run), {})))
        and (not berths or any(stay.place in berths for stay in call.stays))
    ]  # fmt: skip
    after = ask.text("cursor")
    if after:
        rows = rows[next((at + 1 for at, row in enumerate(rows) if row["id"] == after), len(rows)) :]
    return page(rows[:limit], rows[limit - 1]["id"] if len(rows) > limit else None)


def inspection_list(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Foreign ships in port for port state control, with a score and its reasons in words. all: home flags too; to: as of then."""
    runs, now = desk.runs(ask.text("run")), ask.instant("to")
    with desk.stores.take() as store:
        ships = store.ships()
        if now is None:
            found = ships.calls(runs, open_only=True)
        else:
            found = ships.calls(runs, begin=now, end=now, limit=100_000)
        facts, declared = ships.facts(runs), ships.cargoes(runs)
        things = sorted({call.thing for call in found})
        looked = ships.inspections(things)
        begun: dict[str, list[int]] = {}
        for call in ships.calls(runs, things, limit=100_000) if things else ():
            begun.setdefault(call.thing, []).append(call.first)
    at = times.now() if now is None else now
    callers, shown = list[Caller](), dict[str, Row]()
    for call in found:
        said = facts.get((call.thing, call.run), {})
        if not is_served(said) or call.thing in shown:
            continue
        cargo = [told_cargo(one) for one in cargo_of(call, declared)]
        inspected = max((one.time for one in looked if one.thing == call.thing), default=None)
        callers.append(Caller(
            call.thing, said.get("name", ""), said.get("flag", ""), kind_of(said), said.get("dangerous_goods", ""), call.first,
            begun[call.thing], inspected, cargo,
        ))  # fmt: skip
        shown[call.thing] = told_call(call, said, cargo_of(call, declared)) | {
            "ship_type": said.get("ship_type", ""), "inspected": None if inspected is None else times.rfc3339(inspected)}  # fmt: skip
    entries = worklist(callers, at, foreign_only=not ask.flag("all"))
    return page([
        {"score": entry.score, "reasons": [{"code": r.code, "points": r.points, "zh": r.zh, "en": r.en} for r in entry.reasons],
         **shown[entry.thing]} for entry in entries])  # fmt: skip


async def inspect(desk: Desk, ask: Ask) -> Answer:
    """Write down that somebody was aboard; it moves the ship down the worklist."""
    form = ask.form(Inspected)

    def read() -> dict[str, Any]:
        with desk.stores.take() as store:
            thing = _named(store, ask.path["id"], None)
        return {"thing": thing, "time": times.since(form.at, times.now()) if form.at else times.now(), "note": form.note}

    return await give(desk, ask, "inspect", await run_in_threadpool(read))


async def cargo(desk: Desk, ask: Ask) -> Answer | dict[str, Any]:
    """The body is a CSV or a workbook of what ships carry. Bad rows are told and left out; `dry_run` only looks."""
    rows, bad = await run_in_threadpool(_consignments, desk, ask)
    if ask.flag("dry_run") or not rows:
        return {"rows": rows, "bad": bad, "result": None}
    done = [
        await give(desk, ask, "cargo", {"run": run, "rows": [row for row in rows if row["run"] == run]})
        for run in sorted({row["run"] for row in rows})
    ]  # fmt: skip
    return Answer({"rows": rows, "bad": bad, "result": done[-1].data["result"]}, done[-1].status)


def _consignments(desk: Desk, ask: Ask) -> tuple[list[Row], list[Row]]:
    """Rows as the command takes them, and those that cannot be taken. Raises ValidationError."""
    if ask.upload is None:
        raise ValidationError("there is no file", "send it as the body of the request")
    with ask.upload as file:
        data = file.read(_UPLOAD + 1)
    if len(data) > _UPLOAD:
        raise ValidationError(f"the file is larger than {_UPLOAD >> 20} MB", "split it")
    runs = desk.runs(ask.text("run"))
    rows, bad = list[Row](), list[Row]()
    table = manifest.consignments(sheets.cells(io.BytesIO(data))) if data[:2] == b"PK" else manifest.read(data)
    with desk.stores.take() as store:
        for each in table:
            if isinstance(each, manifest.Bad):
                bad.append({"line": each.line, "what": each.what, "hint": each.hint})
                continue
            try:
                thing = _named(store, each.mmsi or each.name, runs)
            except (NotFoundError, ValidationError) as error:
                bad.append({"line": each.line, "what": error.what, "hint": error.hint})
                continue
            heard = store.ships().newest(thing)
            run = next((run for run in (runs or sorted(heard)) if run in heard), (runs or [""])[0])
            arrival = each.arrival if each.arrival is not None else heard.get(run, times.now())
            rows.append({
                "line": each.line, "thing": thing, "run": run, "name": each.name, "un": each.un, "goods": each.goods, "tonnes": each.tonnes,
                "last_port": each.last_port, "time": arrival})  # fmt: skip
    return rows, bad


def _ships(store: StoreReader, runs: Sequence[str] | None, thing: str = "") -> list[Row]:
    """What is known of ships now, by id."""
    properties = ("position", *_SHOWN)
    latest = store.latest(Wanted([thing] if thing else (), properties, ("instant",), runs=runs))
    ships = store.ships()
    facts = ships.facts(runs, [thing] if thing else ())
    standing = {
        (call.thing, call.run): call for call in ships.calls(runs, [thing] if thing else (), open_only=True, limit=100_000)
    }
    found: dict[tuple[str, str], Row] = {}
    for row in latest:
        if not SHIP.fullmatch(row["device"]):
            continue
        said = facts.get((row["device"], row["run"]), {})
        ship = found.setdefault((row["device"], row["run"]), {
            "id": row["device"], "mmsi": row["device"][5:], "run": row["run"], "origin": row["origin"], "lon": None, "lat": None,
            "time": None, **dict.fromkeys(_SHOWN.values()), **{name: said.get(name, "") for name in _SAID}, "call": None})  # fmt: skip
        if row["property"] == "position":
            ship |= {"lon": row["lon"], "lat": row["lat"], "time": row["time"]}
            call = standing.get((row["device"], row["run"]))
            stay = next((stay for stay in reversed(call.stays) if stay.end is None), None) if call else None
            ship["call"] = call and {
                "id": call.id, "port": call.port, "lies": stay.kind if stay else None, "place": stay.place if stay else None,
                "since": times.rfc3339(stay.begin if stay else call.first)}  # fmt: skip
        else:
            ship[_SHOWN[row["property"]]] = row["result"]
    return [ship for _, ship in sorted(found.items()) if ship["time"] is not None]


def _named(store: StoreReader, name: str, runs: Sequence[str] | None) -> str:
    """The thing that an id, an MMSI or a ship's name means. Raises NotFoundError, ValidationError when several bear the name."""
    thing = name if name.startswith("mmsi-") else f"mmsi-{name}"
    if SHIP.fullmatch(thing):
        return thing
    found = store.ships().named(name, runs)
    if len(found) > 1:
        raise ValidationError(f'{len(found)} ships are called "{name[:40]}"', f"give the MMSI: {', '.join(found[:3])}")
    if not found:
        raise NotFoundError(f'no ship "{name[:40]}" was heard', "give its MMSI, nine digits")
    return found[0]
