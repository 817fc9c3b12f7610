"""The body of a HEX report (SL 651-2014, clause 6.6.3): guides, definition bytes and BCD data to readings.

    F1F1 station(5) class(1)   F0F0 yymmddHHMM   guide definition data   guide definition data ...

Rules of this file
- The definition byte of the frame says the size, not the table: high 5 bits bytes, low 3 bits decimals. F4..FC are fixed.
- BCD, most significant first. Leading FF is a minus: FF00000345, FF0053 and FF000345 are all seen. All F is missing.
  Any other letter is an invalid value: it reads as missing, and its neighbours stay good (PROTOCOLS 1, "Body").
- F0F0 rules the elements after it, F1F1 begins another station. Without F0F0 a value is of the time the frame was sent.
- A body that does not come out even is refused whole (bad_grammar): its guides cannot be trusted.
"""

from __future__ import annotations

from sensing.errors import DecodeError, Reason
from sensing.model import Micros, Reading, WireFact
from sensing.times import DAY, HOUR, MINUTE

from .sl651_codes import BLOCK_DIGITS, BLOCK_SCALE, CLASSES, RULES, Rule, rule_of
from .sl651_times import AUTO, begin, first_slot, instant

BLOCK_STEP = 5 * MINUTE
BLOCK_VALUES = 12
MANUAL_TEXT = "manual_text"
_FIXED = frozenset(range(0xF0, 0xFE))
_CLASSES = frozenset(f"{letter:02x}" for letter in CLASSES)


def number(digits: str, divisor: int) -> float | None:
    """BCD that is not plain digits: negative, missing or invalid."""
    if digits[:2] == "ff" and digits[2:].isdecimal():
        return -int(digits[2:]) / divisor
    return None


def wind_degrees(code: float) -> float | None:
    """Wind direction 1..16 (1 is north, clockwise) in degrees; None for any other."""
    return (code - 1) * 22.5 if 1 <= code <= 16 and code == int(code) else None


def hours(duration: float) -> float | None:
    """A duration written `HH.mm` in hours; None when its minutes are no minutes."""
    whole, minutes = divmod(round(duration * 100), 100)
    return whole + minutes / 60 if duration >= 0 and minutes < 60 else None


RESULTS = {"wind_direction": wind_degrees, "sl651_05": hours}
"""Elements whose wire value is no quantity: what it stands for in the canonical unit; None makes it invalid."""


class Report:
    """One report being read: what is true of every reading, and what the last guides said."""

    def __init__(
        self, native: str, sent: Micros, rank: int = 0, test: bool = False, series: bool = False, anchor: str = AUTO
    ) -> None:
        self.native, self.sent, self.rank, self.test, self.series, self.anchor = native, sent, rank, test, series, anchor
        self.time = sent
        self.stated: Micros | None = None
        self.readings: list[Reading] = []
        self.facts: list[WireFact] = []
        self.pictures = 0

    def read(self, text: str, at: int) -> None:
        """Everything from `at` on in the hex digits of a body. Raises DecodeError bad_grammar, bad_time."""
        end, rules, append, sent, rank, test = len(text), RULES, self.readings.append, self.sent, self.rank, self.test
        while at < end:
            rule = rules[text[at : at + 4]]
            if rule is None:
                at = self._special(text, at)
                continue
            size, divisor, code, prop, unit, statistic, channel, period = rule
            data = text[at + 4 : at + 4 + size]
            at += 4 + size
            try:
                value: float | None = int(data) / divisor
            except ValueError:
                value = number(data, divisor)
            time = self.time
            append(Reading(
                self.native, code, prop, value, unit, statistic, channel,
                time, begin(time, period) if period else None, self.stated, None, None, None, sent, rank, test,
            ))  # fmt: skip
        if at > end:
            raise DecodeError(Reason.BAD_GRAMMAR, f"the last element is {(at - end) // 2} bytes longer than the body")

    def group(self, text: str, at: int) -> int:
        """One group at `at`, as `read` reads it; where the next begins, beyond the end when it is cut off."""
        rule = RULES[text[at : at + 4]]
        if rule is None:
            return self._special(text, at)
        start = at + 4
        self.put(rule, value_of(text[start : start + rule.digits], rule))
        return start + rule.digits

    def put(self, rule: Rule, value: float | str | None, slot: Micros | None = None) -> None:
        """One reading, of the time that rules here or of a slot."""
        time = self.time if slot is None else slot
        result = None
        if isinstance(value, (int, float)) and rule.property in RESULTS:
            result = RESULTS[rule.property](value)
            value = None if result is None else value
        self.readings.append(Reading(
            self.native, rule.code, rule.property, value, rule.unit, rule.statistic, rule.channel, time, begin(time, rule.period),
            self.stated if slot is None else slot, None, result, None, self.sent, self.rank, self.test,
        ))  # fmt: skip

    def slots(self, rule: Rule, values: list[float | None], step: int) -> None:
        """A series of values, `step` microseconds apart."""
        slot = first_slot(self.time, step, len(values), self.sent, self.anchor)
        for value in values:
            self.put(rule, value, slot)
            slot += step

    def say(self, code: str, text: str) -> None:
        """Text that is no observation: a line for people, and a fact when it is words."""
        self.put(rule_of(code, 0)._replace(property=None, unit=None), text)
        if code in ("F2", "RGZS"):
            self.facts.append(WireFact(self.native, MANUAL_TEXT, text, self.time))

    def _special(self, text: str, at: int) -> int:
        """The group at `at`, which is no plain number; where the next begins."""
        guide = int(text[at : at + 2], 16)
        if guide in BLOCK_DIGITS:
            return self._block(text, at, guide)
        if guide in (0xF2, 0xF3, 0xFD):
            return self._to_end(text, at, guide)
        if guide == 0xF0:
            self.stated = self.time = instant(text[(at := at + (4 if text[at + 2 : at + 4] == "f0" else 2)) : at + 10])
            return at + 10
        if guide == 0xF1:
            return self._station(text, at)
        if guide == 0x04 and len(text) >= at + 10:
            return self._step(text, at)
        if guide == 0 and not text[at:].strip("0"):
            return len(text)  # filled up with zeros
        rule, start = self._rule(text, at)
        self.put(rule, value_of(text[start : start + rule.digits], rule))
        return start + rule.digits

    def _rule(self, text: str, at: int) -> tuple[Rule, int]:
        """The rule of any element, and where its data begin."""
        size = 4 if text[at : at + 2] == "ff" else 2
        definition = text[at + size : at + size + 2]
        if len(definition) < 2:
            raise DecodeError(Reason.BAD_GRAMMAR, f"{text[at:].upper()} ends the body without a definition byte")
        return rule_of(text[at : at + size].upper(), int(definition, 16)), at + size + 2

    def _block(self, text: str, at: int, guide: int) -> int:
        """F4..FC: 12 values of five minutes; in a list report as many twelves as are left."""
        size = BLOCK_DIGITS[guide]
        start, room = at + 4, len(text) - at - 4
        if room < BLOCK_VALUES * size:
            raise DecodeError(Reason.BAD_GRAMMAR, f"block {guide:02X}H holds {room // size} of 12 values")
        end = start + BLOCK_VALUES * size
        if self.series and room % (BLOCK_VALUES * size) == 0 and text[end : end + 4] != "f0f0":
            end = len(text)
        self.slots(rule_of(f"{guide:02X}", 0), block(text[start:end], size), BLOCK_STEP)
        return end

    def _to_end(self, text: str, at: int, guide: int) -> int:
        data = bytes.fromhex(text[at + 4 :])
        if guide == 0xF3:
            self.pictures += 1
        else:
            self.say(f"{guide:02X}", data.decode("gb18030", "replace").rstrip("\0") if guide == 0xF2 else data.hex().upper())
        return len(text)

    def _station(self, text: str, at: int) -> int:
        at += 4 if text[at + 2 : at + 4] == "f1" else 2
        if len(text) < at + 10:
            raise DecodeError(Reason.BAD_GRAMMAR, f"station address {text[at:].upper()} is not 5 bytes")
        self.native = text[at : at + 10].upper()
        at += 10
        if text[at : at + 2] in _CLASSES or text[at + 2 : at + 6] == "f0f0":
            at += 4 if text[at + 2 : at + 4] == "00" else 2  # some send a definition byte 00 after the class
        return at

    def _step(self, text: str, at: int) -> int:
        """Step code ddHHMM; in a list report the next element's values follow it without a break."""
        digits = text[at + 4 : at + 10]
        if not digits.isdecimal():
            raise DecodeError(Reason.BAD_NUMBER, f"step code {digits.upper()} is not decimal digits")
        step = int(digits[:2]) * DAY + int(digits[2:4]) * HOUR + int(digits[4:]) * MINUTE
        at += 10
        if not self.series or int(text[at : at + 2] or "F0", 16) in _FIXED:
            return at
        return self._list(text, *self._rule(text, at), step)

    def _list(self, text: str, rule: Rule, at: int, step: int) -> int:
        size, values = rule.digits or len(text), list[float | None]()
        while at + size <= len(text) and text[at : at + 4] not in ("f0f0", "f1f1") and (step or len(values) < BLOCK_VALUES):
            values.append(value_of(text[at : at + size], rule))
            at += size
        self.slots(rule, values, step or BLOCK_STEP)  # 000000 is an hour in twelve, also before what is no block
        return at


def value_of(data: str, rule: Rule) -> float | None:
    """The data of one element: a number, or None when missing or invalid."""
    if rule.code == "45":
        return int(data, 16) if data.strip("f") else None
    return int(data) / rule.divisor if data.isdecimal() else number(data, rule.divisor)


def block(digits: str, size: int) -> list[float | None]:
    """Values of a block: unsigned integers of `size` hex digits, all ones is invalid."""
    raw = [int(digits[i : i + size], 16) for i in range(0, len(digits), size)]
    return [None if value == 16**size - 1 else value / BLOCK_SCALE[size] for value in raw]
