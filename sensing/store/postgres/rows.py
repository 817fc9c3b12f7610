"""A batch's observations into `hot`: COPY into a staging table, then one INSERT in which the engine decides once.

The verdicts are those of `sqlite.py`, found for the whole batch at once:

    duplicate  its (series, time, revision) was there; of what the copies say of its order, the highest stays
    revised    another row of its series and time came before it
    stored     any other
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sensing.store import Row
from sensing.store.postgres.session import Session, given

COLUMNS = ("seq", "series", "time", "begin", "result", "quality", "reason", "revision", "generation", "sent", "rank", "received",
           "place", "lon", "lat")  # fmt: skip
_NAMES = ", ".join(COLUMNS)
_REALS = {"result", "lon", "lat"}
_SMALL = {"quality", "reason"}
_TYPES = [
    "float8" if name in _REALS else "int2" if name in _SMALL else "int4" if name == "series" else "int8" for name in COLUMNS
]
_INSERT = f"""INSERT INTO hot({_NAMES}) SELECT {_NAMES} FROM incoming ORDER BY seq
  ON CONFLICT (series, time, revision) DO NOTHING"""
_REFUSED = """SELECT i.seq FROM incoming i WHERE NOT EXISTS (SELECT 1 FROM hot h WHERE h.series = i.series AND h.time = i.time
  AND h.revision = i.revision AND h.seq = i.seq)"""
_RAISE = """UPDATE hot h SET generation = b.generation, sent = b.sent, rank = b.rank,
  quality = CASE WHEN b.generation > h.generation THEN b.quality ELSE h.quality END,
  reason = CASE WHEN b.generation > h.generation THEN b.reason ELSE h.reason END
  FROM (SELECT DISTINCT ON (series, time, revision) series, time, revision, generation, sent, rank,
      first_value(quality) OVER first AS quality, first_value(reason) OVER first AS reason
    FROM incoming WHERE seq = ANY(?::BIGINT[])
    WINDOW first AS (PARTITION BY series, time, revision, generation ORDER BY seq)
    ORDER BY series, time, revision, generation DESC, sent DESC, rank DESC) b
  WHERE h.series = b.series AND h.time = b.time AND h.revision = b.revision
    AND (b.generation, b.sent, b.rank) > (h.generation, h.sent, h.rank)"""
_LATER = """SELECT i.seq FROM incoming i WHERE i.seq = ANY(?::BIGINT[])
  AND EXISTS (SELECT 1 FROM hot h WHERE h.series = i.series AND h.time = i.time AND h.seq < i.seq)"""
_SERVE = """UPDATE hot h SET served = NOT h.served
  FROM (SELECT DISTINCT series, time FROM incoming WHERE seq = ANY(?::BIGINT[])) k
  WHERE h.series = k.series AND h.time = k.time AND h.served <> (h.seq = (SELECT o.seq FROM hot o
    WHERE o.series = k.series AND o.time = k.time ORDER BY o.generation DESC, o.sent DESC, o.rank DESC, o.revision DESC LIMIT 1))"""
_NEVER = -(1 << 62)


def write(db: Session, rows: Sequence[Row], base: int, newest: Mapping[int, int]) -> list[str]:
    """Write rows with seqs from `base` on; returns the verdict on each, and leaves the right revisions served."""
    db.copy(f"incoming({_NAMES})", _TYPES, _lines(rows, base))
    verdicts = ["stored"] * len(rows)
    db.execute(_INSERT)
    refused = [] if db.changes() == len(rows) else [int(seq) for (seq,) in db.execute(_REFUSED)]
    for seq in refused:
        verdicts[seq - base] = "duplicate"
    if refused:
        db.execute(_RAISE, (refused,))
    late = [base + place for place in _late(rows, newest) if verdicts[place] == "stored"]
    revised = [int(seq) for (seq,) in db.execute(_LATER, (late,))] if late else []
    for seq in revised:
        verdicts[seq - base] = "revised"
    if refused or revised:
        db.execute(_SERVE, (refused + revised,))
    return verdicts


def mixed(rows: Sequence[Row], newest: Mapping[int, int]) -> set[int]:
    """Series of which not all of these rows are newer than all that was."""
    return {rows[place].series for place in _late(rows, newest)}


def _lines(rows: Iterable[Row], base: int) -> Iterable[tuple[object, ...]]:
    for seq, r in enumerate(rows, base):
        lon, lat = (None, None) if r.lon is None or r.lat is None else (given(float(r.lon)), given(float(r.lat)))
        result = None if r.result is None else given(float(r.result))
        yield (seq, r.series, r.time, r.begin, result, r.quality, r.reason, r.revision, r.generation, r.sent, r.rank, r.received,
               r.place, lon, lat)  # fmt: skip


def _late(rows: Iterable[Row], newest: Mapping[int, int]) -> Iterable[int]:
    """Rows that are not the newest of their series: only of these there can be an earlier one of the same time."""
    seen: dict[int, int] = {}
    for place, row in enumerate(rows):
        last = seen.get(row.series)
        if last is None:
            last = newest.get(row.series, _NEVER)
        if row.time <= last:
            yield place
        else:
            seen[row.series] = row.time
