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


Again = Callable[[], Sequence[str]]
"""Gives the command of the next process of a role that has done its work (ended with code 0). When it raises it is asked again."""


class _Asked(threading.Thread):
    """Asks what comes next, which may wait for other roles: whoever tends them must not. command: the answer; None when there was none."""

    def __init__(self, again: Again) -> None:
        super().__init__(daemon=True)
        self._again = again
        self.command: Sequence[str] | None = None
        self.start()

    def run(self) -> None:
        try:
            self.command = self._again()
        except Exception as error:  # noqa: BLE001 a drill that cannot go on is no reason for the service to end
            _log.warning("next_refused", error=str(error), again_in_s=_CALM_S)


class Child:
    """One role's process and the patience with it. again: what follows when it has done its work, `rest_s` later; else that is a death."""

    def __init__(
        self,
        role: str,
        command: Sequence[str],
        environ: Mapping[str, str],
        log: Path,
        again: Again | None = None,
        rest_s: float = 0.0,
    ) -> None:
        self.role = role
        self._command = list(command)
        self._again, self._rest_s, self._done = again, rest_s, False
        self._coming: _Asked | None = None
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
        line = [sys.executable, *self._command]
        with _log_file(self._log) as out:
            self.process = subprocess.Popen(line, env=self.environ, stdin=subprocess.DEVNULL, stdout=out, stderr=out)

    def tend(self) -> bool:
        """Start it again when it has died and its pause is over; returns whether it was."""
        if self.pid:
            return False
        now = time.monotonic()
        if not self._next:
            self._next = now + self._pause(now - self._started)
        if now < self._next or not self._ready(now):
            return False
        self._next = 0.0
        self.start()
        return True

    def _pause(self, lived_s: float) -> float:
        """It has ended: how long until it is started again."""
        code = self.process.returncode if self.process else None
        self._done = code == 0 and self._again is not None
        if self._done:
            _log.info("role_done", done=self.role, again_in_s=self._rest_s)
            return self._rest_s
        self._pause_s = 0.1 if lived_s > _CALM_S else min(self._pause_s * 2, 5.0)
        _log.warning("role_died", died=self.role, code=code, again_in_s=self._pause_s)
        return self._pause_s

    def _ready(self, now: float) -> bool:
        """Whether it is known what to start: the same again, or what follows on work that is done."""
        if not self._done or self._again is None:
            return True
        self._coming = self._coming or _Asked(self._again)
        if self._coming.is_alive():
            return False
        command, self._coming = self._coming.command, None
        if command is None:
            self._next = now + _CALM_S
        else:
            self._command = list(command)
        return command is not None

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
        self._announcing, self._closed = threading.Lock(), False
        self._environ = {**environ, "SENSING_DATA": str(data)}
        self._about: dict[str, object] = {"pid": os.getpid(), "started": times.rfc3339(times.now())}

    def add(
        self, role: str, command: Sequence[str] = (), environ: Mapping[str, str] | None = None, again: Again | None = None,
        rest_s: float = 0.0,
    ) -> Child:  # fmt: skip
        """Start a role now and keep it running; again, rest_s: as Child takes them. command: what follows the interpreter's name."""
        line = command or ("-m", "sensing.app", role, str(self.data))
        child = Child(role, line, {**self._environ, **(environ or {})}, self.data / "logs" / f"{role}.log", again, rest_s)
        child.start()
        self.children.append(child)
        return child

    def settle(self, role: str, timeout_s: float = 30.0) -> dict[str, object]:
        """What a role says of itself once it is up (its ports)."""
        child = next(child for child in self.children if child.role == role)
        return runfile.wait_for(self.data, f"run/{role}.json", child.pid, timeout_s)

    def announce(self, **about: object) -> dict[str, object]:
        """Write run.json: what is known, and the pids as they are now."""
        with self._announcing:
            self._about |= about
            self._about["roles"] = {child.role: child.pid for child in self.children}
            if not self._closed:
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
        with self._announcing:
            self._closed = True
        (self.data / "run.json").unlink(missing_ok=True)
