"""What an event is about, in plain words, zh and en: what, where, since when, how it grew, what else happened nearby, who looks after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sensing.coordinates import distance_m
from sensing.model import Micros
from sensing.thresholds import SEVERITIES
from sensing.times import parse_instant, to_datetime
from sensing.wordbook import Words, halves, pair

from . import Incident, Item, Place

_NEARBY = 6
_NAMED_STEPS = 6
_BY_ITSELF = {
    "unacknowledged": ("：无人按时确认", ": nobody had acknowledged it in time"),
    "overdue": ("：任务逾期", ": the task was overdue"),
}
Told = Mapping[str, Any]
"""An event as the API tells it."""


class Clock:
    """Times as the city reads them."""

    def __init__(self, zone: str) -> None:
        """zone: `+08:00`."""
        self._zone = datetime.strptime(zone, "%z").tzinfo

    def at(self, instant: str | Micros) -> str:
        """`2026-11-22 14:05`."""
        moment = to_datetime(instant) if isinstance(instant, int) else datetime.fromisoformat(instant)
        return moment.astimezone(self._zone).strftime("%Y-%m-%d %H:%M")


def story(
    event: Told, place: Place, incident: Incident | None, title: Words | None, clock: Clock, about: Sequence[Words] = ()
) -> dict[str, list[str]]:
    """Sentences in both languages, one for each thing that there is to say. about: what is known of it beside the event itself."""
    said = [
        _drill(event), _what(event, place), *about, _since(event, clock), _grown(event, clock), _forecast(event, clock),
        *_nearby(event, place, incident, title, clock), *_people(event, clock),
    ]  # fmt: skip
    return {language: [each[language] for each in said if each] for language in ("zh", "en")}


def where(device: str, place: Place) -> Words:
    """`南门水位站（gauge-17，芗城区）`."""
    name, area = halves(place.name or device), halves(place.area)
    zh, en = ([word for word in (device if place.name else "", area[language]) if word] for language in ("zh", "en"))
    return {
        "zh": f"{name['zh']}（{'，'.join(zh)}）" if zh else name["zh"],
        "en": f"{name['en']} ({', '.join(en)})" if en else name["en"],
    }


def number(value: float, unit: str) -> str:
    """A value as people read it; nothing for kinds that measure nothing."""
    return f"{value:.4g} {unit}".strip() if unit and unit != "1" else f"{value:.4g}"


def _drill(event: Told) -> Words | None:
    if event["origin"] == "live":
        return None
    word = pair("origin", event["origin"])
    return {
        "zh": f"【演练】不是真实事件：{word['zh']}，{event['run']}。",
        "en": f"DRILL, not real: {word['en']}, run {event['run']}.",
    }


def _what(event: Told, place: Place) -> Words:
    spot, kind, severity = where(event["device"], place), pair("kind", event["kind"]), pair("severity", event["severity"])
    level = pair("level", event["level"] or event["colour"]) if event["level"] or event["colour"] else None
    return {
        "zh": f"{spot['zh']}：{kind['zh']}，{severity['zh']}" + (f"（{level['zh']}）" if level else "") + "。",
        "en": f"{spot['en']}: {kind['en']}, {severity['en']}" + (f" ({level['en']})" if level else "") + ".",
    }


def _since(event: Told, clock: Clock) -> Words:
    begin, end = clock.at(event["start"]), event["end"]
    if end is None:
        if event["state"] == "closed":
            return {"zh": f"始于 {begin}，已由人员关闭。", "en": f"Since {begin}; closed by a person."}
        if event["state"] == "withdrawn":
            return {
                "zh": f"始于 {begin}，后被撤销：后来的数据表明并非如此。",
                "en": f"From {begin}; withdrawn: later data say that it was none.",
            }
        return {"zh": f"始于 {begin}，仍在持续。", "en": f"Since {begin}, and it goes on."}
    zh, en = lasted(parse_instant(end) - parse_instant(event["start"]))
    return {"zh": f"{begin} 至 {clock.at(end)}，历时 {zh}。", "en": f"From {begin} to {clock.at(end)}, {en}."}


def lasted(span: Micros) -> tuple[str, str]:
    """A stretch of time in words: (zh, en)."""
    minutes = max(0, round(span / 60_000_000))
    if minutes < 90:
        return f"{minutes} 分钟", f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} 小时 {rest} 分", f"{hours} h {rest} min"


def _grown(event: Told, clock: Clock) -> Words | None:
    unit, steps = event["unit"], event["steps"][:_NAMED_STEPS]
    if not event["property"] or event["kind"] in ("device_silent", "gateway_down", "dangerous_goods"):
        return None
    zh = "，".join(f"{clock.at(s['time'])} {pair('severity', s['severity'])['zh']} {number(s['value'], unit)}" for s in steps)
    en = ", ".join(f"{clock.at(s['time'])} {pair('severity', s['severity'])['en']} {number(s['value'], unit)}" for s in steps)
    peak, at = number(event["peak"]["value"], unit), clock.at(event["peak"]["time"])
    return {"zh": f"发展：{zh}；最甚 {peak}（{at}）。", "en": f"It grew: {en}; worst {peak} at {at}."}


def _forecast(event: Told, clock: Clock) -> Words | None:
    told = event["forecast"]
    if not told:
        return None
    level, at = pair("severity", told["level"]), clock.at(told["at"])
    return {
        "zh": f"按趋势预计 {at} 达到{level['zh']}水位 {number(told['value'], '')}。",
        "en": f"By its trend it reaches {level['en']} at {number(told['value'], '')} about {at}.",
    }


def _nearby(event: Told, place: Place, incident: Incident | None, title: Words | None, clock: Clock) -> list[Words]:
    if incident is None or title is None:
        return [{"zh": "附近同时没有其他相关事件。", "en": "Nothing else that belongs to it happened nearby."}]
    others = sorted(
        (item for item in incident.items if item.id != event["id"]),
        key=lambda item: (-item.severity, _away(place, item), item.id),
    )
    head = {
        "zh": f"属于一起综合事件 {incident.id}：{title['zh']}，另有 {len(others)} 个事件：",
        "en": f"It is part of incident {incident.id}: {title['en']}, with {len(others)} other event{'s' * (len(others) != 1)}:",
    }
    return [head, *(_other(item, place, clock) for item in others[:_NEARBY])]


def _away(place: Place, item: Item) -> float:
    if place.lon is None or place.lat is None or item.place.lon is None or item.place.lat is None:
        return 1e9
    return distance_m((place.lon, place.lat), (item.place.lon, item.place.lat))


def _other(item: Item, place: Place, clock: Clock) -> Words:
    spot, kind, severity = where(item.device, item.place), pair("kind", item.kind), pair("severity", SEVERITIES[item.severity])
    away = _away(place, item)
    far = f"{away / 1000:.1f} km" if away < 1e9 else ""
    begin = clock.at(item.start)
    over = ("已结束" if item.end is not None else "仍在持续", "over" if item.end is not None else "goes on")
    return {
        "zh": "· "
        + "，".join(
            word
            for word in (f"{kind['zh']}（{severity['zh']}）", spot["zh"], far and f"相距 {far}", f"始于 {begin}", over[0])
            if word
        ),
        "en": "- "
        + ", ".join(
            word
            for word in (f"{kind['en']} ({severity['en']})", spot["en"], far and f"{far} away", f"since {begin}", over[1])
            if word
        ),
    }


def _escalated(mark: Told, clock: Clock) -> Words:
    at, level = clock.at(mark["at"]), mark["level"]
    if mark["by"] == "clock":
        zh, en = _BY_ITSELF.get(mark["note"], ("", ""))
        return {"zh": f"{at} 自动升级至第 {level} 级{zh}。", "en": f"It was escalated by itself at {at}, to level {level}{en}."}
    zh, en = _noted(mark)
    return {
        "zh": f"{mark['by']} 于 {at} 升级至第 {level} 级{zh}。",
        "en": f"{mark['by']} escalated it at {at}, to level {level}{en}.",
    }


def _noted(mark: Told) -> tuple[str, str]:
    """What somebody wrote beside what they did: (zh, en)."""
    note = mark.get("note")
    return (f"：{note}", f": {note}") if note else ("", "")


def _people(event: Told, clock: Clock) -> Sequence[Words]:
    found: list[Words] = []
    for word, zh, en in (("acknowledged", "确认", "acknowledged it"), ("closed", "关闭", "closed it")):
        if mark := event[word]:
            note_zh, note_en = _noted(mark)
            at = clock.at(mark["at"])
            found.append({"zh": f"{mark['by']} 于 {at} {zh}{note_zh}。", "en": f"{mark['by']} {en} at {at}{note_en}."})
    if mark := event["assigned"]:
        due = clock.at(mark["due"]) if mark.get("due") else ""
        zh, en = _noted(mark)
        found.append({
            "zh": f"已指派给 {mark['to']}" + (f"，限 {due} 前完成" if due else "") + f"{zh}。",
            "en": f"It is {mark['to']}'s task" + (f", due {due}" if due else "") + f"{en}.",
        })  # fmt: skip
    if mark := event["escalated"]:
        found.append(_escalated(mark, clock))
    if not event["acknowledged"] and not event["assigned"] and event["state"] == "open":
        found.append({"zh": "还没有人确认。", "en": "Nobody has acknowledged it yet."})
    return found
