"""AIS: parts, times, what is stored of a message, and what is said about a ship."""

import pytest
from msgspec.structs import replace

from adapters import ais
from adapters._wire.ais_encode import report
from adapters._wire.ais_message import nearest
from adapters._wire.nmea_sentence import HEX, build, parse, xor
from sensing.errors import DecodeError
from sensing.times import MINUTE, SECOND, parse_instant
from tests.ais_frames import FIRST, SHIP, context, feed, only, told
from tests.ais_frames import SECOND as LAST
from tests.contract import golden

AT = parse_instant("2026-09-14T19:00:00Z")


def sentence(**fields):
    return report({"mmsi": 413372870, **fields})


# --- parts ---


def test_parts_are_joined_in_any_order():
    """The second part first is the same message."""
    straight, turned = only([FIRST, LAST]), only([LAST, FIRST])
    assert told(straight.facts)["name"] == "SEA ENTERPRISE"
    assert straight.facts == turned.facts
    assert straight.settled == turned.settled == [1]


def test_a_part_waits_and_says_until_when():
    """Until the other comes its frame is pending, ten seconds at most."""
    waiting = only([FIRST])
    assert waiting.waiting
    assert waiting.deadline == golden.RECEIVED + 10 * SECOND
    assert ais.expire(waiting.state, waiting.deadline - 1).errors == []
    over = ais.expire(waiting.state, waiting.deadline)
    assert [(error.reason, error.place) for error in over.errors] == [("missing_fragment", 1)]
    assert over.state is None


def test_a_late_part_is_not_joined():
    """Ten seconds by the door's stamp, also when nobody asked in between."""
    waiting = ais.decode(FIRST, context())
    late = ais.decode(LAST, context(received=golden.RECEIVED + 10 * SECOND, place=2), waiting.state)
    assert [(error.reason, error.place) for error in late.errors] == [("missing_fragment", 1)]
    assert late.waiting
    assert not late.facts


def test_a_part_twice_waits_for_nothing():
    """A redelivered part is named and left alone, before and after its message is whole."""
    answers = feed([FIRST, FIRST, LAST, LAST])
    assert answers[2].controls == answers[4].controls == ["duplicate-part"]
    assert not answers[2].waiting
    assert not answers[4].waiting
    assert told(answers[3].facts)["imo"] == "9266633"


def test_a_message_sent_again_is_read_again():
    """Both parts of a finished message once more are the message once more, in either order."""
    assert only([FIRST, LAST, LAST, FIRST]).facts == only([FIRST, LAST]).facts


def test_the_same_last_part_of_two_ships_is_both_ships():
    """Many ships share a last part: it belongs to whichever message is open."""
    other = sentence(msg_type=5, shipname="OTHER", destination="XIAMEN")
    again = [build(parse(part).body.decode().replace(",0,A,", ",9,B,"), "!") for part in other]
    ours = [again[0], build(f"AIVDM,2,2,9,B,{parse(again[1]).body.decode().split(',')[5]},2", "!")]
    answers = feed([FIRST, ours[1], ours[0], ours[1]])
    assert told(answers[4].facts)["name"] == "OTHER"


def test_another_message_under_the_number_gives_up_the_first():
    """Sequence numbers come round: a different first part ends the wait of the one before."""
    other = build(parse(FIRST).body.decode().replace("55R3", "55R4"), "!")
    answers = feed([FIRST, other])
    assert [(error.reason, error.place) for error in answers[2].errors] == [("missing_fragment", 1)]
    assert answers[2].waiting


def test_single_sentences_pass_while_parts_wait():
    """Waiting parts cost the others nothing, and their state is kept as it is."""
    answers = feed([FIRST, SHIP, LAST])
    assert len(answers[2].readings) == 5
    assert answers[2].state is answers[1].state
    assert answers[2].deadline == answers[1].deadline
    assert told(answers[3].facts)["callsign"] == "HP6683"


def test_half_a_sentence_waits_for_its_rest():
    """A payload may end within a sentence; both frames are settled by the second."""
    cut = feed([SHIP[:30], SHIP[30:]])
    assert cut[1].waiting
    assert cut[2].settled == [1]
    assert len(cut[2].readings) == 5


def test_a_part_that_makes_nonsense_is_refused_with_its_others():
    """A whole message that cannot be read is a rejection for every frame that it came in."""
    parts = [build("AIVDM,2,1,1,A,n3RlIW?04F1be,0", "!"), build("AIVDM,2,2,1,A,OVEFLB9bRvH0L0L,0", "!")]
    refused = feed(parts)[2]
    assert [(error.reason, error.place) for error in refused.errors] == [("unknown_function", 1), ("unknown_function", None)]
    assert refused.settled == []


def test_open_messages_are_capped():
    """However many first parts come, a stream's memory is bounded, and the oldest is given up."""
    frames = [build(f"AIVDM,2,1,{at % 10},{chr(65 + at // 10)},{'0' * 56},0", "!") for at in range(70)]
    answers = feed(frames)
    assert len(answers[70].state["groups"]) == 64
    assert [error.place for error in answers[65].errors] == [1]


# --- time ---


@pytest.mark.parametrize(
    ("second", "received", "expected"),
    [
        (12, "2026-09-14T19:00:00Z", "2026-09-14T19:00:12Z"),
        (58, "2026-09-14T19:00:01Z", "2026-09-14T18:59:58Z"),
        (2, "2026-09-14T18:59:59.500Z", "2026-09-14T19:00:02Z"),
        (30, "2026-09-14T19:00:00Z", "2026-09-14T19:00:30Z"),
        (0, "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z"),
    ],
)
def test_the_instant_is_the_nearest_with_the_messages_second(second, received, expected):
    """A message has only a UTC second: the instant is the one nearest to reception."""
    assert nearest(second, parse_instant(received)) == parse_instant(expected)


def test_receivers_agree_on_when():
    """Two receivers that hear one message within half a minute of it store it at one time."""
    times = {
        reading.time
        for late in (-20, 0, 5, 25)
        for reading in ais.decode(SHIP, context(received=AT + (12 + late) * SECOND)).readings
    }
    assert times == {AT + 12 * SECOND}


@pytest.mark.parametrize("second", [60, 61, 62, 63])
def test_a_message_without_a_second_has_no_readings(second):
    """Position systems that are off, manual or guessing give no time, unless a tag block does."""
    frame = sentence(msg_type=1, lon=118.0, lat=24.0, second=second)[0]
    assert ais.decode(frame, context()).controls == ("type-1",)
    tagged = report({"mmsi": 413372870, "msg_type": 1, "lon": 118.0, "lat": 24.0, "second": second}, time=AT)[0]
    assert {reading.time for reading in ais.decode(tagged, context()).readings} == {AT}


def test_a_base_station_tells_its_own_time():
    """Type 4 has date and time: they hold, whatever reception says; the tag block holds first when they are not available."""
    said = ais.decode(b"!AIVDM,1,1,,B,402B4L1uubaO:1d:>PEe@ii0259t,0*75", context())
    assert [(r.time, r.wire_time) for r in said.readings] == [(parse_instant("2015-06-21T09:31:10Z"),) * 2]


# --- encoding ---


def test_without_tag_blocks_only_the_second_is_sent():
    """An untagged sentence is dated by its reception."""
    readings = [replace(reading, time=AT + 12 * SECOND, wire_time=None) for reading in ais.EXAMPLES["under way"]]
    (frame,) = ais.encode(readings, tagged=False)
    assert frame.startswith(b"!AIVDM")
    assert ais.decode(frame, context(received=AT + 15 * SECOND)).readings == readings
    assert {r.time for r in ais.decode(frame, context(received=AT + MINUTE)).readings} == {AT + MINUTE + 12 * SECOND}


@pytest.mark.parametrize(
    "reading",
    [
        replace(ais.EXAMPLES["under way"][0], time=AT + 1, wire_time=AT + 1),
        replace(ais.EXAMPLES["under way"][3], value=500.0),
        replace(ais.EXAMPLES["under way"][3], code="wspeed"),
    ],
)
def test_what_ais_cannot_say_is_refused(reading):
    """A microsecond, a speed beyond its bits, a code that no report has."""
    with pytest.raises(ValueError, match=r"."):
        ais.encode([reading])


# --- sentences ---


def test_the_checksum_is_the_xor_of_all_bytes():
    """Folding a big number is a loop over bytes."""
    for size in (*range(70), 127, 128, 129, 400):
        data = bytes((7 * at + size) % 256 for at in range(size))
        expected = 0
        for code in data:
            expected ^= code
        assert xor(data) == expected
    assert HEX[b"6c"] == HEX[b"6C"] == 0x6C


def test_very_many_bad_lines_are_counted_not_named():
    """A payload of junk costs a bounded answer."""
    said = ais.decode(b"junk\n" * 1000 + SHIP, context())
    assert len(said.errors) == 65
    assert said.errors[-1].detail == "936 more lines were refused"
    assert len(said.readings) == 5


def test_offsets_point_at_the_bad_line():
    """A rejection names the bytes that are wrong within its line, for `dlq show`."""
    bad = SHIP[:-1] + b"D"
    (error,) = ais.decode(SHIP + b"\r\n" + bad + b"\r\n" + SHIP, context()).errors
    assert (error.offset, error.length) == (len(SHIP) + 2 + len(bad) - 2, 2)
    with pytest.raises(DecodeError) as refused:
        ais.decode(bad, context())
    assert str(refused.value.reason) == "bad_checksum"
