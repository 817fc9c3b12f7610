"""What the city says is what the store would hold: every kind's frames, read by the adapters and observed, are the truth to the last bit."""

import importlib
from collections import Counter, defaultdict
from itertools import islice

import pytest

from sensing.model import Config, Context, Quality, Thing
from sensing.observe import observe
from sensing.registry.forms import DeviceForm
from sensing.things import load_types
from sensing.times import HOUR, MINUTE
from simulators.city import build_city
from simulators.city.roster import rows
from simulators.story import open_story

STORY = open_story("meranti-2016", seed=7)
START = STORY.begin // HOUR * HOUR + 30 * HOUR
TYPES = load_types()
KINDS = {row.id: (row.kind, row.speaks) for row in rows()}


@pytest.fixture(scope="module")
def city():
    return build_city(STORY, 7, 2 * len(KINDS))


@pytest.fixture(scope="module")
def hour(city):
    """An hour of the city, each message with its payload."""
    return [(saying, city.encode(saying)) for saying in city.sayings(START, START + HOUR)]


def thing_of(device):
    """The thing that the registry would make of a device."""
    form, kind = DeviceForm.read(device.form()), TYPES[device.type]
    config = Config(zero=form.zero, offset=form.offset, mount_height=form.mount_height, units=dict(kind.units))
    return Thing(
        device.id, device.type, device.adapter, device.native, device.gateway, settings={**kind.settings, **form.settings},
        limits=kind.limits, configs=(config,),
    )  # fmt: skip


class Reader:
    """Reads payloads as the service would, gateway by gateway."""

    def __init__(self, devices):
        self.things = {(device.adapter, device.native): thing_of(device) for device in devices}
        self.mappings = defaultdict(list)
        for device in devices:
            own = TYPES[device.type].settings
            if device.adapter == "plainjson" and own not in self.mappings[device.gateway]:
                self.mappings[device.gateway].append(own)
        self.states = {}

    def decode(self, saying, payload):
        adapter, gateway = saying.device.adapter, saying.device.gateway
        things = self.things
        context = Context(
            gateway, received=saying.time, mappings=self.mappings[gateway],
            settings=lambda native: things[adapter, native].settings if (adapter, native) in things else {},
        )  # fmt: skip
        found = importlib.import_module(f"adapters.{adapter}").decode(payload, context, self.states.get((adapter, gateway)))
        self.states[adapter, gateway] = found.state
        return found

    def observe(self, saying, payload):
        """(what the store would hold, the flags it would have)."""
        found = self.decode(saying, payload)
        assert not found.errors, (saying.device.id, found.errors)
        kept, flags = [], []
        for reading in found.readings:
            assert reading.native == saying.device.native
            for one in observe(reading, self.things[saying.device.adapter, reading.native], saying.time):
                kept.append((one.property, one.statistic, one.channel, one.begin, one.time, one.result))
                flags.append((one.quality, one.reason))
        return kept, flags


def test_every_kind_and_dialect_speaks(hour):
    """Each row of the fleet is heard within an hour, and says something that is kept."""
    heard = Counter(saying.device.id[:-5] for saying, _ in hour if saying.truth)
    assert set(heard) == set(KINDS)


def test_what_is_stored_is_the_truth(city, hour):
    """Series, begin, time and result of every observation equal the truth exactly, in every kind and dialect."""
    reader = Reader(city.devices)
    for saying, payload in hour:
        kept, _ = reader.observe(saying, payload)
        assert sorted(kept, key=repr) == sorted((tuple(true[:6]) for true in saying.truth), key=repr), saying.device.id
    assert sum(len(saying.truth) for saying, _ in hour) > 2_000


def test_nothing_true_is_flagged(city, hour):
    """Instruments in order stay inside the limits of their types, on time and without a sentinel."""
    reader, flags = Reader(city.devices), Counter()
    for saying, payload in hour:
        flags.update((saying.device.id, *flag) for flag in reader.observe(saying, payload)[1])
    assert {flag[1] for flag in flags} == {Quality.GOOD}, [flag for flag in flags if flag[1] != Quality.GOOD][:5]


def test_readings_carry_what_faults_need(hour):
    """A reading in a message names its property and unit as its adapter will, so that a fault can aim at it."""
    for saying, payload in islice(hour, 0, None, 7):
        found = {}
        for reading in Reader([saying.device]).decode(saying, payload).readings:
            found.setdefault(reading.code, []).append(reading)
        for mine in saying.readings:
            reading = found[mine.code].pop(0)
            assert (mine.native, mine.property, mine.value) == (reading.native, reading.property, reading.value)
            assert (mine.statistic, mine.begin, mine.time) == (reading.statistic, reading.begin, reading.time)
        assert not any(found.values())


def test_one_time_has_one_value():
    """Whatever report tells it, a series has one value at a time: nothing that a healthy city says is revised."""
    small = build_city(STORY, 7, 44)
    told = {}
    for saying in small.sayings(START, START + 3 * HOUR):
        for true in saying.truth:
            key = (saying.device.id, *true[:3], true.time)
            assert told.setdefault(key, true.result) == true.result, key
    assert len(told) > 5_000


def test_messages_are_dated_by_their_own_clocks(hour):
    """A message is sent after what it tells of, and within its turn."""
    for saying, _ in hour:
        for true in saying.truth:
            assert saying.time - 65 * MINUTE < true.time <= saying.time
