"""The composition root: the only file that sees everything. Each function puts one role together and runs it.

python -m sensing.app ROLE DATA      ROLE is door, work, lake, web, export or alerts; `sensing up` starts them (supervisor.py)
"""

from __future__ import annotations

import asyncio
import contextlib
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
from .aside import step_aside
from .framelog.sqlite import SqliteLog
from .metrics import Metrics
from .paths import config_dir
from .ports import Adapter
from .registry import Registry, RegistryDirectory, Where, bootstrap, located
from .store.opening import open_reader, open_store
from .things import ThingType, check_settings, load_types
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
    """Thing types: those that ship, under those of the site (`DATA/things/*.toml`), which their adapters must be able to read.

    Raises ValidationError naming file and field.
    """
    own = sorted(path.stem for path in (data / "things").glob("*.toml"))
    found = load_types(config_dir() / "things", data / "things")
    if own:
        check_settings([found[name] for name in own], adapters())
    return found


def open_registry(data: Path) -> Registry:
    """The registry for writing; the first time it makes `admin.token`."""
    return bootstrap(data, types(data), where=registry_at(data))


def registry_at(data: Path) -> Where:
    """Where the registry of a data folder is. Raises ValidationError."""
    return located(data, settings.load(data).settings.registry)


def make_work(data: Path, metrics: Metrics | None = None) -> Work:
    """A worker over a data folder."""
    chosen = settings.load(data).settings
    return Work(
        SqliteLog(data / "log.db", write=False), open_store(data, chosen), adapters(),
        RegistryDirectory(registry_at(data), types(data)), chosen, metrics or Metrics(),
    )  # fmt: skip


def prepare(data: Path) -> None:
    """Make the files that roles expect to find, so that they may start in any order."""
    open_registry(data).close()
    SqliteLog(data / "log.db").close()
    open_store(data, settings.load(data).settings).close()


def run_door(data: Path) -> None:
    """The door role until a signal: MQTT in, log.db, replies out."""
    from .doorway import Doorway

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        doorway = Doorway(data, settings.load(data).settings, frozenset(adapters()), _domain(data))
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


def run_lake(data: Path) -> None:
    """The lake role until a signal: rested observations into Parquet files, and worked frames into the archive."""
    import pyarrow as pa

    from .framelog import archive_role
    from .store.lake import role

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    runfile.write(data, {"pid": os.getpid()}, "run/lake.json")
    step_aside()
    pa.set_cpu_count(1)  # with `turn`: at most one core, so that of two the other is the door's and work's
    turn = threading.Lock()
    archiving = threading.Thread(target=archive_role.run, args=(data, settings.load(data).settings, stop, turn), daemon=True)
    archiving.start()
    chosen = settings.load(data).settings
    if chosen.store.url:
        stop.wait()  # a database seals nothing: frames are all that is archived
    else:
        role.run(data / "store.db", chosen, _domain(data), stop, data / "run" / "lake.prom", turn)
    archiving.join(10)


def _domain(data: Path) -> Callable[[str], str]:
    """Finds the domain of a thing: the registry's, its type's when it enrolled itself, else ""."""
    from sqlalchemy import select

    from .registry.database import Database
    from .registry.schema import things

    database, kinds = Database(registry_at(data)), types(data)

    def domain(thing: str) -> str:
        with database.read() as connection:
            registered = connection.execute(select(things.c.domain).where(things.c.id == thing)).scalar()
        if registered:
            return str(registered)
        with contextlib.closing(open_reader(data)) as store:
            enrolled = store.enrolled(thing)
        kind = kinds.get(enrolled[0]) if enrolled else None
        return str(kind.domain) if kind else ""

    return domain


def run_export(data: Path) -> None:
    """The export role until a signal: what is stored, handed on to the targets of the settings."""
    from .export.role import Exporter

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    exporter = Exporter(data, settings.load(data).settings, types(data), stop)
    runfile.write(data, {"pid": os.getpid()}, "run/export.json")
    exporter.run()


def run_alerts(data: Path) -> None:
    """The alerts role until a signal: events told to the targets of the settings."""
    from .alerts.role import Alerting

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    alerting = Alerting(data, settings.load(data).settings, stop)
    runfile.write(data, {"pid": os.getpid()}, "run/alerts.json")
    alerting.run()


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


_ROLES: dict[str, Callable[[Path], None]] = {
    "door": run_door, "work": run_work, "lake": run_lake, "web": run_web, "export": run_export,
    "alerts": run_alerts,
}  # fmt: skip


def main(arguments: list[str] | None = None) -> None:
    """Run one role."""
    role, folder = arguments or sys.argv[1:]
    data = Path(folder)
    logs.setup(role)
    runfile.leave_with_parent()
    with runfile.only_one(data, f"run/{role}.lock", _WAIT_S):
        _ROLES[role](data)


def shelf() -> Any:
    """The scenarios of storms: `listed`, `shown`, `new`, `resolved` (simulators.shelf)."""
    from simulators import shelf as found

    return found


def recorder(path: Path, about: Mapping[str, Any]) -> Any:
    """What writes a recording (simulators.record)."""
    from simulators.record import Recorder

    return Recorder(path, about)


def opened_recording(path: Path) -> Any:
    """The lines of a recording, unpacked (simulators.record)."""
    from simulators.record import opened

    return opened(path)


def broker(url: str) -> Any:
    """A broker's target and password, of a URL (simulators.brokers). Raises UsageError."""
    from simulators.brokers import broker as found

    return found(url)


def score_run(data: Path, run: str, report: Path | None, bounds: Path | None) -> tuple[dict[str, Any], list[str]]:
    """The score of a run and which bounds of a file it fails; writes its report. Raises NotFoundError without a truth, UsageError."""
    from simulators.score import failures, read_bounds, score
    from simulators.truth import mark

    from . import vias
    from .store.evidence import Evidence

    wanted = read_bounds(bounds) if bounds else []
    evidence: Any = Evidence(open_reader(data), run)
    try:
        result = score(evidence, data / "truth" / run, report, lambda: vias.arrived(data, run, mark))
    finally:
        evidence.close()
    return result, failures(result, wanted)


def check_bounds(bounds: Path) -> None:
    """Whether a file of bounds can be read, before hours are spent. Raises UsageError."""
    from simulators.score import read_bounds

    read_bounds(bounds)


def up(data: Path, **options: Any) -> None:
    """Start the service on this machine and keep it running; options as `sensing.service.up`."""
    from . import service, storms

    service.up(data, prepare=prepare, registry=open_registry, cast=storms.cast, **options)


if __name__ == "__main__":
    main()
