"""What every adapter promises. Adapters and golden cases are found by themselves: a new one is held to this without a line here."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import adapters
from sensing.errors import DecodeError, Reason
from sensing.model import Decoded
from tests.contract import golden

ADAPTERS = adapters.discover()
CASES = [pytest.param(case, id=f"{case.parent.name}-{case.name}") for case in golden.cases()]
EXAMPLES = [
    pytest.param(adapter, name, id=f"{word}-{name}")
    for word, adapter in ADAPTERS.items()
    for name in getattr(adapter, "EXAMPLES", ())
]
SLOWEST_S = 2.0
"""For one payload of at most 64 KiB, on a machine that does other things as well."""


def each_adapter(test):
    return pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=ADAPTERS)(test)


def read(adapter, payload, state=None):
    """Decode, and hold the answer to what an adapter may answer."""
    ctx = golden.context()
    ctx.place = 7
    began = time.perf_counter()
    try:
        decoded = adapter.decode(payload, ctx, state)
    except DecodeError as error:
        decoded, reason = None, error.reason
    else:
        reason = None
    assert reason is None or reason in set(Reason)
    assert time.perf_counter() - began < SLOWEST_S
    if decoded is not None:
        assert type(decoded) is Decoded
        assert all(error.reason in set(Reason) for error in decoded.errors)
        assert not decoded.waiting or decoded.state is not None
        assert adapter.STATEFUL or decoded.state is None
    return decoded


@each_adapter
def test_it_is_complete(adapter):
    """An adapter has its word, its port, an encoder with examples, and at least one golden case."""
    assert isinstance(adapter.NAME, str)
    assert isinstance(adapter.STATEFUL, bool)
    assert callable(adapter.decode)
    assert callable(adapter.expire)
    assert callable(adapter.encode)
    assert adapter.EXAMPLES
    assert golden.cases(adapter.NAME)


@pytest.mark.parametrize("case", CASES)
def test_a_golden_case_reads_as_it_says(case):
    """Every line that real bytes must give, and no other; where they come from is written beside them."""
    expected = golden.expected(case)
    assert expected["source"]
    assert expected["licence"]
    wanted = [{key: value for key, value in line.items() if key not in golden.LATER_STAGES} for line in expected["lines"]]
    got = golden.lines(ADAPTERS[case.parent.name], golden.payloads(case), golden.context(expected.get("context")))
    errors = [{"line": line["line"], "error": line["error"]} if "error" in line else line for line in wanted]
    assert got == errors


@pytest.mark.parametrize(("adapter", "name"), EXAMPLES)
def test_what_it_says_it_reads(adapter, name):
    """decode(encode(x)) == x for the adapter's own examples."""
    readings = adapter.EXAMPLES[name]
    said = adapter.encode(readings)
    found = golden.feed(adapter, [said] if isinstance(said, bytes) else said, golden.context())
    assert [reading for _, decoded in found for reading in decoded.readings] == list(readings)


@each_adapter
@given(noise=st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
@example(noise=b"")
@example(noise=b"~" * 65_536)
@example(noise=b"[" * 65_536)
@example(noise=b'{"a":' * 13_107)
@example(noise=b"\x01" * 65_536)
def test_noise_is_refused_by_name(adapter, noise):
    """Noise gives readings or DecodeError and nothing else, in bounded time."""
    read(adapter, noise)


@pytest.mark.parametrize("case", CASES)
def test_every_truncation_is_survived(case):
    """Each beginning of a real payload gives readings, a wait or DecodeError."""
    adapter = ADAPTERS[case.parent.name]
    for payload in golden.payloads(case):
        for end in range(0, len(payload), 1 + len(payload) // 400):
            read(adapter, payload[:end])


@pytest.mark.parametrize("case", CASES)
def test_every_single_bit_of_damage_is_survived(case):
    """Each real payload with one bit flipped gives readings, a wait or DecodeError."""
    adapter = ADAPTERS[case.parent.name]
    for payload in golden.payloads(case):
        for bit in range(0, len(payload) * 8, 1 + len(payload) // 100):
            damaged = bytearray(payload)
            damaged[bit // 8] ^= 1 << bit % 8
            read(adapter, bytes(damaged))


@each_adapter
def test_a_wait_ends(adapter):
    """Whatever is kept for later is given up when asked long after, and no frame is left hanging."""
    for case in golden.cases(adapter.NAME):
        for payload in golden.payloads(case):
            decoded = read(adapter, payload[: len(payload) // 2])
            if decoded is None or not decoded.waiting:
                continue
            assert decoded.deadline is not None
            over = adapter.expire(decoded.state, decoded.deadline + 400 * 86_400_000_000)
            assert over.state is None
            assert {error.place for error in over.errors} == {7}
