"""What an adapter that shows payloads byte by byte promises. Adapters with `annotate` are found by themselves."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import adapters
from sensing.errors import DecodeError
from tests.contract import golden

ADAPTERS = {word: adapter for word, adapter in adapters.discover().items() if hasattr(adapter, "annotate")}
CASES = [pytest.param(case, id=f"{case.parent.name}-{case.name}") for case in golden.cases() if case.parent.name in ADAPTERS]


def spans_of(adapter, payload, ctx):
    """The spans of a payload, held to what every payload's are: in order, gapless, none empty, every byte once."""
    spans = adapter.annotate(payload, ctx)
    at = 0
    for span in spans:
        assert (span.offset, span.length > 0) == (at, True)
        assert all(span.meaning)
        at += span.length
    assert at == len(payload)
    return spans


def bad(spans):
    return [(span.offset, span.offset + span.length) for span in spans if span.bad]


def hold(adapter, payload, ctx):
    """Refused whole: exactly the bytes that the error names are marked, with its reason. Refused in parts: some are. Read: none is."""
    spans = spans_of(adapter, payload, ctx)
    errors, whole = refusals(adapter, payload, ctx)
    if whole and payload:
        start = min(whole.offset, len(payload) - 1)
        end = max(start + 1, min(len(payload), whole.offset + whole.length) if whole.length else len(payload))
        assert bad(spans) == [(start, end)]
        assert next(span for span in spans if span.bad).value.startswith(str(whole.reason))
    elif payload:
        assert bool(bad(spans)) == bool(errors)
    return spans


def refusals(adapter, payload, ctx):
    """(rejections of parts, refusal of the whole) as the decoder says them."""
    try:
        return adapter.decode(payload, ctx, None).errors, None
    except DecodeError as error:
        return (), error


def test_some_adapters_can():
    """Every protocol that has something to show."""
    assert {"sl651", "hj212", "ais", "nmea0183", "lorawan", "gpsd", "events", "senml", "plainjson"} <= set(ADAPTERS)


@pytest.mark.parametrize("case", CASES)
def test_every_byte_of_a_golden_frame_is_told_once(case):
    """Spans cover the bytes exactly, and what the decoder refuses is what is marked."""
    ctx = golden.context(golden.expected(case).get("context"))
    for place, payload in enumerate(golden.payloads(case), 1):
        ctx.place = place
        hold(ADAPTERS[case.parent.name], payload, ctx)


@pytest.mark.parametrize("case", CASES)
def test_truncated_and_damaged_frames_are_told_as_well(case):
    """A beginning of a real frame, and one with a byte changed, are shown with what the decoder says of them."""
    adapter = ADAPTERS[case.parent.name]
    ctx = golden.context(golden.expected(case).get("context"))
    ctx.place = 1
    for payload in golden.payloads(case):
        step = 1 + len(payload) // 12
        for end in range(1, len(payload), step):
            hold(adapter, payload[:end], ctx)
            hold(adapter, payload[:end] + bytes([payload[end] ^ 0x15]) + payload[end + 1 :], ctx)


@pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=ADAPTERS)
@given(noise=st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
@example(noise=b"")
@example(noise=b"~" * 65_536)
@example(noise=b"[" * 65_536)
@example(noise=b'"\\' * 30_000)
@example(noise=b"[" + b"1," * 30_000)
@example(noise=b"\x9f" + b"\x01" * 60_000)
def test_noise_is_shown_without_a_crash(adapter, noise):
    """Whatever comes, every byte is told, in bounded many spans, and never that our annotator failed."""
    ctx = golden.context()
    ctx.place = 1
    spans = hold(adapter, noise, ctx)
    assert len(spans) < 5_000
    assert not [span for span in spans if span.meaning[1] == "our annotator failed"]
