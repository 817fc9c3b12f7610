"""The body of an ASCII report (SL 651-2014, clause 6.6.2): names and values between single blanks to readings.

    ST 5010123456 H TT 2609090800 Z 6.38 VT 12.50
    ST 5010123456 H TT 2609090805 DRN05 Z Q 6.30 12.5 6.35 12.6      a series: names, then their values slot by slot

Decimal point and minus are written out, M is missing. DRP and DRZ1..8 are the HEX blocks as text, ZT is 8 hex digits.
A word that is no value where one belongs reads as missing; a name without a value is bad_grammar.
"""

from __future__ import annotations

import re

from sensing.errors import DecodeError, Reason
from sensing.times import DAY, HOUR, MINUTE

from .sl651_codes import BLOCK_DIGITS, BY_NAME, Rule
from .sl651_elements import BLOCK_STEP, BLOCK_VALUES, Report, block
from .sl651_times import instant

_WORD = re.compile(rb"[^ \t\r\n]+")
_NUMBER = re.compile(r"[+-]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})", re.ASCII)
_STEP = re.compile(r"DR([DHN])(\d\d)", re.ASCII)
_STEPS = {"D": DAY, "H": HOUR, "N": MINUTE}
_STATION = re.compile(r"[0-9A-F]{8}(?:[0-9A-F]{2})?")
_TIME = re.compile(r"\d{10}(?:\d\d)?", re.ASCII)
_HEX = re.compile(r"[0-9A-Fa-f]+")


class Words:
    """The words of a body, one after the other; bytes until a word is asked for, since a picture may follow."""

    def __init__(self, body: bytes) -> None:
        self._body, self.at = body, 0

    def peek(self, ahead: int = 0) -> str:
        """The next word, or one further `ahead`; "" at the end."""
        found = _WORD.search(self._body, self.at)
        for _ in range(ahead):
            found = found and _WORD.search(self._body, found.end())
        return found[0].decode("gb18030", "replace") if found else ""

    def take(self, after: str = "") -> str:
        """The next word. Raises DecodeError bad_grammar when `after` is the last one."""
        found = _WORD.search(self._body, self.at)
        if not found:
            raise DecodeError(Reason.BAD_GRAMMAR, f'nothing follows "{after[:20]}"')
        self.at = found.end()
        return found[0].decode("gb18030", "replace")

    def rest(self) -> bytes:
        """All that is left, without the blank before it and the one that ends every body."""
        left = self._body[self.at + 1 :]
        self.at = len(self._body)
        return left.removesuffix(b" ")


def read(report: Report, body: bytes) -> None:
    """Every reading of a body behind serial and send time. Raises DecodeError bad_grammar, bad_time."""
    words = Words(body)
    while words.peek():
        group(report, words)


def group(report: Report, words: Words) -> None:
    """One name and what belongs to it."""
    name = words.take().upper()
    if name == "ST":
        _station(report, words)
    elif name == "TT":
        report.time = report.stated = _time(words.take(name))
    elif name == "RGZS":
        report.say(name, words.rest().decode("gb18030", "replace"))
    elif name in ("PIC", "DATA"):
        report.pictures += name == "PIC"
        words.rest()
    elif step := _STEP.fullmatch(name):
        _series(report, words, int(step[2]) * _STEPS[step[1]])
    else:
        _element(report, name, words)


def _station(report: Report, words: Words) -> None:
    address = words.take("ST").upper()
    if not _STATION.fullmatch(address):
        raise DecodeError(Reason.BAD_GRAMMAR, f'station "{address[:20]}" is not 10 hex digits')
    report.native = address.rjust(10, "0")
    if len(words.peek()) == 1 and not is_value(words.peek(1)):
        words.take()  # the class (annex A); H, Q and Z are elements too, but then a value follows


def _element(report: Report, name: str, words: Words) -> None:
    if is_value(name):
        raise DecodeError(Reason.BAD_GRAMMAR, f'value "{name[:20]}" has no name')
    rule, size = _rule(name)
    if size:
        _block(report, rule, size, words)
    else:
        report.put(rule, _value(words.take(name), rule))


def _rule(name: str) -> tuple[Rule, int]:
    """How a name is read, and the hex digits of a value when it is a block."""
    code = BY_NAME.get(name)
    if code is None:
        return Rule(0, 1, name, None, None, "instant", "", 0), 0
    rule = Rule(0, 1, code.name, code.property, code.unit, code.statistic, code.channel, code.period)
    return rule, BLOCK_DIGITS.get(int(code.id, 16), 0)


def _block(report: Report, rule: Rule, size: int, words: Words) -> None:
    digits = ""
    while len(digits) < BLOCK_VALUES * size and _HEX.fullmatch(words.peek()):
        digits += words.take()
    if len(digits) != BLOCK_VALUES * size:
        raise DecodeError(Reason.BAD_GRAMMAR, f"block {rule.code} has {len(digits)} hex digits, not {BLOCK_VALUES * size}")
    report.slots(rule, block(digits, size), BLOCK_STEP)


def _series(report: Report, words: Words, step: int) -> None:
    """Names, then values in their order, slot by slot. DRH00 only announces blocks."""
    rules: list[Rule] = []
    while (name := words.peek().upper()) and not is_value(name) and name not in ("ST", "TT") and not _rule(name)[1]:
        rules.append(_rule(name)[0])
        words.take()
    values: list[float | None] = []
    while rules and is_value(words.peek()):
        values.append(_value(words.take(), rules[len(values) % len(rules)]))
    for i, rule in enumerate(rules):
        report.slots(rule, values[i :: len(rules)], step or BLOCK_STEP)


def is_value(word: str) -> bool:
    return word in ("M", "F") or bool(_NUMBER.fullmatch(word))


def _value(word: str, rule: Rule) -> float | None:
    if rule.property == "station_status":
        return int(word, 16) if _HEX.fullmatch(word) and word.strip("Ff") and len(word) <= 16 else None
    return float(word) if _NUMBER.fullmatch(word) else None


def _time(word: str) -> int:
    if not _TIME.fullmatch(word):
        raise DecodeError(Reason.BAD_TIME, f'"{word[:20]}" is no date and time (yymmddHHMM)')
    return instant(word)
