"""Keeps the roles of one laptop running: starts them, starts them again when they die, stops them in order.

A role is a process of its own (`python -m sensing.app ROLE DATA`); nothing here decodes, stores or serves.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from . import logs, runfile, times

_log = logs.get("supervisor")
_LOG_BYTES = 20_000_000
_CALM_S = 30.0


class Child:
    """One role's process and the patience with it."""

    def __init__(self, role: str, command: Sequence[str], environ: Mapping[str, str], log: Path) -> None:
        self.role = role
        self._command = list(command)
        self.environ = dict(environ)
        self._log = log
        self.process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._pause_s = 0.1
        self._next = 0.0

    @property
    def pid(self) -> int:
        """The process id; 0 when it is not running."""
        return self.process.pid if self.process is not None and self.process.poll() is None else 0

    def start(self) -> None:
        """Start the process; its words go to its own log file."""
        self._started = time.monotonic()
        with _log_file(self._log) as out:
            self.process = subprocess.Popen(self._command, env=self.environ, stdin=subprocess.DEVNULL, stdout=out, stderr=out)

    def tend(self) -> bool:
        """Start it again when it has died and its pause is over; returns whether it was."""
        if self.pid:
            return False
        now = time.monotonic()
        if not self._next:
            lived = now - self._started
            self._pause_s = 0.1 if lived > _CALM_S else min(self._pause_s * 2, 5.0)
            self._next = now + self._pause_s
            code = self.process.returncode if self.process else None
            _log.warning("role_died", died=self.role, code=code, again_in_s=self._pause_s)
        if now < self._next:
            return False
        self._next = 0.0
        self.start()
        return True

    def stop(self, patience_s: float) -> None:
        """Ask it to end, then make it."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _log_file(path: Path) -> IO[bytes]:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > _LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600), "ab")


class Supervisor:
    """The roles of a data folder. `run` blocks until `stop` is set or a signal comes."""

    def __init__(self, data: Path, environ: Mapping[str, str] = os.environ) -> None:
        self.data = data
        self.stop = threading.Event()
        self.children: list[Child] = []
        self._environ = {**environ, "SENSING_DATA": str(data)}
        self._about: dict[str, object] = {"pid": os.getpid(), "started": times.rfc3339(times.now())}

    def add(self, role: str, command: Sequence[str] = (), environ: Mapping[str, str] | None = None) -> Child:
        """Start a role now and keep it running."""
        line = [sys.executable, *(command or ("-m", "sensing.app", role, str(self.data)))]
        child = Child(role, line, {**self._environ, **(environ or {})}, self.data / "logs" / f"{role}.log")
        child.start()
        self.children.append(child)
        return child

    def settle(self, role: str, timeout_s: float = 30.0) -> dict[str, object]:
        """What a role says of itself once it is up (its ports)."""
        child = next(child for child in self.children if child.role == role)
        return runfile.wait_for(self.data, f"run/{role}.json", child.pid, timeout_s)

    def announce(self, **about: object) -> dict[str, object]:
        """Write run.json: what is known, and the pids as they are now."""
        self._about |= about
        self._about["roles"] = {child.role: child.pid for child in self.children}
        runfile.write(self.data, self._about)
        return self._about

    def run(self, on_signal: Callable[[], None] | None = None) -> None:
        """Tend the roles until told to stop, then stop them, the newest first."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop.set())
        try:
            while not self.stop.wait(0.1):
                if sum(child.tend() for child in self.children):
                    self.announce()
        finally:
            if on_signal is not None:
                on_signal()
            self.close()

    def close(self) -> None:
        """Stop every role and take run.json away."""
        for child in reversed(self.children):
            child.stop(10.0)
        (self.data / "run.json").unlink(missing_ok=True)
