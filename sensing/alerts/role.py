"""The alerts role: a thread for each target, and their numbers for /metrics each second. It writes alerts.db and nothing else."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

import apsw

from sensing import logs
from sensing.errors import SensingError, ValidationError
from sensing.export.verdict import Verdict
from sensing.incidents import NOWHERE, Place
from sensing.metrics import Metrics
from sensing.query.known import UNKNOWN, fetch
from sensing.registry import located
from sensing.registry.database import Database
from sensing.settings import Alert, Settings
from sensing.store.opening import open_reader

from .book import AlertBook, Letter, targets
from .notify import Notifier
from .target import Target, Way
from .webhook import Webhook

_log = logs.get("alerts")
_REPORT_S = 1.0
_AGAIN_S = 5.0
_MODE = 0o077


class Alerting:
    """Every target of a data folder, until `stop` is set."""

    def __init__(self, data: Path, settings: Settings, stop: threading.Event) -> None:
        self._data, self._settings, self._stop = data, settings, stop
        self._metrics = Metrics()
        self._book = AlertBook(data / "alerts.db")

    def run(self) -> None:
        """Serve until `stop`."""
        threads = [threading.Thread(target=self._serve, args=(target,), name=target.name) for target in self._settings.alerts]
        for thread in threads:
            thread.start()
        while not self._stop.wait(_REPORT_S):
            with contextlib.suppress(OSError, apsw.Error):  # numbers can wait
                self._report()
        for thread in threads:
            thread.join()
        self._book.close()

    def _serve(self, target: Alert) -> None:
        while not self._stop.is_set():
            try:
                self._loop(target)
            except SensingError as error:
                _log.error("alerts_wait", target=target.name, reason=error.what, again_in_s=_AGAIN_S)
                self._stop.wait(_AGAIN_S)
            except Exception as error:  # noqa: BLE001 its text may hold what it was about
                _log.error("alerts_failed", target=target.name, error=type(error).__name__, again_in_s=_AGAIN_S)
                self._stop.wait(_AGAIN_S)

    def _loop(self, target: Alert) -> None:
        way = way_to(target)
        store, database = open_reader(self._data, self._settings), Database(located(self._data, self._settings.registry))

        def where(device: str) -> Place:
            with database.read() as connection:
                known = fetch(connection, [device])[device]
            return NOWHERE if known is UNKNOWN else Place(known.lon, known.lat, known.name, known.area)

        try:
            line = Target(target, store, way, self._book, where, self._stop, self._metrics, self._settings.timezone)
            while not self._stop.is_set():
                busy = line.gather()
                if not line.deliver() and not busy:
                    self._stop.wait(target.every_s)
        finally:
            database.close()
            store.close()

    def _report(self) -> None:
        for each in targets(self._data / "alerts.db"):
            for name in ("waiting", "dead"):
                self._metrics.set(f"sensing_alerts_{name}", each[name], target=each["name"])
        self._metrics.write(self._data / "run" / "alerts.prom")


def way_to(target: Alert) -> Way:
    """How messages of a target leave. Raises ValidationError when its URL or secret is not there."""
    url = (
        secret(target.url_env, target.url_file, f"alerts.{target.name}: url") if target.url_env or target.url_file else target.url
    )
    if target.kind == "apprise":
        notifier = Notifier(url)
        return lambda letter: notifier.send(letter.title, letter.text)
    key = secret(target.secret_env, target.secret_file, f"alerts.{target.name}: secret").encode()
    hook = Webhook(url, key, loopback=target.loopback, private=target.private, timeout_s=target.timeout_s)

    def send(letter: Letter) -> Verdict:
        return hook.send(letter.key, letter.body, drill=letter.drill)

    return send


def secret(variable: str, path: Path | None, what: str) -> str:
    """What an environment variable or a file (mode 0600) holds; "" when neither is named. Raises ValidationError without telling it."""
    if path is not None:
        try:
            if path.stat().st_mode & _MODE:
                raise ValidationError(f"{what}: {path} is open to others", f"chmod 600 {path}")
            return path.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ValidationError(f"{what}: {path}: {type(error).__name__}", "make the file, mode 0600") from None
    if not variable:
        return ""
    found = os.environ.get(variable, "")
    if not found:
        raise ValidationError(f"{what}: the environment has no {variable}", "set it where `sensing up` is started")
    return found.strip()
