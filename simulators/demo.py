"""The process behind `sensing up --demo`: the fleet, the clock, the player, until somebody says stop.

    python -m simulators.demo --port 1883 --run demo-... --credentials FILE [--host H] [--seed N] [--speed X] [--devices N] [--every MIN]

Passwords come from a file of mode 0600, {gateway: password}, never from the command line. SIGTERM and SIGINT end it quietly, and
so does the end of the process that started it. Faster than 1, device time runs ahead of the wall; the run's own clock goes with it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from sensing import times

from .clock import Clock
from .fleet import Fleet, demo_fleet
from .player import Target, play
from .reports import frames, with_time

EVERY_MIN = 1
"""The finest that SL 651 tells apart: someone is watching."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Play until stopped; the exit code is 0 then, and 2 when the words do not fit."""
    given = _parser().parse_args(arguments)
    try:
        fleet = demo_fleet(given.seed, given.devices, given.every)
        clock = Clock(times.now(), given.speed)
        credentials = _passwords(given.credentials, fleet.gateways)
    except (OSError, ValueError) as error:
        print(f"the demo cannot start: {error}", file=sys.stderr)
        return 2
    asyncio.run(_until_stopped(Target(given.host, given.port), fleet, clock, credentials, given.run))
    return 0


def _passwords(path: Path, gateways: Sequence[str]) -> dict[str, str]:
    """The password of each gateway. Raises OSError, ValueError."""
    found = json.loads(path.read_text("utf-8"))
    missing = [name for name in gateways if not isinstance(found, dict) or not isinstance(found.get(name), str)]
    if missing:
        raise ValueError(f"{path}: no password for {', '.join(missing)}")
    return {name: found[name] for name in gateways}


async def _until_stopped(target: Target, fleet: Fleet, clock: Clock, credentials: dict[str, str], run: str) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    watching = asyncio.create_task(_stop_when_orphaned(stop))
    # wall time: after a laptop has slept, the gauges catch up with what they have not sent
    sent = frames(fleet, clock) if clock.speed == 1 else with_time(frames(fleet, clock))
    await play(target, sent, clock, credentials, run=run, stop=stop, now_s=time.time)
    watching.cancel()


async def _stop_when_orphaned(stop: asyncio.Event) -> None:
    parent = os.getppid()
    while os.getppid() == parent:  # noqa: ASYNC110 nothing tells us of it
        await asyncio.sleep(1.0)
    stop.set()


def _speed(text: str) -> float:
    return float("inf") if text == "max" else float(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m simulators.demo", description="Simulated river and tide gauges that speak SL 651."
    )
    parser.add_argument("--host", default="127.0.0.1", help="where the door listens")
    parser.add_argument("--port", type=int, required=True, help="its port")
    parser.add_argument("--run", required=True, help="the run's id, which goes into client ids")
    parser.add_argument("--credentials", type=Path, required=True, help="JSON file of passwords by gateway, mode 0600")
    parser.add_argument("--seed", type=int, default=7, help="of everything that chance decides")
    parser.add_argument("--speed", type=_speed, default=1.0, help='virtual seconds in a real one, or "max"')
    parser.add_argument("--devices", type=int, default=50, help="how many gauges")
    parser.add_argument("--every", type=int, default=EVERY_MIN, help="minutes between a gauge's reports")
    return parser


if __name__ == "__main__":
    sys.exit(main())
