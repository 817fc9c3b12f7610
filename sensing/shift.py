"""The hand-over note as people read it: Markdown, Chinese with the English beside it, or English alone. Pure.

A note is what `GET /api/shift` answers: since, until, events, silences, quarantine, dead_letters, revised, ledger, disk, alerts, drills.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sensing.wordbook import pair

Note = Mapping[str, Any]
Local = Callable[[str], str]
"""An instant as the city reads it."""
_MARK = {"watch": "△", "warning": "▲", "danger": "■"}
_MOST = 30


def markdown(note: Note, language: str, local: Local) -> str:
    """The note. language: zh (both) or en."""

    def say(zh: str, en: str) -> str:
        return f"{zh} {en}" if language == "zh" else en

    lines = [f"# {say('交接班记录', 'Hand-over note')} {local(note['since'])} – {local(note['until'])}", ""]
    if note["drills"]:
        lines += [
            (
                f"**{say('本班有演练', 'DRILL')}**: {', '.join(note['drills'])} "
                f"({say('演练事件未列入；死信与账目含演练', 'its events are left out; dead letters and accounts count it')})"
            ),
            "",
        ]
    for part in (_events, _silences, _quarantine, _dead, _house):
        lines += [*part(note, say, local), ""]
    return "\n".join(lines).rstrip() + "\n"


Say = Callable[[str, str], str]


def _events(note: Note, say: Say, local: Local) -> Iterator[str]:
    events = note["events"]
    yield f"## {say('未结束的事件', 'Open events')}: {events['open']}"
    for zh, en, rows in (
        ("未确认", "nobody has acknowledged", events["unacknowledged"]),
        ("已确认", "looked after", events["acknowledged"]),
    ):
        if rows:
            yield f"### {say(zh, en)}: {len(rows)}"
            yield from _table(rows, lambda row: _event(row, say, local), say)
    yield f"- {say('本班新增', 'begun in this shift')}: {events['begun']}"
    yield f"- {say('本班结束', 'ended in this shift')}: {events['ended']}"
    for mark in events["said"][:_MOST]:
        word = pair("shift", mark["word"])
        yield f"- {local(mark['at'])} {mark['by']} {say(word['zh'], word['en'])} {mark['event']} {mark['device']} {mark['note']}".rstrip()


def _event(row: Note, say: Say, local: Local) -> str:
    kind, severity = pair("kind", row["kind"]), pair("severity", row["severity"])
    who = ""
    if row["acknowledged"]:
        who = f" – {row['acknowledged']['by']} {row['acknowledged']['note']}".rstrip()
    if row["assigned"]:
        who += f" → {row['assigned']['to']}"
    name = f"{row['name']} ({row['device']})" if row["name"] else row["device"]
    head = f"{_MARK[row['severity']]} {say(severity['zh'], severity['en'])} {say(kind['zh'], kind['en'])}"
    return f"- {head} **{name}** {row['area']} {say('自', 'since')} {local(row['start'])}{who} `{row['id']}`"


def _silences(note: Note, say: Say, local: Local) -> Iterator[str]:
    rows = note["silences"]
    yield f"## {say('新失联', 'New silences')}: {len(rows)}"
    yield from _table(rows, lambda row: _silence(row, say, local), say)


def _silence(row: Note, say: Say, local: Local) -> str:
    name = f"{row['name']} ({row['device']})" if row["name"] else row["device"]
    back = f" – {say('恢复于', 'back at')} {local(row['end'])}" if row["end"] else ""
    return f"- {name} {row['area']} {say('自', 'since')} {local(row['start'])}{back}"


def _quarantine(note: Note, say: Say, _local: Local) -> Iterator[str]:
    rows = note["quarantine"]
    yield f"## {say('隔离区', 'Quarantine')}: {len(rows)}"
    frames = say("帧", "frames")
    yield from _table(rows, lambda row: f"- {row['adapter']} {row['native']} ← {row['principal']}: {row['frames']} {frames}", say)


def _dead(note: Note, say: Say, _local: Local) -> Iterator[str]:
    rows = note["dead_letters"]
    yield f"## {say('死信', 'Dead letters')}: {sum(row['frames'] for row in rows)}"
    yield from _table(rows, lambda row: f"- {row['reason']}: {row['frames']}", say)


def _house(note: Note, say: Say, _local: Local) -> Iterator[str]:
    ledger, disk = note["ledger"], note["disk"]
    yield f"## {say('账目与磁盘', 'Ledger and disk')}"
    yield f"- {say('平衡', 'balances') if ledger['balanced'] else '✖ ' + say('不平', 'does NOT balance')}: " + ", ".join(
        f"{name} {ledger[name]}"
        for name in ("received", "decoded", "dead_lettered", "quarantined", "stored", "duplicate", "refused")
    )
    yield f"- {say('修订的数值', 'revised values')}: {note['revised']}"
    yield f"- {say('磁盘', 'disk')}: {disk['used_percent']} % ({disk['level']})"
    for each in note["alerts"]:
        left = f"{say('待发', 'waiting')} {each['waiting']}, {say('被拒', 'refused')} {each['dead']}"
        yield f"- {say('告警通道', 'alerts to')} {each['name']}: {each['state'] or '–'}; {left}"


def _table(rows: Sequence[Note], line: Callable[[Note], str], say: Say) -> Iterator[str]:
    yield from map(line, rows[:_MOST])
    if len(rows) > _MOST:
        yield f"- {say('还有', 'and')} {len(rows) - _MOST} {say('条', 'more')}"
