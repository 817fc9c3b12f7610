"""The hand-over note: what happened in a stretch of time, and what is left for those who come. Kept once an hour in DATA/shift."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from sensing import logs, times
from sensing.alerts.book import targets
from sensing.errors import NotFoundError, UsageError
from sensing.events import CLOSED, OPEN
from sensing.model import Micros, Origin
from sensing.store.event_reader import WantedEvents, told
from sensing.store.events import Event
from sensing.store.reader import StoreReader
from sensing.thresholds import SEVERITIES
from sensing.times import HOUR

from .ask import Ask
from .desk import Desk
from .status import space

FOLDER = "shift"
_KEEP = 30 * times.DAY
_SINCE = 8 * HOUR
_PAGE = 1_000
_LISTED = 500
_SILENT = ("device_silent", "gateway_down")
_SAID = ("acknowledged", "closed", "assigned", "escalated")
_DEAD = "SELECT reason, count(DISTINCT place) FROM dead WHERE hour >= ? GROUP BY reason ORDER BY 2 DESC, 1"
_log = logs.get("shift")


def shift(desk: Desk, ask: Ask) -> dict[str, Any]:
    """The note since a duration or an instant (8 h when not said); or the one that was kept of an hour."""
    if ask.text("hour"):
        return _kept(desk.data, ask.instant("hour") or 0)
    now = times.now()
    since = ask.since()
    since = now - _SINCE if since is None else since
    if since >= now:
        raise UsageError("since lies ahead", "give a duration, such as 8h, or an instant in the past")
    return note(desk, since, now)


def note(desk: Desk, since: Micros, until: Micros) -> dict[str, Any]:
    """What happened in the live city in since..until, and how it stands."""
    with desk.stores.take() as store, desk.logs.take() as log:
        stood, ledger = _stood(store, since, until), store.ledger("", since)
        # by whole hours, as the ledger is kept
        ledger["refused"] = sum(number for (hour, *_), number in log.refusals().items() if hour >= since // HOUR)
        dead = [
            {"reason": str(reason), "frames": int(frames)} for reason, frames in store.connection.execute(_DEAD, (since // HOUR,))
        ]
        quarantine = [
            row for row in store.quarantine() if (frame := log.get(row["last"])) is not None and frame.received >= since
        ]
    known = desk.catalogue.look(event.device for event in stood)

    def row(event: Event) -> dict[str, Any]:
        return told(event) | {"name": known[event.device].name, "area": known[event.device].area}

    waiting = sorted((event for event in stood if event.state == OPEN), key=lambda event: (-event.severity, event.start))
    quiet = [event for event in stood if event.kind in _SILENT]
    return {
        "since": times.rfc3339(since), "until": times.rfc3339(until),
        "drills": [
            run.id for run in desk.registry.list_runs()
            if run.origin != Origin.LIVE and run.started < until and (run.ended is None or run.ended >= since)
        ],
        "events": {
            "open": len(waiting), "begun": sum(event.start >= since for event in stood),
            "ended": sum(event.state == CLOSED and (event.end or until) >= since for event in stood),
            "by_severity": {word: sum(event.severity == at for event in waiting) for at, word in enumerate(SEVERITIES)},
            "unacknowledged": [row(event) for event in waiting if "acknowledged" not in event.marks][:_LISTED],
            "acknowledged": [row(event) for event in waiting if "acknowledged" in event.marks][:_LISTED],
            "said": _said(stood, since, until),
        },
        "silences": [row(event) for event in quiet if event.start >= since][:_LISTED],
        "quarantine": quarantine[:_LISTED], "dead_letters": dead, "revised": ledger["revised"], "ledger": ledger, "disk": space(desk),
        "alerts": targets(desk.data / "alerts.db"),
    }  # fmt: skip


def _stood(store: StoreReader, since: Micros, until: Micros) -> list[Event]:
    """Live events that stood then."""
    found: list[Event] = []
    after: tuple[Micros, str] | None = None
    while page := store.events(WantedEvents(begin=since, end=until), _PAGE, after):
        found += page
        after = (page[-1].start, page[-1].id)
    return found


def _said(events: Sequence[Event], since: Micros, until: Micros) -> list[dict[str, Any]]:
    """What people said of events, the oldest first."""
    found = [
        {"at": times.rfc3339(mark["at"]), "by": mark["by"], "word": word, "event": event.id, "device": event.device, "note": mark["note"]}
        for event in events for word, mark in event.marks.items() if word in _SAID and since <= mark["at"] < until
    ]  # fmt: skip
    return sorted(found, key=lambda said: (said["at"], said["event"]))


def _file(data: Path, hour: Micros) -> Path:
    return data / FOLDER / f"{times.to_datetime(hour):%Y%m%dT%H}.json"


def _kept(data: Path, at: Micros) -> dict[str, Any]:
    path = _file(data, at)
    try:
        found: dict[str, Any] = msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError):
        raise NotFoundError(
            f"no note was kept of the hour of {times.rfc3339(at)}", "notes are kept for 30 days while the service runs"
        ) from None
    return found


def keep(desk: Desk, hour: Micros) -> Path:
    """Write the note of one whole hour down, once; old ones go."""
    path = _file(desk.data, hour)
    if not path.exists():
        path.parent.mkdir(mode=0o700, exist_ok=True)
        fresh = path.with_suffix(".tmp")
        fresh.write_bytes(msgspec.json.format(msgspec.json.encode(note(desk, hour, hour + HOUR)), indent=1))
        fresh.replace(path)
        oldest = _file(desk.data, hour - _KEEP).name
        for each in path.parent.glob("*.json"):
            if each.name < oldest:
                each.unlink(missing_ok=True)
    return path


class Keeping:
    """Keeps the note of each hour when it is over, on a thread of its own, until `stop`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="shift", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End at once, or when the note at hand is written."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def _run(self) -> None:
        while not self._stop.wait(60.0 - times.now() / 1e6 % 60.0):
            try:
                keep(self._desk, times.now() // HOUR * HOUR - HOUR)
            except Exception:  # noqa: BLE001 a full disk, a store that is away or not there yet: the next minute tries again
                _log.exception("shift_not_kept")
