"""HJ 212-2025 under SM4: the right key opens, anything else gives no value."""

import pytest

from adapters import hj212
from adapters._wire import hj212_sm4
from sensing.errors import DecodeError, Reason
from tests.hj212_frames import AIR, KEY, frame, read, replies, seal, segment, values

SAYS = [("a34004-Rtd", 37.2), ("a21026-Rtd", 12.4)]
OTHER = "00" * 16


def shut(cp=AIR, **fields):
    """A frame as a device sends it: sealed in clear, then its whole blocks enciphered."""
    clear = segment(cp, **{"flag": "9", **fields}).encode("gb18030")
    sealed = seal(clear)
    start = clear.index(b"CP=&&") + 5
    blocks = (len(clear) - 2 - start) // 16 * 16
    found = hj212_sm4.turned(clear[start : start + blocks], bytes.fromhex(KEY), encipher=True)
    return sealed[: 6 + start] + found + sealed[6 + start + blocks :]


def spelled(cp=AIR, **fields):
    """The same with the ciphertext written as text; the length stays that of the text in clear."""
    whole = shut(cp, **fields)
    start = whole.index(b"CP=&&") + 5
    blocks = (len(whole) - 8 - start) // 16 * 16
    return (
        whole[:start]
        + b"{"
        + b",".join(b"0x%02X" % byte for byte in whole[start : start + blocks])
        + b",}"
        + whole[start + blocks :]
    )


def test_sm4_is_that_of_the_standard():
    """The worked example of GB/T 32907 annex A.1."""
    plain = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    enciphered = hj212_sm4.turned(plain, plain, encipher=True)
    assert enciphered.hex() == "681edf34d206965e86b3e94f536e4246"
    assert hj212_sm4.turned(enciphered, plain) == plain


@pytest.mark.parametrize("tail", range(16))
def test_whole_blocks_are_opened_and_the_rest_is_clear(tail):
    """No padding: up to 15 characters at the end stay as they are; the answer is in clear."""
    cp = AIR + ";" * tail
    found = read(shut(cp), sm4_key=KEY)
    assert values(found) == SAYS
    assert b"CN=9014" in replies(found)[0]
    assert b"Flag=8;" in replies(found)[0]


@pytest.mark.parametrize("mark", [b"&&", b"\r\n", b"##"])
def test_ciphertext_may_hold_ends_of_frames(mark):
    """Only the length ends a frame: `&&`, a line end or `##` among the cipher bytes do not."""
    key = bytes.fromhex(KEY)
    blocks = (f"a34004-Rtd={number:05d}" for number in range(100_000))
    block = next(text for text in blocks if mark in hj212_sm4.turned(text.encode(), key, encipher=True))
    whole = shut(f"{block};{AIR}")
    assert mark in whole.split(b"CP=&&", 1)[1][:16]
    assert values(read(whole + frame(), sm4_key=KEY)) == [("a34004-Rtd", float(block[11:])), *SAYS, *SAYS]


def test_clear_frames_of_a_device_with_a_key_are_read():
    """Heartbeats and whatever need not be under SM4 come in clear, with Chinese text as well."""
    assert values(read(frame(AIR, flag="9"), sm4_key=KEY)) == SAYS
    said = segment("DataTime=20260821143000;i11001-Info=//仪器正常，校准完成，门已关//", cn="3020", flag="9").encode("gb18030")
    assert values(read(seal(said), sm4_key=KEY)) == [("i11001-Info", "//仪器正常，校准完成，门已关//")]


@pytest.mark.parametrize(("settings", "reason"), [
    ({}, Reason.MISSING_KEY), ({"sm4_key": "short"}, Reason.MISSING_KEY), ({"sm4_key": 5}, Reason.MISSING_KEY),
    ({"sm4_key": OTHER}, Reason.BAD_CHECKSUM),
])  # fmt: skip
def test_without_the_right_key_nothing_is_read(settings, reason):
    """The refusal names the setting, never the key."""
    with pytest.raises(DecodeError) as caught:
        read(shut(), **settings)
    assert caught.value.reason == reason
    assert not any(value in str(caught.value) for value in settings.values() if isinstance(value, str))


def test_a_wrong_key_gives_no_value_even_when_the_checksum_agrees():
    """One wrong key in 256 fits the checksum; what it opens is no text."""
    whole = shut()
    for number in range(1_000):
        with pytest.raises(DecodeError, match="bad_checksum"):
            read(whole, sm4_key=f"{number:032x}")


def test_ciphertext_as_text_is_read():
    """With the length of the text in clear, or that of what is sent; in halves; with another frame behind it."""
    assert values(read(spelled(), sm4_key=KEY)) == SAYS
    assert values(read(spelled() + frame(), sm4_key=KEY)) == SAYS * 2
    for cut in (20, 150, 300, 500):
        first = read(spelled()[:cut], place=1, sm4_key=KEY)
        assert first.waiting
        assert values(read(spelled()[cut:], first.state, place=2, sm4_key=KEY)) == SAYS
    sent = spelled()
    assert values(read(b"##%04d" % (len(sent) - 12) + sent[6:], sm4_key=KEY)) == SAYS
    with pytest.raises(DecodeError) as caught:
        read(spelled())
    assert caught.value.reason == Reason.MISSING_KEY


def test_parts_are_opened_one_by_one():
    """Each part is a frame under SM4 of its own."""
    link = hj212.Link(version=2, key=bytes.fromhex(KEY), packet=120)
    readings = [*hj212.EXAMPLES["air, real time"]]
    frames = hj212.encode(readings, link)
    assert len(frames) > 1
    assert all(b"a34004" not in data for data in frames)
    state, found = None, []
    for place, data in enumerate(frames, 1):
        decoded = read(data, state, place=place, sm4_key=KEY)
        state, found = decoded.state, [*found, *decoded.readings]
    assert found == readings
