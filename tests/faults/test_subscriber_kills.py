"""P1 and P2 behind somebody else's broker: what mosquitto acknowledged to a device is stored, once, whoever of us is killed."""

import asyncio
import random
import time

import pytest

from tests.e2e.mosquitto import OPEN, Mosquitto
from tests.faults.city import FULL, city, payload, scaled
from tests.faults.load import fleet

START = 1_795_000_000_000_000
KEEPING = OPEN + "persistence true\nmax_inflight_messages 1000\nmax_queued_messages 0\n"
"""The broker keeps our session and everything for it; only we are killed."""


@pytest.mark.slow
def test_nothing_that_the_broker_acknowledged_is_lost(tmp_path):
    """100,000 QoS 1 messages from 200 connections, 20 x kill -9 of the door, which runs the subscriber, and 20 of work:
    acknowledged by the broker and absent 0, stored twice 0, both equations balanced."""
    chance = random.Random(6)
    kills = {"door": scaled(20, 3), "work": scaled(20, 3)}
    midway = []
    with Mosquitto(tmp_path / "broker", KEEPING) as broker, city(tmp_path / "data", 200) as town:
        (town.data / "config.toml").write_text(f'[[brokers]]\nhost = "127.0.0.1"\nport = {broker.port}\nversion = "5"\n')
        load = fleet(town.passwords, scaled(500, 20), payload, START)
        for device in load.devices:
            device.pause_s = 0.06 if FULL else 0.2  # so that the storm lasts as long as the kills
        town.start("door", "work")
        town.listening()
        subscribed(town)

        def disturb():
            time.sleep(chance.uniform(0.05, 0.25))
            sending = len(load.acked) < len(load.sent)
            killed = town.kill_one(kills, chance)
            midway.extend([sending] * killed)
            return killed

        asyncio.run(load.run(broker.port, disturb))
        while disturb():
            pass
        town.delivered(len(load.sent))
        found, ledger = town.check(load.sent, load.acked), town.ledger()
        print(f"{found}; delivered again {ledger['duplicate']}; {sum(midway)} of {len(midway)} kills while devices sent")
        assert sum(midway) >= len(midway) / 2
        assert found.acked == len(load.sent)
        assert found.exact, found
        assert ledger["balanced"], ledger
        assert ledger["stored"] == len(load.sent)


def subscribed(town):
    """Wait until the broker has our session: what it acknowledged before that is nobody's promise."""
    deadline = time.monotonic() + 30
    while "sensing_broker_durable" not in durable(town):
        assert time.monotonic() < deadline, town._logs()
        time.sleep(0.05)


def durable(town):
    path = town.data / "run" / "door.prom"
    return "\n".join(line for line in path.read_text().splitlines() if line.endswith(" 1")) if path.exists() else ""
