"""A rule: what of a datastream is watched, and from where on it is an event. Read by thresholds.py, derived by derive.py, stepped by events.py."""

from __future__ import annotations

from msgspec import Struct

from .model import Micros
from .times import HOUR, MINUTE

SEVERITIES = ("watch", "warning", "danger")
SUM, MEAN, RISE, CROSSING, GRADES = "sum", "mean", "rise", "crossing", "grades"
ANY = "*"


class Rule(Struct, frozen=True, gc=False):
    """The thresholds of the property `name`. levels: (value times sign, index in SEVERITIES), ascending. clear: below it an event ends, times sign.

    sign: 1, or -1 where low values are the bad ones. hold: how long a level must last to count. statistic, channel: of the datastreams that it watches.
    key: its own name among the rules of the property; called: what its events are called when not by property.
    take, over: what is derived over which window; "" is the value itself. names: of levels, by severity (of grades by their number).
    targets, toward: of a crossing: the levels that it looks ahead to, and their sign; room: an event begins only when all of the window lies
    further from the level than that. grades: (window, sum, severity), the least first.
    """

    name: str
    levels: tuple[tuple[float, int], ...]
    clear: float
    hold: Micros = 0
    sign: int = 1
    statistic: str = "instant"
    channel: str = ""
    key: str = "level"
    called: str = ""
    take: str = ""
    over: Micros = 0
    names: tuple[str, ...] = ()
    targets: tuple[tuple[float, int], ...] = ()
    toward: int = 1
    room: float = 0.0
    grades: tuple[tuple[Micros, float, int], ...] = ()

    @property
    def kind(self) -> str:
        """What its events are called: `water_level_high`, `rainfall_3h_high`, `water_level_rise`, `water_level_rising`."""
        if self.called:
            return self.called
        if self.take == GRADES:
            return f"{self.name}_{self.key}"
        if self.take == CROSSING:
            return f"{self.name}_{'rising' if self.toward > 0 else 'falling'}"
        if self.take == RISE:
            return f"{self.name}_{'rise' if self.sign > 0 else 'fall'}"
        window = f"{span_word(self.over)}_" if self.take else ""
        return f"{self.name}_{window}{'high' if self.sign > 0 else 'low'}"

    def covers(self, statistic: str, channel: str) -> bool:
        """Whether a datastream of the property is watched. One only, unless told: a station that says its level twice has one flood."""
        return statistic == self.statistic and self.channel in (channel, ANY)

    def unit(self, own: str) -> str:
        """The unit of its values, of a property in the unit `own`."""
        return {RISE: f"{own}/h", CROSSING: "h"}.get(self.take, own)


def span_word(span: Micros) -> str:
    """`3h`, `90m`."""
    return f"{span // HOUR}h" if span % HOUR == 0 else f"{span // MINUTE}m"
