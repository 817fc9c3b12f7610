"""LoRaWAN payloads: what is written is read again, strangers' readers agree, and nothing but readings and refusals comes out."""

import json
import time

import pytest
from cayennelpp import LppFrame
from hypothesis import given
from hypothesis import strategies as st

from adapters import events, lorawan
from adapters._wire import payload_codecs
from adapters._wire.payload_write import payload_bytes
from sensing.errors import DecodeError, Reason
from sensing.model import Context, Reading
from sensing.times import rfc3339

MODELS = payload_codecs.models()
LONGEST = 64 * 1024
EUIS = st.binary(min_size=8, max_size=8).map(bytes.hex)
TIMES = st.integers(0, 4_102_444_800_000_000)
KEYS = st.text("abcdefgh_", min_size=1, max_size=12)


def read(data, codec):
    return lorawan.decode(data, Context("gw", settings=lambda _native: {"codec": codec}))


def bits(spec):
    return {"u8": 8, "i8": 7, "u16": 16, "i16": 15, "u24": 24, "i24": 23, "u32": 31, "i32": 31, "u32w": 31, "f16": 10, "f32": 20}[
        spec.type
    ]


def values_of(one, draw):
    """Values that an entry can hold: whole raw numbers, as `number` or as words."""
    found = []
    for spec in one.fields:
        if spec.type in {"skip", "none", "const"}:
            continue
        for part in spec.parts or (spec,):
            raw = draw(st.integers(0, (1 << (part.bits - part.signed if spec.parts else bits(spec))) - 1))
            if part.values is not None:
                found.append((part.code, draw(st.sampled_from(sorted(set(part.values.values()))))))
            elif raw in part.sentinels:
                return None
            elif not part.hidden:
                found.append((part.code, part.number(raw)))
    return found


def writable(one):
    rows = [spec for spec in one.fields for spec in (spec.parts or (spec,))]
    return one.flat and not one.list and not any(spec.format or spec.role or spec.hidden or "{" in spec.code for spec in rows)


@given(data=st.data(), name=st.sampled_from(MODELS))
def test_what_a_codec_writes_it_reads(data, name):
    """decode(encode(x)) == x for every entry of every table that can be written."""
    codec = payload_codecs.find(name)
    entries = [one for one in (*codec.entries.values(), *codec.sequence) if writable(one)]
    entries = entries if codec.kind in {"tlv", "groups"} else entries[:1] if codec.kind == "fixed" else entries
    if not entries:
        return
    given = values_of(data.draw(st.sampled_from(entries)), data.draw)
    if not given or (codec.kind == "fixed" and codec.least > 2):
        return
    channel = "5" if codec.key == "channel+type" or codec.kind == "groups" else ""
    said = read(payload_bytes(name, [(code, channel, value) for code, value in given]), name)
    assert not said.errors
    found = [(reading.code, reading.value) for reading in said.readings if reading.code not in {"device_id", "location"}]
    shown = [(code, value) for code, value in found if (code, value) != ("wifi_scan_result", "finish")]
    assert [code for code, _ in shown] == [code for code, _ in given]
    assert [value for _, value in shown] == [
        pytest.approx(value, rel=1e-6) if isinstance(value, float) else value for _, value in given
    ]


LPP = st.lists(
    st.tuples(st.integers(0, 255), st.sampled_from([0, 1, 2, 3, 100, 101, 102, 103, 104, 113, 115, 116, 117, 118, 120, 121, 122, 125, 128, 130, 131, 132, 133, 134, 135, 136, 142]), st.binary(min_size=9, max_size=9)),
    max_size=8,
)  # fmt: skip
SIZES = {
    0: 1,
    1: 1,
    100: 4,
    102: 1,
    104: 1,
    113: 6,
    118: 4,
    120: 1,
    122: 3,
    130: 4,
    131: 4,
    133: 4,
    134: 6,
    135: 3,
    136: 9,
    142: 1,
}


@given(fields=LPP)
def test_pycayennelpp_reads_the_same(fields):
    """An independent reader of Cayenne LPP finds the same numbers under the same channels, in the same order."""
    data = b"".join(bytes((channel, kind)) + raw[: SIZES.get(kind, 2)] for channel, kind, raw in fields)
    theirs = [(str(one.channel), value) for one in LppFrame().from_bytes(data) for value in one.value] if data else []
    ours = [(r.channel, r.value) for r in read(data, "lpp").readings if r.property != "position"]
    assert ours == [(channel, pytest.approx(value)) for channel, value in theirs]


@given(noise=st.binary(max_size=60), name=st.sampled_from(MODELS))
def test_noise_is_survived_by_every_codec(noise, name):
    """Whatever a radio delivers gives readings or reasons, never another error."""
    try:
        reasons = [error.reason for error in read(noise, name).errors]
    except DecodeError as error:
        reasons = [error.reason]
    assert set(reasons) <= set(Reason)


@pytest.mark.parametrize(
    "name", ["cayenne/lpp", "milesight/am308", "milesight/at101", "decentlab/dl-lid", "sensecap/sensecap", "dragino/lwl02"]
)
@pytest.mark.parametrize(
    "piece", [b"\x01\x00\x01", b"\x01\x75\x64", b"\x06\xd9" + bytes(9), b"\x02\x00\x00\xff\xff", b"\x01\x10\x01" + bytes(4)]
)
def test_long_payloads_cost_little(name, piece):
    """64 KiB of the densest entries end in bounded time and readings (best of three)."""
    payload, best = (piece * LONGEST)[:LONGEST], 1.0
    for _ in range(3):
        began = time.process_time()
        try:
            said = read(payload, name)
        except DecodeError:
            said = None
        best = min(best, time.process_time() - began)
    assert best < 0.05
    assert said is None or len(said.readings) < 5_000


@given(native=EUIS, time=TIMES, count=st.integers(0, 65535), port=st.integers(0, 255), found=st.dictionaries(KEYS, st.floats(-1e9, 1e9) | st.text("xyz", min_size=1, max_size=5), min_size=1, max_size=5))  # fmt: skip
def test_uplinks_are_written_and_read(native, time, count, port, found):
    """A ChirpStack uplink says again what it was made of."""
    rows = [*found.items(), ("rssi", -97), ("snr", 7.5), ("fport", port), ("fcnt", count)]
    told = [Reading(native, code, None, value, time=time, wire_time=time) for code, value in rows]
    said = lorawan.decode(lorawan.encode(told)[0], Context("gw")).readings
    assert [(r.native, r.code, r.value, r.time, r.rank) for r in said] == [
        (native, code, value, time, count) for code, value in rows
    ]


@given(
    source=st.text(min_size=1, max_size=20),
    kind=st.text("abc_水 /", min_size=1, max_size=20),
    value=st.floats(-1e9, 1e9),
    time=TIMES,
)
def test_events_are_written_and_read(source, kind, value, time):
    """An event says again what it was made of, whatever its names are."""
    told = events.decode(
        json.dumps({"source": source, "id": 7, "kind": kind, "value": value, "time": rfc3339(time)}).encode(),
        Context("p"),
    ).readings
    assert events.decode(events.encode(told), Context("p")).readings == told
