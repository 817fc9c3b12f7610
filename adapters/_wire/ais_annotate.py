"""AIS sentences byte by byte, for people: fields of VDM and VDO, the message of its armour with its main fields, the checksum."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from sensing.errors import DecodeError
from sensing.model import Context, Reading, Span

from .ais_armour import bits_of
from .ais_message import understand
from .nmea_annotate import Line, Told, sentences
from .spans import Meaning
from .wrapping import Decode

_FIELDS: tuple[tuple[str, Meaning], ...] = (
    ("kind", ("语句类型", "kind of sentence")), ("total", ("分段总数", "parts in all")), ("part", ("分段号", "part")),
    ("sequence", ("报文序号", "sequence number")), ("channel", ("信道", "radio channel")), ("payload", ("报文内容", "message")),
    ("fill", ("填充位数", "fill bits")),
)  # fmt: skip
_OTHER: Meaning = ("字段", "field")
_PAYLOAD = 5
_MOST_SHOWN = 16
_PLAIN = frozenset(("msg_type", "repeat", "mmsi", "radio", "raim", "spare_1", "spare_2", "lon", "lat", "data"))
_TYPES = {
    1: "A 类位置报告 position, class A", 2: "A 类位置报告（指配） position, class A, assigned", 3: "A 类位置报告（应答） position, class A, asked for",
    4: "基站报告 base station", 5: "静态与航次数据 static and voyage data", 6: "寻址二进制 binary, addressed", 7: "二进制确认 binary, acknowledged",
    8: "二进制广播 binary broadcast", 9: "搜救飞机位置 search and rescue aircraft", 10: "UTC 询问 asks for UTC", 11: "UTC 应答 UTC",
    12: "寻址安全文本 safety text, addressed", 13: "安全文本确认 safety text, acknowledged", 14: "安全广播 safety text", 15: "询问 interrogation",
    16: "指配命令 assigned mode", 17: "差分改正 DGNSS", 18: "B 类位置报告 position, class B", 19: "B 类扩展位置报告 position, class B, extended",
    20: "数据链管理 data link management", 21: "航标报告 aid to navigation", 22: "信道管理 channel management", 23: "群组指配 group assignment",
    24: "B 类静态数据 static data, class B", 25: "单时隙二进制 binary, one slot", 26: "多时隙二进制 binary, slots",
    27: "远程位置报告 position, long range", 28: "航标扩展报告 aid to navigation, extended",
}  # fmt: skip


def annotate(payload: bytes, context: Context, decode: Decode) -> list[Span]:
    """Every byte of a payload. A message in parts is told with the part that completes it."""
    waiting: dict[str, dict[str, str]] = {}
    wide = replace(context, every_field=True)
    return sentences(payload, context, decode, lambda line: _fields(line, waiting, wide))


def _fields(line: Line, waiting: dict[str, dict[str, str]], context: Context) -> Callable[[int], Told]:
    ours = line.head[-3:].upper() in ("VDM", "VDO")

    def told(number: int) -> Told:
        text = line.texts[number]
        if not ours or number >= len(_FIELDS):
            return str(number), _OTHER, text
        name, meaning = _FIELDS[number]
        return name, meaning, _message(line, waiting, context) if number == _PAYLOAD and len(line.texts) > _PAYLOAD + 1 else text

    return told


def _message(line: Line, waiting: dict[str, dict[str, str]], context: Context) -> str:
    total, part, sequence, channel, armour, fill = line.texts[1:7]
    if total != "1":
        group = waiting.setdefault(f"{channel}|{sequence}|{total}", {})
        group[part] = armour
        if not total.isdigit() or len(group) < int(total):
            return f"part {part} of {total}"
        armour = "".join(group[key] for key in sorted(group))
        del waiting[f"{channel}|{sequence}|{total}"]
    try:
        return _said(armour.encode("latin-1"), int(fill) if fill in "012345" and fill else 0, context)
    except DecodeError as error:
        return str(error)


def _said(armour: bytes, fill: int, context: Context) -> str:
    """`type 1 ...: mmsi 244660274, 5.67, 52.85, speed 0.1 [kn_i] → speed_over_ground`."""
    if not armour:
        return "empty: nothing was heard"
    message, bits = bits_of(armour, fill)
    kind = message >> bits - 6 if bits >= 6 else 0
    readings = understand(armour, fill, None, context).readings
    shown = [_shown(reading) for reading in readings if _worth(reading)]
    more = ["…"] if len(shown) > _MOST_SHOWN else []
    mmsi = message >> bits - 38 & 0x3FFF_FFFF
    return "; ".join([f"type {kind} {_TYPES.get(kind, '')}: MMSI {mmsi:09d}", *shown[:_MOST_SHOWN], *more])


def _worth(reading: Reading) -> bool:
    return reading.property is not None or (
        reading.code not in _PLAIN and reading.value not in (None, "", 0) and isinstance(reading.value, (str, int, float))
    )


def _shown(reading: Reading) -> str:
    if reading.position is not None and reading.property:
        return f"{reading.position[0]:.10g}, {reading.position[1]:.10g} → position"
    value = f"{reading.value:.10g}" if isinstance(reading.value, float) else str(reading.value)
    unit = f" {reading.unit}" if reading.unit not in (None, "1") else ""
    return f"{reading.code} {value[:40]}{unit}" + (f" → {reading.property}" if reading.property else "")
