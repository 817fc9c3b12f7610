"""Each promise has a fault that breaks it, and the checkers that stand for the promise see it: no test of ours is green by default.

More of them stand beside what they break: `synchronous=NORMAL` in test_powercuts.py, stale acknowledgements in
tests/e2e/test_subscriber.py (P1).
"""

import asyncio
import contextlib
import random
import time
from collections import Counter

import pytest

from sensing import times
from sensing.store import events, hot, watch
from sensing.store.reader import StoreReader, Wanted
from tests.faults import mutations
from tests.faults.city import TESTER, city, payload
from tests.faults.load import Device, fleet
from tests.faults.test_junk import letters
from tests.faults.test_order import frames, watched
from tests.forward import Bench

START = times.now() // times.SECOND * times.SECOND - 2 * times.HOUR
LATER = START + times.HOUR
JUNK = b'{"device": '

pytestmark = pytest.mark.slow


class Played:
    """A small storm through door and work, one of them with a fault, and what the checkers say of it."""

    def __init__(self, folder, *, door="", work="", kills=0, fail_at=""):
        chance = random.Random(8)
        with city(folder, 10, work__batch=20) as town:
            load = fleet(town.passwords, 40, payload, START, window=5)
            for device in load.devices:
                device.messages = [*device.messages, *device.messages[:10], (("junk", device.name), JUNK)]
            drill = drilled(town)
            deadly = {"SENSING_FAIL_AT": fail_at}
            town.start("door", mutation=door, environ=deadly if fail_at.startswith("door") else None)
            town.start("work", mutation=work, environ=deadly if fail_at.startswith("work") else None)
            town.listening()
            left = [kills]

            def disturb():
                time.sleep(chance.uniform(0.05, 0.15))
                if left[0]:
                    left[0] -= 1
                    town.kill("door")
                if town.roles["door"].poll() is not None:
                    town.start("door", mutation=door)
                    town.listening()
                return True

            if kills:
                for device in load.devices:
                    device.pause_s = 0.02
            asyncio.run(load.run(town.port, disturb))
            asyncio.run(drill.run(town.port))
            if fail_at.startswith("work"):
                assert town.roles["work"].wait(60) == 137
                town.start("work", mutation=work)
            time.sleep(0.3 if door else 0)  # what an early acknowledgement promised may still come
            town.caught_up()
            self.junk = Counter((device.name, JUNK, "not_json") for device in load.devices)
            acked = {key for key in load.acked if key[0] != "junk"}
            self.found = town.check(load.sent | {("d000", LATER): 99.0}, acked)
            self.ledger = town.ledger()
            self.letters = Counter(letters(folder))
            self.live = live_latest(folder)


def drilled(town):
    """A drill under the same name as device d000: another credential, the same topic, a later reading."""
    town.registry.start_run("drill", origin="simulated", name="drill", actor=TESTER)
    given = town.registry.issue_credential("d000", origin="simulated", run="drill", actor=TESTER)
    return Device("d000", given.password, "sensing/v1/plainjson/d000/up", [(("d000", LATER), payload("d000", LATER, 99.0))])


def live_latest(folder):
    """{device: result} of what is shown as live and newest."""
    with contextlib.closing(StoreReader(folder / "store.db")) as reader:
        return {row["device"]: row["result"] for row in reader.latest(Wanted(properties=["water_level"], runs=("",)))}


def is_live(played):
    """Whether `latest` shows what devices said last, and nothing of the drill."""
    return played.live == {f"d{number:03}": 1.039 for number in range(10)}


def test_without_a_fault_every_checker_is_content(tmp_path):
    """The same storm, the same eyes: nothing lost, double or unbalanced; junk kept; the drill not shown as live."""
    played = Played(tmp_path, kills=2)
    assert played.found.exact, played.found
    assert played.ledger["balanced"]
    assert played.letters == played.junk
    assert is_live(played)


def test_p1_an_acknowledgement_before_the_commit_is_seen(tmp_path):
    """The door dies between the two: acknowledged messages are missing."""
    played = Played(tmp_path, door="acknowledge_before_the_commit", fail_at="door.before_commit:6")
    assert played.found.lost > 0, played.found


def test_p2_a_missing_unique_index_is_seen(tmp_path):
    """Messages that were sent twice are two rows."""
    played = Played(tmp_path, work="no_unique_index")
    assert played.found.double == 100, played.found


def test_p2_a_cursor_apart_from_its_rows_is_seen(tmp_path):
    """Killed between the two transactions, work counts frames twice: the ledger has more than the log."""
    played = Played(tmp_path, work="cursor_apart_from_its_rows", fail_at="work.after_commit:5")
    assert not played.ledger["balanced"], played.ledger


@pytest.mark.parametrize("fault", ["dead_letters_uncounted", "duplicates_uncounted", "frames_passed_over"])
def test_p3_what_is_not_booked_is_seen(tmp_path, fault):
    """The ledger does not balance."""
    assert not Played(tmp_path, work=fault).ledger["balanced"]


def test_p4_a_dead_letter_thrown_away_is_seen(tmp_path):
    """Counted, and nowhere to be found."""
    played = Played(tmp_path, work="dead_letters_thrown_away")
    assert played.ledger["dead_lettered"] == 10
    assert played.letters != played.junk


def test_p5_an_order_of_arrival_that_decides_is_seen(tmp_path, monkeypatch):
    """The same frames in another order give another digest."""
    assert len({ended(tmp_path / f"calm{seed}", seed) for seed in range(6)}) == 1
    monkeypatch.setattr(hot, "_SERVE", hot._SERVE)  # to be put back
    mutations.the_last_to_arrive_is_served()
    assert len({ended(tmp_path / f"mutated{seed}", seed) for seed in range(6)}) > 1


def test_p5_events_that_never_look_back_are_seen(tmp_path, monkeypatch):
    """The same frames in another order end in other events."""
    assert len({ended(tmp_path / f"calm{seed}", seed)[1] for seed in range(6)}) == 1
    monkeypatch.setattr(watch, "_ascending", watch._ascending)  # to be put back
    mutations.late_values_move_no_event()
    assert len({ended(tmp_path / f"mutated{seed}", seed)[1] for seed in range(6)}) > 1


def ended(folder, seed):
    order = frames()
    random.Random(seed).shuffle(order)
    bench = watched(Bench(folder))
    bench.say(*order)
    bench.run().close()
    try:
        return bench.digest(), events.digest(bench.work.store.connection)
    finally:
        bench.close()


def test_p6_a_run_left_out_of_the_series_is_seen(tmp_path):
    """The drill's reading is shown as the newest live one."""
    played = Played(tmp_path, work="run_left_out_of_the_series")
    assert played.live["d000"] == 99.0
    assert not is_live(played)
