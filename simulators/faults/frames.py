"""Frame faults: bytes that were right when they were written and are not when they arrive. A damaged frame has nothing left to read."""

from __future__ import annotations

import re
from random import Random

_AIS_SUM = re.compile(rb"\*([0-9A-Fa-f]{2})")
_HJ212_SUM = re.compile(rb"&&([0-9A-Fa-f]{4})(\r\n)?$")


def bad_checksum(adapter: str, payload: bytes, chance: Random) -> bytes:
    """The same frame with a sum that is not its own. Raises ValueError for a protocol without sums."""
    if adapter in ("ais", "nmea0183"):  # every sentence of the payload, so that nothing of it can be read
        return _AIS_SUM.sub(lambda found: b"*%02X" % (int(found[1], 16) ^ chance.randrange(1, 256)), payload)
    if adapter == "hj212":
        found = _HJ212_SUM.search(payload)
        if found is None:
            raise ValueError("no HJ 212 frame")
        wrong = int(found[1], 16) ^ chance.randrange(1, 65536)
        return payload[: found.start(1)] + b"%04X" % wrong + payload[found.end(1) :]
    if adapter == "sl651":
        return payload[:-1] + bytes([payload[-1] ^ chance.randrange(1, 256)])
    raise ValueError(f"{adapter} has no sum")


def truncated(adapter: str, payload: bytes, chance: Random) -> bytes:
    """The first part of a frame. Of several sentences only the first is left, and not all of that."""
    if adapter in ("ais", "nmea0183"):
        payload = payload.partition(b"\n")[0]
        return payload[: max(8, chance.randrange(len(payload) // 2, max(len(payload) // 2 + 1, len(payload) - 6)))]
    return payload[: max(1, int(len(payload) * chance.uniform(0.3, 0.9)))]
