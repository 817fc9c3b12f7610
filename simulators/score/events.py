"""Events that were raised against those that must exist: which were missed, which are false, how early and how late they came."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from statistics import median
from typing import Any

from sensing.times import MINUTE, SECOND

from .expected import Expected, Key
from .tables import Series

DANGER = 2
SLACK = 15 * MINUTE
"""An event fits an episode when they share an instant, each widened by two samples and no more than this."""
_LISTED = 200
_NAMED = ("id", "kind", "device", "channel", "start", "end", "severity")


def compare(
    wanted: Sequence[Expected],
    raised: Sequence[Mapping[str, Any]],
    series: Sequence[Series],
    judged: AbstractSet[Key] | None = None,
    planted: Callable[[Mapping[str, Any]], list[str]] | None = None,
) -> dict[str, Any]:
    """The score's `events`: expected, raised, missed, false, lead_time_s (median from the raising to the danger level of the truth).

    judged: what the truth speaks of (expected.judged); events of anything else are neither right nor false, and counted by kind under
    `beside`. None: it speaks of all. rise_lead_time_s: median from a foretold crossing (`*_rising`) to the episode that it foretold.
    planted: the faults that were planted in the values that an event is made of; `false_list` says them of each that is false.
    delay_s: median from the observation to its reception, by the run's clock; stored_s: and from there to the commit, in real seconds.
    """
    theirs: dict[Key, list[Mapping[str, Any]]] = defaultdict(list)
    beside = [event for event in raised if judged is not None and _key(event) not in judged]
    for event in raised:
        if judged is None or _key(event) in judged:
            theirs[_key(event)].append(event)
    raised = [event for events in theirs.values() for event in events]
    ours: dict[Key, list[Expected]] = defaultdict(list)
    for one in wanted:
        ours[one.kind, *series[one.series]].append(one)
    told, wrong = list[dict[str, Any]](), list[dict[str, Any]]()
    repeated = missed = 0
    for key in sorted({*ours, *theirs}):
        episodes, events = ours.get(key, []), theirs.get(key, [])
        fitting = {id(one): [event for event in events if _meet(one, event)] for one in episodes}
        hit = {event["id"] for found in fitting.values() for event in found}
        wrong += [
            {**{word: event[word] for word in _NAMED}, "faults": planted(event) if planted else []}
            for event in events if event["id"] not in hit
        ]  # fmt: skip
        repeated += sum(max(0, len(found) - 1) for found in fitting.values())
        for one in episodes:
            found = min(fitting[id(one)], key=lambda event: event["start"], default=None)
            missed += found is None and not one.hidden
            told.append(_told(key, one, found))
    seen = [row for row in told if row["raised"]]
    leads = [row["lead_time_s"] for row in seen if row["lead_time_s"] is not None]
    stored = [event["stored_s"] for event in raised if event.get("stored_s") is not None]
    rises = _rises(wanted, beside, series)
    return {
        "expected": sum(not one.hidden for one in wanted), "raised": len(raised), "missed": missed, "false": len(wrong),
        "lead_time_s": median(leads) if leads else None, "hidden": sum(one.hidden for one in wanted), "repeated": repeated,
        "same_start": _share(row["same_start"] for row in seen), "same_severity": _share(row["same_severity"] for row in seen),
        "delay_s": median([row["delay_s"] for row in seen if row["delay_s"] is not None] or [0.0]) if seen else None,
        "stored_s": median(stored) if stored else None, "false_list": wrong[:_LISTED],
        "leads": len(leads), "rise_lead_time_s": median(rises) if rises else None, "rises": len(rises),
        "beside": dict(sorted(Counter(event["kind"] for event in beside).items())), "list": sorted(told, key=lambda row: (-row["severity"], row["start"]))[:_LISTED],
    }  # fmt: skip


def _key(event: Mapping[str, Any]) -> Key:
    return event["kind"], event["device"], event["property"], event["statistic"], event["channel"]


def _rises(wanted: Sequence[Expected], beside: Sequence[Mapping[str, Any]], series: Sequence[Series]) -> list[float]:
    """For each episode that was foretold, how long before its level was reached, s: by the event that ended with it."""
    foretold: dict[tuple[str, ...], list[Mapping[str, Any]]] = defaultdict(list)
    for event in beside:
        if event["kind"].endswith("_rising"):
            foretold[_key(event)[1:]].append(event)
    leads = []
    for one in wanted:
        slack = min(SLACK, 2 * one.cadence)
        raisings = [
            event["steps"][0][1] for event in foretold.get(series[one.series], ())
            if event["steps"][0][1] <= one.start and (event["end"] is None or event["end"] + slack >= one.start)
        ]  # fmt: skip
        if raisings:
            leads.append((one.start - min(raisings)) / SECOND)
    return leads


def _told(key: Key, one: Expected, found: Mapping[str, Any] | None) -> dict[str, Any]:
    """One episode, and the event that tells of it. Times µs."""
    danger = one.reached(DANGER)
    raised = found["steps"][0][1] if found else None
    return {
        "kind": key[0], "device": key[1], "channel": key[4], "start": one.start, "end": one.end, "severity": one.severity,
        "peak": one.peak, "peak_time": one.peak_time, "danger": danger, "hidden": one.hidden, "raised": found is not None,
        "id": found["id"] if found else None,
        "lead_time_s": (danger - raised) / SECOND if danger is not None and raised is not None else None,
        "delay_s": max(0, found["heard"] - raised) / SECOND if found and raised is not None and found.get("heard") else None,
        "same_start": bool(found and found["start"] == one.start),
        "same_severity": bool(found and found["severity"] == one.severity),
    }  # fmt: skip


def _meet(one: Expected, event: Mapping[str, Any]) -> bool:
    slack = min(SLACK, 2 * one.cadence)
    ends_after = event["end"] is None or event["end"] + slack >= one.start
    return bool(ends_after and (one.end is None or event["start"] - slack <= one.end))


def _share(flags: Any) -> float | None:
    found = list(flags)
    return round(sum(found) / len(found), 4) if found else None
