"""A message as CAP 1.2 (OASIS CAP-v1.2-os, 1 July 2010), in the order of its schema (appendix A). Pure: bytes of the same values are the same.

<alert> 3.2.1   identifier sender sent status msgType scope restriction? note? references? incidents? info+
<info>  3.2.2   language category event responseType urgency severity certainty eventCode effective onset expires? senderName
                headline description instruction parameter* area
<area>  3.2.4   areaDesc polygon* circle*
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from sensing.incidents import Place
from sensing.incidents.story import Clock
from sensing.model import Micros
from sensing.times import to_datetime
from sensing.wordbook import Words, pair

from . import phrase
from .kinds import Kind
from .tell import Message, Word

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
_TYPES = {Word.ALERT: "Alert", Word.UPDATE: "Update", Word.ENDED: "Update", Word.CANCEL: "Cancel"}
_COLOURS = {"blue": "Minor", "yellow": "Moderate", "orange": "Severe", "red": "Extreme"}
_SEVERITIES = ("Minor", "Moderate", "Severe")
_LANGUAGES = (("zh", "zh-CN"), ("en", "en-US"))
_FORBIDDEN = str.maketrans(dict.fromkeys(" ,<&", "-"))
Point = tuple[float, float]
"""(lon, lat)."""


class Reference(Struct, frozen=True):
    """A message that was sent before: 3.2.1 `references` names it as `sender,identifier,sent`."""

    sender: str
    identifier: str
    sent: str

    def __str__(self) -> str:
        return f"{self.sender},{self.identifier},{self.sent}"


class Office(Struct, frozen=True):
    """Who sends. scope: Public, or Restricted, which needs `restriction`. zone: `+08:00`. expires: how long a message holds, microseconds."""

    sender: str
    name: Words
    scope: str
    restriction: str
    zone: str
    expires: Micros


def identifier(message: Message) -> str:
    """Unique for the sender: the thread and the number in it."""
    return f"{message.thread}-{message.number}".translate(_FORBIDDEN)


def sent_text(at: Micros, zone: str) -> str:
    """3.3.2: `2026-11-22T14:05:00+08:00`; never with Z: UTC is `-00:00`."""
    moment = to_datetime(at).astimezone(datetime.strptime(zone, "%z").tzinfo).replace(microsecond=0)
    text = moment.isoformat()
    return text[:-6] + "-00:00" if text.endswith("+00:00") else text


def circle(place: Place, km: float) -> str | None:
    """3.2.4: `latitude,longitude radius in km`."""
    return None if place.lon is None or place.lat is None else f"{place.lat:.5f},{place.lon:.5f} {km:g}"


def polygon(ring: Iterable[Point]) -> str:
    """3.2.4: at least four pairs `latitude,longitude` between blanks, the last the same as the first."""
    points = list(ring)
    if points[0] != points[-1]:
        points.append(points[0])
    if len(points) < 4:
        raise ValueError(f"{len(points)} points are no polygon")
    return " ".join(f"{lat:.5f},{lon:.5f}" for lon, lat in points)


def document(
    message: Message, kind: Kind, office: Office, place: Place, sent: Micros, before: Sequence[Reference], incident: str = ""
) -> bytes:
    """The message as XML. before: what was sent in its thread since it last began; an alert has none."""
    event = message.event
    root = ET.Element("alert", xmlns=NAMESPACE)
    _add(root, "identifier", identifier(message))
    _add(root, "sender", office.sender)
    _add(root, "sent", sent_text(sent, office.zone))
    _add(root, "status", "Exercise" if phrase.is_drill(event) else "Actual")
    _add(root, "msgType", _TYPES[message.word])
    _add(root, "scope", office.scope)
    if office.scope == "Restricted":
        _add(root, "restriction", office.restriction)
    note = [f"Exercise {event.run} ({event.origin})"] if phrase.is_drill(event) else []
    note += ["Later data say that there was no such event."] if message.word is Word.CANCEL else []
    if note:
        _add(root, "note", " ".join(note))
    if before:
        _add(root, "references", " ".join(map(str, before)))
    if incident:
        _add(root, "incidents", incident)
    for language, code in _LANGUAGES:
        _info(ET.SubElement(root, "info"), message, kind, office, place, sent, language, code)
    ET.indent(root)
    found: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return found


def _info(
    info: ET.Element, message: Message, kind: Kind, office: Office, place: Place, sent: Micros, language: str, code: str
) -> None:
    event, word = message.event, message.word
    over = word in (Word.ENDED, Word.CANCEL)
    foretold = "forecast" in event.more
    _add(info, "language", code)
    _add(info, "category", kind.category)
    _add(info, "event", pair("kind", event.kind)[language])
    _add(info, "responseType", "None" if word is Word.CANCEL else "AllClear" if over else kind.response)
    _add(info, "urgency", "Past" if over else "Expected" if foretold else "Immediate")
    _add(info, "severity", _severity(message))
    _add(info, "certainty", "Unlikely" if word is Word.CANCEL else "Likely" if foretold and not over else "Observed")
    code_ = ET.SubElement(info, "eventCode")
    _add(code_, "valueName", "urban-sensing:kind")
    _add(code_, "value", event.kind)
    _add(info, "effective", sent_text(sent, office.zone))
    _add(info, "onset", sent_text(event.start, office.zone))
    _add(info, "expires", sent_text(sent + office.expires, office.zone))
    _add(info, "senderName", office.name[language])
    _add(info, "headline", phrase.headline(event, word, place)[language])
    _add(info, "description", phrase.description(event, word, place, Clock(office.zone))[language])
    _add(info, "instruction", _instruction(message, kind, language))
    for name, value in _parameters(message):
        parameter = ET.SubElement(info, "parameter")
        _add(parameter, "valueName", name)
        _add(parameter, "value", value)
    area = ET.SubElement(info, "area")
    _add(area, "areaDesc", ", ".join(word for word in (place.area, place.name or event.device) if word))
    if (round_ := circle(place, kind.km)) is not None:
        _add(area, "circle", round_)


def _severity(message: Message) -> str:
    if message.word in (Word.ENDED, Word.CANCEL):
        return "Minor"
    return _COLOURS.get(str(message.event.more.get("colour")), _SEVERITIES[message.event.severity])


def _instruction(message: Message, kind: Kind, language: str) -> str:
    if message.word in (Word.ENDED, Word.CANCEL):
        return {"zh": "不再需要行动。", "en": "Nothing more needs to be done."}[language]
    text = kind.instruction[language]
    return phrase.DRILL[language] + text if phrase.is_drill(message.event) else text


def _parameters(message: Message) -> list[tuple[str, str]]:
    event = message.event
    found = [("device", event.device), ("property", event.property), ("value", f"{event.peak:.6g}"), ("unit", event.unit)]
    reached = event.steps[-1].value if event.steps else None
    found += [("threshold", str(event.more.get("level") or event.more.get("colour") or ""))]
    found += [] if reached is None else [("value_at_threshold", f"{reached:.6g}")]
    found += [("event", event.id), ("origin", event.origin), ("run", event.run)]
    return [(name, value) for name, value in found if value]


def _add(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = "".join(sign for sign in text if _allowed(sign))


def _allowed(sign: str) -> bool:
    """XML 1.0 section 2.2: what a document may hold."""
    return sign in "\t\n\r" or " " <= sign <= "\ud7ff" or "\ue000" <= sign <= "\ufffd" or sign >= "\U00010000"
