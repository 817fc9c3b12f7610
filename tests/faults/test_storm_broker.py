"""A storm through somebody else's broker that is killed again and again: what the broker lost is told apart, and we lose nothing."""

import contextlib
import json
import threading
import time

import pytest

from sensing.strikes import listener
from tests.e2e.mosquitto import DURABLE, OPEN, Mosquitto
from tests.e2e.service import Sensing
from tests.faults.city import FULL

DEVICES, SPAN, KILLS = (500, "6h", 5) if FULL else (30, "40m", 2)
FORGETFUL = OPEN + "max_queued_messages 0\nmax_inflight_messages 1\n"
"""Nothing is kept on disk, and one message at a time is handed on: there is much to lose."""


@contextlib.contextmanager
def watched(mosquitto):
    """A broker whose owner starts it again when it is gone, as systemd does."""
    stop = threading.Event()

    def watch():
        while not stop.is_set():
            if mosquitto.process.poll() is not None:
                mosquitto.start()
            time.sleep(0.05)

    with mosquitto:
        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            yield mosquitto
        finally:
            stop.set()
            watcher.join()


def storm(tmp_path, config, run, inflight):
    """The score of a storm through a broker that is killed KILLS times."""
    sensing = Sensing(tmp_path / "data")
    with watched(Mosquitto(tmp_path / "mosquitto", config)) as mosquitto:
        sensing.data.mkdir()
        (sensing.data / "config.toml").write_text(
            f'[[brokers]]\nhost = "127.0.0.1"\nport = {mosquitto.port}\norigin = "simulated"\nrun = "{run}"\nversion = "3.1.1"\n'
            f"receive_maximum = {inflight}\n"
        )
        running = sensing.begin(
            "storm", "run", "meranti-2016", "--devices", DEVICES, "--for", SPAN, "--seed", 7, "--speed", "600" if not FULL else "max",
            "--faults", f"late=0.1,duplicate=0.1,truncated=0.2,bad_crc=0.2,broker-kill={KILLS}",
            "--via", f"mqtt://127.0.0.1:{mosquitto.port}", "-o", "json", stdout=-1, stderr=-1,
        )  # fmt: skip
        try:
            out, talk = running.communicate(timeout=1800 if FULL else 200)
            assert running.returncode == 0, talk
        finally:
            sensing.down_if_up()
    result = json.loads(out)
    print(json.dumps({name: result[name] for name in ("played", "loss", "lost_in_broker", "dead_letters", "recovery")}))
    assert result["run"] == run
    assert [strike["kind"] for strike in result["played"]["strikes"] if "recovered_s" in strike] == ["broker-kill"] * KILLS
    assert result["recovery"]["broker-kill"]["n"] == KILLS
    assert (result["loss"], result["duplicates"], result["values"]["unexplained"]) == (0, 0, 0)
    assert result["ledger"]["balanced"]
    assert result["dead_letters"]["missing"] == 0
    return result


def test_a_forgetful_broker_is_killed(tmp_path):
    """It loses frames that it has acknowledged: they are counted as lost in the broker; our loss is 0, nothing is doubled, the ledger balances."""
    lost = storm(tmp_path, FORGETFUL, "drill-forgetful", 1)["lost_in_broker"]
    assert lost["frames"] > 0
    assert lost["values"] > 0
    assert lost["sent"] == lost["arrived"] + lost["frames"]


def test_a_durable_broker_is_killed(tmp_path):
    """As docs/brokers.md wants it, it loses at most what it had not yet written in its last second, and we lose nothing of the rest."""
    lost = storm(tmp_path, OPEN + DURABLE, "drill-durable", 500)["lost_in_broker"]
    assert lost["frames"] < lost["sent"] / 10


@pytest.mark.parametrize("port", [1])
def test_nobody_is_killed_where_nobody_listens(port):
    """A port without a listener has none."""
    assert listener(port) is None
