"""What is said of all values of an hour, and of those of the same device of which the same holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from sensing.checks.beside import Rule, rules
from sensing.checks.nearby import Member
from sensing.checks.neighbours import SOUND
from sensing.model import Quality, QualityReason
from sensing.times import HOUR

from . import company
from .company import Words
from .hours import Hours
from .verdicts import Opinion

NAMES = ("", str(QualityReason.DRIFT), str(QualityReason.NEIGHBOUR), *company.NAMES)
"""The check that gives each code: of neighbours.judge, then of company."""
_SUSPECT = int(Quality.SUSPECT)
_VERDICTS = (
    None, (_SUSPECT, QualityReason.DRIFT), (_SUSPECT, QualityReason.NEIGHBOUR),
    *((_SUSPECT, QualityReason.CONSISTENCY) for _ in company.NAMES),
)  # fmt: skip
_WHO = ",".join(f"'{name}'" for name in NAMES[1:])
_SAID = f"SELECT time, who FROM verdicts WHERE series=? AND time>=? AND time<? AND who IN ({_WHO})"
_LEAD = "SELECT id FROM series WHERE thing=? AND property=? AND statistic=? AND channel=? AND run=?"


class Peer(NamedTuple):
    """A compared datastream. spike: its limit, for revisions that are not served. domain: of its thing, for events."""

    member: Member
    words: Words
    spike: float | None
    domain: str


class Hourly:
    """Of one store. peers: compared datastreams by series, as whoever compares them knows them."""

    def __init__(self, db: Any, hours: Hours, peers: Mapping[int, Peer]) -> None:
        self._db, self._hours, self._peers = db, hours, peers

    def opinions(self, series: int, hour: int, code: int, departure: float, rule: Rule) -> Iterable[Opinion]:
        """Opinions of all values of an hour."""
        begin, end = hour * HOUR, (hour + 1) * HOUR
        said = {(int(time), str(who)) for time, who in self._db.execute(_SAID, (series, begin, end))}
        times: Sequence[int] = ()
        if code != SOUND:
            stretch = self._hours.spans.read([series], begin, end - 1).get(series)
            times = list(stretch[0]) if stretch is not None else ()
        kept = {(time, NAMES[code]) for time in times}
        told = msgspec.json.encode(
            {"departure": departure, "room": rule.part if code == company.CONVERTED else rule.room}
        ).decode()
        yield from (Opinion(series, time, who, None) for time, who in sorted(said - kept))
        yield from (Opinion(series, time, NAMES[code], _VERDICTS[code], told) for time in times)

    def sibling(self, series: int, name: str) -> int | None:
        """The series of another property of the same thing, statistic, channel and run; None when there is none."""
        peer = self._peers[series]
        run, _, statistic = peer.words
        found = self._db.execute(_LEAD, (peer.member.thing, name, statistic, peer.member.channel, run)).fetchall()
        return int(found[0][0]) if found else None

    def followed(self, series: int, hour: int, followers: dict[Words, dict[int, set[int]]]) -> None:
        """Datastreams of the same device of which the same holds."""
        run, name, statistic = self._peers[series].words
        for other, rule in rules().items():
            if rule.instead == name:
                found = self.sibling(series, other)
                if found is not None and found in self._peers:
                    followers.setdefault((run, other, statistic), {}).setdefault(hour, set()).add(found)

    def follow(self, rule: Rule, hours: Mapping[int, set[int]], opinions: list[Opinion]) -> None:
        """Let datastreams have what is said of the one that they follow."""
        for hour, some in sorted(hours.items()):
            for series in some:
                lead = self.sibling(series, rule.instead)
                code, departure = self._hours.code(lead, hour) if lead is not None else (0, 0.0)
                opinions += self.opinions(series, hour, code, departure, rule)
