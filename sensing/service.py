"""`sensing up`: the whole service on one machine, in the foreground or detached, with or without the demo fleet."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import runfile, settings
from .demo import GUEST, Cast, Demo
from .errors import ConflictError, NotFoundError, TimedOutError
from .registry import Registry
from .supervisor import Supervisor

__all__ = ["DEMO_STORM", "GUEST", "detach", "down", "is_ready", "up"]
READY_S = 60.0
Ready = Callable[[Mapping[str, Any]], None]
DEMO_STORM = "plum-rain"


def up(
    data: Path, *, prepare: Callable[[Path], None], registry: Callable[[Path], Registry], cast: Cast, demo: bool = False,
    storm: str = DEMO_STORM, speed: float = 1.0, devices: int = 50, seed: int | None = None, mqtt_port: int | None = None,
    http_port: int | None = None, host: str | None = None, on_ready: Ready | None = None,
) -> None:  # fmt: skip
    """Run until a signal or `sensing down`. `on_ready` is called on a thread once the service answers that it is ready.

    Raises ConflictError when the data folder is in use, UnreachableError when a role does not start.
    """
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with runfile.only_one(data):
        prepare(data)
        supervisor = Supervisor(data, {**os.environ, **_overrides(mqtt_port, http_port, host)})
        try:
            about = _start(supervisor)
            if demo:
                seeded = ("--seed", str(seed)) if seed is not None else ()
                Demo(supervisor, registry, cast, ("--now", "--storm", storm, "--devices", str(devices), *seeded), speed).start()
            threading.Thread(target=_when_ready, args=(str(about["http"]), supervisor.stop, on_ready), daemon=True).start()
        except BaseException:
            supervisor.close()
            raise
        supervisor.run()


def _overrides(mqtt_port: int | None, http_port: int | None, host: str | None) -> dict[str, str]:
    given = {"MQTT__PORT": mqtt_port, "HTTP__PORT": http_port, "MQTT__HOST": host, "HTTP__HOST": host}
    return {f"SENSING_{name}": str(value) for name, value in given.items() if value is not None}


def _start(supervisor: Supervisor) -> Mapping[str, Any]:
    """Door, work, web; the ports they took are kept for when they are started again."""
    door, _ = supervisor.add("door"), supervisor.add("work")
    mqtt = supervisor.settle("door")
    door.environ["SENSING_MQTT__PORT"] = str(mqtt["port"])
    supervisor.announce(mqtt={name: mqtt.get(name) for name in ("host", "port", "tls_port")}, http="", demo_run="")
    web = supervisor.add("web")
    http = supervisor.settle("web")
    web.environ["SENSING_HTTP__PORT"] = str(http["port"])
    supervisor.settle("work")
    supervisor.add("lake")
    if settings.load(supervisor.data).settings.export:
        supervisor.add("export")
    if settings.load(supervisor.data).settings.alerts:
        supervisor.add("alerts")
    return supervisor.announce(http=http["url"])


def _when_ready(url: str, stop: threading.Event, on_ready: Ready | None) -> None:
    deadline = time.monotonic() + READY_S
    while not stop.is_set() and time.monotonic() < deadline:
        if is_ready(url):
            if on_ready is not None:
                on_ready({"http": url})
            return
        stop.wait(0.1)


def is_ready(url: str) -> bool:
    """Whether the service at this address says so itself."""
    try:
        with urllib.request.urlopen(f"{url}/ready", timeout=2) as answer:  # noqa: S310 our own address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def detach(data: Path, arguments: Sequence[str]) -> Mapping[str, Any]:
    """Start `sensing up` with these arguments in a session of its own; returns run.json once it is ready.

    Raises ConflictError when it runs already, TimedOutError when it does not become ready.
    """
    if (found := runfile.running(data)) is not None:
        raise ConflictError(f"it runs already, as process {found['pid']}", "`sensing status` shows it, `sensing down` stops it")
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    (data / "logs").mkdir(exist_ok=True)
    with (data / "logs" / "up.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "sensing", "--data", str(data), "up", *arguments],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline and process.poll() is None:
        about = runfile.running(data)
        if about and about.get("http") and is_ready(str(about["http"])):
            return about
        time.sleep(0.1)
    raise TimedOutError("the service did not become ready", f"read {data / 'logs' / 'up.log'}")


def down(data: Path, patience_s: float = 20.0) -> int:
    """Stop the service of a data folder and wait until it has; returns its pid. Raises NotFoundError, TimedOutError."""
    about = runfile.running(data)
    if about is None:
        raise NotFoundError(f"nothing runs in {data}", "`sensing up` starts it")
    pid = int(about["pid"])
    os.kill(pid, 15)
    deadline = time.monotonic() + patience_s
    while runfile.alive(pid):
        if time.monotonic() > deadline:
            raise TimedOutError(f"process {pid} did not stop within {patience_s:g} s", "look at its logs, or kill it")
        time.sleep(0.05)
    return pid
