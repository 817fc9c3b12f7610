"""P1 on a full disk: no acknowledgement while there is no room, and the flow goes on by itself when there is."""

import asyncio
import contextlib
import os
import subprocess
import time

import pytest

from sensing.disk import NAME as BALLAST
from tests.faults.city import city, payload
from tests.faults.load import fleet

START = 1_793_000_000_000_000


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid():
        pytest.fail("mounting a tmpfs needs root: run `make faults` as root")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_acknowledges_nothing_and_recovers(small_disk):
    """Filled by another file: no new acknowledgement, the ballast is let go; within 10 s of its removal they come again; lost 0."""
    with city(small_disk / "data", 10, disk__ballast_mb=2) as town:
        load = fleet(town.passwords, 3_000, payload, START, window=20)
        town.start("door", "work")
        town.listening()
        for device in load.devices:
            device.pause_s = 0.002
        seen = {}

        def disturb():
            if "full" in seen:
                return False
            _until(lambda: len(load.acked) > 500)
            assert (small_disk / "data" / BALLAST).stat().st_size == 2_000_000
            other = small_disk / "other"
            with other.open("wb", buffering=0) as out, contextlib.suppress(OSError):
                while out.write(bytes(65_536)):
                    pass
            _until(lambda: _still(load), 60)
            seen["full"] = len(load.acked)
            time.sleep(2)
            seen["while_full"] = len(load.acked) - seen["full"]
            assert all(process.poll() is None for process in town.roles.values()), town._logs()
            assert not (small_disk / "data" / BALLAST).exists()
            other.unlink()
            freed = time.monotonic()
            _until(lambda: len(load.acked) > seen["full"] + 100, 30)
            seen["resumed_s"] = time.monotonic() - freed
            _until((small_disk / "data" / BALLAST).exists, 10)
            return False

        asyncio.run(load.run(town.port, disturb))
        town.caught_up()
        found = town.check(load.sent, load.acked)
        print(found, seen)
        assert seen["while_full"] == 0
        assert seen["resumed_s"] < 10
        assert found.exact, found
        assert found.acked == len(load.sent)
        assert town.ledger()["balanced"]


def _still(load):
    before = len(load.acked)
    time.sleep(1.0)
    return len(load.acked) == before


def _until(done, timeout_s=30.0):
    deadline = time.monotonic() + timeout_s
    while not done():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
