"""Frames made by hand for the tests of HJ 212: segments are written out, only length and checksum are computed, byte by byte."""

from adapters import hj212
from sensing.model import Context
from sensing.times import parse_instant

MN = "350600A8900016F000169DC0"
NOW = parse_instant("2026-08-21T14:30:07+08:00")
AIR = "DataTime=20260821143000;a34004-Rtd=37.2,a34004-Flag=N;a21026-Rtd=12.4,a21026-Flag=T"
KEY = "0123456789abcdeffedcba9876543210"


def slow_checksum(data):
    """HJ 212-2017 annex A as it is written: init FFFF, the byte into the high byte, eight shifts."""
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def seal(segment, off=0):
    """A frame; `off` is added to the length that it states."""
    data = segment if isinstance(segment, bytes) else segment.encode()
    return b"##%04d%b%04X\r\n" % (len(data) + off, data, slow_checksum(data))


def segment(cp, cn="2011", st="22", flag="5", extra="", qn="20260821143000123", mn=MN):
    said = f"QN={qn};" if qn else ""
    wanted = f"Flag={flag};" if flag else ""
    return f"{said}ST={st};CN={cn};PW=123456;MN={mn};{wanted}{extra}CP=&&{cp}&&"


def frame(cp=AIR, **fields):
    return seal(segment(cp, **fields))


def parts(*texts, qn="20260821143000123", cn="2051", flag="7"):
    total = len(texts)
    return [frame(cp, cn=cn, st="31", flag=flag, extra=f"PNUM={total};PNO={n};", qn=qn) for n, cp in enumerate(texts, 1)]


def context(received=NOW, place=1, **settings):
    return Context("gw-1", received, place, lambda _native: settings)


def read(payload, state=None, received=NOW, place=1, **settings):
    return hj212.decode(payload, context(received, place, **settings), state)


def values(decoded):
    return [(reading.code, reading.value) for reading in decoded.readings]


def replies(decoded):
    return [reply.payload for reply in decoded.replies]
