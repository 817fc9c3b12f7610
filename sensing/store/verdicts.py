"""Later verdicts: what became doubtful of a value, or of good standing again, by what came after it or stands beside it.

    verdicts = Verdicts(db, late)                       # late: of a store with a lake
    changed = verdicts.set([Opinion(series, time, "spike", SPIKE, "..."), Opinion(series, other, "drift", None)], commit)

A check gives at most one opinion of one served value: a (quality, reason), or None, which takes back what it said. Opinions stand in a sparse
table, whoever gave them. Only values whose own first flag is good can be doubted; of several opinions the worst is shown, of equals the first in
`ORDER`. What is shown goes to the row: in `hot`, or beside the lake in `amended`. `set` returns the rows whose flag is another now, so that
events look at them again in the same transaction. An opinion is about the value that is served: who gives it gives it anew when that changes.

A row that shows a later verdict had a good first flag: `base` says so of any row without looking elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sensing.checks import CLOCK_BEHIND, LATER
from sensing.model import Micros, Quality, QualityReason
from sensing.times import DAY

from .lake.late import At

if TYPE_CHECKING:
    from .lake.late import Late, Versions

Key = tuple[int, Micros]
"""(series, time)."""
Flag = tuple[int, int]
"""(quality, number in QualityReason) as rows have them."""

NUMBERS = {reason: number for number, reason in enumerate(QualityReason)}
GOOD: Flag = (int(Quality.GOOD), NUMBERS[QualityReason.NONE])
ORDER = (
    QualityReason.CLOCK, QualityReason.JUMP, QualityReason.CLIMATOLOGY, QualityReason.SPIKE, QualityReason.RATE,
    QualityReason.UNIT_FLIP, QualityReason.FLAT_LINE, QualityReason.CONSISTENCY, QualityReason.NEIGHBOUR, QualityReason.DRIFT,
)  # fmt: skip
_PLACE = {NUMBERS[reason]: place for place, reason in enumerate(ORDER)}
_LATER = frozenset(NUMBERS[reason] for reason in LATER)
COMPARED = frozenset(NUMBERS[reason] for reason in (QualityReason.DRIFT, QualityReason.NEIGHBOUR, QualityReason.CONSISTENCY))
"""Reasons that come of comparing with other datastreams (compare.py)."""
BEHIND: Flag = (CLOCK_BEHIND[0], NUMBERS[CLOCK_BEHIND[1]])
"""What a row shows whose clock is behind."""
_PUT = """INSERT INTO verdicts(series, time, who, quality, reason, told) VALUES(?,?,?,?,?,?) ON CONFLICT(series, time, who)
  DO UPDATE SET quality = excluded.quality, reason = excluded.reason, told = excluded.told"""
_DROP = "DELETE FROM verdicts WHERE series=? AND time=? AND who=?"
_OF = "SELECT quality, reason FROM verdicts WHERE series=? AND time=?"
_SERVED = "SELECT seq, quality, reason FROM hot WHERE time=? AND series=? AND served"
_FLAG = "UPDATE hot SET quality=?, reason=? WHERE time=? AND series=? AND seq=?"
_UNSERVED = "SELECT seq, quality, reason, result FROM hot WHERE time=? AND series=? AND NOT served"
_RESULT = "SELECT result, quality, reason FROM hot WHERE time=? AND series=? AND served"
_TOLD = "SELECT time, who, quality, reason, told FROM verdicts WHERE series=? AND time>=? AND time<=? ORDER BY time, who"


KEEP = 45 * DAY
"""How long before the newest value of its series it is remembered who said what, and which rows came late. Rows keep their flags."""
_PRUNE = "DELETE FROM {} WHERE time < (SELECT time FROM latest WHERE latest.series = {}.series) - ?"
Apart = Mapping[int, float | None]
_NOWHERE: Apart = {}
_SPIKE: Flag = (int(Quality.FAIL), NUMBERS[QualityReason.SPIKE])


class Opinion(NamedTuple):
    """What a check says of one served value. verdict: None when it has nothing (any more) to say. told: for `explain`, JSON or ""."""

    series: int
    time: Micros
    who: str
    verdict: tuple[int, QualityReason] | None
    told: str = ""


def base(quality: int, reason: int) -> Flag:
    """The first flag of a row that shows (quality, reason)."""
    return GOOD if reason in _LATER or (quality, reason) == BEHIND else (quality, reason)


def shown(opinions: Iterable[Flag]) -> Flag:
    """Which of several opinions a row shows: the worst, of equals the first in `ORDER`; GOOD of none."""
    return min(opinions, key=lambda flag: (-flag[0], _PLACE.get(flag[1], len(ORDER))), default=GOOD)


def prune(db: Any) -> None:
    """Forget what is older than `KEEP`, series by series in its own time."""
    for table in ("verdicts", "behind"):
        db.execute(_PRUNE.format(table, table), (KEEP,))


class Verdicts:
    """Opinions of one store, inside its transactions. late: how sealed rows are amended; None where nothing is sealed."""

    def __init__(self, db: Any, late: Late | None = None) -> None:
        self._db, self._late = db, late

    def note(self, opinions: Iterable[Opinion]) -> None:
        """Write opinions down without touching rows: of rows that are about to be written with their flag."""
        self._db.executemany(_PUT, [
            (one.series, one.time, one.who, one.verdict[0], NUMBERS[one.verdict[1]], one.told) for one in opinions if one.verdict])  # fmt: skip

    def set(self, opinions: Sequence[Opinion], commit: int, apart: Apart = _NOWHERE) -> list[Key]:
        """Write opinions and let rows show what follows; returns (series, time) of the served rows whose flag changed, in order.

        commit: the number of the commit that is under way. The rows must be written, and it must be settled which are served.
        """
        if not opinions:
            return []
        self._db.executemany(_DROP, [(one.series, one.time, one.who) for one in opinions if one.verdict is None])
        self.note(opinions)
        return self.show({(one.series, one.time) for one in opinions}, commit, apart)

    def show(self, keys: Iterable[Key], commit: int, apart: Apart = _NOWHERE) -> list[Key]:
        """Let the served rows of some instants show what stands written of them; see `set`.

        apart: by series, how far a revision that is not served may be from a good one that is; further off it is a spike.
        """
        ordered = sorted(keys)
        sealed: Mapping[Key, Versions] = self._late.versions([At(*key) for key in ordered]) if self._late else {}
        return [key for key in ordered if self._show(key, sealed.get(key), commit, apart.get(key[0]))]

    def _show(self, key: Key, versions: Versions | None, commit: int, apart: float | None) -> bool:
        series, time = key
        wanted = shown((int(quality), int(reason)) for quality, reason in self._db.execute(_OF, key))
        others = self._db.execute(_UNSERVED, (time, series)).fetchall()
        known = versions or {}
        said = next(((one.result, one.quality, one.reason) for one in known.values() if one.served), None)
        if said is None and (others or known):
            said = self._db.execute(_RESULT, (time, series)).get
        served = said[0] if said is not None and base(int(said[1]), int(said[2])) == GOOD else None

        def beside(result: float | None, was: Flag) -> Flag:
            """What a revision shows that is not served."""
            if was == BEHIND or base(*was) != GOOD or (apart is None and was == _SPIKE):
                return was
            far = (
                apart is not None
                and wanted == GOOD
                and result is not None
                and served is not None
                and abs(result - served) > apart
            )
            return _SPIKE if far else GOOD

        for seq, quality, reason, result in others:
            was = (int(quality), int(reason))
            if (flag := beside(result, was)) != was:
                self._db.execute(_FLAG, (*flag, time, series, seq))
        for one in known.values():
            was = one.quality, one.reason
            flag = wanted if one.served else beside(one.result, was)
            if base(*was) == GOOD and was != flag and (one.served or was != BEHIND):
                assert self._late is not None
                self._late.flag(key, one, flag, commit)
                if one.served:
                    return True
        found = self._db.execute(_SERVED, (time, series)).get
        if found is None:
            return False
        seq, was = found[0], (int(found[1]), int(found[2]))
        if base(*was) != GOOD or was == wanted:
            return False
        self._db.execute(_FLAG, (*wanted, time, series, seq))
        return True

    def sealed(self, keys: Iterable[Key]) -> Mapping[Key, Versions]:
        """What the lake has of some instants."""
        return self._late.versions([At(*key) for key in keys]) if self._late else {}

    def flag_sealed(self, key: Key, one: Any, flag: Flag, commit: int) -> None:
        """Give one sealed revision that is not served a flag of its own, when its first one is good."""
        if base(one.quality, one.reason) == GOOD and (one.quality, one.reason) != flag:
            assert self._late is not None
            self._late.flag(key, one, flag, commit)

    def told(self, series: int, begin: Micros, end: Micros) -> list[dict[str, Any]]:
        """What stands written of begin <= time <= end: time, who, quality, reason, told."""
        reasons = tuple(QualityReason)
        return [
            {"time": int(time), "who": who, "quality": int(quality), "reason": str(reasons[int(reason)]), "told": told}
            for time, who, quality, reason, told in self._db.execute(_TOLD, (series, begin, end))
        ]  # fmt: skip
