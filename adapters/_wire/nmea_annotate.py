"""NMEA 0183 sentences byte by byte, for people: tag block, talker, kind, every field with what it became, the checksum."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from sensing.errors import DecodeError
from sensing.model import Context, Reading, Span

from . import codes
from .nmea_fields import FIELDS
from .nmea_sentence import xor
from .nmea_stream import goes_on, pieces_of, starts
from .nmea_where import Parts, parts
from .spans import Meaning, Tape, total
from .text_values import result
from .wrapping import BETWEEN, HALF, JUNK, Decode, annotated

_BLOCK: Meaning = ("标签块", "tag block")
_START: Meaning = ("起始符", "start")
_TALKER: Meaning = ("发话器", "talker")
_KIND: Meaning = ("语句类型", "kind of sentence")
_SUM: Meaning = ("校验和", "checksum")
_BEHIND: Meaning = ("附加内容", "behind the sentence")
_FIELD: Meaning = ("字段", "field")
_TALKERS = {
    "GP": "GPS", "GN": "GNSS", "GL": "GLONASS", "GA": "Galileo", "GB": "北斗 BeiDou", "BD": "北斗 BeiDou", "II": "综合仪表 instruments",
    "WI": "气象仪器 weather", "SD": "测深仪 sounder", "HE": "陀螺罗经 gyro", "HC": "磁罗经 compass", "VW": "计程仪 speed log",
    "AI": "移动站 ship or shore AIS", "BS": "基站 base station", "AB": "基站 base station", "AN": "航标 aid to navigation",
    "SA": "岸站 shore station", "P": "厂商自定义 proprietary",
}  # fmt: skip
_KINDS = {
    "GGA": "定位数据 fix", "GNS": "GNSS 定位 fix", "GLL": "地理位置 position", "RMC": "推荐最小定位信息 recommended minimum",
    "VTG": "航迹与地速 track and speed", "ZDA": "日期时间 date and time", "HDT": "真艏向 true heading", "HDM": "磁艏向 magnetic heading",
    "HDG": "艏向与磁差 heading, variation", "ROT": "转向率 rate of turn", "VHW": "对水航速 water speed", "DPT": "水深 depth",
    "DBT": "换能器下水深 below transducer", "DBS": "水面下水深 below surface", "MTW": "水温 water", "MTA": "气温 air", "MHU": "湿度 humidity",
    "MMB": "气压 pressure", "MWD": "风向风速 wind", "MWV": "风速风向角 wind", "MDA": "气象综合 weather", "XDR": "传感器测量值 transducers",
    "VDM": "AIS 消息 AIS of others", "VDO": "AIS 本船 AIS of the own vessel",
}  # fmt: skip
_NAMES: Mapping[str, Meaning] = {
    "timestamp": ("UTC 时间", "time of day"), "datestamp": ("日期", "date"), "lat": ("纬度", "latitude"), "lon": ("经度", "longitude"),
    "lat_dir": ("南北", "north or south"), "lon_dir": ("东西", "east or west"), "status": ("状态", "status: A is valid"),
    "mode_indicator": ("定位模式", "mode"), "faa_mode": ("定位模式", "mode"), "gps_qual": ("定位质量", "quality of the fix"),
    "num_sats": ("卫星数", "satellites"), "horizontal_dil": ("水平精度因子", "HDOP"), "hdop": ("水平精度因子", "HDOP"),
    "altitude": ("海拔", "altitude"), "geo_sep": ("大地水准面差距", "geoid separation"), "mag_variation": ("磁差", "variation"),
    "mag_var_dir": ("磁差方向", "its side"), "variation": ("磁差", "variation"), "var_dir": ("磁差方向", "its side"),
    "deviation": ("自差", "deviation"), "dev_dir": ("自差方向", "its side"), "day": ("日", "day"), "month": ("月", "month"),
    "year": ("年", "year"), "local_zone": ("时区", "zone"), "heading": ("艏向", "heading"), "offset": ("换能器偏移", "offset"),
    "range": ("量程", "range"), "wind_angle": ("风向角", "angle of the wind"), "reference": ("参考", "reference: R bow, T north"),
    "wind_speed": ("风速", "wind speed"), "wind_speed_units": ("风速单位", "its unit"), "temperature": ("温度", "temperature"),
}  # fmt: skip
_LONGEST = 1_000
"""Characters of what a field says."""
_XDR = (("type", "传感器类型", "type"), ("value", "数值", "value"), ("unit", "单位", "unit"), ("name", "名称", "name"))
_TOLD: Mapping[str, Meaning] = codes.load("nmea0183", "code", lambda row: (row["name_zh"], row["name_en"]))


class Line(NamedTuple):
    """A sentence that is being told. head: talker and kind; texts: its fields, the head first."""

    text: bytes
    head: str
    texts: list[str]


Told = tuple[str, Meaning, str]
Tell = Callable[[Line], Callable[[int], Told]]
"""What tells (name, meaning, value) of each field of a line by its number."""


def annotate(payload: bytes, context: Context, decode: Decode) -> list[Span]:
    """Every byte of a payload; of a wrapped one the bytes inside, where they stand outside."""
    return sentences(payload, context, decode, lambda line: _fields(line, context, decode))


def sentences(payload: bytes, context: Context, decode: Decode, tell: Tell) -> list[Span]:
    """Lines of sentences, their fields told by `tell`."""
    return total(lambda payload, context: annotated(payload, context, starts, lambda data: _lines(data, tell), decode))(
        payload, context
    )


def _lines(data: bytes, tell: Tell) -> list[Span]:
    tape = Tape()
    pieces = pieces_of(data)
    for number, piece in enumerate(pieces):
        tape.upto(piece.offset, "", BETWEEN)
        if number == len(pieces) - 1 and goes_on(piece.text, data):
            tape.take(len(piece.text), "", HALF)
        elif piece.text[:1] in (b"!", b"$", b"\\"):
            _line(tape, piece.text, tell)
        else:
            tape.take(len(piece.text), "", JUNK)
    tape.upto(len(data), "", BETWEEN)
    return tape.spans


def _line(tape: Tape, text: bytes, tell: Tell) -> None:
    found, base = parts(text), tape.at
    start = 0
    for end in found.blocks:
        tape.upto(base + end, "tag", _BLOCK, _shown(text[start:end].strip(b"\\")))
        start = end
    texts = [text[low:high].decode("latin-1") for low, high in found.fields]
    head = texts[0]
    first = found.fields[0]
    tape.upto(base + first[0], "", _START, "" if first[0] == found.start else text[found.start : first[0]].decode())
    size = 1 if head[:1] == "P" else len(head) - 3 if len(head) > 3 else 0
    tape.take(size, "talker", _TALKER, f"{head[:size][:80]} {_TALKERS.get(head[:size], '')}".strip())
    comma = 1 if len(texts) > 1 else 0
    tape.upto(base + first[1] + comma, "kind", _KIND, f"{head[size:][:80]} {_KINDS.get(head[size:], '')}".strip())
    says = tell(Line(text, head, texts))
    for number, (_, high) in enumerate(found.fields[1:], 1):
        name, meaning, value = says(number)
        tape.upto(base + high + (number < len(texts) - 1), name, meaning, value[:_LONGEST])
    _sum(tape, text, found, base)
    tape.upto(base + len(text), "", _BEHIND)


def _sum(tape: Tape, text: bytes, found: Parts, base: int) -> None:
    """`*` and the two digits."""
    stated = _shown(text[found.star + 1 : found.star + 3])
    right = f"{xor(text[found.fields[0][0] : found.star]):02X}"
    said = f"{stated} ✔" if stated.upper() == right else f"{stated} ✖ {right}"
    tape.upto(base + min(len(text), found.star + 1), "", _SUM, "")
    tape.upto(base + min(len(text), found.star + 3), "checksum", _SUM, said)


def _shown(data: bytes) -> str:
    return data.decode("latin-1")[:80]


def name_of(kind: str, name: str) -> Meaning:
    """What a field of a sentence is called."""
    return _TOLD.get(f"{kind}.{name}") or _NAMES.get(name) or (_FIELD[0], name.replace("_", " "))


def _fields(line: Line, context: Context, decode: Decode) -> Callable[[int], Told]:
    kind = line.head[-3:]
    names = FIELDS.get(kind, ())
    readings: dict[tuple[str, str], Reading] = {}
    try:
        for reading in decode(line.text, context).readings:
            readings.setdefault((reading.code, reading.channel), reading)
    except DecodeError:
        pass
    place = readings.get(("position", ""))

    def told(number: int) -> Told:
        text = line.texts[number]
        if kind == "XDR":
            return _transducer(line, number, readings)
        name = names[number - 1] if number <= len(names) else str(number)
        reading = place if name == "lon" and place else readings.get((name, ""))
        return name, name_of(kind, name), result(reading) if reading is not None and text else text

    return told


def _transducer(line: Line, number: int, readings: Mapping[tuple[str, str], Reading]) -> Told:
    which = (number - 1) % 4
    code, zh, en = _XDR[which]
    group = line.texts[number - which : number - which + 4]
    reading = readings.get((group[3] or group[0], group[3][:32])) if which == 1 and len(group) == 4 else None
    return code, (zh, en), result(reading) if reading else line.texts[number]
