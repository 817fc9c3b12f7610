"""The web role as a process of its own: it says where it listens, and leaves at once when told, open streams included."""

import os
import signal
import subprocess
import sys
import threading

import httpx
import pytest

from sensing import app, runfile
from sensing.registry import read_admin_token


@pytest.fixture
def web(tmp_path):
    app.prepare(tmp_path)
    environ = os.environ | {"SENSING_HTTP__PORT": "0"}
    process = subprocess.Popen([sys.executable, "-m", "sensing.app", "web", str(tmp_path)], env=environ)
    try:
        about = runfile.wait_for(tmp_path, "run/web.json", process.pid, 30)
        yield process, about["url"], {"authorization": f"Bearer {read_admin_token(tmp_path / 'admin.token')}"}
    finally:
        process.kill()
        process.wait()


def test_it_serves_and_leaves_with_a_stream_open(web):
    """SIGTERM ends the stream cleanly and the process with code 0, well within the supervisor's patience."""
    process, url, headers = web
    ended = threading.Event()
    begun = threading.Event()

    def follow():
        with httpx.stream("GET", f"{url}/api/stream", headers=headers, timeout=30) as answer:
            for _ in answer.iter_bytes():
                begun.set()
        ended.set()

    threading.Thread(target=follow, daemon=True).start()
    assert begun.wait(10)
    assert httpx.get(f"{url}/health").json()["status"] == "up"
    assert httpx.get(f"{url}/api/latest", headers=headers).json() == {"items": [], "next": None}
    process.send_signal(signal.SIGTERM)
    assert process.wait(5) == 0
    assert ended.wait(2)
