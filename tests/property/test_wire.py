"""The codec against everything that can be written, and against two other implementations."""

from itertools import pairwise

import mqtt5
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt import client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from sensing.mqtt import packets as p
from sensing.mqtt.wire import Decoder, WireError, encode
from tests import wire_samples as samples

plain = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
topic = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0+#"), min_size=1, max_size=20)
pids = st.integers(1, 65_535)
payloads = st.binary(max_size=300)
pairs = st.lists(st.tuples(plain, plain), min_size=1, max_size=3)
versions = st.sampled_from([4, 5])
u16, u32 = st.integers(0, 65_535), st.integers(0, 2**32 - 1)
publish_properties = st.fixed_dictionaries(
    {},
    optional={
        "payload_format_indicator": st.integers(0, 1),
        "message_expiry_interval": u32,
        "content_type": plain,
        "response_topic": topic,
        "correlation_data": payloads,
        "topic_alias": st.integers(1, 65_535),
        "user_property": pairs,
    },
)
connect_properties = st.fixed_dictionaries(
    {},
    optional={
        "session_expiry_interval": u32,
        "receive_maximum": st.integers(1, 65_535),
        "maximum_packet_size": st.integers(1, 268_435_455),
        "topic_alias_maximum": u16,
        "request_problem_information": st.integers(0, 1),
        "user_property": pairs,
    },
)


def read(data, version):
    return Decoder(version=version).feed(data)


@st.composite
def publishes(draw, version):
    qos = draw(st.integers(0, 2))
    properties = draw(publish_properties) if version == 5 else None
    return p.Publish(
        draw(topic),
        draw(payloads),
        qos,
        draw(pids) if qos else 0,
        bool(qos) and draw(st.booleans()),
        draw(st.booleans()),
        properties or None,
    )


@given(st.data(), versions)
def test_any_publish_is_read_as_it_was_written(data, version):
    """The hot path and the slow one agree."""
    packet = data.draw(publishes(version))
    assert read(encode(packet, version), version) == [packet]


@given(
    plain,
    versions,
    st.booleans(),
    u16,
    st.none() | plain,
    st.none() | payloads,
    st.none() | st.tuples(topic, payloads),
    connect_properties,
)
def test_any_connect_is_read_as_it_was_written(client_id, version, clean, keep_alive, username, password, will, properties):
    """All optional parts, in every combination."""
    if version == 4 and username is None:
        password = None
    packet = p.Connect(
        client_id,
        version,
        clean,
        keep_alive,
        username,
        password,
        p.Will(*will, 1) if will else None,
        (properties or None) if version == 5 else None,
    )
    assert read(encode(packet), 0) == [packet]


@given(st.lists(st.sampled_from(samples.V5), max_size=8), st.lists(st.integers(0, 400), max_size=12))
def test_any_cut_of_a_stream_gives_the_same_packets(packets, cuts):
    """Wherever TCP cuts."""
    data = b"".join(encode(packet, 5) for packet in packets)
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    decoder = Decoder(version=5)
    found = [packet for begin, end in pairwise(edges) for packet in decoder.feed(data[begin:end])]
    assert found == packets


@given(st.binary(max_size=200), st.sampled_from([0, 4, 5]))
def test_noise_never_raises(data, version):
    """The decoder ends with a WireError or waits for more."""
    decoder = Decoder(1024, version)
    for at in range(0, len(data), 7):
        for item in decoder.feed(data[at : at + 7]):
            assert isinstance(item, p.Packet | WireError)


@given(st.sampled_from(samples.ALL), st.data())
def test_damage_never_raises_and_a_changed_packet_is_written_back_alike(sample, data):
    """One byte changed: refused, or a packet that says what the bytes say."""
    version, packet = sample
    raw = bytearray(encode(packet, version))
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    for item in Decoder(1 << 20, version).feed(bytes(raw)):
        if not isinstance(item, WireError | p.Connect):
            assert read(encode(item, version), version) == [item]


@given(st.data())
def test_mqtt5_reads_our_publish_as_we_do(data):
    """Another implementation is the oracle of what we write."""
    packet = data.draw(publishes(5))
    raw = encode(packet, 5)
    other, size = mqtt5.read(memoryview(bytearray(raw)))
    assert size == len(raw)
    assert (other.topic, other.payload, int(other.qos), other.packet_id or 0) == (
        packet.topic,
        packet.payload,
        packet.qos,
        packet.pid,
    )
    assert (other.duplicate, other.retain) == (packet.dup, packet.retain)
    more = packet.properties or {}
    assert other.topic_alias == more.get("topic_alias")
    assert other.correlation_data == more.get("correlation_data")
    assert list(other.user_properties) == more.get("user_property", [])


@given(topic, payloads, st.integers(0, 2), pids, st.booleans(), st.none() | plain, pairs)
def test_we_read_the_publish_of_mqtt5(name, payload, qos, pid, retain, content_type, users):
    """Another implementation is the oracle of what we read."""
    raw = mqtt5.PublishPacket(
        name,
        payload,
        qos=mqtt5.QoS(qos),
        retain=retain,
        packet_id=pid if qos else None,
        content_type=content_type,
        user_properties=users,
    ).write()
    (found,) = read(bytes(raw), 5)
    assert (found.topic, found.payload, found.qos, found.pid, found.retain) == (name, payload, qos, pid if qos else 0, retain)
    assert found.properties["user_property"] == users
    assert found.properties.get("content_type") == content_type


@given(plain, plain, payloads, st.integers(0, 65_535), st.none() | st.tuples(topic, payloads), st.integers(1, 65_535))
def test_we_read_the_connect_of_mqtt5(client_id, username, password, keep_alive, will, receive_max):
    """CONNECT with credentials, will and properties."""
    raw = mqtt5.ConnectPacket(
        client_id,
        username=username,
        password=password,
        keep_alive=keep_alive,
        will=mqtt5.Will(will[0], payload=will[1], qos=mqtt5.QoS(1)) if will else None,
        receive_max=receive_max,
    ).write()
    (found,) = read(bytes(raw), 0)
    assert (found.client_id, found.username, found.password, found.keep_alive) == (client_id, username, password, keep_alive)
    assert (found.will.topic, found.will.payload, found.will.qos) == (*will, 1) if will else found.will is None
    assert (found.properties or {}).get("receive_maximum", 65_535) == receive_max


class Recorder(paho.Client):
    """paho that keeps what it would send."""

    def __init__(self, version):
        super().__init__(paho.CallbackAPIVersion.VERSION2, client_id="c", protocol=version)
        self.sent = b""

    def _packet_queue(self, command, packet, mid, qos, info=None):
        self.sent += bytes(packet)
        return paho.MQTT_ERR_SUCCESS


@given(topic, payloads, st.integers(0, 2), pids, st.booleans(), st.booleans(), versions, pairs)
def test_we_read_the_publish_of_paho(name, payload, qos, pid, retain, dup, version, users):
    """The client that most gateways use, in both versions."""
    client = Recorder(version)
    more = None
    if version == 5:
        more = Properties(PacketTypes.PUBLISH)
        more.UserProperty = users
    client._sock = object()
    client._send_publish(pid, name.encode(), payload, qos, retain, dup and qos > 0, properties=more)
    client._sock = None
    (found,) = read(client.sent, version)
    expected = p.Publish(
        name, payload, qos, pid if qos else 0, dup and qos > 0, retain, {"user_property": users} if version == 5 else None
    )
    assert found == expected


@given(connect_properties)
def test_paho_reads_our_properties(properties):
    """What we tell in CONNECT, as paho unpacks it."""
    raw = encode(p.Connect("c", 5, properties=properties))
    other = Properties(PacketTypes.CONNECT)
    other.unpack(raw[raw.index(b"MQTT") + 8 :])
    assert getattr(other, "ReceiveMaximum", None) == properties.get("receive_maximum")
    assert getattr(other, "SessionExpiryInterval", None) == properties.get("session_expiry_interval")
    assert getattr(other, "UserProperty", []) == properties.get("user_property", [])
