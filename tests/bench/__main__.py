"""`make bench`: every figure in one run on this machine, with what one would use instead beside it.

    python -m tests.bench [PART ...] [--quick] [--case TEXT] [--rounds N] [--out FILE] [--dir DIR]

Parts: fsync events quality door paho hand work whole latency tail live stalled demo storm sealing store adapters; none named means all. The table goes to stdout, progress to stderr, every
round's figures to artefacts/bench.json. Exit code 1 when something was lost or doubled; never for being slow. See docs/bench.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from tests.bench import host, report
from tests.bench.parts import PARTS
from tests.bench.place import Place
from tests.faults.city import ROOT


def main() -> int:
    asked = _arguments()
    chosen = [part for name, part in PARTS.items() if name in asked.parts or not asked.parts]
    place = Place(asked.dir, quick=asked.quick, only=asked.case, full=asked.full)
    about, began, stolen = host.facts(), time.monotonic(), host.stolen_s()
    rounds: dict[str, list[list[dict[str, Any]]]] = {part.name: [] for part in chosen}
    try:
        # a round goes through all parts, so that a bad minute of the machine does not fall on one of them alone
        most = 1 if asked.quick else max(part.rounds for part in chosen)
        for number in range(asked.rounds or most):
            for part in chosen:
                if number < (asked.rounds or (1 if asked.quick else part.rounds)):
                    rounds[part.name].append(list(part.run(place)))
    finally:
        place.close()
    seconds, stolen = time.monotonic() - began, host.stolen_s() - stolen
    percent = 100 * stolen / seconds / about["cores"]
    about |= {"seconds": round(seconds), "stolen_s": round(stolen, 2), "stolen_percent": round(percent, 2)}
    _print(about, rounds)
    wrong = report.wrong(rounds)
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps({
        "host": about, "quick": asked.quick, "parts": {name: report.cases(PARTS[name], found) for name, found in rounds.items()},
        "ratios": {over: report.ratios(rounds, over) for over in report.BASELINES}, "floors": report.floors(rounds), "wrong": wrong,
    }, indent=1))  # fmt: skip
    for line in wrong:
        print(f"WRONG {line}")
    return 1 if wrong else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Speed, beside what one would use instead")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {' '.join(PARTS)}; none means all")
    parser.add_argument("--full", action="store_true", help="the registry with ten million things, not two hundred thousand")
    parser.add_argument("--quick", action="store_true", help="one short round: rough figures in under two minutes")
    parser.add_argument(
        "--case", default="", help='of door, paho and hand only the cases with this in their name: "json", "1000 x 1"'
    )
    parser.add_argument("--rounds", type=int, default=0, help="rounds of each part, instead of its own number")
    parser.add_argument("--out", type=Path, default=ROOT / "artefacts" / "bench.json", help="where every figure goes, as JSON")
    parser.add_argument("--dir", type=Path, default=ROOT / "artefacts", help="a folder on the disk under test")
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"no part named {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    asked.dir = asked.dir.resolve()
    return asked


def _print(about: dict[str, Any], rounds: report.Rounds) -> None:
    print("{at}  {cores} cores, {cpu}  Python {python}  SQLite {sqlite}  Linux {kernel}".format(**about))
    print(
        "{seconds} s; the host stole {stolen_s} s of processor ({stolen_percent} %); load before: {load_before}".format(**about)
    )
    for line in report.tables(rounds):
        print(line)


if __name__ == "__main__":
    sys.exit(main())
