"""Recording and replaying against a real broker and a running service: passwords, certificates, Ctrl-C, a clock that begins now."""

import signal
import subprocess
import time

import pytest

from sensing.times import SECOND
from simulators.record import Gateway, Recorder, Recording
from tests.e2e.certificates import Authority
from tests.e2e.mosquitto import Mosquitto, free_port
from tests.e2e.service import Gauge, Sensing, eventually

BEGIN = 1_473_811_200 * SECOND
TOPIC = "sensing/v1/plainjson/gw-kept/up"
DEVICE = {"id": "kept-1", "type": "generic", "adapter": "plainjson", "native": "kept-1", "lat": 24.5, "lon": 118.1}


@pytest.fixture
def kept(tmp_path):
    """A recording of forty frames of one gateway, a second apart, that tell no time of their own."""
    path = tmp_path / "kept.zst"
    with Recorder(path, {}, live=False) as out:
        out.gateway(Gateway("gw-kept", "gateway", [DEVICE]))
        for number in range(40):
            out.frame(BEGIN + number * SECOND, TOPIC, b'{"device":"kept-1","water_level":%d.5}' % number)
    return path


@pytest.fixture
def broker(tmp_path):
    """A mosquitto that lets nobody in but `drill`, in clear and over TLS; its certificate's authority."""
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-c", "-b", str(passwords), "drill", "secret"], check=True)
    authority, tls_port = Authority(tmp_path), free_port()
    certificate, key = authority.issue()
    listener = f"listener {tls_port} 127.0.0.1\ncertfile {certificate}\nkeyfile {key}"
    with Mosquitto(
        tmp_path / "broker", f"allow_anonymous false\npassword_file {passwords}\nmax_queued_messages 0\n", listener
    ) as running:
        running.tls_port, running.authority = tls_port, authority
        yield running


@pytest.fixture
def sensing(tmp_path):
    made = Sensing(tmp_path / "data")
    made.environ["SENSING_MQTT_PASSWORD"] = "secret"
    yield made
    made.down_if_up()


def payloads(path):
    return [(frame.topic, frame.payload) for frame in Recording(path).frames()]


def test_a_broker_is_replayed_to_and_recorded_from(sensing, broker, kept, tmp_path):
    """What is replayed to a broker, in clear and over TLS, is what a recording from it has: same topics, same bytes, same order."""
    sensing.environ["SSL_CERT_FILE"] = str(broker.authority.ca)
    heard = tmp_path / "heard.zst"
    url = f"mqtt://drill@127.0.0.1:{broker.port}"
    recording = sensing.begin("record", heard, "--from", url, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    log = tmp_path / "broker" / "log"
    eventually(lambda: " as " in log.read_text() and "u'drill'" in log.read_text(), "the recorder is let in", 20)
    time.sleep(0.5)  # mosquitto does not say when somebody has subscribed
    assert sensing.json("replay", kept, "--to", url, "--speed", "max")["sent"] == 40
    assert sensing.json("replay", kept, "--to", f"mqtts://drill@127.0.0.1:{broker.tls_port}", "--speed", "max")["sent"] == 40
    recording.send_signal(signal.SIGINT)
    assert recording.wait(20) == 0
    recording.communicate()
    assert payloads(heard) == payloads(kept) * 2
    assert b"secret" not in heard.read_bytes()


def test_who_is_not_let_in_is_told(sensing, broker, kept, tmp_path):
    """A wrong password, none at all, a stranger's certificate and a broker that is not there each end with 5, and nothing hangs."""
    plain, secure = f"mqtt://drill@127.0.0.1:{broker.port}", f"mqtts://drill@127.0.0.1:{broker.tls_port}"
    nobody = f"mqtt://drill@127.0.0.1:{free_port()}"
    for url in (secure, nobody):
        for words in (("replay", kept, "--to", url), ("record", tmp_path / "none.zst", "--from", url)):
            sensing.say(*words, code=5)
    sensing.environ["SENSING_MQTT_PASSWORD"] = "wrong"
    for url in (plain, f"mqtt://127.0.0.1:{broker.port}"):
        for words in (("replay", kept, "--to", url), ("record", tmp_path / "none.zst", "--from", url)):
            sensing.say(*words, code=5)
    sensing.say("replay", kept, "--to", f"mqtt://drill:secret@127.0.0.1:{broker.port}", code=2)


def test_the_running_service_is_recorded_until_ctrl_c(sensing, tmp_path):
    """The log is followed while frames arrive; Ctrl-C leaves a file that can be read, with each frame once and no key in it."""
    sensing.up()
    file = tmp_path / "live.zst"
    mine = sensing.json("device", "register", "gauge-1", "--type", "generic", "--adapter", "plainjson")
    with Gauge(sensing.about()["mqtt"]["port"], mine["username"], mine["password"], "plainjson") as gauge:
        gauge.publish(b'{"water_level":0}')
        recording = sensing.begin("record", file, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        eventually(lambda: file.exists() and file.stat().st_size, "it records", 20)
        time.sleep(1.0)  # until it has looked where the log ends
        sent = [b'{"water_level":%d}' % number for number in range(1, 60)]
        gauge.publish(*sent)
        eventually(lambda: len(payloads(file)) == len(sent), "they are readable while it records", 20)
    recording.send_signal(signal.SIGINT)
    out, _ = recording.communicate(timeout=20)
    assert recording.returncode == 0
    assert '"frames": 59' in out or "59" in out
    assert [payload for _, payload in payloads(file)] == sent
    assert mine["password"].encode() not in file.read_bytes()


def test_a_recording_is_played_as_if_it_began_now(sensing, kept, tmp_path):
    """`--retime now`: same bytes, but the run's clock begins now, so that frames without a time of their own are of today."""
    sensing.up()
    began = time.time()
    then = sensing.json("replay", kept, "--speed", "max")["run"]
    now = sensing.json("replay", kept, "--speed", "max", "--retime", "now")["run"]
    old, new = (
        sensing.json("query", "kept-1", "--property", "water_level", "--run", run, "--from", "2016-01-01T00:00:00Z")
        for run in (then, now)
    )
    assert [row["result"] for row in old] == [row["result"] for row in new] == [number + 0.5 for number in range(40)]
    assert old[0]["time"] == "2016-09-14T00:00:00Z"
    assert began - 1 < _seconds(new[0]["time"]) < time.time()
    assert _seconds(new[-1]["time"]) - _seconds(new[0]["time"]) == pytest.approx(39, abs=0.01)
    again = tmp_path / "again.zst"
    sensing.json("record", again, "--run", now)
    assert payloads(again) == payloads(kept)


def _seconds(text):
    from sensing.times import parse_instant

    return parse_instant(text) / SECOND
