"""One run of a storm, a process of its own: story, city, ships, faults, truth, clocks, player.

    python -m simulators.storm --storm NAME [--track F] [--seed S] [--devices N] ... --roster            who will speak, as JSON
    python -m simulators.storm ... --port 1883 --run RUN --credentials FILE [--speed X] [--truth DIR]     play until the end or a signal

Lines on stdout, JSON: {"at": ..., "time": µs, "sent": ...} now and then, {"cue": "door-kill", "time": µs} for whoever can do it, {"done": true,
...} at last. Lines on stdin are what befell the service, for the truth. Passwords come from a file of mode 0600, {gateway: password}. SIGTERM and
SIGINT end it quietly, with all files readable; so does the end of the process that started it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sensing import times, topics
from sensing.errors import SensingError
from sensing.model import Micros

from .brokers import broker
from .cast import LEAD, VESSELS_SHARE, Cast
from .clock import Clock
from .faults import Break
from .line import RefusedError
from .player import Cue, Played, Target, play
from .record import Recorder
from .said import Sent
from .truth import Nothing, TruthFile

_TELL_S = 0.5
_TOLD_S = 90.0


class Run:
    """A cast on its way."""

    def __init__(self, cast: Cast, passwords: Mapping[str, str]) -> None:
        self.cast = cast
        self.passwords, self.target = passwords, Target(cast.given.host, cast.given.port)
        if cast.given.via:
            self.target, password = broker(cast.given.via)
            self.passwords = dict.fromkeys(passwords, password)
        self.played = Played()
        self._open = 0
        given = cast.given
        about = cast.about()
        self.truth: TruthFile | None = (
            TruthFile(
                given.truth,
                {"run": given.run, "speed": str(given.speed), "via": given.via or "", "scenario": about["storm"], **about},
                marks=bool(given.via),
            )
            if given.truth
            else None
        )
        self.recorder = Recorder(given.record, {"from": "storm", **about}, live=False) if given.record else None

    async def play(self) -> None:
        """Send everything. Raises RefusedError."""
        given, stop = self.cast.given, asyncio.Event()
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, stop.set)
        clock = Clock(self.cast.begin + LEAD if given.now else self.cast.begin, given.speed)
        around = [asyncio.create_task(stop_when_orphaned(stop)), asyncio.create_task(self._tell_often())]
        if not given.now:
            loop.add_reader(sys.stdin.fileno(), self._hear)
        try:
            await play(
                self.target, self._recorded(), clock, self.passwords, run=given.run, stop=stop,
                adapters=self.cast.adapters(), now_s=time.time if given.now else time.monotonic, played=self.played,
                on_cue=self._cue,
            )  # fmt: skip
            await self._until_told(stop)
            if given.via and not stop.is_set():
                await self._last_words(stop)
        finally:
            for task in around:
                task.cancel()
        self.finish(whole=not stop.is_set())

    async def _last_words(self, stop: asyncio.Event) -> None:
        """Through somebody else's broker: what each gateway says last, so that whoever fetches knows that it has everything."""
        frames = [last_word(self.cast.end, name) for name in sorted(self.passwords)]
        await play(
            self.target, frames, Clock(self.cast.end), self.passwords, run=f"{self.cast.given.run}-last", stop=stop, tick=None
        )

    def finish(self, *, whole: bool) -> None:
        """Close files and say how it went."""
        if self.recorder is not None:
            self.recorder.close()
        if self.truth is not None:
            checked = self.cast.checked() if whole else ()
            self.truth.close(None if whole else self.played.time, acked=self.played.sent, checks=checked)
        tell({"done": True, "whole": whole, **asdict(self.played)})

    def _recorded(self) -> Iterator[Sent | Break | Cue]:
        frames = self.cast.frames(self.truth or Nothing())
        if self.recorder is None:
            return frames
        return _written(frames, self.recorder)

    async def _tell_often(self) -> None:
        while not self.cast.given.now:
            tell({"at": "play", **asdict(self.played)})
            await asyncio.sleep(_TELL_S)

    def _cue(self, cue: Cue) -> None:
        self._open += 1
        tell({"cue": cue.what, "time": cue.time})

    async def _until_told(self, stop: asyncio.Event) -> None:
        """Wait for what the last cues brought about: the truth is not whole without it."""
        for _ in range(int(_TOLD_S / _TELL_S)):
            if self._open <= 0 or stop.is_set():
                return
            await asyncio.sleep(_TELL_S)

    def _hear(self) -> None:
        """A line about what befell the service."""
        line = sys.stdin.readline()
        self._open = self._open - 1 if line else 0
        if not line:
            asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        elif self.truth is not None:
            with contextlib.suppress(ValueError, OSError):
                told = json.loads(line)
                self.truth.service(told.pop("kind"), **told)


def _written(frames: Iterable[Sent | Break | Cue], recorder: Recorder) -> Iterator[Sent | Break | Cue]:
    for frame in frames:
        if isinstance(frame, Sent):
            recorder.frame(frame.time, frame.topic, frame.payload)
        yield frame


def last_word(time: Micros, gateway: str) -> Sent:
    """A clock frame that is marked as the last one (sensing.topics)."""
    return Sent(time, gateway, topics.up("clock", gateway), b'{"time":%d,"%b":true}' % (time, topics.LAST_WORD.encode()))


async def stop_when_orphaned(stop: asyncio.Event) -> None:
    parent = os.getppid()
    while os.getppid() == parent:  # noqa: ASYNC110 nothing tells us of it
        await asyncio.sleep(1.0)
    stop.set()


def tell(line: Mapping[str, Any]) -> None:
    """A line on stdout; nobody there to read it is no reason to stop."""
    with contextlib.suppress(BrokenPipeError):
        print(json.dumps(line), flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Play; the exit code is 0 when it ended or was stopped, 2 when the words do not fit, 5 when the door does not let us in."""
    given = _parser().parse_args(arguments)
    try:
        cast = Cast(given)
        if given.roster:
            tell(cast.roster())
            return 0
        run = Run(cast, _passwords(given.credentials, sorted(cast.adapters())))
        asyncio.run(run.play())
    except RefusedError as error:
        tell({"error": str(error), "hint": "was the run ended meanwhile?", "code": 5})
        return 5
    except SensingError as error:
        tell({"error": error.what, "hint": error.hint, "code": int(error.exit_code)})
        return int(error.exit_code)
    except (OSError, ValueError) as error:
        tell({"error": str(error), "hint": "", "code": 2})
        print(f"the storm cannot start: {error}", file=sys.stderr)
        return 2
    return 0


def _passwords(path: Path, gateways: Sequence[str]) -> dict[str, str]:
    """The password of each gateway. Raises OSError, ValueError."""
    found = json.loads(path.read_text("utf-8"))
    missing = [name for name in gateways if not isinstance(found, dict) or not isinstance(found.get(name), str)]
    if missing:
        raise ValueError(f"{path}: no password for {', '.join(missing)}")
    return {name: found[name] for name in gateways}


def _speed(text: str) -> float:
    return float("inf") if text == "max" else float(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulators.storm", description="A city under a storm, in its own protocols.")
    parser.add_argument("--storm", required=True, help="name of a scenario, or path of its file")
    parser.add_argument("--track", help="another best track")
    parser.add_argument("--seed", type=int, help="of everything that chance decides; the scenario's own otherwise")
    parser.add_argument("--devices", type=int, default=2500, help="how many, ships left out")
    parser.add_argument("--vessels", type=int, help=f"how many ships; one for {VESSELS_SHARE} devices otherwise")
    parser.add_argument("--faults", default="none", help="what goes wrong")
    parser.add_argument("--without", action="append", default=[], help="a device that is not there")
    parser.add_argument("--delay", action="append", default=[], help="a way that is slower: mqtt=40m")
    parser.add_argument("--for", dest="lasts", type=times.parse_duration, help="virtual time to play")
    parser.add_argument("--now", action="store_true", help="begin an hour ago, or shortly before landfall, as a demo")
    parser.add_argument("--roster", action="store_true", help="say who will speak, and end")
    parser.add_argument("--host", default="127.0.0.1", help="where the door listens")
    parser.add_argument("--port", type=int, default=1883, help="its port")
    parser.add_argument("--via", help="send to this broker of somebody else's instead: mqtt://USER@HOST:PORT")
    parser.add_argument("--run", default="storm", help="the run's id, which goes into client ids")
    parser.add_argument("--credentials", type=Path, help="JSON file of passwords by gateway, mode 0600")
    parser.add_argument("--speed", type=_speed, default=1.0, help='virtual seconds in a real one, or "max"')
    parser.add_argument("--truth", type=Path, help="folder for the truth of this run")
    parser.add_argument("--record", type=Path, help="file for a recording of what is sent")
    return parser


if __name__ == "__main__":
    sys.exit(main())
