"""The codec: every packet there and back, every forbidden thing refused with its reason code."""

import pytest

from sensing.mqtt import packets as p
from sensing.mqtt.packets import Code
from sensing.mqtt.properties import TABLE, varint
from sensing.mqtt.wire import Decoder, WireError, encode
from tests import wire_samples as samples

CONNECT = encode(p.Connect("c1", 4, True, 30, "u", b"p"))
CONNECT5 = encode(p.Connect("c1", 5, True, 30, "u", b"p"))


def read(data, version=4, max_packet=65_536):
    return Decoder(max_packet, version).feed(data)


@pytest.mark.parametrize(("version", "packet"), samples.ALL)
def test_every_packet_is_read_as_it_was_written(version, packet):
    """`decode(encode(x)) == x` in both versions, for both sides of a connection."""
    assert read(encode(packet, version), version) == [packet]


@pytest.mark.parametrize("step", [1, 2, 7])
@pytest.mark.parametrize("version", [4, 5])
def test_pieces_of_any_size_give_the_same_packets(version, step):
    """TCP cuts where it likes."""
    packets = [packet for level, packet in samples.ALL if level == version]
    data = b"".join(encode(packet, version) for packet in packets)
    decoder = Decoder(65_536, version)
    found = [packet for at in range(0, len(data), step) for packet in decoder.feed(data[at : at + step])]
    assert found == packets


def publish5(properties, topic=b"\0\1a"):
    body = topic + varint(len(properties)) + properties + b"x"
    return bytes((0x30,)) + varint(len(body)) + body


MALFORMED = {
    "type 0": (4, b"\0\0", Code.MALFORMED),
    "flags of PINGREQ": (4, b"\xc1\0", Code.MALFORMED),
    "flags of SUBSCRIBE": (4, b"\x80\2\0\1", Code.MALFORMED),
    "flags of PUBREL": (4, b"\x60\2\0\1", Code.MALFORMED),
    "PINGREQ with a body": (4, b"\xc0\1x", Code.MALFORMED),
    "QoS 3": (4, b"\x36\5\0\1a\0\1", Code.MALFORMED),
    "DUP at QoS 0": (4, b"\x38\3\0\1a", Code.MALFORMED),
    "PUBLISH with packet id 0": (4, b"\x32\5\0\1a\0\0", Code.PROTOCOL_ERROR),
    "PUBLISH of no bytes": (4, b"\x30\0", Code.MALFORMED),
    "PUBLISH of one byte": (4, b"\x30\1\0\xc0\0", Code.MALFORMED),
    "topic longer than the packet": (4, b"\x30\3\0\2a\xc0\0\xc0\0", Code.MALFORMED),
    "packet id beyond the packet": (4, b"\x32\4\0\1a\0\xc0\0", Code.MALFORMED),
    "empty topic": (4, b"\x30\3\0\0x", Code.PROTOCOL_ERROR),
    "empty topic without alias": (5, b"\x30\3\0\0\0", Code.PROTOCOL_ERROR),
    "no property length": (5, b"\x30\3\0\1a", Code.MALFORMED),
    "wildcard + in a topic": (4, b"\x30\3\0\1+", Code.BAD_TOPIC),
    "wildcard # in a topic": (4, b"\x30\3\0\1#", Code.BAD_TOPIC),
    "U+0000 in a topic": (4, b"\x30\3\0\1\0", Code.MALFORMED),
    "a surrogate in a topic": (4, b"\x30\5\0\3\xed\xa0\x80", Code.MALFORMED),
    "over-long UTF-8 in a topic": (4, b"\x30\4\0\2\xc0\xaf", Code.MALFORMED),
    "remaining length of five bytes": (4, b"\x30\x80\x80\x80\x80\1", Code.MALFORMED),
    "over-long remaining length": (4, b"\x30\x83\0\0\1a", Code.MALFORMED),
    "PUBACK with packet id 0": (4, b"\x40\2\0\0", Code.PROTOCOL_ERROR),
    "PUBACK too long": (4, b"\x40\3\0\1\0", Code.MALFORMED),
    "PUBACK too short": (4, b"\x40\1\0", Code.MALFORMED),
    "SUBSCRIBE of nothing": (4, b"\x82\2\0\1", Code.PROTOCOL_ERROR),
    "SUBSCRIBE to QoS 3": (4, b"\x82\6\0\1\0\1a\3", Code.MALFORMED),
    "SUBSCRIBE with reserved options": (4, b"\x82\6\0\1\0\1a\4", Code.MALFORMED),
    "SUBSCRIBE with retain handling 3": (5, b"\x82\7\0\1\0\0\1a\x30", Code.MALFORMED),
    "filter a#": (4, b"\x82\7\0\1\0\2a#\0", Code.BAD_FILTER),
    "filter #/a": (4, b"\x82\x08\0\1\0\3#/a\0", Code.BAD_FILTER),
    "filter a+/b": (4, b"\x82\x09\0\1\0\4a+/b\0", Code.BAD_FILTER),
    "empty filter": (4, b"\x82\5\0\1\0\0\0", Code.PROTOCOL_ERROR),
    "UNSUBSCRIBE of nothing": (4, b"\xa2\2\0\1", Code.PROTOCOL_ERROR),
    "CONNACK flags": (4, b"\x20\2\2\0", Code.MALFORMED),
    "AUTH in 3.1.1": (4, b"\xf0\0", Code.MALFORMED),
    "unknown property": (5, publish5(b"\x7f\1"), Code.MALFORMED),
    "property of another packet": (5, publish5(b"\x21\0\1"), Code.PROTOCOL_ERROR),
    "property twice": (5, publish5(b"\1\0\1\0"), Code.PROTOCOL_ERROR),
    "property cut off": (5, publish5(b"\2\0\0"), Code.MALFORMED),
    "properties longer than the packet": (5, b"\x30\4\0\1a\x20", Code.MALFORMED),
    "payload format 2": (5, publish5(b"\1\2"), Code.PROTOCOL_ERROR),
    "topic alias 0": (5, publish5(b"\x23\0\0"), Code.BAD_ALIAS),
    "subscription identifier 0": (5, publish5(b"\x0b\0"), Code.PROTOCOL_ERROR),
    "wildcard in a response topic": (5, publish5(b"\x08\0\1#"), Code.BAD_TOPIC),
    "user property that is not UTF-8": (5, publish5(b"\x26\0\1\xff\0\1a"), Code.MALFORMED),
    "receive maximum 0": (0, encode(p.Connect("c", 5, properties={"receive_maximum": 0})), Code.PROTOCOL_ERROR),
    "authentication data alone": (0, encode(p.Connect("c", 5, properties={"authentication_data": b"x"})), Code.PROTOCOL_ERROR),
    "PUBLISH first": (0, b"\x30\3\0\1a", Code.PROTOCOL_ERROR),
    "PINGREQ first": (0, b"\xc0\0", Code.PROTOCOL_ERROR),
    "another protocol": (0, CONNECT.replace(b"MQTT", b"HTTP"), Code.PROTOCOL_ERROR),
    "level 3": (0, CONNECT.replace(b"MQTT\4", b"MQTT\3"), Code.UNSUPPORTED_VERSION),
    "level 6": (0, CONNECT.replace(b"MQTT\4", b"MQTT\6"), Code.UNSUPPORTED_VERSION),
    "reserved CONNECT flag": (0, CONNECT.replace(b"\4\xc2", b"\4\xc3"), Code.MALFORMED),
    "password without user name": (0, CONNECT.replace(b"\4\xc2", b"\4\x42"), Code.MALFORMED),
    "will QoS without a will": (0, CONNECT.replace(b"\4\xc2", b"\4\xca"), Code.MALFORMED),
    "will retain without a will": (0, CONNECT.replace(b"\4\xc2", b"\4\xe2"), Code.MALFORMED),
    "will QoS 3": (0, CONNECT.replace(b"\4\xc2", b"\4\xde"), Code.MALFORMED),
    "CONNECT cut short": (0, b"\x10\x05\0\4MQT", Code.MALFORMED),
    "CONNECT with more behind": (0, bytes((0x10, CONNECT[1] + 1)) + CONNECT[2:] + b"x", Code.MALFORMED),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_the_specification_forbids_is_refused_with_its_code(name):
    """Nothing is read of it or after it."""
    version, data, code = MALFORMED[name]
    decoder = Decoder(65_536, version)
    found = decoder.feed(data + b"\xc0\0")
    assert [type(item) for item in found] == [WireError]
    assert found[0].code is code
    assert decoder.feed(b"\xc0\0") == []


def test_packets_before_a_broken_one_are_still_read():
    """What was right stays right."""
    found = read(b"\xc0\0" + b"\x40\2\0\7" + b"\0\0")
    assert found[:2] == [p.Pingreq(), p.Puback(7)]
    assert isinstance(found[2], WireError)


@pytest.mark.parametrize("head", [b"\x30\xff\xff\x03", b"\x10\xff\xff\x03"])
def test_a_packet_over_the_limit_is_refused_from_its_fixed_header(head):
    """Not a byte of it is kept."""
    found = read(head, max_packet=65_538 - 1)
    assert found[0].code is Code.TOO_LARGE


def test_a_packet_of_exactly_the_limit_is_read():
    """The limit counts the whole packet, fixed header included."""
    data = encode(p.Publish("t", b"x" * 1019))
    assert len(data) == 1025
    assert len(read(data, max_packet=1025)) == 1
    assert read(data, max_packet=1025)[0].payload == b"x" * 1019
    assert read(data, max_packet=1024)[0].code is Code.TOO_LARGE


def test_a_server_takes_the_version_from_connect():
    """The packets after CONNECT are read in its version."""
    for connect, version in ((CONNECT, 4), (CONNECT5, 5)):
        decoder = Decoder()
        found = decoder.feed(connect + encode(p.Publish("t", b"x", 1, 9), version))
        assert decoder.version == version
        assert found[1] == p.Publish("t", b"x", 1, 9)


def test_a_big_packet_in_drops_is_joined_once():
    """64 KiB a byte at a time must not copy 64 KiB 65,536 times: it is kept in pieces until it is whole."""
    decoder = Decoder(1 << 20, 4)
    data = encode(p.Publish("t", b"x" * 60_000))
    assert decoder.feed(data[:10]) == []
    joined = [decoder.feed(data[at : at + 1]) for at in range(10, len(data))]
    assert joined[-1] == [p.Publish("t", b"x" * 60_000)]
    assert not any(joined[:-1])


def test_many_topics_do_not_fill_the_memory():
    """A client that invents topics finds the decoder forgetful."""
    decoder = Decoder(65_536, 4)
    for number in range(1_000):
        assert decoder.feed(encode(p.Publish(f"t/{number}", b"")))[0].topic == f"t/{number}"
    assert len(decoder._topics) <= 64


def test_the_property_table_is_that_of_the_specification():
    """27 properties (MQTT 5 table 2-4)."""
    assert len(TABLE) == 27


def test_a_number_that_does_not_fit_is_not_written():
    """Variable byte integers end at 268,435,455."""
    assert varint(268_435_455) == b"\xff\xff\xff\x7f"
    with pytest.raises(ValueError, match="268435456"):
        varint(268_435_456)
