"""Real traffic once more: a recording, or a plain capture, to ourselves as a run of its own, or to any broker.

    python -m simulators.replay FILE --roster                                       who will speak, as JSON
    python -m simulators.replay FILE --port 1883 --run RUN --credentials FILE        to ourselves: each gateway under its own name
    python -m simulators.replay FILE --to mqtt://USER@HOST:PORT                      to a broker, on the topics as recorded; password: SENSING_MQTT_PASSWORD

Bytes are never changed. What the recording says of time becomes the run's clock, or with --retime now the same from now on; a frame that
states its own time keeps it. Lines on stdout are those of simulators.storm.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sensing import times, topics
from sensing.errors import NotFoundError, SensingError, ValidationError
from sensing.model import Micros
from sensing.paths import config_dir
from sensing.times import SECOND

from .brokers import broker
from .captures import ENDINGS, Capture
from .cast import KINDS
from .clock import Clock
from .line import CLOCKS, RefusedError, Target
from .player import Played, play
from .record import Entry, Gateway, Recording
from .said import Sent
from .storm import stop_when_orphaned, tell

_ONE = "replay"
"""The one line to somebody else's broker."""
_TELL_S = 0.5


class Replay:
    """What a file holds. gateways: id to kind. devices: registration fields. foreign: frames whose topic is nobody's here."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.gateways: dict[str, str] = {}
        self.devices: list[dict[str, Any]] = []
        self.adapters: dict[str, set[str]] = {}
        self.begin: Micros = 0
        self.end: Micros = 0
        self.frames = self.foreign = 0
        self.entries: Callable[[], Iterator[Entry]]
        self.tells_time = False
        if path.suffix in ENDINGS:
            capture = Capture(path)
            self.devices, self.entries = capture.devices, capture.frames
        else:
            recording = Recording(path)
            self.entries = recording.frames
            for one in recording.entries():
                if isinstance(one, Gateway):
                    self.gateways[one.id] = one.kind
                    self.devices += [{**form, "principal": one.id, "note": "replayed"} for form in one.devices]
        self._look()

    def _look(self) -> None:
        """Who speaks, from when to when."""
        stated = dict(self.gateways)
        self.gateways = {}
        for entry in self.entries():
            topic = topics.parse(entry.topic)
            if topic is None:
                self.foreign += 1
                continue
            self.tells_time = self.tells_time or topic.adapter == "clock"
            if topic.principal not in self.adapters:
                self.adapters[topic.principal] = set()
            self.adapters[topic.principal].add(topic.adapter)
            self.begin = min(self.begin or entry.t, entry.t)
            self.end = max(self.end, entry.t)
            self.frames += 1
        for name, spoken in sorted(self.adapters.items()):
            self.gateways[name] = stated.get(name) or next((KINDS[each] for each in sorted(spoken) if each in KINDS), "gateway")
        if not self.frames and not self.foreign:
            raise ValidationError(f"{self.path} holds no frame", "is it the right file?")

    def roster(self) -> dict[str, Any]:
        """As simulators.storm says it."""
        return {
            "storm": self.path.stem, "begin": self.begin, "end": self.end, "frames": self.frames, "foreign": self.foreign,
            "gateways": self.gateways, "devices": [form for form in self.devices if form["principal"] in self.gateways],
        }  # fmt: skip

    def sent(self, shift: Micros, *, one_line: bool) -> Iterator[Sent]:
        """Its frames, later by `shift`."""
        for entry in self.entries():
            gateway = _ONE if one_line else getattr(topics.parse(entry.topic), "principal", "")
            if gateway and not (shift and entry.topic.startswith(CLOCKS)):
                yield Sent(entry.t + shift, gateway, entry.topic, entry.payload)


def found(name: str) -> Path:
    """A file by its path, or a shipped example by its name. Raises NotFoundError."""
    path = Path(name)
    if path.is_file():
        return path
    folder = config_dir() / "replays"
    shipped = {each.stem: each for each in folder.iterdir() if each.suffix in ENDINGS} if folder.is_dir() else {}
    if path.stem in shipped and path.suffix in ("", shipped[path.stem].suffix) and path.parent == Path():
        return shipped[path.stem]
    raise NotFoundError(f"{name}: no such file, and no example of that name", f"examples are {', '.join(sorted(shipped))}")


async def _play(replay: Replay, given: argparse.Namespace) -> None:
    stop, played = asyncio.Event(), Played()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    around = [asyncio.create_task(stop_when_orphaned(stop)), asyncio.create_task(_tell_often(played))]
    shift = times.now() - replay.begin if given.retime else 0
    clock = Clock(replay.begin + shift, given.speed)
    try:
        if given.to:
            target, password = broker(given.to)
            tick, passwords, adapters = None, {_ONE: password}, {}
        else:
            target = Target(given.host, given.port)
            tick = None if replay.tells_time and not shift else SECOND
            passwords, adapters = json.loads(given.credentials.read_text("utf-8")), replay.adapters
        await play(
            target, replay.sent(shift, one_line=bool(given.to)), clock, passwords, run=given.run, stop=stop, adapters=adapters,
            tick=tick, played=played,
        )  # fmt: skip
    finally:
        for task in around:
            task.cancel()
    tell({"done": True, "whole": not stop.is_set(), **asdict(played)})


async def _tell_often(played: Played) -> None:
    while True:
        tell({"at": "play", **asdict(played)})
        await asyncio.sleep(_TELL_S)


def main(arguments: Sequence[str] | None = None) -> int:
    """Play; exit codes as those of simulators.storm."""
    given = _parser().parse_args(arguments)
    try:
        replay = Replay(found(given.file))
        if given.roster:
            tell(replay.roster())
            return 0
        asyncio.run(_play(replay, given))
    except RefusedError as error:
        tell({"error": str(error), "hint": "name the user in the URL; the password is SENSING_MQTT_PASSWORD", "code": 5})
        return 5
    except SensingError as error:
        tell({"error": error.what, "hint": error.hint, "code": int(error.exit_code)})
        return int(error.exit_code)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulators.replay", description="Real traffic once more.")
    parser.add_argument("file", help="a recording, a capture, or an example's name")
    parser.add_argument("--roster", action="store_true", help="say who will speak, and end")
    parser.add_argument("--host", default="127.0.0.1", help="where the door listens")
    parser.add_argument("--port", type=int, default=1883, help="its port")
    parser.add_argument("--run", default=f"replay-{os.getpid()}", help="the run's id, which goes into client ids")
    parser.add_argument("--credentials", type=Path, help="JSON file of passwords by gateway, mode 0600")
    parser.add_argument("--speed", type=lambda text: float("inf") if text == "max" else float(text), default=1.0, help='or "max"')
    parser.add_argument("--retime", choices=["now"], help="let the run's clock begin now")
    parser.add_argument("--to", help="a broker instead: mqtt://USER@HOST:PORT")
    return parser


if __name__ == "__main__":
    sys.exit(main())
