"""What harms no adapter: 64 KiB of anything costs at most 50 ms and 10 MB, and gives readings or DecodeError with a reason.

Adapters are found by themselves, the inputs stand in tests/hostile.py: a new one of either is held to this without a line here.
"""

import gc
import time
import tracemalloc

import pytest

import adapters
from sensing.errors import DecodeError, Reason
from sensing.model import Decoded
from tests.contract import golden
from tests.hostile import INPUTS, SIZE

ADAPTERS = adapters.discover()
SLOWEST_S = 0.05
LARGEST = 10_000_000
"""Bytes beyond the readings that are returned."""
GUARDED_S = 0.02
"""A first run faster than this needs no better one."""
SETTINGS = {
    "hj212": [{}, {"tolerate": ["length_off_by_one", "modbus_crc"], "sm4_key": "0123456789abcdeffedcba9876543210"}],
    "lorawan": [{}, {"codec": "cayenne/lpp"}, {"codec": "milesight/em500-swl"}],
}
"""What a device may be set to, where it makes an adapter read on."""


def read(adapter, payload, settings, state=None):
    """The answer, held to what an adapter may answer, and the CPU seconds that it took."""
    ctx = golden.context({"settings": settings})
    ctx.place = 7
    began = time.process_time()
    try:
        found = adapter.decode(payload, ctx, state)
    except DecodeError as error:
        found = error
    took = time.process_time() - began
    if isinstance(found, DecodeError):
        assert found.reason in set(Reason)
    else:
        assert type(found) is Decoded
        assert {error.reason for error in found.errors} <= set(Reason)
    return found, took


def cpu_s(adapter, payload, settings, state=None):
    """Best of three, or the first when that is quick."""
    best = read(adapter, payload, settings, state)[1]
    for _ in range(2):
        best = best if best < GUARDED_S else min(best, read(adapter, payload, settings, state)[1])
    return best


def beyond(adapter, payload, settings):
    """Bytes at the highest beside the readings returned, and what was answered."""
    tracemalloc.start()
    try:
        found, _ = read(adapter, payload, settings)
        held, peak = tracemalloc.get_traced_memory()
        if isinstance(found, Decoded):
            found.readings = ()
        return peak - (held - tracemalloc.get_traced_memory()[0]), found
    finally:
        tracemalloc.stop()


@pytest.fixture(autouse=True)
def _no_collections():
    """The collector's pauses are nobody's in particular."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.parametrize(("name", "settings"), [(name, settings) for name in ADAPTERS for settings in SETTINGS.get(name, [{}])])
def test_hostile_input_costs_little(name, settings):
    """Every hostile payload: readings or DecodeError, at most 50 ms CPU and 10 MB, again with what was kept of it."""
    adapter, costly = ADAPTERS[name], {}
    for what, payload in INPUTS.items():
        size, found = beyond(adapter, payload, settings)
        took = [cpu_s(adapter, payload, settings)]
        if isinstance(found, Decoded) and found.state is not None:
            took.append(cpu_s(adapter, payload, settings, found.state))
        if max(took) > SLOWEST_S or size > LARGEST:
            costly[what] = f"{max(took) * 1000:.0f} ms, {size / 1e6:.1f} MB"
    assert costly == {}


@pytest.mark.parametrize("what", INPUTS)
def test_hostile_inputs_are_as_large_as_said(what):
    """A payload that is small by mistake proves nothing; the few that are small on purpose are bombs."""
    assert len(INPUTS[what]) <= SIZE
    assert len(INPUTS[what]) > SIZE // 3 or "big" in what
