"""Every field of the vectors, compared with what we read; the golden lines are compared in tests/contract."""

import pytest

from adapters import hj212
from adapters._wire import hj212_frame
from sensing.times import parse_instant
from tests.contract import golden
from tests.hj212_frames import slow_checksum

CASES = [case for case in golden.cases("hj212") if "vector" in golden.expected(case)]
WHOLE = [case for case in CASES if "factors" in golden.expected(case)["vector"]]


def vector(case):
    return golden.expected(case)["vector"]


def in_utf8(found):
    """The maker of one vector counted characters; its own note says that bytes count."""
    return found["declared_length"] == 152 and found["actual_length"] == 144


def readable(found):
    return found["crc_ok"] and (found["length_ok"] or in_utf8(found))


def segment_of(payload):
    text = payload.rstrip()
    return text[6:-4], int(text[-4:], 16)


@pytest.mark.parametrize("case", WHOLE, ids=lambda case: case.name)
def test_length_and_checksum_are_those_of_the_vectors(case):
    """What the vector says of length and checksum is what we find; the folded checksum is the one computed byte by byte."""
    found = vector(case)
    segment, crc = segment_of(golden.payloads(case)[0])
    assert f"{crc:04X}" == found["crc"]
    assert (len(segment) == found["declared_length"]) == (found["length_ok"] or in_utf8(found))
    assert (hj212_frame.checksum(segment) == crc) == found["crc_ok"]
    assert hj212_frame.checksum(segment) == slow_checksum(segment)


@pytest.mark.parametrize("case", [case for case in WHOLE if readable(vector(case))], ids=lambda case: case.name)
def test_fields_values_flags_and_times_are_those_of_the_vectors(case):
    """Header, data time, each value of each factor and its data flag; a flag that belongs to no factor is nobody's."""
    found, payload = vector(case), golden.payloads(case)[0]
    telegram = hj212_frame.read(*segment_of(payload))
    header = found["header"]
    assert (telegram.qn, telegram.st, telegram.cn, telegram.pw, telegram.mn) == tuple(
        header.get(name, "") for name in ("QN", "ST", "CN", "PW", "MN")
    )
    assert telegram.flag == (int(header["Flag"]) if "Flag" in header else None)
    assert (telegram.total, telegram.part) == (int(header.get("PNUM", 0)), int(header.get("PNO", 0)))
    readings = hj212.decode(payload, golden.context()).readings
    said = {reading.code: reading for reading in readings if reading.property != "position"}
    wanted = {
        f"{factor}-{field}": (value, fields.get("Flag"))
        for factor, fields in found["factors"].items()
        for field, value in fields.items()
        if field != "Flag"
    }
    assert {code: (reading.value, reading.flag) for code, reading in said.items()} == wanted
    assert {reading.wire_time for reading in readings} <= {parse_instant(found["data_time"]) if "data_time" in found else None}
    assert {reading.sent for reading in readings} <= {parse_instant(found["qn_time"]) if "qn_time" in found else 0}


@pytest.mark.parametrize("case", [case for case in WHOLE if not readable(vector(case))], ids=lambda case: case.name)
def test_what_the_vectors_refuse_gives_no_value(case):
    """Length before checksum: the first that fails names the reason."""
    found = vector(case)
    reason = "bad_checksum" if found["length_ok"] else "bad_length"
    assert golden.lines(hj212, golden.payloads(case), golden.context()) == [{"line": 1, "error": reason}]


@pytest.mark.parametrize("case", WHOLE, ids=lambda case: case.name)
def test_data_that_want_an_answer_get_one(case):
    """9014 with the same QN for data with Flag bit 0, nothing for anything else."""
    found, payload = vector(case), golden.payloads(case)[0]
    wanted = readable(found) and found.get("flag", {}).get("ack_required") and found["header"]["CN"][0] == "2"
    replies = hj212.decode(payload, golden.context()).replies if readable(found) else ()
    assert len(replies) == bool(wanted)
    if wanted:
        header = found["header"]
        flag = int(header["Flag"]) & 0xFC
        said = f"QN={header['QN']};ST=91;CN=9014;PW={header['PW']};MN={header['MN']};Flag={flag};CP=&&&&".encode()
        assert replies[0].payload == b"##%04d%b%04X\r\n" % (len(said), said, slow_checksum(said))
