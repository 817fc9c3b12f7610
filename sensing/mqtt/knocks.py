"""Clients that were not let in, counted so that `device test` can tell a wrong password from silence. Bounded, whoever knocks how often.

A name that nobody registered is counted and not kept: people type passwords where a user name belongs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection

from sensing.times import HOUR

BAD, STRANGER = "bad_credentials", "unknown_user"
_MOST_WAITING = 2_000
"""Names kept until they are looked up; further ones of that second are nobody's."""
_MOST_AN_HOUR = 10_000
"""Principals with a counter of their own in one hour."""

Key = tuple[int, str, str, str]
"""As `framelog.sqlite.RefusalKey`."""


class Knocks:
    """Counts names, and turns them into counters of the log. For one thread."""

    def __init__(self) -> None:
        self._waiting: Counter[str] = Counter()
        self._hour = -1
        self._named: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def count(self, name: str) -> None:
        """One connect with a wrong password, or with a name that may be anybody's."""
        self._waiting[name if name in self._waiting or len(self._waiting) < _MOST_WAITING else ""] += 1

    def taken(self) -> Counter[str]:
        """What was counted since the last time, to be looked up."""
        found, self._waiting = self._waiting, Counter()
        return found

    def counters(self, counted: Counter[str], known: Callable[[Collection[str]], set[str]], at: int) -> Counter[Key]:
        """The log's counters. known: which names are principals. at: microseconds."""
        hour = at // HOUR
        if hour != self._hour:
            self._hour, self._named = hour, set()
        ours = known(counted)
        found: Counter[Key] = Counter()
        for name, number in counted.items():
            if name in ours and (name in self._named or len(self._named) < _MOST_AN_HOUR):
                self._named.add(name)
                found[hour, "", name, BAD] += number
            else:
                found[hour, "", "", BAD if name in ours else STRANGER] += number
        return found
