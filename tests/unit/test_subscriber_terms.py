"""What a broker's settings and topics mean, without a socket."""

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensing.errors import Reason, ValidationError
from sensing.metrics import Metrics
from sensing.model import Source
from sensing.mqtt import client
from sensing.mqtt.bell import Bell
from sensing.mqtt.meaning import Meaning
from sensing.mqtt.subscriber import subscribers
from sensing.settings import Broker, Settings
from sensing.topics import ForeignTopic

ADAPTERS = frozenset({"sl651", "senml", "clock", "command"})
FOREIGN = (ForeignTopic("tele/+/SENSOR", "senml", "harbour"),)


def meaning(**settings):
    return Meaning(Broker(host="there", **settings), ADAPTERS, FOREIGN, max_payload=100)


@pytest.mark.parametrize(
    ("topic", "adapter", "principal", "kind"),
    [
        ("sensing/v1/sl651/gw-1/up", "sl651", "gw-1", "up"),
        ("sensing/v1/sl651/gw-1/status", "sl651", "gw-1", "status"),
        ("tele/plug-7/SENSOR", "senml", "harbour", "up"),
    ],
)
def test_a_topic_of_ours_or_of_the_map_is_understood(topic, adapter, principal, kind):
    """Our own tree speaks for itself; foreign topics go through the map."""
    assert meaning().source(topic) == Source(adapter, principal, topic, kind, "live", "")


@pytest.mark.parametrize("topic", ["sensing/v1/sl651/gw-1/up", "tele/plug-7/SENSOR"])
def test_a_broker_with_a_principal_owns_all_its_frames(topic):
    """Where the broker is not believed, nothing that it says is another client's; origin and run are its own."""
    source = meaning(principal="quay", origin="simulated", run="r1").source(topic)
    assert (source.principal, source.origin, source.run) == ("quay", "simulated", "r1")


@pytest.mark.parametrize(
    "topic",
    [
        "sensing/v1/clock/gw-1/up",
        "sensing/v1/command/web/up",
        "sensing/v1/hj212/gw-1/up",
        "sensing/v1/sl651/gw-1/down",
        "sensing/v1/sl651/GW/up",
        "tele/plug-7/STATE",
        "",
    ],
)
def test_other_topics_are_refused(topic):
    """Unknown adapters, the service's own topics and strangers have no source."""
    assert meaning().judge(topic, 1) is Reason.WRONG_TOPIC


def test_size_is_judged_after_the_topic():
    """A payload of the limit passes, one byte more does not."""
    own = "sensing/v1/sl651/gw-1/up"
    assert isinstance(meaning().judge(own, 100), Source)
    assert meaning().judge(own, 101) is Reason.TOO_LARGE


@given(st.text())
def test_no_topic_breaks_it(topic):
    """Any text has a source or a reason."""
    assert isinstance(meaning().judge(topic, 1), Source | Reason)


def test_what_it_remembers_is_bounded(monkeypatch):
    """Topics that never end do not fill the memory."""
    monkeypatch.setattr("sensing.mqtt.meaning._REMEMBERED", 3)
    one = meaning()
    for number in range(10):
        assert one.source(f"sensing/v1/sl651/gw-{number}/up").principal == f"gw-{number}"
        assert len(one.known) <= 3


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ({"principal": "Quay 1"}, "principal"),
        ({"origin": "replayed"}, "run"),
        ({"run": "storm-1"}, "run"),
        ({"slots": 2}, "share"),
        ({"session_expiry_s": 0}, "86400"),
    ],
)
def test_settings_that_would_lose_or_mix_are_refused(row, word):
    """Unmarked runs, slots that each get everything, sessions that end in an hour."""
    with pytest.raises(pydantic.ValidationError, match=word):
        Broker.model_validate({"host": "there", **row})


def test_a_password_comes_from_the_environment_alone():
    """It is in the CONNECT, and in nothing that is shown; a variable that is not set is said by name."""
    broker = Broker(host="there", username="city", password_env="QUAY_PASSWORD")
    made = client.make(broker, "city-0", environ={"QUAY_PASSWORD": "hush"})
    assert made.password == "hush"
    assert "hush" not in repr(broker) + str(broker.model_dump())
    with pytest.raises(ValidationError, match="QUAY_PASSWORD"):
        client.make(broker, "city-0", environ={})


def test_certificates_that_cannot_be_read_are_said_at_once(tmp_path):
    """A wrong tls_ca is a setting to mend, not a broker to wait for."""
    with pytest.raises(ValidationError, match="tls_ca"):
        client.make(Broker(host="there", tls=True, tls_ca=tmp_path / "absent.pem"), "city-0")


def test_every_slot_of_every_broker_is_a_subscriber():
    """Slots are numbered, and their client ids are fixed by that."""
    rows = [{"host": "a", "slots": 2, "share": "g"}, {"host": "b", "client_id": "other"}]
    found = subscribers(Settings.model_validate({"brokers": rows}), None, ADAPTERS, Metrics(), print)
    assert [one.name for one in found] == ["urban-sensing-0", "urban-sensing-1", "other-0"]
    found[0].stop()
    assert found[0].join(0.1)
    assert not found[0].send_down("gw-1", "sensing/v1/sl651/gw-1/down", b"")


def test_a_bell_rung_before_the_wait_is_heard():
    """Ringing is remembered, however often, once; after `close` it is harmless."""
    bell = Bell()
    bell.ring()
    bell.ring()
    assert bell.wait(30) is False
    assert bell.wait(0.001) is False
    bell.close()
    bell.ring()
