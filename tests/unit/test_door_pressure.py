"""A client that is ahead of us waits, is heard all the same, and loses nothing; without sockets and timers."""

import pytest

from sensing.mqtt import packets as p
from sensing.mqtt.packets import Code
from tests.fakes import Caller, HandDesk, up

OWN = "sensing/v1/plainjson/p1/up"


@pytest.fixture
def desk():
    return HandDesk()


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
