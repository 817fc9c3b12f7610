"""P1 and P2 under kill -9: what was acknowledged is stored, once, and the ledger balances."""

import asyncio
import random
import time

import pytest

from tests.faults.city import city, payload, scaled
from tests.faults.load import fleet

START = 1_790_000_000_000_000


@pytest.mark.parametrize("seed", [1])
def test_nothing_is_lost_under_kills_of_door_and_work(tmp_path, seed):
    """100,000 QoS 1 messages from 200 connections, 20 x kill -9 of door and 20 of work: lost 0, double 0."""
    chance = random.Random(seed)
    kills = {"door": scaled(20, 3), "work": scaled(20, 3)}
    with city(tmp_path, 200) as town:
        load = fleet(town.passwords, scaled(500, 20), payload, START)
        town.start("door", "work")
        town.listening()
        deadline = [time.monotonic()]

        def disturb():
            time.sleep(chance.uniform(0.1, 0.35))
            killed = town.kill_one(kills, chance)
            deadline[0] = time.monotonic() if killed else deadline[0]
            return killed

        asyncio.run(load.run(town.port, disturb))
        while disturb():
            pass
        town.caught_up()
        found = town.check(load.sent, load.acked)
        print(f"seed {seed}: {found}; last kill {time.monotonic() - deadline[0]:.1f} s ago")
        assert found.acked == len(load.sent)
        assert found.exact, found
        ledger = town.ledger()
        assert ledger["balanced"], ledger
        assert ledger["stored"] == len(load.sent)
