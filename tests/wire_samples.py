"""One packet of every kind, plain and with all that MQTT 5 adds; shared by unit, property and end-to-end tests."""

from sensing.mqtt import packets as p

TEXT = "水位 gauge"
USER = {"user_property": [("a", "b"), ("a", TEXT)]}
WILL = p.Will(
    "sensing/v1/plainjson/p1/status", b"offline", 1, True, {"will_delay_interval": 5, "content_type": "text/plain", **USER}
)
CONNECT = {"session_expiry_interval": 60, "receive_maximum": 20, "maximum_packet_size": 4096, "topic_alias_maximum": 3, **USER}
PUBLISH = {"message_expiry_interval": 9, "topic_alias": 3, "response_topic": "a/b", "correlation_data": b"\0\1", **USER}
ACK = {"reason_string": TEXT, **USER}

V5 = [
    p.Connect("c1", 5, True, 30, "p1", b"secret-p1", WILL, CONNECT),
    p.Connect("", 5, False, 0),
    p.Connack(True, 0, {"assigned_client_identifier": "x", "maximum_qos": 1, "server_keep_alive": 7}),
    p.Connack(False, 0x87),
    p.Publish("sensing/v1/plainjson/p1/up", b"payload"),
    p.Publish("sensing/v1/plainjson/p1/up", b"", 1, 1, dup=True, retain=True, properties=PUBLISH),
    p.Publish("", b"\xff" * 300, 2, 65535, properties={"topic_alias": 1, "subscription_identifier": [1, 268_435_455]}),
    p.Puback(1),
    p.Puback(2, 0x87, ACK),
    p.Pubrec(3, 0x97),
    p.Pubrel(4, 0x92, ACK),
    p.Pubcomp(5),
    p.Subscribe(6, (("sensing/v1/+/p1/down", 1), ("a/#", 0x2E)), {"subscription_identifier": 5}),
    p.Suback(7, (0, 1, 0x87), ACK),
    p.Unsubscribe(8, ("a/+", "#"), USER),
    p.Unsuback(9, (0, 0x11)),
    p.Pingreq(),
    p.Pingresp(),
    p.Disconnect(),
    p.Disconnect(0x04, {"session_expiry_interval": 0, **ACK}),
    p.Auth(0x18, {"authentication_method": "m", "authentication_data": b"d"}),
]
V311 = [
    p.Connect("c1", 4, True, 30, "p1", b"secret-p1", p.Will("sensing/v1/plainjson/p1/status", b"", 2, True)),
    p.Connect("", 4, True, 65535),
    p.Connack(True, 0),
    p.Connack(False, 5),
    p.Publish("sensing/v1/plainjson/p1/up", b"payload"),
    p.Publish("t", b"x" * 200, 1, 1, dup=True, retain=True),
    p.Publish("t", b"", 2, 65535),
    p.Puback(1),
    p.Pubrec(2),
    p.Pubrel(3),
    p.Pubcomp(4),
    p.Subscribe(6, (("sensing/v1/+/p1/down", 1), ("#", 2))),
    p.Suback(7, (0, 1, 0x80)),
    p.Unsubscribe(8, ("a/+", "b")),
    p.Unsuback(9),
    p.Pingreq(),
    p.Pingresp(),
    p.Disconnect(),
]
ALL = [(4, packet) for packet in V311] + [(5, packet) for packet in V5]
