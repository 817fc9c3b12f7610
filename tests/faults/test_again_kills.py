"""Long commands over kill -9 of work: an accept of ten thousand quarantined frames, a zero corrected over a month. Once, in order, whole."""

import json
from contextlib import closing

import pytest

from sensing.framelog.sqlite import SqliteLog
from sensing.model import Frame, Source
from sensing.registry import DeviceChanges, DeviceForm
from sensing.store.reader import StoreReader, Wanted
from sensing.times import MINUTE
from tests.faults.city import TESTER, city, scaled

START = 1_792_000_000_000_000
FRAMES = 10_000
NATIVES = 100


def frames(principal, natives, number, step=MINUTE):
    """Plain JSON of several devices in turns, a value each."""
    source = Source("plainjson", principal, f"sensing/v1/plainjson/{principal}/up", "up")
    for n in range(number):
        said = {"device": natives[n % len(natives)], "time": (START + n * step) // 1000, "water_level": round(n / 1000, 3)}
        yield Frame(source, START + n * step, json.dumps(said).encode())


def order(town, identity, op, **args):
    """A command as web would have it in the log; the door is not up."""
    source = Source("command", "web", "sensing/v1/command/web/up", "up")
    said = {"id": identity, "op": op, "by": "tester", "at": START, "args": args}
    append(town, [Frame(source, START + 10**12, json.dumps(said).encode())])


def append(town, made):
    with closing(SqliteLog(town.data / "log.db")) as log:
        log.append(list(made))


def done(town, identity, seeds):
    """Let work come to the end of the log, dying at the named points on the way; returns the command's result and how often it died."""
    deaths = 0
    for seed in seeds:
        town.start("work", environ={"SENSING_FAIL_AT": f"work.{'after' if seed % 2 else 'before'}_commit:{seed}"})
        deaths += town.roles["work"].wait(120) == 137
    town.start("work")
    town.caught_up()
    town.kill("work")
    with closing(StoreReader(town.data / "store.db")) as store:
        assert store.ledger()["balanced"]
        return store.command(identity), deaths


@pytest.mark.parametrize("seed", range(scaled(10, 1)))
def test_ten_thousand_quarantined_frames_are_accepted(tmp_path, seed):
    """All stored, in order, once, over three deaths of work in the middle; accepted again: nothing new; the ledger balances throughout."""
    with city(tmp_path, 0) as town:
        town.registry.register_principal("dtu-1", "gateway", actor=TESTER)
        natives = [f"n{number:03}" for number in range(NATIVES)]
        append(town, frames("dtu-1", natives, FRAMES))
        town.start("work")
        town.caught_up()
        town.kill("work")
        with closing(StoreReader(town.data / "store.db")) as store:
            assert store.ledger()["quarantined"] == FRAMES
        forms = [
            DeviceForm.read({"id": native, "type": "generic", "adapter": "plainjson", "principal": "dtu-1"}) for native in natives
        ]
        town.registry.register_devices(forms, actor=TESTER)
        order(town, "x-1", "accept", adapter="plainjson", native="n*")
        result, deaths = done(town, "x-1", (2 + seed, 3, 5 + seed % 4))
        assert (result, deaths) == ({"accepted": {"decoded": FRAMES}}, 3)
        with closing(StoreReader(town.data / "store.db")) as store:
            rows = sorted(store.observations(Wanted(), FRAMES + 1), key=lambda row: row["cursor"])
            ledger = store.ledger()
        assert [row["result"] for row in rows] == [round(n / 1000, 3) for n in range(FRAMES)]
        assert (ledger["quarantined"], ledger["decoded"], ledger["stored"], ledger["duplicate"]) == (0, FRAMES, FRAMES, 0)
        order(town, "x-2", "accept", adapter="plainjson", native="n*")
        assert done(town, "x-2", ())[0] == {"accepted": {}}
        with closing(StoreReader(town.data / "store.db")) as store:
            assert len(store.observations(Wanted(served=False), FRAMES + 1)) == FRAMES


@pytest.mark.parametrize("seed", range(scaled(10, 1)))
def test_a_month_is_observed_anew(tmp_path, seed):
    """A zero corrected over thirty days, work dying again and again: each value corrected once, the old one kept, counts those of the whole."""
    step = 10 * MINUTE
    number = 30 * 24 * 6
    with city(tmp_path, 0) as town:
        town.registry.register_principal("dtu-1", "gateway", actor=TESTER)
        form = {
            "id": "g1",
            "type": "generic",
            "adapter": "plainjson",
            "principal": "dtu-1",
            "zero": 1.0,
            "settings": {"level": "relative"},
        }
        town.registry.register_device(DeviceForm.read(form), actor=TESTER)
        append(town, frames("dtu-1", ["g1"], number, step))
        town.start("work")
        town.caught_up()
        town.kill("work")
        town.registry.edit_device("g1", DeviceChanges.read({}), actor=TESTER, valid_from=START, by={"zero": 0.35})
        order(town, "x-1", "reobserve", device="g1", adapter="plainjson", native="g1", begin=START, generation=1)
        result, deaths = done(town, "x-1", (2 + seed, 7, 11 + seed % 4))
        assert deaths == 3
        assert (result["reobserved"]["changed"], result["reobserved"]["frames"]) == (number, number)
        with closing(StoreReader(town.data / "store.db")) as store:
            assert [row["result"] for row in store.observations(Wanted(), number + 1)] == [
                round(1.35 + round(n / 1000, 3), 6) for n in range(number)]  # fmt: skip
            assert len(store.observations(Wanted(served=False), 3 * number)) == 2 * number
            ledger = store.ledger()
        assert (ledger["stored"], ledger["revised"], ledger["duplicate"]) == (number, number, 0)
