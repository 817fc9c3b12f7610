"""Frames made by hand for the tests of SL 651: bodies are written out, never encoded by what is tested."""

from adapters import sl651
from adapters._wire.sl651_frame import ETX, Telegram, write
from sensing.model import Context
from sensing.times import SECOND, parse_instant

STATION = "0070120345"
SENT = "2026-08-21T14:30:00+08:00"
NOW = parse_instant("2026-08-21T14:30:07+08:00")


def hex_frame(body, function=0x32, opening="0102260821143000", end=ETX, total=0, seq=0, down=False):
    """`body` is hex digits behind serial and send time."""
    return write(Telegram(False, down, "01", STATION, "1234", function, bytes.fromhex(opening + body), end, "", total, seq))


def report(elements, function=0x32, time="2608211430", opening="0102260821143000"):
    """A frame with one station and one time before `elements`."""
    return hex_frame(f"F1F1{STATION}54F0F0{time}{elements}", function, opening)


def ascii_frame(body, function=0x32, opening="0001260821143000", end=ETX, total=0, seq=0):
    return write(Telegram(True, False, "01", STATION, "1234", function, (opening + body).encode(), end, "", total, seq))


def context(received=NOW, place=1, **settings):
    return Context("gw-1", received, place, lambda _native: settings)


def read(payload, state=None, received=NOW, place=1, **settings):
    return sl651.decode(payload, context(received, place, **settings), state)


def values(decoded):
    return [(reading.code, reading.value) for reading in decoded.readings]


def ends(decoded):
    """Ends of readings, in minutes from when the frame was sent."""
    sent = parse_instant(SENT)
    return [(reading.time - sent) / (60 * SECOND) for reading in decoded.readings]
