"""What a viewer asks for, and whether a thing is in it. Views that are equal are served with the same bytes."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from sensing.access import called, covers
from sensing.errors import UsageError
from sensing.query.keep import Box, inside
from sensing.query.known import UNKNOWN
from sensing.web.ask import Ask
from sensing.web.desk import Desk
from sensing.web.scope import areas_of

from .places import Place

FILTERS = ("run", "bbox", "type", "domain", "area")
"""Parameters that a view is read from."""


class View(Struct, frozen=True):
    """runs: "" is live; the first that has a row of a thing shows it. follows: they are live and whatever the demo plays now. types, domains, areas: () is any. within: where the viewer may look."""

    runs: tuple[str, ...] = ("",)
    types: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    areas: frozenset[str] = frozenset()
    within: tuple[str, ...] = ()
    box: Box | None = None
    follows: bool = False

    @property
    def wide(self) -> View:
        """The same without a box: what events and figures are of."""
        return replace(self, box=None)

    @property
    def all(self) -> bool:
        """Whether nothing is left out but what is outside its box."""
        return not (self.types or self.domains or self.areas or self.within)

    def has(self, place: Place) -> bool:
        """Whether a thing belongs to it, wherever it is."""
        return (
            not place.gone
            and (not self.types or place.type in self.types)
            and (not self.domains or place.domain in self.domains)
            and (not self.areas or called(self.areas, place.area))
            and covers(self.within, place.area)
        )

    def holds(self, lon: float | None, lat: float | None) -> bool:
        """Whether a point is in its box."""
        return self.box is None or (lon is not None and lat is not None and inside(self.box, {"lon": lon, "lat": lat}, UNKNOWN))


def view_of(desk: Desk, ask: Ask) -> View:
    """The view that a request asks for. Raises UsageError."""
    runs = desk.runs(ask.text("run"))
    if runs is None:
        raise UsageError("run all: a map of all runs would mix them", "name one, or leave it out for live and the demo")
    types, areas = (frozenset(ask.words(name)) for name in ("type", "area"))
    return View(tuple(runs), types, frozenset(ask.domains()), areas, areas_of(ask), ask.box(), follows=not ask.text("run"))
