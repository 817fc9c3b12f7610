"""One connection's protocol, without sockets and timers."""

import pytest

from sensing.model import Source
from sensing.mqtt import packets as p
from sensing.mqtt.dialogue import Dialogue
from sensing.mqtt.packets import Code
from tests.fakes import Caller, HandDesk, HandLine, up

OWN = "sensing/v1/plainjson/p1/up"


@pytest.fixture
def desk():
    return HandDesk()


@pytest.mark.parametrize("version", [4, 5])
def test_an_acknowledgement_leaves_after_the_commit_and_not_before(desk, version):
    """P1: nothing is said until the log has it."""
    caller = Caller(desk, version=version)
    assert caller.code() == 0
    caller.say(up(7), up(8, 2), up(0, 0))
    assert caller.heard() == []
    desk.commit()
    assert caller.heard() == [p.Puback(7), p.Pubrec(8)]
    assert [frame.payload for frame in desk.committer.frames] == [b"{}"] * 3


def test_acknowledgements_keep_the_order_of_publishes_and_take_one_write(desk):
    """MQTT-4.6.0-2, over several reads and QoS levels."""
    caller = Caller(desk, version=5)
    caller.heard()
    writes = caller.line.writes
    caller.say(up(3), up(2, 2))
    caller.say(p.Publish("sensing/v1/plainjson/other/up", b"", 1, 9))
    caller.say(up(1))
    desk.commit()
    assert caller.heard() == [p.Puback(3), p.Pubrec(2), p.Puback(9, Code.NOT_AUTHORISED), p.Puback(1)]
    assert caller.line.writes == writes + 1


def test_a_refusal_with_nothing_before_it_is_said_at_once(desk):
    """It waits for no commit of others."""
    caller = Caller(desk, version=5)
    caller.heard()
    caller.say(p.Publish("sensing/v1/plainjson/p2/up", b"", 2, 9), p.Publish("sensing/v1/plainjson/p2/up", b""))
    assert caller.heard() == [p.Pubrec(9, Code.NOT_AUTHORISED)]
    assert desk.refused == [("p1", "wrong_topic", "sensing/v1/plainjson/p2/up")] * 2
    assert not desk.committer.waiting


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_a_refused_publish_of_mqtt_311_closes_the_connection(desk, qos):
    """It has no way to be told, and must not be acknowledged; what came before is logged, what comes after is not."""
    caller = Caller(desk)
    caller.heard()
    caller.say(up(1), p.Publish("sensing/v1/plainjson/p2/up", b"", qos, 2 if qos else 0), up(3))
    desk.commit()
    assert caller.line.closed
    assert caller.heard() == []
    assert len(desk.committer.frames) == 1
    assert len(desk.refused) == 1


@pytest.mark.parametrize(
    "topic",
    [
        "sensing/v1/plainjson/p2/up",
        "sensing/v1/plainjson/p1/down",
        "sensing/v1/plainjson/p1/up/",
        "sensing/v1/nosuch/p1/up",
        "sensing/v1/command/p1/up",
        "sensing/v1/clock/p1/up",
        "sensing/v2/plainjson/p1/up",
        "/sensing/v1/plainjson/p1/up",
        "Sensing/v1/plainjson/p1/up",
        "feed/v1/safety/p1/x",
        "$SYS/x",
    ],
)
def test_only_own_up_and_status_may_be_published(desk, topic):
    """Everything else is refused by name."""
    caller = Caller(desk, version=5)
    caller.heard()
    caller.say(p.Publish(topic, b"", 1, 1))
    assert caller.heard() == [p.Puback(1, Code.NOT_AUTHORISED)]
    assert desk.refused == [("p1", "wrong_topic", topic)]


def test_commands_come_from_web_alone(desk):
    """The service's own principal may say them."""
    caller = Caller(desk, "web")
    caller.say(p.Publish("sensing/v1/command/web/up", b"", 1, 1), p.Publish("sensing/v1/clock/web/up", b"", 1, 2))
    desk.commit()
    assert [frame.source.adapter for frame in desk.committer.frames] == ["command", "clock"]


def test_frames_carry_origin_and_run_of_the_credential(desk):
    """P6: whatever the topic says."""
    desk.gatekeeper.runs["p1"] = ("simulated", "run-7")
    caller = Caller(desk)
    caller.say(up(1, payload=b"", dup=True), p.Publish("sensing/v1/sl651/p1/status", b"online"))
    desk.commit()
    first, second = desk.committer.frames
    assert first.source == Source("plainjson", "p1", OWN, "up", "simulated", "run-7")
    assert (first.payload, first.duplicate, first.received) == (b"", True, 1_790_000_000_000_000)
    assert (second.source.kind, second.source.adapter, second.duplicate) == ("status", "sl651", False)


def test_a_qos_2_publish_is_logged_once_until_it_is_released(desk):
    """A redelivery gets PUBREC again and is not logged again, even on another connection."""
    caller = Caller(desk, clean=False)
    caller.say(up(5, 2), up(5, 2, dup=True))
    caller.dialogue.lost()
    again = Caller(desk, clean=False)
    (connack,) = again.heard()
    assert connack.session_present
    again.say(up(5, 2, dup=True))
    assert again.heard() == []
    desk.commit()
    assert again.heard() == [p.Pubrec(5)]
    again.say(p.Pubrel(5))
    assert again.heard() == [p.Pubcomp(5)]
    again.say(up(5, 2, payload=b"new"))
    desk.commit()
    assert [frame.payload for frame in desk.committer.frames] == [b"{}", b"new"]


def test_a_client_that_forgot_its_qos_2_state_loses_nothing(desk):
    """It numbers from 1 again, without DUP: acknowledging that as a redelivery would lose a new publish."""
    Caller(desk, clean=False).say(up(1, 2, payload=b"before"))
    again = Caller(desk, clean=False)
    again.say(up(1, 2, payload=b"after"), up(1, 2, payload=b"after"))
    desk.commit()
    assert [frame.payload for frame in desk.committer.frames] == [b"before", b"after"]


def test_a_registry_that_fails_is_unavailable_not_a_wrong_password(desk, monkeypatch):
    """The device must try again, not give up."""
    monkeypatch.setattr(desk.gatekeeper, "authenticate", lambda *_: 1 / 0)
    assert Caller(desk).code() == 3
    assert Caller(desk, version=5).code() == Code.SERVER_UNAVAILABLE


def test_a_release_of_an_unknown_packet_is_answered(desk):
    """MQTT 5 says that it was not found."""
    caller = Caller(desk, version=5)
    caller.heard()
    caller.say(p.Pubrel(99))
    assert caller.heard() == [p.Pubcomp(99, Code.UNKNOWN_PID)]


def test_nothing_is_acknowledged_after_the_end(desk):
    """The next connection restarts packet ids: an old acknowledgement would take its place."""
    caller = Caller(desk)
    caller.heard()
    caller.say(up(1))
    caller.dialogue.fail(Code.TAKEN_OVER, "taken_over")
    desk.commit()
    assert caller.heard() == []
    assert len(desk.committer.frames) == 1


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


def test_a_ping_is_answered_while_publishes_wait_for_room(desk):
    """Keep-alive under back-pressure: the log takes one more frame, the client has sent three and a ping."""
    desk.committer.free = 1
    caller = Caller(desk)
    caller.heard()
    caller.say(up(1), up(2), p.Pingreq(), up(3))
    assert caller.heard() == [p.Pingresp()]
    caller.say(p.Pingreq())
    assert caller.heard() == [p.Pingresp()]
    assert caller.line.reading
    for pid in (1, 2, 3):
        desk.commit()
        assert caller.heard() == [p.Puback(pid)]


def test_a_client_far_ahead_is_not_read_and_not_timed_out(desk):
    """Memory is bounded: beyond READ_AHEAD the socket rests, and silence is our own doing."""
    desk.committer.free = 0
    caller = Caller(desk, keep_alive=10)
    for number in range(8):
        caller.say(up(number + 1, payload=b"x" * 10_000))
    assert not caller.line.reading
    assert not caller.dialogue.overdue(desk.now + 1000)
    desk.now += 1000
    desk.committer.free = 100
    desk.commit()
    assert caller.line.reading
    assert not caller.dialogue.overdue(desk.now + 14)
    assert caller.dialogue.overdue(desk.now + 16)


def test_silence_is_counted_from_the_last_word(desk):
    """1.5 times the keep-alive; never without one."""
    caller = Caller(desk, keep_alive=10)
    desk.now += 14
    caller.say(p.Pingreq())
    assert not caller.dialogue.overdue(desk.now + 15)
    assert caller.dialogue.overdue(desk.now + 15.1)
    assert not Caller(desk, keep_alive=0).dialogue.overdue(desk.now + 1e6)


def test_qos_0_above_the_rate_is_dropped_and_qos_1_waits():
    """What needs an acknowledgement is never dropped."""
    desk = HandDesk(max_rate=10, max_burst=2)
    caller = Caller(desk)
    caller.heard()
    caller.say(up(0, 0), up(0, 0), up(0, 0), up(1), up(0, 0), up(2))
    desk.committer.commit()
    assert desk.refused == [("p1", "rate_limited", OWN)]
    assert len(desk.committer.frames) == 2
    (_, delay_s), *_ = desk.waiting
    assert 0.09 < delay_s < 0.31
    desk.now += 0.2
    caller.dialogue.proceed()
    desk.commit()
    assert caller.heard() == [p.Puback(1)]
    desk.now += 0.2
    caller.dialogue.proceed()
    desk.commit()
    assert caller.heard() == [p.Puback(2)]


def test_reconnecting_does_not_refill_the_rate():
    """The bucket is the principal's, not the connection's."""
    desk = HandDesk(max_rate=1, max_burst=1)
    Caller(desk).say(up(1))
    second = Caller(desk)
    second.heard()
    second.say(up(1))
    desk.committer.commit()
    assert len(desk.committer.frames) == 1
    assert desk.waiting


def test_more_than_the_receive_maximum_ends_mqtt_5_and_waits_in_311():
    """MQTT 5 was told; MQTT 3.1.1 has no such number."""
    desk = HandDesk(receive_maximum=2)
    told = Caller(desk, version=5)
    told.heard()
    told.say(up(1), up(2), up(3))
    assert told.heard() == [p.Disconnect(Code.RECEIVE_MAXIMUM_EXCEEDED)]
    other = Caller(desk, "p2")
    other.heard()
    other.say(*(up(pid, principal="p2") for pid in (1, 2, 3)))
    desk.commit()
    assert other.heard() == [p.Puback(1), p.Puback(2)]
    desk.commit()
    assert other.heard() == [p.Puback(3)]


def test_qos_0_does_not_count_against_the_receive_maximum():
    """A burst of them in one read is legal, and all are logged."""
    desk = HandDesk(receive_maximum=2)
    caller = Caller(desk, version=5)
    caller.heard()
    caller.say(*(up(0, 0) for _ in range(9)))
    for _ in range(5):
        desk.commit()
    assert len(desk.committer.frames) == 9
    assert caller.heard() == []


def test_a_goodbye_behind_waiting_publishes_is_not_a_loss(desk):
    """The client said DISCONNECT and left: no will, and what it sent before is still logged."""
    desk.committer.free = 0
    caller = Caller(desk)
    caller.say(up(0, 0), p.Disconnect())
    assert caller.dialogue.end()
    desk.committer.free = 10
    desk.commit()
    desk.commit()
    assert len(desk.committer.frames) == 1
    assert desk.left == [False]
    other = Caller(desk, "p2")
    desk.committer.free = 0
    other.say(up(0, 0, "p2"), p.Disconnect())
    other.dialogue.lost()
    assert desk.left == [False, False]


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
