"""record: keep what arrives in a file, from the running service or from a broker."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from .root import EPILOG, data_folder

app = typer.Typer()
_IDLE_S = 0.2


@app.command(epilog=EPILOG)
def record(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What to write: zstd-compressed lines of JSON")],
    lasts: Annotated[str | None, typer.Option("--for", metavar="TIME", help="Stop after 90s, 10m, 2h")] = None,
    source: Annotated[
        str | None, typer.Option("--from", metavar="mqtt://HOST", help="From this broker instead of the service")
    ] = None,
    topic: Annotated[list[str] | None, typer.Option(metavar="FILTER", help="With --from: what to subscribe to")] = None,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="Begin with what the log has kept since then")] = None,
    run: Annotated[str | None, typer.Option(metavar="RUN", help="What a run sent, and no more")] = None,
) -> None:
    """录制。Write every frame that arrives to a file, with its time and topic, until Ctrl-C or --for. `sensing replay` plays it.

    Ctrl-C leaves a whole file. Keys and passwords are never in it; what devices sent is, as they sent it.

    Example: `sensing record flood.zst --for 1h`
    """
    from sensing import app as root
    from sensing import times

    from .output import show_one, talk
    from .words import say

    until = _until(times.parse_duration(lasts) if lasts else None)
    about = {"from": source or "log", "since": since, "run": run, "started": times.rfc3339(times.now())}
    with root.recorder(file, {name: value for name, value in about.items() if value}) as out:
        talk(say("recording", path=file))
        if source:
            _from_broker(source, topic or ["sensing/v1/+/+/up"], out, until)
        else:
            _from_log(out, since, run, until)
        count = out.frames
    show_one({"file": str(file), "frames": count})


def _until(lasts: int | None) -> Callable[[], bool]:
    """Whether it is over: the time is, or somebody said so."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    deadline = None if lasts is None else time.monotonic() + lasts / 1e6
    return lambda: stop.is_set() or (deadline is not None and time.monotonic() >= deadline)


def _from_log(out: Any, since: str | None, run: str | None, until: Callable[[], bool]) -> None:
    from sensing import app as root
    from sensing import recordings, times
    from sensing.errors import NotFoundError

    data = data_folder()
    if not (data / "log.db").is_file():
        raise NotFoundError(f"there is no log in {data}", "`sensing up` starts the service; --data names its folder")
    begin = times.since(since, times.now()) if since else None
    with recordings.introductions(root.open_registry, data) as known:
        recordings.follow(data, out, lambda name: out.gateway_of(name, *known(name)), since=begin, run=run, until=until)


def _from_broker(url: str, filters: list[str], out: Any, until: Callable[[], bool]) -> None:
    """Subscribe and write; QoS 1, so that what the broker has is what we get."""
    from paho.mqtt.client import Client
    from paho.mqtt.enums import CallbackAPIVersion

    from sensing import app as root
    from sensing import times
    from sensing.errors import UnreachableError

    target, password = root.broker(url)
    refused: list[str] = []
    client = Client(CallbackAPIVersion.VERSION2)
    if target.username:
        client.username_pw_set(target.username, password)
    if target.tls is not None:
        client.tls_set_context(target.tls)

    def connected(client: Any, _data: Any, _flags: Any, code: Any, _properties: Any) -> None:
        if code.is_failure:
            refused.append(str(code))
        else:
            client.subscribe([(topic, 1) for topic in filters])

    client.on_connect = connected
    client.on_message = lambda _client, _data, message: out.frame(times.now(), message.topic, message.payload, message.qos)
    try:
        client.connect(target.host, target.port)
    except OSError as error:
        raise UnreachableError(f"{url}: {error}", "is the broker there?") from None
    while not until():
        broken = client.loop(_IDLE_S)
        if refused:
            raise UnreachableError(f"{url}: {refused[0]}", "name the user in the URL; the password is SENSING_MQTT_PASSWORD")
        if broken:
            time.sleep(_IDLE_S)
            with contextlib.suppress(OSError):  # it is away for a while
                client.reconnect()
    client.disconnect()
