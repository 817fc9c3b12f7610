"""Every revision of one thing's observations over a span, hot rows and sealed ones alike, as they were stored: no verdict applied.

This is what a change of configuration starts from: which contents there are, of which frames, under which configuration.
"""

from __future__ import annotations

from msgspec import Struct

from sensing.model import Micros

from . import CONFIGURATION_BITS
from .tables import Tables
from .wanted import Wanted

_NAMES = ("series", "time", "begin", "result", "quality", "reason", "revision", "generation", "sent", "rank", "received", "frame", "lon",
          "lat", "served")  # fmt: skip
Key = tuple[str, str, str, str, Micros]
"""(property, statistic, channel, run, time) of one thing."""


class Revision(Struct, gc=False):
    """One content of one time. name: the property. received, frame: of the frame it was stored from. reason: number in QualityReason."""

    name: str
    statistic: str
    channel: str
    run: str
    origin: str
    unit: str
    time: Micros
    begin: Micros | None
    result: float | None
    quality: int
    reason: int
    revision: int
    generation: int
    sent: Micros
    rank: int
    received: Micros
    frame: int
    lon: float | None
    lat: float | None
    served: bool

    @property
    def key(self) -> Key:
        return self.name, self.statistic, self.channel, self.run, self.time

    @property
    def order(self) -> tuple[int, int, int, int]:
        """Which of several is served: the highest."""
        return self.generation, self.sent, self.rank, self.revision

    @property
    def configuration(self) -> int:
        """The number of the configuration that it was observed with."""
        return self.generation & ((1 << CONFIGURATION_BITS) - 1)


class Revisions(Tables):
    """See above. One object is one connection: use it from one thread."""

    def revisions(self, thing: str, begin: Micros, end: Micros) -> list[Revision]:
        """All of begin <= time < end, in every run, in no order. Holds them in memory: ask for a day or so at a time."""
        wanted = Wanted(devices=[thing], runs=None, begin=begin, end=end, served=False)
        for _ in range(5):
            with self._db:
                seen = self.seen()
                lake = self.lake()
                lake.look(seen.catalogue, wanted)
                tables = [lake.hot_table(seen.catalogue, lake.query, _NAMES)]
            try:
                tables += lake.pieces(seen.catalogue, lake.query, [*_NAMES])
            except FileNotFoundError:  # a file was replaced meanwhile
                self._catalogue = None
                continue
            return [one for table in tables for one in self._revisions(table)]
        raise FileNotFoundError(f"{self._folder}: a file that the catalogue names is not there")

    def _revisions(self, table: object) -> list[Revision]:
        from .lake.bridge import with_hashes

        found = with_hashes(table)
        columns = [found[name].to_pylist() for name in _NAMES]
        made = []
        for series, *rest in zip(*columns, strict=True):
            _, prop, statistic, channel, unit, origin, run = self.words(series)
            made.append(Revision(prop, statistic, channel, run, origin, unit, *rest))
        return made

    def first_after(self, thing: str, time: Micros) -> Micros | None:
        """The first time at or after `time` of which the thing has an observation in any run; None when there is none."""
        wanted = Wanted(devices=[thing], runs=None, served=False, begin=time)
        return next((each for each in self.nearest(wanted, time - 1, 1) if each >= time), None)

    def edition(self, thing: str) -> int:
        """The place of the last `redecode` that covered a thing; 0 when none did."""
        return int(self._db.execute("SELECT edition FROM editions WHERE thing=?", (thing,)).get or 0)
