"""What running costs when little happens: `sensing up --demo`, fifty gauges at their own pace."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sensing import runfile
from sensing.service import is_ready
from tests.bench import host
from tests.bench.place import Place
from tests.faults.city import ROOT

_READY_S = 60


def demo(place: Place) -> Iterator[dict[str, Any]]:
    """Processor and memory of every process of the service, after its first seconds."""
    data = Path(tempfile.mkdtemp(prefix="demo-", dir=place.folder))
    line = [sys.executable, "-m", "sensing", "--data", str(data), "up", "--demo", "--mqtt-port", "0", "--http-port", "0"]
    place.say("demo: starting")
    with (data / "up.log").open("wb") as log:
        process = subprocess.Popen(line, cwd=ROOT, stdout=log, stderr=log, env=os.environ | {"SENSING_MQTT__TLS_PORT": "0"})
    try:
        began = time.monotonic()
        roles = _roles(data, process)
        ready_s = time.monotonic() - began
        time.sleep(place.long(5, 2))
        seconds = place.long(30, 5)
        place.say(f"demo: {seconds} s at rest")
        before = {role: host.cpu_s(pid) for role, pid in roles.items()}
        began = time.monotonic()
        time.sleep(seconds)
        took = time.monotonic() - began
        cores = {role: (host.cpu_s(pid) - before[role]) / took for role, pid in roles.items()}
        memory = {role: host.memory_mb(pid) for role, pid in roles.items()}
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(30)
        if process.poll() is None:
            process.kill()
            process.wait()
    yield {"case": "all", "cores": sum(cores.values()), "mb": sum(memory.values()), "ready_s": ready_s}
    for role in roles:
        yield {"case": role, "cores": cores[role], "mb": memory[role]}


def _roles(data: Path, process: subprocess.Popen[bytes]) -> dict[str, int]:
    """Pids by role, the supervisor's too, once the service is ready."""
    deadline = time.monotonic() + _READY_S
    while time.monotonic() < deadline:
        assert process.poll() is None, (data / "up.log").read_text()
        about = runfile.running(data)
        if about and about.get("http") and "simulator" in about["roles"] and is_ready(str(about["http"])):
            return {"supervisor": process.pid} | {role: int(pid) for role, pid in about["roles"].items()}
        time.sleep(0.05)
    raise TimeoutError(f"the demo did not become ready\n{(data / 'up.log').read_text()}")
