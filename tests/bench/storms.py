"""How much faster than the world a storm goes by: say, encode, send, acknowledge, decode, check and store, all on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench.place import Place
from tests.faults.city import ROOT

_CASES = (("clean", "none"), ("faults", "all,door-kill=0,work-kill=0,disk-full=0,broker-kill=0"))
_HOUR_S = 3600


def storm(place: Place) -> Iterator[dict[str, Any]]:
    """Typhoon Meranti with 2,500 devices, without and with every fault but kills."""
    hours = place.long(12, 1)
    for case, faults in _CASES:
        data = Path(tempfile.mkdtemp(prefix="storm-", dir=place.folder))
        place.say(f"storm: {case}, {hours} h of 2,500 devices")
        line = [
            sys.executable, "-m", "sensing", "--data", str(data), "-o", "json", "storm", "run", "meranti-2016", "--seed", "7", "--for", f"{hours}h",
            "--faults", faults,
        ]  # fmt: skip
        done = subprocess.run(line, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, timeout=3600, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        found = json.loads(done.stdout)
        played, values = found["played"], found["values"]
        yield {
            "case": case, "ratio": played["ratio"], "frames_s": played["sent"] / played["whole_s"], "values_s": values["sent"] / played["whole_s"],
            "play_share": played["play_s"] / played["whole_s"], "lost": found["loss"], "doubled": found["duplicates"],
            "balanced": found["ledger"]["balanced"],
        }  # fmt: skip
