"""The report of a storm for people: report.md, Chinese first, and two pictures beside it. It says DRILL before anything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sensing.times import BEIJING, to_datetime

from . import pictures
from .tables import Picture

_SEVERITY = (("注意", "watch", "▲"), ("警告", "warning", "▲▲"), ("危险", "danger", "▲▲▲"))
_LISTED = 40


def write_report(folder: Path, result: Mapping[str, Any], picture: Picture) -> Path:
    """Write report.md, storm.png and score.png into a folder, which is made; returns the path of report.md."""
    folder.mkdir(parents=True, exist_ok=True)
    has_storm = pictures.storm(folder / "storm.png", picture, f"{result.get('scenario') or result['run']}")
    pictures.marks(folder / "score.png", result)
    path = folder / "report.md"
    path.write_text("\n".join(_lines(result, has_storm)) + "\n", "utf-8")
    return path


def _lines(result: Mapping[str, Any], has_storm: bool) -> list[str]:
    events, clean, ledger, dead = result["events"], result["clean"], result["ledger"], result["dead_letters"]
    return [
        "# 演练 DRILL", "",
        "> **演练数据，不是真实灾情。 Simulated: nothing of this happened.**", "",
        (f"风暴 Storm: `{result.get('scenario')}` · 批次 run `{result['run']}` · 种子 seed {result.get('seed')} · "
        f"故障 faults `{result.get('faults')}`"), "",
        f"时段 Window: {_time(result.get('begin'))} — {_time(result.get('end'))} (+08:00)"
        + ("" if result.get("finished") else " · **未播完 not finished**"), "",
        "## 结论 In short", "",
        *_table(("", "项目 what", "结果 result"), [
            (_mark(result["loss"] == 0), "丢失（已确认未入库）lost", f"{result['loss']:,} / {result['values']['due']:,}"),
            *_in_broker(result.get("lost_in_broker")),
            (_mark(result["duplicates"] == 0), "重复入库 stored twice", f"{result['duplicates']:,}"),
            (_mark(bool(ledger.get("balanced"))), "账本平衡 ledger balanced", "是 yes" if ledger.get("balanced") else "否 NO"),
            (_mark(result["order"]["independent"]), "与到达顺序无关 order does not matter", f"{result['order']['revised']:,} 个修订 revisions"),
            (_mark(dead["missing"] == 0 and not dead["strange"]), "坏帧全部记为死信 broken frames are dead letters",
             f"{dead['found']:,} / {dead['expected']:,}" + (f"，另有 and {dead['strange']}" if dead["strange"] else "")),
            (_mark(events["missed"] == 0), "漏报 events missed", f"{events['missed']} / {events['expected']}"),
            (_mark(events["false"] == 0), "误报 false alarms", f"{events['false']} / {events['raised']}"),
            ("", "提前量中位数 median lead time", _span(events["lead_time_s"])),
            ("", "涨势预报提前量 lead time of foretold crossings", f"{_span(events.get('rise_lead_time_s'))} ({events.get('rises', 0)})"),
            ("", "从观测到收到、再到事件 from observation to reception (the run's clock), and on to the event (real)",
             f"{_span(events['delay_s'])} + {_span(events.get('stored_s'))}"),
            ("", "正常数据被误标 good values flagged", f"{_percent(clean['share'])} ({clean['flagged']:,} / {clean['rows']:,})"),
        ]),
        *(["## 天气与水情 Weather and water", "", "![rain, stage, tide, wind](storm.png)", "",
           "线是真值，叉是被标记的观测。 Lines are true; crosses are values that were flagged.", ""] if has_storm else []),
        *_checks(result.get("checks")),
        "## 质量标记 Quality flags", "", "![recall, precision, lead times, ledger](score.png)", "",
        *_table(("故障 fault", "查全 recall", "查准 precision", "应标 rows", "标出 noticed", "误标 wrong", "次数 episodes"), [
            (kind, _percent(row["recall"]), _percent(row["precision"]), f"{row['rows']:,}", f"{row['noticed']:,}", f"{row['wrong']:,}",
             f"{row['episodes_noticed']} / {row['episodes']}") for kind, row in result["quality"].items()
        ] or [("—",) * 7]),
        "误标最多的 Flagged for nothing, most often: " + (", ".join(f"{why} {n:,}" for why, n in clean["reasons"].items()) or "无 none"), "",
        *_events(events),
        *_false(events.get("false_list", ())),
        *_recovery(result["recovery"]),
        "## 帧与账本 Frames and ledger", "",
        *_table(("项目 what", "数 n"), [(name, f"{value:,}") for name, value in result["frames"].items() if value is not None]
                + [(name, f"{value:,}") for name, value in ledger.items() if isinstance(value, int) and not isinstance(value, bool)]),
        f"摘要 Digest `{result['order']['digest']}`；帧 frames sha256 `{result.get('sha256')}`", "",
    ]  # fmt: skip


def _in_broker(lost: Mapping[str, int] | None) -> list[tuple[str, str, str]]:
    """What somebody else's broker acknowledged and did not hand on; not ours."""
    if lost is None:
        return []
    return [
        (
            "",
            "外部代理丢失（不计入）lost in the broker, not counted",
            f"{lost['values']:,} ({lost['frames']:,} / {lost['sent']:,} 帧 frames)",
        )
    ]


def _checks(checks: Sequence[Mapping[str, Any]] | None) -> list[str]:
    """Physical checks that the storm's own side made: name_zh, name_en, ok, value."""
    if not checks:
        return []
    rows = [(_mark(bool(check["ok"])), f"{check.get('name_zh', '')} {check.get('name_en', '')}".strip(), str(check.get("value", "")))
            for check in checks]  # fmt: skip
    return ["## 物理检验 Physics", "", *_table(("", "检验 check", "值 value"), rows)]


def _events(events: Mapping[str, Any]) -> list[str]:
    rows = []
    for row in events["list"][:_LISTED]:
        zh, en, mark = _SEVERITY[row["severity"]]
        rows.append((
            f"{mark} {zh} {en}", row["device"], row["kind"], _time(row["start"]), f"{row['peak']:g} @ {_time(row['peak_time'])}",
            "看不见 hidden" if row["hidden"] and not row["raised"] else "已报 raised" if row["raised"] else "**漏报 MISSED**",
            _span(row["lead_time_s"]), _span(row["delay_s"]),
        ))  # fmt: skip
    head = ("级别 severity", "站 device", "事件 event", "开始 start", "峰值 peak", "结果 result", "提前 lead", "延迟 delay")
    more = len(events["list"]) - len(rows)
    return ["## 事件 Events", "", *(_table(head, rows) if rows else ["真值没有越过任何阈值。 No threshold was crossed.", ""]),
            *([f"还有 and {more} 件 more.", ""] if more > 0 else [])]  # fmt: skip


def _false(events: Sequence[Mapping[str, Any]]) -> list[str]:
    """Events that the truth knows nothing of, with what was planted in their values."""
    rows = [
        (
            f"`{event['device']}`",
            event["kind"],
            _time(event["start"]),
            _time(event["end"]),
            ", ".join(event["faults"]) or "无 none",
        )
        for event in events[:_LISTED]
    ]
    head = ("站 device", "事件 event", "开始 start", "结束 end", "值里的故障 faults in its values")
    return ["## 误报 False alarms", "", *_table(head, rows)] if rows else []


def _recovery(recovery: Mapping[str, Any]) -> list[str]:
    rows = [
        (name, str(row["n"]), _span(row["median_s"]), _span(row["worst_s"]))
        for name, row in recovery.items()
        if "median_s" in row
    ]
    outage = recovery.get("gateway_outage", {})
    if outage.get("n"):
        rows.append(("gateway_outage", str(outage["n"]), f"补传 backlog {outage['values']:,}", f"丢失 lost {outage['lost']:,}"))
    return ["## 恢复 Recovery", "", *_table(("故障 fault", "次 n", "中位 median", "最差 worst"), rows)] if rows else []


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *(f"| {' | '.join(row)} |" for row in rows), ""]


def _mark(good: bool) -> str:
    return "✓" if good else "✗"


def _time(micros: int | None) -> str:
    return "—" if micros is None else to_datetime(int(micros)).astimezone(BEIJING).strftime("%m-%d %H:%M")


def _span(seconds: float | None) -> str:
    if seconds is None:
        return "—"
    if abs(seconds) < 120:
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.0f} min" if abs(seconds) < 7200 else f"{seconds / 3600:.1f} h"


def _percent(share: float | None) -> str:
    return "—" if share is None else f"{100 * share:.2f} %"
