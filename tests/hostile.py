"""Payloads that mean harm, 64 KiB each or a little less: data for whoever reads bytes of strangers. Every adapter gets them all.

`INPUTS[name]` is the payload. Bombs (small that wants to be big), nesting, lengths that lie, traps for regular expressions and
number parsers, starts without ends, and messages that are whole, right and too many.
"""

import base64
import gzip
import json
import zlib

import cbor2

from adapters._wire.nmea_sentence import build
from tests.faults.speech import crc, sealed, sl651
from tests.hj212_frames import frame as hj212
from tests.hj212_frames import parts as hj212_parts
from tests.hostile_shapes import SIZE, array, data, fill, many, shut, wrapped

_AT = 1_790_000_040_000_000
_TIME = "2026-08-21T14:30:00Z"


def _packet(number, total=4095):
    """An SL 651 packet (SYN) of a message of very many."""
    body = bytes.fromhex(f"{total:03X}{number % total + 1:03X}") + bytes(4)
    return sealed(bytes.fromhex(f"7E7E01{number % 7:010d}123436") + len(body).to_bytes(2, "big") + b"\x16" + body + b"\x17")


def _station(number):
    """An SL 651 frame of a water level, each of a station of its own."""
    return sl651(f"{number:010d}", _AT, 1.5, number)


def _text_frame(body):
    head = f"\x010100123456781234320{len(body):03X}\x02".encode() + body + b"\x03"
    return head + b"%04X" % crc(head)


def _elements(unit):
    """An SL 651 frame that is right, its body full of one element."""
    opening = bytes.fromhex("0001260821143000F1F1001234567848F0F02608211430")
    body = opening + unit * ((4095 - len(opening)) // len(unit))
    return sealed(bytes.fromhex("7E7E01001234567812343200")[:-1] + len(body).to_bytes(2, "big") + b"\x02" + body + b"\x03")


def _uplink(payload, **more):
    """A ChirpStack uplink."""
    info = {"deviceInfo": {"devEui": "24e124136b502217"}, "fPort": 85, "time": _TIME, **more}
    return data("data", SIZE * 3 // 4 - 300, payload, **info)


_HJ_TIME = "DataTime=20260821143000;"
_HJ_LONG = 9_800
_VESSEL = b"13RlIW?04F1beOVEFLB9bRvH0L0L"

INPUTS = {
    # one byte, and noise without meaning
    **{
        f"all {byte:02X}": bytes((byte,)) * SIZE
        for byte in (
            0x00,
            0x01,
            0x02,
            0x09,
            0x0A,
            0x0D,
            0x20,
            0x22,
            0x23,
            0x26,
            0x2C,
            0x30,
            0x39,
            0x3B,
            0x5C,
            0x68,
            0x7E,
            0x80,
            0xC3,
            0xFF,
        )
    },
    "every byte": bytes(range(256)) * 256,
    # bombs
    "gzip bomb": gzip.compress(bytes(50 << 20))[:SIZE],
    "zlib bomb": zlib.compress(bytes(50 << 20), 9)[:SIZE],
    "base64 of base64": wrapped(b"[" * 900, 12)[:SIZE],
    "JSON in JSON": wrapped(b'{"data":1}', 24)[:SIZE],
    "hex of hex": (b"7e7e" * 256).hex().encode().hex().encode() * 16,
    "hex with blanks": fill(b"7E  "),
    "hex, one digit short": fill(b"7e", tail=b"7"),
    "base64 of junk": base64.b64encode(bytes(range(256)) * 192),
    "wrapper of starts": data("payload", SIZE * 3 // 4 - 30, b"~~"),
    "wrapper of HJ 212 starts": data("payload", SIZE * 3 // 4 - 30, b"##9999"),
    "wrapper of hex": json.dumps({"hex": "7E" * 32_000}).encode(),
    # JSON: nesting, width, numbers, strings
    "[": b"[" * SIZE,
    "[ and back": shut(b"[", b"]"),
    "{": fill(b'{"a":'),
    "{ and back": fill(b'{"a":', tail=b"1")[: SIZE // 2] + b"1" + b"}" * 8_000,
    "objects and back": shut(b'{"a":', b"}").replace(b":}", b":1}", 1),
    "[{": fill(b'[{"n":'),
    "empty arrays": array(b"[]"),
    "empty objects": array(b"{}"),
    "zeros": array(b"0"),
    "nulls": array(b"null"),
    "long integers": array(b"9" * 4_000),
    "one integer": b"9" * SIZE,
    "one decimal": fill(b"0", b"[0.", b"1]"),
    "huge exponents": array(b"1e999999999"),
    "small exponents": array(b"1e-999999999"),
    "large numbers": array(b"1e308"),
    "small numbers": array(b"5e-324"),
    "NaN": array(b"NaN"),
    "one string": fill(b"a", b'"', b'"'),
    "escapes": fill(b"\\u0000", b'"', b'"'),
    "lone surrogates": fill(b"\\ud800", b'["', b'"]'),
    "quotes": fill(b'\\"', b'"', b'"'),
    "one key again and again": fill(b'"a":1,', b"{", b'"a":1}'),
    "many keys": b"{" + many(lambda n: b'"k%d":%d,' % (n, n))[: SIZE - 20].rsplit(b",", 1)[0] + b"}",
    "many keys of one device": b'{"device":"d","time":1790000000000,'
    + many(lambda n: b'"k%d":1,' % n)[: SIZE - 60].rsplit(b",", 1)[0]
    + b"}",
    "long key": json.dumps({"device": "d", "x" * 65_000: 1}).encode(),
    "long device": json.dumps({"device": "d" * 65_000, "water_level": 1}).encode(),
    "long time": json.dumps({"device": "d", "time": "2026-08-21T14:30:00." + "0" * 65_000 + "Z", "water_level": 1}).encode(),
    "time of digits": b'{"device":"d","time":' + b"9" * 65_000 + b',"water_level":1}',
    "time of blanks": json.dumps({"device": "d", "time": " " * 65_000, "water_level": 1}).encode(),
    "value of digits": json.dumps({"device": "d", "water_level": "9" * 65_000}).encode(),
    "plain JSON, very many": array(b'{"water_level":1}'),
    "plain JSON, very many bad": array(b'{"device":1}'),
    "plain JSON, position": array(b'{"position":[1e308,91]}'),
    "SenML, very many": array(b'{"n":"a","v":1}'),
    "SenML, very many bad": array(b'{"n":"a"}'),
    "SenML, names that grow": b"[" + many(lambda n: b'{"bn":"%b","v":1},' % (b"a" * 200))[:-1] + b"]",
    "SenML, long base": b'[{"bn":"' + b"a" * 60_000 + b'","n":"b","v":1}' + b',{"v":2}' * 500 + b"]",
    "SenML, base time beyond": array(b'{"bt":1e308,"n":"a","v":1}'),
    "SenML, opaque": b'[{"n":"a","vd":"' + b"A" * 65_000 + b'"}]',
    "events, very many": array(b'{"source":"a","id":"1","kind":"k","time":1790000000}'),
    "event with a long text": json.dumps(
        {"source": "a", "id": "1", "kind": "k" * 200, "time": _TIME, "text": "x" * 65_000}
    ).encode(),
    "AIS JSON, very many": fill(b'{"class":"AIS","type":1,"mmsi":413372870,"scaled":true,"lon":118,"lat":24}\n'),
    "AIS JSON, text": fill(b'{"class":"AIS","type":5,"mmsi":1,"shipname":"' + b"A" * 900 + b'"}\n'),
    "AIS JSON, numbers": fill(b'{"class":"AIS","type":1,"mmsi":1e300,"rxuxtime":1e300}\n'),
    # CBOR
    **{
        f"CBOR {head.hex()} claims all": head + b"\xff" * 8 + bytes(SIZE - 9)
        for head in (b"\x9b", b"\xbb", b"\x5b", b"\x7b", b"\xdb")
    },
    **{
        f"CBOR {head.hex()} claims 4 GB": head + b"\xff" * 4 + b"\x81" * (SIZE - 5)
        for head in (b"\x9a", b"\xba", b"\x5a", b"\x7a")
    },
    "CBOR arrays in arrays": b"\x81" * SIZE,
    "CBOR huge arrays in huge arrays": fill(b"\x9a\x7f\xff\xff\xff"),
    "CBOR arrays without end": b"\x9f" * SIZE,
    "CBOR maps without end": fill(b"\xbf\x00"),
    "CBOR maps in maps": fill(b"\xa1\x00"),
    "CBOR tags on tags": b"\xc1" * SIZE,
    "CBOR maps as keys": fill(b"\xa1"),
    "CBOR strings without end": fill(b"\x61a", b"\x7f"),
    "CBOR big number": b"\x81\xa1\x02\xc2\x59\xff\x00" + b"\xff" * 0xFF00,
    "CBOR big decimal": cbor2.dumps([{-2: "d", 0: "water_level", 2: cbor2.CBORTag(4, [1_000_000_000, 1])}] * 2_000)[:SIZE],
    "CBOR small decimal": cbor2.dumps([{-2: "d", 0: "water_level", 2: cbor2.CBORTag(4, [-1_000_000_000, 1])}] * 2_000)[:SIZE],
    "CBOR big float": cbor2.dumps([{-2: "d", 0: "water_level", 2: cbor2.CBORTag(5, [1_000_000_000, 1])}] * 2_000)[:SIZE],
    "CBOR regular expression": cbor2.dumps([{0: "a", 3: cbor2.CBORTag(35, "(a+)+" * 9_000)}]),
    "CBOR shared": cbor2.dumps([cbor2.CBORTag(28, [0])] + [cbor2.CBORTag(29, 0)] * 20_000),
    "CBOR doubling": b"".join(b"\x82\xd8\x1c\x82\xd8\x1d\x00" for _ in range(SIZE // 7)),
    "CBOR SenML, very many": b"\x9a" + (7_000).to_bytes(4, "big") + cbor2.dumps({0: "a", 2: 1}) * 7_000,
    "CBOR epochs": cbor2.dumps([cbor2.CBORTag(1, 1e300)] * 6_000),
    "CBOR labels": cbor2.dumps([dict.fromkeys(range(12_000), 1)]),
    "CBOR labels of one hash": cbor2.dumps([dict.fromkeys((n * (2**61 - 1) for n in range(4_500)), 1)])[:SIZE],
    # protobuf
    "varints without end": b"\x0a" + b"\xff" * (SIZE - 1),
    "protobuf nested": fill(b"\x0a\xff\x7f"),
    "protobuf claims": fill(b"\x12\xff\xff\xff\xff\x0f"),
    "protobuf fields": fill(b"\x08\x01"),
    # SL 651
    "SL 651 starts": fill(b"~~"),
    "SL 651 headers, longest": fill(bytes.fromhex("7E7E01001234567812343200")[:-1] + b"\x0f\xff\x02"),
    "SL 651 headers, no length": fill(bytes.fromhex("7E7E0100123456781234320000") + b"\x02"),
    "SL 651 headers, short": fill(bytes.fromhex("7E7E0100123456781234320008") + b"\x02"),
    "SL 651 header in hex": fill(b"7E7E010012345678123432002B02"),
    "SL 651 frames, bad checksum": many(lambda n: _station(n)[:-1] + b"\x00"),
    "SL 651 frames": many(_station),
    "SL 651 frames in hex": many(lambda n: _station(n).hex().encode()),
    "SL 651 half frames": many(lambda n: _station(n)[:20]),
    "SL 651 packets": many(_packet),
    "SL 651 packets, each another message": many(lambda n: _packet(n, 2 + n % 4_000)),
    "SL 651 elements of a byte": many(lambda _: _elements(b"\x76\x08\x12")),
    "SL 651 elements of nothing": many(lambda _: _elements(b"\x76\x00")),
    "SL 651 times": many(lambda _: _elements(bytes.fromhex("F0F02608211430"))),
    "SL 651 stations": many(lambda _: _elements(bytes.fromhex("F1F1001234567848"))),
    "SL 651 blocks": many(lambda _: _elements(b"\xf4\x60" + bytes(12))),
    "SL 651 long elements": many(lambda _: _elements(b"\x39\xff" + b"\x99" * 31)),
    "SL 651 ASCII headers": fill(b"\x010100123456781234320FFF\x02"),
    "SL 651 ASCII starts": fill(b"\x01\x02"),
    "SL 651 ASCII blanks": many(lambda _: _text_frame(b"0001260821143000" + b" " * 3_000)),
    "SL 651 ASCII stations": many(lambda _: _text_frame(b"0001260821143000" + b"ST 0012345678 H TT 2608211430 Z 1 " * 110)),
    "SL 651 ASCII digits": many(lambda _: _text_frame(b"0001260821143000ST 0012345678 H TT 2608211430 Z " + b"9" * 3_500 + b" ")),
    "SL 651 ASCII minus": many(lambda _: _text_frame(b"0001260821143000ST 0012345678 H TT 2608211430 Z " + b"-" * 3_500 + b" ")),
    # HJ 212
    "##9999": fill(b"##9999"),
    "##0000": fill(b"##0000"),
    "##0001": fill(b"##0001"),
    "##9999QN=": fill(b"##9999QN=20260821143000123;ST=22;CN=2011;"),
    "##0010 with an end": fill(b"##0010QN=1234567&0000\r\n"),
    "HJ 212 frames": many(lambda n: hj212(mn=f"{n:024d}")),
    "HJ 212 frames, bad checksum": many(lambda n: hj212(mn=f"{n:024d}")[:-6] + b"0000\r\n"),
    "HJ 212 frames, long by one": many(lambda n: hj212(mn=f"{n:024d}").replace(b"&&0", b"&& 0")),
    "HJ 212 half frames": many(lambda n: hj212(mn=f"{n:024d}")[:200]),
    "HJ 212 semicolons": many(lambda _: hj212(_HJ_TIME + ";" * _HJ_LONG)),
    "HJ 212 commas": many(lambda _: hj212(_HJ_TIME + "," * _HJ_LONG)),
    "HJ 212 equals": many(lambda _: hj212(_HJ_TIME + "=" * _HJ_LONG)),
    "HJ 212 ampersands": many(lambda _: hj212(_HJ_TIME + "&" * _HJ_LONG)),
    "HJ 212 slashes": many(lambda _: hj212(_HJ_TIME + "i-Info=" + "/" * _HJ_LONG)),
    "HJ 212 blanks": many(lambda _: hj212(" " * _HJ_LONG)),
    "HJ 212 flags": many(lambda _: hj212(_HJ_TIME + "a-Flag" + " " * 9_000 + "!")),
    "HJ 212 bare flags": many(lambda _: hj212(_HJ_TIME + "Flag=N," * 1_400)),
    "HJ 212 digits": many(lambda _: hj212(_HJ_TIME + "a34004-Rtd=" + "9" * 9_000)),
    "HJ 212 factors": many(lambda _: hj212(_HJ_TIME + ";".join(f"a{n}-Rtd=1" for n in range(900)))),
    "HJ 212 items": many(lambda _: hj212(_HJ_TIME + "a34004-Rtd=1," * 700)),
    "HJ 212 times": many(lambda _: hj212(_HJ_TIME * 390)),
    "HJ 212 headers": many(lambda _: hj212(_HJ_TIME, extra="QN=1;" * 1_800)),
    "HJ 212 parts": many(lambda n: hj212_parts(*(["26-Flag=N;a34013-Avg"] * 40), qn=f"{n:017d}")[n % 40]),
    "HJ 212 parts of one": b"".join(hj212_parts(*(["26-Flag=N;a34013-Av" * 70] * 40)))[:SIZE],
    "HJ 212 part of 99999": many(lambda n: hj212(flag="7", extra=f"PNUM=99999;PNO={n + 1};")),
    "HJ 212 2025 without a key": many(lambda _: hj212("\x01" * 9_600, flag="9")),
    # NMEA 0183, AIS
    "!AIVDM": fill(b"!AIVDM"),
    "!AIVDM,": fill(b"!AIVDM,1,1,,A,"),
    "! and ends": fill(b"!\r\n"),
    "line ends": fill(b"\r\n"),
    "AIS messages": fill(build(b"AIVDM,1,1,,A,%b,0".replace(b"%b", _VESSEL).decode(), "!") + b"\n"),
    "AIS messages, bad checksum": fill(b"!AIVDM,1,1,,A," + _VESSEL + b",0*00\n"),
    "AIS first parts": many(
        lambda n: build(f"AIVDM,9,{n % 9 + 1},{n // 9 % 10},{'AB12'[n // 90 % 4]},{'5' * 20},0", "!") + b"\n"
    ),
    "AIS parts that take each other's place": many(lambda n: build(f"AIVDM,2,1,1,A,{n:020d},0", "!") + b"\n"),
    **{
        f"AIS type {kind}, very long": build(f"AIVDM,1,1,,A,{kind_char}{'0w' * 32_700},0", "!")
        for kind, kind_char in (
            (1, "1"),
            (5, "5"),
            (6, "6"),
            (8, "8"),
            (12, "<"),
            (14, ">"),
            (17, "A"),
            (21, "E"),
            (24, "H"),
            (25, "I"),
            (26, "J"),
        )
    },
    "AIS fill": many(lambda n: build(f"AIVDM,1,1,,A,{chr(48 + n % 40)},{n % 6}", "!") + b"\n"),
    "tag blocks": fill(b"\\s:a,c:1*00"),
    "tag blocks, right": many(lambda n: b"\\" + build(f"c:{n}", "!")[1:] + b"\\"),
    "tag time": build(f"c:{'9' * 60_000}", "\\") + b"\\!AIVDM,1,1,,A,13RlIW?04F1beOVEFLB9bRvH0L0L,0*6C",
    "commas, right checksum": build("GPRMC" + "," * 65_000, "$"),
    "NMEA digits": build(f"GPRMC,{'9' * 20_000},A,{'9' * 20_000},N,{'9' * 20_000},E,1,1,010126,,,A", "$"),
    "NMEA sentences": fill(build("IIMTW,18.2,C", "$") + b"\n"),
    "NMEA XDR": many(lambda _: build("IIXDR" + ",C,1,C,a" * 40, "$") + b"\n"),
    "NMEA long XDR": build("IIXDR" + ",C,1,C,a" * 8_000, "$"),
    "$": fill(b"$GP"),
    # LoRaWAN
    "uplink, zeros": _uplink(b"\0"),
    "uplink, LPP": _uplink(b"\x01\x67\x00\x10"),
    "uplink, LPP of a byte": _uplink(b"\x01\x00\x01"),
    "uplink, Milesight": _uplink(b"\x01\x75\x64\x03\x67\x10\x01"),
    "uplink, Milesight history": _uplink(b"\x20\xce" + bytes(12)),
    "uplink, FF": _uplink(b"\xff"),
    "uplink, deep object": json.dumps({"deviceInfo": {"devEui": "24e124136b502217"}, "object": None})
    .encode()
    .replace(b"null", b'{"a":' * 8_000 + b"1" + b"}" * 8_000),
    "uplink, wide object": json.dumps(
        {"deviceInfo": {"devEui": "24e124136b502217"}, "object": {f"k{n}": n for n in range(5_000)}}
    ).encode()[:SIZE],
    "uplink, large numbers": json.dumps({"deviceInfo": {"devEui": "24e124136b502217"}, "object": {"a": []}})
    .encode()
    .replace(b"[]", b"[" + b"1e308," * 10_000 + b"0]"),
    "uplink, gateways": json.dumps({"deviceInfo": {"devEui": "24e124136b502217"}, "rxInfo": [{"rssi": -1}] * 4_600}).encode(),
    "uplink, long EUI": json.dumps({"deviceInfo": {"devEui": "2" * 65_000}}).encode(),
    "uplink, numbers": json.dumps(
        {"deviceInfo": {"devEui": "24e124136b502217"}, "object": {"a": "9" * 60_000}, "fPort": 10**300}
    ).encode(),
}
