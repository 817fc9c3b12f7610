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
from tests.hostile import INPUTS
from tests.hostile_shapes import SIZE

ADAPTERS = adapters.discover()
SLOWEST_S = 0.05
LARGEST = 10_000_000
"""Bytes beyond the readings that are returned."""
SUM_S = 0.0076
"""What `a_sum_s` takes on the machine that the limit was set on."""
GUARDED_S = 0.02
"""A first run faster than this needs no better one."""
SETTINGS = {
    "hj212": [{}, {"tolerate": ["length_off_by_one", "modbus_crc"], "sm4_key": "0123456789abcdeffedcba9876543210"}],
    "lorawan": [{}, {"codec": "cayenne/lpp"}, {"codec": "milesight/em500-swl"}],
}
"""What a device may be set to, where it makes an adapter read on."""

CASES = [(name, settings) for name in ADAPTERS for settings in SETTINGS.get(name, [{}])]
TURN = {name: slice(number % 8, None, 8) for number, name in enumerate(ADAPTERS)}


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
    """The answer, and the CPU seconds of the best of three, or of the first when that is quick."""
    found, best = read(adapter, payload, settings, state)
    for _ in range(2):
        best = best if best < GUARDED_S else min(best, read(adapter, payload, settings, state)[1])
    return found, best


def a_sum_s():
    """CPU seconds of a fixed piece of work: how fast this machine is just now."""
    began = time.process_time()
    sum(number * number for number in range(200_000))
    return time.process_time() - began


def too_slow(took):
    """Whether a time is over the limit; a slower or busier machine than the limit's own is given as much more."""
    return took > SLOWEST_S and took > SLOWEST_S * max(a_sum_s() for _ in range(3)) / SUM_S


def beyond(adapter, payload, settings):
    """Bytes at the highest beside the readings returned."""
    tracemalloc.start()
    try:
        found, _ = read(adapter, payload, settings)
        held, peak = tracemalloc.get_traced_memory()
        if isinstance(found, Decoded):
            found.readings = ()
        return peak - (held - tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()


def greedy(name, settings, every=slice(None)):
    """What takes more than 10 MB, of `every` input."""
    taken = {what: beyond(ADAPTERS[name], INPUTS[what], settings) for what in list(INPUTS)[every]}
    return {what: f"{size / 1e6:.1f} MB" for what, size in taken.items() if size > LARGEST}


@pytest.fixture(autouse=True)
def _no_collections():
    """The collector's pauses are nobody's in particular."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_hostile_input_takes_little_time(name, settings):
    """Every hostile payload gives readings or DecodeError within 50 ms CPU, alone and behind what was kept of it."""
    adapter, costly = ADAPTERS[name], {}
    for what, payload in INPUTS.items():
        found, took = cpu_s(adapter, payload, settings)
        if isinstance(found, Decoded) and found.state is not None:
            took = max(took, cpu_s(adapter, payload, settings, found.state)[1])
        if too_slow(took):
            costly[what] = f"{took * 1000:.0f} ms"
    assert costly == {}


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_hostile_input_takes_little_memory(name, settings):
    """At most 10 MB beyond the readings: an eighth of the payloads for each adapter, all of them in the fault suite."""
    assert greedy(name, settings, TURN[name]) == {}


@pytest.mark.parametrize("what", INPUTS)
def test_hostile_inputs_are_as_large_as_said(what):
    """A payload that is small by mistake proves nothing; the few that are small on purpose are bombs."""
    assert len(INPUTS[what]) <= SIZE
    assert len(INPUTS[what]) > SIZE // 3 or "big" in what
