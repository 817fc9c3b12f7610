"""Precision and recall of the flags, by kind of fault, and how many good values are flagged for nothing.

    counted   rows of a kind whose fault is large enough (config/storms/faults.toml) and has lasted long enough
    noticed   those of them with quality suspect, fail or missing, and a reason that any of the row's faults accepts
    claimed   rows with a reason that claims the kind (`own`), however they came by it
    right     those of them that carry a fault which accepts the reason; rows whose fault is too small to count are left out

recall = noticed / counted; precision = right / (right + wrong); null where there is nothing to divide by.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sensing.model import Quality
from sensing.times import MINUTE

from ..faults.book import book
from ..faults.kinds import BIT, CLOCK, FLAGGED, Kind, mask, named
from .match import Match
from .tables import Column, Rows, Said, Series

AHEAD, BEHIND = 15 * MINUTE, 120 * MINUTE
"""How far a clock must be off for a row to count: said so long after it was sent, or so long before it was; late data are old legally."""
_FLAGGED_AS = (Quality.SUSPECT, Quality.FAIL, Quality.MISSING)
_SCORED = mask(FLAGGED)


class Flags:
    """The stored flags of all that was said and is stored."""

    def __init__(
        self,
        said: Said,
        rows: Rows,
        matched: Match,
        series: Sequence[Series],
        reasons: Sequence[str],
        faults: Sequence[Mapping[str, Any]],
    ) -> None:
        self._said, self._series, self._reasons = said, series, list(reasons)
        there = matched.row[matched.due] >= 0
        self.at = matched.due[there]
        theirs = matched.row[self.at]
        self.quality, self.reason = rows.quality[theirs], rows.reason[theirs]
        self.kinds = matched.kinds[there] & _SCORED
        self.flagged = np.isin(self.quality, [int(quality) for quality in _FLAGGED_AS])
        self.doubted = np.isin(self.quality, [int(Quality.SUSPECT), int(Quality.FAIL)])
        self._spans = _spans(faults)
        self.counted = {kind: self._counts(kind) for kind in FLAGGED}
        self._any_counted = np.zeros(len(self.at), bool)
        for counts in self.counted.values():
            self._any_counted |= counts

    def by_kind(self, planted: Sequence[Kind]) -> dict[str, dict[str, Any]]:
        """precision, recall and the counts behind them, of the kinds that the plan has."""
        return {str(kind): self._kind(kind) for kind in FLAGGED if kind in planted}

    def _kind(self, kind: Kind) -> dict[str, Any]:
        counts = self.counted[kind]
        noticed = counts & self.flagged & self._accepted()
        claimed = self.doubted & np.isin(self.reason, self._numbers(book().manners[kind].own))
        right = claimed & self._accepted() & (self.kinds != 0)
        neutral = right & ~self._any_counted
        wrong = claimed & ~right
        right &= self._any_counted
        episodes, found = self._episodes(kind, counts, noticed)
        return {
            "precision": _ratio(int(right.sum()), int(right.sum() + wrong.sum())), "recall": _ratio(int(noticed.sum()), int(counts.sum())),
            "rows": int(counts.sum()), "noticed": int(noticed.sum()), "wrong": int(wrong.sum()), "too_small": int(neutral.sum()),
            "episodes": episodes, "episodes_noticed": found,
        }  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Values that nothing befell, how many of them are doubted, and for which reasons."""
        good = (self.kinds == 0) & ~np.isnan(self._said.said[self.at])
        wrong = np.nonzero(good & self.doubted)[0]
        why: Counter[str] = Counter()
        for number, name in zip(self.reason[wrong].tolist(), self._said.series[self.at[wrong]].tolist(), strict=True):
            why[f"{self._reasons[number]} {self._series[name][1]}"] += 1
        return {
            "rows": int(good.sum()), "flagged": len(wrong), "share": _ratio(len(wrong), int(good.sum())),
            "reasons": dict(why.most_common(12)),
        }  # fmt: skip

    def _accepted(self) -> Column:
        """Whether the reason of each row is one that any of its faults accepts."""
        found = np.zeros(len(self.at), bool)
        for bits in np.unique(self.kinds).tolist():
            accept = frozenset[str]().union(*(book().manners[kind].accept for kind in named(bits)))
            found |= (self.kinds == bits) & np.isin(self.reason, self._numbers(accept))
        return found

    def _numbers(self, reasons: frozenset[str]) -> list[int]:
        return [number for number, word in enumerate(self._reasons) if word in reasons]

    def _counts(self, kind: Kind) -> Column:
        """Rows of a kind whose fault is large enough to be scored."""
        has = (self.kinds >> BIT[kind] & 1).astype(bool)
        said, at = self._said, self.at
        if kind in CLOCK:
            ahead, off = said.said_time[at] - said.sent[at], said.said_time[at] - said.time[at]
            return np.asarray(has & ((ahead >= AHEAD) | (off <= -BEHIND)))
        if kind is Kind.SENTINEL:
            return has
        least = np.array([book().sizes[name].counts if name in book().sizes else 0.0 for _, name, _, _ in self._series] or [0.0])
        with np.errstate(invalid="ignore"):
            has &= np.abs(said.said[at] - said.result[at]) >= least[said.series[at]]
        settle = book().manners[kind].settle
        if settle:
            for number in np.nonzero(has)[0].tolist():
                begin = self._begin(kind, number)
                has[number] = begin is not None and said.time[at[number]] >= begin + settle
        return has

    def _begin(self, kind: Kind, number: int) -> int | None:
        """When the episode began that a row belongs to."""
        row = self.at[number]
        device, time = self._series[self._said.series[row]][0], int(self._said.time[row])
        spans = self._spans.get((kind, device), ())
        return max((begin for begin, end in spans if begin <= time and (time < end or begin == end)), default=None)

    def _episodes(self, kind: Kind, counts: Column, noticed: Column) -> tuple[int, int]:
        """Episodes with a row that counts, and those with one that was noticed."""
        seen: dict[tuple[str, int | None], bool] = {}
        for number in np.nonzero(counts)[0].tolist():
            key = (self._series[self._said.series[self.at[number]]][0], self._begin(kind, number))
            seen[key] = seen.get(key, False) or bool(noticed[number])
        return len(seen), sum(seen.values())


def _spans(faults: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], list[tuple[int, int]]]:
    found: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for fault in faults:
        if "victim" in fault and "from" in fault:
            found.setdefault((fault["kind"], fault["victim"]), []).append((fault["from"], fault["to"]))
    return found


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None
