"""A real VictoriaMetrics on a loopback port, in a folder of its own: start, kill -9, start again, and ask what it holds."""

import contextlib
import json
import shutil
import socket
import subprocess
import time
import urllib.parse
import urllib.request


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Victoria:
    """As docs/export.md recommends: deduplication of one millisecond."""

    def __init__(self, folder):
        self.port = free_port()
        self.folder = folder
        self.process = None
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        found = shutil.which("victoria-metrics", path="/usr/bin:/usr/local/bin:/opt/homebrew/bin")
        assert found, "victoria-metrics is not installed: `make e2e` installs it where apt is at hand"
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [found, f"-httpListenAddr=127.0.0.1:{self.port}", f"-storageDataPath={self.folder / 'data'}", "-retentionPeriod=100y",
                 "-dedup.minScrapeInterval=1ms", "-memory.allowedBytes=256MB"],
                stdout=log, stderr=log,
            )  # fmt: skip
        until = time.monotonic() + 30
        while time.monotonic() < until:
            assert self.process.poll() is None, (self.folder / "log").read_text()[-2000:]
            with contextlib.suppress(OSError):
                self.ask("/health")
                return self
            time.sleep(0.02)
        raise TimeoutError("victoria-metrics does not listen")

    def ask(self, path, **query):
        """The body of an answer."""
        with urllib.request.urlopen(f"{self.url}{path}?{urllib.parse.urlencode(query)}", timeout=60) as answer:
            return answer.read()

    def series(self, match):
        """Every series that fits: its labels, and its points as a list of (milliseconds, value)."""
        self.ask("/internal/force_flush")
        lines = self.ask("/api/v1/export", **{"match[]": match}).splitlines()
        return [(one["metric"], list(zip(one["timestamps"], one["values"], strict=True))) for one in map(json.loads, lines)]

    def kill(self):
        """kill -9: what it had confirmed in the last seconds may be gone."""
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_error):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
