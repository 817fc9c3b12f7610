"""What is agreed with a client beside its publishes: entry, subscriptions, replies, aliases, the end."""

import pytest

from sensing.mqtt import packets as p
from sensing.mqtt.dialogue import Dialogue
from sensing.mqtt.packets import Code
from tests.fakes import Caller, HandDesk, HandLine, up

OWN = "sensing/v1/plainjson/p1/up"


@pytest.fixture
def desk():
    return HandDesk()


def test_a_registry_that_fails_is_unavailable_not_a_wrong_password(desk, monkeypatch):
    """The device must try again, not give up."""
    monkeypatch.setattr(desk.gatekeeper, "authenticate", lambda *_: 1 / 0)
    assert Caller(desk).code() == 3
    assert Caller(desk, version=5).code() == Code.SERVER_UNAVAILABLE


@pytest.mark.parametrize(
    ("connect", "v311", "v5"),
    [
        ({"password": b"wrong"}, 5, Code.BAD_CREDENTIALS),
        ({"username": "p2"}, 5, Code.BAD_CREDENTIALS),
        ({"username": None, "password": None}, 5, Code.NOT_AUTHORISED),
        ({"password": None}, 5, Code.NOT_AUTHORISED),
        ({"client_id": "c" * 257}, 2, Code.BAD_CLIENT_ID),
        ({"will": p.Will("sensing/v1/plainjson/p2/status", b"")}, 5, Code.NOT_AUTHORISED),
    ],
)
def test_who_is_not_let_in_hears_why_and_nothing_else(desk, connect, v311, v5):
    """Never anonymous, never another's will."""
    for version, code in ((4, v311), (5, v5)):
        caller = Caller(desk, version=version, **connect)
        caller.say(up(1))
        assert caller.code() == code
        assert caller.line.closed
    assert not desk.committer.waiting


def test_an_empty_client_id_gets_one_or_is_refused(desk):
    """MQTT 3.1.1 section 3.1.3.1, MQTT 5 section 3.1.3.1."""
    assert Caller(desk, client_id="").code() == 0
    assert Caller(desk, client_id="", clean=False).code() == 2
    (connack,) = Caller(desk, version=5, client_id="", clean=False).heard()
    assert connack.properties["assigned_client_identifier"].startswith("assigned-")


def test_mqtt_5_hears_what_the_door_can_do(desk):
    """And that a session of ten years is kept for a day."""
    (connack,) = Caller(desk, version=5, properties={"session_expiry_interval": 4_000_000_000}).heard()
    assert connack.properties == {
        "receive_maximum": 1000,
        "maximum_packet_size": 65_536,
        "topic_alias_maximum": 16,
        "retain_available": 0,
        "wildcard_subscription_available": 1,
        "subscription_identifier_available": 0,
        "shared_subscription_available": 0,
        "session_expiry_interval": 86_400,
    }


def test_an_unspoken_version_is_answered_in_311(desk):
    """MQTT-3.1.2-2."""
    line = HandLine(4)
    Dialogue(desk, line).receive(b"\x10\x0c\0\4MQTT\x09\2\0\0\0\0")
    assert line.said() == [p.Connack(code=1)]
    assert line.closed


@pytest.mark.parametrize(
    "packet", [p.Connect("again", 5), p.Connack(), p.Suback(1, (0,)), p.Pingresp(), p.Auth(), p.Pubrec(1), b"\0\0"]
)
def test_what_a_client_may_not_say_ends_the_connection(desk, packet):
    """MQTT 5 hears a reason code."""
    caller = Caller(desk, version=5)
    caller.heard()
    caller.say(packet)
    (goodbye,) = caller.heard()
    assert goodbye.code in (Code.PROTOCOL_ERROR, Code.MALFORMED)
    assert caller.line.closed
    assert desk.left == [True]


def test_a_packet_that_is_too_large_is_counted_as_refused(desk):
    """It is not read, so its topic is not known."""
    caller = Caller(desk, version=5)
    caller.heard()
    caller.say(up(1, payload=b"x" * 70_000))
    assert caller.heard() == [p.Disconnect(Code.TOO_LARGE)]
    assert desk.refused == [("p1", "too_large", "")]


def test_subscriptions_reach_own_down_topics_only(desk):
    """With `+` for the adapter; anything else is refused, in each version's words."""
    asked = (
        "sensing/v1/plainjson/p1/down",
        "sensing/v1/+/p1/down",
        "sensing/v1/+/+/down",
        "#",
        "sensing/v1/plainjson/p2/down",
        OWN,
    )
    for version, no in ((4, 0x80), (5, 0x87)):
        caller = Caller(desk, version=version)
        caller.heard()
        caller.say(p.Subscribe(1, tuple((name, 2) for name in asked)))
        assert caller.heard() == [p.Suback(1, (1, 1, no, no, no, no))]
        caller.say(p.Unsubscribe(2, asked[:3]))
        assert caller.heard() == [p.Unsuback(2, (0, 0, 17) if version == 5 else ())]


def test_subscriptions_are_bounded_and_never_shared(desk):
    """$share and identifiers are not offered."""
    caller = Caller(desk, version=5)
    caller.heard()
    caller.say(p.Subscribe(1, (("$share/g/sensing/v1/+/p1/down", 1),)))
    assert caller.heard() == [p.Suback(1, (Code.NO_SHARED_SUBSCRIPTIONS,))]
    caller.say(p.Subscribe(1, (("sensing/v1/+/p1/down", 1),), {"subscription_identifier": [3]}))
    assert caller.heard() == [p.Disconnect(Code.NO_SUBSCRIPTION_IDS)]


@pytest.mark.parametrize("qos", [0, 1])
def test_a_reply_goes_down_at_the_granted_qos(desk, qos):
    """QoS 1 frees its place in the window with PUBACK."""
    caller = Caller(desk, version=5, properties={"receive_maximum": 2})
    topic = "sensing/v1/sl651/p1/down"
    assert not caller.dialogue.send_down(topic, b"early")
    caller.say(p.Subscribe(1, (("sensing/v1/+/p1/down", qos),)))
    caller.heard()
    taken = [caller.dialogue.send_down(topic, b"%d" % number) for number in range(3)]
    assert taken == [True, True, qos == 0]
    first, *_ = caller.heard()
    assert first == p.Publish(topic, b"0", qos, qos)
    if qos:
        caller.say(p.Puback(first.pid))
        assert caller.dialogue.send_down(topic, b"3")


def test_a_reply_larger_than_the_client_takes_is_not_sent(desk):
    """Maximum Packet Size of MQTT 5."""
    caller = Caller(desk, version=5, properties={"maximum_packet_size": 100})
    caller.say(p.Subscribe(1, (("sensing/v1/+/p1/down", 1),)))
    assert not caller.dialogue.send_down("sensing/v1/sl651/p1/down", b"x" * 100)


def test_an_unacknowledged_reply_is_sent_again_to_the_resumed_session(desk):
    """With DUP, and only when the client keeps its session."""
    caller = Caller(desk, clean=False)
    caller.say(p.Subscribe(1, (("sensing/v1/+/p1/down", 1),)))
    caller.dialogue.send_down("sensing/v1/sl651/p1/down", b"hello")
    caller.dialogue.lost()
    connack, again = Caller(desk, clean=False).heard()
    assert connack.session_present
    assert again == p.Publish("sensing/v1/sl651/p1/down", b"hello", 1, 1, dup=True)
    (connack,) = Caller(desk, clean=True).heard()
    assert not connack.session_present


def test_topic_aliases_stand_for_topics_of_this_connection(desk):
    """Set, used, moved; never beyond the maximum."""
    caller = Caller(desk, version=5)
    caller.heard()
    caller.say(up(1, properties={"topic_alias": 16}), p.Publish("", b"two", 1, 2, properties={"topic_alias": 16}))
    desk.commit()
    assert [frame.source.topic for frame in desk.committer.frames] == [OWN, OWN]
    caller.heard()
    caller.say(p.Publish("", b"", 1, 3, properties={"topic_alias": 2}))
    assert caller.heard() == [p.Disconnect(Code.PROTOCOL_ERROR)]
    other = Caller(desk, version=5)
    other.heard()
    other.say(up(1, properties={"topic_alias": 17}))
    assert other.heard() == [p.Disconnect(Code.BAD_ALIAS)]


def test_disconnect_with_will_keeps_the_will(desk):
    """MQTT 5 reason 0x04; a plain one drops it."""
    for said, kept in ((p.Disconnect(Code.WITH_WILL), True), (p.Disconnect(), False)):
        caller = Caller(desk, version=5, properties={"session_expiry_interval": 9})
        caller.say(said)
        caller.dialogue.lost()
        assert desk.left.pop() is kept
        assert not desk.left


def test_disconnect_may_shorten_the_session(desk):
    """Session expiry 0 at the end forgets it; from 0 it cannot be raised."""
    caller = Caller(desk, version=5, properties={"session_expiry_interval": 9})
    caller.say(p.Disconnect(0, {"session_expiry_interval": 0}))
    assert len(desk.sessions) == 0
    caller = Caller(desk, version=5)
    caller.say(p.Disconnect(0, {"session_expiry_interval": 9}))
    assert len(desk.sessions) == 0
