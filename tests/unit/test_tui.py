"""The full-screen terminal: what the feed tells is on the screen, worst first, in both languages, and keys do what they say."""

import asyncio
import contextlib

import pytest
from textual.widgets import ContentSwitcher, DataTable, Input, Static

from sensing.cli.output import SEVERITY_MARK
from sensing.errors import UnreachableError
from sensing.tui import lines
from sensing.tui.city import City, Wanted
from sensing.tui.feed import Told
from sensing.tui.lines import age, number, spark
from sensing.tui.panes import Questions, about_dead
from sensing.tui.screen import _THINGS, WatchApp
from sensing.tui.text import Text

NOW = 1_795_000_000_000


def thing(identity, *, severity=-1, value=1.0, state="online", **more):
    values = {"water_level": [value, NOW - 60_000, 1, "", "m"]}
    return {"id": identity, "name": f"name of {identity}", "type": "gauge", "domain": "city", "area": "漳州", "severity": severity,
            "state": state, "time": NOW, "values": values} | more  # fmt: skip


def event(identity, device, severity="danger", state="open", **more):
    return {"id": identity, "kind": "water_level_high", "severity": severity, "state": state, "device": device, "property": "water_level",
            "start": "2026-11-18T00:00:00Z", "peak": {"value": 3.2, "time": "2026-11-18T00:00:00Z"}, "unit": "m"} | more  # fmt: skip


def snapshot(*things, events=(), drill=None):
    kpi = {"online": 1, "silent": 0, "by_severity": {"danger": 1}, "ledger": "balanced", "rate": 12.0, "lag_ms": 5}
    return Told("snapshot", {"things": things, "events": list(events), "kpi": kpi, "drill": drill, "clock": NOW})


class Feed:
    """A feed that tells what a test puts in."""

    def __init__(self, *told):
        self.told, self.closed = list(told), False

    def taken(self):
        told, self.told = self.told, []
        yield from told

    def close(self):
        self.closed = True


class Service:
    """Answers what the panes ask."""

    def __init__(self):
        self.posted = []

    @contextlib.contextmanager
    def connect(self):
        yield self

    def get(self, path, **_):
        if path == "/api/dead-letters":
            return {
                "items": [{"received": "2026-11-18T00:00:00Z", "adapter": "sl651", "reason": "bad_checksum", "detail": "CRC"}]
            }
        sides = (
            "received",
            "decoded",
            "silent",
            "pending",
            "dead_lettered",
            "quarantined",
            "readings",
            "stored",
            "duplicate",
            "revised",
            "unmapped",
        )
        return dict.fromkeys(sides, 7) | {"balanced": False}

    def post(self, path, body):
        self.posted.append((path, body))


@pytest.fixture
def service():
    return Service()


@contextlib.asynccontextmanager
async def screen(service, *told, **more):
    app = WatchApp(Feed(*told), Questions(service.connect), **more)
    async with app.run_test(size=(160, 40)) as pilot:
        await pilot.pause()
        yield app, pilot


def ids(app, table="#things"):
    return [str(key.value) for key in app.query_one(table, DataTable).rows]


def said(app, pane):
    return str(app.query_one(pane, Static).render())


async def until(app, holds):
    """Tick until something holds; fails after some seconds."""
    for _ in range(200):
        app.tick()
        if holds():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never held")


async def test_the_worst_come_first_and_a_batch_moves_them(service):
    """A thing whose severity rises goes to the top; a value that changes is drawn in its cell."""
    async with screen(service, snapshot(thing("a"), thing("b", severity=1), thing("c", severity=2))) as (app, _):
        assert ids(app) == ["c", "b", "a"]
        app._feed.told = [
            Told("batch", {"things": [{"id": "a", "severity": 2, "values": {"water_level": [9.5, NOW, 1, "", "m"]}}]})
        ]
        app.tick()
        assert ids(app) == ["a", "c", "b"]
        assert "9.5 m" in str(app.query_one("#things", DataTable).get_cell("a", "result"))


async def test_filters_narrow_the_list_and_escape_widens_it(service):
    """Text, severity, domain and silence each take things away; escape brings all of them back."""
    told = snapshot(thing("a"), thing("b", severity=2), thing("c", domain="safety"), thing("d", state="silent"))
    async with screen(service, told) as (app, pilot):
        await pilot.press("s")
        assert ids(app) == ["b"]
        await pilot.press("escape", "o")
        assert ids(app) == ["d"]
        await pilot.press("escape", "slash", "o", "f", "space", "c")
        assert ids(app) == ["c"]
        await pilot.press("enter", "escape")
        assert sorted(ids(app)) == ["a", "b", "c", "d"]
        assert app.query_one("#search", Input).value == ""
        await pilot.press("d", "d", "d", "d", "d")
        assert ids(app) == ["c"]


async def test_both_languages_at_a_key(service):
    """`l` turns every word, headings and figures among them."""
    async with screen(service, snapshot(thing("a", severity=2))) as (app, pilot):
        before = said(app, "#keys"), said(app, "#figures")
        await pilot.press("l")
        after = said(app, "#keys"), said(app, "#figures")
        assert all(one != other for one, other in zip(before, after, strict=True))
        assert {"退出" in before[0], "退出" in after[0]} == {True, False}


async def test_a_drill_says_so_all_the_time(service):
    """Simulated data stand under a banner; live ones do not."""
    async with screen(service, snapshot(thing("a"), drill={"run": "drill-1", "origin": "simulated"})) as (app, _):
        assert app.query_one("#drill").display
        assert "drill-1" in said(app, "#drill")
        app._feed.told = [snapshot(thing("a"))]
        app.tick()
        assert not app.query_one("#drill").display


async def test_an_event_is_acknowledged_in_place(service):
    """`a` gives the command for the event under the cursor, the worst open one first."""
    told = snapshot(
        thing("a", severity=2), events=[event("e1", "a", "watch"), event("e2", "a"), event("e3", "a", state="closed")]
    )
    async with screen(service, told) as (app, pilot):
        assert ids(app, "#events") == ["e2", "e1", "e3"]
        await pilot.press("a")
        await app.workers.wait_for_complete()
        assert service.posted == [("/api/commands", {"op": "ack_event", "args": {"event": "e2"}})]


async def test_panes_show_a_thing_dead_letters_and_the_ledger(service):
    """Keys 1 to 4 and Enter open them; what they ask comes in the background, and an unbalanced ledger is red in words."""
    async with screen(service, snapshot(thing("a", severity=2, value=3.25), events=[event("e1", "a")])) as (app, pilot):
        await pilot.press("enter")
        assert app.query_one(ContentSwitcher).current == "thing"
        await pilot.press("3")
        await until(app, lambda: "bad_checksum" in _plain(app, "#dead_letters"))
        await pilot.press("4")
        await until(app, lambda: "✖" in _plain(app, "#ledger"))


def _plain(app, pane):
    from rich.console import Console

    console = Console(width=100)
    with console.capture() as caught:
        console.print(app.query_one(pane, Static).content)
    return caught.get()


async def test_pause_holds_the_picture_and_a_broken_feed_is_told(service):
    """Nothing moves while it is paused, nothing is missed after; a lost connection stands in the line of figures."""
    async with screen(service, snapshot(thing("a"))) as (app, pilot):
        await pilot.press("p")
        app._feed.told = [Told("batch", {"things": [thing("z")]})]
        app.tick()
        assert ids(app) == ["a"]
        await pilot.press("p")
        app.tick()
        assert ids(app) == ["a", "z"]
        app._feed.told = [Told("lost", "web is away")]
        app.tick()
        assert "web is away" in said(app, "#figures")


async def test_a_service_that_refuses_ends_it_with_the_reason(service):
    """What the service says at first is handed to the command line."""
    error = UnreachableError("nothing runs here", "start it")
    app = WatchApp(Feed(Told("refused", error)), Questions(service.connect))
    async with app.run_test():
        await asyncio.sleep(0)
    assert app.failure is error
    assert app._feed.closed


def test_gone_and_withdrawn_are_taken_away():
    """A thing that left and an event that was none are no longer told."""
    city = City()
    city.take(snapshot(thing("a"), events=[event("e1", "a")]).body)
    city.merge({"things": [{"id": "a", "gone": True}], "events": [event("e1", "a", state="withdrawn")]})
    assert not city.things
    assert not city.events
    assert city.shown(Wanted()) == []


def test_an_events_property_stands_for_its_thing():
    """What is wrong is what is shown: the property of the worst open event comes before all others."""
    city = City()
    told = thing("a", severity=2)
    told["values"]["wind_speed"] = [31.0, NOW, 1, "", "m/s"]
    city.take(snapshot(told, events=[event("e1", "a", property="wind_speed")]).body)
    assert city.main(city.things["a"]) == "wind_speed"
    assert city.trail("a") == (31.0,)


def test_numbers_ages_and_sparklines_read_well():
    """No tail of zeros, no negative age, a level line for equal values."""
    assert [number(each) for each in (None, 2.0, 1234.5678, -0.25)] == ["–", "2", "1,234.568", "-0.25"]
    assert [age(NOW - each * 1000, NOW) for each in (-5, 5, 90, 7200, 200_000)] == ["0s", "5s", "1m", "2h", "2d"]
    assert (spark((1, 1, 1)), spark((0, 7)), spark((3,)), spark(())) == ("▁▁▁", "▁█", "", "")


def test_times_are_the_citys_and_marks_those_of_every_other_face():
    """A watch is not marked as a warning elsewhere, an event of midnight UTC began at eight, and the trend is not what is cut off."""
    city = City()
    cells = lines.event_cells(city, event("a", "g1"), Text())
    assert "11-18 08:00" in cells
    assert [lines.MARKS[level] for level in range(3)] == list(SEVERITY_MARK.values())
    told = about_dead({"items": [{"received": "2026-11-18T00:00:00Z", "reason": "bad_checksum"}]}, Text())
    assert next(told.columns[0].cells) == "11-18 08:00"
    widths = list(_THINGS)
    assert widths.index("trend") < widths.index("area")
