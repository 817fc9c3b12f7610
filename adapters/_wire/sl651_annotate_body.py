"""The text of an SL 651-2014 frame in spans: serial, send time, stations, times, elements with what each became.

It is walked by the decoder's own steps (`Report.group`, `sl651_ascii.group`): what a span says is what was read.
"""

from __future__ import annotations

from sensing.errors import DecodeError, Reason
from sensing.model import Context, Micros, Reading

from . import sl651_ascii, sl651_frame, sl651_message
from . import sl651_words as words
from .sl651_codes import BY_NAME, PUMP, RANK, REPORTS, SERIES, TEST, VERSION
from .sl651_elements import Report
from .sl651_times import instant
from .spans import REST, UNREADABLE, Tape
from .text_values import beijing, result


class Body:
    """The text between STX and the end character. open_ended: it goes on in another packet. trusted: what is wrong in it is what the frame is refused for."""

    def __init__(self, tape: Tape, frame: bytes, body: bytes, end: int, *, open_ended: bool, trusted: bool) -> None:
        self.tape, self.frame, self.body, self.end = tape, frame, body, end
        self.text = frame[0] == 0x01
        self.base = tape.at
        self.lenient = open_ended or not trusted
        self.rest = words.NEXT if open_ended else REST

    def annotate(self, context: Context) -> None:
        """Lay down every span of the body."""
        raw, text = self.frame, self.text
        function = (sl651_frame.hex_number(raw[17:19]) or 0) if text else raw[10]
        down = (raw[19:20] == b"8") if text else raw[11] >> 4 == 8
        sent = self._opening(down)
        if sent is not None and not down:
            native = self._station()
            rank, anchor = RANK.get(function, 0), sl651_message.anchor(context.settings(native))
            self._text(function, Report(native, sent, rank, function == TEST, function in SERIES, anchor))
        self.tape.upto(self.end, "", words.BODY)

    def _text(self, function: int, report: Report) -> None:
        if function in REPORTS:
            (self._words if self.text else self._groups)(report)
        elif function == VERSION:
            self.tape.upto(self.end, "", words.TEXT, self.body[8:].decode("gb18030", "replace"))
        elif not self.text and (function == PUMP or function in sl651_message.USER_DEFINED):
            self.lenient = True
            self._groups(report)

    def _station(self) -> str:
        if self.text:
            return self.frame[3:13].decode("latin-1")
        return (self.body[10:15] if self.body[8:10] == b"\xf1\xf1" else self.frame[3:8]).hex().upper()

    def _opening(self, down: bool) -> Micros | None:
        """Serial and send time; None when the rest cannot be placed."""
        size = 4 if self.text else 2
        wanted = size + size * 3
        text = self.body[:wanted].decode("latin-1") if self.text else self.body[:8].hex().upper()
        if len(self.body) < wanted or (self.text and not (text[:4].isalnum() and text[:4].isascii())):
            if not (down or self.lenient):
                error = DecodeError(Reason.BAD_GRAMMAR, f"{len(self.body)} bytes where serial and send time belong")
                self._wrong_rest(error)
            return None
        self.tape.take(size, "serial", words.SERIAL, text[:4])
        try:
            sent = instant(text[4:] if text.isascii() and text[4:].isdecimal() else "")
        except DecodeError as error:
            if down or self.lenient:
                self.tape.take(size * 3, "sent", words.SENT, text[4:])
            else:
                self.tape.wrong(size * 3, "sent", words.SENT, error)
            return 0
        self.tape.take(size * 3, "sent", words.SENT, beijing(sent))
        return sent

    def _wrong_rest(self, error: DecodeError) -> None:
        """What is left cannot be read; an empty rest is told by the end character."""
        if self.lenient:
            self.tape.upto(self.end, "", self.rest)
        elif self.tape.at < self.end:
            self.tape.wrong(self.end - self.tape.at, "", UNREADABLE, error)
        else:
            self.tape.wrong(1, "end", words.END, error)

    def _groups(self, report: Report) -> None:
        text, at = self.body.hex(), 16
        while at < len(text):
            before = len(report.readings)
            try:
                after = _whole(text, report.group(text, at))
            except DecodeError as error:
                if error.reason == Reason.BAD_TIME and len(text) >= at + 14:
                    at = self._bad_time(text, at, error)
                    continue
                self._wrong_rest(error)
                return
            self._group(text, at, after, report, report.readings[before:])
            at = after

    def _bad_time(self, text: str, at: int, error: DecodeError) -> int:
        """An observation time that no calendar has: what follows can still be shown."""
        start = at + (4 if text[at + 2 : at + 4] == "f0" else 2)
        self.tape.upto(self.base + start // 2, text[at:start].upper(), words.TIME_GROUP)
        if self.lenient:
            self.tape.take(5, "time", words.OBSERVED, error.detail)
        else:
            self.tape.wrong(5, "time", words.OBSERVED, error)
        return start + 10

    def _group(self, text: str, at: int, after: int, report: Report, readings: list[Reading]) -> None:
        guide, data = int(text[at : at + 2], 16), text[at:after]
        tape, end = self.tape, self.base + after // 2
        wire = data[:4].upper() if data[:2] == "ff" else data[:2].upper()
        if guide == 0xF0:
            tape.upto(end - 5, data[:-10].upper(), words.TIME_GROUP)
            tape.upto(end, "time", words.OBSERVED, beijing(report.time))
        elif guide == 0xF1:
            size = 4 if data[2:4] == "f1" else 2
            tape.take(size // 2, data[:size].upper(), words.STATION_GROUP)
            tape.take(5, "station", words.STATION, report.native)
            tape.upto(end, "class", words.CLASS, bytes.fromhex(data[size + 10 :]).strip(b"\0").decode("ascii", "replace"))
        elif guide == 0x04 and len(data) >= 10:
            tape.take(2, data[:4].upper(), words.STEP_GROUP)
            tape.take(3, "step", words.STEP, f"{data[4:6]} d {data[6:8]} h {data[8:10]} min")
            self._values(data[10:].upper(), readings, end)
        elif guide in (0xF2, 0xF3, 0xFD):
            tape.take(2, data[:4].upper(), words.element(wire))
            tape.upto(end, wire, words.TEXT, str(readings[0].value) if readings else f"{len(data) // 2 - 2} bytes")
        elif not readings:
            tape.upto(end, data[:4].upper(), words.FILLED if not data.strip("0") else words.BODY)
        else:
            self._values(data.upper(), readings, end)

    def _values(self, data: str, readings: list[Reading], end: int) -> None:
        """Guide and definition byte, then the data of each reading."""
        if not readings:
            self.tape.upto(end, "", words.BODY)
            return
        wire = readings[0].code
        head = len(wire) + 2
        definition = int(data[head - 2 : head] or "0", 16)
        shape = "" if wire.startswith("F") and len(wire) == 2 else f"{definition >> 3} bytes, {definition & 7} decimals"
        self.tape.take(head // 2, data[:head], words.element(wire), shape)
        size = (end - self.tape.at) // len(readings)
        for reading in readings:
            when = f" @ {beijing(reading.time)}" if len(readings) > 1 else ""
            meaning = words.DATA if len(readings) == 1 else words.SLOT
            self.tape.take(size, wire, meaning, result(reading) + when)
        self.tape.upto(end, wire, words.DATA, "" if size else result(readings[0]))

    def _words(self, report: Report) -> None:
        start = self.tape.at
        body = self.body[16:]
        walk = sl651_ascii.Words(body)
        while walk.peek():
            before, at = len(report.readings), walk.at
            try:
                sl651_ascii.group(report, walk)
            except DecodeError as error:
                self._wrong_rest(error)
                return
            self._word_group(start, body, at, walk.at, report, report.readings[before:])
        self.tape.upto(self.end, "", words.BODY)

    def _word_group(self, start: int, body: bytes, at: int, end: int, report: Report, readings: list[Reading]) -> None:
        """One name and its values; of a series every word for itself."""
        name, _, data = body[at:end].decode("gb18030", "replace").strip().partition(" ")
        stop = start + end
        if name.upper() == "ST":
            self.tape.upto(stop, name, words.STATION, report.native)
        elif name.upper() == "TT":
            self.tape.upto(stop, name, words.OBSERVED, beijing(report.time))
        elif not readings:
            self.tape.upto(stop, name, words.STEP if name.upper().startswith("DR") else words.BODY, data)
        elif len(readings) == 1:
            self.tape.upto(stop, name, _named(readings[0].code), result(readings[0]))
        else:
            self._series(start, body, at, end, readings)

    def _series(self, start: int, body: bytes, at: int, end: int, readings: list[Reading]) -> None:
        left = {code: [one for one in readings if one.code == code] for code in dict.fromkeys(one.code for one in readings)}
        order: list[str] = []
        number = 0
        walk = sl651_ascii.Words(body[:end])
        walk.at = at
        while word := walk.peek():
            walk.take()
            stop = start + walk.at
            code = order[number % len(order)] if order else ""
            if sl651_ascii.is_value(word) and left.get(code):
                self._slots(stop, code, [left[code].pop(0)])
                number += 1
            elif word.upper() in left:
                order.append(word.upper())
                self.tape.upto(stop, word, _named(word.upper()))
            elif order and len(left.get(code, ())) > 1:
                self._slots(stop, code, left.pop(code))
            else:
                self.tape.upto(stop, word, words.STEP, word)

    def _slots(self, stop: int, code: str, readings: list[Reading]) -> None:
        """One word of one value, or of as many as share its digits."""
        size = (stop - self.tape.at - 1) // len(readings)
        for reading in readings[:-1]:
            self.tape.take(size, code, words.SLOT, f"{result(reading)} @ {beijing(reading.time)}")
        self.tape.upto(stop, code, words.SLOT, f"{result(readings[-1])} @ {beijing(readings[-1].time)}")


def _whole(text: str, after: int) -> int:
    """Where a group ends, which is in the body. Raises DecodeError bad_grammar."""
    if after > len(text):
        raise DecodeError(Reason.BAD_GRAMMAR, f"the last element is {(after - len(text)) // 2} bytes longer than the body")
    return after


def _named(name: str) -> tuple[str, str]:
    code = BY_NAME.get(name)
    return words.element(code.id if code else name)
