"""The score of a storm: what the service made of it, against what was true.

    evidence = sensing.store.evidence.Evidence(store, run)        # or anything that fills `Stored`
    result = score(evidence, DATA / "truth" / run)
    result = score(evidence, folder, report=folder / "report")    # and report.md with its pictures
    failures(result, bounds)                                      # `--assert FILE`

Whoever wrote the stages that are scored wrote nothing here, and this looks at nothing but what they stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from sensing.times import rfc3339

from ..faults.kinds import FLAGGED, named
from ..faults.plan import parse
from ..truth import BROKEN, SENT, SILENT
from ..truth_reader import TruthReader
from .bounds import failures, read_bounds
from .broker import in_broker
from .events import compare
from .expected import expected, judged
from .match import Match, match
from .quality import Flags
from .service import dead_letters, digest, order, recovery
from .tables import Names, Picture, Rows, Said, Stored, said_rows, stored_rows

__all__ = ["Stored", "failures", "read_bounds", "score"]

_EXAMPLES = 8


def score(
    stored: Stored, folder: Path, report: Path | None = None, arrived: Callable[[], Iterable[int]] | None = None
) -> dict[str, Any]:
    """The answer of `storm score -o json`: CONTRACT's `loss`, `duplicates`, `events`, `quality`, and more.

    folder: the run's truth. arrived: marks (simulators.truth.mark) of the run's frames in our log, asked for when the run went through
    somebody else's broker. report: where to write report.md and pictures. Times are µs unless they end in _s. Raises NotFoundError without a truth.
    """
    truth = TruthReader(folder)
    names = Names()
    said = said_rows(truth, names, truth.about.get("played_until"))
    rows = stored_rows(stored, names)
    series = names.words()
    matched = match(said, rows)
    planted = list(parse(truth.about.get("faults") or "none").shares)
    flags = Flags(said, rows, matched, series, stored.reasons, truth.faults)
    thresholds = {name: device.get("thresholds", {}) for name, device in truth.devices.items()}
    broker = in_broker(truth.marks(), said, matched, arrived()) if truth.about.get("via") and arrived is not None else None
    lost = np.setdiff1d(matched.lost, broker.values) if broker else matched.lost
    about = {
        name: truth.about.get(name)
        for name in ("scenario", "seed", "faults", "begin", "end", "finished", "sha256", "checks", "via")
    }
    result = {
        "run": stored.run, "origin": "simulated", "drill": True, **about,
        "loss": len(lost), "duplicates": len(matched.duplicate), "lost_in_broker": broker.told() if broker else None,
        "events": compare(
            expected(said, series, thresholds), stored.events(), series, judged(series, thresholds), partial(made_of, said, series)
        ),
        "quality": flags.by_kind(planted),
        "clean": flags.clean(),
        "values": _values(said, rows, matched, lost, series),
        "frames": {name: truth.about.get(name) for name in ("said", "sent", "copies", "silent", "broken")},
        "dead_letters": dead_letters(truth.about.get("damaged", ()), stored.dead(), broker.broken if broker else {}),
        "ledger": dict(stored.ledger()),
        "order": order(rows) | {"digest": digest(rows, series)},
        "recovery": recovery(said, rows, matched, truth.faults),
        "unscored": [str(kind) for kind in planted if kind not in FLAGGED],
    }  # fmt: skip
    if report is not None:
        from .report import write_report  # matplotlib: only when it is asked for

        write_report(report, result, Picture(said, rows, matched.row, series, truth.devices))
    return result


def made_of(said: Said, series: list[tuple[str, str, str, str]], event: Mapping[str, Any]) -> list[str]:
    """Kinds of faults that were planted in what an event is made of: values of its datastream, as they were said to be of its span."""
    name = event["device"], event["property"], event["statistic"], event["channel"]
    number = series.index(name) if name in series else -1
    end = said.said_time.max() if event["end"] is None else event["end"] - 1
    there = (said.series == number) & (said.said_time >= event["start"]) & (said.said_time <= end)
    return [str(kind) for kind in named(int(np.bitwise_or.reduce(said.kinds[there], initial=0)))]


def _values(said: Said, rows: Rows, matched: Match, lost: Any, series: list[tuple[str, str, str, str]]) -> dict[str, Any]:
    """Counts of values, and some of what is wrong, to look into with `sensing explain`."""

    def told(places: Any, times: Any, which: Any, value: Any) -> list[dict[str, Any]]:
        return [
            {"device": series[which[at]][0], "property": series[which[at]][1], "statistic": series[which[at]][2],
             "channel": series[which[at]][3], "time": rfc3339(int(times[at])),
             "value": None if np.isnan(value[at]) else float(value[at])} for at in places[:_EXAMPLES].tolist()
        ]  # fmt: skip

    return {
        "said": len(said), "due": len(matched.due), "stored": len(rows), "silent": int((said.fate == SILENT).sum()),
        "broken": int((said.fate == BROKEN).sum()), "sent": int((said.fate == SENT).sum()), "different": len(matched.different),
        "unexplained": len(matched.unexplained),
        "examples": {
            "lost": told(lost, said.said_time, said.series, said.said),
            "duplicate": told(matched.duplicate, rows.time, rows.series, rows.result),
            "unexplained": told(matched.unexplained, rows.time, rows.series, rows.result),
        },
    }  # fmt: skip
