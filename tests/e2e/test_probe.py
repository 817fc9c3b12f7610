"""What `sensing doctor` finds out about real brokers."""

from pathlib import Path

import paho.mqtt.client as paho
import pytest

from sensing.mqtt.probe import durable, probe
from sensing.settings import Broker
from tests.e2e.mosquitto import DURABLE, OPEN, Mosquitto, free_port


def broker(port, **row):
    return Broker(host="127.0.0.1", port=port, **row)


def failed(findings):
    return [finding.what for finding in findings if not finding.ok]


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_recommended_settings_are_found_durable(tmp_path, version):
    """Everything is well, and what cannot be seen from outside is said."""
    with Mosquitto(tmp_path, OPEN + DURABLE) as mosquitto:
        findings = probe(broker(mosquitto.port, version=version))
    assert failed(findings) == []
    assert durable(findings)
    assert "cannot be seen" in findings[-1].what


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_mosquitto_as_shipped_is_not_durable(tmp_path, version, monkeypatch):
    """Its queue limit drops what it has acknowledged, and the remedy names the setting; nothing of the probe stays there."""
    monkeypatch.setattr("sensing.mqtt.probe.secrets.token_hex", lambda _size: "1234")
    with Mosquitto(tmp_path, OPEN) as mosquitto:
        findings = probe(broker(mosquitto.port, version=version))
        assert not durable(findings)
        (queue,) = [finding for finding in findings if "kept 1000" in finding.what]
        assert "max_queued_messages" in queue.remedy
        assert any("only 20" in what for what in failed(findings)) == (version == "3.1.1")
        assert not session_present(mosquitto.port, "urban-sensing-probe-1234")


def session_present(port, client_id):
    heard = []
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=False)
    client.on_connect = lambda _client, _data, flags, *_rest: heard.append(flags.session_present)
    client.connect("127.0.0.1", port)
    while not heard:
        client.loop(0.1)
    client.disconnect()
    return heard[0]


def test_a_wrong_password_and_a_closed_port_are_told_apart(tmp_path):
    """Each has its own remedy, and neither raises."""
    with Mosquitto(tmp_path, "allow_anonymous false\n") as mosquitto:
        (refused,) = probe(broker(mosquitto.port, username="city"))
    assert "refuses us" in refused.what
    assert "password_env" in refused.remedy
    (absent,) = probe(broker(free_port()))
    assert "does not answer" in absent.what


def test_a_missing_right_to_the_probes_topic_is_said(tmp_path):
    """Without it neither session nor queue can be tried, so the broker is not called durable."""
    rights = tmp_path / "rights"
    rights.write_text("topic readwrite sensing/v1/#\n")
    with Mosquitto(tmp_path / "broker", OPEN + DURABLE + f"acl_file {rights}\n") as mosquitto:
        findings = probe(broker(mosquitto.port), queued=10)
    assert not durable(findings)
    assert "sensing/probe/#" in findings[-1].remedy


def test_recommended_settings_are_those_of_the_manual():
    """What the tests find durable is what docs/brokers.md says."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "brokers.md").read_text("utf-8")
    assert f"```conf{DURABLE}```" in page
