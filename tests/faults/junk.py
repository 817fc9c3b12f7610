"""Forty kinds of junk, as data: broken framing, checksums and grammar of three protocols. Each says why it must be refused.

`make` gets a good payload of its adapter and a seeded source of chance. Unknown stations are not junk: they are quarantined.
"""

import base64
import json
from collections.abc import Callable
from random import Random
from typing import NamedTuple

from tests.faults.speech import sealed


class Kind(NamedTuple):
    """One kind. reason: what the dead letter must say."""

    name: str
    adapter: str
    reason: str
    make: Callable[[bytes, Random], bytes]


def resealed(at, new):
    """An SL 651 frame with other bytes at a place and a checksum that fits them: intact, and wrong."""
    return lambda good, _: sealed(good[:at] + new + good[at + len(new) : -2])


def flipped(good, chance):
    """One bit of the body, of its 29 bytes."""
    at = chance.randrange(14, 43)
    return good[:at] + bytes((good[at] ^ 1 << chance.randrange(8),)) + good[at + 1 :]


def noise(_good, chance):
    """Bytes that begin no frame, not even at their end."""
    return bytes(chance.choice([*range(2, 0x7E), *range(0x80, 0x100)]) | 0x80 for _ in range(chance.randrange(1, 200)))


def spoken_wrong(good, _chance):
    """An ASCII frame around the body's hex, with the checksum of another."""
    body = good[14:-3].hex().upper()
    return f"\x0101{good[3:8].hex().upper()}123432{len(body):04X}\x02{body}\x030000".encode()


def told(**fields):
    """The good JSON object with other members."""
    return lambda good, _: json.dumps(json.loads(good) | fields).encode()


def record(**fields):
    """The good SenML record with other fields."""
    return lambda good, _: json.dumps([json.loads(good)[0] | fields]).encode()


def nested(good, _chance):
    return good[:-1] + b', "more": ' + b"[" * 20 + b"]" * 20 + b"}"


def cbor(good, value):
    """A pack of one record in CBOR: name as text, value as given."""
    (said,) = json.loads(good)
    name = (said["bn"] + said["n"]).encode()
    return b"\x81\xa2\x00\x78" + bytes((len(name),)) + name + b"\x02" + value


SL651 = [
    Kind("header cut", "sl651", "bad_length", lambda good, chance: good[: chance.randrange(4, 14)]),
    Kind("body cut", "sl651", "bad_length", lambda good, chance: good[: chance.randrange(14, 43)]),
    Kind("checksum cut", "sl651", "bad_length", lambda good, _: good[:-2]),
    Kind("checksum wrong", "sl651", "bad_checksum", lambda good, _: good[:-1] + bytes((good[-1] ^ 0x55,))),
    Kind("one bit flipped", "sl651", "bad_checksum", flipped),
    Kind("length too short", "sl651", "bad_length", lambda good, _: good[:12] + bytes((good[12] - 3,)) + good[13:]),
    Kind("length too long", "sl651", "bad_length", lambda good, _: good[:12] + bytes((good[12] + 90,)) + good[13:]),
    Kind("start missing", "sl651", "bad_start", lambda good, _: good[2:]),
    Kind("end of another protocol", "sl651", "bad_grammar", resealed(43, b"\x16")),
    Kind("neither up nor down", "sl651", "bad_grammar", resealed(11, b"\x40")),
    Kind("month 13", "sl651", "bad_time", resealed(17, b"\x13")),
    Kind("30 February", "sl651", "bad_time", resealed(33, b"\x02\x30")),
    Kind("unknown function", "sl651", "unknown_function", resealed(10, b"\x99")),
    Kind("element longer than the body", "sl651", "bad_grammar", resealed(38, b"\xfb")),
    Kind("packet 3 of 2", "sl651", "bad_grammar", resealed(13, b"\x16\x00\x20\x03")),
    Kind("half a hex digit pair", "sl651", "bad_length", lambda good, _: good.hex().encode()[:-1]),
    Kind("base64 with a character lost", "sl651", "bad_start", lambda good, _: base64.b64encode(good)[1:]),
    Kind("wrapper without bytes", "sl651", "no_key", lambda good, _: json.dumps({"bytes": good.hex()}).encode()),
    Kind("noise", "sl651", "bad_start", noise),
    Kind("characters with a wrong checksum", "sl651", "bad_checksum", spoken_wrong),
]
PLAINJSON = [
    Kind("not UTF-8", "plainjson", "not_utf8", lambda good, _: good.replace(b'"serial": "', b'"serial": "\xff\xfe')),
    Kind("text cut", "plainjson", "not_json", lambda good, chance: good[: chance.randrange(1, len(good))]),
    Kind("not a number", "plainjson", "not_json", told(water_level=float("nan"))),
    Kind(
        "beyond a double",
        "plainjson",
        "bad_number",
        lambda good, _: good.replace(b'"water_level": ', b'"water_level": 9e999, "x": '),
    ),
    Kind("integer of 80 bits", "plainjson", "bad_number", told(water_level=1 << 80)),
    Kind("key twice", "plainjson", "bad_grammar", lambda good, _: good[:-1] + b', "water_level": 1}'),
    Kind("too deep", "plainjson", "too_deep", nested),
    Kind("no object", "plainjson", "bad_grammar", lambda _good, chance: str(chance.randrange(1 << 40)).encode()),
    Kind("device is a list", "plainjson", "bad_grammar", told(device=["d1"])),
    Kind("31 April", "plainjson", "bad_time", told(time="2026-04-31T00:00:00Z")),
    Kind("two documents", "plainjson", "not_json", lambda good, _: good + good),
    Kind("nothing", "plainjson", "not_json", lambda _good, _: b""),
]
SENML = [
    Kind("no pack", "senml", "bad_grammar", lambda good, _: good[1:-1]),
    Kind("value is text", "senml", "bad_number", record(v="3.2")),
    Kind("version 99", "senml", "unsupported_version", record(bver=99)),
    Kind("must be understood", "senml", "bad_grammar", record(scale_=2)),
    Kind("two values", "senml", "bad_grammar", record(vb=True)),
    Kind("CBOR cut", "senml", "bad_grammar", lambda good, chance: cbor(good, b"\xfb" + bytes(chance.randrange(7)))),
    Kind("CBOR, not a number", "senml", "bad_number", lambda good, _: cbor(good, b"\xf9\x7e\x00")),
]
MAPPED = Kind(
    "a mapping that does not fit", "mapped", "missing_key",
    lambda good, _: json.dumps({"sn": json.loads(good)["device"], "ts": json.loads(good)["time"], "type": "ponding",
                                "data": {"depth": json.loads(good)["water_level"] * 100}}).encode(),
)  # fmt: skip
"""Good in itself: the device was registered as another type. Mending that makes these readable."""
KINDS = (*SL651, *PLAINJSON, *SENML, MAPPED)
