"""The app of `sensing watch`: figures above, things and one of four panes beside each other, keys below.

Nothing here waits for the network: the feed and the questions run in threads, and what they found is drawn at the next tick.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Protocol

from rich.text import Text as Rich
from textual import on
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.events import Resize
from textual.widgets import ContentSwitcher, DataTable, Input, Static

from . import lines
from .city import DOMAINS, City, Wanted, rank
from .feed import Told
from .panes import PANES, Questions, about_thing, figures, keys
from .tables import Listing
from .text import Text

_TICK_S = 0.5
_AGES_EVERY = 10
"""Ticks after which ages are drawn anew though nothing came."""
_MOST = 500
"""Things listed at once: the worst first; the filter finds the others."""
_WIDE = 132
_THINGS = {"severity": 9, "device": 20, "property": 14, "result": 12, "reason": 8, "trend": 10, "area": 12, "age": 4, "state": 7}
_EVENTS = {"severity": 9, "state": 8, "device": 18, "kind": 16, "start": 11, "peak": 12, "acknowledged": 10}


class Feed(Protocol):
    """What came of the city since it was asked last."""

    def taken(self) -> Iterator[Told]: ...
    def close(self) -> None: ...


class WatchApp(App[None]):
    """The city in a terminal. feed: where it comes from; questions: what else is asked of the service."""

    CSS_PATH = "screen.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        ("q", "quit"), ("slash", "search"), ("escape", "clear"), ("s", "severity"), ("d", "domain"), ("o", "silent"), ("p", "pause"),
        ("a", "acknowledge"), ("l", "language"), ("tab", "app.focus_next"), *((str(n), f"pane('{name}')") for n, name in enumerate(PANES, 1)),
    ]  # fmt: skip

    def __init__(self, feed: Feed, questions: Questions, wanted: Wanted | None = None) -> None:
        super().__init__()
        self.city, self.wanted, self.say = City(), wanted or Wanted(), Text()
        self.paused, self.trouble, self.failure = False, "", None
        self._feed, self._questions, self._ticks = feed, questions, 0
        self._things = Listing(_THINGS, lambda thing: lines.thing_cells(self.city, thing, self.say))
        self._events = Listing(_EVENTS, lambda event: lines.event_cells(self.city, event, self.say))

    def compose(self) -> ComposeResult:
        """Figures, banner, things, panes, filter, keys."""
        yield Static(id="figures")
        yield Static(id="drill")
        with Container(id="both"):
            yield self._things.table("things")
            with ContentSwitcher(initial=PANES[0], id="panes"):
                yield self._events.table("events")
                for name in PANES[1:]:
                    yield Static(id=name, expand=True)
        yield Input(id="search")
        yield Static(id="keys")

    def on_mount(self) -> None:
        """Begin to follow."""
        self.query_one("#search").display = False
        self._words()
        self._things.widget.focus()
        self.set_interval(_TICK_S, self.tick)
        self.tick()

    def on_unmount(self) -> None:
        """Leave the feed."""
        self._feed.close()

    def on_resize(self, event: Resize) -> None:
        """Beside each other where there is room, else one above the other."""
        self.query_one("#both").set_class(event.size.width >= _WIDE, "wide")

    def tick(self) -> None:
        """Draw what came since."""
        self._ticks += 1
        changed, anew = set[str](), False
        for told in () if self.paused else self._feed.taken():
            self.trouble = str(told.body) if told.kind == "lost" else ""
            if told.kind == "refused":
                self.failure = told.body
                self.exit(return_code=1)
                return
            if told.kind == "snapshot":
                self.city.take(told.body)
                anew = True
            elif told.kind == "batch":
                changed |= self.city.merge(told.body)
        if anew or changed or self._ticks % _AGES_EVERY == 1:
            self.draw(None if anew or self._ticks % _AGES_EVERY == 1 else changed)
        self._questions.tick(self, self.query_one(ContentSwitcher).current or "")
        self._head()

    def draw(self, changed: set[str] | None = None) -> None:
        """Things and events as they are. changed: the only things that are others than before; None for any."""
        self._things.show(self.city.shown(self.wanted)[:_MOST], changed)
        self._events.show(self.city.listed(), None)
        self.query_one("#thing", Static).update(about_thing(self.city, self._things.chosen, self.say))

    def _head(self) -> None:
        self.query_one("#figures", Static).update(figures(self.city, self.wanted, self.say, self.trouble, paused=self.paused))
        banner, drill = self.query_one("#drill", Static), self.city.drill
        banner.display = drill is not None
        if drill is not None:
            banner.update(Rich(f"▲ {self.say('watch', 'drill')} · {drill['run']}", justify="center"))

    def _words(self) -> None:
        """Everything that has words in it and does not change otherwise."""
        self._things.name(lambda column: self.say("watch", f"column_{column}"))
        self._events.name(lambda column: self.say("watch", f"column_{column}"))
        self.query_one("#search", Input).placeholder = self.say("watch", "search")
        self.query_one("#keys", Static).update(keys(self.say))

    def want(self, **changes: Any) -> None:
        """Show another part of the city."""
        self.wanted = Wanted(**({name: getattr(self.wanted, name) for name in Wanted.__struct_fields__} | changes))
        self.draw()
        self._head()

    @on(DataTable.RowHighlighted, "#things")
    def choose(self) -> None:
        """Tell the thing under the cursor."""
        self.query_one("#thing", Static).update(about_thing(self.city, self._things.chosen, self.say))

    @on(DataTable.RowSelected, "#things")
    def open_thing(self) -> None:
        """Enter on a thing: its pane."""
        self.action_pane("thing")

    @on(Input.Changed, "#search")
    def search(self, event: Input.Changed) -> None:
        """Filter while it is typed."""
        self.want(text=event.value)

    @on(Input.Submitted, "#search")
    def searched(self) -> None:
        """Back to the list, filtered."""
        self.query_one("#search").display = False
        self._things.widget.focus()

    def action_search(self) -> None:
        """Type a filter."""
        field = self.query_one("#search", Input)
        field.display = True
        field.focus()

    def action_clear(self) -> None:
        """No filter."""
        self.query_one("#search", Input).value = ""
        self.searched()
        self.want(text="", severity=-1, domain="", silent=False)

    def action_severity(self) -> None:
        """Any, watch, warning, danger, any."""
        self.want(severity=-1 if self.wanted.severity == rank("danger") else self.wanted.severity + 1)

    def action_domain(self) -> None:
        """The next domain, then all."""
        words = ("", *DOMAINS)
        self.want(domain=words[(words.index(self.wanted.domain) + 1) % len(words)])

    def action_silent(self) -> None:
        """Only those that are silent, or all."""
        self.want(silent=not self.wanted.silent)

    def action_pause(self) -> None:
        """Hold the picture; what comes meanwhile waits."""
        self.paused = not self.paused
        self._head()

    def action_language(self) -> None:
        """The other language."""
        self.say.turn()
        self._questions.soon()
        self._words()
        self.draw()
        self._head()

    def action_pane(self, name: str) -> None:
        """Show another pane."""
        self.query_one(ContentSwitcher).current = name
        if name == PANES[0]:
            self._events.widget.focus()
        self._questions.soon()

    def action_acknowledge(self) -> None:
        """Look after the event under the cursor."""
        event = self._events.chosen
        if event is not None:
            self._questions.acknowledge(self, str(event["id"]))
