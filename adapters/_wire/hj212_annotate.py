"""HJ 212 frames byte by byte, for people: header fields, every item of the data with its factor and what it became, the checksum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sensing import properties
from sensing.errors import DecodeError
from sensing.model import Context, Reading, Span

from . import codes, hj212_frame
from .hj212_codes import CONTROLS, code_of
from .hj212_message import Message, understand
from .hj212_stream import Frame, cut
from .hj212_times import moment
from .hj212_where import CLOSED, CRC, HEAD, ITEM, LENGTH, OPENED, START, Token, tokens
from .spans import Meaning, Tape, total
from .text_values import beijing, result
from .wrapping import BETWEEN, HALF, JUNK, Decode, Starts, annotated

_HEADER: Mapping[str, Meaning] = {
    "QN": ("请求编码", "request number: when it was sent"), "ST": ("系统编码", "kind of system"), "CN": ("命令编码", "command"),
    "PW": ("访问密码", "password"), "MN": ("设备唯一标识", "device number"), "FLAG": ("拆分包及应答标志", "version, parts, answer"),
    "PNUM": ("总包数", "parts in all"), "PNO": ("包号", "part"),
}  # fmt: skip
_FIXED: Mapping[str, Meaning] = {
    START: ("包头", "start of frame"), LENGTH: ("数据段长度", "length"), OPENED: ("指令参数开始", "data begin"),
    CLOSED: ("指令参数结束", "end of data"),
}  # fmt: skip
_SUM: Meaning = ("CRC 校验", "checksum")
_OTHER: Meaning = ("字段", "field")
_PART: Meaning = ("分包数据", "data of a message in parts")
_SECRET: Meaning = ("SM4 密文", "under SM4")
_SYSTEMS = {
    "21": "地表水", "22": "空气质量", "23": "声环境", "24": "地下水", "25": "土壤", "26": "海水", "27": "挥发性有机物", "31": "大气污染源",
    "32": "地表水污染源", "33": "地下水污染源", "34": "海洋污染源", "35": "土壤污染源", "36": "声环境污染源", "37": "振动污染源",
    "38": "放射性污染源", "39": "扬尘", "91": "系统交互",
}  # fmt: skip
_VERSIONS = {0: "2005", 1: "2017", 2: "2025"}
_PARAMETERS: Mapping[str, Meaning] = {
    "DataTime": ("数据时间", "time of the data"), "AlarmTime": ("报警时间", "time of the alarm"), "RestartTime": ("开机时间", "started"),
    "PolId": ("因子编码", "factor"), "QnRtn": ("请求回应", "answer to a request"), "ExeRtn": ("执行结果", "result"),
    "SystemTime": ("系统时间", "clock"), "RtdInterval": ("实时间隔", "interval"), "MinInterval": ("分钟间隔", "minute interval"),
}  # fmt: skip
_FIELDS: Mapping[str, Meaning] = {
    "rtd": ("实时值", "now"), "avg": ("均值", "mean"), "min": ("最小值", "minimum"), "max": ("最大值", "maximum"), "cou": ("累计值", "sum"),
    "ala": ("报警值", "alarm value"), "data": ("噪声值", "value"), "daydata": ("昼间值", "by day"), "nightdata": ("夜间值", "by night"),
    "zsrtd": ("折算实时值", "converted, now"), "zsavg": ("折算均值", "converted, mean"), "zsmin": ("折算最小值", "converted, minimum"),
    "zsmax": ("折算最大值", "converted, maximum"), "zscou": ("折算累计值", "converted, sum"), "flag": ("数据标记", "flag"),
    "sampletime": ("采样时间", "when sampled"), "info": ("信息", "information"), "eflag": ("设备标志", "device flag"),
    "": ("", ""),
}  # fmt: skip
_FLAGS = {
    "N": "正常 good", "F": "停运 off", "M": "维护 maintenance", "S": "手工输入 by hand", "D": "故障 broken", "C": "校准 calibration",
    "T": "超限 over a limit", "B": "通讯异常 no connection",
}  # fmt: skip
_NAMES = codes.load("hj212", "code", lambda row: row["name_zh"])


def annotate(payload: bytes, context: Context, starts: Starts, decode: Decode) -> list[Span]:
    """Every byte of a payload; of a wrapped one the bytes inside, where they stand outside."""
    return total(lambda payload, context: annotated(payload, context, starts, lambda data: _tell(data, context), decode))(
        payload, context
    )


def _tell(data: bytes, context: Context) -> list[Span]:
    tape = Tape()
    found = cut(data, context.settings)
    pieces: list[tuple[int, int, Frame | None]] = [(junk.start, junk.end, None) for junk in found.junk]
    pieces += [(frame.start, frame.end, frame) for frame in found.frames]
    for start, end, frame in sorted(pieces, key=lambda piece: piece[:2]):
        tape.upto(start, "", BETWEEN)
        _piece(tape, data[start:end], frame, context)
    tape.upto(found.tail, "", BETWEEN)
    tape.upto(len(data), "", HALF)
    return tape.spans


def _piece(tape: Tape, piece: bytes, frame: Frame | None, context: Context) -> None:
    base, found = tape.at, tokens(piece)
    if not found:
        tape.take(len(piece), "", JUNK)
        return
    clear = frame is None or frame.segment in piece
    message, whole = _message(frame, context) if frame else (None, True)
    readings: dict[str, list[Reading]] = {}
    for reading in message.readings if message else ():
        readings.setdefault(reading.code, []).append(reading)
    for token in found if whole and clear else _joined(found):
        if token.kind == ITEM and frame and not clear:
            text = hj212_frame.in_words(frame.segment).partition("CP=&&")[2]
            tape.upto(base + token.end, "CP", _SECRET, text.removesuffix("&&")[:400])
        elif token.kind == ITEM and not whole:
            tape.upto(base + token.end, "CP", _PART)
        elif token.kind == ITEM:
            tape.upto(base + token.end, token.name, *_item(token, readings))
        elif token.kind == CRC:
            tape.upto(base + token.end, "CRC", _SUM, _sum(token, piece, frame))
        elif token.kind == HEAD:
            tape.upto(base + token.end, token.name, *_header(token))
        else:
            text = f"{int(token.text)} bytes" if token.kind == LENGTH else ""
            tape.upto(base + token.end, "", _FIXED.get(token.kind, BETWEEN if frame else JUNK), text)
    tape.upto(base + len(piece), "", BETWEEN)


def _message(frame: Frame, context: Context) -> tuple[Message | None, bool]:
    """What an intact frame says, and whether it is a message of its own."""
    try:
        telegram = hj212_frame.read(frame.segment, frame.crc)
        if telegram.total:
            return None, False
        return understand(telegram, context.settings(telegram.mn)), True
    except DecodeError:
        return None, True


def _joined(found: Sequence[Token]) -> list[Token]:
    """The items of the data as one: ciphertext, or a piece of a message, has none of its own."""
    items = [token for token in found if token.kind == ITEM]
    rest = [token for token in found if token.kind != ITEM]
    return sorted([*rest, items[0]._replace(end=items[-1].end)]) if items else rest


def _header(token: Token) -> tuple[Meaning, str]:
    name, text = token.name.upper(), token.text.strip()
    said = text
    if name == "QN":
        said = beijing(moment(text)) if moment(text) is not None else text
    elif name == "ST":
        said = f"{text} {_SYSTEMS.get(text, '')}".strip()
    elif name == "CN":
        said = f"{text} {CONTROLS.get(text, '')}".strip()
    elif name == "PW":
        said = ""
    elif name == "FLAG" and text.isdigit() and text.isascii() and len(text) < 5:
        number = int(text)
        more = [word for bit, word in ((2, "in parts"), (1, "answer wanted")) if number & bit]
        said = ", ".join([f"{text}: HJ 212-{_VERSIONS.get(number >> 2, '?')}", *more])
    return _HEADER.get(name, _OTHER), said


def _item(token: Token, readings: dict[str, list[Reading]]) -> tuple[Meaning, str]:
    text = token.text.strip()
    time = moment(text) if token.name.lower().endswith("time") else None
    if time is not None:
        text = beijing(time)
    factor, dash, field = token.name.partition("-")
    code = code_of(factor)
    if not dash and code is None:
        return _PARAMETERS.get(token.name, _OTHER), text
    zh, en = _FIELDS.get(field.lower(), (field, field))
    name = _NAMES.get(code.id, "") if code else ""
    kept = properties.get(code.property) if code else None
    meaning = f"{name or factor} {zh}".strip(), f"{kept.name_en if kept else factor} {en}".strip()
    if field.lower() == "flag":
        return meaning, f"{text} {_FLAGS.get(text, '')}".strip()
    waiting = readings.get("".join(token.name.split()))
    return meaning, result(waiting.pop(0)) if waiting and time is None else text


def _sum(token: Token, piece: bytes, frame: Frame | None) -> str:
    right = hj212_frame.checksum(frame.segment if frame else piece[6 : token.start])
    return f"{token.text} ✔" if right == int(token.text, 16) else f"{token.text} ✖ {right:04X}"
