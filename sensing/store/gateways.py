"""Gateways that are down, and the silences that are a part of that: forty devices that fall silent together are one event.

A gateway is down while all that it carries is silent (sensing.silence.together), and from the run's clock at a last will (`offline`) to the next
birth, when that is longer than a moment. A device's silence during which its gateway was down has that event as its `group`.
Nothing is asked while one of its devices speaks throughout: that is nearly always so.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from sensing import silence
from sensing.model import Micros
from sensing.silence import Gap
from sensing.watch import shipped

from . import Batch, events
from .events import About, Event, Seen

if TYPE_CHECKING:
    import apsw

    from .reach import Reach
    from .timers import Voice

SILENT, DOWN = "device_silent", "gateway_down"
_AWAY = """INSERT INTO outages VALUES(?,?,?,?,NULL) ON CONFLICT(principal, run, begin) DO UPDATE SET "end" = NULL"""
Key = tuple[str, str]
"""(principal, run)."""
Region = tuple[Micros, Micros]


class Gateways:
    """For one store. `enter` says who carries whom; `judge` ends a batch."""

    def __init__(self, db: apsw.Connection, reach: Reach) -> None:
        self._db, self._reach = db, reach
        self.forget()

    def forget(self) -> None:
        """Make again what is remembered, from the store."""
        self._carried: dict[Key, dict[str, Voice]] = {}
        self._touched: dict[Key, Region | None] = {}
        query = 'SELECT principal, run FROM outages WHERE "end" IS NULL'
        self._away: set[Key] = {(str(principal), str(run)) for principal, run in self._db.execute(query)}
        self._reach.away = self._away

    def enter(self, voice: Voice) -> None:
        """A device speaks through a gateway."""
        self._carried.setdefault((voice.speaker.principal, voice.speaker.run), {})[voice.speaker.thing] = voice

    def leave(self, voice: Voice) -> None:
        """And no more."""
        self._carried.get((voice.speaker.principal, voice.speaker.run), {}).pop(voice.speaker.thing, None)

    def touch(self, voice: Voice, gaps: Iterable[Gap], old: Iterable[Event]) -> None:
        """Silences of a device are others now."""
        key = voice.speaker.principal, voice.speaker.run
        begins = [*(gap.start for gap in gaps), *(event.start for event in old)]
        ends = [*(gap.end or gap.raised for gap in gaps), *(event.end or event.start for event in old)]
        known = self._touched.get(key, (begins[0], ends[0]))
        if known is not None:
            self._touched[key] = min(*begins, known[0]), max(*ends, known[1])

    def status(self, principal: str, run: str, origin: str, time: Micros, away: bool) -> None:
        """A last will, or a birth."""
        query = 'SELECT begin FROM outages WHERE principal=? AND run=? AND "end" IS NULL'
        since = self._db.execute(query, (principal, run)).get
        if away and since is None:
            self._db.execute(_AWAY, (principal, run, origin, time))
            self._away.add((principal, run))
        elif not away and since is not None:
            ended = max(time, int(since))
            self._db.execute('UPDATE outages SET "end"=? WHERE principal=? AND run=? AND begin=?', (ended, principal, run, since))
            self._away.discard((principal, run))
        else:
            return
        self._touched[principal, run] = None

    def reached(self, voice: Voice) -> Micros | None:
        """Up to when a device would have been heard if it spoke."""
        return self._reach.of(voice.speaker.run, voice.speaker.principal)

    def judge(self, batch: Batch, told: Iterable[str]) -> None:
        """Which gateways were down, as far as this batch has changed it. told: runs whose clock has gone on."""
        runs = set(told)
        for key in sorted(key for key in self._away if key[1] in runs):
            self._touched[key] = None
        for key, region in sorted(self._touched.items(), key=lambda pair: pair[0]):
            self._gateway(key, region, batch, self._reach.of(key[1], key[0]))
        self._touched.clear()

    def _gateway(self, key: Key, region: Region | None, batch: Batch, now: Micros | None) -> None:
        """region: where silences have changed; None where more has."""
        voices = [voice for _, voice in sorted(self._carried.get(key, {}).items()) if voice.begin is not None]
        outages, origin = self._outages(key, now)
        of = About(0, key[0], "", "", "", key[1], voices[0].speaker.origin if voices else origin, "s")
        old = events.standing_of(self._db, of, DOWN)
        if region is not None and not outages and not old and any(_throughout(voice, region) for voice in voices):
            return
        silent = silence.together(self._silences(voice, now) for voice in voices) if len(voices) > 1 else []
        found = [silence.episode(gap) for gap in silence.united(silent, outages)]
        if found or old:
            domain = voices[0].speaker.domain if voices else ""
            seen = Seen(batch.received, now or batch.received, batch.place, domain)
            stands = events.replace(self._db, of, DOWN, old, found, {None: seen})
            for voice in voices:
                self._join(voice, stands)

    def _silences(self, voice: Voice, now: Micros | None) -> tuple[Micros, list[Gap]]:
        query = "SELECT begin, last FROM spans WHERE thing=? AND run=? ORDER BY begin"
        spans = [(int(str(begin)), int(str(last))) for begin, last in self._db.execute(query, voice.key).fetchall()]
        spans.append((voice.begin or voice.last, voice.last))
        return spans[0][0], silence.gaps(spans, voice.speaker.limit, now)

    def _outages(self, key: Key, now: Micros | None) -> tuple[list[Gap], str]:
        """Last wills that were not taken back soon, and the origin of the run."""
        query = 'SELECT begin, "end", origin FROM outages WHERE principal=? AND run=? ORDER BY begin'
        hold, found, origin = shipped().gateway, list[Gap](), "live"
        for begin, end, word in self._db.execute(query, key).fetchall():
            origin = str(word)
            gap = Gap(int(str(begin)), int(str(begin)) + hold, None if end is None else int(str(end)))
            if gap.raised < (gap.end if gap.end is not None else now or 0):
                found.append(gap)
        return found, origin

    def _join(self, voice: Voice, stands: Iterable[Event]) -> None:
        outages = list(stands)
        for event in events.standing_of(self._db, voice.about, SILENT):
            group = next((down.id for down in outages if _meet(down, event)), "")
            if event.group != group:
                events.put(self._db, replace(event, group=group, version=event.version + 1))


def _throughout(voice: Voice, region: Region) -> bool:
    return voice.begin is not None and voice.begin <= region[0] and voice.last >= region[1]


def _meet(one: Event, other: Event) -> bool:
    return (one.end is None or other.start < one.end) and (other.end is None or one.start < other.end)
