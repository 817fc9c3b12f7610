"""Comparing datastreams with those near them, in the store's own transaction: drift, and standing apart from the neighbours.

    note    rows of a batch, and rows judged otherwise since: their hours are to be looked at (`unjudged`); next to nothing
    take    hours that the run's clock has passed by `MARGIN` get their mean, at most `MOST` a commit, and whoever that can concern is judged:
            itself, its neighbours and those whose company it is (company.py), in that hour and the LOOK hours that look back on it

What is said of an hour is a function of means, and a mean of what is served; a row that comes later makes its hour
unjudged again. So the flags are the same in whatever order rows came, once nothing is unjudged. All rows of an hour share its verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sensing.checks import neighbours
from sensing.checks.beside import Beside, Rule, rules
from sensing.checks.nearby import Lists, Member, lists, ordered
from sensing.checks.quiet import LOOK, OVER_H
from sensing.model import Micros
from sensing.times import DAY, HOUR, MINUTE

from . import Row, residuals
from .company import LEVELS, RAIN, WIND, Company, Words, led
from .hourly import Hourly, Peer
from .hours import Block, Hours, Mean
from .verdicts import Key, Opinion, Verdicts

MARGIN = 10 * MINUTE
MOST = 2000
"""Hours of datastreams that one commit looks at."""
KEEP = 45 * DAY
"""How long means are kept, of event time: what comes later than that is compared with nothing."""
_PUT = """INSERT INTO compared VALUES(?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(series) DO UPDATE SET lon = excluded.lon, lat = excluded.lat,
  level = excluded.level, spike = excluded.spike, domain = excluded.domain"""
_NONE = Rule()
_MISSING: Mean = (float("nan"), 0)


class Compare:
    """Comparisons of one store. lake: the folder of its files, None where nothing is sealed."""

    def __init__(self, db: Any, verdicts: Verdicts, lake: Path | None = None) -> None:
        self._db, self._verdicts = db, verdicts
        self._hours = Hours(db, lake)
        self.peers: dict[int, Peer] = {}
        self._hourly = Hourly(db, self._hours, self.peers)
        self._company = Company(self._hours, self._members)
        self.forget()

    def forget(self) -> None:
        """Drop what is remembered of the store, after a transaction that failed or when another worker has written."""
        self.peers.clear()
        self._company.forget()
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
        self._company.meet(peer.words[0])

    def _members(self, words: Words) -> list[Member]:
        """Those of a group, in the order of its lists."""
        return ordered(self._groups.get(words, {}).values())

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
            for series in some | self._leads(some):
                groups.setdefault(self.peers[series].words, {}).setdefault(hour, set()).add(series)
        opinions, followers = list[Opinion](), dict[Words, dict[int, set[int]]]()
        concerned = dict[Words, dict[int, set[int]]]()
        for words, hours in sorted(groups.items()):
            if rules().get(words[1], _NONE).only:
                self._tell(words, hours, concerned)
        for words in sorted({*groups, *concerned}):
            rule, hours = rules().get(words[1], _NONE), groups.get(words, {})
            if rule.instead or rule is _NONE:
                followers.setdefault(words, {}).update(hours)
            elif not rule.only:
                for series, hour in self._judge(words, rule, hours, concerned.get(words, {}), opinions):
                    self._hourly.followed(series, hour, followers)
        for words, hours in sorted(followers.items()):
            self._hourly.follow(rules().get(words[1], _NONE), hours, opinions)
        done = [(series, hour) for hour, some in taken.items() for series in some]
        self._db.executemany("DELETE FROM unjudged WHERE series=? AND hour=?", done)
        return self._verdicts.set(opinions, commit, {one.series: self.peers[one.series].spike for one in opinions})

    def _leads(self, some: Iterable[int]) -> set[int]:
        """Datastreams whose residuals are made of these as well."""
        found = set[int]()
        for series in some:
            for name in led(self.peers[series].words[1]):
                lead = self._hourly.sibling(series, name)
                if lead is not None and lead in self.peers:
                    found.add(lead)
        return found

    def _means(self, words: Words, some: set[int], hour: int) -> dict[int, Mean]:
        """Means of an hour; of the sea and of stacks, of residuals."""
        left = {series for series in some if residuals.residual(self.peers[series].member, words[1])}
        found = self._hours.means(some - left, hour) if some - left else {}
        if left:
            told = [(self.peers[series].member, words[1]) for series in sorted(left)]
            found |= residuals.means(self._hours.spans, told, hour, self._hourly.sibling)
        return found

    def _tell(self, words: Words, hours: Mapping[int, set[int]], concerned: dict[Words, dict[int, set[int]]]) -> None:
        """Take the means of what only tells of others; notes whom it concerns in which hours."""
        block = self._hours.block(words, [one.series for one in self._members(words)], min(hours), max(hours) + 1)
        moved = self._taken_in(block, words, hours)
        self._hours.write(block)
        if words[1:] not in (RAIN, WIND):
            return
        for name in LEVELS:
            levels = words[0], name, "instant"
            if levels not in self._groups:
                continue
            reach, into = self._company.reach(levels, words), concerned.setdefault(levels, {})
            for column, places in moved:
                for place in places:
                    into.setdefault(block.begin + column, set()).update(reach.get(block.numbers[place], ()))

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
        self, words: Words, rule: Rule, hours: Mapping[int, set[int]], told: Mapping[int, set[int]], opinions: list[Opinion]
    ) -> list[tuple[int, int]]:  # fmt: skip
        """Take the means of some hours, and judge whom they concern; returns (series, hour) that are said something else of.

        told: places by hour whose companions tell something else.
        """
        members = self._lists.get(words)
        if members is None:
            members = self._lists[words] = lists(self._groups[words].values(), rule)
        numbers = [one.series for one in members.members]
        every = [*hours, *(hour for hour, places in told.items() if places)]
        if not every:
            return []
        block = self._hours.block(words, numbers, min(every) - LOOK - OVER_H, max(every) + LOOK + OVER_H)
        moved = self._taken_in(block, words, hours)
        wide, reach = (LOOK + OVER_H, self._company.own(words)) if words[1] in LEVELS else (neighbours.SPAN, members.reach)
        concerned = dict[int, set[int]]()
        last = int(np.nonzero(~np.isnan(block.means).all(0))[0].max(initial=0))
        marks = [(column, set[int]().union(*(members.reach[place] for place in places), *(reach[place] for place in places)))
                 for column, places in moved]  # fmt: skip
        for column, reached in (*marks, *((hour - block.begin, places) for hour, places in told.items())):
            for later in range(column, max(column, min(column + wide - 1, last)) + 1) if reached else ():
                concerned.setdefault(later, set()).update(reached)
        changed = self._again(words, block, members, rule, concerned)
        changed |= {(block.at[series], hour - block.begin) for hour, some in hours.items() for series in some
                    if block.codes[block.at[series], hour - block.begin]}  # fmt: skip
        self._hours.write(block)
        for place, column in sorted(changed):
            found = int(block.codes[place, column]), float(block.departures[place, column])
            opinions += self._hourly.opinions(numbers[place], block.begin + column, *found, rule)
        return [(numbers[place], block.begin + column) for place, column in sorted(changed)]

    def _taken_in(self, block: Block, words: Words, hours: Mapping[int, set[int]]) -> list[tuple[int, list[int]]]:
        """Put means into their columns; returns the places by column that have another now."""
        moved = list[tuple[int, list[int]]]()
        for hour, some in hours.items():
            column, found = hour - block.begin, self._means(words, some, hour)
            places = np.array([block.at[series] for series in some])
            new, configurations = np.array([found.get(series, _MISSING) for series in some]).T
            old = block.means[places, column]
            other = ~((new == old) | (np.isnan(new) & np.isnan(old))) | (configurations != block.configurations[places, column])
            block.means[places, column], block.configurations[places, column] = new, configurations
            moved.append((column, places[other].tolist()))
            block.dirty.update((place, column) for place in moved[-1][1])
        return moved

    def _again(
        self, words: Words, block: Block, members: Lists, rule: Rule, concerned: Mapping[int, set[int]]
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

            found = neighbours.judge(block.spans(at, when), near[some], further, rule.room, slow=rule.at_once, alone=rule.alone)
            codes[some] = found.codes
            departures[some] = np.where(found.codes != neighbours.SOUND, np.round(found.departures, 3), 0.0)
        quiet = np.nonzero((codes == neighbours.SOUND) & ~np.isnan(block.means[places, columns]))[0]
        codes[quiet], departures[quiet] = self._company.judge(words, rule, members, block, (places[quiet], columns[quiet]))
        departures = np.where(codes != neighbours.SOUND, np.round(departures, 4), 0.0)
        other = (codes != block.codes[places, columns]) | (departures != block.departures[places, columns])
        places, columns = places[other], columns[other]
        block.codes[places, columns], block.departures[places, columns] = codes[other], departures[other]
        changed = set(zip(places.tolist(), columns.tolist(), strict=True))
        block.dirty |= changed
        return changed
