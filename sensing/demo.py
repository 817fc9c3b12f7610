"""The demo: one storm, played again and again, each time as a run of its own (docs/decisions/0026).

The cast is asked for and registered once. When a run has played out, the supervisor asks for the next: the old one ends, the gateways get
credentials of the new one, `run.json` names it, and then its player starts. So whoever follows the demo knows of a run before its first row.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import drills, runfile
from .access import Role
from .agents import declare
from .audit import Actor
from .registry import Registry
from .registry.casts import enrol
from .supervisor import Supervisor

GUEST = "demo"
"""Whom the demo's one-time link signs in: nobody's password does."""
REST_S = 10.0
"""How long the end of a storm is shown before it begins anew."""
Cast = Callable[[Sequence[str]], Mapping[str, Any]]
"""Who will speak in a storm, by the words of its player: `gateways` (id to kind), `devices` (registration fields), what ships declare."""
_ACTOR = Actor("demo")
_CREDENTIALS = "run/demo-credentials.json"


class Demo:
    """One storm in one data folder. words: of its player; speed: virtual seconds in a real one."""

    def __init__(
        self, supervisor: Supervisor, registry: Callable[[Path], Registry], cast: Cast, words: Sequence[str], speed: float
    ) -> None:
        self._supervisor = supervisor
        self._registry = registry
        self._words = (*words, "--speed", f"{speed:g}")
        self._roster = cast(words)

    def start(self) -> None:
        """Begin the first run, and the next whenever one has played out. Raises SensingError."""
        self._supervisor.add("simulator", self.next_run(), again=self.next_run, rest_s=REST_S)
        self._supervisor.announce()

    def next_run(self) -> list[str]:
        """End the run before, make one with a name of its own; returns the command of its player. Raises SensingError."""
        supervisor, run = self._supervisor, drills.named(time.time())
        registry = self._registry(supervisor.data)
        try:
            for earlier in registry.list_runs():
                if drills.is_drill(earlier.id) and earlier.ended is None:
                    registry.end_run(earlier.id, actor=_ACTOR)
            registry.ensure_guest(GUEST, Role.ADMIN, actor=_ACTOR)
            cast = self._roster
            passwords = enrol(registry, run, "simulated", str(cast["storm"]), cast["gateways"], cast["devices"], _ACTOR)
        finally:
            registry.close()
        runfile.write(supervisor.data, passwords, _CREDENTIALS)
        about = supervisor.announce(demo_run=run)
        declare(supervisor.data, about, run, self._roster)
        mqtt: Any = about["mqtt"]
        return [
            "-m", "simulators.storm", *self._words, "--host", str(mqtt["host"]), "--port", str(mqtt["port"]), "--run", run,
            "--credentials", str(supervisor.data / _CREDENTIALS),
        ]  # fmt: skip
