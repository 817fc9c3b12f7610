"""The web role as a process, and the same app without one."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType

import uvicorn
from starlette.applications import Starlette

from sensing import logs, runfile, settings
from sensing.errors import UnreachableError, ValidationError
from sensing.metrics import Metrics
from sensing.ports import Adapter
from sensing.registry import Registry
from sensing.settings import Http
from sensing.things import ThingType
from sensing.work import Work

from .app import make
from .caps import Writing
from .desk import Desk
from .publisher import OverMqtt, Straight
from .shift import Keeping

_log = logs.get("web")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_GRACE_S = 3


def run(data: Path, registry: Registry, adapters: Mapping[str, Adapter], types: Mapping[str, ThingType]) -> None:
    """Serve until a signal. Raises ValidationError when it would speak in clear to a network, UnreachableError when the port is taken."""
    loaded = settings.load(data).settings
    guard_plain(loaded.http)
    publish = OverMqtt(data, registry.internal_credential())
    desk = Desk(data, loaded, registry, adapters, types, publish, Metrics())
    writing, keeping = Writing(desk), Keeping(desk)
    try:
        listening = _listen(loaded.http)
        if loaded.cap.enabled:
            writing.start()
        keeping.start()
        asyncio.run(_serve(desk, listening))
    finally:
        writing.stop()
        keeping.stop()
        desk.close()


def offline(
    data: Path, registry: Registry, adapters: Mapping[str, Adapter], types: Mapping[str, ThingType], make_work: Callable[[], Work]
) -> Starlette:
    """The app for commands while nothing runs: what would go to the door goes straight to the log and is worked at once."""
    loaded = settings.load(data).settings
    return make(Desk(data, loaded, registry, adapters, types, Straight(data, make_work), Metrics()))


def guard_plain(http: Http) -> None:
    """Refuse to serve tokens in clear outside this machine. Raises ValidationError."""
    if http.host not in _LOOPBACK and not http.tls_cert and not http.insecure_plain:
        raise ValidationError(
            f"http.host {http.host} would carry tokens in clear",
            "set http.tls_cert and http.tls_key, or http.insecure_plain = true",
        )


async def _serve(desk: Desk, listening: socket.socket) -> None:
    http = desk.settings.http
    config = uvicorn.Config(
        make(desk), log_level="warning", access_log=False, server_header=False, date_header=True, lifespan="off",
        timeout_graceful_shutdown=_GRACE_S, ssl_certfile=http.tls_cert, ssl_keyfile=http.tls_key, backlog=512,
        timeout_keep_alive=30, h11_max_incomplete_event_size=32_768, ws="none",
    )  # fmt: skip
    server = _Server(config, desk)
    port = listening.getsockname()[1]
    scheme = "https" if http.tls_cert else "http"
    shown = f"[{http.host}]" if ":" in http.host else http.host
    runfile.write(desk.data, {"pid": os.getpid(), "port": port, "url": f"{scheme}://{shown}:{port}"}, "run/web.json")
    beating = asyncio.create_task(_beat(desk))
    for number in (signal.SIGTERM, signal.SIGINT):  # uvicorn puts its own in, and on leaving calls what was there before
        signal.signal(number, lambda *_: None)
    try:
        await server.serve([listening])
    finally:
        beating.cancel()


class _Server(uvicorn.Server):
    """Lets streams go at the first sign of leaving: uvicorn alone would wait for them."""

    def __init__(self, config: uvicorn.Config, desk: Desk) -> None:
        super().__init__(config)
        self._desk = desk

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._desk.closing = True
        super().handle_exit(sig, frame)


async def _beat(desk: Desk) -> None:
    """Numbers for /metrics, each second."""
    while True:
        with contextlib.suppress(OSError):
            desk.metrics.set("sensing_stream_readers", desk.followers)
            desk.metrics.write(desk.data / "run" / "web.prom")
        await asyncio.sleep(1.0)


def _listen(http: Http) -> socket.socket:
    family = socket.AF_INET6 if ":" in http.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # else asyncio leaves TCP_NODELAY off
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((http.host, http.port))
    except OSError as error:
        listening.close()
        raise UnreachableError(
            f"{http.host}:{http.port} cannot be listened on: {error.strerror}", "choose another --http-port"
        ) from None
    listening.listen(512)
    return listening
