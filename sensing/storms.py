"""A run of a storm, or of a recording, from the first word to the last: cast, credentials, the player's process, what befalls the service, the end.

    roster   the player's process says who will speak                  play   it sends; it tells how far it is, and gives cues
    enrol    credentials of this run, devices, what ships declare      end    work has caught up; credentials end; the truth is closed

Whatever happens in between, a run ends: its credentials are revoked, its processes are gone, its files can be read. When nothing runs in the
data folder, the service is started for the run and stopped after it.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import Struct

from . import runfile, service, times, vias
from .agents import declare
from .audit import Actor
from .errors import Exit, NotFoundError, SensingError, TimedOutError, ValidationError
from .framelog.sqlite import SqliteLog
from .registry import Registry
from .registry.casts import enrol
from .store.opening import open_reader
from .strikes import Stage

_ACTOR = Actor("storm")
_END_S = 60.0
_CATCH_UP_S = 3600.0


class Told(Struct):
    """How a run stands. phase: `cast`, `play`, `work` or `end`. time: virtual µs; sent: acknowledged; behind: frames that work has yet to read."""

    phase: str
    begin: int = 0
    end: int = 0
    time: int = 0
    sent: int = 0
    taken: int = 0
    behind: int = 0
    ratio: float = 0.0


class Outcome(Struct):
    """What a run was. seconds: real, of playing and of the whole until work had caught up; ratio: virtual to real time, of the whole."""

    run: str
    storm: str
    whole: bool
    begin: int
    end: int
    sent: int
    taken: int
    lost_connections: int
    play_s: float
    whole_s: float
    ratio: float
    strikes: list[dict[str, Any]]


Tell = Callable[[Told], None]
Open = Callable[[Path], Registry]


class Via(NamedTuple):
    """Somebody else's broker that a storm goes through: its URL, where it listens, and the run that the service marks its frames with."""

    url: str
    host: str
    port: int
    run: str


def run(
    data: Path,
    words: Sequence[str],
    open_registry: Open,
    tell: Tell,
    *,
    speed: str,
    record: Path | None = None,
    via: Via | None = None,
) -> Outcome:
    """Play a storm. words: what simulators.storm is told of it (--storm, --seed, --devices ...). Raises what its parts raise.

    KeyboardInterrupt ends the run properly and is raised again.
    """
    tell(Told("cast"))
    roster = cast(words)
    title, named = str(roster["storm"]), via.run if via else None
    with serving(data) as about, playing(data, open_registry, roster, "simulated", title, named) as (name, credentials):
        declare(data, about, name, roster)
        truth, mqtt = data / "truth" / name, about["mqtt"]
        line = [
            *words, "--host", str(mqtt["host"]), "--port", str(mqtt["port"]), "--run", name, "--credentials", str(credentials),
            "--speed", speed, "--truth", str(truth), *(("--record", str(record)) if record else ()), *(("--via", via.url) if via else ()),
        ]  # fmt: skip
        return _follow(data, ["-m", "simulators.storm", *line], name, roster, tell, via=via)


def replay(data: Path, file: str, words: Sequence[str], open_registry: Open, tell: Tell) -> Outcome:
    """Play a recording to ourselves, as a run of its own. words: --speed, --retime. Raises what its parts raise."""
    tell(Told("cast"))
    roster = cast([file], "simulators.replay")
    if not roster["gateways"]:
        raise ValidationError(
            f"{file}: none of its {roster['foreign']} frames is on a topic of ours", "play it to a broker (--to)"
        )
    with serving(data) as about, playing(data, open_registry, roster, "replayed", str(roster["storm"])) as (name, credentials):
        mqtt = about["mqtt"]
        line = [
            file, *words, "--host", str(mqtt["host"]), "--port", str(mqtt["port"]), "--run", name, "--credentials", str(credentials)
        ]  # fmt: skip
        return _follow(data, ["-m", "simulators.replay", *line], name, roster, tell)


def replay_to(data: Path, file: str, words: Sequence[str], tell: Tell) -> Outcome:
    """Play a recording to a broker. words: --to and the others."""
    roster = cast([file], "simulators.replay")
    return _follow(data, ["-m", "simulators.replay", file, *words], "", roster, tell, ours=False)


def cast(words: Sequence[str], player: str = "simulators.storm") -> dict[str, Any]:
    """Who will speak in a storm or a recording. Raises the error that the words deserve."""
    done = subprocess.run([sys.executable, "-m", player, *words, "--roster"], capture_output=True, text=True, check=False)
    found = _line(done.stdout.strip().splitlines()[-1] if done.stdout.strip() else "")
    if done.returncode or "gateways" not in found:
        raise _error(found, done.stderr)
    return found


def new_id(name: str) -> str:
    """A run's id, as nobody else will have it: what, when, and chance."""
    stem = "".join(sign if sign.isalnum() and sign.isascii() else "-" for sign in name.lower())[:36].strip("-") or "run"
    return f"{stem}-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(2)}"


@contextlib.contextmanager
def serving(data: Path) -> Iterator[Mapping[str, Any]]:
    """run.json of the service; when none runs here, one that runs for as long as this lasts, on free ports."""
    found = runfile.running(data)
    if found is not None:
        yield found
        return
    try:
        service.detach(data, ["--mqtt-port", "0", "--http-port", "0"])
        yield runfile.running(data) or {}
    finally:
        with contextlib.suppress(NotFoundError):
            service.down(data)


@contextlib.contextmanager
def playing(
    data: Path, open_registry: Open, roster: Mapping[str, Any], origin: str, title: str, name: str | None = None
) -> Iterator[tuple[str, Path]]:
    """A run of its own for a roster: its id, and the file with the passwords of its gateways. Afterwards it has ended.

    name: the run's id; a new one otherwise. Raises ConflictError for one that was there before.
    """
    name = name or new_id(title)
    credentials = data / "run" / f"{name}.json"
    registry = open_registry(data)
    try:
        try:
            passwords = enrol(registry, name, origin, title, roster["gateways"], roster["devices"], _ACTOR)
            runfile.write(data, passwords, f"run/{name}.json")
            yield name, credentials
        finally:
            credentials.unlink(missing_ok=True)
            with contextlib.suppress(NotFoundError):
                registry.end_run(name, actor=_ACTOR)
    finally:
        registry.close()


def _follow(
    data: Path, line: Sequence[str], name: str, roster: Mapping[str, Any], tell: Tell, *, ours: bool = True, via: Via | None = None,
) -> Outcome:  # fmt: skip
    """Start the player's process, pass on what it tells, and wait until work has stored what it sent."""
    told = Told("play", int(roster["begin"]), int(roster["end"]), int(roster["begin"]))
    began = time.monotonic()
    place = log_head(data) if via else 0
    (data / "logs").mkdir(parents=True, exist_ok=True)
    with (data / "logs" / "storm.log").open("ab") as log:
        player = subprocess.Popen(
            [sys.executable, *line], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True
        )
    stage, done = Stage(data, player, (via.host, via.port) if via else None), dict[str, Any]()
    try:
        done = _hear(player, stage, told, tell, began)
        played = time.monotonic() - began
        stage.settle()
        _stop(player, ended=bool(done))
        if via and done.get("whole"):
            vias.drained(data, name, set(roster["gateways"]), place, lambda _waiting: tell(told))
        if ours:
            told.phase, told.time = "work", told.end if done.get("whole") else told.time
            catch_up(data, told, tell)
    finally:
        if player.returncode is None:
            _stop(player)
    if player.returncode or not done:
        raise _error(done, f"its log is {data / 'logs' / 'storm.log'}")
    whole = time.monotonic() - began
    span = (int(roster["end"] if done["whole"] else done["time"]) - int(roster["begin"])) / times.SECOND
    return Outcome(
        name, str(roster["storm"]), bool(done["whole"]), int(roster["begin"]), int(roster["end"]), done["sent"], done["taken"],
        done["lost_connections"], round(played, 3), round(whole, 3), round(max(0.0, span) / whole, 1), stage.strikes,
    )  # fmt: skip


def _hear(player: subprocess.Popen[str], stage: Stage, told: Told, tell: Tell, began: float) -> dict[str, Any]:
    """The player's lines until its last; returns that."""
    last: dict[str, Any] = {}
    assert player.stdout is not None
    for text in player.stdout:
        line = _line(text)
        if "cue" in line:
            stage.strike(line["cue"], int(line["time"]))
        elif "done" in line or "error" in line:
            last = line
            break
        elif line.get("time"):
            told.time, told.sent, told.taken = line["time"], line["sent"], line["taken"]
            told.ratio = (told.time - told.begin) / times.SECOND / max(0.001, time.monotonic() - began)
            tell(told)
    return last


def log_head(data: Path) -> int:
    """The place of the newest frame in the log."""
    log = SqliteLog(data / "log.db", write=False)
    try:
        return log.head()
    finally:
        log.close()


def catch_up(data: Path, told: Told, tell: Tell, timeout_s: float = _CATCH_UP_S) -> None:
    """Wait until work has read all that is in the log now. Raises TimedOutError."""
    log = SqliteLog(data / "log.db", write=False)
    store = open_reader(data)
    try:
        head, deadline = log.head(), time.monotonic() + timeout_s
        while (place := store.place()) < head:
            told.behind = head - place
            tell(told)
            if time.monotonic() > deadline:
                raise TimedOutError(f"work is still {told.behind} frames behind", "`sensing status`, and the log of work")
            time.sleep(0.1)
        told.behind = 0
        tell(told)
    finally:
        log.close()
        store.close()


def _stop(player: subprocess.Popen[str], *, ended: bool = False) -> None:
    """Ask it to end, unless it is about to, so that its files are whole; when it does not, make it."""
    try:
        if player.poll() is None and not ended:
            player.terminate()
        player.communicate(timeout=_END_S)  # what it still has to say must not hold it up
    except subprocess.TimeoutExpired:
        player.kill()
        player.communicate()


def _line(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


class StormError(SensingError):
    """The player's process said why it cannot play."""


def _error(told: Mapping[str, Any], more: str) -> SensingError:
    what = str(told.get("error") or "the storm's process ended without a word")
    error = StormError(what, str(told.get("hint") or more.strip()[-300:]))
    error.exit_code = Exit(int(told.get("code", Exit.UNEXPECTED)))
    return error
