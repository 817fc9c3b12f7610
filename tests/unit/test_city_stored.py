"""The city through the house: registered, logged, worked, stored; what it said is there, nothing else, and the ledger balances."""

from contextlib import closing

import pytest

import adapters
from sensing.audit import Actor
from sensing.framelog.sqlite import SqliteLog
from sensing.metrics import Metrics
from sensing.model import Frame, Source
from sensing.registry.directory import RegistryDirectory
from sensing.registry.firstrun import bootstrap
from sensing.registry.forms import DeviceForm
from sensing.settings import Settings
from sensing.store.reader import StoreReader
from sensing.store.sqlite import SqliteStore
from sensing.things import load_types
from sensing.times import HOUR
from sensing.work import Work
from simulators import said
from simulators.city import build_city
from simulators.story import open_story

STORY = open_story("meranti-2016", seed=7)
START = STORY.begin // HOUR * HOUR + 30 * HOUR
LENGTH = HOUR + HOUR // 4
RUN = "storm-1"
TESTER = Actor("tester")


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A small city's hour and a quarter in the store: (the city, its messages, what the store serves, the reader)."""
    data, types, city = tmp_path_factory.mktemp("city"), load_types(), build_city(STORY, 7, 66)
    messages = list(city.sayings(START, START + LENGTH))
    with closing(bootstrap(data, types)) as registry:
        gateways, forms = city.registration()
        for gateway in gateways:
            registry.register_principal(gateway, "gateway", "storm", origin="simulated", run=RUN, actor=TESTER)
        registry.register_devices([DeviceForm.read(form) for form in forms], actor=TESTER)
    log = SqliteLog(data / "log.db")
    log.append([
        Frame(Source(s.device.adapter, s.device.gateway, said.topic(s.device), "up", "simulated", RUN), s.time, city.encode(s))
        for s in messages
    ])  # fmt: skip
    store = SqliteStore(data / "store.db")
    work = Work(log, store, adapters.discover(), RegistryDirectory(data / "registry.db", types), Settings(), Metrics())
    while work.step():
        pass
    rows = store.connection.execute(
        "SELECT thing, property, statistic, channel, begin, time, result, served, quality FROM hot JOIN series ON series.id=series"
    ).fetchall()
    with closing(StoreReader(data / "store.db")) as reader:
        yield city, messages, rows, reader
    store.close()
    log.close()


def test_the_store_holds_the_truth_and_nothing_else(stored):
    """Every true value is served under its series, begin and time; no row is there that nobody said; none was revised."""
    _, messages, rows, _ = stored
    true = {(s.device.id, *one[:6]) for s in messages for one in s.truth}
    assert {row[:7] for row in rows} == true
    assert len(rows) == len(true) > 5_000
    assert all(row[7] for row in rows)


def test_the_ledger_of_a_healthy_city_is_clean(stored):
    """All frames are received, each decoded or a keep-alive; nothing is refused, quarantined, dead, unmapped or flagged."""
    _, messages, rows, reader = stored
    ledger = reader.ledger()
    assert ledger["balanced"]
    assert ledger["received"] == len(messages) == ledger["decoded"] + ledger["silent"]
    assert ledger["silent"] == sum(s.control for s in messages)
    assert not reader.dead_counts()
    assert not reader.quarantine()
    assert {row[8] for row in rows} == {1}
