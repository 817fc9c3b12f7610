"""The composition root: the only file that sees everything. Each function puts one role together and runs it.

python -m sensing.app ROLE DATA      ROLE is door, work or web; `sensing up` starts them (supervisor.py)
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import adapters as adapter_folder

from . import logs, runfile, settings, worker
from .framelog.sqlite import SqliteLog
from .metrics import Metrics
from .paths import config_dir
from .ports import Adapter
from .registry import Registry, RegistryDirectory, bootstrap
from .store.sqlite import SqliteStore
from .things import ThingType, load_types
from .work import Work

if TYPE_CHECKING:
    from starlette.applications import Starlette

_WAIT_S = 30.0
"""How long a role waits for its predecessor to let go of its files."""


@cache
def adapters() -> Mapping[str, Adapter]:
    """The adapters of `adapters/`, by name."""
    return adapter_folder.discover()


def types(data: Path) -> dict[str, ThingType]:
    """Thing types: those that ship, under those of the site (`DATA/things/*.toml`)."""
    return load_types(config_dir() / "things", data / "things")


def open_registry(data: Path) -> Registry:
    """The registry for writing; the first time it makes `admin.token`."""
    return bootstrap(data, types(data))


def make_work(data: Path, metrics: Metrics | None = None) -> Work:
    """A worker over a data folder."""
    return Work(
        SqliteLog(data / "log.db", write=False), SqliteStore(data / "store.db"), adapters(),
        RegistryDirectory(data / "registry.db", types(data)), settings.load(data).settings, metrics or Metrics(),
    )  # fmt: skip


def prepare(data: Path) -> None:
    """Make the files that roles expect to find, so that they may start in any order."""
    open_registry(data).close()
    SqliteLog(data / "log.db").close()
    SqliteStore(data / "store.db").close()


def run_door(data: Path) -> None:
    """The door role until a signal: MQTT in, log.db, replies out."""
    from .doorway import Doorway

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        doorway = Doorway(data, settings.load(data).settings, frozenset(adapters()))
        await doorway.run(stop)

    asyncio.run(main())


def run_work(data: Path) -> None:
    """The work role until a signal."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    work = make_work(data)
    runfile.write(data, {"pid": os.getpid()}, "run/work.json")
    worker.run(work, settings.load(data).settings, stop, data / "run" / "work.prom")
    work.store.close()


def run_web(data: Path) -> None:
    """The web role until a signal."""
    from .web import serve

    serve.run(data, open_registry(data), adapters(), types(data))


def offline_app(data: Path) -> Starlette:
    """The web role's app in this process, for commands when nothing runs. The caller holds `DATA/lock`.

    Commands are appended to the log and worked off before it answers: the same path, without the sockets.
    """
    from .web import serve

    prepare(data)
    return serve.offline(data, open_registry(data), adapters(), types(data), lambda: make_work(data))


_ROLES: dict[str, Callable[[Path], None]] = {"door": run_door, "work": run_work, "web": run_web}


def main(arguments: list[str] | None = None) -> None:
    """Run one role."""
    role, folder = arguments or sys.argv[1:]
    data = Path(folder)
    logs.setup(role)
    runfile.leave_with_parent()
    with runfile.only_one(data, f"run/{role}.lock", _WAIT_S):
        _ROLES[role](data)


def up(data: Path, **options: Any) -> None:
    """Start the service on this machine and keep it running; options as `sensing.service.up`."""
    from . import service

    service.up(data, prepare=prepare, registry=open_registry, fleet=_demo_fleet, **options)


def _demo_fleet(devices: int) -> Any:
    from simulators.fleet import demo_devices

    return demo_devices(seed=7, n_devices=devices)


if __name__ == "__main__":
    main()
