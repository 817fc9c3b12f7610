"""What the service did with the run beside values: dead letters, order of revisions, and how it came back after a blow."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from statistics import median
from types import MappingProxyType
from typing import Any

import numpy as np

from sensing.times import SECOND

from ..faults.book import book
from ..faults.kinds import BIT, SERVICES, Kind
from .match import Match
from .tables import Column, Rows, Said

_CONTENT = ("series", "time", "result", "lon", "lat")


def dead_letters(
    damaged: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]], gone: Mapping[str, int] = MappingProxyType({})
) -> dict[str, Any]:
    """Frames that were sent broken against dead letters, by adapter. `strange`: dead letters that no damage explains.

    damaged: kind, adapter, frames. found: adapter, reason, frames; only reasons that the kinds of damage accept are expected.
    gone: damaged frames that never reached us, by adapter.
    """
    wanted: Counter[str] = Counter()
    reasons: defaultdict[str, set[str]] = defaultdict(set)
    for row in damaged:
        wanted[row["adapter"]] += row["frames"]
        reasons[row["adapter"]] |= book().manners[Kind(row["kind"])].reasons
    wanted.subtract(gone)
    got: Counter[str] = Counter()
    strange: Counter[str] = Counter()
    for row in found:
        if row["reason"] in reasons[row["adapter"]]:
            got[row["adapter"]] += row["frames"]
        else:
            strange[f"{row['adapter']} {row['reason']}"] += row["frames"]
    missing = sum(max(0, number - got[name]) for name, number in wanted.items())
    beyond = sum(max(0, number - wanted[name]) for name, number in got.items())
    return {
        "expected": wanted.total(), "found": got.total(), "missing": missing, "beyond": beyond, "strange": dict(strange),
        "reasons": {f"{row['adapter']} {row['reason']}": row["frames"] for row in found},
    }  # fmt: skip


def order(rows: Rows) -> dict[str, Any]:
    """Whether the revision that is served follows from the rows alone: of each series and time the one that is highest in
    (generation, sent, rank, revision), and no other. digest: of all rows, the same in whatever order they came.
    """
    keys = np.lexsort((rows.revision, rows.rank, rows.sent, rows.generation, rows.time, rows.series))
    series, time = rows.series[keys], rows.time[keys]
    last = np.ones(len(keys), bool)
    last[:-1] = (np.diff(series) != 0) | (np.diff(time) != 0)
    return {
        "independent": bool(np.array_equal(rows.served[keys], last)),
        "revised": int((~last).sum()),
        "instants": int(last.sum()),
    }


def digest(rows: Rows, series: Sequence[tuple[str, ...]]) -> str:
    """16 hex digits of what is stored (series, times, results, revisions), whatever the order: to compare runs of one seed."""
    from hashlib import blake2b

    words = np.array(
        [int.from_bytes(blake2b("\x1f".join(name).encode(), digest_size=8).digest(), "big") for name in series], np.uint64
    )
    mixed = words[rows.series] if len(rows) else np.zeros(0, np.uint64)
    for column in (
        rows.time,
        rows.result + 0.0,
        rows.lon,
        rows.lat,
        rows.revision.astype(np.int64),
        rows.served.astype(np.int64),
    ):
        mixed = _mixed(mixed ^ np.ascontiguousarray(column).view(np.uint64))
    return f"{int(mixed.sum(dtype=np.uint64)):016x}"


def _mixed(bits: Column) -> Column:
    """splitmix64's finaliser, after a step."""
    bits = bits + np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(bits ^ (bits >> np.uint64(31)))


def recovery(said: Said, rows: Rows, matched: Match, faults: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """How it came back. Kills: seconds of the wall from the blow to what whoever dealt it saw as recovered, else to the first frame
    received after it. gateway_outage: frames of its backlogs that should be stored, and how many are not.
    """
    received = np.unique(rows.received)
    waits: defaultdict[str, list[float]] = defaultdict(list)
    for fault in faults:
        if fault["kind"] in SERVICES and (seconds := _wait(fault, received)) is not None:
            waits[fault["kind"]].append(seconds)
    kills = {
        kind: {"n": len(found), "median_s": round(median(found), 3), "worst_s": round(max(found), 3)}
        for kind, found in waits.items()
    }
    due = matched.due[(said.kinds[matched.due] >> BIT[Kind.GATEWAY_OUTAGE] & 1).astype(bool)]
    outages = {
        "n": sum(fault["kind"] == Kind.GATEWAY_OUTAGE and "backlog" not in fault for fault in faults),
        "values": len(due), "lost": int((matched.row[due] < 0).sum()),
    }  # fmt: skip
    return {**kills, "gateway_outage": outages}


def _wait(fault: Mapping[str, Any], received: Column) -> float | None:
    if fault.get("recovered_s") is not None:
        return float(fault["recovered_s"])
    if fault.get("wall") is None:
        return None
    at = int(np.searchsorted(received, fault["wall"], "right"))
    return float(received[at] - fault["wall"]) / SECOND if at < len(received) else None
