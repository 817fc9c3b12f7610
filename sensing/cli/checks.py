"""What `doctor` looks at. A check is a function that yields findings {check, ok, detail, remedy}; ok None is "cannot be known".

Nothing is written: it is safe while the service runs, and where it never ran.
"""

from __future__ import annotations

import os
import socket
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sensing import disk, runfile
from sensing.errors import SensingError
from sensing.settings import Settings, load

Finding = dict[str, Any]
_SQLITE = (3, 51, 3)
_LEAST_FREE = 1_000_000_000
_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs", "webdav"}
_YEARS = (2025, 2100)
_WARN_DAYS = 14
_FILES = ("log.db", "store.db", "registry.db", "export.db", "cap.db", "alerts.db")


def examine(data: Path) -> Iterator[Finding]:
    """Every check, in order; one that breaks is a finding itself."""
    from . import checks_access, checks_files

    yield from _guarded("python", python)
    yield from _guarded("sqlite", sqlite)
    try:
        settings = load(data).settings
        yield finding("settings", True, f"{data / 'config.toml'}" if (data / "config.toml").exists() else "defaults")
    except SensingError as error:
        yield finding("settings", False, error.what, error.hint)
        settings = Settings()
    yield from _guarded("folder", folder, data)
    yield from _guarded("secrets", secrets, data)
    yield from _guarded("owner", checks_access.access, data)
    yield from _guarded("space", space, data, settings)
    yield from _guarded("clock", clock, data)
    yield from _guarded("clock", checks_files.clocks, data)
    running = runfile.running(data)
    if running is None:
        yield from _guarded("ports", ports, settings)
    else:
        yield from _guarded("service", service, data)
    yield from _guarded("exposure", exposure, settings)
    yield from _guarded("certificates", certificates, settings)
    yield from _guarded("files", files, data)
    yield from _guarded("schemas", checks_files.schemas, data)
    yield from _guarded("journal", checks_files.registry_journal, data)
    yield from _guarded("lake", checks_files.lake, data)
    yield from _guarded("archive", checks_files.archive, data)
    yield from _guarded("leftovers", checks_files.leftovers, data)
    yield from _guarded("store", store, data, settings)
    yield from _guarded("brokers", brokers, settings)
    yield from _guarded("exports", exports, settings)


def finding(check: str, ok: bool | None, detail: str, remedy: str = "") -> Finding:
    """One line of the answer."""
    return {"check": check, "ok": ok, "detail": detail, "remedy": "" if ok else remedy}


def _guarded(name: str, check: Any, *given: Any) -> Iterator[Finding]:
    try:
        yield from check(*given)
    except SensingError as error:
        yield finding(name, False, error.what, error.hint)
    except Exception as error:  # noqa: BLE001 a check that breaks must not hide the ones after it
        yield finding(name, None, f"{type(error).__name__}: {error}", "this check could not run")


def python() -> Iterator[Finding]:
    """3.11 or newer."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    yield finding("python", sys.version_info >= (3, 11), version, "install Python 3.11 or newer, then `make setup`")


def sqlite() -> Iterator[Finding]:
    """The SQLite that apsw brings: older ones corrupt a WAL that several connections reset."""
    import apsw

    text = apsw.sqlite_lib_version()
    good = tuple(int(part) for part in text.split(".")) >= _SQLITE
    yield finding("sqlite", good, text, f"`make setup` installs an apsw with {'.'.join(map(str, _SQLITE))} or newer")


def folder(data: Path) -> Iterator[Finding]:
    """There, ours, writable, closed to others, on a local disk."""
    if not data.exists():
        above = next(path for path in data.absolute().parents if path.exists())
        writable = os.access(above, os.W_OK)
        yield finding("folder", writable, f"{data} will be made", f"{above} is not writable: name another folder with --data")
        return
    about = data.stat()
    if not os.access(data, os.W_OK | os.X_OK):
        yield finding("folder", False, f"{data} is not writable", "give it to the user that runs the service (chown)")
    elif about.st_mode & 0o077:
        who = "written by everybody" if about.st_mode & stat.S_IWOTH else "read by others"
        yield finding("folder", False, f"{data} can be {who}", f"chmod 700 {data}, or `sensing doctor --repair`")
    else:
        yield finding("folder", True, f"{data}, mode {stat.S_IMODE(about.st_mode):o}")
    kind = _file_system(data)
    if kind in _NETWORK:
        yield finding("disk", False, f"{data} is on {kind}", "use a local disk: a network share does not honour fsync")
    else:
        yield finding("disk", True if kind else None, kind or "file system unknown")


def _file_system(data: Path) -> str:
    try:
        mounts = [line.split() for line in Path("/proc/mounts").read_text("utf-8").splitlines()]
    except OSError:
        return ""
    home = data.resolve()
    above = [(len(mount[1]), mount[2]) for mount in mounts if home.is_relative_to(mount[1].replace("\\040", " "))]
    return max(above)[1] if above else ""


def secrets(data: Path) -> Iterator[Finding]:
    """Files that hold secrets are for their owner alone."""
    from .checks_access import open_to_others

    open_ones = open_to_others(data)
    if open_ones:
        names = " ".join(str(path) for path in open_ones)
        yield finding("secrets", False, f"others may read {names}", f"chmod 600 {names}, or `sensing doctor --repair`")
    else:
        yield finding("secrets", True, "0600")


def space(data: Path, settings: Settings) -> Iterator[Finding]:
    """Room on the disk: a full one acknowledges nothing."""
    room = disk.measure(data)
    found = disk.level(room, settings.disk)
    remedy = "make room: drills are held first, then nothing is acknowledged, and nothing is lost"
    said = f"{room.percent:.0f} % used, {room.free / 1e9:.1f} GB free" + (f": {found.name.lower()}" if found else "")
    fit = found < disk.Level.PAUSE and room.free >= _LEAST_FREE
    yield finding("space", (None if found else True) if fit else False, said, remedy)


def clock(data: Path) -> Iterator[Finding]:
    """A clock that was never set, or that has gone back behind what is already stored."""
    now = time.time()
    year = time.gmtime(now).tm_year
    remedy = "set the clock, and keep it so (`timedatectl set-ntp true`)"
    if not _YEARS[0] <= year <= _YEARS[1]:
        yield finding("clock", False, f"it is the year {year}", remedy)
        return
    ahead = max((path.stat().st_mtime - now for path in (data / name for name in _FILES) if path.exists()), default=0.0)
    if ahead > 60:
        yield finding("clock", False, f"files of the data folder are {ahead:.0f} s in the future", remedy)
    else:
        yield finding("clock", True, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)))


def ports(settings: Settings) -> Iterator[Finding]:
    """Free to listen on; only asked while nothing runs here."""
    for section, host, port in (
        ("mqtt", settings.mqtt.host, settings.mqtt.port),
        ("http", settings.http.host, settings.http.port),
    ):
        if port == 0:
            continue
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                yield finding(
                    "ports",
                    False,
                    f"{section} {host}:{port}: {error.strerror}",
                    f"stop what listens there, or set {section}.port",
                )
            else:
                yield finding("ports", True, f"{section} {host}:{port}")


def service(data: Path) -> Iterator[Finding]:
    """A running one: alive in all its parts, and balanced."""
    from .client import connect

    with connect(data, network=True) as client:
        status = client.get("/api/status")
    dead = [each["role"] for each in status["processes"] if not each["alive"]]
    yield finding("service", bool(status["ready"]) and not dead, "ready" if status["ready"] else f"not ready; dead: {', '.join(dead) or 'none'}",
                  f"read {data / 'logs'}")  # fmt: skip
    yield finding("ledger", bool(status["balanced"]), "balanced" if status["balanced"] else "not balanced",
                  "`sensing ledger --by hour`; a defect of ours: keep the data folder and tell us")  # fmt: skip


def exposure(settings: Settings) -> Iterator[Finding]:
    """Outside loopback only with TLS."""
    for section in ("mqtt", "http"):
        part = getattr(settings, section)
        if _is_loopback(part.host):
            yield finding("exposure", True, f"{section} on {part.host}")
        elif part.insecure_plain:
            yield finding("exposure", None, f"{section} on {part.host} without TLS, as {section}.insecure_plain allows",
                          f"set {section}.tls_cert and {section}.tls_key")  # fmt: skip
        else:
            yield finding(
                "exposure",
                bool(part.tls_cert and part.tls_key),
                f"{section} on {part.host}",
                f"set {section}.tls_cert and {section}.tls_key",
            )


def _is_loopback(host: str) -> bool:
    return host == "localhost" or host.startswith("127.") or host == "::1"


def certificates(settings: Settings) -> Iterator[Finding]:
    """Readable, and good for a while."""
    for section in ("mqtt", "http"):
        path = getattr(settings, section).tls_cert
        if path is not None:
            yield _certificate(section, Path(path))


def _certificate(section: str, path: Path) -> Finding:
    from datetime import UTC, datetime

    from cryptography import x509

    try:
        found = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        return finding("certificates", False, f"{section}.tls_cert {path}: {error}", "give a PEM file that the service may read")
    days = (found.not_valid_after_utc - datetime.now(UTC)).days
    return finding("certificates", days >= _WARN_DAYS, f"{section}: {days} days left", "renew it")


def files(data: Path) -> Iterator[Finding]:
    """SQLite's own quick_check of each database."""
    import apsw

    from sensing.sqlite import reader

    for name in _FILES:
        if not (data / name).exists():
            continue
        connection = reader(data / name)
        try:
            said = connection.execute("PRAGMA quick_check(1)").get
        except apsw.Error as error:
            said = str(error)
        finally:
            connection.close()
        yield finding("files", said == "ok", f"{name}: {said}", f"keep {data / name}, restore the last backup beside it")


def brokers(settings: Settings) -> Iterator[Finding]:
    """Brokers of other people: durable only when they keep our session and drop nothing."""
    if not settings.brokers:
        return
    from sensing.mqtt.probe import probe

    for broker in settings.brokers:
        for found in probe(broker):
            yield finding("brokers", found.ok, f"{broker.host}:{broker.port} {found.what}", found.remedy)


def store(data: Path, settings: Settings) -> Iterator[Finding]:
    """The database that nodes share: it answers, and knows our log."""
    if not settings.store.url:
        return
    from contextlib import closing

    from sensing.store.opening import open_reader

    with closing(open_reader(data, settings)) as reader:
        place = reader.place()
    yield finding("store", True, f"PostgreSQL answers, {place} frames of this log are in it")


def exports(settings: Settings) -> Iterator[Finding]:
    """Databases that everything is handed on to: there, with a token that only we can read."""
    from sensing.export.probe import probe

    for target in settings.export:
        ok, detail, remedy = probe(target)
        yield finding("exports", ok, f"{target.name}: {detail}", remedy)
