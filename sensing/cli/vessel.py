"""vessel: ships, their port calls, what they carry, whom port state control looks at first, and who is downwind of a berth."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from . import selection
from .root import EPILOG, data_folder

app = typer.Typer(help="船舶：靠港、货物与检查。Ships: port calls, cargo and inspections.", no_args_is_help=True)
cargo_app = typer.Typer(help="船载货物。What ships carry.", no_args_is_help=True)
track_app = typer.Typer(help="风暴路径。Where a storm is expected.", no_args_is_help=True)
app.add_typer(cargo_app, name="cargo")
app.add_typer(track_app, name="track")
Vessel = Annotated[str, typer.Argument(metavar="VESSEL", help="Id (mmsi-440702000), MMSI or name")]
Port = Annotated[list[str] | None, typer.Option(help="Only this port, such as gulei; may be repeated")]
_LISTED = ("name", "mmsi", "flag", "ship_type", "length_m", "speed", "destination", "lies", "place", "time")
_CALLS = ("name", "flag", "port", "berth", "arrived", "anchored", "berthed", "unberthed", "departed", "cargo")
_WORK = ("score", "name", "vessel", "flag", "ship_type", "port", "berth", "inspected")
_GASES = ("device", "property", "result", "unit", "limit", "downwind", "away_m", "time")


@app.command("list", epilog=EPILOG)
def list_(
    query: Annotated[str, typer.Argument(metavar="[QUERY]", help="Part of a name or MMSI")] = "",
    port: Annotated[str | None, typer.Option(help="Only ships within the limits of this port")] = None,
    bbox: Annotated[str | None, typer.Option(help="Only within W,S,E,N")] = None,
    run: selection.Run = None,
    number: Annotated[int, typer.Option("-n", min=1, help="At most so many")] = 500,
) -> None:
    """列出船舶。List ships that were heard: where they are, what they are, where they lie.

    Example: `sensing vessel list --port gulei`
    """
    from .client import connect
    from .output import layout, show_rows

    with connect(data_folder()) as client:
        found = _some(client, "/api/vessels", number, query=query or None, port=port, bbox=bbox, run=run)
    rows = [{**row, "lies": (row["call"] or {}).get("lies"), "place": (row["call"] or {}).get("place")} for row in found]
    show_rows(rows if layout() == "table" else found, _LISTED, empty="no_vessels")


@app.command(epilog=EPILOG)
def calls(
    vessel: Annotated[str, typer.Argument(metavar="[VESSEL]", help="Only of this ship: id, MMSI or name")] = "",
    port: Port = None,
    berth: Annotated[list[str] | None, typer.Option(help="Only those that lay there, such as gulei-s18; may be repeated")] = None,
    state: Annotated[str, typer.Option(help="open: only ships that are in port; all")] = "all",
    begin: Annotated[
        str | None, typer.Option("--from", help="Only those that lasted until then (a duration ago or an instant)")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Only those that began before")] = None,
    run: selection.Run = None,
    number: Annotated[int, typer.Option("-n", min=1, help="At most so many")] = 100,
) -> None:
    """列出靠港。List port calls, the newest first: arrival, anchoring, berthing, departure, cargo.

    Example: `sensing vessel calls --port gulei --state open`
    """
    from sensing import times

    from .client import connect
    from .output import layout, show_rows

    now = times.now()
    with connect(data_folder()) as client:
        found = _some(
            client, "/api/calls", number, vessel=vessel or None, port=port, berth=berth, state=state, run=run,
            from_=times.rfc3339(times.since(begin, now)) if begin else None, to=times.rfc3339(times.since(end, now)) if end else None,
        )  # fmt: skip
    show_rows([_plain(row) for row in found] if layout() == "table" else found, _CALLS, empty="no_calls")


@app.command(epilog=EPILOG)
def show(vessel: Vessel, run: selection.Run = None) -> None:
    """查看船舶。Show a ship: position, voyage, port calls, cargo, inspections.

    Example: `sensing vessel show 440702000`
    """
    from .client import connect, segment
    from .output import block, layout, show_one

    with connect(data_folder()) as client:
        answer = client.get(f"/api/vessels/{segment(vessel)}", run=run)
    if layout() != "table":
        show_one(answer)
        return
    told = [
        f"{each['berth'] or each['port']} {_clock(each['berthed'] or each['arrived'])} – {_clock(each['unberthed'] or each['departed'])}"
        for each in answer["calls"]
    ]
    looked = [f"{_clock(each['time'])} {each['by']}: {each['note']}" for each in answer["inspections"]]
    call = answer["call"] or {}
    lies = " ".join(
        str(word) for word in (call.get("port"), call.get("lies"), call.get("place"), _clock(call.get("since"))) if word
    )
    block(
        answer | {"calls": "; ".join(told), "cargo": _cargo(answer["cargo"]), "inspections": "; ".join(looked), "call": lies},
        tuple(answer),
    )


@app.command(epilog=EPILOG)
def worklist(
    everybody: Annotated[bool, typer.Option("--all", help="Ships of the home flag too")] = False,
    at: Annotated[str | None, typer.Option(help="As of then (a duration ago or an instant)")] = None,
    run: selection.Run = None,
) -> None:
    """检查清单。Whom port state control looks at first: foreign ships in port, with a score and its reasons.

    Example: `sensing vessel worklist`
    """
    from sensing import times

    from .client import connect
    from .output import layout, printable, show_rows, write
    from .words import both

    when = times.rfc3339(times.since(at, times.now())) if at else None
    with connect(data_folder()) as client:
        found = client.get("/api/worklist", all="1" if everybody else None, to=when, run=run)["items"]
    show_rows([_plain(row) for row in found] if layout() == "table" else found, _WORK, empty="no_vessels")
    if layout() == "table":
        for row in found:
            why = "; ".join(f"{both(each)} {each['points']:+d}" for each in row["reasons"])
            write(printable(f"{row['score']:>4} {row['name'] or row['vessel']}: {why}") + "\n")


@app.command(epilog=EPILOG)
def inspected(
    vessel: Vessel,
    note: Annotated[str, typer.Option(help="What was found")],
    at: Annotated[str, typer.Option(help="When (a duration ago or an instant); now when left out")] = "",
) -> None:
    """登记检查。Write down that somebody was aboard; it moves the ship down the worklist.

    Example: `sensing vessel inspected 440702000 --note "no deficiencies" --at 2h`
    """
    from .client import connect, segment
    from .commands import result, show

    with connect(data_folder()) as client:
        show(result(client, client.post(f"/api/vessels/{segment(vessel)}/inspections", {"note": note, "at": at})))


@cargo_app.command("import", epilog=EPILOG)
def import_(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="CSV or .xlsx; columns mmsi,name,last_port,un,goods,tonnes,arrival or in Chinese"),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look")] = False,
    run: selection.Run = None,
) -> None:
    """导入货物。Import what ships carry. Bad rows are named and left out; the exit code is 3 then.

    Example: `sensing vessel cargo import config/harbours/samples/cargo.csv`
    """
    from sensing.errors import Exit, NotFoundError

    from .client import connect
    from .output import layout, show_one, show_rows, talk

    if not file.is_file():
        raise NotFoundError(f"{file} is not there", "give the CSV's path")
    with connect(data_folder()) as client, file.open("rb") as source:
        answer = next(client.upload("/api/cargoes", source, dry_run="1" if dry_run else None, run=run))
    for bad in answer["bad"]:
        talk(f"{bad['line']}: {bad['what']}; {bad['hint']}")
    if layout() == "table":
        show_rows(answer["rows"], ("line", "thing", "name", "un", "goods", "tonnes", "last_port"), empty="no_cargo")
    else:
        show_one(answer)
    if answer["bad"]:
        raise typer.Exit(Exit.VALIDATION)


@track_app.command("import", epilog=EPILOG)
def track_import(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Best track or forecast: CSV as in config/tracks, or IBTrACS's own")
    ],
    storm: Annotated[str, typer.Option(help="The storm's name; the file's when left out")] = "",
    run: selection.Run = None,
) -> None:
    """导入台风路径。Import where a storm is expected: who then lies open to it is told before it comes. A newer one takes its place.

    Example: `sensing vessel track import config/tracks/meranti-2016.csv`
    """
    from sensing.errors import NotFoundError

    from .client import connect
    from .commands import result, show

    if not file.is_file():
        raise NotFoundError(f"{file} is not there", "give the CSV's path")
    with connect(data_folder()) as client, file.open("rb") as source:
        show(result(client, next(client.upload("/api/tracks", source, storm=storm or file.stem.lower(), run=run))))


@app.command(epilog=EPILOG)
def downwind(
    berth: Annotated[str, typer.Argument(metavar="BERTH", help="Its id or name, such as gulei-s18")], run: selection.Run = None
) -> None:
    """泊位下风向。Who is downwind of a berth: ship and cargo, wind, devices to leeward, gases near it.

    Example: `sensing vessel downwind gulei-s18`
    """
    from .client import connect, segment
    from .output import block, layout, show_one, show_rows

    with connect(data_folder()) as client:
        answer = client.get(f"/api/berths/{segment(berth)}/downwind", run=run)
    if layout() != "table":
        show_one(answer)
        return
    ships = "; ".join(f"{each['name'] or each['vessel']} {_cargo(each['cargo'])}" for each in answer["ships"])
    wind, sector = answer["wind"], answer["sector"]
    block({
        "berth": f"{answer['berth']['name']['zh']} {answer['berth']['name']['en']}", "ships": ships,
        "wind": wind and f"{wind['from']:g}° {wind['speed']:g} m/s, {wind['device']} {wind['away_m'] / 1000:.1f} km",
        "towards": sector and f"{sector['properties']['towards']:g}° ± {sector['properties']['half_deg']:g}°",
        "devices": ", ".join(answer["devices"]),
    }, ("berth", "ships", "wind", "towards", "devices"))  # fmt: skip
    show_rows(answer["gases"], _GASES, empty="no_gases")


def _some(client: Any, path: str, number: int, **asked: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for page in client.pages(path, limit=min(number, 1000), **asked):
        found += page
        if len(found) >= number:
            break
    return found[:number]


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "cargo": _cargo(row["cargo"])}


def _clock(instant: str | None) -> str:
    """A time as people read it, "" for none."""
    from .output import local

    return local(instant) if instant else ""


def _cargo(rows: list[dict[str, Any]]) -> str:
    """Cargo in one line: `UN 1301 vinyl acetate 3000 t`."""
    return "; ".join(
        " ".join(part for part in (f"UN {row['un']}" if row["un"] else "", row["goods"], f"{row['tonnes']:g} t" if row["tonnes"] else "") if part)
        for row in rows
    )  # fmt: skip
