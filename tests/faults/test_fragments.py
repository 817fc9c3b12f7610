"""Fragments survive: whoever is killed between two parts, and in whatever order, how often and how late parts come."""

import asyncio
import itertools
import random

import pytest

import adapters
from adapters._wire.ais_encode import report
from sensing.registry import DeviceForm
from sensing.times import SECOND
from tests.faults.city import TESTER, city, scaled
from tests.faults.fragments import MESSAGES, START
from tests.faults.load import Device
from tests.forward import Bench, sums

ADAPTERS = adapters.discover()
EACH = 12
"""Messages of each kind."""
LATE = 100 * SECOND
"""Longer than any adapter waits for a part."""
OPEN = {"sl651_packets": 1, "hj212_cut_anywhere": 8, "hj212_alone": 8, "ais_static": 4}
"""Messages at once: nothing on the wire tells two of one SL 651 station apart; AIS waits 10 s, and frames here are 1 s apart."""
WAITS = sorted(set(MESSAGES) - {"hj212_alone"})
"""Kinds whose parts say nothing until all are there."""


class Parts(Bench):
    """The forward path with one real adapter, and the device that a kind of message is of."""

    def __init__(self, data, kind, batch=100):
        super().__init__(data, batch)
        self.name, native, _ = MESSAGES[kind](0)
        self.principal = "rx1" if self.name == "ais" else "p"
        self.adapter = ADAPTERS[self.name]
        if self.name != "ais":
            self.directory.add(native, self.principal)
        self.work.store.close()
        self.work = self.worker()

    def hear(self, *payloads):
        self.say(*payloads, principal=self.principal)


def stored(data, kind, order, batch=100):
    """Digest after the frames of `order`, with the ledger's received, pending and dead-lettered; lived to the end."""
    bench = Parts(data, kind, batch)
    try:
        bench.hear(*order)
        found = sums(bench.run(), "received", "pending", "dead_lettered", "quarantined", "stored")
        return bench.digest(), found
    finally:
        bench.close()


@pytest.mark.parametrize("kind", MESSAGES)
def test_parts_in_any_order_and_twice_say_the_same(tmp_path, kind):
    """Every order of one message's parts, each with any part again at any place: one digest, nothing pending, nothing dead."""
    parts = MESSAGES[kind](3)[2]
    wanted, (_, pending, dead, quarantined, rows) = stored(tmp_path / "calm", kind, parts)
    assert (pending, dead, quarantined) == (0, 0, 0)
    assert rows > 0
    orders = [list(order) for order in itertools.permutations(parts)]
    for number, order in enumerate(orders):
        twice = [*order]
        twice.insert(number % (len(order) + 1), order[number % len(order)])
        for again, frames in enumerate((order, twice, order + order)):
            digest, (received, pending, dead, quarantined, found) = stored(
                tmp_path / f"{number}-{again}", kind, frames, 1 + number % 3
            )
            assert (digest, received, pending, dead, quarantined, found) == (wanted, len(frames), 0, 0, 0, rows)


@pytest.mark.parametrize("kind", MESSAGES)
def test_messages_that_mingle_say_the_same(tmp_path, kind):
    """Messages that a stream has open at once, all their parts shuffled: the digest of them one after the other."""
    messages = [MESSAGES[kind](number)[2] for number in range(OPEN[kind])]
    frames = [part for parts in messages for part in parts]
    wanted = stored(tmp_path / "calm", kind, frames)
    for seed in range(10):
        random.Random(seed).shuffle(frames)
        assert stored(tmp_path / str(seed), kind, frames, 1 + seed) == wanted


@pytest.mark.parametrize("kind", WAITS)
def test_a_part_that_stays_away_is_named_and_one_that_is_late_waits_anew(tmp_path, kind):
    """Held parts past their time-out are missing_fragment; the late one is pending, then missing too; the device's second try is whole."""
    bench = Parts(tmp_path, kind)
    *held, last = MESSAGES[kind](1)[2]
    try:
        bench.hear(*held)
        assert sums(bench.run(), "pending", "dead_lettered", "stored") == (len(held), 0, 0)
        bench.clock += LATE
        bench.hear(last)
        assert sums(bench.run(), "pending", "dead_lettered", "stored") == (1, len(held), 0)
        reasons = {str(reason) for (reason,) in bench.work.store.connection.execute("SELECT reason FROM dead")}
        assert reasons == {"missing_fragment"}
        bench.clock += LATE
        bench.hear(*held)
        assert sums(bench.run(), "pending", "dead_lettered", "stored") == (len(held), len(held) + 1, 0)
        bench.hear(last)
        pending, dead, rows = sums(bench.run(), "pending", "dead_lettered", "stored")
        assert (pending, dead) == (0, len(held) + 1)
        assert rows > 0
        assert bench.digest() == stored(tmp_path / "calm", kind, [*held, last])[0]
    finally:
        bench.close()


@pytest.mark.parametrize("kind", WAITS)
def test_a_late_part_completes_nothing_that_was_given_up(tmp_path, kind):
    """All parts but the first in time, the first one too late: no row, every frame a dead letter in the end."""
    bench = Parts(tmp_path, kind)
    first, *others = MESSAGES[kind](1)[2]
    try:
        bench.hear(*others)
        bench.run()
        bench.clock += LATE
        bench.hear(first)
        bench.run()
        bench.clock += LATE
        bench.say({"silent": 1}, principal="p", adapter="none")
        received, pending, dead, rows = sums(bench.run(), "received", "pending", "dead_lettered", "stored")
        assert (received, pending, dead, rows) == (len(others) + 2, 0, len(others) + 2, 0)
    finally:
        bench.close()


def test_a_last_part_that_comes_first_and_is_like_the_last_message_s_completes_its_own(tmp_path):
    """Two ships say the same second part under the same sequence number: the second ship's, heard in reverse, is stored too."""
    bench = Parts(tmp_path, "ais_static")
    said = [{"msg_type": 5, "mmsi": mmsi, "draught": 4.5, "destination": ""} for mmsi in (413372870, 413372871)]
    first, second = (report(one, sequence=3, time=START) for one in said)
    assert first[1] == second[1]
    try:
        bench.hear(*first, *reversed(second))
        assert sums(bench.run(), "pending", "dead_lettered", "stored") == (0, 0, 2)
    finally:
        bench.close()


def round_(town, passwords, number):
    """Part `number` of every message that is open, of every kind."""
    devices = []
    for kind, make in MESSAGES.items():
        adapter = make(0)[0]
        name = kind.replace("_", "-")
        parts = [part for message in range(OPEN[kind]) for part in make(message)[2][number : number + 1]]
        messages = [((name, number * 100 + at), part) for at, part in enumerate(parts)]
        devices.append(Device(name, passwords[name], f"sensing/v1/{adapter}/{name}/up", messages, window=3))
    asyncio.run(spoken(devices, town.port))


async def spoken(devices, port, meanwhile=None):
    """Everybody speaks until all is acknowledged; `meanwhile` is called now and then."""
    speaking = asyncio.gather(*(device.run(port) for device in devices))
    while not speaking.done():
        if meanwhile is not None:
            await asyncio.to_thread(meanwhile)
        await asyncio.wait((speaking,), timeout=0.02)
    await speaking


def enlisted(town):
    """A principal and a device for each kind of message; passwords by name."""
    passwords = {}
    for kind, make in MESSAGES.items():
        adapter, native, _ = make(0)
        name = kind.replace("_", "-")
        made = town.registry.register_principal(name, "receiver" if adapter == "ais" else "gateway", actor=TESTER)
        passwords[name] = made.password
        if adapter != "ais":
            form = {"id": f"{name}-1", "type": "generic", "adapter": adapter, "native": native, "principal": name}
            town.registry.register_devices([DeviceForm.read(form)], actor=TESTER)
    return passwords


def between(folder, role):
    """All parts 1, then all parts 2 ...; `role` is killed after each round. Digest and ledger."""
    rounds = max(len(make(0)[2]) for make in MESSAGES.values())
    with city(folder, 0, work__batch=7) as town:
        passwords = enlisted(town)
        town.start("door", "work")
        town.listening()
        for number in range(rounds):
            round_(town, passwords, number)
            if number == 0:
                town.caught_up()
                assert town.ledger()["pending"] > 0
            if role and number < rounds - 1:
                town.kill(*role)
                town.start(*role)
                town.listening()
        town.caught_up()
        return town.digest(), town.ledger()


@pytest.fixture(scope="module")
def between_calm(tmp_path_factory):
    """As it is when nobody dies."""
    digest, ledger = between(tmp_path_factory.mktemp("calm"), ())
    assert ledger["balanced"]
    assert (ledger["pending"], ledger["dead_lettered"], ledger["quarantined"]) == (0, 0, 0)
    assert ledger["stored"] > 30
    return digest, ledger


@pytest.mark.slow
@pytest.mark.parametrize("role", [("work",), ("door",), ("door", "work")], ids="-".join)
def test_kill_9_between_two_parts_loses_nothing(tmp_path, between_calm, role):
    """Killed after each part of every message: the same digest and the same ledger as if nobody had died."""
    digest, ledger = between(tmp_path, role)
    assert digest == between_calm[0]
    assert {**ledger, "received": 0} == {**between_calm[1], "received": 0}


def dying(folder, point, count):
    """All messages, part after part as devices send them, while work dies the `count`-th time at `point`."""
    with city(folder, 0, work__batch=5) as town:
        passwords, devices, deaths = enlisted(town), [], []
        for kind, make in MESSAGES.items():
            name = kind.replace("_", "-")
            parts = [part for number in range(EACH) for part in make(number)[2]]
            messages = [((name, at), part) for at, part in enumerate(parts)]
            devices.append(Device(name, passwords[name], f"sensing/v1/{make(0)[0]}/{name}/up", messages, window=3))
        town.start("door")
        town.start("work", environ={"SENSING_FAIL_AT": f"{point}:{count}"} if point else None)
        town.listening()

        def revive():
            if town.roles["work"].poll() is not None:
                deaths.append(town.roles["work"].returncode)
                town.start("work")

        async def everything():
            await spoken(devices, town.port, revive)
            while point and not deaths:
                await asyncio.sleep(0.02)
                revive()

        asyncio.run(asyncio.wait_for(everything(), 60))
        town.caught_up()
        return town.digest(), town.ledger(), deaths


@pytest.fixture(scope="module")
def dying_calm(tmp_path_factory):
    """As it is when work lives."""
    digest, ledger, _ = dying(tmp_path_factory.mktemp("calm"), "", 0)
    assert ledger["balanced"]
    assert (ledger["pending"], ledger["dead_lettered"], ledger["quarantined"]) == (0, 0, 0)
    return digest, ledger


@pytest.mark.slow
@pytest.mark.parametrize("count", range(1, 1 + scaled(20, 2)))
@pytest.mark.parametrize("point", ["work.before_commit", "work.after_commit"])
def test_death_with_half_a_batch_done_changes_nothing(tmp_path, dying_calm, point, count):
    """Work dies before, or just after, its n-th commit among parts of messages: the same digest and ledger."""
    digest, ledger, deaths = dying(tmp_path, point, 1 + count * 5 % 17)
    assert deaths == [137]
    assert digest == dying_calm[0]
    assert {**ledger, "received": 0} == {**dying_calm[1], "received": 0}
