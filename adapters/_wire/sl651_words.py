"""What the fields of an SL 651-2014 frame are called, in Chinese as the standard does and in English."""

from __future__ import annotations

from sensing import properties

from . import codes
from .sl651_codes import CONTROLS, code_of
from .spans import Meaning

START = ("帧起始符", "start of frame")
CENTRE = ("中心站地址", "centre address")
STATION = ("遥测站地址", "station address")
PASSWORD = ("密码", "password")
FUNCTION = ("功能码", "function")
LENGTH = ("报文上下行标识及长度", "direction and length")
BEGIN = ("报文起始符", "start of text")
PACKET = ("包总数及序列号", "packet of packets")
SERIAL = ("流水号", "serial")
SENT = ("发报时间", "send time")
STATION_GROUP = ("地址标识符", "station follows")
CLASS = ("遥测站分类码", "station class")
TIME_GROUP = ("观测时间标识符", "observation time follows")
OBSERVED = ("观测时间", "observation time")
STEP_GROUP = ("时间步长码标识符", "step code follows")
STEP = ("时间步长", "step ddHHMM")
DATA = ("数据", "data")
SLOT = ("时段值", "value of a slot")
VALUE_NAME = ("要素标识符", "element")
TEXT = ("文字", "text")
FILLED = ("补零", "filled up with zeros")
BODY = ("报文正文", "body")
NEXT = ("后续分包", "goes on in the next packet")
PIECE = ("分包正文", "part of a message in packets")
END = ("报文结束符", "end of text")
CRC = ("校验码", "checksum")
BETWEEN = ("帧间字节", "between frames")
WRAPPING = ("外层封装", "wrapping")
HALF = ("半帧，等待后续字节", "half a frame: waits for more")
JUNK = ("非报文字节", "no frame")

_FUNCTIONS = {
    0x2F: "链路维持报", 0x30: "测试报", 0x31: "均匀时段水文信息报", 0x32: "定时报", 0x33: "加报报", 0x34: "小时报", 0x35: "人工置数报",
    0x36: "图片报", 0x37: "查询实时数据", 0x38: "查询时段数据", 0x39: "查询人工置数", 0x3A: "查询指定要素", 0x40: "修改基本配置",
    0x41: "读取基本配置", 0x42: "修改运行参数", 0x43: "读取运行参数", 0x44: "查询水泵电机数据", 0x45: "查询软件版本", 0x46: "查询状态和报警",
    0x47: "初始化固态存储", 0x48: "恢复出厂设置", 0x49: "修改密码", 0x4A: "设置时钟", 0x4B: "设置 IC 卡状态", 0x4C: "控制水泵",
    0x4D: "控制阀门", 0x4E: "控制闸门", 0x4F: "水量定值控制", 0x50: "查询事件记录", 0x51: "查询时钟",
}  # fmt: skip
_ENDS = {
    0x03: "ETX", 0x17: "ETB, more follow", 0x04: "EOT, done", 0x05: "ENQ, a query", 0x06: "ACK, go on", 0x15: "NAK, send again",
    0x1B: "ESC, stay on line",
}  # fmt: skip
_NAMES = codes.load("sl651", "id_hex", lambda row: row["name_zh"])


def function(number: int) -> str:
    """`34 小时报 hourly-report`."""
    return f"{number:02X} {_FUNCTIONS.get(number, '')} {CONTROLS.get(number, 'user-defined' if number >= 0xE0 else '')}".strip()


def end(character: int) -> str:
    """`ETX`, and what it asks for."""
    return _ENDS.get(character, f"{character:02X}H")


def element(wire: str) -> Meaning:
    """What a guide (`39`, `FF09`) measures; its own text when no table has it."""
    kept = properties.get(code_of(wire).property or "")
    return _NAMES.get(wire) or (kept.name_zh if kept else "未知要素"), kept.name_en if kept else f"element {wire}"
