"""AIS sentences for tests, and readings by name."""

from pathlib import Path

from adapters import ais
from adapters._wire.nmea_sentence import build, parse
from sensing.errors import DecodeError
from sensing.model import Context, Thing
from tests.contract.golden import RECEIVED

DATA = Path(__file__).parent / "data"
CAPTURES = ("ais_capture_pyais_sample", "ais_capture_merrimac_gofree")
SHIP = b"!AIVDM,1,1,,A,13RlIW?04F1beOVEFLB9bRvH0L0L,0*6C"
FIRST = b"!AIVDM,2,1,9,B,55R3Vn82=ILTQ3KKS>1<D60Dq@E918U<F222221J1`?164vc03S1CCAD,0*2A"
SECOND = b"!AIVDM,2,2,9,B,`88888888888880,2*76"


def context(*, every_field=False, received=RECEIVED, place=1):
    return Context(principal="rx-1", received=received, place=place, every_field=every_field)


def capture(name):
    return (DATA / f"{name}.nmea").read_bytes().splitlines()


def feed(frames, *, every_field=False, state=None):
    """Each frame's answer (Decoded or DecodeError) by place, from 1."""
    answers = {}
    for place, frame in enumerate(frames, 1):
        try:
            answers[place] = decoded = ais.decode(frame, context(every_field=every_field, place=place), state)
            state = decoded.state
        except DecodeError as error:
            answers[place] = error
    return answers


def fields(decoded):
    """Values by code of the only message in an answer."""
    return {reading.code: reading.value for reading in decoded.readings if reading.code != "position"}


def told(facts):
    return {fact.key: fact.value for fact in facts}


def build_as(sentence, old, new):
    """A sentence with one thing put in place of another, and the right checksum."""
    return build(parse(sentence).body.replace(old, new).decode(), "!")


def make_thing(adapter="ais"):
    """A thing without settings, for what `observe` makes of a reading."""
    return Thing("mmsi-1", "vessel", adapter, "1", "rx-1")


def only(frames, **kwargs):
    """The answer to the last of some frames."""
    return list(feed(frames, **kwargs).values())[-1]
