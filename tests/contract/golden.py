"""Golden cases: `tests/golden/<adapter>/<case>/`, found by folder.

    frame.hex | frame.txt    one payload a line, as hex or as text
    expected.json            {"source", "licence", "note", "lines": [...], "context"?: {...}, ...}

`lines` are those that `sensing decode` prints (CONTRACT "Lines that programs read"); of an error line only `line` and `error`
count. `result` and `result_unit` come from a later stage than an adapter and are not compared here.
`context`: `principal`, `received` (RFC 3339), `settings` (one device's own, for all), `mappings`,
`every_field`.
"""

import json
from pathlib import Path

from sensing.errors import DecodeError
from sensing.model import Context
from sensing.times import DAY, parse_instant, rfc3339

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
LATER_STAGES = {"result", "result_unit"}
RECEIVED = parse_instant("2026-09-14T19:00:00Z")


def cases(adapter="*"):
    return sorted(path.parent for path in GOLDEN.glob(f"{adapter}/*/expected.json"))


def payloads(case):
    """Every payload of a case, in order."""
    text = case / "frame.txt"
    if text.is_file():
        return [line.encode() for line in text.read_text("utf-8").splitlines() if line]
    return [bytes.fromhex(line) for line in (case / "frame.hex").read_text("ascii").split()]


def expected(case):
    return json.loads((case / "expected.json").read_text("utf-8"))


def context(given=None, received=RECEIVED):
    given = given or {}
    settings = given.get("settings", {})
    return Context(
        principal=given.get("principal", "golden"),
        received=parse_instant(given["received"]) if "received" in given else received,
        settings=lambda _native: settings,
        mappings=given.get("mappings", ()),
        every_field=given.get("every_field", False),
    )


def feed(adapter, frames, ctx, state=None):
    """Decode payload after payload, then let every wait run out: (place, Decoded or DecodeError) each, place 0 at the end."""
    for place, payload in enumerate(frames, 1):
        ctx.place = place
        try:
            decoded = adapter.decode(payload, ctx, state)
        except DecodeError as error:
            yield place, error
        else:
            state = decoded.state
            json.dumps(state)
            yield place, decoded
    if state is not None:
        yield 0, adapter.expire(state, ctx.received + 400 * DAY)


def lines(adapter, frames, ctx):
    """What `decode` prints of these payloads, as far as an adapter says it."""
    found = []
    for place, said in feed(adapter, frames, ctx):
        if isinstance(said, DecodeError):
            found.append({"line": place, "error": str(said.reason)})
            continue
        found += [line(place, reading) for reading in said.readings]
        found += [{"line": place, "control": name} for name in said.controls]
        found += [{"line": place if error.place is None else error.place, "error": str(error.reason)} for error in said.errors]
    return found


def line(place, reading):
    return {
        "line": place,
        "device": reading.native,
        "code": reading.code,
        "property": reading.property,
        "statistic": reading.statistic,
        "time": iso(reading.wire_time),
        "begin": iso(reading.begin),
        "end": iso(reading.time),
        "channel": reading.channel,
        "value": reading.value,
        "unit": reading.unit,
        "flag": reading.flag,
        "position": list(reading.position) if reading.position else None,
    }


def iso(micros):
    return None if micros is None else rfc3339(micros)
