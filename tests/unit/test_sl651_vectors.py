"""Every field of the vectors, compared with what we read; the golden lines are compared in tests/contract."""

from adapters import sl651
from adapters._wire import sl651_frame
from adapters._wire.sl651_message import understand
from sensing.times import parse_instant
from tests.contract import golden

ENDS = {"ETX": 0x03, "ETB": 0x17, "EOT": 0x04, "ESC": 0x1B}


def vectors():
    for case in golden.cases("sl651"):
        yield case, golden.expected(case)["vector"], golden.payloads(case)


def micros(text):
    return None if text is None else parse_instant(text)


def telegram(payload):
    return sl651_frame.read(payload[: sl651_frame.claimed(payload, 0)])


def said(vector):
    """(code, value) of each value that a vector states, and the time before its group."""
    for group in vector["groups"]:
        for element in group["elements"]:
            code = element.get("id") or element["name"]
            values = element.get("values") or [element.get("text", element.get("value"))]
            if "status_hex" in element:
                values = [sum(1 << bit for bit in element["status_bits"])]
            yield from ((code, value, micros(group["observed_at"])) for value in values)


def test_header_fields_are_those_of_the_vectors():
    """Encoding, direction, addresses, password, function, length, end character and checksum."""
    for case, vector, payloads in vectors():
        if len(payloads) > 1 or not vector["crc_ok"]:
            continue
        found = telegram(payloads[0])
        assert found.text == (vector["encoding"] == "ASCII"), case.name
        assert found.down == (vector["direction"] == "down"), case.name
        assert (int(found.centre, 16), found.station, found.password) == (vector["center"], vector["station"], vector["password"])
        assert (f"{found.function:02X}", found.end) == (vector["func"], ENDS[vector["end"]])
        assert (len(found.body), found.crc.upper()) == (vector["length"], vector["crc"]), case.name
        assert len(payloads[0]) - sl651_frame.claimed(payloads[0], 0) == len(vector.get("trailing", "")) // 2


def test_serial_and_send_time_are_those_of_the_vectors():
    """Serial and send time open the body; the reply repeats the serial."""
    for case, vector, payloads in vectors():
        if len(payloads) > 1 or not vector["crc_ok"] or vector["direction"] == "down":
            continue
        message = understand(telegram(payloads[0]), {})
        assert int(message.serial, 16) == vector["serial"], case.name
        assert {reading.sent for reading in message.readings} <= {micros(vector["sent_at"])}, case.name


def test_values_and_times_are_those_of_the_vectors():
    """Each code, value and stated time, in the order of the wire; a series' times are checked by its first or last."""
    for case, vector, payloads in vectors():
        if not vector.get("groups") or not vector["crc_ok"]:
            continue
        readings = sl651.decode(payloads[0], golden.context()).readings
        wanted = list(said(vector))
        assert [(r.code, r.value) for r in readings] == [(code, value) for code, value, _ in wanted], case.name
        for at, (code, _, observed) in enumerate(wanted):
            same = [r.wire_time for r, w in zip(readings, wanted, strict=True) if w[0] == code and w[2] == observed]
            assert observed in ((readings[at].wire_time,) if len(same) == 1 else (same[0], same[-1])), (case.name, code)


def test_refused_frames_are_those_of_the_vectors():
    """A vector whose checksum is wrong gives one refusal and not one value."""
    refused = {case.name for case, vector, _ in vectors() if vector.get("crc_ok") is False}
    assert refused == {"bj-13-33", "yu-xia-06-35", "con-crc-flip"}
    for name in refused:
        case = golden.GOLDEN / "sl651" / name
        assert golden.lines(sl651, golden.payloads(case), golden.context()) == [{"line": 1, "error": "bad_checksum"}]


def test_a_frame_written_again_is_the_same_frame():
    """The writer is the reader's inverse on real frames, byte for byte."""
    for case, vector, payloads in vectors():
        for payload in payloads if vector.get("crc_ok", True) else ():
            size = sl651_frame.claimed(payload, 0)
            assert sl651_frame.write(telegram(payload)) == payload[:size], case.name


def test_the_checksum_is_modbus():
    """CRC-16/MODBUS of "123456789" is 4B37, and it stands high byte first."""
    body = b"~~" + bytes(11) + b"\x02\x03"
    frame = sl651_frame.write(telegram(body + bytes(2)))
    assert sl651_frame.crc16.modbus(b"123456789") == 0x4B37
    assert sl651_frame.intact(frame, 0, len(frame))
    assert not sl651_frame.intact(frame[:-2] + frame[:-3:-1], 0, len(frame))


def test_times_are_beijing_times():
    """A real frame of 06:00 in Beijing is of 22:00 UTC the day before."""
    payload = golden.payloads(golden.GOLDEN / "sl651" / "bj-03-32")[0]
    reading = sl651.decode(payload, golden.context()).readings[0]
    assert golden.iso(reading.time) == "2026-06-30T22:00:00Z"
