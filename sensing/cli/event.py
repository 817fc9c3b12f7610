"""event: what stands above its thresholds, what stood there, and what people said of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from . import selection
from .root import EPILOG, data_folder

app = typer.Typer(
    help="事件：超过警戒值的经过。Events: what rose above its thresholds, and what was said of it.", no_args_is_help=True
)
Id = Annotated[str, typer.Argument(metavar="ID", help="The id, as `event list` shows it")]
_LISTED = (
    "severity",
    "state",
    "device",
    "kind",
    "level",
    "start",
    "end",
    "peak",
    "acknowledged",
    "assigned",
    "group",
    "origin",
    "id",
)
_SHOWN = (
    "id", "severity", "state", "device", "kind", "statistic", "channel", "domain", "level", "start", "end", "peak", "steps",
    "forecast", "acknowledged", "assigned", "escalated", "closed", "incident", "group", "superseded_by", "first_seen", "frame", "origin", "run",
)  # fmt: skip


@app.command("list", epilog=EPILOG)
def list_(
    query: selection.Query = "",
    severity: Annotated[str | None, typer.Option(help="This severity or higher: watch, warning, danger")] = None,
    state: Annotated[str | None, typer.Option(help="open, closed, withdrawn or all; all but withdrawn when left out")] = None,
    kind: Annotated[list[str] | None, typer.Option(help="Only this kind, such as water_level_high; may be repeated")] = None,
    prop: selection.Property = None,
    type_: selection.Type = None,
    area: selection.Area = None,
    domain: Annotated[list[str] | None, typer.Option(help="people, city, environment, industry or safety")] = None,
    begin: Annotated[
        str | None, typer.Option("--from", help="Only those that lasted until then (a duration ago or an instant)")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Only those that began before")] = None,
    assigned: Annotated[str | None, typer.Option(help="Only the tasks of this person")] = None,
    run: selection.Run = None,
    number: Annotated[int, typer.Option("-n", min=1, help="At most so many")] = 100,
) -> None:
    """列出事件。List events, the newest first: those that last and those that are over.

    Example: `sensing event list --severity warning --state open`
    """
    from sensing import times

    from .client import connect
    from .output import layout, show_rows

    now = times.now()
    found: list[dict[str, Any]] = []
    with connect(data_folder(reads=True)) as client:
        pages = client.pages(
            "/api/events", device=selection.devices(client, query), severity=severity, state=state, kind=kind, property=prop, type=type_,
            area=area, domain=domain, assigned=assigned, run=run, from_=times.rfc3339(times.since(begin, now)) if begin else None,
            to=times.rfc3339(times.since(end, now)) if end else None, limit=min(number, 1000),
        )  # fmt: skip
        for page in pages:
            found += page
            if len(found) >= number:
                break
    rows = found[:number]
    show_rows([_plain(row) for row in rows] if layout() == "table" else rows, _LISTED, empty="no_events")


@app.command(epilog=EPILOG)
def show(event: Id) -> None:
    """查看事件。Tell the story of an event in plain words: what, where, since when, how it grew, what else happened nearby, who looks after it.

    Example: `sensing event show 671b69bd703a`
    """
    from .client import connect, segment
    from .output import block, layout, show_one

    with connect(data_folder(reads=True)) as client:
        answer = client.get(f"/api/events/{segment(event)}")
    if layout() == "table":
        _tell(answer["story"])
        block(_plain(answer), _SHOWN)
    else:
        show_one(answer)


@app.command(epilog=EPILOG)
def ack(event: Id, note: Annotated[str, typer.Option(help="What is being done")] = "") -> None:
    """确认事件。Say that you have seen an event and look after it; it stays open. Exit code 6 when somebody has, at this severity.

    Example: `sensing event ack 671b69bd703a --note "crew on its way"`
    """
    _say("ack_event", event, note)


@app.command(epilog=EPILOG)
def close(event: Id, note: Annotated[str, typer.Option(help="Why it is over")]) -> None:
    """关闭事件。Say that an event is over and why. Should it rise to a higher severity, it is open again. Exit code 6 when it is closed.

    Example: `sensing event close 671b69bd703a --note "gate shut, road dry"`
    """
    _say("close_event", event, note)


@app.command(epilog=EPILOG)
def assign(
    event: Id,
    to: Annotated[str, typer.Option(help="Whose task it is")],
    due: Annotated[str | None, typer.Option(help="Until when: a duration from now, or an instant")] = None,
    note: Annotated[str, typer.Option(help="What is to be done")] = "",
) -> None:
    """指派事件。Make an event somebody's task. When it is overdue it is escalated; `event list --assigned` shows a person's tasks.

    Example: `sensing event assign 671b69bd703a --to wang --due 2h --note "check the pumps"`
    """
    from sensing import times

    if due is None:
        _say("assign_event", event, note, to=to)
    else:
        _say("assign_event", event, note, to=to, due=times.rfc3339(times.until(due, times.now())))


@app.command(epilog=EPILOG)
def escalate(event: Id, note: Annotated[str, typer.Option(help="Why somebody above must look after it")] = "") -> None:
    """升级事件。Hand an event to somebody above; an event that nobody acknowledges in time is escalated by itself.

    Example: `sensing event escalate 671b69bd703a --note "pumps do not start"`
    """
    _say("escalate_event", event, note)


def _say(op: str, event: str, note: str, **more: str) -> None:
    from .client import connect
    from .commands import obey

    with connect(data_folder()) as client:
        obey(client, op, {"event": event, "note": note, **more})


def _tell(story: Mapping[str, Any]) -> None:
    """The story, in Chinese with the English below it, or in English."""
    from .output import printable, write
    from .words import language

    for spoken in ("zh", "en") if language() == "zh" else ("en",):
        write("".join(f"{printable(line)}\n" for line in story[spoken]) + "\n")


def _plain(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event as people read it: each part one line of words."""
    from .output import cell, local
    from .words import phrase

    unit = event["unit"]

    def person(mark: Mapping[str, Any] | None) -> str:
        return f"{mark['by']} {local(mark['at'])} {mark['note']}".rstrip() if mark else ""

    steps = [f"{cell('severity', step['severity'])} {local(step['time'])} {step['value']:g} {unit}" for step in event["steps"]]
    peak = event["peak"]
    forecast, assigned, escalated = event["forecast"], event["assigned"], event["escalated"]
    return {
        **event, "kind": phrase("kind", event["kind"]), "level": phrase("level", event["level"] or event["colour"] or ""),
        "forecast": f"{cell('severity', forecast['level'])} {forecast['value']:g} {local(forecast['at'])}" if forecast else "",
        "assigned": f"{assigned['to']} {local(assigned['due']) if assigned['due'] else ''}".rstrip() if assigned else "",
        "escalated": f"{escalated['level']} {local(escalated['at'])} {escalated['note']}".rstrip() if escalated else "",
        "incident": event["incident"]["id"] if event.get("incident") else "",
        "state": phrase("event_state", event["state"]), "peak": f"{peak['value']:g} {unit} {local(peak['time'])}", "steps": "; ".join(steps),
        "acknowledged": person(event["acknowledged"]), "closed": person(event["closed"]),
    }  # fmt: skip
