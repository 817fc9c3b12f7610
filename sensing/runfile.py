"""What a running service leaves for others to find: `DATA/run.json`, and the locks that keep it one service.

run.json: {pid, started, mqtt: {host, port, tls_port}, http, roles: {role: pid}, demo_run}; mode 0600, gone when stopped.
A role holds `DATA/run/<role>.lock` while it lives, so that a successor waits for it and never writes beside it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .errors import ConflictError, UnreachableError


def alive(pid: int) -> bool:
    """Whether a process of this machine exists and is not a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    with contextlib.suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return True


def write(data: Path, content: dict[str, Any], name: str = "run.json") -> None:
    """Replace a run file, whole or not at all."""
    path = data / name
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    with os.fdopen(os.open(temporary, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as out:
        json.dump(content, out)
    temporary.replace(path)


def read(data: Path, name: str = "run.json") -> dict[str, Any] | None:
    """A run file's content; None when it is not there, or is none."""
    try:
        found = json.loads((data / name).read_bytes())
    except (FileNotFoundError, ValueError):  # ValueError: not JSON, or not even text
        return None
    return found if isinstance(found, dict) else None


def running(data: Path) -> dict[str, Any] | None:
    """run.json of a service whose supervisor lives; None when nothing runs here."""
    found = read(data)
    return found if found and type(found.get("pid")) is int and found["pid"] > 0 and alive(found["pid"]) else None


@contextlib.contextmanager
def only_one(data: Path, name: str = "lock", wait_s: float = 0.0) -> Iterator[None]:
    """Hold a lock file of the data folder; raises ConflictError when another process still holds it after `wait_s`."""
    path = data / name
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + wait_s
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise ConflictError(
                        f"the data folder {data} is in use", "`sensing status` tells by whom; `sensing down` stops it"
                    ) from None
                time.sleep(0.05)
        yield
    finally:
        os.close(handle)


def leave_with_parent() -> None:
    """End this process when the one that started it is gone, so that a killed supervisor leaves nothing behind."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(0)

    threading.Thread(target=watch, daemon=True, name="parent-watch").start()


def wait_for(data: Path, name: str, pid: int, timeout_s: float) -> dict[str, Any]:
    """A role's own run file, once the process `pid` has written it; raises UnreachableError when it does not."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        found = read(data, name)
        if found and found.get("pid") == pid:
            return found
        if not alive(pid):
            break
        time.sleep(0.02)
    role = Path(name).stem
    raise UnreachableError(f"{role} did not start: {_last_words(data / 'logs' / f'{role}.log')}", f"its log is {data / 'logs'}")


def _last_words(log: Path) -> str:
    """The last line of a log."""
    with contextlib.suppress(OSError, IndexError):
        return log.read_text("utf-8", "replace").strip().splitlines()[-1][:300]
    return "it said nothing"
