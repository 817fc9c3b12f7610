"""SenML and plain JSON against whatever a wire may bring."""

import json

import cbor2
from hypothesis import given
from hypothesis import strategies as st

from adapters import plainjson, senml
from sensing.errors import DecodeError
from sensing.model import Context, Reading, Thing
from sensing.observe import observe
from sensing.things import load_types

NOW = 1_789_412_400_000_000
MAPPINGS = [kind.settings for kind in load_types().values() if kind.adapter == "plainjson"]
scalars = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=12)
KEYS = "n u v vs vb vd s t ut bn bt bu bv bs bver xx_ device time water_level ph sn ts type data depth regs slave func addr imei list mm"
keys = st.sampled_from(KEYS.split()) | st.text(max_size=4)
trees = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=6), max_leaves=20)
numbers = st.floats(-1e9, 1e9) | st.integers(-(2**53), 2**53)
codes = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)


def survives(adapter, payload, **more):
    """Readings or DecodeError; what is read can be observed, and holds no NaN as a result."""
    try:
        decoded = adapter.decode(payload, Context("p", received=NOW, **more))
    except DecodeError:
        return
    thing = Thing("d", "t", adapter.NAME, "n", "p")
    for reading in decoded.readings:
        for found in observe(reading, thing, NOW):
            assert found.result is None or abs(found.result) < float("inf")


@given(trees)
def test_any_json_is_read_or_refused(tree):
    """Nothing but DecodeError leaves an adapter, with and without mappings."""
    payload = json.dumps(tree).encode()
    survives(senml, payload)
    survives(plainjson, payload)
    survives(plainjson, payload, mappings=MAPPINGS)


@given(st.lists(st.dictionaries(st.integers(-7, 9) | keys, trees, max_size=6), max_size=4), st.binary(max_size=3))
def test_any_cbor_is_read_or_refused(pack, tail):
    """The same for CBOR, with rubbish behind it."""
    survives(senml, cbor2.dumps(pack) + tail)


@given(
    st.lists(st.tuples(codes, numbers, st.integers(2**28 * 1_000_000, 4_000_000_000_000_000)), min_size=1, max_size=6),
    st.booleans(),
)
def test_senml_reads_what_it_writes(values, cbor):
    """Any code, value and time to the microsecond, in JSON and CBOR."""
    found = [Reading("urn:dev:7", code, None, value, time=time, wire_time=time) for code, value, time in values]
    again = senml.decode(senml.encode(found, cbor=cbor), Context("p", received=NOW)).readings
    assert [(r.code, r.value, r.time) for r in again] == [(r.code, r.value, r.time) for r in found]


@given(
    st.dictionaries(codes.filter(lambda code: code not in ("device", "time", "position")), numbers, min_size=1, max_size=6),
    st.integers(0, 4_000_000_000_000_000),
)
def test_plainjson_reads_what_it_writes(values, time):
    """Any key, number and time to the microsecond."""
    found = [Reading("g", key, None, value, time=time, wire_time=time) for key, value in values.items()]
    again = plainjson.decode(plainjson.encode(found), Context("p")).readings
    assert [(r.native, r.code, r.value, r.time) for r in again] == [("g", key, value, time) for key, value in values.items()]
