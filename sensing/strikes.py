"""What befalls the service itself in a drill: its roles are killed, its disk is filled; and how long it took until it stood again.

Each is carried out when the player says that its virtual time has come, on a thread of its own, of one kind one at a time. What came of it is told
back to the player, which writes it into the truth.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import runfile, times
from .errors import SensingError, TimedOutError, UnreachableError
from .framelog.sqlite import SqliteLog

_RECOVER_S = 60.0
_SMALL_DISK = 2 << 30
"""A file system larger than this is not filled on purpose."""
_FULL_S = 3.0


class Stage:
    """A data folder's service and the player's process. strikes: what was done, each {kind, at, wall, recovered_s or skipped}.

    broker: host and port of the broker between the gateways and us, None where there is none.
    """

    def __init__(self, data: Path, player: subprocess.Popen[str], broker: tuple[str, int] | None = None) -> None:
        self._data, self._player, self._broker = data, player, broker
        self._threads: list[threading.Thread] = []
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self.strikes: list[dict[str, Any]] = []

    def strike(self, kind: str, at: int) -> None:
        thread = threading.Thread(target=self._do, args=(kind, at), daemon=True)
        self._threads.append(thread)
        thread.start()

    def settle(self) -> None:
        """Wait until the service stands again."""
        for thread in self._threads:
            thread.join(2 * _RECOVER_S)

    def _do(self, kind: str, at: int) -> None:
        told: dict[str, Any] = {"kind": kind, "at": at, "wall": times.now()}
        with self._locks[kind]:  # two kills of one role at once would be one
            try:
                if kind in ("door-kill", "work-kill"):
                    told["recovered_s"] = round(self._kill(kind.partition("-")[0]), 3)
                elif kind == "disk-full":
                    told["recovered_s"] = round(self._fill(), 3)
                elif self._broker is None:
                    told["skipped"] = "no broker of others is between the gateways and the door"
                else:
                    told["recovered_s"] = round(_kill_listener(*self._broker), 3)
            except (OSError, SensingError) as error:
                told["skipped"] = str(error)
        self.strikes.append(told)
        with contextlib.suppress(OSError, ValueError):
            assert self._player.stdin is not None
            self._player.stdin.write(json.dumps(told) + "\n")
            self._player.stdin.flush()

    def _kill(self, role: str) -> float:
        """SIGKILL a role; returns the seconds until its successor stands."""
        pid = int((runfile.read(self._data) or {}).get("roles", {}).get(role) or 0)
        if not pid:
            raise UnreachableError(f"{role} does not run", "")
        os.kill(pid, signal.SIGKILL)
        began = time.monotonic()
        while time.monotonic() - began < _RECOVER_S:
            found = runfile.read(self._data, f"run/{role}.json") or {}
            if found.get("pid") not in (None, pid) and runfile.alive(int(found["pid"])):
                return time.monotonic() - began
            time.sleep(0.02)
        raise TimedOutError(f"{role} did not come back within {_RECOVER_S:g} s", "")

    def _fill(self) -> float:
        """Fill the data folder's disk for a while, only one of its own that is small; returns the seconds until frames are taken again."""
        disk = os.statvfs(self._data)
        if self._data.stat().st_dev == Path("/").stat().st_dev or disk.f_blocks * disk.f_frsize > _SMALL_DISK:
            raise UnreachableError("the data folder is not on a small disk of its own, and no other is filled on purpose", "")
        ballast = self._data / "storm-ballast"
        try:
            with ballast.open("wb", buffering=0) as out, contextlib.suppress(OSError):
                while out.write(bytes(1 << 16)):
                    pass
            time.sleep(_FULL_S)
        finally:
            ballast.unlink(missing_ok=True)
        began = time.monotonic()
        log = SqliteLog(self._data / "log.db", write=False)
        try:
            head = log.head()
            while log.head() == head:
                if time.monotonic() - began > _RECOVER_S:
                    raise TimedOutError(f"no frame was taken within {_RECOVER_S:g} s after the disk had room again", "")
                time.sleep(0.02)
        finally:
            log.close()
        return _FULL_S + time.monotonic() - began


def _kill_listener(host: str, port: int) -> float:
    """SIGKILL whoever listens on a port of this machine; returns the seconds until somebody listens there again.

    Whoever runs the broker starts it again. Raises UnreachableError where we do not see the process, TimedOutError when it stays away.
    """
    pid = listener(port) if host in ("localhost", "127.0.0.1", "::1") else None
    if pid is None:
        raise UnreachableError(f"we cannot see the process that listens on {host}:{port}", "")
    os.kill(pid, signal.SIGKILL)
    began = time.monotonic()
    while time.monotonic() - began < _RECOVER_S:
        if listener(port) not in (None, pid):
            return time.monotonic() - began
        time.sleep(0.02)
    raise TimedOutError(f"nobody listens on {host}:{port} again after {_RECOVER_S:g} s", "")


def listener(port: int) -> int | None:
    """The process of this machine that listens on a TCP port; None when there is none, or none that we may look into (Linux: proc(5))."""
    sockets = {f"socket:[{inode}]" for inode in _listening(port)}
    for folder in Path("/proc").glob("[0-9]*") if sockets else ():
        with contextlib.suppress(OSError):
            for link in (folder / "fd").iterdir():
                with contextlib.suppress(OSError):
                    if str(link.readlink()) in sockets:
                        return int(folder.name)
    return None


def _listening(port: int) -> Iterator[str]:
    """Inodes of the sockets that listen on a port."""
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in Path("/proc/net", table).read_text("ascii").splitlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                    yield fields[9]
