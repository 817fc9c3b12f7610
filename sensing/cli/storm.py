"""storm: drills. A whole city under a typhoon, played through the door, and a score of what the service made of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from .root import EPILOG, data_folder

app = typer.Typer(help="演练风暴。Storms: play a simulated city through the service, with faults, and score what came of it.")
_LISTED = ("name", "zh", "en", "begin", "end", "rain", "own")
_RAN = ("run", "storm", "sent", "ratio", "play_s", "whole_s", "lost_connections")


@app.command("list", epilog=EPILOG)
def listing() -> None:
    """风暴列表。List the scenarios: those that are shipped, and the site's own in DATA/storms.

    Example: `sensing storm list`
    """
    from sensing import app as root

    from .output import show_rows

    show_rows(root.shelf().listed(data_folder()), _LISTED)


@app.command(epilog=EPILOG)
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A scenario, or the path of one")],
    track: Annotated[str | None, typer.Option(metavar="FILE", help="With another best track")] = None,
    devices: Annotated[int, typer.Option(min=1, max=100_000, help="How many devices")] = 2500,
) -> None:
    """查看风暴。Show a scenario: what happens, when, its best track, and who watches.

    Example: `sensing storm show meranti-2016`
    """
    from collections import Counter

    from sensing import app as root
    from sensing import storms

    from .output import block, layout, show_one, table, write
    from .words import both, say

    shelf = root.shelf()
    found: dict[str, Any] = shelf.shown(data_folder(), name, track)
    roster = storms.cast(["--storm", shelf.resolved(data_folder(), name), "--devices", str(devices)])
    found["gateways"] = len(roster["gateways"])
    found["stations"] = dict(Counter(device["type"] for device in roster["devices"]).most_common())
    if layout() != "table":
        found["devices"] = [{key: each.get(key) for key in ("id", "type", "lat", "lon", "area")} for each in roster["devices"]]
        show_one(found)
        return
    write(f"{both(found['text'])}\n\n")
    block(found, ("name", "zh", "en", "begin", "end", "landfall", "rain", "seed", "gateways"))
    write(f"\n{say('stations')}\n")
    table([{"type": kind, "count": count} for kind, count in found["stations"].items()], ("type", "count"))
    if found["track"]:
        table(found["track"], ("time", "lat", "lon", "wind_m_s", "pressure_hpa"))


@app.command(epilog=EPILOG)
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the new scenario: a-z, 0-9 and -")],
    source: Annotated[str, typer.Option("--from", metavar="NAME", help="The scenario to begin with")] = "meranti-2016",
) -> None:
    """新建风暴。Write a scenario to edit, DATA/storms/NAME.toml, as a copy of another one.

    Example: `sensing storm new worst-case --from meranti-2016`
    """
    from sensing import app as root

    from .output import talk, write
    from .words import say

    write(f"{root.shelf().new(data_folder(), name, source)}\n")
    talk(say("storm_written", name=name))


@app.command(epilog=EPILOG)
def run(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A scenario, or the path of one")],
    track: Annotated[str | None, typer.Option(metavar="FILE", help="Another best track, IBTrACS-like CSV")] = None,
    speed: Annotated[str, typer.Option(metavar="N|max", help="Virtual seconds in a real one")] = "max",
    seed: Annotated[int | None, typer.Option(help="Of all chance; the scenario's own otherwise")] = None,
    devices: Annotated[int, typer.Option(min=1, max=100_000, help="How many devices; one ship for five of them")] = 2500,
    faults: Annotated[str, typer.Option(metavar="F", help="What goes wrong: all, none, spike=0.02,door-kill=5 ...")] = "none",
    lasts: Annotated[
        str | None, typer.Option("--for", metavar="TIME", help="Play so much of it only (virtual time): 12h")
    ] = None,
    bounds: Annotated[
        Path | None, typer.Option("--assert", metavar="FILE", help="Bounds that the score must keep, else 7")
    ] = None,
    without: Annotated[list[str] | None, typer.Option(metavar="DEVICE", help="What if this device were not there")] = None,
    delay: Annotated[list[str] | None, typer.Option(metavar="WAY=TIME", help="What if a way were slower: mqtt=40m")] = None,
    report: Annotated[Path | None, typer.Option(metavar="DIR", help="Where the report goes; DATA/reports/RUN otherwise")] = None,
    record: Annotated[Path | None, typer.Option(metavar="FILE", help="Keep a recording of what was sent")] = None,
    via: Annotated[
        str | None,
        typer.Option(metavar="mqtt://HOST", help="Through this broker of somebody else's, which the service fetches from"),
    ] = None,
) -> None:
    """演练一场风暴。Play a storm through the service, as a run of its own, and score what came of it.

    When nothing runs in the data folder, the service is started for it and stopped after. Nothing of a drill is ever shown as live.
    Ends with 7 when the score breaks a bound of --assert.

    Example: `sensing storm run meranti-2016 --devices 200 --for 12h --faults all`
    """
    from sensing import app as root
    from sensing import storms, times

    from .progress import Progress
    from .speeds import checked

    if bounds:
        root.check_bounds(bounds)
    if lasts:
        times.parse_duration(lasts)
    data = data_folder()
    words = ["--storm", root.shelf().resolved(data, name), "--devices", str(devices), "--faults", faults]
    for option, value in (("--track", track), ("--seed", seed), ("--for", lasts)):
        words += [option, str(value)] if value is not None else []
    for option, values in (("--without", without), ("--delay", delay)):
        words += [word for value in values or () for word in (option, value)]
    with Progress() as progress:
        outcome = storms.run(
            data,
            words,
            root.open_registry,
            progress.show,
            speed=checked(speed),
            record=record,
            via=_via(data, via) if via else None,
        )
    _judge(data, outcome.run, report, bounds, {name: getattr(outcome, name) for name in _RAN} | {"strikes": outcome.strikes})


@app.command(epilog=EPILOG)
def score(
    name: Annotated[str, typer.Argument(metavar="RUN", help="The run, as `storm run` named it")],
    bounds: Annotated[
        Path | None, typer.Option("--assert", metavar="FILE", help="Bounds that the score must keep, else 7")
    ] = None,
    report: Annotated[Path | None, typer.Option(metavar="DIR", help="Where the report goes; DATA/reports/RUN otherwise")] = None,
) -> None:
    """评分。Compare what a run left in the store with what was true; write the report again.

    Example: `sensing storm score meranti-2016-20261122-035647-3ff3 -o json`
    """
    _judge(data_folder(), name, report, bounds, {})


def _via(data: Path, url: str) -> Any:
    """The broker of a URL as the service has it. Raises UsageError, ValidationError."""
    from sensing import app as root
    from sensing import storms, vias

    target, _ = root.broker(url)
    return storms.Via(url, target.host, target.port, vias.broker_for(data, target.host, target.port).run)


def _judge(data: Path, name: str, report: Path | None, bounds: Path | None, ran: dict[str, Any]) -> None:
    """Score, report, table, exit code."""
    from sensing import app as root
    from sensing.errors import Exit

    from .output import complain, layout, show_one, talk
    from .words import say

    folder = report or data / "reports" / name
    result, failed = root.score_run(data, name, folder, bounds)
    result |= ({"played": ran} if ran else {}) | {"failed": failed}
    (folder / "score.json").write_text(json.dumps(result, ensure_ascii=False, indent=1, default=str) + "\n", "utf-8")
    if layout() == "table":
        _table(result, ran)
    else:
        show_one(result)
    talk(say("storm_report", path=folder / "report.md"))
    for each in failed:
        complain(each)
    if failed:
        raise typer.Exit(int(Exit.CHECK_FAILED))


def _table(result: dict[str, Any], ran: dict[str, Any]) -> None:
    """What a person wants to know first, marked as a drill."""
    from .output import block, paint, write
    from .words import say

    events, quality = result["events"], result["quality"]
    write(paint(f"▲ {say('drill', run=result['run'])}", "yellow") + "\n")
    block({
        **{key: ran[key] for key in ("sent", "ratio", "play_s", "whole_s") if key in ran},
        "loss": result["loss"], "duplicates": result["duplicates"], "balanced": bool(result["ledger"].get("balanced")),
        "events": f"{events['raised']} / {events['expected']}", "missed": events["missed"], "false": events["false"],
        "lead_time_s": events["lead_time_s"],
        **{f"  {kind}": f"{_percent(row['recall'])} / {_percent(row['precision'])}" for kind, row in quality.items()},
    })  # fmt: skip


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"
