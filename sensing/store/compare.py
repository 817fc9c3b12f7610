"""Comparing datastreams with those near them, in the store's own transaction: drift, and standing apart from the neighbours.

    note    rows of a batch, and rows judged otherwise since: their hours are to be looked at (`unjudged`); next to nothing
    take    hours that the run's clock has passed by `MARGIN` get their mean, at most `MOST` a commit, and whoever that can concern is judged:
            itself and its neighbours, in that hour and the SPAN hours that look back on it

What is said of an hour is a function of means (checks.neighbours), and a mean of what is served; a row that comes later makes its hour
unjudged again. So the flags are the same in whatever order rows came, once nothing is unjudged. All rows of an hour share its verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from sensing.checks import neighbours
from sensing.checks.beside import Beside, Rule, rules
from sensing.checks.nearby import Lists, Member, lists
from sensing.model import Micros, Quality, QualityReason
from sensing.times import DAY, HOUR, MINUTE

from . import Row
from .hours import Block, Hours, Mean
from .verdicts import Key, Opinion, Verdicts

MARGIN = 10 * MINUTE
MOST = 2000
"""Hours of datastreams that one commit looks at."""
KEEP = 45 * DAY
"""How long means are kept, of event time: what comes later than that is compared with nothing."""
NAMES = ("", str(QualityReason.DRIFT), str(QualityReason.NEIGHBOUR))
"""The check that gives each code of neighbours.judge."""
_SUSPECT = int(Quality.SUSPECT)
_VERDICTS = (None, (_SUSPECT, QualityReason.DRIFT), (_SUSPECT, QualityReason.NEIGHBOUR))
_PUT = """INSERT INTO compared VALUES(?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(series) DO UPDATE SET lon = excluded.lon, lat = excluded.lat,
  level = excluded.level, spike = excluded.spike, domain = excluded.domain"""
_SAID = "SELECT time, who FROM verdicts WHERE series=? AND time>=? AND time<? AND who IN ('drift', 'neighbour')"
_LEAD = "SELECT id FROM series WHERE thing=? AND property=? AND statistic=? AND channel=? AND run=?"
_NONE = Rule()
_MISSING: Mean = (float("nan"), 0)
Words = tuple[str, str, str]
"""(run, property, statistic)."""


class Peer(NamedTuple):
    """A compared datastream. spike: its limit, for revisions that are not served. domain: of its thing, for events."""

    member: Member
    words: Words
    spike: float | None
    domain: str


class Compare:
    """Comparisons of one store. lake: the folder of its files, None where nothing is sealed."""

    def __init__(self, db: Any, verdicts: Verdicts, lake: Path | None = None) -> None:
        self._db, self._verdicts = db, verdicts
        self._hours = Hours(db, lake)
        self.forget()

    def forget(self) -> None:
        """Drop what is remembered of the store, after a transaction that failed or when another worker has written."""
        self.peers: dict[int, Peer] = {}
        self._groups: dict[Words, dict[int, Member]] = {}
        self._lists: dict[Words, Lists] = {}
        self._known: dict[int, tuple[Beside, int]] = {}
        self._due: dict[str, dict[int, set[int]]] = {}
        self._pruned: dict[str, Micros] = {}
        self._behind: set[str] = set()
        self._hours.forget()
        query = "SELECT series, thing, channel, run, property, statistic, lon, lat, level, spike, domain FROM compared"
        for series, thing, channel, run, name, statistic, lon, lat, level, spike, domain in list(self._db.execute(query)):
            self._meet(Peer(Member(int(series), thing, channel, Beside(lon, lat, level)), (run, name, statistic), spike, domain))
        for series, hour in list(self._db.execute("SELECT series, hour FROM unjudged")):
            self._due.setdefault(self.peers[int(series)].words[0], {}).setdefault(int(hour), set()).add(int(series))

    def _meet(self, peer: Peer) -> None:
        self.peers[peer.member.series] = peer
        self._groups.setdefault(peer.words, {})[peer.member.series] = peer.member
        self._lists.pop(peer.words, None)

    def note(self, rows: Iterable[Row]) -> None:
        """Rows whose hours are to be looked at."""
        known, new = self._known, list[tuple[int, int]]()
        for row in rows:
            checks = row.checks
            if checks is None or checks.beside is None:
                continue
            last = known.get(row.series)
            hour = row.time // HOUR
            if last is None or last[0] is not checks.beside:
                self._place(row)
            elif last[1] == hour:
                continue
            known[row.series] = checks.beside, hour
            waiting = self._due.setdefault(self.peers[row.series].words[0], {}).setdefault(hour, set())
            if row.series not in waiting:
                waiting.add(row.series)
                new.append((row.series, hour))
        self._db.executemany("INSERT INTO unjudged VALUES(?,?) ON CONFLICT DO NOTHING", new)

    def _place(self, row: Row) -> None:
        """A datastream that is new, or whose device stands elsewhere now."""
        checks, old = row.checks, self.peers.get(row.series)
        assert checks is not None
        assert checks.beside is not None
        here = checks.beside
        query = "SELECT thing, channel, run, property, statistic FROM series WHERE id=?"
        thing, channel, *words = self._db.execute(query, (row.series,)).fetchall()[0]
        domain = row.watch.domain if row.watch is not None else ""
        peer = Peer(Member(row.series, thing, channel, here), (words[0], words[1], words[2]), checks.spike, domain)
        if peer != old:
            self._db.execute(_PUT, (row.series, thing, channel, *words, here.lon, here.lat, here.level, checks.spike, domain))
            self._meet(peer)

    def take(self, now: Mapping[str, Micros], told: Iterable[str], commit: int) -> list[Key]:
        """Judge what has become due in the runs whose clock went on; returns the instants whose flag is another now."""
        taken = self._taken(now, {*told, *self._behind})
        if not taken:
            return []
        groups: dict[Words, dict[int, set[int]]] = {}
        for hour, some in taken.items():
            for series in some:
                groups.setdefault(self.peers[series].words, {}).setdefault(hour, set()).add(series)
        means = {hour: self._hours.means(some, hour) for hour, some in taken.items()}
        opinions, followers = list[Opinion](), dict[Words, dict[int, set[int]]]()
        for words, hours in sorted(groups.items()):
            rule = rules().get(words[1], _NONE)
            if rule.instead or rule is _NONE:
                followers.setdefault(words, {}).update(hours)
                continue
            for series, hour in self._judge(words, rule, hours, means, opinions):
                self._followed(series, hour, followers)
        for words, hours in sorted(followers.items()):
            self._follow(words, hours, opinions)
        done = [(series, hour) for hour, some in taken.items() for series in some]
        self._db.executemany("DELETE FROM unjudged WHERE series=? AND hour=?", done)
        return self._verdicts.set(opinions, commit, {one.series: self.peers[one.series].spike for one in opinions})

    def _taken(self, now: Mapping[str, Micros], runs: set[str]) -> dict[int, set[int]]:
        """Datastreams by hour that are judged now: no more than MOST, those of the earliest hours."""
        found: dict[int, set[int]] = {}
        room = MOST
        self._behind.clear()
        for run in sorted(runs):
            waiting = self._due.get(run)
            if waiting is None or run not in now:
                continue
            for hour in sorted(hour for hour in waiting if (hour + 1) * HOUR + MARGIN <= now[run]):
                if room <= 0:
                    self._behind.add(run)
                    break
                some = waiting.pop(hour)
                room -= len(some)
                found.setdefault(hour, set()).update(some)
                for series in some:
                    if (known := self._known.get(series)) is not None and known[1] == hour:
                        self._known[series] = known[0], -1
            self._prune(run, now[run])
        return found

    def _prune(self, run: str, now: Micros) -> None:
        if now - self._pruned.get(run, 0) > DAY:
            self._pruned[run] = now
            self._hours.prune([series for series, peer in self.peers.items() if peer.words[0] == run], (now - KEEP) // HOUR)

    def _judge(
        self, words: Words, rule: Rule, hours: Mapping[int, set[int]], means: Mapping[int, Mapping[int, Mean]], opinions: list[Opinion]
    ) -> list[tuple[int, int]]:  # fmt: skip
        """Take the means of some hours, and judge whom they concern; returns (series, hour) that are said something else of."""
        members = self._lists.get(words)
        if members is None:
            members = self._lists[words] = lists(self._groups[words].values(), rule)
        numbers = [one.series for one in members.members]
        block = self._hours.block(words, numbers, min(hours), max(hours) + neighbours.SPAN)
        concerned = self._moved(block, members, hours, means)
        changed = self._again(block, members, rule, concerned)
        changed |= {(block.at[series], hour - block.begin) for hour, some in hours.items() for series in some
                    if block.codes[block.at[series], hour - block.begin]}  # fmt: skip
        self._hours.write(block)
        for place, column in sorted(changed):
            found = int(block.codes[place, column]), float(block.departures[place, column])
            opinions += self._opinions(numbers[place], block.begin + column, *found, rule)
        return [(numbers[place], block.begin + column) for place, column in sorted(changed)]

    def _moved(
        self, block: Block, members: Lists, hours: Mapping[int, set[int]], means: Mapping[int, Mapping[int, Mean]]
    ) -> dict[int, set[int]]:
        """Put means into their columns; returns the places by column that those concern which are others now."""
        moved = list[tuple[int, list[int]]]()
        for hour, some in hours.items():
            column, found = hour - block.begin, means[hour]
            places = np.array([block.at[series] for series in some])
            new, configurations = np.array([found.get(series, _MISSING) for series in some]).T
            old = block.means[places, column]
            other = ~((new == old) | (np.isnan(new) & np.isnan(old))) | (configurations != block.configurations[places, column])
            block.means[places, column], block.configurations[places, column] = new, configurations
            moved.append((column, places[other].tolist()))
            block.dirty.update((place, column) for place in moved[-1][1])
        last = int(np.nonzero(~np.isnan(block.means).all(0))[0].max(initial=0))
        concerned: dict[int, set[int]] = {}
        for column, places_of in moved:
            reached = set[int]().union(*(members.reach[place] for place in places_of))
            for later in range(column, max(column, min(column + neighbours.SPAN - 1, last)) + 1) if reached else ():
                concerned.setdefault(later, set()).update(reached)
        return concerned

    def _again(
        self, block: Block, members: Lists, rule: Rule, concerned: Mapping[int, set[int]]
    ) -> set[tuple[int, int]]:  # fmt: skip
        """Judge (place, column) pairs; returns those that are said something else of."""
        pairs = [(place, column) for column, places in concerned.items() for place in sorted(places)]
        if not pairs:
            return set()
        places, columns = np.array(pairs).T
        there = ~np.isnan(block.means[places, columns]) | (block.codes[places, columns] != 0)
        places, columns = places[there], columns[there]
        near = block.spans(members.near[places], columns)
        first = np.where(np.isnan(near[..., -1]), np.iinfo(np.int64).max, np.arange(near.shape[1])).argmin(1)
        only = members.near[places, first]
        codes, departures = np.zeros(len(places), np.int8), np.zeros(len(places))
        some = np.nonzero((~np.isnan(near[..., -1])).any(1) & ~np.isnan(block.means[places, columns]))[0]
        if len(some):
            at, when, beside = places[some], columns[some], only[some]

            def further(which: Any) -> tuple[Any, Any]:
                far = block.spans(members.far[at[which]], when[which])
                return far, block.spans(members.far[beside[which]], when[which])

            found = neighbours.judge(block.spans(at, when), near[some], further, rule.room, slow=rule.slow)
            codes[some] = found.codes
            departures[some] = np.where(found.codes != neighbours.SOUND, np.round(found.departures, 3), 0.0)
        other = (codes != block.codes[places, columns]) | (departures != block.departures[places, columns])
        places, columns = places[other], columns[other]
        block.codes[places, columns], block.departures[places, columns] = codes[other], departures[other]
        changed = set(zip(places.tolist(), columns.tolist(), strict=True))
        block.dirty |= changed
        return changed

    def _opinions(self, series: int, hour: int, code: int, departure: float, rule: Rule) -> Iterable[Opinion]:
        """Opinions of all values of an hour."""
        begin, end = hour * HOUR, (hour + 1) * HOUR
        said = {(int(time), str(who)) for time, who in self._db.execute(_SAID, (series, begin, end))}
        times: Sequence[int] = ()
        if code != neighbours.SOUND:
            stretch = self._hours.spans.read([series], begin, end - 1).get(series)
            times = list(stretch[0]) if stretch is not None else ()
        kept = {(time, NAMES[code]) for time in times}
        told = msgspec.json.encode({"departure": departure, "room": rule.room}).decode()
        yield from (Opinion(series, time, who, None) for time, who in sorted(said - kept))
        yield from (Opinion(series, time, NAMES[code], _VERDICTS[code], told) for time in times)

    def _followed(self, series: int, hour: int, followers: dict[Words, dict[int, set[int]]]) -> None:
        """Datastreams of the same device of which the same holds."""
        peer = self.peers[series]
        run, name, statistic = peer.words
        for other, rule in rules().items():
            if rule.instead == name:
                found = self._db.execute(_LEAD, (peer.member.thing, other, statistic, peer.member.channel, run)).fetchall()
                if found and int(found[0][0]) in self.peers:
                    followers.setdefault((run, other, statistic), {}).setdefault(hour, set()).add(int(found[0][0]))

    def _follow(self, words: Words, hours: Mapping[int, set[int]], opinions: list[Opinion]) -> None:
        """Let datastreams have what is said of the one that they follow."""
        rule = rules().get(words[1], _NONE)
        for hour, some in sorted(hours.items()):
            for series in some:
                member = self.peers[series].member
                lead = self._db.execute(_LEAD, (member.thing, rule.instead, words[2], member.channel, words[0])).fetchall()
                code, departure = self._hours.code(int(lead[0][0]), hour) if lead else (0, 0.0)
                opinions += self._opinions(series, hour, code, departure, rule)
