"""A commissioning record as people print and sign it: HTML without scripts, or PDF by reportlab with its Chinese font. Chinese and English."""

from __future__ import annotations

import io
from collections.abc import Mapping
from html import escape
from typing import Any

from . import properties
from .times import BEIJING, parse_instant, to_datetime

Document = Mapping[str, Any]
Rows = list[tuple[str, str]]
_FONT = "STSong-Light"
_STEPS = {
    "connected": "已连接 connected",
    "arrived": "已到达 arrived",
    "decoded": "已解码 decoded",
    "plausible": "合理 plausible",
    "stored": "已入库 stored",
}
_VERDICT = {True: "✔ 通过 passed", False: "✖ 未通过 failed", None: "… 未知 unknown"}
_SHEET = """body{font:14px/1.5 sans-serif;max-width:52rem;margin:2rem auto;color:#111}table{border-collapse:collapse;width:100%;margin:.5rem 0 1rem}
td,th{border:1px solid #999;padding:.25rem .5rem;text-align:left;vertical-align:top}th{width:34%;background:#f2f2f2;font-weight:normal}
code{word-break:break-all}.sign{height:3rem}@media print{body{margin:0}}"""


def sections(document: Document) -> list[tuple[str, Rows]]:
    """The record as titled tables of (what, value): one content for both forms."""
    device, config = document["device"], document["config"]
    return [
        ("设备 Device", [
            ("编号 id", device["id"]), ("名称 name", _text(device["name"])), ("标签 label", _text(device.get("label"))),
            ("类型 type", f"{document['type']['name_zh']} {document['type']['name_en']} ({device['type']})"),
            ("协议与站码 adapter, native id", f"{device['adapter']} {device['native']}"), ("序列号 serial", _text(device.get("serial"))),
            ("接入方 principal", device["principal"]), ("区域 area", _text(device["area"])), ("位置 place", _place(device)),
        ]),
        ("检验 Checklist", [
            (_STEPS.get(step["step"], step["step"]), _step(step)) for step in document["checklist"]["steps"]
        ]),
        ("首批入库值 First stored values", [
            (f"{_named(row['property'])} {row['statistic']} {row['channel']}".strip(), f"{_number(row['result'])} {row['unit']}  {_local(row['time'])}  ({row['origin']})")
            for row in document["first"]
        ]),
        ("人工比测 Dip test", _dip(document["dip"])),
        ("生效配置 Configuration in force", [
            ("零点 zero", _number(config["zero"])), ("改正 offset", _number(config["offset"])),
            ("安装高度 mount height", _number(config["mount_height"])), ("基面 datum", _text(config["datum"])),
            ("单位 unit", ", ".join(f"{name}={unit}" for name, unit in config["unit"].items()) or "–"), ("自 since", _since(config["valid_from"])),
        ]),
        ("记录 Record", [
            ("时间 time", _local(document["at"])), ("人员 by", f"{document['by']} ({document['account']})"),
            ("照片 photo", _photo(document["photo"])), ("备注 note", _text(document["note"])),
        ]),
    ]  # fmt: skip


def html(document: Document, sha256: str) -> str:
    """A page of its own: no script, nothing from elsewhere."""
    title = f"设备投运记录 Commissioning record · {document['device']['id']}"
    parts = [
        f'<!doctype html><html lang="zh"><head><meta charset="utf-8"><title>{escape(title)}</title><style>{_SHEET}</style></head><body>',
        f"<h1>{escape(title)}</h1>",
    ]
    for name, rows in sections(document):
        if rows:
            body = "".join(f"<tr><th>{escape(what)}</th><td>{escape(value)}</td></tr>" for what, value in rows)
            parts.append(f"<h2>{escape(name)}</h2><table>{body}</table>")
    parts.append(
        f'<p>SHA-256 <code>{escape(sha256)}</code></p><table><tr><th>签字 signature</th><td class="sign"></td></tr></table></body></html>'
    )
    return "\n".join(parts) + "\n"


def pdf(document: Document, sha256: str) -> bytes:
    """The same on A4."""
    from reportlab.lib import colors
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.lib.units import mm
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

    pdfmetrics.registerFont(UnicodeCIDFont(_FONT))
    plain = ParagraphStyle("plain", fontName=_FONT, fontSize=9, leading=13, wordWrap="CJK")
    head = ParagraphStyle("head", parent=plain, fontSize=11, leading=18)
    title = ParagraphStyle("title", parent=plain, fontSize=15, leading=24)
    grid = TableStyle([("GRID", (0, 0), (-1, -1), 0.4, colors.grey), ("VALIGN", (0, 0), (-1, -1), "TOP")])
    flow: list[Any] = [Paragraph(f"设备投运记录 Commissioning record · {escape(document['device']['id'])}", title)]
    for name, rows in [*sections(document), ("校验 Check", [("SHA-256", sha256), ("签字 signature", "")])]:
        if rows:
            cells = [
                [Paragraph(escape(_drawable(what)), plain), Paragraph(escape(_drawable(value)), plain)] for what, value in rows
            ]
            flow += [Paragraph(name, head), Table(cells, colWidths=[60 * mm, 115 * mm], style=grid), Spacer(1, 3 * mm)]
    out = io.BytesIO()
    SimpleDocTemplate(
        out, pagesize=A4, topMargin=15 * mm, bottomMargin=15 * mm, title=document["device"]["id"], invariant=1
    ).build(flow)
    return out.getvalue()


def _drawable(text: str) -> str:
    """Marks that the font lacks, as signs that it has."""
    return text.replace("✔", "√").replace("✖", "×").replace("▲", "!")


def _step(step: Mapping[str, Any]) -> str:
    lines = [_VERDICT[step["ok"]]]
    if step["ok"] is not True and step["reason"]:
        lines.append(f"{step['reason']}: {_both(step['remedy'])}")
    lines += [f"▲ {each['reason']}: {_both(each['remedy'])}" for each in step.get("warnings", ())]
    return "; ".join(lines)


def _both(remedy: Mapping[str, str] | None) -> str:
    return f"{remedy['zh']} {remedy['en']}" if remedy else ""


def _dip(dip: Mapping[str, Any] | None) -> Rows:
    if dip is None:
        return []
    unit = dip["unit"] or ""
    rows = [("人工 by hand", f"{_number(dip['value'])} {unit}")]
    if dip["measured"] is not None:
        rows += [(f"设备 by device ({_named(dip['property'])})", f"{_number(dip['measured'])} {unit}  {_local(dip['time'])}"),
                 ("差值 difference", f"{dip['difference']:+.3f} {unit}")]  # fmt: skip
    return rows


def _place(device: Mapping[str, Any]) -> str:
    """In WGS 84; how it was given, where that was another system."""
    if device["lat"] is None:
        return "–"
    given = "" if device["crs"] == "wgs84" else f"; 原坐标 given in {device['crs']}"
    return f"{device['lat']:.6f}, {device['lon']:.6f} (WGS 84{given})"


def _named(name: str) -> str:
    """水位 water_level; one that is in no table by its id alone."""
    found = properties.get(name)
    return f"{found.name_zh} {name}" if found else name


def _since(instant: str) -> str:
    """What holds from the first instant on holds since the device was registered."""
    return "登记起 registration" if parse_instant(instant) == 0 else _local(instant)


def _photo(photo: Mapping[str, Any] | None) -> str:
    return f"{photo['path']} ({photo['size']} B, SHA-256 {photo['sha256']})" if photo else "–"


def _local(instant: str) -> str:
    return to_datetime(parse_instant(instant)).astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S +08:00")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.10g}"


def _text(value: Any) -> str:
    return str(value) if value not in {None, ""} else "–"
