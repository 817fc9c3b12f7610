"""Rights, rates, sessions and listeners: the small rules behind the door."""

import resource

import pytest

from sensing.errors import ValidationError
from sensing.model import Grant, Source
from sensing.mqtt import limits, listeners
from sensing.mqtt.limits import Bucket, Buckets
from sensing.mqtt.rights import Rights
from sensing.mqtt.session import Sessions
from sensing.settings import Mqtt
from sensing.topics import ForeignTopic

ADAPTERS = frozenset({"plainjson", "command", "clock"})
WILL = Source("plainjson", "p1", "sensing/v1/plainjson/p1/status", "status")


def rights(principal="p1", foreign=()):
    return Rights(Grant(principal, "c", "simulated", "r1"), ADAPTERS, foreign)


def test_a_foreign_topic_counts_for_the_principal_that_it_is_mapped_to():
    """And for nobody else."""
    table = (ForeignTopic("application/+/device/#", "plainjson", "p1"),)
    topic = "application/1/device/x/event/up"
    assert rights(foreign=table).source(topic) == Source("plainjson", "p1", topic, "up", "simulated", "r1")
    assert rights("p2", table).source(topic) is None


def test_sources_are_remembered_but_not_without_end():
    """One object a topic for the hot path; a client that invents topics fills no memory."""
    mine = rights(foreign=(ForeignTopic("x/+", "plainjson", "p1"),))
    assert mine.source("x/1") is mine.source("x/1")
    for number in range(1_000):
        assert mine.source(f"x/{number}") is not None
    assert len(mine.known) == 256


def test_a_bucket_gives_its_burst_then_its_rate():
    """And never more than the burst after a pause."""
    bucket = Bucket(10, 5, 0.0)
    assert bucket.available(0.0) == 5
    bucket.spend(5)
    assert bucket.available(0.05) == 0
    assert bucket.wait_s(0.05, 0) == pytest.approx(0.05)
    assert bucket.available(0.3) == 3
    assert bucket.available(1e6) == 5
    assert bucket.available(1e6 - 5) == 5


def test_full_buckets_of_the_absent_are_forgotten():
    """5,000 devices that came once do not stay for ever; one in debt does."""
    buckets = Buckets(1, 2)
    for name in ("here", "gone", "debtor"):
        buckets.of(name, 0.0)
    buckets.of("debtor", 0.0).spend(2)
    buckets.forget({"here"}, 0.0)
    assert set(buckets._found) == {"here", "debtor"}


def test_the_limit_on_open_files_is_raised_as_far_as_it_goes(monkeypatch):
    """Without a hard limit, to what is wanted."""
    asked = []
    monkeypatch.setattr(resource, "setrlimit", lambda _what, pair: asked.append(pair))
    for have, goal in (((100, 1_000), 500), ((100, 300), 300), ((1_000, 1_000), 1_000), ((100, resource.RLIM_INFINITY), 500)):
        monkeypatch.setattr(resource, "getrlimit", lambda _what, have=have: have)
        assert limits.open_files(500) == goal
    assert asked == [(500, 1_000), (300, 300), (500, resource.RLIM_INFINITY)]


def test_a_session_without_expiry_ends_with_its_connection():
    """One with an expiry waits for it, then is gone."""
    sessions = Sessions(10)
    short, _ = sessions.open(("p", "", "short"), clean=True)
    sessions.leave(short, 0.0)
    long, present = sessions.open(("p", "", "long"), clean=False)
    long.expiry_s = 10
    assert not present
    sessions.leave(long, 0.0)
    assert len(sessions) == 1
    assert sessions.open(("p", "", "long"), clean=False) == (long, True)
    sessions.leave(long, 5.0)
    assert list(sessions.expired(14.0)) == []
    assert len(sessions) == 1
    assert list(sessions.expired(15.0)) == []
    assert len(sessions) == 0


def test_a_delayed_will_is_said_in_time_or_when_the_session_ends():
    """MQTT 5 section 3.1.3.2.2; a client that is back in time takes it back."""
    sessions = Sessions(10)
    session, _ = sessions.open(("p", "", "c"), clean=False)
    session.expiry_s = 10
    session.will = (WILL, b"offline", 5.0)
    sessions.leave(session, 0.0)
    assert list(sessions.expired(4.9)) == []
    assert list(sessions.expired(5.0)) == [(WILL, b"offline")]
    assert list(sessions.expired(6.0)) == []
    session.will = (WILL, b"offline", 99.0)
    assert list(sessions.expired(10.0)) == [(WILL, b"offline")]
    session, _ = sessions.open(("p", "", "c"), clean=False)
    session.expiry_s = 10
    session.will = (WILL, b"offline", 20.0)
    sessions.leave(session, 15.0)
    sessions.open(("p", "", "c"), clean=False)
    assert list(sessions.expired(30.0)) == []


def test_sessions_are_bounded_and_the_oldest_departure_goes_first():
    """Connected ones stay."""
    sessions = Sessions(2)
    for number in range(4):
        session, _ = sessions.open(("p", "", str(number)), clean=False)
        session.expiry_s = 100
        if number:
            sessions.leave(session, float(number))
    list(sessions.expired(5.0))
    assert sorted(key[2] for key in sessions._found) == ["0", "3"]


def test_packet_ids_go_round_and_skip_those_in_flight():
    """1 to 65,535."""
    session, _ = Sessions(1).open(("p", "", "c"), clean=True)
    session._pid = 65_534
    session.inflight[1] = None
    assert [session.next_pid(), session.next_pid()] == [65_535, 2]


@pytest.mark.parametrize(
    ("host", "loopback"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("example.org", False)]
)
def test_loopback_is_known_by_address(host, loopback):
    """0.0.0.0 is everywhere."""
    assert listeners.is_loopback(host) is loopback


def test_plain_mqtt_outside_loopback_needs_to_be_asked_for():
    """Passwords travel in clear."""
    with pytest.raises(ValidationError, match=r'mqtt.host "0.0.0.0".*tls_cert'):
        listeners.wanted(Mqtt(host="0.0.0.0"))
    (plain,) = listeners.wanted(Mqtt(host="0.0.0.0", insecure_plain=True))
    assert (plain.host, plain.tls) == ("0.0.0.0", None)


def test_certificate_and_key_belong_together_and_must_be_readable(tmp_path):
    """The message names both files."""
    with pytest.raises(ValidationError, match="belong together"):
        listeners.wanted(Mqtt(tls_cert=tmp_path / "cert.pem"))
    with pytest.raises(ValidationError, match=r"cert\.pem"):
        listeners.wanted(Mqtt(tls_cert=tmp_path / "cert.pem", tls_key=tmp_path / "key.pem"))
