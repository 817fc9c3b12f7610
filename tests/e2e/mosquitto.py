"""A real mosquitto on a loopback port with a given configuration, in a folder of its own."""

import contextlib
import shutil
import socket
import subprocess
import time
from pathlib import Path

DURABLE = """
persistence true
autosave_interval 1
autosave_on_changes true
max_inflight_messages 1000
max_queued_messages 0
max_queued_bytes 1073741824
persistent_client_expiration 7d
message_size_limit 1048576
"""
"""What docs/brokers.md recommends; a test compares them."""
OPEN = "allow_anonymous true\n"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Mosquitto:
    """Start, kill -9 and start again: port and folder stay."""

    def __init__(self, folder: Path, config: str = OPEN + DURABLE, listener: str = "") -> None:
        self.port = free_port()
        self.folder = folder
        self.process = None
        folder.mkdir(parents=True, exist_ok=True)
        self.config = folder / "mosquitto.conf"
        # as root it would drop to a user of its own, who may not write here
        self.config.write_text(
            f"listener {self.port} 127.0.0.1\n{listener}\n{config}\npersistence_location {folder}/\nlog_dest file {folder}/log\nuser root\n"
        )

    def start(self):
        found = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin:/usr/bin:/usr/local/bin")
        assert found, "mosquitto is not installed: `make e2e` installs it where apt is at hand"
        self.process = subprocess.Popen([found, "-c", str(self.config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            assert self.process.poll() is None, self.config.read_text()
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return self
            time.sleep(0.02)
        raise TimeoutError("mosquitto does not listen")

    def kill(self):
        """kill -9, as a power cut looks to its clients."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        self.process.wait(10)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_error):
        if self.process.poll() is None:
            self.stop()
