"""A service as a new user has it: `sensing` as a command, in a data folder of its own, on free ports."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import paho.mqtt.client as paho

from sensing import runfile

ROOT = Path(__file__).resolve().parents[2]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(condition, what, timeout_s=10.0):
    """What `condition` gives once it is true."""
    deadline = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        time.sleep(0.05)
    return found


def gone(pid):
    """Whether a process has ended (a zombie has)."""
    return not runfile.alive(pid)


class Sensing:
    """The command in a data folder: `say` runs one to its end, `begin` leaves it running."""

    def __init__(self, data):
        self.data = data
        self.ports = ["--mqtt-port", str(free_port()), "--http-port", str(free_port())]
        self.environ = {name: text for name, text in os.environ.items() if not name.startswith("SENSING_")}
        self.environ |= {"SENSING_DISK__BALLAST_MB": "0"}  # pytest keeps folders for a while
        self.environ |= {"SENSING_DATA": str(data), "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}

    def begin(self, *words, **more):
        """Start a command."""
        line = [sys.executable, "-m", "sensing", *map(str, words)]
        return subprocess.Popen(line, env=self.environ, cwd=self.data.parent, stdin=subprocess.DEVNULL, text=True, **more)

    def say(self, *words, code=0):
        """Its stdout; the exit code must be as said."""
        running = self.begin(*words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, talk = running.communicate(timeout=120)
        assert running.returncode == code, f"{words}: {running.returncode}\n{out}\n{talk}"
        return out

    def json(self, *words, code=0):
        """Its answer with `-o json`."""
        return json.loads(self.say(*words, "-o", "json", code=code))

    def rows(self, *words):
        """Its lines with `-o ndjson`."""
        return [json.loads(line) for line in self.say(*words, "-o", "ndjson").splitlines()]

    def up(self, *words):
        """`sensing up --detach`: back when it is ready."""
        self.say("up", "--detach", *self.ports, *words)

    def about(self):
        return json.loads((self.data / "run.json").read_text())

    def pids(self):
        """The supervisor's and every role's."""
        about = self.about()
        return {"supervisor": about["pid"], **about["roles"]}

    def down_if_up(self):
        """Leave nothing running, whatever happened."""
        if not (self.data / "run.json").exists():
            return
        pids = self.pids()
        self.begin("down", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).wait(60)
        for pid in pids.values():
            if pid and not gone(pid):
                os.kill(pid, signal.SIGKILL)


class Gauge:
    """A device's MQTT client as people use it: paho, QoS 1, listening on its down topic."""

    def __init__(self, port, name, password, adapter="sl651"):
        self.up, self.down = (f"sensing/v1/{adapter}/{name}/{way}" for way in ("up", "down"))
        self.heard = []
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=f"gauge-{name}")
        self._client.username_pw_set(name, password)
        listening = []
        self._client.on_connect = lambda client, *_: client.subscribe(self.down, 1)
        self._client.on_subscribe = lambda *_: listening.append(1)
        self._client.on_message = lambda _client, _data, message: self.heard.append(message.payload)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        eventually(lambda: listening, f"{name} is connected and subscribed")

    def publish(self, *payloads):
        """Publish, and wait until all are acknowledged."""
        for sent in [self._client.publish(self.up, payload, qos=1) for payload in payloads]:
            sent.wait_for_publish(30)
            assert sent.is_published()

    def close(self):
        self._client.disconnect()
        self._client.loop_stop()

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.close()
