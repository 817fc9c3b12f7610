"""A wheel built from the checkout runs outside it: code, commands and shipped data are all inside."""

import json
import os
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
READY_S = 120

pytestmark = pytest.mark.slow


def run(*command, cwd, env=None, check=True):
    return subprocess.run(
        [str(word) for word in command], cwd=cwd, env=env, check=check, capture_output=True, text=True, timeout=300
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """`sensing` of a fresh venv that holds our wheel; its dependencies are those of the venv that runs the tests."""
    home = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", home / "dist", cwd=ROOT)
    (wheel,) = (home / "dist").glob("*.whl")
    venv = home / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", venv, cwd=home)
    python = venv / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-index", "--no-deps", wheel, cwd=home)
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=home).stdout.strip())
    # A folder named in a .pth is searched last, and the .pth files inside it (our editable checkout) are not read.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    return venv / "bin" / "sensing"


@pytest.fixture
def outside(tmp_path):
    """Environment and working folder of somebody who has no checkout."""
    env = {name: text for name, text in os.environ.items() if not name.startswith(("SENSING_", "PYTHON", "VIRTUAL_ENV"))}
    return tmp_path, env | {"SENSING_DATA": str(tmp_path / "data")}


def free_ports():
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        return one.getsockname()[1], two.getsockname()[1]


def answer(sensing, *words, cwd, env):
    """The JSON that a command prints; None while it has none to give."""
    found = run(sensing, *words, "-o", "json", cwd=cwd, env=env, check=False)
    try:
        return json.loads(found.stdout)
    except ValueError:
        return None


def wait_for(condition, service, seconds):
    """What `condition` gives once it is true; the service must stay alive until then."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert service.poll() is None, f"the service ended with {service.returncode}"
        assert time.monotonic() < end, f"not so within {seconds} s"
        time.sleep(0.2)
    return found


def test_the_wheel_has_its_version_and_data(installed, outside):
    """`sensing version` answers, and the shipped configuration is found inside the package, not in a checkout."""
    folder, env = outside
    assert "0." in run(installed, "version", cwd=folder, env=env).stdout
    where = "from sensing.paths import config_dir; print(config_dir(), (config_dir() / 'default.toml').is_file())"
    path, there = run(installed.with_name("python"), "-c", where, cwd=folder, env=env).stdout.split()
    assert Path(path).is_relative_to(installed.parents[1])
    assert there == "True"


def test_the_demo_runs_from_the_wheel(installed, outside):
    """`sensing up --demo` is ready, takes frames in, balances, and stops when told to."""
    folder, env = outside
    mqtt, http = free_ports()
    words = [str(installed), "up", "--demo", "--mqtt-port", str(mqtt), "--http-port", str(http)]
    with (folder / "up.log").open("wb") as log:
        service = subprocess.Popen(words, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:

        def ready():
            status = answer(installed, "status", cwd=folder, env=env)
            return status if status and status["ready"] else None

        def balanced():
            ledger = answer(installed, "ledger", cwd=folder, env=env)
            return ledger if ledger and ledger["stored"] and ledger["balanced"] else None

        status = wait_for(ready, service, READY_S)
        assert {process["role"] for process in status["processes"] if process["alive"]} >= {"door", "work", "web"}
        assert wait_for(balanced, service, 60)["received"] > 0
        service.send_signal(signal.SIGTERM)
        assert service.wait(30) == 0
    except BaseException:
        sys.stderr.write((folder / "up.log").read_text("utf-8", "replace")[-4000:])
        raise
    finally:
        if service.poll() is None:
            service.kill()
            service.wait(10)
