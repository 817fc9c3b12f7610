"""Good payloads of three protocols, made by hand: the sender shares no code with what it tests.

`speak[adapter](native, at, value, serial)`; native: the id on the wire; at: microseconds since 1970, on a whole minute for SL 651;
value: metres with three decimals.
"""

import json
import struct
import time


def _table():
    rows = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
        rows.append(value)
    return tuple(rows)


_CRC = _table()


def crc(data):
    """CRC-16/MODBUS, bit by bit as the standard says it, with a table."""
    value = 0xFFFF
    for byte in data:
        value = value >> 8 ^ _CRC[(value ^ byte) & 0xFF]
    return value


def sealed(head):
    """A HEX frame up to its end character, with its checksum behind it, high byte first."""
    return head + struct.pack(">H", crc(head))


def beijing(at, digits):
    """`yymmddHHMMSS` in Beijing time, or its first digits."""
    return time.strftime("%y%m%d%H%M%S", time.gmtime(at // 1_000_000 + 8 * 3600))[:digits]


def sl651(native, at, value, serial=1):
    """A timed report (32H) of one water level (39H) in a HEX frame."""
    body = f"{serial % 65_536:04X}{beijing(at, 12)}F1F1{native}48F0F0{beijing(at, 10)}3923{round(value * 1000):08d}"
    head = f"7E7E01{native}123432{len(body) // 2:04X}02{body}03"
    return sealed(bytes.fromhex(head))


def sl651_text(native, at, value, serial=1):
    """The same in ASCII."""
    body = f"{serial % 65_536:04X}{beijing(at, 12)}ST {native} H TT {beijing(at, 10)} Z {value:.3f} "
    head = f"\x0101{native}123432{len(body):04X}\x02{body}\x03".encode()
    return head + b"%04X" % crc(head)


def plainjson(native, at, value, serial=1):
    """The generic form."""
    return json.dumps({"device": native, "time": at / 1_000_000, "water_level": value, "serial": str(serial)}).encode()


def senml(native, at, value, serial=1):
    """A pack of one record, named by base and rest."""
    return json.dumps([{"bn": f"{native}:", "n": "water_level", "u": "m", "v": value, "t": at // 1_000_000}]).encode()


speak = {"sl651": sl651, "plainjson": plainjson, "senml": senml}
