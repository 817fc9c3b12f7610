"""A refusal points at the bytes that are wrong, whatever protocol they are of, and whatever they are wrapped in."""

import base64

import pytest

from adapters import ais, events, gpsd, hj212, lorawan, nmea0183
from adapters._wire.hj212_frame import sealed
from adapters._wire.nmea_sentence import build
from sensing.errors import DecodeError, Reason
from tests.contract import golden

HEAD = "QN=20260821143000123;ST=22;CN=2011;PW=1;MN=A89;Flag=5;CP=&&DataTime=20260821143000;a34004-Rtd=37.2&&"
GOOD = sealed(HEAD)
SHIP = "AIVDM,1,1,,A,13RlIW?04F1beOVEFLB9bRvH0L0L,0"
UPLINK = b'{"deviceInfo":{"devEui":"24e124136b502217"},"time":"2026-09-14T19:00:00Z","rxInfo":[],"data":"AXVkmaoB"}'
EVENT = b'{"source":"cam-1","id":"1","kind":"ponding","time":"2026-09-14T19:00:00Z"}'
SHIP_JSON = b'{"class":"AIS","type":1,"mmsi":244660274}'


def hj212_with(old, new):
    return sealed(HEAD.replace(old, new))


CASES = [
    (hj212, GOOD[:-6] + b"0000\r\n", Reason.BAD_CHECKSUM, b"0000"),
    (hj212, b"##0077" + GOOD[6:], Reason.BAD_LENGTH, b"0077"),
    (hj212, hj212_with("CN=2011", "CN=8888"), Reason.UNKNOWN_FUNCTION, b"CN=8888;"),
    (hj212, hj212_with("Flag=5", "Flag=12"), Reason.UNSUPPORTED_VERSION, b"Flag=12;"),
    (hj212, hj212_with("=20260821143000;a", "=20261321143000;a"), Reason.BAD_TIME, b"DataTime=20261321143000;"),
    (hj212, hj212_with("a34004-Rtd=37.2", "a34004,b=1"), Reason.BAD_GRAMMAR, b"a34004,"),
    (hj212, hj212_with("MN=A89", "MN="), Reason.BAD_GRAMMAR, b"MN=;"),
    (ais, build(SHIP.replace("04F", "0~F"), "!"), Reason.BAD_GRAMMAR, b"~"),
    (ais, build(SHIP.replace(",0", ",9"), "!"), Reason.BAD_NUMBER, b"9"),
    (ais, build(SHIP.replace("1,1,", "1,7,"), "!"), Reason.BAD_GRAMMAR, b"7"),
    (ais, build(SHIP, "!")[:-2] + b"00", Reason.BAD_CHECKSUM, b"00"),
    (nmea0183, build("GPGLL,6061.068,N,02332.341,E,095601,A,D", "$"), Reason.BAD_NUMBER, b"6061.068"),
    (nmea0183, build("GPGLL,6001.068,X,02332.341,E,095601,A,D", "$"), Reason.BAD_NUMBER, b"X"),
    (nmea0183, build("GPGLL,6001.068,N,02332.341,E,995601,A,D", "$"), Reason.BAD_TIME, b"995601"),
    (nmea0183, build("WIXDR,C,25.6,C,AIR,C,x,C,AIR2", "$"), Reason.BAD_NUMBER, b"x"),
    (lorawan, UPLINK.replace(b"6b502217", b"6b50221"), Reason.BAD_GRAMMAR, b'"24e124136b50221"'),
    (lorawan, UPLINK.replace(b"09-14", b"19-14"), Reason.BAD_TIME, b'"2026-19-14T19:00:00Z"'),
    (lorawan, UPLINK.replace(b"AXVk", b"A*Vk"), Reason.BAD_GRAMMAR, b'"A*Vkmaob"'.replace(b"ob", b"oB")),
    (events, EVENT.replace(b"09-14", b"19-14"), Reason.BAD_TIME, b'"2026-19-14T19:00:00Z"'),
    (events, EVENT.replace(b'"kind"', b'"kint"'), Reason.MISSING_KEY, EVENT.replace(b'"kind"', b'"kint"')),
    (gpsd, SHIP_JSON.replace(b":1,", b":99,"), Reason.UNKNOWN_FUNCTION, b"99"),
    (gpsd, SHIP_JSON.replace(b"244660274", b"-5"), Reason.BAD_NUMBER, b"-5"),
]


def refused(adapter, payload):
    try:
        (error,) = adapter.decode(payload, golden.context()).errors
    except DecodeError as found:
        error = found
    return error.reason, payload[error.offset : error.offset + error.length if error.length else None]


@pytest.mark.parametrize(("adapter", "payload", "reason", "bad"), CASES)
def test_a_refusal_points_at_the_bytes_that_are_wrong(adapter, payload, reason, bad):
    """Exactly those: the number, the field, the checksum."""
    assert refused(adapter, payload) == (reason, bad)


@pytest.mark.parametrize(("adapter", "payload", "reason", "bad"), CASES[:15])
def test_and_at_the_digits_that_say_them_in_hex(adapter, payload, reason, bad):
    """What a DTU wraps is pointed at where it stands in the wrapping."""
    assert refused(adapter, payload.hex().encode()) == (reason, bad.hex().encode())


def test_and_in_base64_within_json():
    """The characters that hold the bad bytes, within the quotes of the member."""
    frame = hj212_with("CN=2011", "CN=8888")
    payload = b'{"data":"' + base64.b64encode(frame) + b'"}'
    start = frame.index(b"CN=8888;")
    inside = slice(9 + start * 4 // 3, 9 + (start + 8) * 4 // 3)
    assert refused(hj212, payload) == (Reason.UNKNOWN_FUNCTION, payload[inside])


def test_of_a_devices_bytes_the_entry_is_marked():
    """A channel that no table has: the base64 of it, in the member where it stands."""
    context = golden.context({"settings": {"codec": "milesight/em300-th"}})
    (error,) = lorawan.decode(UPLINK, context).errors
    assert (error.reason, UPLINK[error.offset : error.offset + error.length]) == (Reason.UNKNOWN_FUNCTION, b"maoB")


def test_of_several_events_the_bad_one_is_marked():
    """Each refusal names its own member."""
    payload = b"[" + EVENT + b"," + EVENT.replace(b"09-14", b"19-14") + b"]"
    (error,) = events.decode(payload, golden.context()).errors
    assert payload[error.offset : error.offset + error.length] == b'"2026-19-14T19:00:00Z"'


@pytest.mark.parametrize("adapter", [ais, events, gpsd, hj212, lorawan, nmea0183])
def test_what_became_of_the_bytes_stands_beside_them(adapter):
    """The spans of a payload that is read name at least one property."""
    payload = {
        ais: build(SHIP, "!"), events: EVENT, gpsd: SHIP_JSON[:-1] + b',"speed":1.5,"scaled":true,"rxuxtime":1757876400}', hj212: GOOD,
        lorawan: UPLINK.replace(b'"rxInfo":[]', b'"rxInfo":[{"rssi":-90}]'), nmea0183: build("GPHDT,10.5,T", "$"),
    }[adapter]  # fmt: skip
    assert any("→" in span.value for span in adapter.annotate(payload, golden.context()))
