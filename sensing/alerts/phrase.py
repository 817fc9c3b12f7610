"""The words of a message about an event, in both languages: headline and description. What is not live begins with 【演练 DRILL】. Pure."""

from __future__ import annotations

from sensing.incidents import Place
from sensing.incidents.story import Clock, number, where
from sensing.model import Origin
from sensing.store.events import Event
from sensing.thresholds import SEVERITIES
from sensing.wordbook import Words, pair

from .tell import Word

_SAYS: dict[Word, Words] = {
    Word.ALERT: {"zh": "", "en": ""},
    Word.UPDATE: {"zh": "更新：", "en": "Update: "},
    Word.ENDED: {"zh": "解除：", "en": "Over: "},
    Word.CANCEL: {"zh": "撤销：", "en": "Cancelled: "},
}
DRILL: Words = {"zh": "【演练 DRILL】", "en": "DRILL (演练): "}
_LONGEST = 160


def is_drill(event: Event) -> bool:
    """Whether it is anything but the live city."""
    return event.origin != Origin.LIVE


def level(event: Event) -> Words:
    """The name of its level or colour where it has one, else its severity."""
    named = event.more.get("level") or event.more.get("colour")
    return pair("level", str(named)) if named else pair("severity", SEVERITIES[event.severity])


def headline(event: Event, word: Word, place: Place) -> Words:
    """`【演练 DRILL】更新：南门（gauge-17，芗城区） 水位超警戒 警戒水位`."""
    spot, kind, high, says = where(event.device, place), pair("kind", event.kind), level(event), _SAYS[word]
    found = {
        "zh": f"{says['zh']}{spot['zh']} {kind['zh']} {high['zh']}",
        "en": f"{says['en']}{spot['en']}: {kind['en']}, {high['en']}",
    }
    return {language: (DRILL[language] if is_drill(event) else "") + text[:_LONGEST] for language, text in found.items()}


def description(event: Event, word: Word, place: Place, clock: Clock) -> Words:
    """What is known: since when, the worst value, and whether it goes on."""
    spot, kind = where(event.device, place), pair("kind", event.kind)
    peak, at, begin = number(event.peak, event.unit), clock.at(event.peak_time), clock.at(event.start)
    measured = event.unit != "" and bool(event.property)
    zh = f"{spot['zh']}自 {begin} 起{kind['zh']}" + (f"，最甚 {peak}（{at}）" if measured else "")
    en = f"{kind['en'].capitalize()} at {spot['en']} since {begin}" + (f"; worst {peak} at {at}" if measured else "")
    if word is Word.CANCEL:
        zh, en = f"{zh}。后来的数据表明并非如此，此前通知作废", f"{en}. Later data say that it was none: what was told is void"
    elif event.end is not None:
        zh, en = f"{zh}，{clock.at(event.end)} 结束", f"{en}; it ended at {clock.at(event.end)}"
    elif word is Word.ENDED:
        zh, en = f"{zh}，已由人员关闭", f"{en}; closed by a person"
    if is_drill(event):
        zh, en = f"{zh}。这是演练，不是真实事件（{event.run}）", f"{en}. This is a drill, not real (run {event.run})"
    return {"zh": f"{zh}。", "en": f"{en}."}
