"""How the service is: alive, ready, balanced, how fast, how far behind; and every role's numbers for Prometheus."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any

from starlette.responses import Response

from sensing import __version__, disk, ledger, runfile, times
from sensing.errors import SensingError
from sensing.export.book import BookReader
from sensing.export.progress import progress
from sensing.framelog.sqlite import SqliteLog
from sensing.store import opening
from sensing.store.reader import StoreReader

from .answers import Answer
from .ask import Ask
from .desk import Desk

ROLES = ("door", "work", "web")
_STALE_S = 15.0
"""A role writes its numbers each second; one that has not for so long does not answer."""
_RATE_S = 10
_RECENT = 2 * times.HOUR
_RECENT_EVERY_S = 1.0
_WHOLE_EVERY_S = 60.0
_AGAIN_S = 5.0
_SAMPLE = re.compile(r"([a-zA-Z_:][\w:]*)(\{.*\})? (\S+)")


def health(desk: Desk, _ask: Ask) -> dict[str, Any]:
    """This process answers; which roles live."""
    return {"status": "up", "version": __version__, "roles": {each["role"]: each["alive"] for each in processes(desk)}}


def ready(desk: Desk, _ask: Ask) -> Answer:
    """Whether frames are taken in, worked and shown, and every one of them is accounted for."""
    lacking = [role for role in ROLES if not _answers(desk, role)]
    balance = None
    try:
        balance = balance_of(desk).look()
    except SensingError:
        lacking.append("store")
    fine = not lacking and balance is True
    return Answer({"ready": fine, "lacking": lacking, "balanced": balance}, 200 if fine else 503)


def status(desk: Desk, _ask: Ask) -> dict[str, Any]:
    """The contract's `status -o json`, and how far the log is, what was refused, which runs there are."""
    about = desk.about()
    mqtt = about.get("mqtt") or {}
    with desk.stores.take() as store, desk.logs.take() as log:
        place, head = store.place(), log.head()
        rate, lag = _pace(log, place, head)
        refused = sum(log.refusals().values())
    state = ready(desk, _ask).data
    return {
        "ready": state["ready"],
        "lacking": state["lacking"],
        "processes": processes(desk),
        "mqtt": f"mqtt://{mqtt['host']}:{mqtt['port']}" if mqtt else None,
        "mqtts": f"mqtts://{mqtt['host']}:{mqtt['tls_port']}" if mqtt.get("tls_port") else None,
        "http": about.get("http") or None,
        "ingest_rate": rate,
        "lag_ms": lag,
        "balanced": state["balanced"],
        "log_head": head,
        "place": place,
        "refused": refused,
        "store": opening.kind(desk.settings),
        "disk": space(desk),
        "exports": exports(desk),
        "run": about.get("demo_run") or None,
        "runs": [run.id for run in desk.registry.list_runs() if run.ended is None],
        "started": about.get("started"),
        "version": __version__,
    }


def space(desk: Desk) -> dict[str, Any]:
    """How full the disk of the data folder is, as the door last judged it: `level` is fine, warn, pause or full."""
    room = disk.measure(desk.data)
    told = desk.data / "run" / "door.prom"
    judged = _number(told, "sensing_disk_level") if (_age_s(told) or 0.0) < _STALE_S else None
    level = disk.level(room, desk.settings.disk) if judged is None else disk.Level(int(judged))
    return {"level": level.name.lower(), "used_percent": round(room.percent, 1), "free": room.free}


def _number(path: Path, name: str) -> float | None:
    """A number that a role wrote for /metrics; None when it wrote none."""
    with contextlib.suppress(OSError, ValueError):
        for line in path.read_text("utf-8").splitlines():
            if line.startswith(name + " "):
                return float(line.split(" ")[1])
    return None


def exports(desk: Desk) -> list[dict[str, Any]]:
    """How far each target of `export` is; none when nothing was ever exported."""
    if not (desk.data / "export.db").exists():
        return []
    book = BookReader(desk.data / "export.db")
    try:
        with desk.stores.take() as store:
            return progress(book, store, times.now())
    finally:
        book.close()


def processes(desk: Desk) -> list[dict[str, Any]]:
    """Role, pid and whether it lives, of each process in run.json."""
    roles: Mapping[str, int] = desk.about().get("roles") or {}
    return [{"role": role, "pid": pid, "alive": bool(pid) and runfile.alive(pid)} for role, pid in roles.items()]


class Balance:
    """Whether the ledger balances: its last two hours at most once a second, the whole of it once a minute."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = Lock()
        self._recent = self._whole = True
        self._recent_at = self._whole_at = -_WHOLE_EVERY_S

    def look(self) -> bool:
        """Raises UnreachableError while there is no store."""
        with self._lock, self._desk.stores.take() as store:
            now = time.monotonic()
            if now - self._recent_at >= _RECENT_EVERY_S:
                self._recent = bool(store.ledger(since=times.now() - _RECENT)["balanced"])
                self._recent_at = now
            if now - self._whole_at >= (_WHOLE_EVERY_S if self._whole else _AGAIN_S):
                self._whole = bool(store.ledger()["balanced"]) and _all_taken(store)
                self._whole_at = now
            return self._recent and self._whole


def balance_of(desk: Desk) -> Balance:
    if not isinstance(desk.balance, Balance):
        desk.balance = Balance(desk)
    return desk.balance


def _all_taken(store: StoreReader) -> bool:
    """Whether every frame that work has passed was counted. Work may commit between the two looks: then look again."""
    for _ in range(5):
        before, taken, after = store.place(), store.taken(), store.place()
        if before == after:
            return before == taken
    return True


def _answers(desk: Desk, role: str) -> bool:
    pid = (desk.about().get("roles") or {}).get(role, 0)
    if not pid or not runfile.alive(pid):
        return False
    return role == "web" or (_age_s(desk.data / "run" / f"{role}.prom") or 0.0) < _STALE_S


def _pace(log: SqliteLog, place: int, head: int) -> tuple[float, float]:
    """Devices' frames a second over the last ten, and how long the oldest frame that waits for work has waited, ms."""
    now = times.now()
    rate = log.count(log.place_at(now - _RATE_S * times.SECOND), ledger.HOUSE) / _RATE_S
    waiting = log.get(max(place + 1, log.tail())) if head > place else None
    return rate, max(0.0, (now - waiting.received) / 1000) if waiting else 0.0


def _age_s(path: Path) -> float | None:
    try:
        return max(0.0, time.time() - path.stat().st_mtime)
    except FileNotFoundError:
        return None


def metrics(desk: Desk, _ask: Ask) -> Response:
    """Every role's numbers with a label `role`, and how old they are."""
    desk.metrics.set("sensing_stream_readers", desk.followers)
    desk.metrics.write(desk.data / "run" / "web.prom")
    families: dict[str, tuple[str, list[str]]] = {}
    ages = []
    for path in sorted((desk.data / "run").glob("*.prom")):
        ages.append(f'sensing_role_age_seconds{{role="{path.stem}"}} {_age_s(path) or 0.0:.1f}')
        _join(path.read_text("utf-8"), path.stem, families)
    lines = [line for _, (kind, samples) in sorted(families.items()) for line in (kind, *samples)]
    text = "\n".join([*lines, "# TYPE sensing_role_age_seconds gauge", *ages]) + "\n"
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")


def _join(text: str, role: str, families: dict[str, tuple[str, list[str]]]) -> None:
    """Add one role's samples to the families of all: a family is told once, whoever has samples of it."""
    kinds = {line.split(" ")[2]: line for line in text.splitlines() if line.startswith("# TYPE ")}
    for line in text.splitlines():
        found = _SAMPLE.fullmatch(line)
        if found is None:
            continue
        name, labels, value = found.groups()
        inside = f'{{role="{role}"' + (f",{labels[1:-1]}}}" if labels else "}")
        family = families.setdefault(name, (kinds.get(name, f"# TYPE {name} gauge"), []))
        family[1].append(f"{name}{inside} {value}")
