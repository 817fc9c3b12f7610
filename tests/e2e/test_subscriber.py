"""The subscriber behind a real mosquitto: what that acknowledged to devices is in the log, whoever is killed."""

import asyncio
import os
import signal
import threading
import time
from contextlib import contextmanager

import paho.mqtt.client as paho
import pytest

from sensing.metrics import Metrics
from sensing.mqtt import subscriber as module
from sensing.mqtt.committer import Committer
from sensing.mqtt.subscriber import Subscriber, subscribers
from sensing.settings import Settings
from tests.e2e import subscriber_process as process
from tests.e2e.certificates import Authority
from tests.e2e.mosquitto import OPEN, Mosquitto, free_port
from tests.fakes import MemoryLog

# Keep everything while they run, and are quick: here only we are killed, unless a test says otherwise.
ROOMY = OPEN + "max_inflight_messages 1000\nmax_queued_messages 0\n"
NARROW = OPEN + "max_inflight_messages 5\nmax_queued_messages 0\n"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(module, "BACKOFF_FIRST_S", 0.1)
    monkeypatch.setattr(module, "_LAST_WORDS_S", 0.3)


class Publisher:
    """A device's client: QoS 1, and `acknowledged` is what the broker said it has."""

    def __init__(self, port):
        self.acknowledged = []
        self._underway = {}
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="device", clean_session=True)
        self._client.max_inflight_messages_set(200)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def publish(self, bodies, topic="sensing/v1/sl651/gw-{}/up"):
        sent = [(body, self._client.publish(topic.format(at % 20), body, qos=1)) for at, body in enumerate(bodies)]
        for body, info in sent:
            info.wait_for_publish(30)
            if info.is_published():
                self.acknowledged.append(body)

    def close(self):
        self._client.disconnect()
        self._client.loop_stop()


@contextmanager
def device(port):
    one = Publisher(port)
    try:
        yield one
    finally:
        one.close()


def bodies(count, first=0):
    return [b"frame %d" % number for number in range(first, first + count)]


def wait(met, patience_s=30.0):
    until = time.monotonic() + patience_s
    while not met():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.02)


@pytest.fixture
def start():
    """`process.start`, with whatever is left of it killed at the end."""
    running = []

    def start(*args, **options):
        running.append(process.start(*args, **options))
        return running[-1]

    yield start
    for one in running:
        if one.poll() is None:
            end(one)


def end(running, how=signal.SIGKILL):
    os.kill(running.pid, how)
    return running.wait(20)


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_kill_9_loses_nothing_that_the_broker_acknowledged(tmp_path, start, version):
    """2,000 messages of 20 principals, the committing process killed twice among them: all are in the log."""
    with Mosquitto(tmp_path / "broker", NARROW) as broker, device(broker.port) as devices:
        settings = {"brokers": [{"host": "127.0.0.1", "port": broker.port, "version": version, "receive_maximum": 5}]}
        data = tmp_path / "data"
        ours = start(data, settings)
        sending = threading.Thread(target=lambda: [devices.publish(bodies(100, first)) for first in range(0, 2_000, 100)])
        sending.start()
        for stored in (300, 900):
            wait(lambda stored=stored: len(process.stored(data)) >= stored)
            end(ours)
            assert len(set(process.stored(data))) < 2_000, "killed too late to show anything"
            ours = start(data, settings)
        sending.join()
        assert len(devices.acknowledged) == 2_000
        wait(lambda: set(process.stored(data)) >= set(devices.acknowledged))
        assert end(ours, signal.SIGTERM) == 0


def test_a_slot_of_a_shared_subscription_may_die(tmp_path, start):
    """Three slots share the load; one is killed and comes back: nothing is lost, and each took a part."""
    with Mosquitto(tmp_path / "broker", ROOMY) as broker, device(broker.port) as devices:
        settings = {"brokers": [{"host": "127.0.0.1", "port": broker.port, "share": "city", "slots": 3}]}
        folders = [tmp_path / f"slot-{slot}" for slot in range(3)]
        slots = [start(folder, settings, slot=slot) for slot, folder in enumerate(folders)]
        devices.publish(bodies(600))
        end(slots[1])
        devices.publish(bodies(600, first=600))
        slots[1] = start(folders[1], settings, slot=1)
        devices.publish(bodies(300, first=1_200))
        assert len(devices.acknowledged) == 1_500
        wait(lambda: {body for folder in folders for body in process.stored(folder)} >= set(devices.acknowledged))
        assert all(len(process.stored(folder)) > 100 for folder in folders)
        for slot in slots:
            assert end(slot, signal.SIGTERM) == 0


def test_tls_with_the_brokers_name_checked(tmp_path, start):
    """Over TLS with the right authority frames arrive; with another's the subscriber stays away."""
    authority = Authority(tmp_path)
    certificate, key = authority.issue()
    tls_port = free_port()
    listener = f"listener {tls_port} 127.0.0.1\ncertfile {certificate}\nkeyfile {key}"
    row = {"host": "127.0.0.1", "port": tls_port, "tls": True, "tls_ca": str(authority.ca)}
    with Mosquitto(tmp_path / "broker", ROOMY, listener) as broker, device(broker.port) as devices:
        ours = start(tmp_path / "data", {"brokers": [row]})
        devices.publish(bodies(500))
        wait(lambda: process.stored(tmp_path / "data") == devices.acknowledged)
        end(ours, signal.SIGTERM)
        with pytest.raises(TimeoutError, match="certificate verify failed"):
            start(tmp_path / "stranger", {"brokers": [row | {"tls_ca": None}]}, patience_s=2)


def test_foreign_oversize_and_unknown_messages(tmp_path, start):
    """A mapped topic becomes frames; what is too large or not understood is counted, and keeps nobody waiting."""
    with Mosquitto(tmp_path / "broker", ROOMY) as broker, device(broker.port) as devices:
        row = {"host": "127.0.0.1", "port": broker.port, "topics": ["sensing/v1/+/+/up", "tele/#"], "receive_maximum": 10}
        mapped = [{"filter": "tele/+/SENSOR", "adapter": "plainjson", "principal": "harbour"}]
        settings = {"brokers": [row], "foreign_topics": mapped, "mqtt": {"max_packet": 1024}}
        ours = start(tmp_path / "data", settings, adapters="sl651,plainjson")
        devices.publish([b"junk"] * 50, topic="tele/plug-7/STATE")
        devices.publish([b"x" * 2_000] * 50)
        devices.publish([b"{}"], topic="tele/plug-7/SENSOR")
        devices.publish([b"own"])
        wait(lambda: process.stored(tmp_path / "data") == [b"{}", b"own"])
        wait(lambda: 'refused_total{reason="too_large"} 50' in (tmp_path / "data" / "metrics.prom").read_text())
        assert 'refused_total{reason="wrong_topic"} 50' in (tmp_path / "data" / "metrics.prom").read_text()
        end(ours, signal.SIGTERM)


class FiveFrameLog(MemoryLog):
    """Commits wait for `gate`; after five frames they never end, as on a disk that hangs until the machine is switched off."""

    def __init__(self):
        super().__init__()
        self.never = threading.Event()

    def append(self, frames):
        if len(self.frames) >= 5:
            self.never.wait(30)
            raise OSError("switched off")
        return super().append(frames)


async def crash_after_a_broker_restart(tmp_path, start):
    """Five messages delivered and not yet committed; the broker forgets everything; five more are delivered under the same packet
    ids; the first five are committed, and the machine dies. Returns what a new subscriber with a good log still gets, and how
    many stale acknowledgements were held back."""
    with Mosquitto(tmp_path / "broker", ROOMY) as broker:
        # a commit for each burst of reading, so that none spans both connections
        settings = {"brokers": [{"host": "127.0.0.1", "port": broker.port}], "commit": {"max_frames": 1}}
        stale = await die_with_ten_underway(broker, Settings.model_validate(settings))
        again = start(tmp_path / "data", settings)
        await asyncio.to_thread(publish, broker.port, [b"marker"])
        await until(lambda: b"marker" in process.stored(tmp_path / "data"))
        end(again, signal.SIGTERM)
    return sorted(set(process.stored(tmp_path / "data")) - {b"marker"}), stale


async def die_with_ten_underway(broker, settings):
    log, metrics = FiveFrameLog(), Metrics()
    log.gate.clear()
    committer = Committer(log, settings.commit, metrics)
    committer.start()
    (ours,) = subscribers(settings, committer, frozenset({"sl651"}), metrics, print)
    ours.start()
    labels = {"broker": f"127.0.0.1:{broker.port}", "client": "urban-sensing-0"}
    try:
        await until(lambda: metrics.get("sensing_broker_durable", **labels))
        await asyncio.to_thread(publish, broker.port, bodies(5))
        await until(lambda: ours._outstanding == 5)
        broker.kill()
        await asyncio.to_thread(broker.start)
        await until(lambda: metrics.get("sensing_sessions_lost_total", **labels))
        await asyncio.to_thread(publish, broker.port, bodies(5, 100))
        await until(lambda: ours._outstanding == 10)
        log.gate.set()
        await until(lambda: ours._outstanding == 5)
        assert [frame.payload for frame in log.frames] == bodies(5)
    finally:
        ours.stop()
        assert await asyncio.to_thread(ours.join)
        log.never.set()
        await committer.stop()
    return metrics.get("sensing_acks_stale_total", **labels)


async def until(met):
    await asyncio.to_thread(wait, met)


def publish(port, some):
    with device(port) as devices:
        devices.publish(some)
        assert devices.acknowledged == some


async def test_a_broker_that_forgot_us_gets_no_old_acknowledgement(tmp_path, start):
    """The five that the broker delivered last were never committed, so it still has them."""
    still_there, stale = await crash_after_a_broker_restart(tmp_path, start)
    assert sorted(still_there) == sorted(bodies(5, 100))
    assert stale == 5


async def test_mutation_stale_acks_lose_messages(tmp_path, start, monkeypatch):
    """Without the check of generations the same run loses all five: the test above would be red."""
    monkeypatch.setattr(Subscriber, "_is_stale", lambda self, generation: False)
    still_there, stale = await crash_after_a_broker_restart(tmp_path, start)
    assert still_there == []
    assert stale == 0
