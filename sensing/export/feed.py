"""One target's loop: rows after the cursor, as lines, until the target has taken them or named those that it refuses.

Rules of this file
- The cursor moves only when every line of its page was taken, or refused one by one with a reason: those are dead letters.
- Nothing is given up. A target that does not answer is asked again for ever; an hour's outage is a cursor that stands still.
- A page is all that is in memory, whatever waits.
- After a server was away, or may have been, the cursor goes back (trail): it may have forgotten what it said it had.
- Of an instant with several revisions the served one is sent, last. Those instants are remembered: a field that the served one no longer has,
  or a server that keeps both, needs a delete and a rewrite (docs/export.md).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from threading import Event
from time import monotonic
from typing import Protocol

from sensing import logs, times
from sensing.metrics import Metrics
from sensing.settings import Export

from . import Point, Series, asked
from .book import Book, Confirmed, Refused, Revision
from .lines import Builder, Page, prefix
from .trail import Trail
from .verdict import Fate, Verdict, backoff

PAUSE_S = 30.0
"""How long a target that bars us, or has no such bucket, is left alone."""
PING_S = 5.0
"""How often an idle target is asked whether it is there: one that fell meanwhile must get its last points again."""
RECHECK_S = 60.0
RECHECKED = 1_000
"""Revised instants whose served revision is looked at again and again: one may win without a new row."""
_REMIND_S = 600.0
_log = logs.get("export")


class Rows(Protocol):
    """What a feed reads of the store; `sensing.store.reader.StoreReader` does."""

    def points(self, after: int, limit: int) -> list[Point]:
        """Rows after a seq in commit order, every revision."""

    def series_words(self, series: int) -> tuple[str, str, str, str, str, str]:
        """(thing, property, statistic, channel, run, origin) of a datastream."""

    def revised(self, instants: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
        """Those of (series, time) that have more than one revision."""

    def served(self, series: int, time: int) -> Point | None:
        """The row that readers are given of an instant."""


class Post(Protocol):
    """The way to the target."""

    def post(self, body: bytes) -> Verdict: ...

    def ping(self) -> Verdict: ...

    def close(self) -> None: ...


class StoppedError(Exception):
    """The role ends: the page in hand is sent again by the next process."""


class Feed:
    """For one thread. `domain` gives a datastream's domain; `stop` ends every wait."""

    def __init__(
        self, target: Export, rows: Rows, line: Post, book: Book, domain: Callable[[int, str], str], stop: Event, metrics: Metrics,
        *, pause_s: float = PAUSE_S, longest_s: float = 30.0,
    ) -> None:  # fmt: skip
        self._target = target
        self._rows = rows
        self._line = line
        self._book = book
        self._domain = domain
        self._stop = stop
        self._metrics = metrics
        self._pause_s, self._longest_s = pause_s, longest_s
        self._builder = Builder(self._prefix)
        stood = book.enter(target.name, target.kind, target.url, target.bucket)
        self._trail = Trail(target.overlap_s, book.trail(target.name))
        self.cursor = self._trail.back(stood)
        self._limit = target.batch
        self._keeps_both = target.kind == "victoriametrics"
        self._doubt = False
        self._failures = 0
        self._said = ("", "")
        self._reminded = 0.0
        self._checked = self._spoke = monotonic()
        self._counts: Counter[str] = Counter()

    def step(self) -> bool:
        """One page; False when there was less than a page, and so time to wait. Raises StoppedError."""
        points = self._rows.points(self.cursor, self._target.batch)
        if monotonic() - self._checked > RECHECK_S:
            self._recheck()
        if not points:
            return self._idle()
        page = self._builder.build(points)
        dead = self._deliver(page.seqs, page.lines)
        self._confirm(points, page, dead)
        return len(points) == self._target.batch

    def _idle(self) -> bool:
        """Nothing to send: now and then see whether the target is still the one that has what was sent. True when it may not be."""
        if monotonic() - self._spoke < PING_S or not self._trail.steps:
            return False
        self._spoke = monotonic()
        verdict = self._line.ping()
        if verdict.fate is not Fate.TAKEN:
            self._doubt = True
            self._wait(verdict)
            return True
        self._failures = 0
        self._say("sending", "")
        if not (verdict.anew or self._doubt):
            return False
        self._go_back(self.cursor)
        return True

    def _go_back(self, stood: int) -> None:
        self.cursor = self._trail.back(stood)
        self._doubt = False
        self._builder.forget()
        self._counts["rewinds"] += 1
        _log.warning("export_rewound", target=self._target.name, rows=f"{self.cursor}-{stood}", why="the target was away")

    def _deliver(self, seqs: Sequence[int], lines: Sequence[str]) -> list[Refused]:
        """Send lines until each is taken or refused for itself. Pieces wait on a stack, the first on top."""
        dead: list[Refused] = []
        stack = [(0, len(lines))] if lines else []
        while stack:
            start, end = stack.pop()
            if end - start > self._limit:
                stack += [(start + self._limit, end), (start, start + self._limit)]
                continue
            verdict = self._post(lines[start:end])
            if verdict.fate is Fate.TAKEN:
                continue
            if verdict.fate in {Fate.REFUSED, Fate.TOO_LARGE}:
                if end - start == 1:
                    dead.append(Refused(seqs[start], lines[start].rstrip("\n"), verdict.status, verdict.reason))
                    continue
                middle = (start + end) // 2
                if verdict.fate is Fate.TOO_LARGE:
                    self._limit = middle - start
                stack += [(middle, end), (start, middle)]
                continue
            self._wait(verdict)
            stack.append((start, end))
        return dead

    def _post(self, lines: Sequence[str]) -> Verdict:
        verdict = self._line.post("".join(lines).encode())
        self._spoke = monotonic()
        self._counts["requests"] += 1
        self._metrics.count("sensing_export_requests_total", target=self._target.name, outcome=verdict.fate.value)
        if verdict.anew or _may_have_fallen(verdict):
            self._doubt = True
        if verdict.fate in {Fate.TAKEN, Fate.REFUSED, Fate.TOO_LARGE}:
            self._failures = 0
            self._say("sending", "")
        return verdict

    def _wait(self, verdict: Verdict) -> None:
        """Leave the target alone for a while. Raises StoppedError."""
        paused = verdict.fate in {Fate.BARRED, Fate.LOST}
        wait_s = verdict.wait_s
        if wait_s is None:
            wait_s = self._pause_s if paused else backoff(self._failures, self._longest_s)
        self._failures += 1
        self._say("paused" if paused else "waiting", f"{verdict.status or ''} {verdict.reason}".strip(), wait_s)
        if self._stop.wait(wait_s):
            raise StoppedError

    def _confirm(self, points: Sequence[Point], page: Page, dead: list[Refused]) -> None:
        """The page is dealt with: move on, or back when the target was away."""
        before, last = self.cursor, points[-1][0]
        step = self._trail.confirmed(before) if page.lines else None
        self.cursor = last
        if self._doubt:
            self._go_back(before)
        self._counts.update({
            "points": len(page.lines) - len(dead), "unserved": page.unserved, "unwanted": page.unwanted, "missing": page.missing,
            "same_millisecond": page.same_millisecond,
        })  # fmt: skip
        counts = +self._counts
        self._counts.clear()
        self._book.confirm(self._target.name, Confirmed(
            self.cursor, points[0][0], last, step, self._trail.oldest(), dead, self._revisions(page), counts,
        ), times.now())  # fmt: skip
        for each in dead[:3]:
            _log.error("export_refused", target=self._target.name, line=each.line[:200], status=each.status, reason=each.reason)
        for name, value in counts.items():
            if name != "requests":
                self._metrics.count(f"sensing_export_{name}_total", value, target=self._target.name)
        self._metrics.count("sensing_export_dead_total", len(dead), target=self._target.name)

    def _revisions(self, page: Page) -> list[Revision]:
        if not page.late:
            return []
        several = self._rows.revised([(series, time) for _, series, time, *_ in page.late])
        found = []
        for seq, series, time, served, bare in page.late:
            if (series, time) not in several:
                continue
            sent = None if served else self._rows.served(series, time)
            found.append(
                self._revision(series, time, sent[0] if sent else seq, stale=bool(served) and (bare or self._keeps_both))
            )
        return found

    def _revision(self, series: int, time: int, seq: int, *, stale: bool) -> Revision:
        thing, prop, statistic, channel, run, _ = self._rows.series_words(series)
        return Revision(series, time, seq, thing, prop, statistic, channel, run, stale)

    def _recheck(self) -> None:
        """Send again what has come to be served without a new row: an older revision that was said again, and louder."""
        self._checked = monotonic()
        points, revisions = list[Point](), list[Revision]()
        for series, time, seq in self._book.recent_revisions(self._target.name, RECHECKED):
            now = self._rows.served(series, time)
            if now is not None and now[0] != seq and now[0] <= self.cursor:
                points.append(now)
                revisions.append(self._revision(series, time, now[0], stale=self._keeps_both or now[3] is None))
        if points:
            page = self._builder.build(points)
            dead = self._deliver(page.seqs, page.lines)
            self._book.confirm(self._target.name, Confirmed(
                self.cursor, 0, -1, None, self._trail.oldest(), dead, revisions, {"resent": len(points)}), times.now())  # fmt: skip

    def _prefix(self, series: int) -> str:
        words = Series(*self._rows.series_words(series))
        if not asked(self._target.runs, words.origin, words.run):
            return ""
        return prefix(words, self._domain(series, words.thing))

    def _say(self, state: str, reason: str, wait_s: float = 0.0) -> None:
        """Tell status, and the log once and then each ten minutes."""
        changed = (state, reason) != self._said
        if changed:
            self._said = (state, reason)
            self._book.state(self._target.name, state, reason, times.now())
            self._metrics.set("sensing_export_sending", int(state == "sending"), target=self._target.name)
        if state != "sending" and (changed or monotonic() - self._reminded > _REMIND_S):
            self._reminded = monotonic()
            tell = _log.error if state == "paused" else _log.warning
            tell(f"export_{state}", target=self._target.name, url=self._target.url, reason=reason, again_in_s=round(wait_s, 1))
        elif changed:
            _log.info("export_sending", target=self._target.name, url=self._target.url)


def _may_have_fallen(verdict: Verdict) -> bool:
    """Whether the server behind this answer may have been away: no answer, or a proxy that could not reach it."""
    if verdict.fate is Fate.SILENT or verdict.status in {502, 504}:
        return True
    return verdict.status == 503 and verdict.wait_s is None
