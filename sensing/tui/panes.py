"""What stands beside the list of things: one thing, dead letters, the ledger; the line of figures; and the questions behind them."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text as Rich

from sensing.cli.client import Client
from sensing.cli.output import local
from sensing.errors import SensingError

from . import lines
from .city import SEVERITIES, City, Thing, Wanted
from .lines import Words

if TYPE_CHECKING:
    from .screen import WatchApp

PANES = ("events", "thing", "dead_letters", "ledger")
_FRESH_S = 5.0
_DEAD_SHOWN = 30
_DEAD = ("received", "reason", "principal", "adapter", "detail")
_KEYS = (
    ("/", "filter"), ("s", "severity"), ("d", "domain"), ("o", "silent"), ("1-4", "panes"), ("a", "ack"), ("p", "pause"), ("l", "language"),
    ("q", "quit"),
)  # fmt: skip
_SIDES = (("received", ("decoded", "silent", "pending", "dead_lettered", "quarantined")),
          ("readings", ("stored", "duplicate", "revised", "unmapped")))  # fmt: skip


def figures(city: City, wanted: Wanted, say: Words, trouble: str, *, paused: bool) -> Rich:
    """One line: how many are heard, what is open, whether the ledger balances, how fast it goes; and what is filtered."""
    kpi, line = city.kpi, Rich()
    for key in ("online", "silent"):
        line.append(f" {say('watch', key)} ").append(f"{kpi.get(key, 0):,}", "bold").append(" ")
    for level, word in enumerate(SEVERITIES):
        count = kpi.get("by_severity", {}).get(word, 0)
        line.append(f" {lines.MARKS[level]} {say('severity', word)} {count} ", lines.STYLES[level] if count else "dim")
    ledger = str(kpi.get("ledger", "unknown"))
    line.append(f" {say('watch', f'ledger_{ledger}')} ", "bold red" if ledger == "unbalanced" else "")
    line.append(f" {kpi.get('rate', 0):,.0f}/s  {kpi.get('lag_ms') or 0:,.0f} ms ", "dim")
    if paused:
        line.append(f" ‖ {say('watch', 'paused')} ", "reverse")
    if trouble:
        line.append(f" ✖ {say('watch', 'lost')}: {trouble[:60]} ", "bold red")
    asked = [
        wanted.text,
        wanted.domain and say("watch", f"domain_{wanted.domain}"),
        say("watch", "silent") if wanted.silent else "",
    ]
    asked.append(f"≥ {say('severity', SEVERITIES[wanted.severity])}" if wanted.severity >= 0 else "")
    if any(asked):
        line.append(f" {say('watch', 'filter')}: {' · '.join(word for word in asked if word)} ", "reverse")
    return line


def keys(say: Words) -> Rich:
    """What the keys do."""
    line = Rich()
    for key, word in _KEYS:
        line.append(f" {key} ", "reverse").append(f" {say('watch', f'key_{word}')}  ")
    return line


def about_thing(city: City, thing: Thing | None, say: Words) -> RenderableType:
    """Every value of a thing with its quality, and its events."""
    if thing is None:
        return Rich(say("watch", "nothing"), "dim")
    head = Rich(f"{thing.get('name') or thing['id']}\n", "bold")
    head.append(f"{thing['id']} · {thing.get('type', '')} · {thing.get('area') or '–'}\n", "dim")
    table = Table(box=None, padding=(0, 1), show_header=False)
    for key, (value, at, quality, reason, unit, *_) in sorted(thing["values"].items()):
        doubt = Rich(say("reason", reason) if reason else "", "magenta" if quality not in (1, 2) else "dim")
        table.add_row(say.datastream(key), Rich(lines.number(value), justify="right"), unit, lines.age(at, city.clock), doubt)
    events = Table(box=None, padding=(0, 1), show_header=False)
    for event in city.of(thing["id"])[:8]:
        severity, state, _, *rest = lines.event_cells(city, event, say)
        events.add_row(severity, state, *rest)
    return Group(head, table, Rich(), events)


def about_dead(answer: dict[str, Any], say: Words) -> RenderableType:
    """The newest frames that could not be read."""
    if not answer["items"]:
        return Rich(say("watch", "no_dead_letters"), "dim")
    table = Table(box=None, padding=(0, 1))
    for column in _DEAD:
        table.add_column(say("column", column), no_wrap=True)
    for item in answer["items"]:
        told = item | {"received": local(item["received"])[5:16]}
        table.add_row(*(str(told.get(name) or "")[:40] for name in _DEAD))
    return table


def about_ledger(answer: dict[str, Any], say: Words) -> RenderableType:
    """The two sums that must balance."""
    table = Table(box=None, padding=(0, 1), show_header=False)
    for total, parts in _SIDES:
        table.add_row(Rich(say("watch", f"ledger_{total}"), "bold"), Rich(f"{answer[total]:,}", justify="right"))
        for part in parts:
            table.add_row(f"  {say('watch', f'ledger_{part}')}", Rich(f"{answer[part]:,}", justify="right"))
    word = "balanced" if answer["balanced"] else "unbalanced"
    return Group(table, Rich(f"\n{say('watch', f'ledger_{word}')}", "bold green" if answer["balanced"] else "bold red"))


class Questions:
    """What is asked of the service beside the feed, in threads: dead letters and the ledger while they are shown, and marks."""

    def __init__(self, connect: Callable[[], AbstractContextManager[Client]]) -> None:
        self._connect = connect
        self._due = 0.0
        self._asking = False

    def soon(self) -> None:
        """Ask again at the next tick."""
        self._due = 0.0

    def tick(self, app: WatchApp, pane: str) -> None:
        """Ask for what a pane shows, when that is some seconds old."""
        if pane not in {"dead_letters", "ledger"} or self._asking or time.monotonic() < self._due:
            return
        self._asking = True
        app.run_worker(lambda: self._ask(app, pane), thread=True, exit_on_error=False)

    def _ask(self, app: WatchApp, pane: str) -> None:
        from textual.widgets import Static

        try:
            with self._connect() as client:
                if pane == "ledger":
                    found = about_ledger(client.get("/api/ledger"), app.say)
                else:
                    found = about_dead(client.get("/api/dead-letters", limit=_DEAD_SHOWN), app.say)
        except SensingError as error:
            found = Rich(f"✖ {error.what}\n{error.hint}", "red")
        finally:
            self._asking, self._due = False, time.monotonic() + _FRESH_S
        app.call_from_thread(app.query_one(f"#{pane}", Static).update, found)

    def acknowledge(self, app: WatchApp, event: str) -> None:
        """Say that we look after an event; the answer is shown for some seconds."""

        def post() -> None:
            try:
                with self._connect() as client:
                    client.post("/api/commands", {"op": "ack_event", "args": {"event": event}})
                text, severity = f"{app.say('watch', 'acknowledged')} {event}", "information"
            except SensingError as error:
                text, severity = f"{error.what}. {error.hint}", "error"
            app.call_from_thread(app.notify, text, severity=severity)

        app.run_worker(post, thread=True, exit_on_error=False)
