"""Our AIS beside pyais, on every sentence that it parses in both captures, and beside the vectors' own values.

Known differences, none of which the captures have:
- type 17 positions are signed tenths of a minute (M.1371-5 table 67); pyais 3.3 reads them unsigned, in minutes;
- type 19 `ship_type` and `epfd` are the numbers as sent (table 53); pyais maps reserved ones onto others;
- armour characters X to _ are refused (IEC 61162-1); pyais reads them as 40 to 47.
"""

import pyais
import pytest
from pyais.exceptions import MissingPayloadException
from pyais.messages import AISSentence, NMEASentenceFactory

from adapters import ais
from sensing.errors import DecodeError
from tests import ais_frames
from tests.contract import golden


def plain(message):
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in message.asdict(enum_as_int=True).items()}


def by_pyais(lines):
    """Fields of every message that pyais reads, by the line that completed it."""
    waiting = {}
    for number, line in enumerate(lines, 1):
        sentence = NMEASentenceFactory.produce(line)
        if sentence.frag_cnt > 1:
            parts = waiting.setdefault((sentence.channel, sentence.seq_id), {})
            parts[sentence.frag_num] = sentence
            if len(parts) < sentence.frag_cnt:
                continue
            sentence = AISSentence.assemble_from_iterable([parts[at] for at in sorted(parts)])
            del waiting[sentence.channel, sentence.seq_id]
        try:
            yield number, plain(sentence.decode())
        except MissingPayloadException:
            continue


@pytest.mark.parametrize("name", ais_frames.CAPTURES)
def test_every_field_of_a_capture_agrees_with_pyais(name):
    """Whatever pyais reads in a real capture, we read, to the last field; and nothing else."""
    lines = ais_frames.capture(name)
    theirs = dict(by_pyais(lines))
    assert len(theirs) > 700
    ours = {place: ais_frames.fields(said) for place, said in ais_frames.feed(lines, every_field=True).items() if said.readings}
    assert ours == theirs


@pytest.mark.parametrize("name", ais_frames.CAPTURES)
def test_no_sentence_of_a_capture_is_refused(name):
    """A real receiver's sentences are read, empty slots included."""
    answers = ais_frames.feed(ais_frames.capture(name)).values()
    assert not [said for said in answers if isinstance(said, DecodeError)]
    reasons = {str(error.reason) for said in answers for error in said.errors}
    assert reasons <= {"missing_fragment"}


def vectors(adapter):
    for case in golden.cases(adapter):
        for vector in golden.expected(case).get("vectors", ()):
            yield pytest.param(case, vector, id=vector["id"])


@pytest.mark.parametrize(("case", "vector"), list(vectors("ais")))
def test_a_vector_has_its_values(case, vector):
    """Every expected value of a vector is the value of a line with that code."""
    first, last = vector["lines"]
    answers = ais_frames.feed(golden.payloads(case)[first - 1 : last], every_field=True)
    expected = vector["expected"]
    said = answers[len(answers)]
    if "error" in expected:
        assert str(said.reason) == "bad_checksum"
    elif "messages" in expected:
        assert said.waiting
        assert not said.readings
    else:
        got = ais_frames.fields(said)
        assert {name: got[name] for name in expected} == expected
        assert {reading.native for reading in said.readings} == {str(expected["mmsi"])}


def test_what_is_stored_is_what_every_field_says():
    """In service only fields that are stored are read; their readings are those of `decode`."""
    lines = [line for name in ais_frames.CAPTURES for line in ais_frames.capture(name)]
    service, everything = ais_frames.feed(lines), ais_frames.feed(lines, every_field=True)
    stored = [r for said in service.values() for r in said.readings]
    named = [r for said in everything.values() for r in said.readings if r.property]
    assert len(stored) > 5000
    assert sorted(map(repr, stored)) == sorted(map(repr, named))
    assert [said.facts for said in service.values()] == [said.facts for said in everything.values()]


def test_type_17_is_signed_and_in_degrees():
    """A reference station west of Greenwich stays there."""
    sentence = b"!AIVDM,1,1,,A,Asgw4Gg:94e7evilw4kKvvwHbA8i@V:QEEP,2*62"
    got = ais_frames.fields(ais.decode(sentence, ais_frames.context(every_field=True)))
    assert (got["lon"], got["lat"]) == (-91.91833, 38.50167)
    theirs = pyais.decode(sentence)
    assert theirs.lon == pytest.approx((got["lon"] + 2**18 / 600) * 60, abs=0.1)
    assert theirs.lat == pytest.approx(got["lat"] * 60, abs=0.1)
