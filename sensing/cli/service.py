"""up, status, down, version: the service as a whole."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from .root import EPILOG, Quick, data_folder

app = typer.Typer()
_DRILL_S = 90.0
_STATUS = ("ready", "processes", "mqtt", "http", "ingest_rate", "lag_ms", "balanced", "disk", "exports")


@app.command(epilog=EPILOG)
def up(
    demo: Annotated[bool, typer.Option("--demo", help="With a simulated city, marked as a drill")] = False,
    storm: Annotated[str | None, typer.Option(metavar="NAME", help="With --demo: which storm (`storm list`)")] = None,
    speed: Annotated[float, typer.Option(min=0.1, help="How much faster than the clock the demo runs")] = 1.0,
    devices: Annotated[int, typer.Option(min=1, max=100_000, help="Devices of the demo")] = 50,
    seed: Annotated[int | None, typer.Option(help="Of all chance in the demo")] = None,
    mqtt_port: Annotated[int | None, typer.Option(min=0, max=65535, help="MQTT port; 0 takes a free one")] = None,
    http_port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port of pages and API; 0 takes a free one")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on; anything but loopback needs TLS")] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Come back to the prompt when it is ready")] = False,
) -> None:
    """启动服务。Start the service and keep it running: MQTT door, work, web, and a simulated city with --demo.

    Ctrl-C, or `sensing down` from elsewhere, stops it. What is acknowledged is on disk before and after.

    Example: `sensing up --demo --http-port 8081`
    """
    from sensing import app as root
    from sensing import service
    from sensing.errors import UsageError

    from .output import talk
    from .words import say

    if storm is not None and not demo:
        raise UsageError(f"--storm {storm} without --demo", "`sensing up --demo --storm NAME`, or `sensing storm run NAME`")
    data = data_folder()
    storm = root.shelf().resolved(data, storm) if storm else service.DEMO_STORM
    talk(say("starting", data=data))
    if detach:
        given = {
            "--speed": speed,
            "--devices": devices,
            "--seed": seed,
            "--mqtt-port": mqtt_port,
            "--http-port": http_port,
            "--host": host,
        }
        words = [word for name, value in given.items() if value is not None for word in (name, str(value))]
        service.detach(data, [*words, *(["--demo", "--storm", storm] if demo else [])])
        _until_drill(data, wanted=demo)
        _welcome(data)
        return
    live = _Live(data, wanted=demo)
    try:
        root.up(
            data, demo=demo, storm=storm, speed=speed, devices=devices, seed=seed, mqtt_port=mqtt_port, http_port=http_port, host=host, on_ready=live.show
        )  # fmt: skip
    finally:
        live.close()
    talk(say("stopped"))


@app.command(epilog=EPILOG)
def status() -> None:
    """运行状态。Say whether the service is ready, which processes live, how fast it takes in, and whether the ledger balances.

    Ends with 5 when nothing runs in the data folder or the service does not answer.

    Example: `sensing status -o json`
    """
    from sensing.errors import Exit, UnreachableError

    from .client import connect
    from .output import complain

    data = data_folder()
    try:
        with connect(data, network=True) as client:
            _show_status(client.get("/api/status"))
    except UnreachableError as error:
        _show_status(_silent(data))
        complain(error.what, error.hint)
        raise typer.Exit(int(Exit.UNREACHABLE)) from None


@app.command(epilog=EPILOG)
def down() -> None:
    """停止服务。Stop the service of the data folder and wait until it has stopped. Ends with 4 when nothing runs there.

    Example: `sensing down`
    """
    from sensing import service

    from .output import talk
    from .words import say

    pid = service.down(data_folder())
    talk(say("stopped_pid", pid=pid))


@app.command(cls=Quick, epilog=EPILOG)
def version() -> None:
    """版本。Print the version of this program.

    Example: `sensing version`
    """
    from sensing import __version__

    from .output import show_one, write
    from .root import everywhere

    if everywhere().output in {"auto", "table"}:
        write(f"sensing {__version__}\n")
    else:
        show_one({"version": __version__})


class _Live:
    """What somebody at a terminal sees once it is ready: where things are and, in the demo, the gauges' own reports."""

    def __init__(self, data: Path, *, wanted: bool) -> None:
        self._data = data
        self._wanted = wanted and sys.stdout.isatty()
        self._tail: subprocess.Popen[bytes] | None = None

    def show(self, _about: Mapping[str, Any]) -> None:
        _welcome(self._data)
        if self._wanted:
            self._tail = subprocess.Popen([sys.executable, "-m", "sensing", "--data", str(self._data), "tail", "--since", "1m"])

    def close(self) -> None:
        if self._tail is not None:
            self._tail.terminate()
            self._tail.wait()


def _until_drill(data: Path, *, wanted: bool) -> None:
    """The demo's run is known a moment after the service is ready."""
    import time

    from sensing import runfile

    deadline = time.monotonic() + _DRILL_S
    while wanted and time.monotonic() < deadline and not (runfile.running(data) or {"demo_run": "gone"}).get("demo_run"):
        time.sleep(0.05)


def _welcome(data: Path) -> None:
    """What a person needs now: links, ports, how to look."""
    from sensing import runfile

    from .output import talk
    from .words import say

    about = runfile.read(data) or {}
    mqtt = about.get("mqtt") or {}
    broker = f"mqtt://{mqtt.get('host')}:{mqtt.get('port')}"
    talk(say("ready"))
    folder = "" if str(data) == "data" else f" --data {data}"
    _way_in(data, about, folder)
    talk(f"  MQTT: {broker}" + (f" · TLS {mqtt['tls_port']}" if mqtt.get("tls_port") else ""))
    if about.get("demo_run"):
        talk(f"  {say('drill', run=about['demo_run'])}")
    talk(f"  {say('look')}: sensing{folder} tail · sensing{folder} status · sensing{folder} device list")


def _way_in(data: Path, about: Mapping[str, Any], folder: str) -> None:
    """Where the pages are: in the demo a link that opens them, else how people come to sign in."""
    from sensing.errors import SensingError

    from .output import talk
    from .words import say

    http = about.get("http")
    if not about.get("demo_run"):
        talk(f"  {say('api')}: {http}")
        talk(f"  {say('sign_in_how')}: sensing{folder} user add NAME --role admin · sensing{folder} user link NAME")
        return
    from sensing.service import GUEST

    from .client import connect

    try:
        with connect(data, {}, network=True) as client:  # this service, wherever else SENSING_URL leads
            path = client.post(f"/api/users/{GUEST}/link")["path"]
    except SensingError as error:  # the service runs all the same
        talk(f"  {say('api')}: {http} ({error.what})")
        return
    talk(f"  {say('demo_link')}:\n    {http}{path}")
    talk(f"  {say('demo_again')}: sensing{folder} user link {GUEST}")


def _export(each: Mapping[str, Any]) -> str:
    """One target in a line: what it does, how far behind, and what needs a person."""
    from .words import phrase, say

    told = [
        phrase("export", each["state"] or "waiting"),
        say("export_lag", s=f"{each['lag_s']:g}"),
        say("export_points", n=each["points"]),
    ]
    told += [say(f"export_{name}", n=each[name]) for name in ("dead", "needs_rewrite") if each[name]]
    return " · ".join([*told, *([each["reason"]] if each["reason"] else [])])


def _silent(data: Path) -> dict[str, Any]:
    """The status of a service that does not answer, from what it left in the folder."""
    from sensing import runfile

    about = runfile.read(data) or {}
    roles: Mapping[str, int] = about.get("roles") or {}
    processes = [{"role": role, "pid": pid, "alive": bool(pid) and runfile.alive(int(pid))} for role, pid in roles.items()]
    mqtt = about.get("mqtt") or {}
    return {
        "ready": False, "processes": processes, "mqtt": f"mqtt://{mqtt['host']}:{mqtt['port']}" if mqtt else None, "http": about.get("http") or None, "ingest_rate": None,
        "lag_ms": None, "balanced": None,
    }  # fmt: skip


def _show_status(answer: Mapping[str, Any]) -> None:
    from .output import block, cell, layout, show_one
    from .words import phrase

    if layout() != "table":
        show_one(answer, _STATUS)
        return
    shown = {name: answer.get(name) for name in _STATUS if name not in {"processes", "disk", "exports"}}
    if (space := answer.get("disk")) is not None:
        shown["disk"] = f"{phrase('disk', space['level'])} {space['used_percent']:g} %, {space['free'] / 1e9:.1f} GB"
    for each in answer.get("exports") or ():
        shown[f"  export {each['name']}"] = _export(each)
    for each in answer.get("processes") or ():
        shown[f"  {each['role']}"] = f"{cell('alive', bool(each['alive']))} (pid {each['pid']})"
    block(shown)
