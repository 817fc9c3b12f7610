"""One connection's publishes and their answers, without sockets and timers."""

import pytest

from sensing.model import Source
from sensing.mqtt import packets as p
from sensing.mqtt.packets import Code
from tests.fakes import Caller, HandDesk, up

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
