"""CAP messages: the list as an Atom feed, each as it was sent."""

from __future__ import annotations

import contextlib
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any

from starlette.responses import Response

from sensing import times
from sensing.alerts.caps import CapReader, Sent
from sensing.alerts.writer import follow, office
from sensing.errors import NotFoundError
from sensing.incidents import Place
from sensing.store.events import Event
from sensing.store.opening import open_reader
from sensing.store.reader import StoreReader
from sensing.thresholds import SEVERITIES

from .answers import page
from .ask import Ask
from .desk import Desk
from .incidents import board, places
from .scope import areas_of, check_device, sees

_ATOM = "http://www.w3.org/2005/Atom"
_PAGE, _MOST = 50, 500
_MOST_LOOKED_AT = 5_000
_BEGUN = "1970-01-01T00:00:00Z"


def caps(desk: Desk, ask: Ask) -> Any:
    """Messages, the newest first; `updated` of the feed is the newest one's."""
    limit, before = ask.number("limit", _PAGE, 1, _MOST), ask.text("cursor")
    found: list[Sent] = []
    with _opened(desk) as book:
        if book is not None:
            wanted = book.listed(desk.runs(ask.text("run")), _MOST_LOOKED_AT, int(before) if before.isdecimal() else None)
            found = _mine(desk, ask, wanted)
    items, following = found[:limit], str(found[limit - 1].seq) if len(found) > limit else None
    if ask.choice("format", "atom", "json") == "json":
        return page([_told(each) for each in items], following)
    return Response(_atom(desk, items), media_type="application/atom+xml")


def cap(desk: Desk, ask: Ask) -> Response:
    """One message, byte by byte as it was sent."""
    identifier = ask.path["id"].removesuffix(".xml")
    with _opened(desk) as book:
        found = None if book is None else book.one(identifier)
    if found is None:
        raise NotFoundError(f'CAP message "{identifier[:64]}" does not exist', "`GET /api/cap` lists them")
    check_device(desk, ask, found[0].device)
    return Response(found[1], media_type="application/cap+xml")


@contextlib.contextmanager
def _opened(desk: Desk) -> Iterator[CapReader | None]:
    """The file, None while nothing was ever sent."""
    path = desk.data / "cap.db"
    if not path.exists():
        yield None
        return
    book = CapReader(path)
    try:
        yield book
    finally:
        book.close()


def _mine(desk: Desk, ask: Ask, found: list[Sent]) -> list[Sent]:
    if not areas_of(ask):
        return found
    known = desk.catalogue.look(each.device for each in found)
    return [each for each in found if sees(ask, known[each.device])]


def _told(found: Sent) -> dict[str, Any]:
    return {
        "id": found.identifier, "word": found.word, "severity": SEVERITIES[found.severity], "event": found.event, "device": found.device,
        "sent": found.sent, "headline": {"zh": found.zh, "en": found.en}, "url": f"/api/cap/{found.identifier}.xml",
        "origin": found.origin, "run": found.run,
    }  # fmt: skip


def _atom(desk: Desk, items: list[Sent]) -> bytes:
    """RFC 4287: a feed of entries that link to the messages."""
    base, sender = desk.settings.http.public_url.rstrip("/"), office(desk.settings).sender
    root = ET.Element("feed", xmlns=_ATOM)
    ET.SubElement(root, "id").text = f"urn:urban-sensing:{sender}:cap"
    ET.SubElement(root, "title").text = f"{desk.settings.city} CAP 1.2"
    ET.SubElement(root, "updated").text = times.rfc3339(items[0].at) if items else _BEGUN
    ET.SubElement(ET.SubElement(root, "author"), "name").text = sender
    ET.SubElement(root, "link", rel="self", href=f"{base}/api/cap")
    for each in items:
        entry = ET.SubElement(root, "entry")
        ET.SubElement(entry, "id").text = f"urn:urban-sensing:{each.sender}:cap:{each.identifier}"
        ET.SubElement(entry, "title").text = f"{each.zh} {each.en}"
        ET.SubElement(entry, "updated").text = times.rfc3339(each.at)
        link = f"{base}/api/cap/{each.identifier}.xml"
        ET.SubElement(entry, "link", rel="alternate", type="application/cap+xml", href=link)
        ET.SubElement(entry, "category", term=each.word)
    found: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return found


def whereabouts(desk: Desk, store: StoreReader, event: Event) -> tuple[Place, str]:
    """Where an event is, and its incident: as the writer of messages asks."""
    place = places(desk, [event.device])[event.device]
    incident = board(desk).of(store, [event]).get(event.id)
    if incident is None:
        return place, ""
    return next((item.place for item in incident.items if item.id == event.id), place), incident.id


class Writing:
    """The writer of messages beside the pages: a thread of its own, with a reader of its own, until `stop`."""

    def __init__(self, desk: Desk) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=follow, args=(
            desk.data / "cap.db", desk.settings, lambda store, event: whereabouts(desk, store, event),
            lambda: open_reader(desk.data, desk.settings), self._stop), name="cap", daemon=True)  # fmt: skip

    def start(self) -> None:
        """Begin, where CAP is wanted."""
        self._thread.start()

    def stop(self) -> None:
        """End, within a batch."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(5)
