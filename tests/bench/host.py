"""What the machine says of itself and of processes. Reads /proc: Linux only."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import apsw

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """Processor seconds that a process has used, all its threads, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory_mb(pid: int) -> float:
    """Memory of a process, what it shares with others counted in parts (PSS); its resident set where that is not told."""
    for name, field in (("smaps_rollup", "Pss:"), ("status", "VmRSS:")):
        try:
            for line in Path(f"/proc/{pid}/{name}").read_text().splitlines():
                if line.startswith(field):
                    return int(line.split()[1]) / 1024
        except OSError:
            continue
    return 0.0


def stolen_s() -> float:
    """Processor seconds, over all cores, that the host gave to others since it booted."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    return int(fields[8]) / _TICKS if len(fields) > 8 else 0.0


def facts() -> dict[str, Any]:
    """What figures depend on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "cores": len(os.sched_getaffinity(0)), "cpu": names[0] if names else "",
        "python": platform.python_version(), "sqlite": apsw.sqlite_lib_version(), "kernel": platform.release(),
        "load_before": round(os.getloadavg()[0], 2),
    }  # fmt: skip


def percentile(sorted_values: list[float], part: float) -> float:
    """The value that `part` (0..1) of them do not exceed; 0 for none."""
    return sorted_values[min(len(sorted_values) - 1, int(len(sorted_values) * part))] if sorted_values else 0.0


def spread(values: Iterable[float]) -> dict[str, float]:
    """Of latencies in seconds: how many, p50, p95, p99 and the longest, in milliseconds."""
    found = sorted(values)
    parts = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99, "max_ms": 1.0}
    return {"seen": len(found)} | {name: round(percentile(found, part) * 1000, 2) for name, part in parts.items()}
