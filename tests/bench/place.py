"""Where a benchmark runs: a template of a data folder with a thousand registered devices, copies of it, and processes beside it."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sensing.registry import DeviceForm
from tests.bench import messages
from tests.faults.city import ROOT, TESTER, City

FAST = {"mqtt__max_rate": 10_000_000, "mqtt__max_burst": 100_000_000, "http__port": 0}
"""The rate limit of one principal is not what is measured."""


class Place:
    """A scratch folder on the disk under test; everything in it is gone at the end.

    quick: short and less exact. full: the registry at the size of a region. only: what the name of a case of the doors must have in it.
    """

    def __init__(self, folder: Path, *, quick: bool, only: str = "", full: bool = False) -> None:
        self.quick = quick
        self.only = only
        self.full = full
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = Path(tempfile.mkdtemp(prefix="bench-", dir=folder))
        self._passwords: dict[str, str] = {}

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def say(self, text: str) -> None:
        """A line of progress."""
        print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)

    def long(self, whole: Any, quick: Any) -> Any:
        """A size for the whole run, or for the quick one."""
        return quick if self.quick else whole

    @contextlib.contextmanager
    def city(self) -> Iterator[City]:
        """A data folder of its own with every device registered, roles not started; closed and deleted behind it."""
        self._template()
        data = Path(tempfile.mkdtemp(prefix="data-", dir=self.folder))
        shutil.copytree(self.folder / "template", data, dirs_exist_ok=True)
        city = City(data, 0, **FAST)
        city.passwords = self._passwords
        try:
            yield city
        finally:
            city.close()
            shutil.rmtree(data)

    def _template(self) -> None:
        if not self._passwords:
            self.say(f"registering {3 * messages.DEVICES} devices")
            city = City(self.folder / "template", messages.DEVICES)
            city.registry.register_devices([DeviceForm.read(form) for form in messages.forms()], actor=TESTER)
            self._passwords = city.passwords
            city.close()

    def load(self, city: City | None, port: int, form: str, connections: int, mode: str, **more: Any) -> dict[str, Any]:
        """Run the sender until it is done; see `load.py`."""
        return finish(self.start_load(city, port, form, connections, mode, **more))

    def start_load(
        self, city: City | None, port: int, form: str, connections: int, mode: str, **more: Any
    ) -> subprocess.Popen[str]:
        """Start the sender; `finish` waits for it."""
        spec = {"port": port, "form": form, "connections": connections, "mode": mode, **more}
        spec["passwords"] = city.passwords if city else {messages.principal(n): "-" for n in range(messages.DEVICES)}
        process = tool("load", stdin=subprocess.PIPE)
        assert process.stdin is not None
        process.stdin.write(json.dumps(spec))
        process.stdin.close()
        process.stdin = None
        return process


def tool(name: str, *arguments: object, **more: Any) -> subprocess.Popen[str]:
    """A process of this folder, its stdout a pipe of text."""
    line = [sys.executable, "-m", f"tests.bench.{name}", *map(str, arguments)]
    return subprocess.Popen(line, cwd=ROOT, text=True, stdout=subprocess.PIPE, **more)


def finish(process: subprocess.Popen[str], timeout_s: float = 300) -> dict[str, Any]:
    """What a tool printed last, as JSON. Raises RuntimeError when it failed."""
    try:
        out, _ = process.communicate(timeout=timeout_s)
    except BaseException:
        process.kill()
        process.wait()
        raise
    if process.returncode:
        raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    return found
