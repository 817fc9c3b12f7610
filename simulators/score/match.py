"""Which stored row is which value that was said: by series and said time, then by content.

said, stored once     the row is the value
said, not stored      lost (`different` when something else is stored at that series and time)
stored, not said      a duplicate when its content is that of a row at the same series and time; else unexplained
said twice alike      one value: it must be stored once
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..faults.kinds import VALUE, mask
from ..truth import SENT
from .tables import Column, Rows, Said

ABSOLUTE, RELATIVE = 1e-6, 1e-6
"""How far a stored value may be from what was said: they are rounded alike."""
FAULTY_ABSOLUTE, FAULTY_RELATIVE = 0.06, 0.01
"""The same for a value that a fault made up: a wire may round it in its own way."""
PLACE = 2e-5
"""Degrees: AIS tells a ten-thousandth of a minute, long-range messages a tenth of one."""
_VALUE = mask(VALUE)


@dataclass
class Match:
    """row: by value that was said, the place of its stored row, -1 for none. alike: by value, the place of the first that says the same, -1
    for one that was never sent whole. due: values that must be stored (sent whole, the first of
    those said alike); kinds: what befell any of those. lost, different: their places. duplicate, unexplained: places of stored rows.
    """

    row: Column
    alike: Column
    due: Column
    kinds: Column
    lost: Column
    different: Column
    duplicate: Column
    unexplained: Column


def match(said: Said, rows: Rows) -> Match:
    """Compare. O(n log n) of both; only series and times with several contents are looked at one by one."""
    keys, stored = _keys(said, rows)
    sent = np.nonzero(said.fate == SENT)[0]
    first, kinds, alike = _distinct(said, keys, sent)
    row = np.full(len(said), -1, np.int64)
    taken = np.zeros(len(rows), bool)
    different = np.zeros(len(said), bool)
    order = np.argsort(stored, kind="stable")
    ordered = stored[order]
    left, right = np.searchsorted(ordered, keys[first], "left"), np.searchsorted(ordered, keys[first], "right")
    here = np.bincount(np.unique(keys[first], return_inverse=True)[1]) if len(first) else np.zeros(0, np.int64)
    several = np.repeat(here, here) if len(first) else here
    simple = (several == 1) & (right - left == 1)
    one, its = first[simple], order[left[simple]]
    fits = _fits(said, one, rows, its)
    row[one[fits]] = its[fits]
    taken[its[fits]] = True
    different[one[~fits]] = True
    rest = np.nonzero(~simple & (right > left))[0]
    _one_by_one(said, rows, first, rest, left, right, order, row, taken, different)
    row[sent] = row[alike]
    lost = first[row[first] < 0]
    extra = np.nonzero(~taken)[0]
    twice = _repeats(rows, stored, order, ordered, extra, taken)
    firsts = np.full(len(said), -1, np.int64)
    firsts[sent] = alike
    return Match(row, firsts, first, kinds, lost, lost[different[lost]], extra[twice], extra[~twice])


def _keys(said: Said, rows: Rows) -> tuple[Column, Column]:
    """(series, time) as one number on both sides."""
    instants, places = np.unique(np.concatenate([said.said_time, rows.time]), return_inverse=True)
    many = max(1, len(instants))
    return (
        said.series.astype(np.int64) * many + places[: len(said)],
        rows.series.astype(np.int64) * many + places[len(said) :],
    )


def _distinct(said: Said, keys: Column, sent: Column) -> tuple[Column, Column, Column]:
    """Values said alike count once: the first of each content, by key, with all that befell them; and for each of `sent`, its first."""
    place = np.nan_to_num(said.lon[sent]) * 1000.0 + np.nan_to_num(said.lat[sent])
    value = np.nan_to_num(said.said[sent], nan=-1e300)
    order = np.lexsort((place, value, keys[sent]))
    by = sent[order]
    new = np.ones(len(by), bool)
    new[1:] = (np.diff(keys[by]) != 0) | (np.diff(value[order]) > ABSOLUTE) | (np.abs(np.diff(place[order])) > 1e-9)
    first = by[new]
    back = np.empty(len(sent), np.int64)
    back[order] = first[np.cumsum(new) - 1]
    kinds = np.bitwise_or.reduceat(said.kinds[by], np.nonzero(new)[0]) if len(by) else np.zeros(0, np.int32)
    return first, kinds, back


def _fits(said: Said, ours: Column, rows: Rows, theirs: Column) -> Column:
    want, got = said.said[ours], rows.result[theirs]
    faulty = (said.kinds[ours] & _VALUE) != 0
    room = np.where(faulty, FAULTY_ABSOLUTE, ABSOLUTE) + np.where(faulty, FAULTY_RELATIVE, RELATIVE) * np.abs(want)
    same = np.where(np.isnan(want), np.isnan(got), np.abs(want - got) <= room)
    where = ~np.isnan(said.lon[ours])
    near = (np.abs(said.lon[ours] - rows.lon[theirs]) <= PLACE) & (np.abs(said.lat[ours] - rows.lat[theirs]) <= PLACE)
    return np.asarray(same & (~where | near))


def _one_by_one(
    said: Said, rows: Rows, first: Column, rest: Column, left: Column, right: Column, order: Column,
    row: Column, taken: Column, different: Column,
) -> None:  # fmt: skip
    """Several contents at one series and time: each takes the nearest row that fits and is not taken."""
    for at in rest.tolist():
        ours = int(first[at])
        candidates = order[left[at] : right[at]]
        open_ = candidates[~taken[candidates]]
        fitting = open_[_fits(said, np.full(len(open_), ours), rows, open_)] if len(open_) else open_
        if len(fitting):
            gaps = np.nan_to_num(np.abs(rows.result[fitting] - said.said[ours]))
            best = int(fitting[int(np.argmin(gaps))])
            row[ours], taken[best] = best, True
        else:
            different[ours] = True


def _repeats(rows: Rows, stored: Column, order: Column, ordered: Column, extra: Column, taken: Column) -> Column:
    """Which extra rows say what another row says at the same series and time."""
    twice = np.zeros(len(extra), bool)
    left, right = np.searchsorted(ordered, stored[extra], "left"), np.searchsorted(ordered, stored[extra], "right")
    seen: set[int] = set()
    for number in np.nonzero(right - left > 1)[0].tolist():
        own = int(extra[number])
        for other in order[left[number] : right[number]].tolist():
            if other != own and (taken[other] or other in seen) and _same(rows, own, other):
                twice[number] = True
                break
        seen.add(own)
    return twice


def _same(rows: Rows, one: int, other: int) -> bool:
    for column in (rows.result, rows.lon, rows.lat):
        a, b = column[one], column[other]
        if not (abs(a - b) <= ABSOLUTE + RELATIVE * abs(a) or (np.isnan(a) and np.isnan(b))):
            return False
    return True
